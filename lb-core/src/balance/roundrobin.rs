//! `balance roundrobin`: each server in turns, according to the weights.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::schedule::Schedule;
use super::{Candidate, Key, Pick};
use crate::backend::ServerSlot;
use crate::server::{Padded, Server};

/// How many turns are tried before full servers are looked at one by one.
const TURNS_TRIED: usize = 16;

/// State of the algorithm.
#[derive(Debug, Default)]
pub struct RoundRobin {
    schedule: ArcSwap<Schedule>,
    turn: Padded<AtomicUsize>,
}

impl RoundRobin {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        self.schedule.store(Arc::new(Schedule::smooth(candidates)));
    }

    pub(super) fn pick(&self, servers: &[Arc<Server>], key: &Key) -> Pick {
        let schedule = self.schedule.load();
        let turns = schedule.turns.len();
        if turns == 0 {
            return Pick::None;
        }
        for _ in 0..turns.min(TURNS_TRIED) {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % turns;
            if let Some(slot) = take(servers, schedule.turns.get(turn), key.exclude) {
                return Pick::Taken(slot);
            }
        }
        let others = schedule.members.iter().find_map(|index| take(servers, Some(index), key.exclude));
        // The excluded server is better than none.
        match others.or_else(|| schedule.members.iter().find_map(|index| take(servers, Some(index), None))) {
            Some(slot) => Pick::Taken(slot),
            None => Pick::Full,
        }
    }
}

/// Takes a slot of the server at `index`, unless it is excluded or full.
fn take(servers: &[Arc<Server>], index: Option<&u32>, exclude: Option<usize>) -> Option<ServerSlot> {
    let index = *index? as usize;
    if Some(index) == exclude {
        return None;
    }
    ServerSlot::take(servers.get(index)?)
}
