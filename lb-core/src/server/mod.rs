//! A server: administrative and operational state, counters, health checks.
//!
//! A [`Server`] is shared by every worker thread. What changes often (sessions, state, weight) is atomic; what changes
//! rarely and is large (the address) is swapped whole. Sessions are taken and given back through
//! [`crate::backend::Backend::try_assign`] and [`crate::backend::ServerSlot`] only.

pub(crate) mod agent;
pub mod check;
mod checks;
mod dial;
pub mod event;
pub mod health;
mod history;
mod number;
pub(crate) mod observe;
mod slowstart;
mod state;
mod status;
mod tracking;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};

pub use agent::{Agent, AgentTarget};
pub use checks::{CheckTarget, Checks};
pub use dial::Dial;
pub use event::ServerEvent;
pub use history::History;
pub use number::Numbers;
pub use state::{AdminState, OperationalState};
pub use status::ServerStatus;
pub use tracking::{Tracked, Tracking};

use crate::backend::{Hub, Queue};
use crate::config::model::{Address, PortKind, ServerConfig};
use crate::resolve::{HostName, Resolvers};
use crate::tls::TlsClientConfig;
use check::{CheckResult, CheckStatus};
use health::{Health, Observed};
use number::Number;
use observe::Observer;
pub(crate) use slowstart::STEPS;
use slowstart::SlowStart;
use state::StateCell;

use crate::stats::{Padded, PerWorker, ServerStats};

/// Where connections to a server go; swapped whole when it changes at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// Whether the port is fixed or follows the client's.
    pub port: PortKind,
    /// Whether there is no IP address: the server's name has none, and the one above is only a place for the port.
    pub unknown: bool,
}

impl Endpoint {
    /// A known address.
    pub fn new(address: Address, port: PortKind) -> Self {
        Self { address, port, unknown: false }
    }

    /// The IP address, if there is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match &self.address {
            Address::Inet(address) if !self.unknown => Some(address.ip()),
            _ => None,
        }
    }
}

/// A server of a backend (configuration.txt, section 5.2).
#[derive(Debug)]
pub struct Server {
    /// Name.
    pub name: Arc<str>,
    /// `id`, or the number given automatically.
    pub id: u32,
    /// Whether it came at run time.
    pub dynamic: bool,
    /// The `server` line.
    pub config: ServerConfig,
    /// How connections to it are opened.
    pub dial: Dial,
    /// Counters and rates, by worker.
    pub stats: ServerStats,
    /// When and how often it was down.
    pub history: History,
    max_sessions: AtomicU32,
    needed: AtomicU32,
    endpoint: ArcSwap<Endpoint>,
    /// The name whose address it has.
    hostname: ArcSwapOption<String>,
    /// The name is not that of its line any more.
    renamed: AtomicBool,
    /// Who resolves the name at run time.
    resolvers: OnceLock<Arc<Resolvers>>,
    /// What the persistence cookie says for it.
    cookie: ArcSwapOption<String>,
    state: StateCell,
    /// What its checks found, and whether they run.
    pub checks: Checks,
    /// What its agent says, and whether it is asked.
    pub agent: Agent,
    /// What traffic shows of its health.
    observer: Observer,
    /// Whom it tracks, and who tracks it.
    pub tracking: Tracking,
    /// Whether TLS is used, where `dial` has it.
    tls: AtomicBool,
    /// Whether the balancer may choose it now: up, not in maintenance or drain, weight above 0, and not a backup
    /// server that is not needed.
    eligible: AtomicBool,
    user_weight: AtomicU32,
    slowstart: SlowStart,
    maxconn: AtomicU32,
    minconn: AtomicU32,
    served: Padded<AtomicU32>,
    number: Number,
    /// Idle connections of each worker.
    idle: PerWorker<IdleCount>,
    generation: AtomicU32,
    removed: AtomicBool,
    /// Its place in the tree of `balance leastconn`, or among the servers of `balance first`.
    pub(crate) leaf: AtomicU32,
    pub(crate) queue: Queue,
    pub(crate) hub: Arc<Hub>,
}

