//! One entry: words that are read and changed without a lock.
//!
//! ```text
//!   0        when it was last used, plus the table's lifetime; milliseconds
//!   1        how many streams and sessions track it, and whether the queue knows a time behind its deadline
//!   2 ..     the values, where the table's Layout says
//!   behind   the key
//! ```
//!
//! One allocation holds all of it: 16 bytes of reference counts, 8 for each word.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::data::Cell;
use super::key::Key;
use super::rate::Rate;

/// Words before the values.
pub(crate) const HEADER: usize = 2;

const DEADLINE: usize = 0;
const TRACKERS: usize = 1;

/// In the word of the trackers: the queue knows a time behind the deadline.
const LATE: u64 = 1 << 32;

/// An entry of a table, or one that was removed while somebody still held it. Clones are the same entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry(Arc<[AtomicU64]>);

static NOWHERE: AtomicU64 = AtomicU64::new(0);

impl Entry {
    pub(crate) fn new(key: &Key, values: usize, deadline: u64) -> Self {
        let key = key.as_words();
        let word = |index: usize| match index.checked_sub(HEADER + values) {
            Some(index) => key.get(index).copied().unwrap_or_default(),
            None if index == DEADLINE => deadline,
            None => 0,
        };
        Self((0..HEADER + values + key.len()).map(|index| AtomicU64::new(word(index))).collect())
    }

    /// Bytes that an entry with so many words of values and of key takes, without what the table keeps for it.
    #[cfg(test)]
    pub(crate) fn bytes(values: usize, key: usize) -> usize {
        16 + 8 * (HEADER + values + key)
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        self.0.get(index).unwrap_or(&NOWHERE)
    }

    /// Whether its key is this one.
    pub(crate) fn is(&self, key: &Key, values: usize) -> bool {
        let own = self.0.get(HEADER + values..).unwrap_or_default();
        let key = key.as_words();
        own.len() == key.len() && own.iter().zip(key).all(|(own, key)| own.load(Ordering::Relaxed) == *key)
    }

    /// The words of its key.
    pub(crate) fn key(&self, values: usize) -> impl Iterator<Item = u64> {
        self.0.iter().skip(HEADER + values).map(|word| word.load(Ordering::Relaxed))
    }

    /// When it expires, or where entries do not, when it was last used.
    pub(crate) fn deadline(&self) -> u64 {
        self.word(DEADLINE).load(Ordering::Relaxed)
    }

    pub(crate) fn set_deadline(&self, deadline: u64) {
        self.word(DEADLINE).store(deadline, Ordering::Relaxed);
    }

    /// How many track it.
    pub(crate) fn trackers(&self) -> u32 {
        self.word(TRACKERS).load(Ordering::Acquire) as u32
    }

    /// One more tracks it. Only while its shard is locked, so that it is not removed at the same time.
    pub(crate) fn track(&self) {
        self.word(TRACKERS).fetch_add(1, Ordering::AcqRel);
    }

    /// One less tracks it. Says whether it was the last and the queue must learn of the deadline again.
    pub(crate) fn untrack(&self) -> bool {
        self.word(TRACKERS).fetch_sub(1, Ordering::AcqRel) == LATE + 1
    }

    /// The queue will not look at it before its deadline, as it is tracked; says whether it still was. Only while its
    /// shard is locked.
    pub(crate) fn set_late(&self) -> bool {
        let tracked = self.word(TRACKERS).fetch_or(LATE, Ordering::AcqRel) as u32 > 0;
        if !tracked {
            self.clear_late();
        }
        tracked
    }

    /// The queue knows its deadline again. Only while its shard is locked.
    pub(crate) fn clear_late(&self) {
        self.word(TRACKERS).fetch_and(!LATE, Ordering::AcqRel);
    }

    /// A value that is no rate.
    pub(crate) fn get(&self, cell: Cell) -> u64 {
        self.word(cell.word).load(Ordering::Relaxed)
    }

    /// Makes it a value.
    pub(crate) fn set(&self, cell: Cell, value: u64) {
        self.word(cell.word).store(value, Ordering::Relaxed);
    }

    /// Makes it a value and returns the one before.
    pub(crate) fn swap(&self, cell: Cell, value: u64) -> u64 {
        self.word(cell.word).swap(value, Ordering::Relaxed)
    }

    /// Adds to it and returns what it is then.
    pub(crate) fn add(&self, cell: Cell, amount: u64) -> u64 {
        self.word(cell.word).fetch_add(amount, Ordering::Relaxed).wrapping_add(amount)
    }

    /// Takes one from it unless it is 0, as it may be after it was set from outside.
    pub(crate) fn decrement(&self, cell: Cell) {
        let word = self.word(cell.word);
        let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |value| value.checked_sub(1));
    }

    /// A rate.
    pub(crate) fn rate(&self, cell: Cell) -> Rate<'_> {
        Rate::new(self.word(cell.word), self.word(cell.word + 1), cell.period)
    }

    /// Where it lies: different for all entries that exist at the same time.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// Whether both are the same entry.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
