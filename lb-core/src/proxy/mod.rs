//! The embedding API: a running load balancer as an object.
//!
//! The instance owns its threads; the program that embeds it needs no runtime and is not blocked by ours. Nothing here
//! installs a signal handler, a global logger or exits the process, and several instances live in one process.

mod builder;
mod control;
mod drain;
mod dump;
mod handles;
mod pattern_handles;
mod stick_table;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::mpsc::unbounded_channel;

use crate::config::{Address, Config, ConfigError, ProxyConfig, Shards};
use crate::events::{Event, EventSender, Events};
use crate::listener::fd_limit::{FdLimit, StatsSockets, compute_fd_limit};
use crate::listener::limits::{ListenerLimits, ProcessLimits};
use crate::log::{LogHooks, LogTargetState, OnLog, OnNotice};
use crate::net::ClientOptions;
use crate::net::{BindError, Inherited, SocketTuning, SystemOptions, bind_socket};
use crate::runtime::{
    Caller, CliListener, CliSession, CliShared, Command, CommandError, Instance, Level, Reply, SessionId, SessionInfo,
    Sessions, ShowSess, ShutdownSession, ShutdownSessions,
};
use crate::server::ServerEvent;
use crate::stats::{ListenerStats, ProcessSnapshot, Statistics};
use crate::tls;
use crate::topology::{Topology, TopologyError};
use crate::worker::{self, Capacity, Life, ListenerContext, ListenerSetup, Listening, Shared};

pub use builder::{Backend, Defaults, Frontend, Listen, ProxyBuilder, Resolvers, Server};
pub use handles::{BackendHandle, FrontendHandle, ServerHandle};
pub use pattern_handles::{AclHandle, MapHandle};
pub use stick_table::StickTable;

impl std::fmt::Debug for StartOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartOptions").field("inherited", &self.inherited).finish_non_exhaustive()
    }
}

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
    /// Runs once on the last thread of the instance, when everything was served or closed and the ports are free.
    pub on_end: Option<OnEnd>,
    /// Sets socket options that no safe interface offers: `defer-accept`, `tfo`. Without it they are refused.
    pub system: SystemOptions,
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
    /// A thread could not be started or could not register its listeners.
    #[error("cannot start a worker thread: {0}")]
    Thread(#[source] std::io::Error),
}

/// A running instance. Clones share it; dropping the last one stops it at once.
///
/// ```no_run
/// use lb_core::config::Config;
/// use lb_core::proxy::Proxy;
///
/// let config = Config::load("haproxy.cfg")?;
/// let proxy = Proxy::start(config, Default::default())?;
/// proxy.wait();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Proxy {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held by who waits for the threads: others wait for it.
    joining: Mutex<()>,
    listeners: Vec<ListenerInfo>,
}

/// A listening address of a running instance.
#[derive(Clone, Debug)]
pub struct ListenerInfo {
    /// The frontend it belongs to.
    pub frontend: Arc<str>,
    /// The address it is bound to, with the port the kernel chose where port 0 was asked for. `None` for UNIX sockets.
    pub address: Option<SocketAddr>,
}

impl Proxy {
    /// Builds a configuration by calls.
    ///
    /// ```no_run
    /// use lb_core::config::Balance;
    /// use lb_core::proxy::{Backend, Frontend, Proxy, Server};
    ///
    /// let proxy = Proxy::builder()
    ///     .frontend(Frontend::http("web").bind("127.0.0.1:8080").default_backend("app"))
    ///     .backend(Backend::new("app").balance(Balance::RoundRobin).server(Server::new("s1", "127.0.0.1:9001")))
    ///     .start()?;
    /// # Ok::<(), lb_core::proxy::StartError>(())
    /// ```
    pub fn builder() -> ProxyBuilder {
        ProxyBuilder::default()
    }

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
        let listening = Listening {
            on_event: options.on_event.take(),
            log_hooks: LogHooks {
                on_log: options.on_log.take(),
                on_notice: options.on_notice.take(),
                ..LogHooks::default()
            },
            subscriptions: std::mem::take(&mut options.events),
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
        let control = control::start(&shared, &config.global, cli, added).map_err(StartError::Thread)?;
        proxy.inner.threads.lock().unwrap_or_else(PoisonError::into_inner).push(control);
        shared.reports.happened(&shared.topology, Event::Started);
        if let Some(on_end) = on_end {
            shared.ending.at_end(on_end);
        }
        Ok(proxy)
    }

    /// Addresses the instance listens on, in order of the configuration.
    pub fn listeners(&self) -> &[ListenerInfo] {
        &self.inner.listeners
    }

