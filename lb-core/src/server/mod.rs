//! A server: administrative and operational state, counters, health checks.
//!
//! A [`Server`] is shared by every worker thread. What changes often (sessions, state, weight) is atomic; what changes
//! rarely and is large (the address) is swapped whole. Sessions are taken and given back through
//! [`crate::backend::Backend::try_assign`] and [`crate::backend::ServerSlot`] only.

pub mod check;
mod dial;
pub mod event;
pub mod health;
mod history;
mod number;
mod state;
mod status;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;

pub use dial::Dial;
pub use event::ServerEvent;
pub use history::History;
pub use number::Numbers;
pub use state::{AdminState, OperationalState};
pub use status::ServerStatus;

use crate::backend::{Hub, Queue};
use crate::config::model::{Address, PortKind, ServerConfig};
use health::{CheckResult, DEFAULT_FALL, DEFAULT_RISE, Health, Observed};
use number::Number;
use state::StateCell;

use crate::stats::{Padded, ServerStats};

/// Where connections to a server go; swapped whole when it changes at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// Whether the port is fixed or follows the client's.
    pub port: PortKind,
}

/// A server of a backend (configuration.txt, section 5.2).
#[derive(Debug)]
pub struct Server {
    /// Name.
    pub name: Arc<str>,
    /// `id`, or the number given automatically.
    pub id: u32,
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
    being_checked: AtomicBool,
    endpoint: ArcSwap<Endpoint>,
    state: StateCell,
    /// What checks found; only for a server with `check`.
    checked: Option<Mutex<Checked>>,
    /// Whether the balancer may choose it now: up, not in maintenance or drain, weight above 0, and not a backup
    /// server that is not needed.
    eligible: AtomicBool,
    user_weight: AtomicU32,
    maxconn: AtomicU32,
    minconn: AtomicU32,
    served: Padded<AtomicU32>,
    number: Number,
    /// Idle connections of all workers.
    idle: AtomicU32,
    generation: AtomicU32,
    removed: AtomicBool,
    /// Its place in the tree of `balance leastconn`.
    pub(crate) leaf: AtomicU32,
    pub(crate) queue: Queue,
    pub(crate) hub: Arc<Hub>,
}

#[derive(Debug)]
struct Checked {
    health: Health,
    last: Option<CheckResult>,
}

