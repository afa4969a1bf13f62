//! `balance leastconn`: the server with the fewest sessions for its weight, in turns among equals.
//!
//! A tournament tree over the members keeps the least loaded one at its root. Whoever changes the load of a server
//! replays the matches from its leaf upwards and stops where the outcome does not concern that server; whoever picks
//! reads the root. There is no lock: a match is decided again after its result is stored, so the last writer of a
//! node has seen the last loads, and when nobody writes the tree is exact. While others write, a pick may get the
//! second best server, never a wrong slot: slots are counted by the servers themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::{Candidate, Key, Pick};
use crate::backend::ServerSlot;
use crate::server::Server;
use crate::stats::Padded;

/// Bits of a leaf's key that tell turns apart among equal loads.
const STAMP_BITS: u32 = 28;
/// Set in the key of a full server.
const FULL: u64 = 1 << 63;
/// Key of a leaf without server.
const ABSENT: u64 = u64::MAX;
/// How often the root is asked again when others take the room of its winner first.
const ATTEMPTS: usize = 4;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct LeastConn {
    tree: ArcSwap<Tree>,
    stamp: Padded<AtomicU64>,
}

#[derive(Debug, Default)]
struct Tree {
    /// Server of each leaf; the leaf is also noted in the server, as long as this tree is the last one.
    members: Vec<Arc<Server>>,
    /// Weight of each member.
    weights: Vec<u32>,
    /// Load, then turn, of each leaf; a power of two of them.
    keys: Vec<AtomicU64>,
    /// Winning leaf of each match; node 1 is the root, the children of n are 2n and 2n + 1.
    winners: Vec<AtomicU32>,
}

impl LeastConn {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let order = self.tree.load().order(candidates);
        self.tree.store(Arc::new(Tree::new(candidates)));
        // Only now, so that a change of load that still went to the old tree is seen here.
        for candidate in order.into_iter().filter_map(|index| candidates.get(index)) {
            let tree = self.tree.load();
            if let Some(leaf) = tree.leaf_of(&candidate.server) {
                self.place(&tree, leaf, &candidate.server);
            }
        }
    }

    /// Keeps its turn where the load is what it was: when one who waited takes the place of another.
    pub(super) fn load_changed(&self, server: &Server) {
        let tree = self.tree.load();
        let Some(leaf) = tree.leaf_of(server) else { return };
        if (tree.key(leaf as u32) ^ key_of(server, 0)) & !FULL >> STAMP_BITS << STAMP_BITS == 0 {
            tree.mark(leaf, || takes_nobody(server));
        } else {
            self.place(&tree, leaf, server);
        }
    }

    /// The last among equals.
    fn place(&self, tree: &Tree, leaf: usize, server: &Server) {
        let stamp = self.stamp.fetch_add(1, Ordering::Relaxed) & ((1 << STAMP_BITS) - 1);
        tree.update(leaf, || key_of(server, stamp));
    }

    /// The limit of a server changed, or its queue. It stays where it is in the order: as HAProxy does, who waits counts
    /// only from the next session on that begins or ends.
    pub(super) fn room_changed(&self, server: &Server) {
        let tree = self.tree.load();
        if let Some(leaf) = tree.leaf_of(server) {
            tree.mark(leaf, || takes_nobody(server));
        }
    }

    /// The full server whose queue is next, where that comes before servers with room.
    pub(super) fn waits_for(&self) -> Option<Arc<Server>> {
        let tree = self.tree.load();
        let (server, best) = tree.best()?;
        (best & FULL == 0 && server.is_full() && has_queue_room(server)).then(|| Arc::clone(server))
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let tree = self.tree.load();
        if tree.members.is_empty() {
            return Pick::None;
        }
        for _ in 0..ATTEMPTS {
            let Some((server, best)) = tree.best() else { break };
            if best & FULL != 0 || key.excludes(server) {
                break;
            }
            if let Some(slot) = ServerSlot::take(server) {
                return Pick::Taken(slot);
            }
            if has_queue_room(server) {
                return Pick::Wait(Arc::clone(server));
            }
            // Its limit is lower now than `maxconn`, and may rise without a word.
            if !server.is_at_maxconn() {
                break;
            }
            self.room_changed(server);
        }
        Self::pick_slowly(&tree, key)
    }

    /// Looks at every member, for what the tree cannot answer: an excluded server, limits that moved.
    fn pick_slowly(tree: &Tree, key: &Key<'_>) -> Pick {
        let only = tree.members.len() == 1;
        let members = || tree.members.iter().enumerate().filter(|(_, server)| only || !key.excludes(server));
        let rank = |(leaf, server): (usize, &Arc<Server>)| {
            let order = tree.keys.get(leaf)?.load(Ordering::Relaxed) & !FULL;
            (!server.is_full() || has_queue_room(server)).then_some((order, leaf))
        };
        for _ in 0..ATTEMPTS {
            let best = members().filter_map(rank).min();
            let Some(server) = best.and_then(|(_, leaf)| tree.members.get(leaf)) else { break };
            if let Some(slot) = ServerSlot::take(server) {
                return Pick::Taken(slot);
            }
            if has_queue_room(server) {
                return Pick::Wait(Arc::clone(server));
            }
        }
        Pick::Full
    }
}

