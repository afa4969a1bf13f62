//! The entries at one place of an index, the oldest first. Nearly always there is one, which needs no list.

use std::sync::Arc;

use super::super::entry::Entry;

/// Entries with equal patterns.
#[derive(Clone, Debug, Default)]
pub(super) enum Slots {
    /// None.
    #[default]
    Empty,
    /// One.
    One(Arc<Entry>),
    /// Several.
    Many(Vec<Arc<Entry>>),
}

impl Slots {
    /// The oldest.
    pub(super) fn first(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::Empty => None,
            Self::One(entry) => Some(entry),
            Self::Many(entries) => entries.first(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Adds the youngest.
    pub(super) fn push(&mut self, entry: &Arc<Entry>) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(Arc::clone(entry)),
            Self::One(first) => Self::Many(vec![first, Arc::clone(entry)]),
            Self::Many(mut entries) => {
                entries.push(Arc::clone(entry));
                Self::Many(entries)
            }
        };
    }

    /// Takes out the one of that number.
    pub(super) fn remove(&mut self, number: u64) {
        match self {
            Self::Many(entries) => {
                entries.retain(|entry| entry.number() != number);
                if entries.is_empty() {
                    *self = Self::Empty;
                }
            }
            Self::One(entry) if entry.number() == number => *self = Self::Empty,
            Self::Empty | Self::One(_) => {}
        }
    }

    /// Puts an entry in the place of the one with its number.
    pub(super) fn replace(&mut self, entry: &Arc<Entry>) {
        let list = match self {
            Self::Empty => &mut [],
            Self::One(one) => std::slice::from_mut(one),
            Self::Many(entries) => entries.as_mut_slice(),
        };
        if let Some(place) = list.iter_mut().find(|known| known.number() == entry.number()) {
            *place = Arc::clone(entry);
        }
    }
}

/// The older of two.
pub(super) fn older<'e>(a: Option<&'e Arc<Entry>>, b: Option<&'e Arc<Entry>>) -> Option<&'e Arc<Entry>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.number() < a.number() { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// A change of the entries at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'e> {
    /// Add the youngest.
    Insert(&'e Arc<Entry>),
    /// Take out the one of that number.
    Remove(u64),
    /// Put another one in its place.
    Replace(&'e Arc<Entry>),
}

impl Change<'_> {
    /// Makes it.
    pub(super) fn apply(self, slots: &mut Slots) {
        match self {
            Self::Insert(entry) => slots.push(entry),
            Self::Remove(number) => slots.remove(number),
            Self::Replace(entry) => slots.replace(entry),
        }
    }

    /// Whether places that do not exist are made for it.
    pub(super) fn makes(self) -> bool {
        matches!(self, Self::Insert(_))
    }
}
