//! The order in which servers are served in turns: one period of it, computed when the farm changes.
//!
//! HAProxy computes its turns one by one from a tree under a lock. Both of its orders repeat after as many turns as
//! the weights sum up to, so one period is computed here in advance and threads only count turns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Candidate;

/// One period of turns.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Servers taking part, in order of the configuration.
    pub(super) members: Box<[u32]>,
    /// Server of each turn.
    pub(super) turns: Box<[u32]>,
}

impl Schedule {
    /// The order of `roundrobin`: the heaviest servers start, and a server that has not been served yet starts at the
    /// first turn at which no other one is due; after that, each comes back every `total / weight` turns.
    pub(super) fn dynamic(candidates: &[Candidate]) -> Self {
        let reduced = Reduced::new(candidates);
        let mut fresh: Vec<usize> = (0..reduced.weights.len()).collect();
        // The last one is taken first: heaviest at the end, and of equals the first of the configuration.
        fresh.sort_by_key(|&rank| (reduced.weight(rank), Reverse(rank)));
        let mut started: BinaryHeap<Reverse<Due>> = BinaryHeap::with_capacity(fresh.len());
        let mut turns = Vec::with_capacity(reduced.total_len());
        for turn in 0..reduced.total {
            let due = started.peek().is_some_and(|Reverse(due)| due.turn <= turn);
            let position = if due || fresh.is_empty() {
                started.pop().map(|Reverse(due)| (due.rank, due.scaled))
            } else {
                fresh.pop().map(|rank| (rank, turn * reduced.weight(rank)))
            };
            let Some((rank, scaled)) = position else { break };
            turns.push(reduced.index(rank));
            started.push(Reverse(Due::new(scaled + reduced.total, reduced.weight(rank), rank)));
        }
        Self { members: members(candidates), turns: turns.into() }
    }

    /// The order of `static-rr`, which is also the map that `source` looks its hash up in.
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
            turns.push(reduced.index(rank));
        }
        Self { members: members(candidates), turns: turns.into() }
    }
}

/// A server waiting for its next turn, ordered by that turn; of those due at the same turn the heaviest is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    turn: u64,
    lightness: Reverse<u64>,
    rank: usize,
    /// The exact time of the turn, multiplied by the weight.
    scaled: u64,
}

impl Due {
    fn new(scaled: u64, weight: u64, rank: usize) -> Self {
        Self { turn: scaled / weight.max(1), lightness: Reverse(weight), rank, scaled }
    }
}

/// Candidates with their weights divided by the greatest common divisor.
struct Reduced<'a> {
    candidates: &'a [Candidate],
    weights: Vec<u64>,
    total: u64,
}

impl<'a> Reduced<'a> {
    fn new(candidates: &'a [Candidate]) -> Self {
        let divisor = candidates.iter().fold(0, |divisor, candidate| gcd(divisor, candidate.weight)).max(1);
        let weights: Vec<u64> = candidates.iter().map(|candidate| u64::from(candidate.weight / divisor)).collect();
        let total = weights.iter().sum();
        Self { candidates, weights, total }
    }

    fn weight(&self, rank: usize) -> u64 {
        self.weights.get(rank).copied().unwrap_or(1)
    }

    fn index(&self, rank: usize) -> u32 {
        self.candidates.get(rank).map_or(0, |candidate| candidate.index)
    }

    fn total_len(&self) -> usize {
        usize::try_from(self.total).unwrap_or(0)
    }
}

fn members(candidates: &[Candidate]) -> Box<[u32]> {
    candidates.iter().map(|candidate| candidate.index).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
