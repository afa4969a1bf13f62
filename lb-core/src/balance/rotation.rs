//! The order of `roundrobin`, turn by turn: smooth for any weights, and going on where it stood when servers come, go or
//! change their weight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Candidate;
use crate::server::Server;

/// Who is served next, as HAProxy orders it.
///
/// A server is due again `total / weight` turns after the turn it was due at; the remainder is carried along. Of those
/// due at the same turn the one is served first whose weight exceeds its remainder by the most, of equals the lighter
/// one. A server that has not been served yet starts at the first turn at which no other one is due, the heaviest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Rotation {
    turn: u64,
    /// How often a member was put in line.
    queued: u64,
    total: u64,
    servers: Arc<[Arc<Server>]>,
    /// What is known of each of them.
    members: Vec<Member>,
    /// Indices of members that were not served yet: the last one is next.
    fresh: Vec<usize>,
    due: BinaryHeap<Reverse<Due>>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    weight: u64,
    /// When it is due, unless it is fresh.
    next: u64,
    remainder: u64,
    /// The number of its place in line.
    order: u64,
}

/// Ordered as servers are served: when, the remainder less the weight, the weight, who was served first; and the member.
type Due = (u64, i64, u64, u64, usize);

impl Rotation {
    /// The servers in order of the configuration.
    pub(super) fn servers(&self) -> Arc<[Arc<Server>]> {
        Arc::clone(&self.servers)
    }

    /// The index of the server whose turn is next.
    pub(super) fn advance(&mut self) -> Option<u32> {
        let turn = self.turn;
        let waits = self.due.peek().is_none_or(|Reverse(due)| due.0 > turn);
        let fresh = if waits { self.fresh.pop() } else { None };
        let index = match fresh {
            Some(index) => {
                if let Some(member) = self.members.get_mut(index) {
                    member.next = turn;
                }
                index
            }
            None => self.due.pop()?.0.4,
        };
        self.turn += 1;
        let total = self.total;
        let member = self.members.get_mut(index)?;
        let weight = member.weight.max(1);
        member.next += total / weight;
        member.remainder += total % weight;
        if member.remainder >= weight {
            member.remainder -= weight;
            member.next += 1;
        }
        member.order = self.queued;
        self.queued += 1;
        self.enqueue(index);
        Some(index as u32)
    }

    fn enqueue(&mut self, index: usize) {
        if let Some(member) = self.members.get(index) {
            let urgency = member.remainder as i64 - member.weight as i64;
            self.due.push(Reverse((member.next, urgency, member.weight, member.order, index)));
        }
    }

    /// Goes on with other servers or other weights. Who stays as he was keeps his turn; who comes, or has another weight,
    /// waits as long as if he had been served last.
    pub(super) fn change(&mut self, candidates: &[Candidate]) {
        let begins = self.members.is_empty();
        let before = std::mem::take(&mut self.members);
        let servers = std::mem::take(&mut self.servers);
        let fresh = std::mem::take(&mut self.fresh);
        self.due.clear();
        let last = self.turn.saturating_sub(1);
        self.total = candidates.iter().map(|candidate| u64::from(candidate.weight)).sum();
        self.servers = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        // By address: a farm may be large.
        let mut known: Vec<_> = servers.iter().map(Arc::as_ptr).zip(0usize..).collect();
        known.sort_unstable();
        for (index, candidate) in candidates.iter().enumerate() {
            let at = known.binary_search_by_key(&Arc::as_ptr(&candidate.server), |(address, _)| *address).ok();
            let old = at.and_then(|at| known.get(at)).map(|(_, old)| *old);
            let weight = u64::from(candidate.weight.max(1));
            let member = match old.and_then(|old| before.get(old)) {
                Some(same) if same.weight == weight => *same,
                _ => {
                    let order = self.queued;
                    self.queued += 1;
                    Member { weight, next: last + self.total.div_ceil(weight), remainder: 0, order }
                }
            };
            self.members.push(member);
            if begins || old.is_some_and(|old| fresh.contains(&old)) {
                self.fresh.push(index);
            } else {
                self.enqueue(index);
            }
        }
        let members = &self.members;
        let weight = |index: usize| members.get(index).map_or(0, |member| member.weight);
        self.fresh.sort_by_key(|&index| (weight(index), Reverse(index)));
    }
}
