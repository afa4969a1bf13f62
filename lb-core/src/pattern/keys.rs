//! Which entries of a reference have a key. Made when a change first asks for it: most references never change.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::entry::Entry;

/// Numbers of entries by the hash of their keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    hasher: RandomState,
    numbers: HashMap<u64, Numbers>,
}

/// Nearly always there is one, which needs no list.
#[derive(Debug)]
enum Numbers {
    One(u64),
    Many(Vec<u64>),
}

impl Keys {
    /// Of all these entries.
    pub(super) fn new(entries: &BTreeMap<u64, Arc<Entry>>) -> Self {
        let mut keys = Self::default();
        keys.numbers.reserve(entries.len());
        entries.values().for_each(|entry| keys.insert(entry));
        keys
    }

    /// Adds an entry, the youngest with its key.
    pub(super) fn insert(&mut self, entry: &Entry) {
        let number = entry.number();
        match self.numbers.entry(self.hasher.hash_one(entry.key())) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Numbers::One(number));
            }
            std::collections::hash_map::Entry::Occupied(mut place) => match place.get_mut() {
                Numbers::One(first) => {
                    let first = *first;
                    place.insert(Numbers::Many(vec![first, number]));
                }
                Numbers::Many(numbers) => numbers.push(number),
            },
        }
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, entry: &Entry) {
        let hash = self.hasher.hash_one(entry.key());
        let empty = match self.numbers.get_mut(&hash) {
            Some(Numbers::Many(numbers)) => {
                numbers.retain(|number| *number != entry.number());
                numbers.is_empty()
            }
            Some(Numbers::One(number)) => *number == entry.number(),
            None => false,
        };
        if empty {
            self.numbers.remove(&hash);
        }
    }

    /// Entries that may have that key, the oldest first.
    pub(super) fn candidates(&self, key: &[u8]) -> &[u64] {
        match self.numbers.get(&self.hasher.hash_one(key)) {
            None => &[],
            Some(Numbers::One(number)) => std::slice::from_ref(number),
            Some(Numbers::Many(numbers)) => numbers,
        }
    }
}
