//! A queue of streams that wait for a server slot: one per server, one per backend (configuration.txt, `maxconn`).
//!
//! Nobody takes the lock unless somebody waits. Who gives a slot back reads `pending` after it; who waits raises
//! `pending` before it looks for a free slot once more. Both are sequentially consistent, so at least one of the two
//! sees the other and no slot stays free beside a waiter.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::slot::ServerSlot;

/// What a waiter is told.
#[derive(Debug)]
pub(crate) enum Grant {
    /// A slot, and how many waiters of this queue were served since the waiter joined, itself included.
    Slot(ServerSlot, u64),
    /// The server of this queue went away: choose again.
    Redistribute,
}

/// Waiters in order of arrival.
#[derive(Debug, Default)]
pub struct Queue {
    pending: AtomicU32,
    max: AtomicU32,
    waiting: Mutex<Waiting>,
}

/// A place among those that wait (configuration.txt, `set-priority-class`, `set-priority-offset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority {
    /// Lower ones are served first.
    pub class: i32,
    /// Within a class: milliseconds at which it came, moved by its offset. Equal ones are served as they came.
    pub time: i64,
}

/// What orders a queue: class, time, and who came first.
pub(super) type Key = (i32, i64, u64);

#[derive(Debug, Default)]
struct Waiting {
    entries: BTreeMap<Key, Waiter>,
    next: u64,
    served: u64,
}

#[derive(Debug)]
struct Waiter {
    grant: oneshot::Sender<Grant>,
    served_before: u64,
    /// It waits for this very server, whatever becomes of it.
    persists: bool,
}

/// A place in a queue, as its holder sees it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) key: Key,
    pub(crate) served_before: u64,
    pub(crate) grant: oneshot::Receiver<Grant>,
}

/// Why a waiter is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A session ended.
    Own,
    /// A server came, or may have more sessions.
    Change,
}

/// A waiter taken out of the queue, to be granted a slot.
#[derive(Debug)]
pub(crate) struct Popped {
    pub(crate) grant: oneshot::Sender<Grant>,
    pub(crate) position: u64,
}

impl Queue {
    /// How many wait now.
    pub fn pending(&self) -> u32 {
        self.pending.load(Ordering::SeqCst)
    }

    /// The most that ever waited at once (`qmax`).
    pub fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    /// Forgets the most that waited (`clear counters`).
    pub(crate) fn clear_max(&self) {
        self.max.store(0, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere cannot leave the map half changed: every critical section is a few map calls.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the queue unless `limit` (0 is none) are waiting already. Who `persists` stays when others choose again.
    pub(crate) fn push(&self, limit: u32, priority: Priority, persists: bool) -> Option<Place> {
        let (sender, grant) = oneshot::channel();
        let mut waiting = self.lock();
        if limit != 0 && waiting.entries.len() >= limit as usize {
            return None;
        }
        let key = (priority.class, priority.time, waiting.next);
        waiting.next += 1;
        let served_before = waiting.served;
        waiting.entries.insert(key, Waiter { grant: sender, served_before, persists });
        let pending = self.pending.fetch_add(1, Ordering::SeqCst) + 1;
        self.max.fetch_max(pending, Ordering::Relaxed);
        Some(Place { key, served_before, grant })
    }

    /// How many were served so far.
    pub(crate) fn served(&self) -> u64 {
        self.lock().served
    }

    /// Whether the first waiter here comes before the first one of the other queue.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        let first = |queue: &Self| match queue.pending() {
            0 => None,
            _ => queue.lock().entries.first_key_value().map(|(&(class, time, _), _)| (class, time)),
        };
        match (first(self), first(other)) {
            (Some(ours), Some(theirs)) => ours < theirs,
            (ours, _) => ours.is_some(),
        }
    }

    /// Takes the first waiter. One that is taken out of turn does not count for the others' place.
    pub(crate) fn pop(&self, turn: Turn) -> Option<Popped> {
        if self.pending() == 0 {
            return None;
        }
        let mut waiting = self.lock();
        let (_, waiter) = waiting.entries.pop_first()?;
        let position = waiting.served + 1 - waiter.served_before;
        waiting.served += u64::from(turn == Turn::Own);
        self.pending.fetch_sub(1, Ordering::SeqCst);
        Some(Popped { grant: waiter.grant, position })
    }

    /// Leaves the queue; does nothing for a waiter that has been taken already.
    pub(crate) fn remove(&self, key: Key) {
        let removed = {
            let mut waiting = self.lock();
            let removed = waiting.entries.remove(&key);
            if removed.is_some() {
                self.pending.fetch_sub(1, Ordering::SeqCst);
            }
            removed
        };
        drop(removed);
    }

    /// Takes every waiter out that does not persist and has it choose again; says how many there were.
    pub(crate) fn redistribute(&self) -> u32 {
        self.send_away(|waiter| waiter.persists)
    }

    /// The same with those that persist: the server is no more.
    pub(crate) fn evict(&self) -> u32 {
        self.send_away(|_| false)
    }

    fn send_away(&self, stays: impl Fn(&Waiter) -> bool) -> u32 {
        let entries = {
            let mut waiting = self.lock();
            let all = std::mem::take(&mut waiting.entries);
            let (stay, entries): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(_, one)| stays(one));
            waiting.entries = stay;
            self.pending.fetch_sub(entries.len() as u32, Ordering::SeqCst);
            entries
        };
        let count = entries.len() as u32;
        for (_, waiter) in entries {
            // A waiter that has gone needs nothing.
            let _ = waiter.grant.send(Grant::Redistribute);
        }
        count
    }
}
