//! The entries of a shard by the time at which they are looked at again: a heap in which each knows its place, so that
//! one can be taken out of the middle.
//!
//! Times in it may be too early: using an entry moves its own deadline without a lock, and the queue learns of it when
//! the entry's turn comes. Those of tracked entries may be too late, which is put right when nobody tracks them any more.

/// Bits of a slot's number.
const SLOT_BITS: u32 = 26;

/// Slots that a queue can tell apart.
pub(super) const MAX_SLOTS: usize = 1 << SLOT_BITS;

/// Children of a node: wide heaps are shallow, and most insertions are of the latest time.
const WIDTH: usize = 4;

/// A heap of `time << 26 | slot`: milliseconds up to eight years.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: Vec<u64>,
    /// Where each slot stands in the heap.
    places: Vec<u32>,
}

fn pack(time: u64, slot: u32) -> u64 {
    time.min(u64::MAX >> SLOT_BITS) << SLOT_BITS | u64::from(slot)
}

fn slot_of(item: u64) -> u32 {
    (item & (MAX_SLOTS as u64 - 1)) as u32
}

impl Queue {
    /// The earliest time and its slot.
    pub(super) fn first(&self) -> Option<(u64, u32)> {
        self.heap.first().map(|item| (item >> SLOT_BITS, slot_of(*item)))
    }

    /// Adds a slot that is not in it.
    pub(super) fn push(&mut self, time: u64, slot: u32) {
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, u32::MAX);
        }
        self.heap.push(pack(time, slot));
        self.up(self.heap.len() - 1);
    }

    /// Gives the first slot another time.
    pub(super) fn move_first(&mut self, time: u64) {
        if let Some(first) = self.heap.first_mut() {
            *first = pack(time, slot_of(*first));
            self.down(0);
        }
    }

    /// Takes a slot out.
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(place) = self.places.get(slot as usize).map(|place| *place as usize) else { return };
        if place >= self.heap.len() {
            return;
        }
        self.heap.swap_remove(place);
        if let Some(place) = self.places.get_mut(slot as usize) {
            *place = u32::MAX;
        }
        if place < self.heap.len() {
            self.up(place);
            self.down(place);
        }
    }

    fn at(&self, place: usize) -> u64 {
        self.heap.get(place).copied().unwrap_or(u64::MAX)
    }

    fn put(&mut self, place: usize, item: u64) {
        if let Some(to) = self.heap.get_mut(place) {
            *to = item;
        }
        if let Some(known) = self.places.get_mut(slot_of(item) as usize) {
            *known = place as u32;
        }
    }

    fn up(&mut self, mut place: usize) {
        let item = self.at(place);
        while place > 0 {
            let parent = (place - 1) / WIDTH;
            let above = self.at(parent);
            if above <= item {
                break;
            }
            self.put(place, above);
            place = parent;
        }
        self.put(place, item);
    }

    fn down(&mut self, mut place: usize) {
        let item = self.at(place);
        loop {
            let children = place * WIDTH + 1..(place * WIDTH + 1 + WIDTH).min(self.heap.len());
            let Some(least) = children.min_by_key(|child| self.at(*child)) else { break };
            let below = self.at(least);
            if below >= item {
                break;
            }
            self.put(place, below);
            place = least;
        }
        self.put(place, item);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn is_a_sorted_set(steps in proptest::collection::vec((0u8..4, 0u64..50, 0u32..30), 1..300)) {
            let mut queue = Queue::default();
            let mut model = BTreeSet::new();
            for (what, time, slot) in steps {
                let known = model.iter().find(|(_, other)| *other == slot).copied();
                match (what, known) {
                    (0 | 1, None) => {
                        queue.push(time, slot);
                        model.insert((time, slot));
                    }
                    (2, Some(item)) => {
                        queue.remove(slot);
                        model.remove(&item);
                    }
                    (2, None) => queue.remove(slot),
                    _ => if let Some((_, first)) = model.pop_first() {
                        queue.move_first(time);
                        model.insert((time, first));
                    },
                }
                proptest::prop_assert_eq!(queue.first(), model.first().copied());
            }
        }
    }
}
