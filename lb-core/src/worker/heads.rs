//! Recycled message heads of one worker: their arenas are allocated once.

use std::cell::RefCell;

use crate::http::message::Head;

/// Heads kept for reuse.
const KEPT: usize = 1024;

/// Free heads.
#[derive(Debug, Default)]
pub(crate) struct HeadPool(RefCell<Vec<Head>>);

impl HeadPool {
    pub(crate) fn take(&self) -> Head {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// Drops those that are kept, and says how many there were and how many bytes they held.
    pub(crate) fn flush(&self) -> (usize, usize) {
        let free = self.0.take();
        (free.len(), free.iter().map(Head::memory).sum())
    }

    pub(crate) fn give(&self, mut head: Head) {
        let mut free = self.0.borrow_mut();
        if free.len() < KEPT {
            head.clear();
            free.push(head);
        }
    }
}
