//! Serving in turns: a table and a count of turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::schedule::Schedule;
use super::{Key, Pick, take, take_any};
use crate::stats::Padded;

/// How many turns are tried before full servers are looked at one by one.
const TURNS_TRIED: usize = 16;

/// A schedule and where it stands.
#[derive(Debug, Default)]
pub(super) struct Turns {
    schedule: ArcSwap<Schedule>,
    turn: Padded<AtomicUsize>,
}

impl Turns {
    /// Goes on at the same place of another schedule. The end of a shorter one is its start, but the end of one that
    /// grew is not.
    pub(super) fn stay(&self, schedule: Schedule) {
        let len = self.schedule.load().turns.len().max(1);
        let turn = self.turn.load(Ordering::Relaxed);
        let place = turn.checked_sub(1).map_or(0, |last| last % len + 1);
        let place = if place < schedule.turns.len() { place } else { 0 };
        self.replace(schedule, place);
    }

    fn replace(&self, schedule: Schedule, turn: usize) {
        self.schedule.store(Arc::new(schedule));
        self.turn.store(turn, Ordering::Relaxed);
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let schedule = self.schedule.load();
        let turns = schedule.turns.len();
        if turns == 0 {
            return Pick::None;
        }
        let next = || schedule.server(self.turn.fetch_add(1, Ordering::Relaxed) % turns);
        for _ in 0..turns.min(TURNS_TRIED) {
            if let Some(slot) = next().and_then(|server| take(server, key)) {
                return Pick::Taken(slot);
            }
        }
        take_any(schedule.members.iter(), key)
    }
}
