//! The control thread: health checks, and the lines about what they find.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::OnEvent;
use crate::config::model::Global;
use crate::log::{Level, LogContext, ProcessLog};
use crate::server::ServerEvent;
use crate::server::check::{CheckOptions, run_checks};
use crate::worker::{Life, Shared};

/// Starts the thread where a server of the instance has `check`.
///
/// # Errors
/// When the thread or its runtime cannot be made.
pub(super) fn start(
    shared: &Arc<Shared>,
    global: &Global,
    on_event: Option<OnEvent>,
) -> std::io::Result<Option<JoinHandle<()>>> {
    let backends = &shared.topology.backends;
    if !backends.iter().any(|entry| entry.config.servers.iter().any(|server| server.check)) {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let options = CheckOptions::new(global);
    let checked = backends.iter().map(|entry| Arc::clone(&entry.backend)).collect();
    let log = ProcessLog::new(LogContext::system(), shared.log_hooks.clone());
    let (report, watched) = (Arc::clone(shared), Arc::clone(shared));
    let events = move |event| tell(&report, &log, on_event.as_ref(), &event);
    let guard = shared.ending.thread();
    let thread = std::thread::Builder::new().name("lb-control".to_owned()).spawn(move || {
        let _guard = guard;
        runtime.block_on(async {
            tokio::select! {
                () = run_checks(checked, options, events) => {}
                () = ended(&watched) => {}
            }
        });
    })?;
    Ok(Some(thread))
}

/// Checks go on through a soft stop, as long as a worker still serves.
async fn ended(shared: &Shared) {
    loop {
        shared.control.notified().await;
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
