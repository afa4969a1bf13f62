//! A part of a table behind one lock: entries by key, and the queue of their deadlines.

use hashbrown::HashTable;

use super::entry::Entry;
use super::key::Key;
use super::queue::{MAX_SLOTS, Queue};

/// Entries that a full table looks at to find one to forget.
const LOOKS: usize = 32;

/// The same where all that were seen are tracked.
const LOOKS_IF_TRACKED: usize = 1024;

/// What a shard must know of its table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Words of the values of an entry.
    pub(super) values: usize,
    /// How long an entry lives after it was used, in milliseconds; `None` for ever.
    pub(super) expire: Option<u64>,
}

impl Rules {
    /// The deadline of an entry that is used now; where entries do not expire, the time it was last used.
    pub(super) fn deadline(self, now: u64) -> u64 {
        now.saturating_add(self.expire.unwrap_or(0))
    }

    /// Whether its time is over. What is tracked stays.
    pub(super) fn is_over(self, entry: &Entry, now: u64) -> bool {
        self.expire.is_some() && entry.deadline() <= now && entry.trackers() == 0
    }
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Numbers of slots, by the key's hash.
    index: HashTable<u32>,
    /// Entries with the hashes of their keys.
    slots: Vec<Option<(Entry, u32)>>,
    free: Vec<u32>,
    queue: Queue,
}

/// The part of a hash that is kept with an entry.
fn short(hash: u64) -> u32 {
    hash as u32
}

/// What the index is given as hash: the kept part, so that it can grow without reading keys.
fn spread(short: u32) -> u64 {
    // The index takes its place from the low bits and a tag from the high ones.
    u64::from(short) << 32 | u64::from(short)
}

impl Shard {
    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_ref().map(|(entry, _)| entry)
    }

    /// The entry of a key, whether its time is over or not.
    pub(super) fn get(&self, hash: u64, key: &Key, rules: Rules) -> Option<&Entry> {
        let same = |slot: &u32| self.entry(*slot).is_some_and(|entry| entry.is(key, rules.values));
        self.index.find(spread(short(hash)), same).and_then(|slot| self.entry(*slot))
    }

    /// Adds an entry for a key that has none. `None` where no slot is left.
    pub(super) fn insert(&mut self, hash: u64, key: &Key, rules: Rules, now: u64) -> Option<&Entry> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < MAX_SLOTS => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
            None => return None,
        };
        let deadline = rules.deadline(now);
        let hash = short(hash);
        let slots = &mut self.slots;
        *slots.get_mut(slot as usize)? = Some((Entry::new(key, rules.values, deadline), hash));
        let hash_of = |slot: &u32| {
            let kept = slots.get(*slot as usize).and_then(Option::as_ref);
            spread(kept.map_or(0, |(_, hash)| *hash))
        };
        self.index.insert_unique(spread(hash), slot, hash_of);
        self.queue.push(deadline, slot);
        self.entry(slot)
    }

    /// Removes the entry of a key.
    pub(super) fn remove(&mut self, hash: u64, key: &Key, rules: Rules) -> Option<Entry> {
        let same = |slot: &u32| self.entry(*slot).is_some_and(|entry| entry.is(key, rules.values));
        let slot = self.index.find(spread(short(hash)), same).copied()?;
        self.take(slot)
    }

    fn take(&mut self, slot: u32) -> Option<Entry> {
        let (entry, hash) = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(place) = self.index.find_entry(spread(hash), |other| *other == slot) {
            place.remove();
        }
        self.queue.remove(slot);
        self.free.push(slot);
        Some(entry)
    }

    /// The earliest time at which there is something to do.
    pub(super) fn next(&self) -> u64 {
        self.queue.first().map_or(u64::MAX, |(time, _)| time)
    }

    /// Removes one entry whose time is over.
    pub(super) fn expire_one(&mut self, rules: Rules, now: u64) -> Option<Entry> {
        rules.expire?;
        loop {
            let (time, slot) = self.queue.first().filter(|(time, _)| *time <= now)?;
            let entry = self.entry(slot)?;
            let deadline = entry.deadline();
            if deadline > time && deadline > now {
                self.queue.move_first(deadline);
            } else if entry.set_late() {
                self.queue.move_first(rules.deadline(now).max(now + 1));
            } else {
                return self.take(slot);
            }
        }
    }

    /// Removes the entry that was not used for the longest time, of those that it looks at: the first in the queue, and
    /// where these were used since they were put there, some more.
    pub(super) fn purge_one(&mut self, rules: Rules, now: u64) -> Option<Entry> {
        let mut oldest: Option<(u64, u32)> = None;
        for looked in 0..LOOKS_IF_TRACKED.min(self.index.len()) {
            if oldest.is_some() && looked >= LOOKS {
                break;
            }
            let (time, slot) = self.queue.first()?;
            let entry = self.entry(slot)?;
            let deadline = entry.deadline();
            if entry.set_late() {
                // Behind all that are not tracked.
                self.queue.move_first(rules.deadline(now).max(time).saturating_add(1));
                continue;
            }
            let seen = (deadline, slot);
            oldest = Some(oldest.map_or(seen, |oldest| oldest.min(seen)));
            if deadline <= time {
                break;
            }
            self.queue.move_first(deadline);
        }
        oldest.and_then(|(_, slot)| self.take(slot))
    }

    /// An entry that was tracked takes its place in the queue again.
    pub(super) fn requeue(&mut self, hash: u64, entry: &Entry) {
        let same = |slot: &u32| self.entry(*slot).is_some_and(|other| other.same(entry));
        if let Some(slot) = self.index.find(spread(short(hash)), same).copied() {
            entry.clear_late();
            self.queue.remove(slot);
            self.queue.push(entry.deadline(), slot);
        }
    }

    /// All entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().filter_map(|slot| slot.as_ref().map(|(entry, _)| entry))
    }

    /// Removes the entries that `which` names, but for those that are tracked.
    pub(super) fn remove_where(&mut self, which: &mut dyn FnMut(&Entry) -> bool, removed: &mut Vec<Entry>) {
        for slot in 0..self.slots.len() as u32 {
            let gone = self.entry(slot).is_some_and(|entry| entry.trackers() == 0 && which(entry));
            if gone {
                removed.extend(self.take(slot));
            }
        }
    }

    /// Gives memory back after many entries went.
    pub(super) fn shrink(&mut self) {
        if self.index.is_empty() {
            *self = Self::default();
        }
    }
}
