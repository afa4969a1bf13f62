//! `balance static-rr`: each server in turns, by a map that is made again only when servers come and go.

use super::schedule::Schedule;
use super::turns::Turns;
use super::{Candidate, Key, Pick};

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct StaticRr {
    turns: Turns,
}

impl StaticRr {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        self.turns.stay(Schedule::fixed(candidates));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        self.turns.pick(key)
    }
}
