//! A stick table: entries by key, in shards, each behind a lock that is held for one look-up.
//!
//! Who has an entry reads and changes its values without any lock. Time is given to every call; nothing runs while a
//! table is not used. What has expired is not found any more, and is removed by later calls: a few entries by each that
//! adds one, all by [`Table::sweep`].

use crate::instant::Instant;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::config::TableConfig;
use super::data::{DataType, Layout, Nature};
use super::entry::{Entry, HEADER};
use super::key::{Key, TableKey};
use super::names::Names;
use super::shard::{Rules, Shard};
use super::watch::{Change, Removal, TableChange, Watchers};
use crate::events::Events;
use crate::sample::Value;

/// Most shards of a table.
const SHARDS: usize = 64;

/// Entries of a shard that make another one worth it.
const PER_SHARD: usize = 256;

/// Entries that are removed under one hold of a shard's lock.
const BATCH: usize = 256;

/// Milliseconds since the table's origin.
pub type Moment = u64;

/// A shard, alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded {
    shard: Mutex<Shard>,
    /// The earliest time in its queue, for those who only look.
    next: AtomicU64,
}

impl Padded {
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stick table.
///
/// # Memory
/// An entry takes at most `16 + 8 × (2 + values + key)` bytes, rounded up by the allocator, where a value is a word, a
/// rate two, an address or number one word of key, an IPv6 address two, and a text one more than its bytes need; and
/// 24 bytes for its slot, 12 in the queue and 10 in the index, each of which may have twice the room while it grows.
pub struct Table {
    pub(crate) name: Arc<str>,
    pub(crate) config: TableConfig,
    pub(crate) layout: Layout,
    origin: Instant,
    rules: Rules,
    hasher: RandomState,
    shards: Box<[Padded]>,
    used: AtomicUsize,
    /// Nothing expires before this, as far as those who add entries know.
    next: AtomicU64,
    /// Texts of `server_key`.
    names: Names,
    watchers: Watchers,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("used", &self.used()).finish_non_exhaustive()
    }
}