/// Idle connections of a worker to a server.
#[derive(Debug, Default)]
struct IdleCount {
    once: AtomicU32,
    reused: AtomicU32,
}

impl IdleCount {
    fn sum(&self) -> u32 {
        self.once.load(Ordering::Relaxed) + self.reused.load(Ordering::Relaxed)
    }
}

/// How a server begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its administrative state.
    pub admin: AdminState,
    /// Whether its checks, if it has any, are made.
    pub checked: bool,
    /// Whether it comes at run time.
    pub dynamic: bool,
}

impl Start {
    /// As a line of the configuration says.
    pub fn new(config: &ServerConfig) -> Self {
        let disabled = AdminState::CMAINT.union(AdminState::FMAINT);
        let admin = if config.disabled { disabled } else { AdminState::default() };
        let unresolved = if config.resolve.unresolved { AdminState::RMAINT } else { AdminState::default() };
        Self { admin: admin.union(unresolved), checked: true, dynamic: false }
    }
}

impl Server {
    pub(crate) fn new(config: &ServerConfig, start: Start, dial: Dial, numbers: &Arc<Numbers>, hub: Arc<Hub>) -> Self {
        // A server in maintenance is also down: `show servers state` says 0 for it.
        let operational = match start.admin.intersects(AdminState::MAINT) {
            true => OperationalState::Stopped,
            false => OperationalState::Running,
        };
        let (minconn, maxconn) = effective_limits(config);
        Self {
            name: Arc::from(config.name.as_str()),
            id: config.id,
            dynamic: start.dynamic,
            config: config.clone(),
            dial,
            stats: ServerStats::new(hub.workers),
            history: History::new(Instant::now(), operational.is_up()),
            max_sessions: AtomicU32::new(0),
            needed: AtomicU32::new(0),
            endpoint: ArcSwap::from_pointee(Endpoint {
                unknown: config.resolve.unresolved,
                ..Endpoint::new(config.address.clone(), config.port)
            }),
            hostname: ArcSwapOption::new(config.hostname.clone().map(Arc::new)),
            renamed: AtomicBool::new(false),
            resolvers: OnceLock::new(),
            cookie: ArcSwapOption::new(config.cookie.clone().map(Arc::new)),
            state: StateCell::new(start.admin, operational),
            checks: Checks::new(config, start.admin, start.checked),
            agent: Agent::new(config, start.checked),
            observer: Observer::default(),
            tracking: Tracking::default(),
            tls: AtomicBool::new(true),
            eligible: AtomicBool::new(false),
            user_weight: AtomicU32::new(config.weight),
            slowstart: SlowStart::new(config.slowstart.unwrap_or_default(), hub.started),
            maxconn: AtomicU32::new(maxconn),
            minconn: AtomicU32::new(minconn),
            served: Padded::default(),
            number: numbers.take(),
            idle: PerWorker::new(hub.workers),
            generation: AtomicU32::new(0),
            removed: AtomicBool::new(false),
            leaf: AtomicU32::new(u32::MAX),
            queue: Queue::default(),
            hub,
        }
    }

    /// Where to connect now.
    pub fn endpoint(&self) -> Arc<Endpoint> {
        self.endpoint.load_full()
    }

    /// Changes where to connect. Connections to the old place end with the exchange they are in.
    pub fn set_endpoint(&self, endpoint: Endpoint) {
        self.endpoint.store(Arc::new(endpoint));
        self.renounce_connections();
    }

    /// The name whose address it has, as it is now.
    pub fn hostname(&self) -> Option<Arc<String>> {
        self.hostname.load_full()
    }

    pub(crate) fn set_hostname(&self, name: Option<String>) {
        self.hostname.store(name.map(Arc::new));
    }

    /// Tells who resolves its name; once.
    pub(crate) fn set_resolvers(&self, resolvers: &Arc<Resolvers>) {
        let _ = self.resolvers.set(Arc::clone(resolvers));
    }

