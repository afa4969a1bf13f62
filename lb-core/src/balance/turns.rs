//! Serving in turns: a schedule and a count of turns, shared by `roundrobin` and `static-rr`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::schedule::Schedule;
use super::{Key, Pick, take, take_any};
use crate::server::{Padded, Server};

/// How many turns are tried before full servers are looked at one by one.
const TURNS_TRIED: usize = 16;

/// A schedule and where it stands.
#[derive(Debug, Default)]
pub(super) struct Turns {
    schedule: ArcSwap<Schedule>,
    turn: Padded<AtomicUsize>,
}

impl Turns {
    /// Goes on by another schedule: with the server whose turn it is, or the first behind it that is still there.
    pub(super) fn set(&self, schedule: Schedule) {
        let before = self.schedule.load();
        let turn = self.turn.load(Ordering::Relaxed);
        let due = before.turns.iter().cycle().skip(turn % before.turns.len().max(1)).take(before.turns.len());
        let place = due.filter_map(|index| schedule.turns.iter().position(|other| other == index)).next();
        self.schedule.store(Arc::new(schedule));
        self.turn.store(place.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn pick(&self, servers: &[Arc<Server>], key: &Key) -> Pick {
        let schedule = self.schedule.load();
        let turns = schedule.turns.len();
        if turns == 0 {
            return Pick::None;
        }
        let next = || schedule.turns.get(self.turn.fetch_add(1, Ordering::Relaxed) % turns).copied();
        for _ in 0..turns.min(TURNS_TRIED) {
            if let Some(slot) = next().and_then(|index| take(servers, index, key.exclude)) {
                return Pick::Taken(slot);
            }
        }
        take_any(servers, schedule.members.iter().copied(), key.exclude)
    }
}
