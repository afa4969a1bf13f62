//! Stage 5: load-balancing algorithms, one file each.
//!
//! A [`Balancer`] is told which servers take part ([`Balancer::rebuild`], rare, under the backend's state lock) and
//! then asked for one of them by every thread ([`Balancer::pick`], no lock). It knows nothing of queues or sockets.

mod bounded;
mod first;
mod hash;
mod hashed;
mod leastconn;
mod own;
mod random;
mod ring;
mod rotation;
mod roundrobin;
mod schedule;
mod static_rr;
mod turns;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use crate::backend::ServerSlot;
use crate::config::model::{self, HashMethod, ProxyConfig};
use crate::server::Server;
use bounded::Bounded;
use first::First;
pub(crate) use hash::hash_key;
use hashed::Hashed;
use leastconn::LeastConn;
use own::Own;
pub use own::{Balance, Choice, OwnBalance, Request, ServerView};
use random::Random;
pub(crate) use random::random;
use roundrobin::RoundRobin;
use static_rr::StaticRr;

/// A server that takes part in balancing.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The server.
    pub server: Arc<Server>,
    /// Its weight in use, in sixteenths, above 0.
    pub weight: u32,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.server, &other.server) && self.weight == other.weight
    }
}

/// What a choice may depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key<'a> {
    /// The client's address.
    pub source: Option<IpAddr>,
    /// What was made of the key that `balance` names, where the request has it.
    pub hash: Option<u64>,
    /// A server to avoid while there is another one.
    pub exclude: Option<&'a Arc<Server>>,
}

impl Key<'_> {
    fn excludes(&self, server: &Arc<Server>) -> bool {
        self.exclude.is_some_and(|exclude| Arc::ptr_eq(exclude, server))
    }
}

/// Outcome of a choice.
#[derive(Debug)]
pub enum Pick {
    /// A server that had room; the room is taken.
    Taken(ServerSlot),
    /// This server is the right one but full: wait for it.
    Wait(Arc<Server>),
    /// All are full: wait for any.
    Full,
    /// No server takes part.
    None,
}

/// The algorithm of a backend (configuration.txt, `balance`).
#[derive(Debug)]
pub enum Balancer {
    /// `roundrobin`, also where nothing is said.
    RoundRobin(RoundRobin),
    /// `static-rr`.
    StaticRr(StaticRr),
    /// `leastconn`.
    LeastConn(LeastConn),
    /// `first`.
    First(First),
    /// `source`, `uri`, `hdr` and others.
    Hashed(Hashed),
    /// `random`.
    Random(Random),
    /// One of the embedding program.
    Own(Own),
}

impl Balancer {
    /// The algorithm of a backend, with no server taking part yet.
    pub fn new(config: &ProxyConfig) -> Self {
        use model::Balance;
        if let Some(own) = &config.own_balance {
            return Self::Own(Own::new(own.clone()));
        }
        let factor = config.hash_balance_factor;
        match &config.balance {
            Balance::Unset | Balance::RoundRobin => Self::RoundRobin(RoundRobin::default()),
            Balance::StaticRr => Self::StaticRr(StaticRr::default()),
            Balance::LeastConn => Self::LeastConn(LeastConn::default()),
            Balance::First => Self::First(First::default()),
            Balance::Random { draws } => Self::Random(Random::new(*draws, factor)),
            hashed => {
                // It is about rings only.
                let consistent = config.hash_type.method == HashMethod::Consistent;
                let bounded = Bounded::new(if consistent { factor } else { 0 });
                Self::Hashed(Hashed::new(config.hash_type, *hashed == Balance::Source, bounded))
            }
        }
    }

