//! The embedding API: a running load balancer as an object.
//!
//! The instance owns its threads; the program that embeds it needs no runtime and is not blocked by ours. Nothing here
//! installs a signal handler, a global logger or exits the process, and several instances live in one process.
//! `start` and `bind` say how one comes to be.

mod bind;
mod builder;
mod control;
mod drain;
mod dump;
mod handles;
mod pattern_handles;
mod start;
mod stick_table;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::events::{Event, Events};
use crate::log::LogTargetState;
use crate::runtime::{
    Caller, CliSession, Command, CommandError, Instance, Level, Reply, SessionId, SessionInfo, Sessions, ShowSess,
    ShutdownSession, ShutdownSessions,
};
use crate::stats::{ProcessSnapshot, Statistics};
use crate::worker::{Life, Shared};

pub use bind::ListenerInfo;
pub use builder::{Backend, Defaults, Frontend, Listen, Mailers, ProxyBuilder, Resolvers, Server};
pub use handles::{BackendHandle, FrontendHandle, ServerHandle};
pub use pattern_handles::{AclHandle, MapHandle};
pub use start::{AfterBind, AfterBindError, OnEnd, OnEvent, StartError, StartOptions};
pub use stick_table::StickTable;

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