/// With an explicit `maxqueue`, a full server takes part as long as its queue has room (configuration.txt, `maxqueue`).
fn has_queue_room(server: &Server) -> bool {
    server.config.maxqueue > 0 && server.queue_has_room()
}

/// Whether there is no room, nor any in its queue, whatever the load of the backend.
fn takes_nobody(server: &Server) -> bool {
    server.is_at_maxconn() && !has_queue_room(server)
}

fn key_of(server: &Server, stamp: u64) -> u64 {
    let full = if takes_nobody(server) { FULL } else { 0 };
    let largest = (1 << (63 - STAMP_BITS)) - 1;
    full | (server.relative_load().min(largest) << STAMP_BITS) | stamp
}

impl Tree {
    /// Makes a tree, and notes in each server its leaf.
    fn new(candidates: &[Candidate]) -> Self {
        for (leaf, candidate) in (0u32..).zip(candidates) {
            candidate.server.leaf.store(leaf, Ordering::SeqCst);
        }
        let width = candidates.len().next_power_of_two();
        let key = |leaf: usize| if leaf < candidates.len() { 0 } else { ABSENT };
        let tree = Self {
            members: candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect(),
            weights: candidates.iter().map(|candidate| candidate.weight).collect(),
            keys: (0..width).map(|leaf| AtomicU64::new(key(leaf))).collect(),
            winners: (0..width).map(|_| AtomicU32::new(0)).collect(),
        };
        for node in (1..width).rev() {
            tree.decide(node);
        }
        tree
    }

    /// In which order candidates take their turns in another tree: as they do in this one. Those that are new, or have
    /// another weight, are the last among equals, as in HAProxy.
    fn order(&self, candidates: &[Candidate]) -> Vec<usize> {
        let turn = |candidate: &Candidate| {
            let leaf = self.leaf_of(&candidate.server)?;
            let same = self.weights.get(leaf) == Some(&candidate.weight);
            let key = self.keys.get(leaf).filter(|_| same)?;
            Some(key.load(Ordering::Relaxed) & ((1 << STAMP_BITS) - 1))
        };
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|index| candidates.get(*index).and_then(turn).unwrap_or(u64::MAX));
        order
    }

    /// The leaf of a server that takes part. Another tree may have been made since, with other leaves: whoever makes
    /// one computes its keys afterwards.
    fn leaf_of(&self, server: &Server) -> Option<usize> {
        let leaf = server.leaf.load(Ordering::SeqCst) as usize;
        std::ptr::eq(Arc::as_ptr(self.members.get(leaf)?), server).then_some(leaf)
    }

    /// The least loaded member and its key.
    fn best(&self) -> Option<(&Arc<Server>, u64)> {
        let leaf = self.winner(1);
        Some((self.members.get(leaf as usize)?, self.key(leaf)))
    }

    fn update(&self, leaf: usize, key: impl Fn() -> u64) {
        let Some(cell) = self.keys.get(leaf) else { return };
        let mut stored = key();
        cell.store(stored, Ordering::SeqCst);
        // Two threads may store the keys of their own changes in the wrong order: the last one to store checks.
        loop {
            let now = key();
            if now >> STAMP_BITS == stored >> STAMP_BITS {
                break;
            }
            stored = now;
            cell.store(stored, Ordering::SeqCst);
        }
        self.replay(leaf);
    }

    /// Notes of a leaf whether it is full, and nothing else.
    fn mark(&self, leaf: usize, full: impl Fn() -> bool) {
        let Some(cell) = self.keys.get(leaf) else { return };
        let mut changed = false;
        loop {
            let now = full();
            let before = match now {
                true => cell.fetch_or(FULL, Ordering::SeqCst),
                false => cell.fetch_and(!FULL, Ordering::SeqCst),
            };
            changed |= (before & FULL != 0) != now;
            // The same for marks.
            if full() == now {
                break;
            }
        }
        if changed {
            self.replay(leaf);
        }
    }

    /// Decides the matches again from a leaf upwards, as far as its key matters.
    fn replay(&self, leaf: usize) {
        let mut node = (leaf + self.keys.len()) / 2;
        while node > 0 {
            let before = self.winner(node);
            let after = self.decide(node);
            // The winner is another leaf, and the same as before: the matches above do not change.
            if before == after && after != leaf as u32 {
                break;
            }
            node /= 2;
        }
    }

    /// Decides one match, again if its outcome changed meanwhile.
    fn decide(&self, node: usize) -> u32 {
        loop {
            let winner = self.match_of(node);
            if let Some(cell) = self.winners.get(node) {
                cell.store(winner, Ordering::SeqCst);
            }
            if self.match_of(node) == winner {
                return winner;
            }
        }
    }

    fn match_of(&self, node: usize) -> u32 {
        let (left, right) = (self.winner(2 * node), self.winner(2 * node + 1));
        if self.key(left) <= self.key(right) { left } else { right }
    }

    /// Winner of a node: of an inner one as stored, of a leaf itself.
    fn winner(&self, node: usize) -> u32 {
        match self.winners.get(node) {
            Some(cell) if node > 0 => cell.load(Ordering::SeqCst),
            _ => node.saturating_sub(self.keys.len()) as u32,
        }
    }

    fn key(&self, leaf: u32) -> u64 {
        self.keys.get(leaf as usize).map_or(ABSENT, |key| key.load(Ordering::SeqCst))
    }
}
