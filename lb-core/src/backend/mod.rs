//! Stage 4: a backend, its queue, and the choice of a server for a stream.
//!
//! [`Backend::try_assign`] is the whole of it for the data path: it gives a server with a [`ServerSlot`], a [`Ticket`]
//! to wait with, or nothing. It takes no lock unless somebody has to wait, and does no I/O.

mod agent;
mod changes;
mod cookies;
mod following;
mod hub;
mod membership;
mod queue;
mod resolution;
mod restore;
mod slot;
mod ticket;

#[cfg(test)]
pub(crate) mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

pub use changes::{AdminChange, HealthChange, HealthReport};
pub use hub::Hub;
pub use membership::AddServerError;
pub use queue::{Priority, Queue};
pub use slot::ServerSlot;
pub use ticket::{QueueError, Ticket};

use crate::balance::{Balancer, Candidate, Key, Pick};
use crate::config::model::{CheckProtocol, ProxyConfig, ProxyKind, ServerConfig, Source};
use crate::server::check::{External, Script};
use crate::server::{Dial, History, Numbers, Server, Start};
use crate::stats::BackendStats;
use queue::Turn;
use ticket::Waits;

/// Where a backend's connections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To one of its servers.
    Servers,
    /// To this address (`dispatch`).
    Dispatch(SocketAddr),
    /// To the address the client connected to (`option transparent`).
    Transparent,
}

/// What checks of a backend's servers have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckSettings {
    pub(crate) timeout_connect: Option<Duration>,
    pub(crate) timeout_check: Option<Duration>,
    pub(crate) log_health_checks: bool,
    pub(crate) source: Option<Source>,
    /// What is said and expected.
    pub(crate) script: Script,
    /// The command that does it instead.
    pub(crate) external: Option<External>,
}

/// A backend, or the backend half of a `listen` section.
#[derive(Debug)]
pub struct Backend {
    /// Section name.
    pub name: Arc<str>,
    /// `id`, or the number given automatically.
    pub id: u32,
    /// Where connections go.
    pub target: Target,
    /// Servers in order of the configuration; replaced as a whole when one comes or goes.
    servers: ArcSwap<Vec<Arc<Server>>>,
    /// Counters and rates.
    pub stats: BackendStats,
    /// When and how often it had no usable server.
    pub history: History,
    hub: Arc<Hub>,
    cookies: cookies::Cookies,
    /// Some server takes the address it is connected from out of requests.
    header_sources: AtomicBool,
    allbackups: bool,
    backend_only: bool,
    check_settings: CheckSettings,
    /// How many servers are chosen among.
    eligible: AtomicUsize,
    /// What the balancer chooses from. Its lock serialises the state changes, which rebuild it.
    candidates: Mutex<Vec<Candidate>>,
}

/// What the choice of a server depends on.
#[derive(Clone, Debug, Default)]
pub struct AssignRequest {
    /// The client's address, for `balance source`.
    pub source: Option<IpAddr>,
    /// What was made of the key that `balance` names, where the request has it.
    pub hash: Option<u64>,
    /// A server to avoid while there is another one: the one that just failed (redispatch).
    pub exclude: Option<Arc<Server>>,
    /// The server to use whatever its state: a retry, later persistence.
    pub force: Option<Arc<Server>>,
    /// `force` is more than a wish: where its queue is full, too, it is left only with `option redispatch`.
    pub strict: bool,
    /// `force` holds though that server is down, for those who wait, too (`option persist`, `force-persist`).
    pub persists: bool,
    /// Its place among those that wait.
    pub priority: Priority,
}

/// Outcome of [`Backend::try_assign`].
#[derive(Debug)]
pub enum Assign {
    /// A server with room.
    Server(Assignment),
    /// Every server is full, or the only right one is.
    Queue(Ticket),
    /// The only right server is full and so is its queue (`maxqueue`): 503, `SQ`.
    QueueFull(Arc<Server>),
    /// No server is available: 503, `SC`.
    None,
}

/// A server chosen for a stream.
#[derive(Debug)]
pub struct Assignment {
    /// The server.
    pub server: Arc<Server>,
    /// Holds the session on it; drop it when the stream ends.
    pub slot: ServerSlot,
    /// Requests processed before this one in the server's queue (`%sq`).
    pub server_queue: u64,
    /// Requests processed before this one in the backend's queue (`%bq`).
    pub backend_queue: u64,
}

impl Assignment {
    fn immediate(slot: ServerSlot) -> Self {
        Self { server: Arc::clone(slot.server()), slot, server_queue: 0, backend_queue: 0 }
    }
}

/// Counts one session of a backend, from the choice of the backend to the end of the stream; `fullconn` works on it.
#[derive(Debug)]
pub struct BackendSession {
    hub: Arc<Hub>,
    shard: usize,
}

impl Drop for BackendSession {
    fn drop(&mut self) {
        self.hub.leave(self.shard);
    }
}

