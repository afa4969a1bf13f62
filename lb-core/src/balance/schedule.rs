//! The table that `static-rr` goes through and that map-based hashes are looked up in: as many entries as the weights,
//! divided by what they have in common, sum up to.

use std::collections::BTreeMap;
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

    /// The table as HAProxy makes it. Each turn is worth one unit, which the servers share by their weights. The turn
    /// is for the server that has earned, and not yet been given, the most whole turns; of equals for the first one.
    pub(super) fn fixed(candidates: &[Candidate]) -> Self {
        let weights = reduced(candidates);
        let total: u64 = weights.iter().sum();
        let mut earned = Earned::new(weights.len());
        // Who earns another whole turn when: nobody's credit changes in between.
        let mut next: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        let schedule_next = |next: &mut BTreeMap<u64, Vec<u32>>, rank: u32, count: u64| {
            if let Some(weight) = weights.get(rank as usize) {
                let turn = (count * total).div_ceil(*weight);
                next.entry(turn).or_default().push(rank);
            }
        };
        let mut counts = vec![1u64; weights.len()];
        for rank in 0..weights.len() as u32 {
            schedule_next(&mut next, rank, 1);
        }
        let mut turns = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        for turn in 1..=total {
            if let Some(ranks) = next.remove(&turn) {
                for rank in ranks {
                    earned.change(rank as usize, 1);
                    if let Some(count) = counts.get_mut(rank as usize) {
                        *count += 1;
                        schedule_next(&mut next, rank, *count);
                    }
                }
            }
            let rank = earned.first_of_the_richest();
            earned.change(rank, -1);
            turns.push(rank as u32);
        }
        let members = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        Self { members, turns: turns.into() }
    }
}

/// Whole turns that servers have earned, in a tree whose root knows the most.
struct Earned {
    width: usize,
    nodes: Vec<i64>,
}

impl Earned {
    fn new(servers: usize) -> Self {
        let width = servers.next_power_of_two();
        let mut nodes = vec![0; 2 * width];
        for absent in nodes.iter_mut().skip(width + servers) {
            *absent = i64::MIN;
        }
        let mut earned = Self { width, nodes };
        for node in (1..width).rev() {
            earned.renew(node);
        }
        earned
    }

    fn node(&self, node: usize) -> i64 {
        self.nodes.get(node).copied().unwrap_or(i64::MIN)
    }

    fn renew(&mut self, node: usize) {
        let most = self.node(2 * node).max(self.node(2 * node + 1));
        if let Some(cell) = self.nodes.get_mut(node) {
            *cell = most;
        }
    }

    fn change(&mut self, rank: usize, by: i64) {
        let mut node = self.width + rank;
        if let Some(cell) = self.nodes.get_mut(node) {
            *cell += by;
        }
        node /= 2;
        while node > 0 {
            self.renew(node);
            node /= 2;
        }
    }

    fn first_of_the_richest(&self) -> usize {
        let most = self.node(1);
        let mut node = 1;
        while node < self.width {
            node *= 2;
            if self.node(node) < most {
                node += 1;
            }
        }
        node - self.width
    }
}

/// The weights without their greatest common divisor.
fn reduced(candidates: &[Candidate]) -> Vec<u64> {
    let divisor = candidates.iter().fold(0, |divisor, candidate| gcd(divisor, candidate.weight)).max(1);
    candidates.iter().map(|candidate| u64::from(candidate.weight / divisor)).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
