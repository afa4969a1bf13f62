//! A worker thread: its runtime, listeners, server connection pools, buffers and logger.
//!
//! Everything a request touches belongs to its worker: no lock, no wake-up of another thread. What workers share (the
//! topology, gauges, server state) is atomics behind `Arc`s.

mod accept;
pub mod buffers;
mod ending;
mod frontends;
mod heads;
pub(crate) mod inquiry;
mod load;
mod marks;
mod memory;
pub(crate) mod nice;
mod run;
mod seats;
mod stopped;
pub(crate) mod timer;
pub(crate) mod turn;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

pub(crate) use accept::{Handoff, ListenerContext, ListenerSetup};
use buffers::BufferPool;
use ending::Ending;
use heads::HeadPool;
use inquiry::Inbox;
pub(crate) use load::Load;
use load::WorkerLoad;
pub(crate) use run::run;
pub(crate) use seats::Seat;
use seats::Seats;
use timer::TimerPool;

use crate::clock::Clock;
use crate::config::CloseSpread;
use crate::connect::pool::{PoolCounts, ServerPools};
use crate::events::{EventSender, Reports};
use crate::forward::{Forwarder, PipeLimit, PipePool};
use crate::http::h2::H2Settings;
use crate::instant::Instant;
use crate::listener::fd_limit::FdLimit;
use crate::listener::limits::ProcessLimits;
use crate::log::{Level, LogContext, LogFormat, LogHooks, LogTargets, Logger, ProcessLog, RecordSource};
use crate::mail::Alerts;
use crate::proxy::OnEvent;
use crate::runtime::{CliShared, OtherSessions};
use crate::sample::Context;
use crate::sample::variable::SharedVariables;
use crate::server::check::Checked;
use crate::session::{ClientInfo, ServingPool, StreamTasks};
use crate::stats::ProcessStats;
use crate::stream::live::LiveStreams;
use crate::topology::{Frontend, Settings, Topology};

/// How far an instance is on its way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Life {
    /// Accepts and serves.
    Running = 0,
    /// Serves what it has, accepts nothing.
    SoftStop = 1,
    /// Drops everything.
    HardStop = 2,
}

/// Who listens to an instance from its start.
pub(crate) struct Listening {
    pub(crate) on_event: Option<OnEvent>,
    pub(crate) log_hooks: LogHooks,
    pub(crate) subscriptions: Vec<EventSender>,
    /// Who is told by mail.
    pub(crate) alerts: Alerts,
    /// The control thread gets servers to check from it.
    pub(crate) checks: UnboundedSender<Checked>,
}

/// What the workers of an instance share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) topology: Arc<Topology>,
    /// Limits and gauges of the whole instance.
    pub(crate) limits: Arc<ProcessLimits>,
    /// One for each address of each `bind` line, in order of the configuration.
    pub(crate) listeners: Vec<Arc<ListenerContext>>,
    pub(crate) pool_counts: Arc<PoolCounts>,
    /// Counters and rates of the instance.
    pub(crate) stats: ProcessStats,
    /// When it was started.
    pub(crate) started: Instant,
    /// The same on the wall.
    pub(crate) started_at: SystemTime,
    pub(crate) pipes: Arc<PipeLimit>,
    pub(crate) log_hooks: LogHooks,
    /// Streams so far, where a log format prints their number.
    streams: Option<AtomicU64>,
    pub(crate) handoffs: Vec<Handoff>,
    /// Questions about the streams of each worker.
    inquiries: Vec<Inbox>,
    /// How many times streams were listed (`epoch` of `show sess`).
    pub(crate) listings: AtomicU32,
    /// Who else has streams.
    pub(crate) other_sessions: OtherSessions,
    /// Who is told what happens.
    pub(crate) reports: Reports,
    /// Gives servers that come at run time to the control thread.
    pub(crate) checks: UnboundedSender<Checked>,
    /// What runtime commands and their sockets need.
    pub(crate) cli: CliShared,
    /// Limits that were computed from the configuration.
    pub(crate) needs: FdLimit,
    loads: Vec<WorkerLoad>,
    /// Where lines about frontends, and what an operator asks for, go.
    pub(crate) log: ProcessLog,
    life: AtomicU8,
    changed: Vec<Notify>,
    /// Has each worker close connections that must not be used any more.
    renounced: Vec<Notify>,
    /// Wakes the control thread when the instance or a worker ends.
    pub(crate) control: Notify,
    running: AtomicUsize,
    pub(crate) ending: Arc<Ending>,
}