impl Drop for Backend {
    /// The balancer knows the servers, and each server knows the hub with the balancer: a ring that would never be freed.
    fn drop(&mut self) {
        self.hub.balancer.rebuild(&[]);
    }
}

impl Backend {
    /// Builds a backend with its servers in their initial state, to which connections have no options. `fullconn` is
    /// computed by the topology where the configuration does not say it: see [`Backend::set_fullconn`]. `workers`
    /// threads will count in its statistics.
    pub fn new(config: &ProxyConfig, workers: usize) -> Self {
        let dials = config.servers.iter().map(|_| Dial::default()).collect();
        Self::with_dials(config, dials, &Arc::default(), workers)
    }

    /// The same with how to connect to each server of the section.
    pub fn with_dials(config: &ProxyConfig, dials: Vec<Dial>, numbers: &Arc<Numbers>, workers: usize) -> Self {
        let target = match config.dispatch {
            Some(address) if config.servers.is_empty() => Target::Dispatch(address),
            _ if config.options.transparent && config.servers.is_empty() => Target::Transparent,
            _ => Target::Servers,
        };
        let hub = Arc::new(Hub::new(
            Balancer::new(config),
            config.fullconn.unwrap_or(0),
            config.redispatch.is_some_and(|every| every != 0),
            workers,
        ));
        let header_sources = dials.iter().any(|dial| dial.options.header_source().is_some());
        let server = |(line, dial): (&ServerConfig, Dial)| {
            Arc::new(Server::new(line, Start::new(line), dial, numbers, Arc::clone(&hub)))
        };
        let backend = Self {
            name: Arc::from(config.name.as_str()),
            id: config.id,
            target,
            servers: ArcSwap::from_pointee(config.servers.iter().zip(dials).map(server).collect()),
            stats: BackendStats::new(workers),
            history: History::new(hub.started, true),
            hub,
            cookies: cookies::Cookies::new(config),
            header_sources: AtomicBool::new(header_sources),
            allbackups: config.options.allbackups,
            backend_only: config.kind == ProxyKind::Backend,
            check_settings: CheckSettings {
                timeout_connect: config.timeouts.connect,
                timeout_check: config.timeouts.check,
                log_health_checks: config.options.log_health_checks,
                source: config.source.clone(),
                script: Script::new(&config.checks),
                external: (config.checks.protocol == CheckProtocol::External).then(|| External::new(config)).flatten(),
            },
            eligible: AtomicUsize::new(0),
            candidates: Mutex::default(),
        };
        backend.rebuild(&mut backend.lock_state());
        backend.refresh_cookies();
        backend
    }

    /// The servers, in order of the configuration, as they are now.
    pub fn servers(&self) -> Arc<Vec<Arc<Server>>> {
        self.servers.load_full()
    }

    /// The server of that name.
    pub fn server(&self, name: &str) -> Option<Arc<Server>> {
        self.servers.load().iter().find(|server| &*server.name == name).cloned()
    }

    /// Whether some server takes the address it is connected from out of requests (`usesrc hdr_ip`).
    pub(crate) fn has_header_sources(&self) -> bool {
        self.header_sources.load(Ordering::Relaxed)
    }

    fn note_header_source(&self, dial: &Dial) {
        self.header_sources.fetch_or(dial.options.header_source().is_some(), Ordering::Relaxed);
    }

    /// Whether a server is, or was, one of this backend.
    pub(crate) fn owns(&self, server: &Server) -> bool {
        Arc::ptr_eq(&self.hub, &server.hub)
    }

    /// Sets `fullconn`, which defaults to a tenth of the sum of the `maxconn` of the frontends that may lead here.
    pub fn set_fullconn(&self, fullconn: u32) {
        self.hub.set_fullconn(fullconn);
    }

    /// Counts a session in; drop the guard when its stream ends.
    pub fn enter(&self) -> BackendSession {
        BackendSession { hub: Arc::clone(&self.hub), shard: self.hub.enter() }
    }

    /// Sessions of the backend now, waiting ones included (`scur`), as far as they were counted by
    /// [`Backend::enter`].
    pub fn sessions(&self) -> u32 {
        self.hub.sessions()
    }

    /// The most sessions at the same time (`smax`).
    pub fn peak_sessions(&self) -> u32 {
        self.hub.peak()
    }

    /// `fullconn` (`slim`).
    pub fn fullconn(&self) -> u32 {
        self.hub.fullconn()
    }

    /// `clear counters`, with `all` or without; the servers' are theirs.
    pub fn clear_counters(&self, all: bool) {
        self.stats.clear(all);
        self.hub.clear_peak();
        self.hub.queue.clear_max();
        if all {
            self.history.clear();
        }
    }

    /// A second of the calling worker is over.
    pub(crate) fn second_over(&self) {
        self.hub.forget_record();
    }

    /// The queue of streams that any server may take (`qcur`).
    pub fn queue(&self) -> &Queue {
        &self.hub.queue
    }

