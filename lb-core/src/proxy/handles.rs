//! The parts of a running instance as objects: what a program asks and tells a backend, a server, a frontend.
//!
//! Every call that changes something is a runtime command: it does what the text of a stats socket does, and fails with
//! the same error.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Server;
use crate::backend::{AdminChange, HealthChange, HealthReport};
use crate::config::PortKind;
use crate::runtime::{
    AddServer, CheckKind, Command, CommandError, DelServer, EnableChecks, ErrorCode, Given, Instance, ServerName,
    SetMaxconnServer, SetServerAddr, SetServerHealth, SetServerSsl, SetServerState, SetWeight, Weight,
};
use crate::server::check::CheckResult;
use crate::server::{AdminState, Endpoint, OperationalState};
use crate::topology;
use crate::{backend, server};

/// A backend of a running instance; see [`Proxy::backend`](super::Proxy::backend). Clones are cheap. It does not keep
/// the instance running.
///
/// ```no_run
/// use lb_core::proxy::{Proxy, Server};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let proxy: Proxy = Proxy::builder().start()?;
/// let app = proxy.backend("app")?;
/// app.add_server(Server::new("s2", "127.0.0.1:9002").weight(10))?;
/// for server in app.servers() {
///     println!("{} {:?} {}", server.name(), server.operational_state(), server.weight());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BackendHandle {
    instance: Instance,
    entry: Arc<topology::BackendEntry>,
}

impl fmt::Debug for BackendHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackendHandle").field(&self.entry.name).finish()
    }
}

impl BackendHandle {
    pub(super) fn new(instance: Instance, name: &str) -> Result<Self, CommandError> {
        let entry = Arc::clone(instance.backend(name)?);
        Ok(Self { instance, entry })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// Its number (`id`).
    pub fn id(&self) -> u32 {
        self.entry.config.id
    }

    /// Its servers now, in order of the configuration, those that were added behind them.
    pub fn servers(&self) -> Vec<ServerHandle> {
        self.entry.backend.servers().iter().map(|server| self.handle(server)).collect()
    }

    /// The server of that name, or of that number behind `#`.
    ///
    /// # Errors
    /// `No such server.`
    pub fn server(&self, name: &str) -> Result<ServerHandle, CommandError> {
        let (_, server) = self.instance.server(&ServerName::new(self.name(), name))?;
        Ok(self.handle(&server))
    }

    /// Adds a server, which takes traffic with the next request and is checked from now on if it has `check`; with
    /// [`Server::disabled`] it begins in maintenance. The text command `add server` begins in maintenance and without
    /// checks. A host name is resolved now, on the calling thread.
    ///
    /// # Errors
    /// The name or number is taken, the algorithm of the backend does not follow changes (`static-rr`, `source`), or an
    /// option is wrong, not supported, or not for servers that come at run time.
    pub fn add_server(&self, server: Server) -> Result<ServerHandle, CommandError> {
        let name = ServerName::new(self.name(), server.name());
        let words = server.words().skip(1).collect();
        Command::AddServer(AddServer { server: name, words, ready: true }).run(&self.instance)?;
        self.server(server.name())
    }

    /// Takes a server out. It must be in maintenance, and no stream may be on it or wait for it; its idle connections
    /// are closed. [`ServerHandle::set_state`] and this one again until it succeeds remove a server that serves.
    ///
    /// # Errors
    /// There is no such server, it is not in maintenance, or it is still in use.
    pub fn del_server(&self, name: &str) -> Result<(), CommandError> {
        let server = ServerName::new(self.name(), name);
        Command::DelServer(DelServer { server }).run(&self.instance).map(drop)
    }

    /// Sessions now, waiting ones included (`scur`).
    pub fn sessions(&self) -> u32 {
        self.entry.backend.sessions()
    }

    /// Streams that wait for any server, and for a certain one (`qcur`).
    pub fn queued(&self) -> u32 {
        let servers = self.entry.backend.servers();
        self.entry.backend.queue().pending() + servers.iter().map(|server| server.queued()).sum::<u32>()
    }

    /// How many servers take new sessions: those that are not `backup`, and those that are (`act`, `bck`).
    pub fn usable_servers(&self) -> (usize, usize) {
        self.entry.backend.usable_servers()
    }

    fn handle(&self, server: &Arc<server::Server>) -> ServerHandle {
        ServerHandle {
            instance: self.instance.clone(),
            backend: Arc::clone(&self.entry.backend),
            server: Arc::clone(server),
        }
    }
}

/// A server of a running instance; see [`BackendHandle::server`]. Clones are cheap. What it says is as of the moment of
/// the call; of a server that was removed it is the last that was true.
#[derive(Clone)]
pub struct ServerHandle {
    instance: Instance,
    backend: Arc<backend::Backend>,
    server: Arc<server::Server>,
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerHandle").field(&self.backend.name).field(&self.server.name).finish()
    }
}

