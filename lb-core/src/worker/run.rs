//! The body of a worker's thread: its tasks, until the instance stops.

use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::LocalOptions;
use tokio::sync::{Notify, watch};

use super::load::BusyMeter;
use super::{Life, ListenerSetup, Shared, Worker, accept, inquiry, stopped, timer, turn};
use crate::connect::pool::SWEEP_EVERY;
use crate::instant::Instant;

/// The body of a worker thread: serves until the instance stops.
///
/// # Errors
/// When the runtime or a listener cannot be registered with it.
pub(crate) fn run(
    index: usize,
    shared: Arc<Shared>,
    listeners: Vec<ListenerSetup>,
    ready: impl FnOnce(std::io::Result<()>),
) {
    let _ended = Ended(Arc::clone(&shared));
    bind_to_cpus(index, &shared);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.on_thread_unpark(turn::begin);
    let runtime = match builder.enable_io().enable_time().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => return ready(Err(error)),
    };
    runtime.block_on(async move {
        if let Some(load) = shared.loads.get(index) {
            load.begin();
        }
        let worker = Worker::new(index, Arc::clone(&shared));
        let mut accepting = Vec::new();
        let (open, ends) = watch::channel(());
        for setup in listeners {
            match accept::Listener::new(setup) {
                Ok(listener) => {
                    let (worker, ends) = (Rc::clone(&worker), ends.clone());
                    accepting.push(tokio::task::spawn_local(async move { listener.run(worker, ends).await }));
                }
                Err(error) => return ready(Err(error)),
            }
        }
        ready(Ok(()));
        let housekeeping = tokio::task::spawn_local(housekeeping(Rc::clone(&worker)));
        let logs = tokio::task::spawn_local(flush_logs(Rc::clone(&worker)));
        let handoff = tokio::task::spawn_local(accept::receive_handoffs(Rc::clone(&worker)));
        let inquiries = tokio::task::spawn_local(inquiry::answer(Rc::clone(&worker)));
        until_stopped(&worker, open, accepting).await;
        housekeeping.abort();
        handoff.abort();
        inquiries.abort();
        if let Some(inbox) = shared.inquiries.get(index) {
            inbox.close();
        }
        logs.abort();
        worker.logger.borrow_mut().flush();
    });
}

/// Tells that a worker has ended, however it did.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.worker_ended();
    }
}

/// `open` keeps the listeners accepting.
async fn until_stopped(worker: &Rc<Worker>, open: watch::Sender<()>, mut accepting: Vec<tokio::task::JoinHandle<()>>) {
    let global = &worker.settings.global;
    let mut open = Some(open);
    let mut soft_since = None;
    loop {
        let mut deadline = None;
        match worker.shared.life() {
            Life::HardStop => return,
            Life::SoftStop => {
                let now = Instant::now();
                let since = *soft_since.get_or_insert(now);
                // `grace`: listening goes on for a while.
                let grace = timer::after(since, global.grace).filter(|end| now < *end);
                let hard_stop = timer::after(since, global.hard_stop_after);
                let hard_stop = timer::earlier(hard_stop, worker.shared.ending.limited_to());
                if hard_stop.is_some_and(|at| now >= at) {
                    return worker.shared.advance(Life::HardStop);
                }
                deadline = timer::earlier(grace, hard_stop);
                if grace.is_none() {
                    drop(open.take());
                    for task in accepting.drain(..) {
                        let _ = task.await;
                    }
                    worker.shared.close_listeners();
                    if !worker.stopping() {
                        stopped::tell(worker);
                        worker.stop_softly();
                    }
                    // A connection that another worker accepted before it stopped is still served.
                    if worker.sessions.get() == 0 && !accept::close_handoff(worker) {
                        return;
                    }
                }
            }
            Life::Running => {}
        }
        if let Some(changed) = worker.shared.changed.get(worker.index) {
            tokio::select! {
                () = changed.notified() => {}
                () = worker.session_ended.notified() => {}
                () = until(deadline) => {}
            }
        }
    }
}

/// Waits until `deadline`, for ever without one.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Keeps this thread on the CPUs that `cpu-map` gives it. A CPU that does not exist, or that the process may not use,
/// is no reason not to start.
fn bind_to_cpus(index: usize, shared: &Shared) {
    let map = &shared.topology.settings.global.cpu_map;
    let Some(entry) = map.iter().find(|entry| usize::from(entry.thread) == index + 1) else { return };
    let mut set = rustix::thread::CpuSet::new();
    for cpu in entry.cpus.iter().map(|cpu| usize::from(*cpu)).filter(|cpu| *cpu < rustix::thread::CpuSet::MAX_CPU) {
        set.set(cpu);
    }
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

/// Once a second: closed and unneeded server connections go.
async fn housekeeping(worker: Rc<Worker>) {
    let mut meter = BusyMeter::new();
    loop {
        timer::look_over_deadlines(Instant::now());
        let sweep = Instant::now() + SWEEP_EVERY;
        let renounced = worker.shared.renounced.get(worker.index);
        while tokio::time::timeout_at(sweep.into(), notified(renounced)).await.is_ok() {
            worker.pools.drop_renounced();
        }
        for backend in &worker.topology().backends {
            backend.backend.second_over();
        }
        worker.pools.sweep(Instant::now());
        if let Some(load) = worker.shared.loads.get(worker.index) {
            meter.note(load);
        }
        crate::stream::count::count_running(&worker);
        worker.buffers.trim();
        worker.stream_tasks.trim();
        worker.serving.trim();
        // What a target left behind although nothing came since.
        worker.logger.borrow_mut().flush();
    }
}

async fn notified(notify: Option<&Notify>) {
    match notify {
        Some(notify) => notify.notified().await,
        None => std::future::pending().await,
    }
}

/// From how many lines of one turn of the event loop on they wait for those of the next turns, and how many are enough.
const GATHERED: std::ops::Range<u32> = 4..32;

/// For how many turns they wait at most.
const TURNS: usize = 4;

/// Runs after the tasks that were woken together: one send for all their lines. When there are several the worker is busy
/// and more are about to come: the way through the network costs less for all of them together. It does not wait for
/// turns that bring no lines.
async fn flush_logs(worker: Rc<Worker>) {
    loop {
        worker.flush_logs.notified().await;
        let pending = || worker.logger.borrow().pending();
        let mut lines = pending();
        for _ in 0..TURNS {
            if !GATHERED.contains(&lines) {
                break;
            }
            tokio::task::yield_now().await;
            let before = std::mem::replace(&mut lines, pending());
            if lines == before {
                break;
            }
        }
        worker.logger.borrow_mut().flush();
    }
}