    /// Runs a runtime command: the typed form of what the stats socket offers (management.txt, section 9.3).
    ///
    /// # Errors
    /// [`CommandError`]: what the command names does not exist, or cannot be changed so. Nothing was changed then.
    ///
    /// ```no_run
    /// use lb_core::runtime::{Command, Reply, ShowBackend};
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// let Reply::Backends(names) = proxy.run(&Command::ShowBackend(ShowBackend))? else { unreachable!() };
    /// println!("{:?}", names.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, command: &Command) -> Result<Reply, CommandError> {
        command.run(&self.instance())
    }

    /// Runs a runtime command that is written as on the stats socket, with its payload if it has one (see
    /// [`Command::parse`]), at admin level, and returns its text: whole lines, none where there is nothing to say.
    ///
    /// # Errors
    /// As [`Proxy::run`], and for words that are not understood.
    ///
    /// ```no_run
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// print!("{}", proxy.execute("show backend")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute(&self, command: &str) -> Result<String, CommandError> {
        let mut text = String::new();
        self.run(&Command::parse(command)?)?.render(&mut text);
        Ok(text)
    }

    /// The streams there are now: `show sess`, typed. Those of each thread are in the order in which they started.
    ///
    /// Waits for the worker threads, which answer between two turns of their event loops; must not be called by one.
    ///
    /// # Errors
    /// When a worker does not answer.
    ///
    /// ```no_run
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// for session in proxy.sessions()? {
    ///     println!("{} {:?} for {:?}", session.id, session.stage, session.age);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sessions(&self) -> Result<Vec<SessionInfo>, CommandError> {
        match self.run(&Command::ShowSess(ShowSess::default()))? {
            Reply::Sessions(list) => Ok(list.sessions),
            _ => Ok(Vec::new()),
        }
    }

    /// One stream: `show sess <id>`, typed. `None` where it has ended.
    ///
    /// # Errors
    /// As [`Proxy::sessions`].
    pub fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, CommandError> {
        match self.run(&Command::ShowSess(ShowSess { which: Sessions::One(id) }))? {
            Reply::Sessions(list) => Ok(list.sessions.into_iter().next()),
            _ => Ok(None),
        }
    }

    /// Ends a stream at once: `shutdown session`, typed.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`](crate::runtime::ErrorCode::NotFound) where it has ended; as [`Proxy::sessions`].
    pub fn shutdown_session(&self, id: SessionId) -> Result<(), CommandError> {
        self.run(&Command::ShutdownSession(ShutdownSession { id })).map(drop)
    }

    /// Ends the streams that are on a server: `shutdown sessions server`, typed.
    ///
    /// # Errors
    /// Where there is no such backend or server; as [`Proxy::sessions`].
    pub fn shutdown_sessions(&self, backend: &str, server: &str) -> Result<(), CommandError> {
        let (backend, server) = (backend.to_owned(), server.to_owned());
        self.run(&Command::ShutdownSessions(ShutdownSessions { backend, server })).map(drop)
    }

    /// A backend, by its name or as `#` and its number.
    ///
    /// # Errors
    /// `No such backend.`
    pub fn backend(&self, name: &str) -> Result<BackendHandle, CommandError> {
        BackendHandle::new(self.instance(), name)
    }

    /// A frontend, by its name or as `#` and its number.
    ///
    /// # Errors
    /// `No such frontend.`
    pub fn frontend(&self, name: &str) -> Result<FrontendHandle, CommandError> {
        FrontendHandle::new(&self.instance(), name)
    }

    /// A map, by its file or as `#` and its number.
    ///
    /// # Errors
    /// `Unknown map identifier.`
    pub fn map(&self, name: &str) -> Result<MapHandle, CommandError> {
        MapHandle::new(&self.instance(), name)
    }

    /// An ACL, by its file or as `#` and its number.
    ///
    /// # Errors
    /// `Unknown ACL identifier.`
    pub fn acl(&self, name: &str) -> Result<AclHandle, CommandError> {
        AclHandle::new(&self.instance(), name)
    }

    /// A stick table, by the name of its section.
    ///
    /// # Errors
    /// `No such table`
    pub fn table(&self, name: &str) -> Result<StickTable, CommandError> {
        StickTable::new(self.instance(), name)
    }

    /// Subscribes to what happens from now on: changes of servers, the end of the instance. It holds up to 1024 events
    /// that were not taken yet; [`Proxy::events_with_capacity`] sets another number.
    pub fn events(&self) -> Events {
        self.inner.shared.reports.subscribe(None)
    }

    /// The same with room for this many events.
    pub fn events_with_capacity(&self, capacity: usize) -> Events {
        self.inner.shared.reports.subscribe(Some(capacity))
    }

    /// The same with log records ([`Event::Logged`]), one for each stream whether or not its frontend has a `log` line; what
    /// `option dontlognull` and its likes leave out is left out. While no such subscription exists, nothing is made of
    /// records.
    ///
    /// ```no_run
    /// use lb_core::events::Event;
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// for event in proxy.events_and_logs(65_536) {
    ///     if let Event::Logged(logged) = event {
    ///         println!("{} after {:?}", logged.record.status, logged.record.tt);
    ///     }
    /// }
    /// # Ok::<(), lb_core::proxy::StartError>(())
    /// ```
    pub fn events_and_logs(&self, capacity: usize) -> Events {
        self.inner.shared.reports.subscribe_with_logs(capacity)
    }

    /// A session of runtime commands as the stats socket has it, for a transport of the caller's own: bytes in, bytes
    /// out, with prompt, payloads and the rights of `level`.
    pub fn cli_session(&self, level: Level) -> CliSession {
        CliSession::new(self.instance(), Caller::new(level))
    }

    /// The statistics of all frontends, backends and servers (management.txt, section 9.1).
    ///
    /// ```no_run
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// for section in proxy.stats().proxies {
    ///     if let Some(frontend) = &section.frontend {
    ///         println!("{}: {} requests", section.name, frontend.totals.requests);
    ///     }
    /// }
    /// # Ok::<(), lb_core::proxy::StartError>(())
    /// ```
    pub fn stats(&self) -> Statistics {
        self.instance().statistics()
    }

    /// What the process says of itself: connections, rates, limits, memory (management.txt, `show info`).
    pub fn process_stats(&self) -> ProcessSnapshot {
        self.instance().process()
    }

    /// What runtime commands work on.
    pub(crate) fn instance(&self) -> Instance {
        Instance::new(Arc::clone(&self.inner.shared))
    }

    /// What each log target has been through: lines that it did not take are counted there.
    ///
    /// ```no_run
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// for target in proxy.log_targets() {
    ///     println!("{}: {} lines lost", target.destination, target.dropped);
    /// }
    /// # Ok::<(), lb_core::proxy::StartError>(())
    /// ```
    pub fn log_targets(&self) -> Vec<LogTargetState> {
        self.inner.shared.topology.log_destinations.states()
    }

    /// Lines lost by all log targets together (`DroppedLogs` of `show info`).
    pub fn dropped_logs(&self) -> u64 {
        self.inner.shared.topology.log_destinations.dropped().count()
    }

    /// Closes the listeners and idle connections; what is being served is served to its end.
    pub fn soft_stop(&self) {
        let shared = &self.inner.shared;
        if shared.life() == Life::Running {
            shared.reports.happened(&shared.topology, Event::Stopping);
        }
        shared.advance(Life::SoftStop);
    }

    /// Closes everything at once.
    pub fn stop(&self) {
        self.inner.shared.advance(Life::HardStop);
    }

    /// Whether every thread has ended.
    pub fn is_finished(&self) -> bool {
        self.inner.shared.ending.is_over()
    }

    /// Blocks until every thread has ended.
    pub fn wait(&self) {
        self.inner.join();
    }
}

