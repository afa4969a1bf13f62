//! Buffers of a worker, lent to a connection only while it has bytes to hold.

use std::cell::RefCell;

/// Size of a buffer: four DATA frames or TLS records of the largest usual size, and what a large socket read yields.
pub(crate) const BUFFER_SIZE: usize = 64 * 1024;

/// Buffers kept for reuse per worker.
const SPARES: usize = 16;

thread_local! {
    /// Buffers of this worker that nobody holds.
    static SPARE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that are filled at the end and consumed at the front.
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer").field("filled", &(self.end - self.start)).field("free", &self.free()).finish()
    }
}

impl Buffer {
    /// An empty buffer of [`BUFFER_SIZE`].
    pub(crate) fn take() -> Self {
        let spare = SPARE.with_borrow_mut(Vec::pop);
        let bytes = spare.unwrap_or_else(|| vec![0; BUFFER_SIZE].into_boxed_slice());
        Self { bytes, start: 0, end: 0 }
    }

    /// A buffer that has just these bytes and no room; `None` without any.
    pub(crate) fn holding(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self { bytes: bytes.into(), start: 0, end: bytes.len() })
    }

    /// Gives the buffer back to the worker.
    pub(crate) fn recycle(self) {
        if self.bytes.len() == BUFFER_SIZE {
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < SPARES {
                    spare.push(self.bytes);
                }
            });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn filled_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn unfilled(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Room at the end.
    pub(crate) fn free(&self) -> usize {
        self.bytes.len() - self.end
    }

    /// Makes room for this many more bytes: by moving, else by a larger buffer.
    pub(crate) fn reserve(&mut self, more: usize) {
        if self.free() >= more {
            return;
        }
        let held = self.end - self.start;
        if self.bytes.len() - held >= more {
            self.bytes.copy_within(self.start..self.end, 0);
        } else {
            let mut bytes = vec![0; (held + more).max(BUFFER_SIZE)].into_boxed_slice();
            if let Some(front) = bytes.get_mut(..held) {
                front.copy_from_slice(self.filled());
            }
            self.bytes = bytes;
        }
        self.start = 0;
        self.end = held;
    }

    pub(crate) fn commit(&mut self, written: usize) {
        self.end = (self.end + written).min(self.bytes.len());
    }

    pub(crate) fn consume(&mut self, taken: usize) {
        self.start = (self.start + taken).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Appends as much as there is room for and says how much that was.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> usize {
        let space = self.unfilled();
        let taken = bytes.len().min(space.len());
        if let (Some(to), Some(from)) = (space.get_mut(..taken), bytes.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.commit(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_without_losing_bytes() {
        let mut buffer = Buffer::take();
        assert_eq!(buffer.append(&vec![7; BUFFER_SIZE + 1]), BUFFER_SIZE);
        buffer.consume(BUFFER_SIZE - 3);
        buffer.reserve(BUFFER_SIZE - 3);
        assert_eq!((buffer.filled(), buffer.free()), (&[7; 3][..], BUFFER_SIZE - 3));
        buffer.reserve(2 * BUFFER_SIZE);
        assert_eq!(buffer.filled(), [7; 3]);
        assert!(buffer.free() >= 2 * BUFFER_SIZE);
        buffer.consume(10);
        assert!(buffer.is_empty());
    }
}