/// Limits that were computed when the instance started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) workers: usize,
    /// Idle server connections.
    pub(crate) idle_limit: u32,
    /// Pipes.
    pub(crate) maxpipes: u32,
    /// What the configuration needs.
    pub(crate) needs: FdLimit,
}

impl Shared {
    pub(crate) fn new(
        topology: Arc<Topology>,
        limits: Arc<ProcessLimits>,
        listeners: Vec<Arc<ListenerContext>>,
        capacity: Capacity,
        listening: Listening,
        cli: CliShared,
    ) -> Self {
        let Capacity { workers, idle_limit, maxpipes, needs } = capacity;
        let Listening { on_event, log_hooks, subscriptions, alerts, checks } = listening;
        let counted = |frontend: &Arc<Frontend>| frontend.log.formats().any(LogFormat::uses_request_counter);
        let counts = log_hooks.on_traffic.is_some() || topology.frontends.iter().any(counted);
        Self {
            needs,
            loads: (0..workers).map(|_| WorkerLoad::default()).collect(),
            log: ProcessLog::new(LogContext::system(), log_hooks.clone()),
            streams: counts.then(AtomicU64::default),
            reports: Reports::new(log_hooks.clone(), alerts, on_event, subscriptions),
            checks,
            pool_counts: Arc::new(PoolCounts::new(idle_limit)),
            topology,
            limits,
            listeners,
            stats: ProcessStats::new(workers),
            started: Instant::now(),
            started_at: SystemTime::now(),
            pipes: PipeLimit::new(maxpipes),
            log_hooks,
            cli,
            handoffs: (0..workers).map(|_| Handoff::default()).collect(),
            inquiries: (0..workers).map(|_| Inbox::default()).collect(),
            listings: AtomicU32::new(0),
            other_sessions: OtherSessions::default(),
            life: AtomicU8::new(Life::Running as u8),
            changed: (0..workers).map(|_| Notify::new()).collect(),
            renounced: (0..workers).map(|_| Notify::new()).collect(),
            control: Notify::new(),
            running: AtomicUsize::new(workers),
            ending: Arc::default(),
        }
    }

    /// How busy the workers are.
    pub(crate) fn load(&self) -> Load {
        load::sum(&self.loads)
    }

    pub(crate) fn life(&self) -> Life {
        match self.life.load(Ordering::Acquire) {
            0 => Life::Running,
            1 => Life::SoftStop,
            _ => Life::HardStop,
        }
    }

    /// Moves towards the end, never back.
    pub(crate) fn advance(&self, life: Life) {
        self.life.fetch_max(life as u8, Ordering::AcqRel);
        for worker in &self.changed {
            worker.notify_one();
        }
        self.control.notify_one();
    }

    /// How many threads serve.
    pub(crate) fn workers(&self) -> usize {
        self.changed.len()
    }

    /// Has every worker close its idle connections to servers that renounced them.
    pub(crate) fn drop_renounced(&self) {
        for worker in &self.renounced {
            worker.notify_one();
        }
    }

    /// Whether every worker has served its last connection.
    pub(crate) fn no_worker_left(&self) -> bool {
        self.running.load(Ordering::Acquire) == 0
    }

