//! `balance random(draws)`: some servers are drawn by weight, the least loaded of them is kept.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::bounded::{Bounded, Shares};
use super::{Candidate, Key, Pick, take, take_any};
use crate::server::Server;

/// State of the algorithm.
#[derive(Debug)]
pub struct Random {
    draws: u32,
    bounded: Bounded,
    members: ArcSwap<Members>,
}

#[derive(Debug, Default)]
struct Members {
    servers: Vec<Arc<Server>>,
    shares: Shares,
}

impl Random {
    pub(super) fn new(draws: u32, factor: u32) -> Self {
        Self { draws: draws.max(1), bounded: Bounded::new(factor), members: ArcSwap::default() }
    }

    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let servers = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        self.members.store(Arc::new(Members { servers, shares: Shares::new(candidates) }));
    }

    pub(super) fn bounded(&self) -> &Bounded {
        &self.bounded
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let members = self.members.load();
        let places = self.bounded.places();
        let mut best: Option<(&Arc<Server>, u64)> = None;
        for _ in 0..self.draws {
            let Some((rank, server)) = members.draw(random()) else { return Pick::None };
            if key.excludes(server) || server.is_full() || !members.shares.allow(places, rank, server) {
                continue;
            }
            let load = server.relative_load();
            if best.is_none_or(|(_, least)| load < least) {
                best = Some((server, load));
            }
        }
        if let Some(slot) = best.and_then(|(server, _)| take(server, key)) {
            return Pick::Taken(slot);
        }
        // Every server drawn was full, excluded or had its share: any other, from a random place on.
        let len = members.servers.len();
        let start = usize::try_from(random() % (len.max(1) as u64)).unwrap_or(0);
        let mut others = members.servers.iter().enumerate().cycle().skip(start).take(len);
        let allowed = others.find_map(|(rank, server)| {
            let allowed = places.is_some() && members.shares.allow(places, rank, server);
            if allowed { take(server, key) } else { None }
        });
        match allowed {
            Some(slot) => Pick::Taken(slot),
            None => take_any(members.servers.iter().cycle().skip(start).take(len), key),
        }
    }
}

impl Members {
    fn draw(&self, random: u64) -> Option<(usize, &Arc<Server>)> {
        let total = self.shares.total();
        if total == 0 {
            return None;
        }
        let rank = self.shares.find(random % total);
        Some((rank, self.servers.get(rank)?))
    }
}

/// The next number of this thread's generator (SplitMix64); good enough to spread load, useless as a secret.
pub(crate) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
    }
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