impl Table {
    /// An empty table. All moments are counted from `origin`.
    pub fn new(name: &str, config: &TableConfig, origin: Instant) -> Self {
        let layout = Layout::new(&config.stored, HEADER);
        let expire = config.expire.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let shards = (config.size as usize / PER_SHARD).next_power_of_two().min(SHARDS);
        let padded = || Padded { shard: Mutex::default(), next: AtomicU64::new(u64::MAX) };
        Self {
            name: name.into(),
            config: config.clone(),
            origin,
            rules: Rules { values: layout.words(), expire },
            layout,
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| padded()).collect(),
            used: AtomicUsize::new(0),
            next: AtomicU64::new(u64::MAX),
            names: Names::default(),
            watchers: Watchers::default(),
        }
    }

    /// The moment of an instant.
    pub fn at(&self, now: Instant) -> Moment {
        u64::try_from(now.saturating_duration_since(self.origin).as_millis()).unwrap_or(u64::MAX)
    }

    /// Entries, with those that have expired and were not removed yet.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Entries at that moment.
    pub fn len(&self, now: Moment) -> usize {
        self.sweep(now);
        self.used()
    }

    /// The key that a sample is in this table.
    pub fn key(&self, value: Value<'_>) -> Option<Key> {
        self.config.key.key(value)
    }

    fn find(&self, key: &[u64]) -> (u64, &Padded) {
        let hash = self.hasher.hash_one(key);
        // The low half is for the shard's own index.
        let number = (hash >> 32) as usize & (self.shards.len() - 1);
        (hash, self.shards.get(number).unwrap_or(&self.shards[0]))
    }

    /// Writes down when a shard, which is locked, has something to do.
    fn note(&self, padded: &Padded, shard: &Shard) {
        let next = shard.next();
        padded.next.store(next, Ordering::Relaxed);
        if next < self.next.load(Ordering::Relaxed) {
            self.next.fetch_min(next, Ordering::Relaxed);
        }
    }

    /// The entry of a key. Looking at it does not prolong its life.
    pub(crate) fn get(&self, key: &Key, now: Moment) -> Option<Entry> {
        self.look(key, now, false)
    }

    fn look(&self, key: &Key, now: Moment, track: bool) -> Option<Entry> {
        let (hash, padded) = self.find(key.as_words());
        let shard = padded.lock();
        let entry = shard.get(hash, key, self.rules).filter(|entry| !self.rules.is_over(entry, now))?;
        if track {
            entry.track();
        }
        Some(entry.clone())
    }

    /// The entry of a key, made if there is none. `None` where the table is full of entries that are tracked, or full
    /// and `nopurge`.
    pub(crate) fn get_or_insert(&self, key: &Key, now: Moment) -> Option<Entry> {
        self.look_or_insert(key, now, false)
    }

    /// The same for somebody who tracks it: it stays until [`Table::untrack`].
    pub(crate) fn track(&self, key: &Key, now: Moment) -> Option<Entry> {
        self.look_or_insert(key, now, true)
    }

    /// Ends what [`Table::track`] began. The lock is taken only where the entry's deadline passed meanwhile, or the
    /// table was full.
    pub(crate) fn untrack(&self, entry: &Entry) {
        if entry.untrack() {
            let words: Vec<u64> = entry.key(self.rules.values).collect();
            let (hash, padded) = self.find(&words);
            let mut shard = padded.lock();
            shard.requeue(hash, entry);
            self.note(padded, &shard);
        }
    }

    fn look_or_insert(&self, key: &Key, now: Moment, track: bool) -> Option<Entry> {
        if let Some(entry) = self.look(key, now, track) {
            return Some(entry);
        }
        self.make_room(now)?;
        let (hash, padded) = self.find(key.as_words());
        let mut removed = None;
        let mut shard = padded.lock();
        // Another thread may have been faster; and the entry that was not found may be one that has expired.
        let known = shard.get(hash, key, self.rules).cloned();
        let (entry, new) = match known {
            Some(entry) if !self.rules.is_over(&entry, now) => (Some(entry), false),
            known => {
                if known.is_some() {
                    removed = shard.remove(hash, key, self.rules);
                }
                (shard.insert(hash, key, self.rules, now).cloned(), true)
            }
        };
        if let (Some(entry), true) = (&entry, track) {
            entry.track();
        }
        self.note(padded, &shard);
        drop(shard);
        if !new || entry.is_none() {
            self.used.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(old) = removed {
            self.used.fetch_sub(1, Ordering::Relaxed);
            self.gone(&old, Removal::Expired);
        }
        if let (Some(entry), true) = (&entry, new) {
            self.tell(entry, Change::Created);
        }
        entry
    }

    /// Takes room for one entry, from what has expired or, where the table is full, from what was not used for the
    /// longest time.
    fn make_room(&self, now: Moment) -> Option<()> {
        let size = self.config.size as usize;
        // Two for each that is added: what has expired goes faster than new entries come.
        for _ in 0..2 {
            if self.next.load(Ordering::Relaxed) <= now {
                self.expire_one(now);
            }
        }
        while self.used.fetch_add(1, Ordering::Relaxed) >= size {
            self.used.fetch_sub(1, Ordering::Relaxed);
            if !self.expire_one(now) && (self.config.nopurge || !self.purge_one(now)) {
                return None;
            }
        }
        Some(())
    }

    /// The shard that has something to do first, and when.
    fn earliest(&self) -> Option<(u64, &Padded)> {
        self.shards.iter().map(|padded| (padded.next.load(Ordering::Relaxed), padded)).min_by_key(|(next, _)| *next)
    }

    fn expire_one(&self, now: Moment) -> bool {
        if self.rules.expire.is_none() {
            return false;
        }
        let Some((next, padded)) = self.earliest() else { return false };
        if next > now {
            self.next.store(next, Ordering::Relaxed);
            return false;
        }
        self.take(padded, Removal::Expired, |shard| shard.expire_one(self.rules, now))
    }

    fn purge_one(&self, now: Moment) -> bool {
        // A shard whose entries are all tracked has nothing to give; its turn is over then.
        (0..self.shards.len()).any(|_| {
            self.earliest()
                .is_some_and(|(_, padded)| self.take(padded, Removal::Purged, |shard| shard.purge_one(self.rules, now)))
        })
    }

    fn take(&self, padded: &Padded, why: Removal, take: impl FnOnce(&mut Shard) -> Option<Entry>) -> bool {
        let mut shard = padded.lock();
        let taken = take(&mut shard);
        self.note(padded, &shard);
        drop(shard);
        let Some(entry) = taken else { return false };
        self.used.fetch_sub(1, Ordering::Relaxed);
        self.gone(&entry, why);
        true
    }

    /// Removes what has expired. Costs one look at each shard where nothing has.
    pub fn sweep(&self, now: Moment) {
        if self.rules.expire.is_none() {
            return;
        }
        for padded in &self.shards {
            while padded.next.load(Ordering::Relaxed) <= now {
                let mut shard = padded.lock();
                let gone: Vec<Entry> = std::iter::from_fn(|| shard.expire_one(self.rules, now)).take(BATCH).collect();
                if gone.len() < BATCH {
                    shard.shrink();
                }
                self.note(padded, &shard);
                drop(shard);
                self.used.fetch_sub(gone.len(), Ordering::Relaxed);
                gone.iter().for_each(|entry| self.gone(entry, Removal::Expired));
            }
        }
    }

    /// Notes that an entry is used: it lives on from now.
    pub(crate) fn touch(&self, entry: &Entry, now: Moment) {
        let deadline = self.rules.deadline(now);
        // Most uses of an entry are in the same millisecond as others, which need not write again.
        if entry.deadline() < deadline {
            entry.set_deadline(deadline);
        }
    }

    /// How long an entry lives if nobody uses it; zero where entries do not expire.
    pub(crate) fn expires_in(&self, entry: &Entry, now: Moment) -> Duration {
        match self.rules.expire {
            Some(_) => Duration::from_millis(entry.deadline().saturating_sub(now)),
            None => Duration::ZERO,
        }
    }

    /// How long it was not used; zero where entries do not expire.
    pub(crate) fn idle(&self, entry: &Entry, now: Moment) -> Duration {
        match self.config.expire {
            Some(expire) => expire.saturating_sub(self.expires_in(entry, now)),
            None => Duration::ZERO,
        }
    }

    /// Removes the entry of a key. `Err` where it is tracked, which keeps it; `Ok(false)` where there is none.
    pub(crate) fn remove(&self, key: &Key, now: Moment) -> Result<bool, InUse> {
        let (hash, padded) = self.find(key.as_words());
        let shard = padded.lock();
        match shard.get(hash, key, self.rules) {
            None => return Ok(false),
            Some(entry) if entry.trackers() > 0 => return Err(InUse),
            Some(entry) if self.rules.is_over(entry, now) => return Ok(false),
            Some(_) => {}
        }
        drop(shard);
        // It may be tracked by now: then it stays.
        let take = |shard: &mut Shard| {
            let free = shard.get(hash, key, self.rules).is_some_and(|entry| entry.trackers() == 0);
            free.then(|| shard.remove(hash, key, self.rules)).flatten()
        };
        Ok(self.take(padded, Removal::Removed, take))
    }

    /// Removes all entries that `which` names, but for those that are tracked. Returns how many.
    pub(crate) fn remove_where(&self, which: &mut dyn FnMut(&Entry) -> bool) -> usize {
        let mut removed = Vec::new();
        let mut count = 0;
        for padded in &self.shards {
            let mut shard = padded.lock();
            shard.remove_where(which, &mut removed);
            shard.shrink();
            self.note(padded, &shard);
            drop(shard);
            self.used.fetch_sub(removed.len(), Ordering::Relaxed);
            count += removed.len();
            removed.drain(..).for_each(|entry| self.gone(&entry, Removal::Removed));
        }
        count
    }

    /// All entries at that moment, a shard at a time: entries that come and go meanwhile may be among them or not.
    pub(crate) fn for_each(&self, now: Moment, each: &mut dyn FnMut(&Entry)) {
        let mut entries = Vec::new();
        for padded in &self.shards {
            let shard = padded.lock();
            entries.extend(shard.entries().filter(|entry| !self.rules.is_over(entry, now)).cloned());
            drop(shard);
            entries.drain(..).for_each(|entry| each(&entry));
        }
    }

    /// The key of an entry.
    pub(crate) fn key_of(&self, entry: &Entry) -> TableKey {
        self.config.key.read(entry.key(self.rules.values))
    }

    /// The entry of the same key in another table; `None` where the types of keys differ.
    pub(crate) fn same_key_in(&self, other: &Self, entry: &Entry, now: Moment) -> Option<Entry> {
        if self.config.key != other.config.key {
            return None;
        }
        let key = other.config.key.key_of(&self.key_of(entry))?;
        other.get(&key, now)
    }

    /// The value of a type as the number that filters and `show table` use; `None` where it is not stored. Of texts
    /// this is the number under which the table keeps them.
    pub(crate) fn number(&self, entry: &Entry, kind: DataType, index: usize, now: Moment) -> Option<i64> {
        let cell = self.layout.cell(kind, index)?;
        Some(match kind.nature() {
            Nature::Rate => i64::from(entry.rate(cell).read(now)),
            Nature::Counter => i64::from(u32::try_from(entry.get(cell)).unwrap_or(u32::MAX)),
            Nature::Signed => i64::from(entry.get(cell) as i32),
            Nature::Long | Nature::Text => entry.get(cell) as i64,
        })
    }

    /// Makes a value a number, as `set table` does. `false` where it is not stored. Texts cannot be set so.
    pub(crate) fn set_number(&self, entry: &Entry, kind: DataType, index: usize, value: i64, now: Moment) -> bool {
        let Some(cell) = self.layout.cell(kind, index) else { return false };
        match kind.nature() {
            Nature::Rate => entry.rate(cell).set(value as u32, now),
            Nature::Counter | Nature::Signed => entry.set(cell, u64::from(value as u32)),
            Nature::Long => entry.set(cell, value as u64),
            Nature::Text => {}
        }
        self.touch(entry, now);
        self.tell(entry, Change::Updated);
        true
    }

    /// The text of `server_key`; `None` where there is none.
    pub(crate) fn text(&self, entry: &Entry, kind: DataType) -> Option<Arc<str>> {
        self.names.get(entry.get(self.layout.cell(kind, 0)?))
    }

    /// Makes `server_key` a text.
    pub(crate) fn set_text(&self, entry: &Entry, kind: DataType, text: &str) {
        if let Some(cell) = self.layout.cell(kind, 0).filter(|_| kind.nature() == Nature::Text) {
            entry.set(cell, self.names.number(text));
        }
    }

    fn gone(&self, entry: &Entry, why: Removal) {
        self.tell(entry, Change::Removed(why));
    }

    /// Subscribes to the entries that come, change by rules or commands, and go.
    pub(crate) fn watch(&self, capacity: usize) -> Events<TableChange> {
        self.watchers.add(capacity)
    }

    /// Tells those who watch. Nothing but a look where nobody does.
    pub(super) fn tell(&self, entry: &Entry, change: Change) {
        if self.watchers.any() {
            self.watchers.tell(TableChange { key: self.key_of(entry), change });
        }
    }
}

/// An entry is tracked and cannot be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InUse;