impl ServerHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.server.name
    }

    /// Name of its backend.
    pub fn backend(&self) -> &str {
        &self.backend.name
    }

    /// Its number in the backend (`id`).
    pub fn id(&self) -> u32 {
        self.server.id
    }

    /// Where new connections go.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::clone(&self.server.endpoint())
    }

    /// What operators made of it: maintenance, drain.
    pub fn admin_state(&self) -> AdminState {
        self.server.admin_state()
    }

    /// Whether it is up.
    pub fn operational_state(&self) -> OperationalState {
        self.server.operational_state()
    }

    /// Whether new sessions are sent to it: up, neither in maintenance nor in drain, weight above 0.
    pub fn is_usable(&self) -> bool {
        self.server.takes_new()
    }

    /// Whether it was taken out of its backend.
    pub fn is_removed(&self) -> bool {
        self.server.is_removed()
    }

    /// How long it has been up or down (`lastchg`).
    pub fn since_change(&self) -> Duration {
        self.server.history.since_change(std::time::Instant::now())
    }

    /// Result of its last health check.
    pub fn last_check(&self) -> Option<CheckResult> {
        self.server.last_check()
    }

    /// Its weight now.
    pub fn weight(&self) -> u32 {
        self.server.weight()
    }

    /// Most sessions at the same time; 0 is no limit.
    pub fn maxconn(&self) -> u32 {
        self.server.maxconn()
    }

    /// Sessions now (`scur`).
    pub fn sessions(&self) -> u32 {
        self.server.current()
    }

    /// Streams that wait for this server (`qcur`).
    pub fn queued(&self) -> u32 {
        self.server.queued()
    }

    /// Connections that are open and not in use.
    pub fn idle_connections(&self) -> u32 {
        self.server.idle_connections()
    }

    /// Puts it into maintenance or drain, or ends both (`set server ... state`).
    ///
    /// # Errors
    /// It was removed.
    pub fn set_state(&self, state: AdminChange) -> Result<(), CommandError> {
        self.run(|server| Command::SetServerState(SetServerState { server, state }))
    }

    /// Says that it is up, about to stop, or down, until a check says otherwise (`set server ... health`).
    ///
    /// # Errors
    /// It was removed.
    pub fn set_health(&self, health: HealthChange) -> Result<(), CommandError> {
        self.run(|server| Command::SetServerHealth(SetServerHealth { server, health }))
    }

    /// Reports what the program itself knows of the server's health: a hook for checks of its own. Reports of
    /// [`HealthReport::Passed`] and [`HealthReport::Failed`] count as health checks do, with `rise` and `fall` of the
    /// server's line, 2 and 3 by default, and beside those that the line may ask for with `check`. Servers that track
    /// this one follow it.
    ///
    /// ```no_run
    /// use lb_core::backend::HealthReport;
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// let server = proxy.backend("app")?.server("s1")?;
    /// server.report_health(HealthReport::Failed { info: Some("queue is full".into()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// It tracks another server, whose health is its own, or was removed.
    pub fn report_health(&self, report: HealthReport) -> Result<(), CommandError> {
        if self.is_removed() {
            return Err(CommandError::no_such_server());
        }
        if self.server.tracking.tracked().is_some() {
            let text = "cannot change health on a tracking server.";
            return Err(CommandError::new(ErrorCode::State, text));
        }
        self.instance.change(|| self.backend.apply_health_report(&self.server, report));
        Ok(())
    }

    /// Changes its weight, 0 to 256 (`set server ... weight`).
    ///
    /// # Errors
    /// It is above 256, or the algorithm of the backend does not follow changes and it is neither 0 nor that of the line;
    /// the server was removed.
    pub fn set_weight(&self, weight: u32) -> Result<(), CommandError> {
        self.run(|server| Command::SetWeight(SetWeight { server, weight: Weight::Absolute(weight) }))
    }

    /// Changes where new connections go; what is open ends with its exchange (`set server ... addr`). Without a port the
    /// one it has stays.
    ///
    /// # Errors
    /// It has the address of a UNIX socket, or was removed.
    pub fn set_addr(&self, addr: IpAddr, port: Option<u16>) -> Result<(), CommandError> {
        let port = port.map(|port| Given::new(port.to_string(), (port, PortKind::Fixed)));
        let addr = Given::new(addr.to_string(), addr);
        self.run(|server| Command::SetServerAddr(SetServerAddr { server, addr, port }))
    }

    /// Changes how many sessions it may have at the same time; 0 is no limit (`set maxconn server`). Who waits for it may
    /// go on.
    ///
    /// # Errors
    /// It was removed.
    pub fn set_maxconn(&self, maxconn: u32) -> Result<(), CommandError> {
        self.run(|server| Command::SetMaxconnServer(SetMaxconnServer { server, maxconn }))
    }

    /// Switches TLS on or off for new connections (`set server ... ssl`).
    ///
    /// # Errors
    /// Its line does not say `ssl`, or it was removed.
    pub fn set_tls(&self, on: bool) -> Result<(), CommandError> {
        self.run(|server| Command::SetServerSsl(SetServerSsl { server, on: Some(on) }))
    }

    /// Begins or ends health checks (`enable health`, `disable health`).
    ///
    /// # Errors
    /// They are to begin and its line does not say `check`; it was removed.
    pub fn set_checked(&self, enabled: bool) -> Result<(), CommandError> {
        self.run(|server| Command::EnableChecks(EnableChecks { server, kind: CheckKind::Health, enabled }))
    }

    /// Another server may have got the name since; its command is not for it.
    fn run(&self, command: impl FnOnce(ServerName) -> Command) -> Result<(), CommandError> {
        let name = ServerName::new(&*self.backend.name, &*self.server.name);
        let (_, found) = self.instance.server(&name)?;
        if !Arc::ptr_eq(&found, &self.server) {
            return Err(CommandError::no_such_server());
        }
        command(name).run(&self.instance).map(drop)
    }
}

/// A frontend of a running instance; see [`Proxy::frontend`](super::Proxy::frontend). Clones are cheap.
#[derive(Clone)]
pub struct FrontendHandle {
    frontend: Arc<topology::Frontend>,
}

impl fmt::Debug for FrontendHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FrontendHandle").field(&self.frontend.name).finish()
    }
}

impl FrontendHandle {
    pub(super) fn new(instance: &Instance, name: &str) -> Result<Self, CommandError> {
        Ok(Self { frontend: Arc::clone(instance.frontend(name)?) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.frontend.name
    }

    /// Its number (`id`).
    pub fn id(&self) -> u32 {
        self.frontend.config.id
    }

    /// Connections now (`scur`).
    pub fn connections(&self) -> u32 {
        self.frontend.limits.connections.current()
    }

    /// Most connections at the same time (`maxconn`).
    pub fn maxconn(&self) -> u32 {
        self.frontend.limits.connections.limit()
    }
}
