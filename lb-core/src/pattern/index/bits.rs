//! Prefixes of bits: networks, and ranges of integers as the few prefixes that they are made of.

use std::sync::Arc;

use super::super::entry::Entry;
use super::slots::{Change, Slots, older};

/// A node: the bits down to it, from the highest, and how many they are.
#[derive(Clone, Debug)]
struct Node {
    key: u128,
    length: u8,
    slots: Slots,
    children: [Option<Arc<Node>>; 2],
}

/// Prefixes of up to 128 bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    root: Option<Arc<Node>>,
}

pub(super) fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0)
}

/// The bit behind the first `length` ones.
fn bit(key: u128, length: u8) -> usize {
    usize::from(key.checked_shl(u32::from(length)).unwrap_or(0) >> 127 == 1)
}

impl Bits {
    /// Calls `each` with the oldest entry of every prefix of the key, the shortest first.
    fn walk<'t>(&'t self, key: u128, mut each: impl FnMut(&'t Arc<Entry>)) {
        let mut next = self.root.as_deref();
        while let Some(node) = next.filter(|node| (node.key ^ key) & mask(node.length) == 0) {
            if let Some(entry) = node.slots.first() {
                each(entry);
            }
            next = if node.length < 128 { node.children[bit(key, node.length)].as_deref() } else { None };
        }
    }

    /// The longest prefix of the key.
    pub(super) fn longest(&self, key: u128) -> Option<&Arc<Entry>> {
        let mut found = None;
        self.walk(key, |entry| found = Some(entry));
        found
    }

    /// The oldest of the prefixes of the key.
    pub(super) fn oldest(&self, key: u128) -> Option<&Arc<Entry>> {
        let mut found = None;
        self.walk(key, |entry| found = older(found, Some(entry)));
        found
    }

    /// Makes a change of the entries with that prefix.
    pub(super) fn change(&mut self, key: u128, length: u8, change: Change<'_>) {
        change_node(&mut self.root, key & mask(length), length, change);
    }
}

fn leaf(key: u128, length: u8, change: Change<'_>) -> Arc<Node> {
    let mut slots = Slots::default();
    change.apply(&mut slots);
    Arc::new(Node { key, length, slots, children: [None, None] })
}

fn change_node(place: &mut Option<Arc<Node>>, key: u128, length: u8, change: Change<'_>) {
    let Some(found) = place else {
        if change.makes() {
            *place = Some(leaf(key, length, change));
        }
        return;
    };
    let common = ((found.key ^ key).leading_zeros() as u8).min(found.length).min(length);
    if common < found.length {
        if !change.makes() {
            return;
        }
        // The node comes below a new one: the prefix itself, or what both have in common.
        let old = place.take();
        let side = old.as_ref().map_or(0, |old| bit(old.key, common));
        let mut node = Node { key: key & mask(common), length: common, slots: Slots::Empty, children: [None, None] };
        node.children[side] = old;
        match common == length {
            true => change.apply(&mut node.slots),
            false => node.children[1 - side] = Some(leaf(key, length, change)),
        }
        *place = Some(Arc::new(node));
        return;
    }
    let node = Arc::make_mut(found);
    match length == node.length {
        true => change.apply(&mut node.slots),
        false => change_node(&mut node.children[bit(key, node.length)], key, length, change),
    }
    if node.slots.is_empty() {
        // A node without entries stays only where it branches.
        match &mut node.children {
            [None, None] => *place = None,
            [only @ Some(_), None] | [None, only @ Some(_)] => *place = only.take(),
            [Some(_), Some(_)] => {}
        }
    }
}

/// The prefixes that a range of integers is made of: at most two of each length.
pub(super) fn prefixes(low: i64, high: i64, mut each: impl FnMut(u128, u8)) {
    let (mut low, high) = (ordered(low), ordered(high));
    loop {
        // The largest aligned block that begins at `low` and does not go beyond `high`.
        let span = (high - low).checked_add(1).map_or(63, |count| 63 - count.leading_zeros());
        let whole = low == 0 && high == u64::MAX;
        let size = if whole { 64 } else { low.trailing_zeros().min(span) };
        each(u128::from(low) << 64, (64 - size) as u8);
        let Some(next) = 1u64.checked_shl(size).and_then(|block| low.checked_add(block)) else { return };
        if next > high {
            return;
        }
        low = next;
    }
}

/// An integer as one whose bits sort as its value does.
pub(super) fn ordered(number: i64) -> u64 {
    number as u64 ^ 1 << 63
}

/// An integer as a key.
pub(super) fn integer(number: i64) -> u128 {
    u128::from(ordered(number)) << 64
}
