//! A run: limits, sockets, the proxy, and the end.

use std::process::ExitCode;
use std::sync::Arc;

use lb_core::log::{OnNotice, OnTraffic};
use lb_core::net::SystemOptions;

use crate::cli::Cli;
use crate::previous::Previous;
use crate::report::{Reporter, notice, reason, server_event, traffic};
use crate::signals::{End, Life};
use crate::{check, limits, process, signals, system};
use lb_core::proxy::{OnEvent, Proxy, StartError, StartOptions};

/// Starts what the configuration says and serves until told to end.
pub(crate) fn run(cli: &Cli, reporter: &Reporter) -> ExitCode {
    let Some(mut loaded) = check::load(cli, reporter) else { return ExitCode::FAILURE };
    let quiet = reporter.is_quiet();
    if !check::has_listener(&loaded) {
        reporter.alert("[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
        return ExitCode::FAILURE;
    }
    let inherited = system::take(&loaded.config);
    if let Some(megabytes) = cli.memory
        && !limits::memory(megabytes, &loaded.config, reporter)
    {
        return ExitCode::FAILURE;
    }
    let computes = loaded.config.global.maxconn.is_none_or(|maxconn| maxconn == 0);
    if !limits::raise(&mut loaded.config, reporter) {
        return ExitCode::FAILURE;
    }
    if (cli.verbose && !quiet) || cli.debug {
        let maxconn = loaded.config.global.maxconn.filter(|_| computes);
        reporter.start(maxconn);
    }
    let life = match Life::begin() {
        Ok(life) => life,
        Err(error) => {
            reporter.alert(&format!("cannot handle signals : {}", reason(&error)));
            return ExitCode::FAILURE;
        }
    };
    let mut previous = match cli.terminate.is_empty() {
        true => Previous::new(&cli.finish, false),
        false => Previous::new(&cli.terminate, true),
    };
    let proxy = loop {
        let options = StartOptions {
            inherited: inherited.try_clone().unwrap_or_default(),
            on_event: (!quiet).then(|| Box::new(server_event) as OnEvent),
            on_log: None,
            on_notice: (!quiet).then(|| Arc::new(notice) as OnNotice),
            system: SystemOptions::new(Arc::new(system::set_option)).with_tcp_info(Arc::new(system::tcp_info)),
            after_bind: Some(process::after_bind(&loaded.config, cli, &previous)),
            on_traffic: cli.debug.then(|| Arc::new(traffic) as OnTraffic),
            on_end: None,
            events: Vec::new(),
        };
        match Proxy::start(loaded.config.clone(), options) {
            Ok(proxy) => break proxy,
            // The old processes may have to let a port go first.
            Err(StartError::Bind { .. }) if previous.release() => {}
            Err(error) => {
                reporter.alert(&error.to_string());
                reporter.alert("[haproxy.main()] Some protocols failed to start their listeners! Exiting.");
                return ExitCode::FAILURE;
            }
        }
    };
    drop(inherited);
    match life.wait(&proxy, reporter) {
        End::Finished => ExitCode::SUCCESS,
        End::Killed(signal) => ExitCode::from(signals::die_of(signal)),
    }
}
