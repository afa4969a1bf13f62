//! `balance roundrobin`: each server in turns, according to the weights, which may change at any time.
//!
//! HAProxy finds each turn in a tree under a lock. Here turns are computed some thousands at a time: threads count turns,
//! and one of them makes the next ones when they run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::rotation::Rotation;
use super::{Candidate, Key, Pick, take, take_any};
use crate::server::Server;
use crate::stats::Padded;

/// How many turns are computed at a time.
const BLOCK: usize = 1024;
/// How many turns are tried before full servers are looked at one by one.
const TURNS_TRIED: usize = 16;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turn: Padded<AtomicUsize>,
    stock: ArcSwap<Stock>,
    source: Mutex<Source>,
}

/// Turns in stock.
#[derive(Debug, Default)]
struct Stock {
    /// Servers in order of the configuration.
    members: Arc<[Arc<Server>]>,
    /// The block that was begun first, kept for those who took a turn of it and come late.
    early: Block,
    late: Block,
}

/// Some turns in a row.
#[derive(Clone, Debug, Default)]
struct Block {
    /// The number of the first one.
    first: usize,
    /// Which member each is for.
    turns: Arc<[u32]>,
}

impl Block {
    fn get(&self, turn: usize) -> Option<u32> {
        self.turns.get(turn.checked_sub(self.first)?).copied()
    }

    fn end(&self) -> usize {
        self.first + self.turns.len()
    }
}

impl Stock {
    /// The server of a turn that is in stock. One that was lost in a change is as good as the first there is.
    fn server(&self, turn: usize) -> Option<&Arc<Server>> {
        let turn = turn.max(self.early.first);
        self.members.get(self.late.get(turn).or_else(|| self.early.get(turn))? as usize)
    }
}

/// Where turns come from.
#[derive(Debug, Default)]
struct Source {
    /// The rotation at the start of both blocks in stock, and at the end.
    early: Rotation,
    late: Rotation,
    end: Rotation,
}

impl Source {
    /// Makes the next block; the early one goes.
    fn replenish(&mut self, stock: &Stock) -> Stock {
        self.early = std::mem::replace(&mut self.late, self.end.clone());
        let turns = (0..BLOCK).map_while(|_| self.end.advance()).collect();
        Stock {
            members: Arc::clone(&stock.members),
            early: stock.late.clone(),
            late: Block { first: stock.late.end(), turns },
        }
    }

    /// The rotation as it was before a turn that is in stock.
    fn before(&self, stock: &Stock, turn: usize) -> Rotation {
        let late = turn >= stock.late.first;
        let (rotation, first) = if late { (&self.late, stock.late.first) } else { (&self.early, stock.early.first) };
        let mut rotation = rotation.clone();
        for _ in first..turn.min(stock.late.end()) {
            rotation.advance();
        }
        rotation
    }
}

impl RoundRobin {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.load(Ordering::Relaxed);
        let mut rotation = source.before(&self.stock.load(), turn);
        rotation.change(candidates);
        let nothing = Block { first: turn, turns: Arc::default() };
        let empty = Stock { members: rotation.servers(), early: nothing.clone(), late: nothing };
        *source = Source { end: rotation, ..Source::default() };
        self.stock.store(Arc::new(source.replenish(&empty)));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let mut stock = self.stock.load();
        if stock.members.is_empty() {
            return Pick::None;
        }
        for _ in 0..TURNS_TRIED {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            while turn >= stock.late.end() {
                self.replenish();
                stock = self.stock.load();
                if stock.members.is_empty() {
                    return Pick::None;
                }
            }
            if let Some(slot) = stock.server(turn).and_then(|server| take(server, key)) {
                return Pick::Taken(slot);
            }
        }
        take_any(stock.members.iter(), key)
    }

    /// Makes the next block, unless another thread has just done so.
    fn replenish(&self) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let stock = self.stock.load();
        if self.turn.load(Ordering::Relaxed) > stock.late.end() && !stock.members.is_empty() {
            self.stock.store(Arc::new(source.replenish(&stock)));
        }
    }
}