    /// Sets which servers take part; `candidates` are in order of the configuration. Calls must not overlap.
    pub fn rebuild(&self, candidates: &[Candidate]) {
        match self {
            Self::RoundRobin(algorithm) => algorithm.rebuild(candidates),
            Self::StaticRr(algorithm) => algorithm.rebuild(candidates),
            Self::LeastConn(algorithm) => algorithm.rebuild(candidates),
            Self::First(algorithm) => algorithm.rebuild(candidates),
            Self::Hashed(algorithm) => algorithm.rebuild(candidates),
            Self::Random(algorithm) => algorithm.rebuild(candidates),
            Self::Own(algorithm) => algorithm.rebuild(candidates),
        }
    }

    /// Chooses a server and takes a slot of it.
    pub fn pick(&self, key: &Key<'_>) -> Pick {
        match self {
            Self::RoundRobin(algorithm) => algorithm.pick(key),
            Self::StaticRr(algorithm) => algorithm.pick(key),
            Self::LeastConn(algorithm) => algorithm.pick(key),
            Self::First(algorithm) => algorithm.pick(key),
            Self::Hashed(algorithm) => algorithm.pick(key),
            Self::Random(algorithm) => algorithm.pick(key),
            Self::Own(algorithm) => algorithm.pick(key),
        }
    }

    /// The full server in whose queue a stream goes although others wait for any server (`leastconn` with `maxqueue`).
    pub(crate) fn waits_for(&self) -> Option<Arc<Server>> {
        match self {
            Self::LeastConn(algorithm) => algorithm.waits_for(),
            _ => None,
        }
    }

    /// Whether a later change of the weight is followed (configuration.txt: "this algorithm is dynamic").
    pub fn is_dynamic(&self) -> bool {
        match self {
            Self::StaticRr(_) => false,
            Self::Hashed(algorithm) => algorithm.is_dynamic(),
            _ => true,
        }
    }

    /// Whether a stream has one right server, for which it waits rather than take another.
    pub fn is_deterministic(&self) -> bool {
        matches!(self, Self::Hashed(_))
    }

    /// A session of a server begins.
    pub(crate) fn session_begins(&self) {
        if let Some(bounded) = self.bounded() {
            bounded.begin();
        }
    }

    /// A session of a server ends.
    pub(crate) fn session_ends(&self) {
        if let Some(bounded) = self.bounded() {
            bounded.end();
        }
    }

    fn bounded(&self) -> Option<&Bounded> {
        match self {
            Self::Hashed(algorithm) => Some(algorithm.bounded()),
            Self::Random(algorithm) => Some(algorithm.bounded()),
            _ => None,
        }
    }

    /// Follows a change of the sessions of a server.
    pub(crate) fn load_changed(&self, server: &Server) {
        match self {
            Self::LeastConn(algorithm) => algorithm.load_changed(server),
            Self::First(algorithm) => algorithm.load_changed(server),
            _ => {}
        }
    }

    /// Follows a change of how many sessions a server may have, or of how many wait for it.
    pub(crate) fn room_changed(&self, server: &Server) {
        match self {
            Self::LeastConn(algorithm) => algorithm.room_changed(server),
            Self::First(algorithm) => algorithm.load_changed(server),
            _ => {}
        }
    }
}

/// Takes a slot of a server, unless it is excluded or full.
fn take(server: &Arc<Server>, key: &Key<'_>) -> Option<ServerSlot> {
    if key.excludes(server) { None } else { ServerSlot::take(server) }
}

/// Takes a slot of the first member with room, in the order given; of the excluded one only if no other has room and
/// it alone takes part.
fn take_any<'a>(members: impl Iterator<Item = &'a Arc<Server>> + Clone, key: &Key<'_>) -> Pick {
    let mut any = false;
    let others = members.clone().filter(|server| !key.excludes(server));
    for server in others {
        any = true;
        if let Some(slot) = ServerSlot::take(server) {
            return Pick::Taken(slot);
        }
    }
    if any {
        return Pick::Full;
    }
    // The excluded server is better than none.
    let mut members = members;
    match members.next() {
        None => Pick::None,
        Some(server) => ServerSlot::take(server).map_or(Pick::Full, Pick::Taken),
    }
}
