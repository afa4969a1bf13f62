//! `balance source`, `uri`, `hdr` and all others that hash a key: the hash leads to a server through a table or a ring
//! (`hash-type`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::bounded::Bounded;
use super::hash::hash_address;
use super::ring::Ring;
use super::schedule::Schedule;
use super::{Candidate, Key, Pick, take, take_any};
use crate::backend::ServerSlot;
use crate::config::model::{HashMethod, HashType};
use crate::server::Server;
use crate::stats::Padded;

/// How many turns are tried before full servers are looked at one by one.
const TURNS_TRIED: usize = 16;

/// State of the algorithm.
#[derive(Debug)]
pub struct Hashed {
    kind: HashType,
    /// The client's address is the key; otherwise the stream brings a hash.
    source: bool,
    bounded: Bounded,
    table: ArcSwap<Table>,
    /// Turns of requests without a key. They leave out nobody, and requests with a key do not count.
    turn: Padded<AtomicUsize>,
}

#[derive(Debug)]
enum Table {
    Map(Schedule),
    Ring(Ring),
}

impl Table {
    fn len(&self) -> usize {
        match self {
            Self::Map(map) => map.turns.len(),
            Self::Ring(ring) => ring.points.len(),
        }
    }

    fn members(&self) -> &[Arc<Server>] {
        match self {
            Self::Map(map) => &map.members,
            Self::Ring(ring) => &ring.members,
        }
    }

    fn server(&self, index: usize) -> Option<&Arc<Server>> {
        match self {
            Self::Map(map) => map.server(index),
            Self::Ring(ring) => ring.server(index),
        }
    }

    fn find(&self, hash: u32) -> usize {
        match self {
            Self::Map(map) => hash as usize % map.turns.len().max(1),
            Self::Ring(ring) => ring.nearest(hash),
        }
    }

    /// Whether `hash-balance-factor`, which is about rings only, lets a server have one more session.
    fn allows(&self, places: Option<u64>, index: usize, server: &Arc<Server>) -> bool {
        match self {
            Self::Map(_) => true,
            Self::Ring(ring) => ring.owner(index).is_none_or(|rank| ring.shares.allow(places, rank, server)),
        }
    }

    /// Where the turns of another table go on in this one.
    fn resume(&self, before: &Self, turn: usize) -> usize {
        let last = turn.checked_sub(1).map(|last| last % before.len().max(1));
        match (self, before, last) {
            (Self::Ring(ring), Self::Ring(before), Some(last)) => {
                before.points.get(last).map_or(0, |point| ring.behind(*point))
            }
            (Self::Map(map), _, Some(last)) if last + 1 < map.turns.len() => last + 1,
            _ => 0,
        }
    }
}

impl Hashed {
    pub(super) fn new(kind: HashType, source: bool, bounded: Bounded) -> Self {
        let table = ArcSwap::from_pointee(match kind.method {
            HashMethod::MapBased => Table::Map(Schedule::default()),
            HashMethod::Consistent => Table::Ring(Ring::default()),
        });
        Self { kind, source, bounded, table, turn: Padded::default() }
    }

    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let before = self.table.load();
        let table = match &**before {
            Table::Map(_) => Table::Map(Schedule::fixed(candidates)),
            Table::Ring(ring) => Table::Ring(ring.renewed(candidates)),
        };
        let turn = table.resume(&before, self.turn.load(Ordering::Relaxed));
        self.table.store(Arc::new(table));
        self.turn.store(turn, Ordering::Relaxed);
    }

    /// Whether the weight of a server that takes part may change.
    pub(super) fn is_dynamic(&self) -> bool {
        self.kind.method == HashMethod::Consistent
    }

    pub(super) fn bounded(&self) -> &Bounded {
        &self.bounded
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let table = self.table.load();
        let len = table.len();
        if len == 0 {
            return Pick::None;
        }
        let hash = if self.source {
            key.source.map(|address| hash_address(self.kind, address))
        } else {
            key.hash.map(|hash| hash as u32)
        };
        match hash {
            Some(hash) => self.pick_for(&table, table.find(hash), key),
            None => self.pick_in_turn(&table, key),
        }
    }

    /// The server of a key. After a failure it is the next other one, or the same where there is no other.
    fn pick_for(&self, table: &Table, start: usize, key: &Key<'_>) -> Pick {
        let len = table.len();
        let places = self.bounded.places();
        let mut ahead = (0..len).map(|ahead| (start + ahead) % len);
        let chosen = ahead.find(|index| {
            table.server(*index).is_some_and(|server| !key.excludes(server) && table.allows(places, *index, server))
        });
        match table.server(chosen.unwrap_or(start)) {
            None => Pick::None,
            Some(server) => ServerSlot::take(server).map_or_else(|| Pick::Wait(Arc::clone(server)), Pick::Taken),
        }
    }

    fn pick_in_turn(&self, table: &Table, key: &Key<'_>) -> Pick {
        let len = table.len();
        for _ in 0..len.min(TURNS_TRIED) {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % len;
            if let Some(slot) = table.server(turn).and_then(|server| take(server, key)) {
                return Pick::Taken(slot);
            }
        }
        take_any(table.members().iter(), key)
    }
}
