//! Runs a configuration file: `cargo run -p lb-examples --example load_config -- haproxy.cfg`.
//!
//! What is wrong with the file is told in full, and the program ends when the instance does.

use std::path::PathBuf;
use std::process::ExitCode;

use lb_core::config::{Config, LoadOptions, render};
use lb_core::proxy::{Proxy, StartOptions};

fn main() -> ExitCode {
    let file = std::env::args().nth(1).unwrap_or_else(|| "examples/configs/quickstart.cfg".to_owned());
    let loaded = match Config::load_files(&[PathBuf::from(file)], &LoadOptions::default()) {
        Ok(loaded) => loaded,
        Err(error) => {
            error.diagnostics.iter().for_each(|found| eprintln!("{:?}: {}", found.severity, render::message(found)));
            return ExitCode::FAILURE;
        }
    };
    loaded.diagnostics.iter().for_each(|found| eprintln!("{:?}: {}", found.severity, render::message(found)));
    match Proxy::start(loaded.config, StartOptions::default()) {
        Ok(proxy) => {
            for listener in proxy.listeners() {
                println!("{} listens on {:?}", listener.frontend, listener.address);
            }
            proxy.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
