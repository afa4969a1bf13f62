//! `balance roundrobin`: each server in turns, according to the weights, which may change at any time.

use std::sync::Arc;

use super::schedule::Schedule;
use super::turns::Turns;
use super::{Candidate, Key, Pick};
use crate::server::Server;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turns: Turns,
}

impl RoundRobin {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        self.turns.follow(Schedule::dynamic(candidates));
    }

    pub(super) fn pick(&self, servers: &[Arc<Server>], key: &Key) -> Pick {
        self.turns.pick(servers, key)
    }
}