    fn worker_ended(&self) {
        self.close_listeners();
        self.running.fetch_sub(1, Ordering::AcqRel);
        self.control.notify_one();
    }
}

/// The state of one worker thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) settings: Settings,
    pub(crate) shared: Arc<Shared>,
    pub(crate) buffers: BufferPool,
    pub(crate) heads: HeadPool,
    pub(crate) timers: TimerPool,
    pub(crate) stream_tasks: StreamTasks,
    pub(crate) serving: ServingPool,
    pub(crate) streams: LiveStreams,
    pub(crate) pools: ServerPools,
    pub(crate) forwarder: Forwarder,
    pub(crate) h2: H2Settings,
    logger: RefCell<Logger>,
    flush_logs: Notify,
    /// Since when a soft stop is under way.
    stopping: Cell<Option<Instant>>,
    /// Wakers of idle connections, to end them on a soft stop.
    idle: RefCell<Seats>,
    sessions: Cell<usize>,
    session_ended: Notify,
}

impl Worker {
    pub(crate) fn new(index: usize, shared: Arc<Shared>) -> Rc<Self> {
        let settings = shared.topology.settings.clone();
        let pipes = match settings.global.nosplice {
            true => PipePool::disabled(),
            false => PipePool::new(Arc::clone(&shared.pipes), settings.global.tune.pipesize),
        };
        Rc::new(Self {
            index,
            buffers: BufferPool::new(settings.bufsize, pipes.clone()),
            heads: HeadPool::default(),
            timers: TimerPool::default(),
            stream_tasks: StreamTasks::default(),
            serving: ServingPool::default(),
            streams: LiveStreams::default(),
            pools: ServerPools::new(index, Arc::clone(&shared.pool_counts)),
            forwarder: Forwarder {
                buffers: crate::forward::BufferPool::new(),
                pipes,
                clock: Clock::with_origin(shared.started.into()),
            },
            logger: RefCell::new(Logger::new(LogContext::system(), shared.log_hooks.clone())),
            h2: H2Settings::from_tune(&settings.global.tune),
            flush_logs: Notify::new(),
            stopping: Cell::new(None),
            idle: RefCell::default(),
            sessions: Cell::new(0),
            session_ended: Notify::new(),
            settings,
            shared,
        })
    }

    /// The topology that new streams use.
    pub(crate) fn topology(&self) -> &Topology {
        &self.shared.topology
    }

