//! The structures in which patterns are looked up.
//!
//! An index is a persistent structure: a clone shares everything with the original, and a change copies what lies between
//! the root and the place of the change. A reader keeps the one it has, a writer publishes a changed clone.

mod list;

use std::sync::Arc;

use super::entry::Entry;
use super::key::Key;
use super::method::Mode;
use super::pattern::Pattern;
use list::List;

/// Patterns of one method.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    list: List,
}

impl Index {
    /// One without patterns.
    pub(crate) fn new(mode: Mode) -> Self {
        Self { list: List::new(mode) }
    }

    /// Adds a pattern.
    pub(crate) fn insert(&mut self, entry: &Arc<Entry>, pattern: Pattern) {
        self.list.insert(entry, pattern);
    }

    /// Takes a pattern out.
    pub(crate) fn remove(&mut self, entry: &Entry, pattern: &Pattern) {
        let _ = pattern;
        self.list.remove(entry);
    }

    /// Puts another entry with the same number and key in the place of an entry.
    pub(crate) fn replace(&mut self, entry: &Arc<Entry>, pattern: Pattern) {
        self.list.replace(entry, pattern);
    }

    /// The pattern that matches: the first one in order of entries, or the most exact one where the method says so.
    pub(crate) fn find(&self, key: Key<'_>) -> Option<&Arc<Entry>> {
        self.list.find(key)
    }
}
