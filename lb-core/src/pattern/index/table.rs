//! Exact matches: a hash table in two levels, of which a change copies one block of buckets and one bucket.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use super::super::entry::Entry;
use super::super::method::{Method, Mode};
use super::slots::Change;

/// Entries in a bucket, on average, before the table grows.
const LOAD: usize = 6;
/// Up to so many entries are compared one after the other: hashing would take longer.
const SMALL: usize = 6;

/// An entry with the part of its hash that chooses the bucket, for when the table grows.
type Slot = (u32, Arc<Entry>);
type Bucket = Option<Arc<Vec<Slot>>>;
type Block = Arc<Vec<Bucket>>;

/// Strings that are looked up as a whole.
#[derive(Clone, Debug)]
pub(super) struct Table {
    mode: Mode,
    hasher: RandomState,
    /// Twice as many bits of the hash in all, half of them for the block.
    blocks: Arc<Vec<Block>>,
    bits: u32,
    length: usize,
}

impl Table {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, hasher: RandomState::new(), blocks: empty(0), bits: 0, length: 0 }
    }

    /// The oldest entry whose pattern is these bytes.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<&Arc<Entry>> {
        let hash = if self.bits == 0 { 0 } else { self.hash(bytes) };
        let (block, bucket) = self.place(hash);
        let slots = self.blocks.get(block)?.get(bucket)?.as_deref()?;
        let entry = slots
            .iter()
            .find(|(known, entry)| (self.bits == 0 || *known == hash) && is_pattern(self.mode, entry.key(), bytes));
        entry.map(|(_, entry)| entry)
    }

    /// Makes a change of the entries with that pattern.
    pub(super) fn change(&mut self, pattern: &[u8], change: Change<'_>) {
        let hash = self.hash(pattern);
        if change.makes() {
            self.length += 1;
            if self.length > SMALL && self.length > LOAD << self.bits {
                self.grow();
            }
        }
        let (block, bucket) = self.place(hash);
        let Some(block) = Arc::make_mut(&mut self.blocks).get_mut(block) else { return };
        let Some(bucket) = Arc::make_mut(block).get_mut(bucket) else { return };
        match change {
            Change::Insert(entry) => Arc::make_mut(bucket.get_or_insert_default()).push((hash, Arc::clone(entry))),
            Change::Remove(number) => {
                let Some(slots) = bucket else { return };
                let slots = Arc::make_mut(slots);
                let before = slots.len();
                slots.retain(|(_, entry)| entry.number() != number);
                self.length -= before - slots.len();
                if slots.is_empty() {
                    *bucket = None;
                }
            }
            Change::Replace(entry) => {
                let slots = bucket.as_mut().map(Arc::make_mut).into_iter().flatten();
                for (_, known) in slots.filter(|(_, known)| known.number() == entry.number()) {
                    *known = Arc::clone(entry);
                }
            }
        }
    }

    fn hash(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        if self.mode.ignore_case {
            let mut folded = [0; 64];
            for chunk in bytes.chunks(folded.len()) {
                let Some(part) = folded.get_mut(..chunk.len()) else { continue };
                part.copy_from_slice(chunk);
                part.make_ascii_lowercase();
                hasher.write(part);
            }
        } else {
            hasher.write(bytes);
        }
        hasher.finish() as u32
    }

    fn place(&self, hash: u32) -> (usize, usize) {
        let low = self.bits / 2;
        let index = u64::from(hash) & ((1 << self.bits) - 1);
        ((index >> low) as usize, (index & ((1 << low) - 1)) as usize)
    }

    /// Four times as many buckets.
    fn grow(&mut self) {
        self.bits = (self.bits + 2).min(30);
        let old = std::mem::replace(&mut self.blocks, empty(self.bits));
        let mut blocks: Vec<Vec<Bucket>> = self.blocks.iter().map(|block| block.to_vec()).collect();
        for slot in old.iter().flat_map(|block| block.iter()).flatten().flat_map(|bucket| bucket.iter()) {
            let (block, bucket) = self.place(slot.0);
            if let Some(bucket) = blocks.get_mut(block).and_then(|block| block.get_mut(bucket)) {
                Arc::make_mut(bucket.get_or_insert_default()).push(slot.clone());
            }
        }
        self.blocks = Arc::new(blocks.into_iter().map(Arc::new).collect());
    }
}

/// Blocks without entries.
fn empty(bits: u32) -> Arc<Vec<Block>> {
    let low = bits / 2;
    let block: Block = Arc::new(vec![None; 1 << low]);
    Arc::new(vec![block; 1 << (bits - low)])
}

/// Whether bytes are what a pattern stands for.
fn is_pattern(mode: Mode, pattern: &[u8], bytes: &[u8]) -> bool {
    match mode.method {
        Method::Bin => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
            let pairs = pattern.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | digit(d)));
            pattern.len() == 2 * bytes.len() && pairs.eq(bytes.iter().copied())
        }
        _ if mode.ignore_case => pattern.eq_ignore_ascii_case(bytes),
        _ => pattern == bytes,
    }
}
