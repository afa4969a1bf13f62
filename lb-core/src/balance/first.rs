//! `balance first`: the server with the lowest id that has room.
//!
//! Which servers have room is kept as bits, so that those in front that are full need not be asked one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::{Candidate, Key, Pick, take, take_any};
use crate::server::Server;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct First {
    table: ArcSwap<Table>,
}

/// Servers by id.
#[derive(Debug, Default)]
struct Table {
    members: Vec<Arc<Server>>,
    /// A bit for each member that had not reached its `maxconn` when it was last looked at.
    room: Box<[AtomicU64]>,
    /// A bit for each word of `room` that is not 0.
    words: Box<[AtomicU64]>,
}

impl First {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let mut members: Vec<_> = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        members.sort_by_key(|server| server.id);
        for (place, server) in (0u32..).zip(&members) {
            server.leaf.store(place, Ordering::SeqCst);
        }
        let zeros = |bits: usize| (0..bits.div_ceil(64)).map(|_| AtomicU64::new(0)).collect::<Box<[_]>>();
        let room = zeros(members.len());
        let words = zeros(room.len());
        self.table.store(Arc::new(Table { members, room, words }));
        // Only now, so that a change that still went to the old table is seen here.
        for candidate in candidates {
            self.load_changed(&candidate.server);
        }
    }

    pub(super) fn load_changed(&self, server: &Server) {
        self.table.load().look_at(server);
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let table = self.table.load();
        let mut from = 0;
        while let Some(place) = table.next_with_room(from) {
            let Some(server) = table.members.get(place) else { break };
            if let Some(slot) = take(server, key) {
                return Pick::Taken(slot);
            }
            // It is taken since, its limit is lower now, or it is to be avoided.
            table.look_at(server);
            from = place + 1;
        }
        take_any(table.members.iter(), key)
    }
}

impl Table {
    fn look_at(&self, server: &Server) {
        let place = server.leaf.load(Ordering::SeqCst) as usize;
        if !self.members.get(place).is_some_and(|member| std::ptr::eq(Arc::as_ptr(member), server)) {
            return;
        }
        // Two threads may note their own changes in the wrong order: the last one to note checks.
        loop {
            let full = server.is_at_maxconn();
            self.set(place, !full);
            if server.is_at_maxconn() == full {
                break;
            }
        }
    }

    fn set(&self, place: usize, room: bool) {
        let (Some(word), Some(above)) = (self.room.get(place / 64), self.words.get(place / 64 / 64)) else { return };
        let (bit, bit_above) = (1 << (place % 64), 1 << (place / 64 % 64));
        if room {
            // Plain loads first: most changes of a load change no bit, and the lines stay shared.
            if word.load(Ordering::SeqCst) & bit == 0 {
                word.fetch_or(bit, Ordering::SeqCst);
            }
            if above.load(Ordering::SeqCst) & bit_above == 0 {
                above.fetch_or(bit_above, Ordering::SeqCst);
            }
        } else if word.load(Ordering::SeqCst) & bit != 0 && word.fetch_and(!bit, Ordering::SeqCst) == bit {
            above.fetch_and(!bit_above, Ordering::SeqCst);
            if word.load(Ordering::SeqCst) != 0 {
                above.fetch_or(bit_above, Ordering::SeqCst);
            }
        }
    }

    /// The first place from one on that has its bit.
    fn next_with_room(&self, from: usize) -> Option<usize> {
        let in_word = |word: usize, from: usize| {
            let bits = self.room.get(word)?.load(Ordering::SeqCst) & (u64::MAX.checked_shl(from as u32)?);
            (bits != 0).then(|| word * 64 + bits.trailing_zeros() as usize)
        };
        let first = from / 64;
        if let Some(place) = in_word(first, from % 64) {
            return Some(place);
        }
        let mut word = first + 1;
        while word < self.room.len() {
            let above = self.words.get(word / 64)?.load(Ordering::SeqCst) & (u64::MAX << (word % 64));
            if above == 0 {
                word = (word / 64 + 1) * 64;
                continue;
            }
            let found = word / 64 * 64 + above.trailing_zeros() as usize;
            if let Some(place) = in_word(found, 0) {
                return Some(place);
            }
            word = found + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn places_with_room_are_found() {
        let zeros = |bits: usize| (0..bits.div_ceil(64)).map(|_| AtomicU64::new(0)).collect::<Box<[_]>>();
        let table = Table { members: Vec::new(), room: zeros(9000), words: zeros(9000usize.div_ceil(64)) };
        assert_eq!(table.next_with_room(0), None);
        for place in [3, 63, 64, 4095, 4096, 8999] {
            table.set(place, true);
        }
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(place) = table.next_with_room(from) {
            found.push(place);
            from = place + 1;
        }
        assert_eq!(found, [3, 63, 64, 4095, 4096, 8999]);
        for place in [3, 63, 64, 4095] {
            table.set(place, false);
        }
        assert_eq!(table.next_with_room(0), Some(4096));
        table.set(64, true);
        assert_eq!(table.next_with_room(0), Some(64));
    }
}
