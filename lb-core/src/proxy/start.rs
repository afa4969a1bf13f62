//! Starting an instance: sockets first, then the threads.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::mpsc::unbounded_channel;

use super::bind::{Bound, bind_all, bind_cli};
use super::{Inner, Proxy, control};
use crate::config::{Config, ConfigError};
use crate::events::{Event, EventSender};
use crate::listener::fd_limit::{FdLimit, StatsSockets, compute_fd_limit};
use crate::listener::limits::ProcessLimits;
use crate::log::{LogHooks, OnLog, OnNotice, OnTraffic};
use crate::mail::Alerts;
use crate::net::{BindError, Inherited, SystemOptions};
use crate::runtime::CliShared;
use crate::server::ServerEvent;
use crate::topology::{Topology, TopologyError};
use crate::worker::{self, Capacity, Listening, Shared};

/// Takes a [`ServerEvent`] of a running instance.
pub type OnEvent = Box<dyn Fn(&ServerEvent) + Send + Sync>;

/// Learns of the end of an instance.
pub type OnEnd = Box<dyn FnOnce() + Send>;

/// A step between binding and serving.
pub type AfterBind = Box<dyn FnOnce() -> Result<(), AfterBindError>>;

/// Why [`StartOptions::after_bind`] gave up.
#[derive(Debug, thiserror::Error)]
#[error("{what} : {source}")]
pub struct AfterBindError {
    /// What could not be done.
    pub what: String,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
}

/// What a start takes besides the configuration.
#[derive(Default)]
pub struct StartOptions {
    /// Sockets handed to the process, for `fd@n`.
    pub inherited: Inherited,
    /// Runs once the listeners are bound and before the first thread is started: the moment to drop privileges.
    pub after_bind: Option<AfterBind>,
    /// Gets what happens to servers, on the thread that brings it about: the control thread for checks, the caller's for
    /// commands. It may run commands itself.
    pub on_event: Option<OnEvent>,
    /// Subscriptions that begin before the start; see [`events::channel`](crate::events::channel).
    pub events: Vec<EventSender>,
    /// Gets each record that is logged, with its line, from the worker threads: see [`LogEvent`](crate::log::LogEvent).
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use lb_core::log::LogEvent;
    /// use lb_core::proxy::StartOptions;
    ///
    /// let (records, received) = std::sync::mpsc::channel();
    /// let on_log = move |event: &LogEvent<'_>| drop(records.send((event.record.status, event.record.tt)));
    /// let options = StartOptions { on_log: Some(Arc::new(on_log)), ..StartOptions::default() };
    /// # let _ = (options, received);
    /// ```
    pub on_log: Option<OnLog>,
    /// Gets what else there is to know of the running instance: proxies that stop, log targets that fail.
    pub on_notice: Option<OnNotice>,
    /// Gets a line for each event of traffic: for looking at what happens, not for production. See
    /// [`OnTraffic`](crate::log::OnTraffic).
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use lb_core::proxy::StartOptions;
    ///
    /// let options = StartOptions { on_traffic: Some(Arc::new(|lines| print!("{lines}"))), ..StartOptions::default() };
    /// # let _ = options;
    /// ```
    pub on_traffic: Option<OnTraffic>,
    /// Runs once on the last thread of the instance, when everything was served or closed and the ports are free.
    pub on_end: Option<OnEnd>,
    /// Sets socket options that no safe interface offers: `defer-accept`, `tfo`. Without it they are refused.
    pub system: SystemOptions,
}

impl std::fmt::Debug for StartOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartOptions").field("inherited", &self.inherited).finish_non_exhaustive()
    }
}

