//! `balance source`: the client's address decides, through the map of `static-rr` (`hash-type map-based`).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::schedule::Schedule;
use super::{Candidate, Key, Pick};
use crate::backend::ServerSlot;
use crate::stats::Padded;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct Source {
    map: ArcSwap<Schedule>,
    /// Turns of clients without an address (UNIX sockets).
    turn: Padded<AtomicUsize>,
}

impl Source {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        self.map.store(Arc::new(Schedule::fixed(candidates)));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let map = self.map.load();
        let len = map.turns.len();
        if len == 0 {
            return Pick::None;
        }
        let start = match key.source {
            Some(address) => hash(address) as usize % len,
            None => self.turn.fetch_add(1, Ordering::Relaxed) % len,
        };
        // After a failure, the next other server of the map; the same one where there is no other.
        let others =
            (0..len).filter_map(|ahead| map.server((start + ahead) % len)).find(|server| !key.excludes(server));
        match others.or_else(|| map.server(start)) {
            None => Pick::None,
            Some(server) => ServerSlot::take(server).map_or_else(|| Pick::Wait(Arc::clone(server)), Pick::Taken),
        }
    }
}

/// The address as HAProxy hashes it: its 32-bit words, combined by exclusive or.
fn hash(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits >> 96) as u32 ^ (bits >> 64) as u32 ^ (bits >> 32) as u32 ^ bits as u32
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn addresses_hash_to_their_words() {
        assert_eq!(hash("127.0.0.1".parse().unwrap()), 0x7f00_0001);
        assert_eq!(hash("::1".parse().unwrap()), 1);
        assert_eq!(
            hash("2001:db8:1:2:3:4:5:6".parse().unwrap()),
            0x2001_0db8 ^ 0x0001_0002 ^ 0x0003_0004 ^ 0x0005_0006
        );
    }
}
