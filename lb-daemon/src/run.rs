//! A run: limits, sockets, the proxy, and the end.

use std::process::ExitCode;

use lb_core::config::Config;

use crate::cli::Cli;
use crate::report::{Reporter, reason};
use crate::signals::{End, Life};
use crate::{check, inherited, limits, signals};
use lb_core::proxy::{Proxy, StartOptions};

/// Starts what the configuration says and serves until told to end.
pub(crate) fn run(cli: &Cli, reporter: &Reporter) -> ExitCode {
    let Some(mut loaded) = check::load(cli, reporter) else { return ExitCode::FAILURE };
    let quiet = cli.is_quiet() || (loaded.config.global.quiet && !cli.verbose);
    let reporter = &Reporter::new(quiet);
    if let Err(message) = supported(&loaded.config, cli) {
        reporter.alert(&message);
        return ExitCode::FAILURE;
    }
    if !check::has_listener(&loaded) {
        reporter.alert("[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
        return ExitCode::FAILURE;
    }
    let inherited = inherited::take(&loaded.config);
    if !limits::raise(&mut loaded.config, reporter) {
        return ExitCode::FAILURE;
    }
    let life = match Life::begin() {
        Ok(life) => life,
        Err(error) => {
            reporter.alert(&format!("cannot handle signals : {}", reason(&error)));
            return ExitCode::FAILURE;
        }
    };
    let proxy = match Proxy::start(loaded.config, StartOptions { inherited }) {
        Ok(proxy) => proxy,
        Err(error) => {
            reporter.alert(&error.to_string());
            reporter.alert("[haproxy.main()] Some protocols failed to start their listeners! Exiting.");
            return ExitCode::FAILURE;
        }
    };
    match life.wait(&proxy) {
        End::Finished => ExitCode::SUCCESS,
        End::Killed(signal) => ExitCode::from(signals::die_of(signal)),
    }
}

/// Process settings that this version cannot honour are refused rather than left out.
fn supported(config: &Config, cli: &Cli) -> Result<(), String> {
    let global = &config.global;
    let missing = [
        ("daemon", global.daemon && !cli.stays(), " Use -db to stay in the foreground."),
        ("chroot", global.chroot.is_some(), ""),
        ("user", global.uid.is_some(), ""),
        ("group", global.gid.is_some(), ""),
    ];
    match missing.iter().find(|(_, set, _)| *set) {
        Some((keyword, _, hint)) => Err(format!("[haproxy.main()] '{keyword}' is not supported yet.{hint}")),
        None => Ok(()),
    }
}
