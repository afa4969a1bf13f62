//! `balance roundrobin`: each server in turns, according to the weights, which may change at any time.

use super::schedule::Schedule;
use super::turns::Turns;
use super::{Candidate, Key, Pick};

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turns: Turns,
}

impl RoundRobin {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        self.turns.follow(Schedule::dynamic(candidates));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        self.turns.pick(key)
    }
}