    /// It does not answer: perhaps its name has another address (configuration.txt, section 5.3.1).
    fn hurry_resolution(&self) {
        if let (Some(resolvers), Some(name)) = (self.resolvers.get(), self.hostname())
            && let Some(name) = HostName::new(&name)
        {
            resolvers.hurry(name, self.config.resolve.prefer);
        }
    }

    /// Gives it another name than its line does.
    pub(crate) fn rename(&self, name: &str) {
        self.set_hostname(Some(name.to_owned()));
        self.renamed.store(true, Ordering::Relaxed);
    }

    /// Another IP address, or none, at the same port.
    pub(crate) fn set_ip(&self, ip: Option<IpAddr>) {
        let mut endpoint = Endpoint::clone(&self.endpoint());
        if let Address::Inet(address) = &mut endpoint.address {
            address.set_ip(ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
            endpoint.unknown = ip.is_none();
            self.set_endpoint(endpoint);
        }
    }

    /// Another port of the same address; 0 is none.
    pub(crate) fn set_port(&self, port: u16) {
        let mut endpoint = Endpoint::clone(&self.endpoint());
        if let Address::Inet(address) = &mut endpoint.address {
            address.set_port(port);
            endpoint.port = if port == 0 { PortKind::Client } else { PortKind::Fixed };
            self.set_endpoint(endpoint);
        }
    }

    /// What the persistence cookie says for this server: what its line says, or what was made of its address.
    pub fn cookie(&self) -> Option<Arc<String>> {
        self.cookie.load_full()
    }

    pub(crate) fn set_cookie(&self, cookie: Option<String>) {
        self.cookie.store(cookie.map(Arc::new));
    }

    /// Whether the server was taken out of its backend. Streams that hold it finish on it.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Idle connections of all workers (`idle_conn_cur`).
    pub fn idle_connections(&self) -> u32 {
        self.idle.iter().map(IdleCount::sum).sum()
    }

    /// Idle connections of each worker: those that served one session so far, and those that served more.
    pub fn idle_by_worker(&self) -> Vec<(u32, u32)> {
        let counts = self.idle.iter();
        counts.map(|idle| (idle.once.load(Ordering::Relaxed), idle.reused.load(Ordering::Relaxed))).collect()
    }

    /// The number under which workers keep what they have of this server; another server gets it only when nobody
    /// holds this one.
    pub(crate) fn number(&self) -> usize {
        self.number.get()
    }

    /// Connections opened in an earlier generation must not be used for another request.
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Lets no connection that is open now serve another request. Workers close their idle ones when they come across
    /// them.
    pub(crate) fn renounce_connections(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// How many idle connections a worker has; only that worker may call it.
    pub(crate) fn set_idle(&self, worker: usize, once: u32, reused: u32) {
        let idle = self.idle.get(worker);
        idle.once.store(once, Ordering::Relaxed);
        idle.reused.store(reused, Ordering::Relaxed);
    }

    pub(crate) fn set_removed(&self) {
        self.removed.store(true, Ordering::Release);
        self.checks.changed.notify_one();
        self.agent.changed.notify_one();
        self.eligible.store(false, Ordering::Release);
        self.renounce_connections();
    }

    /// Administrative state.
    pub fn admin_state(&self) -> AdminState {
        self.state.admin()
    }

    /// Operational state.
    pub fn operational_state(&self) -> OperationalState {
        self.state.operational()
    }

    /// Its state as the statistics say it.
    pub fn status(&self) -> ServerStatus {
        let admin = self.admin_state();
        if admin.intersects(AdminState::RMAINT) {
            return ServerStatus::MaintResolution;
        }
        if admin.intersects(AdminState::MAINT) {
            let tracked = self.tracking.tracked().filter(|_| admin.intersects(AdminState::IMAINT));
            return tracked.map_or(ServerStatus::Maint, |tracked| ServerStatus::MaintVia(Arc::clone(&tracked.name)));
        }
        let end = self.chain_end();
        let health = end.health();
        let (at, of) = health.map_or((0, 0), |health| health.progress());
        match self.operational_state() {
            OperationalState::Stopped if end.agent.says_down() => ServerStatus::DownByAgent,
            OperationalState::Stopped => ServerStatus::Down { at, of },
            OperationalState::Stopping => ServerStatus::NoLb { at, of },
            _ if admin.intersects(AdminState::DRAIN) && end.agent.is_enabled() => ServerStatus::DrainWithAgent,
            _ if admin.intersects(AdminState::DRAIN) => ServerStatus::Drain,
            _ if health.is_none() => ServerStatus::NoCheck,
            _ => ServerStatus::Up { at, of },
        }
    }

    /// Whether a check of it is under way.
    pub fn is_being_checked(&self) -> bool {
        self.checks.is_running()
    }

    /// How many connections it is thought to need: the most sessions at the same time of late (`need_conn_est`).
    pub fn connections_needed(&self) -> u32 {
        self.needed.load(Ordering::Relaxed)
    }

    /// A few seconds are over: the estimate of needed connections follows what was used.
    pub(crate) fn estimate_need(&self, used: u32) {
        self.needed.store(used, Ordering::Relaxed);
    }

    /// Whether sessions may be sent to the server at all (persistence included): up, not in maintenance and not taken
    /// out of its backend.
    pub fn is_usable(&self) -> bool {
        !self.is_removed() && self.state.operational().is_up() && !self.state.admin().intersects(AdminState::MAINT)
    }

    /// Whether the server may get sessions without persistence: usable, not about to stop, not draining, weight above
    /// 0.
    pub fn takes_new(&self) -> bool {
        self.is_usable() && self.state.operational() != OperationalState::Stopping && !self.is_draining()
    }

    /// Whether it is in no drain state: whether its going is an alert.
    pub(crate) fn was_serving(&self) -> bool {
        !self.state.admin().intersects(AdminState::DRAIN)
    }

    /// Whether the server is in drain state, or its weight is 0.
    pub fn is_draining(&self) -> bool {
        self.state.admin().intersects(AdminState::DRAIN) || self.weight() == 0
    }

    /// TLS towards the server, unless it has none or `set server ... ssl off` said so.
    pub fn tls(&self) -> Option<&TlsClientConfig> {
        self.dial.tls.as_ref().filter(|_| self.tls.load(Ordering::Relaxed))
    }

    /// Switches TLS on or off for new connections, where the line says `ssl`.
    pub(crate) fn set_tls(&self, on: bool) {
        if self.tls.swap(on, Ordering::AcqRel) != on {
            self.renounce_connections();
        }
    }

    /// Whether the server is one of those the balancer chooses among now.
    pub fn is_eligible(&self) -> bool {
        self.eligible.load(Ordering::Acquire)
    }

    /// Whether the line says `backup`.
    pub fn is_backup(&self) -> bool {
        self.config.backup
    }

    /// The weight that was configured or set.
    pub fn weight(&self) -> u32 {
        self.user_weight.load(Ordering::Relaxed)
    }

    /// The weight in use, rounded up: less than [`Server::weight`] while the server comes back slowly (`slowstart`).
    pub fn effective_weight(&self) -> u32 {
        self.share().div_ceil(STEPS)
    }

    /// The weight in use, in sixteenths.
    pub(crate) fn share(&self) -> u32 {
        // Static algorithms do not follow.
        let steps = if self.hub.balancer.is_dynamic() { self.slowstart.steps() } else { STEPS };
        self.weight().saturating_mul(steps)
    }

    /// How much of the weight is in use, in percent, while the server comes back slowly (`throttle`).
    pub fn throttle(&self) -> Option<u32> {
        (self.operational_state() == OperationalState::Starting && !self.is_draining())
            .then(|| (100 * self.share()).div_ceil(STEPS) / self.weight().max(1))
    }

    /// Takes the time into account while the server comes back slowly. Says whether its weight or its limit changed.
    pub(crate) fn rise(&self, now: Instant) -> bool {
        if !self.slowstart.is_rising() {
            return false;
        }
        let changed = self.slowstart.rise(now);
        if !self.slowstart.is_rising() && self.state.operational() == OperationalState::Starting {
            self.state.set_operational(OperationalState::Running);
            self.history.changed(now, true);
        }
        changed
    }

    /// Whether it comes back slowly now.
    pub(crate) fn is_rising(&self) -> bool {
        self.slowstart.is_rising()
    }

    /// Sessions that hold a slot now (`scur`).
    pub fn current(&self) -> u32 {
        self.served.load(Ordering::SeqCst)
    }

    /// The most sessions that held a slot at the same time (`smax`).
    pub fn peak(&self) -> u32 {
        self.max_sessions.load(Ordering::Relaxed)
    }

    /// `clear counters`, with `all` or without.
    pub fn clear_counters(&self, all: bool) {
        self.stats.clear(all);
        self.max_sessions.store(0, Ordering::Relaxed);
        self.queue.clear_max();
        if all {
            self.history.clear();
        }
    }

    /// Sessions that wait in this server's own queue (`qcur`).
    pub fn queued(&self) -> u32 {
        self.queue.pending()
    }

    /// The configured `maxconn`; 0 is unlimited.
    pub fn maxconn(&self) -> u32 {
        self.maxconn.load(Ordering::Relaxed)
    }

    /// How many sessions may be open now; `None` is unlimited (configuration.txt, `minconn`, `fullconn` and
    /// `slowstart`).
    pub fn session_limit(&self) -> Option<u32> {
        self.limit_by_load().map(|limit| self.slowstart.limit(limit))
    }

    fn limit_by_load(&self) -> Option<u32> {
        let maxconn = self.maxconn.load(Ordering::Relaxed);
        let minconn = self.minconn.load(Ordering::Relaxed);
        if maxconn == 0 {
            return None;
        }
        if minconn >= maxconn {
            return Some(maxconn);
        }
        let fullconn = self.hub.fullconn();
        if fullconn == 0 {
            return Some(maxconn);
        }
        let sessions = self.hub.sessions();
        if sessions >= fullconn {
            return Some(maxconn);
        }
        let ramp = u64::from(maxconn) * u64::from(sessions) / u64::from(fullconn);
        Some(minconn.max(u32::try_from(ramp).unwrap_or(maxconn)))
    }

    /// Sessions and waiters in relation to the weight: what `leastconn` and `random` compare.
    ///
    /// As HAProxy does, a busy server counts as if the new session were on it already, an idle one as 0, so that idle
    /// servers are used in turns whatever their weights.
    pub fn relative_load(&self) -> u64 {
        const SCALE: u64 = 1 << 12;
        match u64::from(self.current()) + u64::from(self.queued()) {
            0 => 0,
            load => (load + 1) * SCALE * u64::from(STEPS) / u64::from(self.share().max(1)),
        }
    }

    /// Whether a new session would have to wait.
    pub fn is_full(&self) -> bool {
        self.session_limit().is_some_and(|limit| self.current() >= limit)
    }

    /// Whether this server's own queue takes one more (configuration.txt, `maxqueue`).
    pub fn queue_has_room(&self) -> bool {
        self.config.maxqueue == 0 || self.queue.pending() < self.config.maxqueue
    }

    /// What the checks found so far; `None` for a server without `check`.
    pub fn health(&self) -> Option<Health> {
        self.checks.are_enabled().then(|| self.checks.health())
    }

    /// Whether its checks let it be up, if there are any.
    pub(crate) fn health_allows_up(&self) -> bool {
        self.health().is_none_or(|health| health.is_up())
    }

    /// Result of the last check.
    pub fn last_check(&self) -> Option<CheckResult> {
        self.checks.last()
    }

    /// Counts a result in.
    pub(crate) fn record_check(&self, result: &CheckResult) -> (Observed, Health) {
        let passed = result.status.passed();
        let (was_up, observed, health) = self.checks.change_health(|health| {
            let was_up = health.is_up();
            let observed = health.observe(passed);
            (was_up, observed, *health)
        });
        self.checks.set_last(result);
        if result.status == CheckStatus::L4Timeout {
            self.hurry_resolution();
        }
        if !passed && was_up {
            self.history.count_failed_check();
        }
        (observed, health)
    }

    pub(crate) fn set_admin(&self, set: AdminState, clear: AdminState) -> AdminState {
        // As in HAProxy: that the name was changed shows with the next change of state.
        let renamed = self.renamed.load(Ordering::Relaxed);
        let set = if renamed { set.union(AdminState::HMAINT) } else { set };
        self.state.set_admin(set, clear)
    }

    pub(crate) fn set_operational(&self, state: OperationalState) {
        let before = self.state.operational();
        // Only a server that was seen down comes back slowly.
        let slowly = state == OperationalState::Running && !before.is_up() && self.slowstart.begin(Instant::now());
        if !slowly {
            self.slowstart.end();
        }
        self.state.set_operational(if slowly { OperationalState::Starting } else { state });
        if before.is_up() != state.is_up() {
            self.history.changed(Instant::now(), state.is_up());
        }
    }

    /// Enters or leaves maintenance: the health and the checks follow.
    pub(crate) fn set_maintenance(&self, on: bool) {
        if on {
            // Of one that is down already HAProxy keeps how far it was.
            if self.operational_state().is_up() {
                self.checks.change_health(Health::reset_down);
            }
            // Nothing of it is kept.
            self.renounce_connections();
        } else if self.checks.are_enabled() {
            self.checks.change_health(Health::reset_up);
        }
        self.checks.pause(on);
        let state = match self.tracking.tracked() {
            _ if on => OperationalState::Stopped,
            Some(tracked) => tracked.server.operational_state(),
            None if self.agent.says_down() => OperationalState::Stopped,
            None => OperationalState::Running,
        };
        self.set_operational(state);
    }

    /// Changes the limit of sessions; a limit that does not depend on the load stays so.
    pub(crate) fn set_maxconn(&self, maxconn: u32) {
        if self.minconn.load(Ordering::Relaxed) == self.maxconn.swap(maxconn, Ordering::Relaxed) {
            self.minconn.store(maxconn, Ordering::Relaxed);
        }
        self.load_changed();
    }

    pub(crate) fn set_weight(&self, weight: u32) {
        self.user_weight.store(weight, Ordering::Relaxed);
    }

    pub(crate) fn set_eligible(&self, eligible: bool) {
        self.eligible.store(eligible, Ordering::Release);
    }

    /// Takes one session slot if the limit allows.
    pub(crate) fn try_take(&self) -> bool {
        let taken = match self.session_limit() {
            None => Some(self.served.fetch_add(1, Ordering::SeqCst)),
            Some(limit) => self
                .served
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |served| (served < limit).then_some(served + 1))
                .ok(),
        };
        if let Some(before) = taken {
            let now = before.saturating_add(1);
            // A plain load first: the maximum rarely moves and its line stays shared.
            if now > self.max_sessions.load(Ordering::Relaxed) {
                self.max_sessions.fetch_max(now, Ordering::Relaxed);
            }
            self.hub.balancer.session_begins();
            self.load_changed();
        }
        taken.is_some()
    }

    /// Gives one slot back, without looking at the queues.
    pub(crate) fn untake(&self) {
        self.served.fetch_sub(1, Ordering::SeqCst);
        self.hub.balancer.session_ends();
        self.load_changed();
    }

    /// Tells the balancer that the number of sessions or of waiters changed.
    pub(crate) fn load_changed(&self) {
        self.hub.balancer.load_changed(self);
    }
}

/// `minconn` alone sets `maxconn` too; a `minconn` above `maxconn` is lowered to it.
fn effective_limits(config: &ServerConfig) -> (u32, u32) {
    match (config.minconn, config.maxconn) {
        (0, maxconn) => (maxconn, maxconn),
        (minconn, 0) => (minconn, minconn),
        (minconn, maxconn) if minconn > maxconn => (maxconn, maxconn),
        limits => limits,
    }
}