/// Why an instance did not start. Nothing is left running or bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is refused: what a builder was told, or its files.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A name or format does not resolve.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A listener could not be bound.
    #[error("Binding [{place}] for {kind} {frontend}: {source}")]
    Bind {
        /// Where its `bind` line stands, as `file:line`.
        place: String,
        /// What the section is called in messages.
        kind: &'static str,
        /// The frontend it belongs to.
        frontend: String,
        /// What the system said.
        source: BindError,
    },
    /// The step after binding failed.
    #[error(transparent)]
    AfterBind(#[from] AfterBindError),
    /// A network namespace of servers cannot be entered, as with privileges that were dropped.
    #[error("cannot enter the network namespace '{name}' of servers: {source}")]
    Namespace {
        /// Its name.
        name: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A thread could not be started or could not register its listeners.
    #[error("cannot start a worker thread: {0}")]
    Thread(#[source] std::io::Error),
}

impl Proxy {
    /// Starts the threads and listeners of a configuration.
    ///
    /// # Errors
    /// [`StartError`]: a listener cannot be bound, a name does not resolve. Nothing stays behind.
    pub fn start(config: Config, mut options: StartOptions) -> Result<Self, StartError> {
        let maxconn = config.global.maxconn.unwrap_or(DEFAULT_MAXCONN);
        let workers = config.global.nbthread.map_or_else(available_threads, usize::from).max(1);
        let topology = Arc::new(Topology::new(&config, maxconn, workers, &options.system, &options.inherited)?);
        let after_bind = options.after_bind.take();
        let on_end = options.on_end.take();
        let (checks, added) = unbounded_channel();
        let (alerts, deliveries) = Alerts::new(&config);
        let listening = Listening {
            on_event: options.on_event.take(),
            log_hooks: LogHooks {
                on_log: options.on_log.take(),
                on_notice: options.on_notice.take(),
                on_traffic: options.on_traffic.take(),
                ..LogHooks::default()
            },
            subscriptions: std::mem::take(&mut options.events),
            alerts,
            checks,
        };
        let global = &config.global;
        let limits = ProcessLimits::new(
            maxconn,
            global.maxconnrate.unwrap_or(0),
            global.maxsessrate.unwrap_or(0),
            global.maxsslrate.unwrap_or(0),
        );
        let cli = bind_cli(&config, &mut options)?;
        let Bound { setups, contexts, listeners } = bind_all(&config, &topology, &limits, workers, options)?;
        if let Some(step) = after_bind {
            step()?;
        }
        let failed = |(name, source)| StartError::Namespace { name, source };
        topology.namespaces.enter().map_err(failed)?;
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(1 << 20);
        let ratio = u64::from(config.global.tune.pool_high_fd_ratio.unwrap_or(25));
        let idle_limit = u32::try_from(descriptors.saturating_mul(ratio) / 100).unwrap_or(u32::MAX);
        let maxpipes = config.global.maxpipes.unwrap_or(maxconn / 4).max(16);
        let threads = u16::try_from(workers).unwrap_or(u16::MAX);
        let needs = compute_fd_limit(&config, threads, StatsSockets::of(&config), descriptors);
        let needs = FdLimit { maxconn, ..needs };
        let capacity = Capacity { workers, idle_limit, maxpipes, needs };
        let cli_shared = CliShared::new(&config, &cli, workers);
        let shared = Arc::new(Shared::new(topology, limits, contexts, capacity, listening, cli_shared));
        let proxy = Self {
            inner: Arc::new(Inner {
                shared: Arc::clone(&shared),
                threads: Mutex::default(),
                joining: Mutex::default(),
                listeners,
            }),
        };
        let restored = &shared.topology.restored;
        shared.reports.change(&shared.topology, &mut || restored.clone());
        let (report, reports) = mpsc::channel();
        for (index, setup) in setups.into_iter().enumerate() {
            let (guard, shared, report) = (shared.ending.thread(), Arc::clone(&shared), report.clone());
            let thread = std::thread::Builder::new()
                .name(format!("lb-{}", index + 1))
                .spawn(move || {
                    let _guard = guard;
                    worker::run(index, shared, setup, |result| {
                        // Nobody listens any more when another thread failed first.
                        let _ = report.send(result);
                    });
                })
                .map_err(StartError::Thread)?;
            proxy.inner.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        // Else a thread that dies before its report would be waited for in vain.
        drop(report);
        for _ in 0..workers {
            reports
                .recv()
                .map_err(|_| std::io::ErrorKind::BrokenPipe.into())
                .and_then(|r| r)
                .map_err(StartError::Thread)?;
        }
        let control = control::start(&shared, &config.global, cli, added, deliveries).map_err(StartError::Thread)?;
        proxy.inner.threads.lock().unwrap_or_else(PoisonError::into_inner).push(control);
        shared.reports.happened(&shared.topology, Event::Started);
        if let Some(on_end) = on_end {
            shared.ending.at_end(on_end);
        }
        Ok(proxy)
    }
}

/// `maxconn` where the configuration says nothing and no descriptor limit was computed from it.
const DEFAULT_MAXCONN: u32 = 10_000;

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(64)
}
