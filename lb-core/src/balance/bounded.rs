//! `hash-balance-factor`: no server gets more than its share of the sessions, as far as another one may have less
//! (configuration.txt, section 4.2).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Candidate;
use crate::server::Server;
use crate::stats::Padded;

/// The factor, and how many sessions all servers have.
#[derive(Debug, Default)]
pub(super) struct Bounded {
    /// In percent; 0 is no bound.
    factor: u32,
    sessions: Padded<AtomicU32>,
}

impl Bounded {
    pub(super) fn new(factor: u32) -> Self {
        Self { factor, sessions: Padded::default() }
    }

    /// A session of any server begins.
    pub(super) fn begin(&self) {
        if self.factor > 0 {
            self.sessions.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A session of any server ends.
    pub(super) fn end(&self) {
        if self.factor > 0 {
            self.sessions.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many places there are for all sessions and one more; `None` without a bound.
    pub(super) fn places(&self) -> Option<u64> {
        if self.factor == 0 {
            return None;
        }
        let sessions = u64::from(self.sessions.load(Ordering::Relaxed)) + 1;
        Some((sessions * u64::from(self.factor)).div_ceil(100))
    }
}

/// Sums of weights, by which places are shared out.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The weight of each server and all before it.
    sums: Box<[u64]>,
}

impl Shares {
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        let mut sum = 0;
        let sums = candidates.iter().map(|candidate| {
            sum += u64::from(candidate.weight);
            sum
        });
        Self { sums: sums.collect() }
    }

    /// The sum of all weights.
    pub(super) fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// The server that a number below the total falls to.
    pub(super) fn find(&self, number: u64) -> usize {
        self.sums.partition_point(|sum| *sum <= number)
    }

    /// Whether a server has one of its places free. All of them are whole, as HAProxy rounds them: so that together they
    /// are as many as there are, and none has less than one.
    pub(super) fn allow(&self, places: Option<u64>, rank: usize, server: &Arc<Server>) -> bool {
        let Some(places) = places else { return true };
        let total = self.total().max(1);
        let behind = self.sums.get(rank).map_or(0, |sum| places * sum / total);
        let before = rank.checked_sub(1).and_then(|rank| self.sums.get(rank)).map_or(0, |sum| places * sum / total);
        u64::from(server.current()) < (behind - before).max(1)
    }
}
