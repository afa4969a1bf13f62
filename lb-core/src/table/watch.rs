//! Who watches a table is told of entries that come, change by rules or commands, and go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::key::TableKey;
use crate::events::{EventSender, Events, queue};

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was made.
    Created,
    /// A rule, a command or a program changed a counter, a tag or the server. What traffic counts by itself
    /// (connections, requests, bytes and their rates) is not told.
    Updated,
    /// It was removed.
    Removed(Removal),
}

/// Why an entry was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// It was not used for as long as entries live. This is noticed when the table is used next.
    Expired,
    /// The table was full and needed its place.
    Purged,
    /// By a command or a program.
    Removed,
}

/// A change of an entry of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableChange {
    /// Which entry.
    pub key: TableKey,
    /// What happened to it.
    pub change: Change,
}

/// The subscriptions to a table.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    /// How many there are, so that nobody takes the lock for none.
    count: AtomicUsize,
    list: Mutex<Vec<EventSender<TableChange>>>,
}

impl Watchers {
    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    pub(super) fn add(&self, capacity: usize) -> Events<TableChange> {
        let (sender, events) = queue(capacity);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(sender);
        self.count.store(list.len(), Ordering::Relaxed);
        events
    }

    /// A subscription that is full loses the change and counts it; one that nobody reads any more ends.
    pub(super) fn tell(&self, change: TableChange) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|watcher| watcher.send(change.clone()));
        self.count.store(list.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_once_nobody_reads() {
        let watchers = Watchers::default();
        let changes = watchers.add(1);
        assert!(watchers.any());
        drop(changes);
        watchers.tell(TableChange { key: TableKey::Integer(1), change: Change::Created });
        assert!(!watchers.any());
    }
}
