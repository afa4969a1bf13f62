//! The order in which servers are served in turns: one period of it, computed when the farm changes.
//!
//! HAProxy computes its turns one by one from a tree under a lock. Both of its orders repeat after as many turns as
//! the weights sum up to, so one period is computed here in advance and threads only count turns.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Candidate;
use crate::server::Server;

/// One period of turns.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Servers taking part, in order of the configuration.
    pub(super) members: Box<[Arc<Server>]>,
    /// Which member each turn is for.
    pub(super) turns: Box<[u32]>,
}

impl Schedule {
    /// The server of a turn.
    pub(super) fn server(&self, turn: usize) -> Option<&Arc<Server>> {
        self.members.get(*self.turns.get(turn)? as usize)
    }

    /// The order of `roundrobin`, as observed: the heaviest servers start, and a server that has not been served yet
    /// starts at the first turn at which no other one is due; after that, each is due again `total / weight` turns
    /// later. Of those due the earliest is served, a heavier one as if it were `weight / total` of a turn earlier.
    pub(super) fn dynamic(candidates: &[Candidate]) -> Self {
        let reduced = Reduced::new(candidates);
        let mut fresh: Vec<usize> = (0..reduced.weights.len()).collect();
        // The last one is taken first: heaviest at the end, and of equals the first of the configuration.
        fresh.sort_by_key(|&rank| (reduced.weight(rank), Reverse(rank)));
        let mut later: BinaryHeap<Reverse<(u64, Due)>> = BinaryHeap::with_capacity(fresh.len());
        let mut due: BinaryHeap<Reverse<Due>> = BinaryHeap::with_capacity(fresh.len());
        let mut turns = Vec::with_capacity(reduced.total_len());
        for turn in 0..reduced.total {
            while later.peek().is_some_and(|Reverse((at, _))| *at <= turn) {
                due.extend(later.pop().map(|Reverse((_, server))| Reverse(server)));
            }
            let next = due.pop().map(|Reverse(server)| (server.rank, server.scaled));
            let next = next.or_else(|| fresh.pop().map(|rank| (rank, turn * reduced.weight(rank))));
            let next = next.or_else(|| later.pop().map(|Reverse((_, server))| (server.rank, server.scaled)));
            let Some((rank, scaled)) = next else { break };
            turns.push(rank as u32);
            let server = Due::new(scaled + reduced.total, reduced.weight(rank), reduced.total, rank);
            later.push(Reverse((server.scaled / server.weight, server)));
        }
        Self { members: members(candidates), turns: turns.into() }
    }

    /// The order of `static-rr`, which is also the map that `source` looks its hash up in. It is HAProxy's for equal
    /// weights and for most small farms; for others the shares are the same but some neighbours change places.
    pub(super) fn fixed(candidates: &[Candidate]) -> Self {
        let reduced = Reduced::new(candidates);
        // For each server, the weight of it and all that follow, and how many turns those got.
        let mut tails: Vec<(u64, u64)> = Vec::with_capacity(reduced.weights.len());
        let mut sum = 0;
        for weight in reduced.weights.iter().rev() {
            sum += weight;
            tails.push((sum, 0));
        }
        tails.reverse();
        let mut turns = Vec::with_capacity(reduced.total_len());
        for turn in 1..=reduced.total {
            let behind = |&(weight, given): &(u64, u64)| given < turn * weight / reduced.total;
            let rank = tails.iter().rposition(behind).unwrap_or(0);
            for (_, given) in tails.iter_mut().take(rank + 1) {
                *given += 1;
            }
            turns.push(rank as u32);
        }
        Self { members: members(candidates), turns: turns.into() }
    }
}

/// A server and the time of its next turn, ordered as they are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    /// The exact time of the turn, multiplied by the weight.
    scaled: u64,
    /// What orders, as a fraction of the weight: the time less `weight / total`, multiplied by `weight * total`.
    urgency: i128,
    weight: u64,
    rank: usize,
}

impl Due {
    fn new(scaled: u64, weight: u64, total: u64, rank: usize) -> Self {
        let weight = weight.max(1);
        let urgency = i128::from(scaled) * i128::from(total) - i128::from(weight) * i128::from(weight);
        Self { scaled, urgency, weight, rank }
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.urgency * i128::from(other.weight), other.urgency * i128::from(self.weight));
        left.cmp(&right).then(other.weight.cmp(&self.weight)).then(self.rank.cmp(&other.rank))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Candidates with their weights divided by the greatest common divisor.
struct Reduced {
    weights: Vec<u64>,
    total: u64,
}

impl Reduced {
    fn new(candidates: &[Candidate]) -> Self {
        let divisor = candidates.iter().fold(0, |divisor, candidate| gcd(divisor, candidate.weight)).max(1);
        let weights: Vec<u64> = candidates.iter().map(|candidate| u64::from(candidate.weight / divisor)).collect();
        let total = weights.iter().sum();
        Self { weights, total }
    }

    fn weight(&self, rank: usize) -> u64 {
        self.weights.get(rank).copied().unwrap_or(1)
    }

    fn total_len(&self) -> usize {
        usize::try_from(self.total).unwrap_or(0)
    }
}

fn members(candidates: &[Candidate]) -> Box<[Arc<Server>]> {
    candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