impl Inner {
    /// Waits for every thread but the calling one, which is one of ours where an [`OnEvent`] drops the last handle.
    fn join(&self) {
        let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // A thread that panicked has ended too; the panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.advance(Life::HardStop);
        self.join();
    }
}

/// `maxconn` where the configuration says nothing and no descriptor limit was computed from it.
const DEFAULT_MAXCONN: u32 = 10_000;

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(64)
}

/// Every listening socket of a configuration.
struct Bound {
    /// For each worker the sockets it accepts from.
    setups: Vec<Vec<ListenerSetup>>,
    contexts: Vec<Arc<ListenerContext>>,
    listeners: Vec<ListenerInfo>,
}

fn bind_all(
    config: &Config,
    topology: &Topology,
    process: &Arc<ProcessLimits>,
    workers: usize,
    mut options: StartOptions,
) -> Result<Bound, StartError> {
    let global = &config.global;
    let mut setups: Vec<Vec<ListenerSetup>> = (0..workers).map(|_| Vec::new()).collect();
    let mut contexts = Vec::new();
    let mut listeners = Vec::new();
    for frontend in &topology.frontends {
        let section = &frontend.config;
        let taken: HashSet<u32> = section.binds.iter().filter_map(|bind| bind.options.id).collect();
        let mut free = (1..).filter(|id| !taken.contains(id));
        for bind in &section.binds {
            let tls = match &bind.options.ssl {
                None => None,
                Some(ssl) => Some(
                    tls::server_config(ssl, &global.ssl)
                        .map_err(|source| TopologyError::Tls { proxy: section.name.clone(), source })?,
                ),
            };
            for address in &bind.addresses {
                let backlog = bind.options.backlog.or(section.backlog).unwrap_or(frontend.maxconn).max(1);
                let failed = |source| StartError::Bind {
                    place: bind.place.to_string(),
                    kind: if section.kind.is_backend() { "proxy" } else { "frontend" },
                    frontend: section.name.clone(),
                    source,
                };
                let tuning = tuning(config, section, &options.system);
                let reuseport = !global.noreuseport;
                let first = bind_socket(address, &bind.options, &tuning, backlog, reuseport, &mut options.inherited)
                    .map_err(failed)?;
                listeners.push(ListenerInfo { frontend: Arc::clone(&frontend.name), address: first.inet_addr() });
                let id = bind.options.id.or_else(|| free.next()).unwrap_or_default();
                let context = Arc::new(ListenerContext {
                    frontend: Arc::clone(frontend),
                    options: bind.options.clone(),
                    limits: Arc::new(ListenerLimits {
                        name: bind.options.name.as_deref().map(Box::from),
                        stats: section.options.socket_stats.then(|| ListenerStats::new(workers)),
                        ..ListenerLimits::new(
                            Arc::clone(process),
                            Arc::clone(&frontend.limits),
                            bind.options.maxconn.unwrap_or(0),
                            id,
                            tls.is_some(),
                        )
                    }),
                    client_options: client_options(),
                    tls: tls.clone(),
                    name: bind.options.name.as_deref().map_or_else(|| Arc::from(id.to_string()), Arc::from),
                    address: first.inet_addr().map_or_else(|| address.clone(), Address::Inet),
                    own: !matches!(address, Address::Fd(_)),
                    backlog,
                    sockets: Mutex::default(),
                });
                contexts.push(Arc::clone(&context));
                // UNIX and inherited sockets cannot be bound twice: the workers share one. Else there is one per thread,
                // over which the kernel spreads connections, or as many as `shards` says.
                let inet = first.inet_addr().filter(|_| reuseport && !matches!(address, Address::Fd(_)));
                let shards = match (inet, bind.options.shards) {
                    (None, _) => 1,
                    (Some(_), Some(Shards::Count(count))) => usize::from(count).max(1),
                    (Some(_), Some(Shards::ByThread) | None) => usize::MAX,
                };
                let mut bound = vec![first];
                let threads = &bind.options.threads;
                let mine = |index: usize| threads.is_empty() || threads.iter().any(|t| usize::from(*t) == index + 1);
                let users = setups.iter_mut().enumerate().filter(|(index, _)| mine(*index));
                for (at, (_, setup)) in users.enumerate() {
                    if let Some(inet) = inet.filter(|_| at > 0 && at < shards) {
                        let address = Address::Inet(inet);
                        bound.push(
                            bind_socket(&address, &bind.options, &tuning, backlog, true, &mut options.inherited)
                                .map_err(failed)?,
                        );
                    }
                    let Some(socket) = bound.get(at % bound.len()) else { continue };
                    let socket = socket.try_clone().map_err(StartError::Thread)?;
                    setup.push(ListenerSetup { socket, context: Arc::clone(&context) });
                }
                *context.sockets.lock().unwrap_or_else(PoisonError::into_inner) = bound;
            }
        }
    }
    Ok(Bound { setups, contexts, listeners })
}

