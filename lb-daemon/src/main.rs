//! lbd, the load balancer daemon: HAProxy's command line over the library.

#![deny(unsafe_code)]

mod check;
mod cli;
mod limits;
mod previous;
mod process;
mod report;
mod run;
mod signals;
mod system;
mod usage;
mod version;

use std::process::ExitCode;

use cli::{Cli, CliError, Task};
use report::Reporter;

/// A stream of HTTP/2 costs some thirty allocations, tasks and header maps among them. The system's allocator takes 15 %
/// more CPU for one; idle connections cost the same under both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let identity = version::Identity::of(arguments.next());
    let cli = match Cli::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(identity, &error),
    };
    let reporter = Reporter::new(cli.is_quiet());
    match &cli.task() {
        Task::Help => {
            print!("{}", usage::text(identity));
            ExitCode::SUCCESS
        }
        Task::Version { build_options } => {
            print!("{}", version::text(identity, *build_options));
            ExitCode::SUCCESS
        }
        Task::Condition(expression) => check::condition(expression, &reporter),
        Task::Convert(language) => check::convert(&cli, *language, &reporter),
        Task::Check => check::check(&cli, &reporter),
        Task::Run => run::run(&cli, &reporter),
    }
}

/// Arguments that make no command line: HAProxy tells its version on stdout and the usage on stderr, and ends with 1.
fn refuse(identity: version::Identity, error: &CliError) -> ExitCode {
    let reporter = Reporter::new(false);
    match error {
        CliError::NotSupported(_) | CliError::Argument(_) => reporter.alert(&error.to_string()),
        CliError::Unknown { .. } | CliError::NoConfiguration => {
            print!("{}", version::text(identity, false));
            if let CliError::Unknown { .. } = error {
                eprintln!("{error}");
            }
            eprintln!("{}", usage::text(identity));
        }
    }
    ExitCode::FAILURE
}