impl Server {
    pub(crate) fn new(config: &ServerConfig, dial: Dial, numbers: &Arc<Numbers>, hub: Arc<Hub>) -> Self {
        let admin = if config.disabled { AdminState::CMAINT } else { AdminState::default() };
        // A server in maintenance is also down: `show servers state` says 0 for it.
        let operational = if config.disabled { OperationalState::Stopped } else { OperationalState::Running };
        let (minconn, maxconn) = effective_limits(config);
        let mut health = Health::new(config.rise.unwrap_or(DEFAULT_RISE), config.fall.unwrap_or(DEFAULT_FALL));
        if config.disabled {
            health.reset_down();
        }
        Self {
            name: Arc::from(config.name.as_str()),
            id: config.id,
            config: config.clone(),
            dial,
            stats: ServerStats::new(hub.workers),
            history: History::new(hub.started, operational.is_up()),
            max_sessions: AtomicU32::new(0),
            needed: AtomicU32::new(0),
            being_checked: AtomicBool::new(false),
            endpoint: ArcSwap::from_pointee(Endpoint { address: config.address.clone(), port: config.port }),
            state: StateCell::new(admin, operational),
            checked: config.check.then(|| Mutex::new(Checked { health, last: None })),
            eligible: AtomicBool::new(false),
            user_weight: AtomicU32::new(config.weight),
            maxconn: AtomicU32::new(maxconn),
            minconn: AtomicU32::new(minconn),
            served: Padded::default(),
            number: numbers.take(),
            idle: AtomicU32::new(0),
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

    /// Whether the server was taken out of its backend. Streams that hold it finish on it.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Idle connections of all workers (`idle_conn_cur`).
    pub fn idle_connections(&self) -> u32 {
        self.idle.load(Ordering::Relaxed)
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

    pub(crate) fn count_idle(&self, change: i32) {
        if change < 0 {
            self.idle.fetch_sub(change.unsigned_abs(), Ordering::Relaxed);
        } else {
            self.idle.fetch_add(change.unsigned_abs(), Ordering::Relaxed);
        }
    }

    pub(crate) fn set_removed(&self) {
        self.removed.store(true, Ordering::Release);
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
        if admin.intersects(AdminState::MAINT) {
            let resolution = admin.intersects(AdminState::RMAINT);
            return if resolution { ServerStatus::MaintResolution } else { ServerStatus::Maint };
        }
        let health = self.health();
        let (at, of) = health.map_or((0, 0), |health| health.progress());
        match self.operational_state() {
            OperationalState::Stopped => ServerStatus::Down { at, of },
            _ if admin.intersects(AdminState::DRAIN) => ServerStatus::Drain,
            OperationalState::Stopping => ServerStatus::NoLb { at, of },
            _ if health.is_none() => ServerStatus::NoCheck,
            _ => ServerStatus::Up { at, of },
        }
    }

    /// Whether a check of it is under way.
    pub fn is_being_checked(&self) -> bool {
        self.being_checked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_being_checked(&self, checked: bool) {
        self.being_checked.store(checked, Ordering::Relaxed);
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

    /// Whether the server may get sessions without persistence: usable, not draining, weight above 0.
    pub fn takes_new(&self) -> bool {
        self.is_usable() && !self.state.admin().intersects(AdminState::DRAIN) && self.weight() > 0
    }

    /// Whether the server is one of those the balancer chooses among now.
    pub fn is_eligible(&self) -> bool {
        self.eligible.load(Ordering::Acquire)
    }

    /// Whether the line says `backup`.
    pub fn is_backup(&self) -> bool {
        self.config.backup
    }

    /// Weight in use.
    pub fn weight(&self) -> u32 {
        self.user_weight.load(Ordering::Relaxed)
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

    /// How many sessions may be open now; `None` is unlimited (configuration.txt, `minconn` and `fullconn`).
    pub fn session_limit(&self) -> Option<u32> {
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
            load => (load + 1) * SCALE / u64::from(self.weight().max(1)),
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

    /// What the checks found so far; `None` for a server without `check`, which is always up.
    pub fn health(&self) -> Option<Health> {
        self.lock_checked().map(|checked| checked.health)
    }

    /// Result of the last check.
    pub fn last_check(&self) -> Option<CheckResult> {
        self.lock_checked().and_then(|checked| checked.last.clone())
    }

    fn lock_checked(&self) -> Option<MutexGuard<'_, Checked>> {
        self.checked.as_ref().map(|checked| checked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn with_health(&self, change: impl FnOnce(&mut Health)) {
        if let Some(mut checked) = self.lock_checked() {
            change(&mut checked.health);
        }
    }

    /// Counts a result in; `None` for a server without `check`.
    pub(crate) fn record_check(&self, result: &CheckResult) -> Option<(Observed, Health)> {
        let mut checked = self.lock_checked()?;
        let passed = result.status.passed();
        if !passed && checked.health.is_up() {
            self.history.count_failed_check();
        }
        let observed = checked.health.observe(passed);
        if observed.transition == Some(health::Transition::Down) {
            self.history.count_down();
        }
        checked.last = Some(result.clone());
        Some((observed, checked.health))
    }

    pub(crate) fn set_admin(&self, set: AdminState, clear: AdminState) -> AdminState {
        self.state.set_admin(set, clear)
    }

    pub(crate) fn set_operational(&self, state: OperationalState) {
        let before = self.state.operational();
        self.state.set_operational(state);
        if before.is_up() != state.is_up() {
            self.history.changed(Instant::now(), state.is_up());
        }
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
            self.load_changed();
        }
        taken.is_some()
    }

    /// Gives one slot back, without looking at the queues.
    pub(crate) fn untake(&self) {
        self.served.fetch_sub(1, Ordering::SeqCst);
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
