//! The control thread: health checks, the sockets for runtime commands, what expires in stick tables, what rises slowly,
//! names that are resolved, mails about servers.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::config::model::Global;
use crate::events::Event;
use crate::mail::{self, Delivery, Underway};
use crate::resolve;
use crate::runtime::{self, CliListener, Instance};
use crate::server::check::{CheckOptions, Checked, World, run_checks};
use crate::worker::{Life, Shared};

/// How often stick tables are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Starts the thread; `added` brings the servers that come at run time, `deliveries` the mails.
///
/// # Errors
/// When the thread or its runtime cannot be made.
pub(super) fn start(
    shared: &Arc<Shared>,
    global: &Global,
    cli: Vec<CliListener>,
    added: UnboundedReceiver<Checked>,
    deliveries: Vec<Delivery>,
) -> std::io::Result<JoinHandle<()>> {
    let reactor = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let accepting = {
        let _entered = reactor.enter();
        runtime::serve(cli, &Instance::new(Arc::clone(shared)))?
    };
    let options = CheckOptions::new(global);
    let checked = shared.topology.backends.iter().map(|entry| Arc::clone(&entry.backend)).collect();
    let topology = Some(Arc::clone(&shared.topology));
    let world = World { topology, started: Some(shared.started), ..World::default() };
    let (reporting, watched) = (Arc::clone(shared), Arc::clone(shared));
    let report = move |change: &mut dyn FnMut() -> Vec<_>| reporting.change_servers(change);
    let warned = Arc::clone(shared);
    let warn = move |proxy: &str, line: &str| warned.reports.warn(&warned.topology, proxy, line);
    let guard = shared.ending.thread();
    std::thread::Builder::new().name("lb-control".to_owned()).spawn(move || {
        let _guard = guard;
        // Gone before the guard: it closes the sockets.
        let reactor = reactor;
        let underway = Arc::new(Underway::default());
        reactor.block_on(async {
            tokio::select! {
                () = run_checks(checked, added, options, world, report) => {}
                () = sweep(&watched) => {}
                () = rise(&watched) => {}
                () = resolve::run(Arc::clone(&watched)) => {}
                () = mail::deliver(deliveries, Arc::clone(&underway), warn) => {}
                () = ended(&watched, accepting, &underway) => {}
            }
            while !watched.no_worker_left() {
                watched.control.notified().await;
            }
        });
        watched.reports.happened(&watched.topology, Event::Stopped);
        watched.reports.end();
    })
}

/// Removes what has expired in stick tables. Look-ups do not need it; memory and those who watch a table do.
async fn sweep(shared: &Shared) {
    if shared.topology.tables.iter().flatten().next().is_none() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        for table in shared.topology.tables.iter().flatten() {
            table.sweep(table.at(Instant::now().into()));
        }
    }
}

/// Weights of servers that come back slowly, second by second (`slowstart`). Sleeps where none does.
async fn rise(shared: &Arc<Shared>) {
    let mut backends = JoinSet::new();
    for entry in &shared.topology.backends {
        let (shared, backend) = (Arc::clone(shared), Arc::clone(&entry.backend));
        backends.spawn(async move {
            loop {
                backend.begins_to_rise().await;
                while let Some(next) = backend.next_rise(Instant::now()) {
                    tokio::time::sleep_until(next.into()).await;
                    shared.change_servers(&mut || backend.rise(Instant::now()));
                }
            }
        });
    }
    while backends.join_next().await.is_some() {}
    std::future::pending().await
}

/// Checks go on through a soft stop, as long as a worker still serves, and so do sessions of commands: only their
/// sockets are closed. A mail that is under way by then is delivered, within its time.
async fn ended(shared: &Shared, mut accepting: JoinSet<()>, mails: &Underway) {
    let mut served = false;
    loop {
        tokio::select! {
            () = shared.control.notified() => {}
            () = mails.finished(), if served => return,
        }
        if shared.life() != Life::Running {
            accepting.abort_all();
        }
        if shared.life() == Life::HardStop {
            return;
        }
        served = shared.no_worker_left();
    }
}