    /// Time since the instance started, which rates count by.
    pub(crate) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.shared.started)
    }

    /// Whether a soft stop is under way.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.get().is_some()
    }

    /// When a soft stop has this client's connection closed once it is idle, or after its response: at once, at a moment
    /// of its own, or never (configuration.txt, `close-spread-time`). `None` where none is under way, too.
    pub(crate) fn closes_at(&self, info: &ClientInfo) -> Option<Instant> {
        let since = self.stopping.get()?;
        match self.settings.global.close_spread_time {
            None => Some(since),
            Some(CloseSpread::Within(window)) => Some(since + window.mul_f64(info.share())),
            Some(CloseSpread::Never) => None,
        }
    }

    /// Whether that moment has come.
    pub(crate) fn closes(&self, info: &ClientInfo) -> bool {
        self.stopping() && self.closes_at(info).is_some_and(|at| at <= timer::now())
    }

    /// Whether a record of this frontend's streams is of use to anyone.
    pub(crate) fn wants_record(&self, frontend: &Frontend) -> bool {
        !frontend.log.is_off() || self.shared.log_hooks.want_records()
    }

    /// Whether the addresses of a stream's server connection are of use to anyone: they cost system calls.
    pub(crate) fn wants_addresses(&self, frontend: &Frontend) -> bool {
        frontend.log.uses_addresses() || self.shared.log_hooks.want_records()
    }

    /// Counts a stream and says how many came before it (`%rt`); 0 where nobody is told.
    pub(crate) fn count_stream(&self) -> u64 {
        self.shared.streams.as_ref().map_or(0, |streams| streams.fetch_add(1, Ordering::Relaxed))
    }

    /// Queues an access line; it is sent at the end of this turn of the event loop.
    pub(crate) fn log(&self, frontend: &Frontend, record: &impl RecordSource, samples: Option<&Context<'_>>) {
        let mut logger = self.logger.borrow_mut();
        let first = !logger.has_pending();
        logger.access(&frontend.log, record, samples);
        if first && logger.has_pending() {
            self.flush_logs.notify_one();
        }
    }

    /// Queues a line that is none of a stream.
    pub(crate) fn log_line(&self, targets: &LogTargets, level: Level, line: &str) {
        self.logger.borrow_mut().send(targets, level, line.as_bytes());
        self.flush_logs.notify_one();
    }

    /// Queues the line of a connection that ended in a handshake.
    pub(crate) fn log_connection_error(
        &self,
        frontend: &Frontend,
        record: &impl RecordSource,
        samples: Option<&Context<'_>>,
        listener: &str,
        message: &str,
    ) {
        self.logger.borrow_mut().connection_error(&frontend.log, record, samples, listener, message);
        self.flush_logs.notify_one();
    }

    /// What a rule's format comes to.
    pub(crate) fn render_rule(
        &self,
        format: &LogFormat,
        samples: Option<&Context<'_>>,
        record: &impl RecordSource,
        out: &mut Vec<u8>,
    ) {
        self.logger.borrow_mut().render_rule(format, samples, record, out);
    }

    /// Variables of the process.
    pub(crate) fn shared_variables(&self) -> &SharedVariables {
        &self.shared.topology.variables
    }

    /// Starts a session's task.
    pub(crate) fn spawn(self: &Rc<Self>, session: impl Future<Output = ()> + Unpin + 'static) {
        tokio::task::spawn_local(Session { _counted: self.enter(), session });
    }

    /// Counts a session, or a stream with a task of its own, among what a soft stop waits for.
    pub(crate) fn enter(self: &Rc<Self>) -> SessionGuard {
        self.sessions.set(self.sessions.get() + 1);
        if let Some(handoff) = self.shared.handoffs.get(self.index) {
            handoff.add_load();
        }
        SessionGuard(Rc::clone(self))
    }

    /// A place among the idle connections.
    pub(crate) fn idle_seat(self: &Rc<Self>) -> Seat {
        Seat::new(self)
    }

    fn stop_softly(&self) {
        self.stopping.set(Some(Instant::now()));
        self.pools.clear();
        self.idle.borrow_mut().wake_all();
    }
}

/// Counts until it is dropped.
pub(crate) struct SessionGuard(Rc<Worker>);

/// A session's task, counted by its worker. Not an async block: that would hold the session twice.
struct Session<F> {
    _counted: SessionGuard,
    session: F,
}

impl<F: Future<Output = ()> + Unpin> Future for Session<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        timer::wake_up(|| Pin::new(&mut self.get_mut().session).poll(cx))
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        let worker = &self.0;
        worker.sessions.set(worker.sessions.get() - 1);
        if let Some(handoff) = worker.shared.handoffs.get(worker.index) {
            handoff.remove_load();
        }
        if worker.stopping() && worker.sessions.get() == 0 {
            worker.session_ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinError;

    use super::*;
    use crate::session::H1Session;

    /// What the runtime keeps of a task: with its header and trailer of 96 bytes it fills two lines of the cache, and
    /// would take four if it were larger.
    #[test]
    fn the_task_of_a_session_is_small() {
        #[expect(dead_code, reason = "as the runtime's own, for its size")]
        #[repr(C)]
        enum Task<F> {
            Running(F),
            Finished(Result<(), JoinError>),
            Consumed,
        }
        assert!(size_of::<Task<Session<H1Session>>>() <= 32, "{}", size_of::<Task<Session<H1Session>>>());
    }
}
