//! Patterns that are looked at one after the other, in pieces of which a change copies one.

use std::sync::Arc;

use super::super::entry::Entry;
use super::super::pattern::Pattern;

/// Patterns in a piece.
const PIECE: usize = 128;

type Item = (Arc<Entry>, Pattern);

/// Patterns in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pieces: Vec<Arc<Vec<Item>>>,
    length: usize,
}

impl Chunks {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    pub(super) fn push(&mut self, entry: &Arc<Entry>, pattern: Pattern) {
        self.length += 1;
        let item = (Arc::clone(entry), pattern);
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => Arc::make_mut(piece).push(item),
            None => self.pieces.push(Arc::new(vec![item])),
        }
    }

    /// Takes out the one of that number.
    pub(super) fn remove(&mut self, number: u64) {
        let Some(at) = self.piece_of(number) else { return };
        let Some(piece) = self.pieces.get_mut(at) else { return };
        let items = Arc::make_mut(piece);
        let before = items.len();
        items.retain(|(entry, _)| entry.number() != number);
        self.length -= before - items.len();
        if items.is_empty() {
            self.pieces.remove(at);
        }
    }

    /// Puts an entry in the place of the one with its number.
    pub(super) fn replace(&mut self, entry: &Arc<Entry>) {
        let Some(piece) = self.piece_of(entry.number()).and_then(|at| self.pieces.get_mut(at)) else { return };
        let mut items = Arc::make_mut(piece).iter_mut();
        if let Some((known, _)) = items.find(|(known, _)| known.number() == entry.number()) {
            *known = Arc::clone(entry);
        }
    }

    /// Numbers grow from piece to piece.
    fn piece_of(&self, number: u64) -> Option<usize> {
        let first = |piece: &Arc<Vec<Item>>| piece.first().map_or(0, |(entry, _)| entry.number());
        self.pieces.partition_point(|piece| first(piece) <= number).checked_sub(1)
    }
}
