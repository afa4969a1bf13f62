//! A server: administrative and operational state, counters, health checks.
//!
//! A [`Server`] is shared by every worker thread. What changes often (sessions, state, weight) is atomic; what changes
//! rarely and is large (the address) is swapped whole. Sessions are taken and given back through
//! [`crate::backend::Backend::try_assign`] and [`crate::backend::ServerSlot`] only.
//!
//! Its methods by concept: `endpoint` (where connections go), `availability` (states and what checks make of them),
//! `sessions` (how many there may be), `weight`, `idle` (connections that are kept).

pub(crate) mod agent;
mod availability;
pub mod check;
mod checks;
mod dial;
mod endpoint;
pub mod event;
pub mod health;
mod history;
mod idle;
mod number;
pub(crate) mod observe;
mod sessions;
mod slowstart;
mod state;
mod status;
mod tracking;
mod weight;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};

pub use agent::{Agent, AgentTarget};
pub use checks::{CheckTarget, Checks};
pub use dial::Dial;
pub use endpoint::Endpoint;
pub use event::ServerEvent;
pub use history::History;
pub use number::Numbers;
pub use state::{AdminState, OperationalState};
pub use status::ServerStatus;
pub use tracking::{Tracked, Tracking};

use crate::backend::{Hub, Queue};
use crate::config::model::ServerConfig;
use crate::resolve::Resolvers;
use crate::stats::{Padded, PerWorker, ServerStats};
use idle::IdleCount;
use number::Number;
use observe::Observer;
use sessions::effective_limits;
pub(crate) use slowstart::STEPS;
use slowstart::SlowStart;
use state::StateCell;
pub(crate) use weight::Risen;

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
    /// What is in use of the weight, in sixteenths.
    share: AtomicU32,
    /// The weight, and what is in use of it, that were told last.
    told_weight: AtomicU64,
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
            // The weight of one that comes at run time is in use when its maintenance ends.
            share: AtomicU32::new(if start.dynamic && start.admin.intersects(AdminState::MAINT) {
                STEPS
            } else {
                config.weight.saturating_mul(STEPS)
            }),
            told_weight: AtomicU64::new(weight::both(config.weight, config.weight)),
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

    /// What the persistence cookie says for this server: what its line says, or what was made of its address.
    pub fn cookie(&self) -> Option<Arc<String>> {
        self.cookie.load_full()
    }

    pub(crate) fn set_cookie(&self, cookie: Option<String>) {
        self.cookie.store(cookie.map(Arc::new));
    }

    /// The number under which workers keep what they have of this server; another server gets it only when nobody
    /// holds this one.
    pub(crate) fn number(&self) -> usize {
        self.number.get()
    }

    /// Whether the line says `backup`.
    pub fn is_backup(&self) -> bool {
        self.config.backup
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
}