    /// Chooses a server for a stream, or a queue to wait in.
    pub fn try_assign(self: &Arc<Self>, request: &AssignRequest) -> Assign {
        if let Some(server) = request.force.as_ref().filter(|server| !server.is_removed()) {
            if let Some(slot) = ServerSlot::take(server) {
                return Assign::Server(Assignment::immediate(slot));
            }
            if server.is_usable() || request.persists {
                match self.queue_on(server, request) {
                    Some(ticket) => return Assign::Queue(ticket),
                    None if request.strict && !self.hub.redispatch => return Assign::QueueFull(Arc::clone(server)),
                    None => {}
                }
            }
        }
        // Who waits already goes first. Only keys have a server of their own.
        let in_turn = self.hub.queue.pending() > 0 && !self.hub.balancer.is_deterministic();
        if in_turn && self.eligible.load(Ordering::Relaxed) > 0 {
            let own = self.hub.balancer.waits_for().and_then(|server| self.queue_on(&server, request));
            return own.map_or_else(|| self.queue_here(request), Assign::Queue);
        }
        let key = Key { source: request.source, hash: request.hash, exclude: request.exclude.as_ref() };
        match self.hub.balancer.pick(&key) {
            Pick::Taken(slot) => Assign::Server(Assignment::immediate(slot)),
            Pick::Wait(server) => match self.queue_on(&server, request) {
                Some(ticket) => Assign::Queue(ticket),
                None if self.hub.balancer.is_deterministic() => Assign::QueueFull(server),
                None => self.queue_here(request),
            },
            Pick::Full => self.queue_here(request),
            Pick::None => Assign::None,
        }
    }

    /// Joins the queue of one server, unless it holds `maxqueue` waiters.
    fn queue_on(self: &Arc<Self>, server: &Arc<Server>, request: &AssignRequest) -> Option<Ticket> {
        let persists = request.persists && request.force.as_ref().is_some_and(|force| Arc::ptr_eq(force, server));
        let place = server.queue.push(server.config.maxqueue, request.priority, persists)?;
        server.room_changed();
        let ticket = Ticket::new(Arc::clone(self), Waits::Server(Arc::clone(server)), request.clone(), place);
        // A slot may have come free, or the server may have gone, before we were in the queue.
        if server.is_removed() {
            server.queue.evict();
        } else {
            if !server.is_usable() && self.hub.redispatch {
                server.queue.redistribute();
            }
            slot::serve_waiters(server, Turn::Own);
        }
        Some(ticket)
    }

    /// Joins the backend's queue.
    fn queue_here(self: &Arc<Self>, request: &AssignRequest) -> Assign {
        let Some(place) = self.hub.queue.push(0, request.priority, false) else { return Assign::None };
        let ticket = Ticket::new(Arc::clone(self), Waits::Backend, request.clone(), place);
        // A slot may have come free before we were in the queue.
        for server in self.servers.load().iter() {
            if self.hub.queue.pending() == 0 {
                break;
            }
            slot::serve_waiters(server, Turn::Own);
        }
        Assign::Queue(ticket)
    }

    /// Whether the same key always leads to the same server (`balance source`, `uri` and others).
    pub fn is_deterministic(&self) -> bool {
        self.hub.balancer.is_deterministic()
    }

    /// Whether a server's weight may be changed to any value (`balance`: dynamic algorithms).
    pub fn has_dynamic_weights(&self) -> bool {
        self.hub.balancer.is_dynamic()
    }

    pub(crate) fn check_settings(&self) -> &CheckSettings {
        &self.check_settings
    }

    fn lock_state(&self) -> MutexGuard<'_, Vec<Candidate>> {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Recomputes which servers are chosen among (configuration.txt, `backup` and `option allbackups`): the active
    /// ones; where there is none, the first backup server, or all of them.
    fn rebuild(&self, current: &mut Vec<Candidate>) {
        let servers = self.servers.load();
        let of_kind =
            |backup: bool| servers.iter().filter(move |server| server.is_backup() == backup && server.takes_new());
        let mut chosen: Vec<&Arc<Server>> = of_kind(false).collect();
        if chosen.is_empty() {
            chosen = of_kind(true).take(if self.allbackups { usize::MAX } else { 1 }).collect();
        }
        let candidates: Vec<Candidate> =
            chosen.into_iter().map(|server| Candidate { weight: server.share(), server: Arc::clone(server) }).collect();
        // Both are in the same order.
        let mut expected = candidates.iter().peekable();
        for server in servers.iter() {
            let next = expected.next_if(|candidate| Arc::ptr_eq(&candidate.server, server));
            server.set_eligible(next.is_some());
        }
        let before = self.eligible.swap(candidates.len(), Ordering::Relaxed);
        if !servers.is_empty() && before.min(1) != candidates.len().min(1) {
            self.history.changed(Instant::now(), !candidates.is_empty());
            if candidates.is_empty() {
                self.history.count_down();
            }
        }
        if candidates != *current {
            self.hub.balancer.rebuild(&candidates);
            *current = candidates;
        }
        self.serve_all(Turn::Change);
    }
}
