//! The control thread: health checks and the lines about what they find, and the sockets for runtime commands.

use std::future::pending;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::task::JoinSet;

use super::OnEvent;
use crate::config::model::Global;
use crate::log::{Level, LogContext, ProcessLog};
use crate::runtime::{self, CliListener, Instance};
use crate::server::ServerEvent;
use crate::server::check::{CheckOptions, run_checks};
use crate::worker::{Life, Shared};

/// Starts the thread where a server of the instance has `check`, or where there is a socket for runtime commands.
///
/// # Errors
/// When the thread or its runtime cannot be made.
pub(super) fn start(
    shared: &Arc<Shared>,
    global: &Global,
    cli: Vec<CliListener>,
    on_event: Option<OnEvent>,
) -> std::io::Result<Option<JoinHandle<()>>> {
    let backends = &shared.topology.backends;
    let checks = backends.iter().any(|entry| entry.config.servers.iter().any(|server| server.check));
    if !checks && cli.is_empty() {
        return Ok(None);
    }
    let reactor = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let accepting = {
        let _entered = reactor.enter();
        runtime::serve(cli, &Instance::new(Arc::clone(shared)))?
    };
    let options = CheckOptions::new(global);
    let checked = backends.iter().map(|entry| Arc::clone(&entry.backend)).collect();
    let log = ProcessLog::new(LogContext::system(), shared.log_hooks.clone());
    let (report, watched) = (Arc::clone(shared), Arc::clone(shared));
    let events = move |event| tell(&report, &log, on_event.as_ref(), &event);
    let guard = shared.ending.thread();
    let thread = std::thread::Builder::new().name("lb-control".to_owned()).spawn(move || {
        let _guard = guard;
        // Gone before the guard: it closes the sockets.
        let reactor = reactor;
        reactor.block_on(async {
            tokio::select! {
                () = async { run_checks(checked, options, events).await; pending().await } => {}
                () = ended(&watched, accepting) => {}
            }
        });
    })?;
    Ok(Some(thread))
}

/// Checks go on through a soft stop, as long as a worker still serves, and so do sessions of commands: only their
/// sockets are closed.
async fn ended(shared: &Shared, mut accepting: JoinSet<()>) {
    loop {
        shared.control.notified().await;
        if shared.life() != Life::Running {
            accepting.abort_all();
        }
        if shared.life() == Life::HardStop || shared.no_worker_left() {
            return;
        }
    }
}

/// A change of a server's state goes to the logs of its proxy and to whoever started the instance.
fn tell(shared: &Shared, log: &ProcessLog, on_event: Option<&OnEvent>, event: &ServerEvent) {
    if let Some(entry) = shared.topology.backends.iter().find(|entry| entry.name == event.backend) {
        let level = match event.level() {
            0 => Level::Emerg,
            1 => Level::Alert,
            _ => Level::Notice,
        };
        log.send(&entry.log_targets, level, &event.log_line());
    }
    if let Some(on_event) = on_event {
        on_event(event);
    }
}
