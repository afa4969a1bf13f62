//! Stage 5: load-balancing algorithms, one file each.
//!
//! A [`Balancer`] is told which servers take part ([`Balancer::rebuild`], rare, under the backend's state lock) and
//! then asked for one of them by every thread ([`Balancer::pick`], no lock). It knows nothing of queues or sockets.

mod roundrobin;
mod schedule;

use std::net::IpAddr;
use std::sync::Arc;

use crate::backend::ServerSlot;
use crate::config::model::Balance;
use crate::server::Server;
use roundrobin::RoundRobin;

/// A server that takes part in balancing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its position among the backend's servers.
    pub index: usize,
    /// Its weight, above 0.
    pub weight: u32,
}

/// What a choice may depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key {
    /// The client's address.
    pub source: Option<IpAddr>,
    /// A server to avoid while there is another one.
    pub exclude: Option<usize>,
}

/// Outcome of a choice.
#[derive(Debug)]
pub enum Pick {
    /// A server that had room; the room is taken.
    Taken(ServerSlot),
    /// This server is the right one but full: wait for it.
    Wait(usize),
    /// All are full: wait for any.
    Full,
    /// No server takes part.
    None,
}

/// The algorithm of a backend (configuration.txt, `balance`).
#[derive(Debug)]
pub enum Balancer {
    /// `roundrobin`.
    RoundRobin(RoundRobin),
}

impl Balancer {
    /// The algorithm that `balance` names, for a backend of `servers` servers, with none taking part yet.
    pub fn new(balance: &Balance, _servers: usize) -> Self {
        match balance {
            _ => Self::RoundRobin(RoundRobin::default()),
        }
    }

    /// Sets which servers take part.
    pub fn rebuild(&self, _servers: &[Arc<Server>], candidates: &[Candidate]) {
        match self {
            Self::RoundRobin(algorithm) => algorithm.rebuild(candidates),
        }
    }

    /// Chooses a server and takes a slot of it.
    pub fn pick(&self, servers: &[Arc<Server>], key: &Key) -> Pick {
        match self {
            Self::RoundRobin(algorithm) => algorithm.pick(servers, key),
        }
    }

    /// Follows a change of the sessions or waiters of a server.
    pub(crate) fn load_changed(&self, _server: &Server) {}
}