/// The sockets for runtime commands. They are bound as HAProxy binds them, in a proxy named GLOBAL.
fn bind_cli(config: &Config, options: &mut StartOptions) -> Result<Vec<CliListener>, StartError> {
    let mut bound = Vec::new();
    let tuning = SocketTuning { system: options.system.clone(), ..SocketTuning::default() };
    for bind in &config.global.stats.sockets {
        for address in &bind.addresses {
            let backlog = bind.options.backlog.unwrap_or(CLI_BACKLOG);
            let reuseport = !config.global.noreuseport;
            let socket = bind_socket(address, &bind.options, &tuning, backlog, reuseport, &mut options.inherited)
                .map_err(|source| StartError::Bind {
                    place: format!("{}:{}", bind.place.file, bind.place.line),
                    kind: "frontend",
                    frontend: "GLOBAL".to_owned(),
                    source,
                })?;
            bound.push(CliListener { socket, options: bind.options.clone() });
        }
    }
    Ok(bound)
}

/// Connections that wait for `stats maxconn` in the system's queue.
const CLI_BACKLOG: u32 = 128;

fn tuning(config: &Config, section: &ProxyConfig, system: &SystemOptions) -> SocketTuning {
    SocketTuning {
        sndbuf: config.global.tune.sndbuf_client,
        rcvbuf: config.global.tune.rcvbuf_client,
        keepalive: section.options.clitcpka.then(|| section.options.clitcpka_params.clone()),
        nolinger: section.options.nolinger,
        smart_accept: section.options.tcp_smart_accept,
        system: system.clone(),
    }
}

fn client_options() -> ClientOptions {
    // Everything else is inherited from the listening socket.
    ClientOptions::default()
}
