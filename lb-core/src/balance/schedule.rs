//! The order in which servers are served in turns: one period of it, computed when the farm changes.

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
    /// Spreads the turns of each server as evenly as its weight allows.
    pub(super) fn smooth(candidates: &[Candidate]) -> Self {
        let divisor = candidates.iter().fold(0, |divisor, candidate| gcd(divisor, candidate.weight)).max(1);
        let weights = || candidates.iter().map(|candidate| u64::from(candidate.weight / divisor));
        let total: u64 = weights().sum();
        let mut due: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::with_capacity(candidates.len());
        for (rank, weight) in weights().enumerate().filter(|(_, weight)| *weight > 0) {
            due.push(Reverse((total * 256 / weight / 2, rank)));
        }
        let mut turns = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        while (turns.len() as u64) < total {
            let Some(Reverse((time, rank))) = due.pop() else { break };
            let Some(candidate) = candidates.get(rank) else { break };
            turns.push(candidate.index as u32);
            due.push(Reverse((time + total * 256 / u64::from(candidate.weight / divisor), rank)));
        }
        Self { members: members(candidates), turns: turns.into() }
    }
}

fn members(candidates: &[Candidate]) -> Box<[u32]> {
    candidates.iter().map(|candidate| candidate.index as u32).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
