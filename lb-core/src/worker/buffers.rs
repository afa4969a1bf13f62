//! Recycled read buffers and pipes of one worker. A connection holds one only while it has bytes to move.

use std::cell::{Cell, RefCell};

use bytes::Bytes;

use crate::forward::PipePool;

/// Size of the large buffers that bodies are copied through.
pub const LARGE: usize = 64 * 1024;

/// Room of a new buffer for output: most heads and small bodies fit.
pub(crate) const OUTPUT: usize = 1024;

/// Output buffers that grew larger are not kept.
const MAX_OUTPUT: usize = 8 * 1024;

/// How many free buffers of each size a worker keeps; more are given back to the allocator. Many streams of HTTP/2
/// hold one each at the same time, and a new one costs page faults; what a calm time does not need goes at
/// [`BufferPool::trim`].
const KEPT: usize = 1024;

/// Free buffers of two sizes: `tune.bufsize` for heads and small bodies, [`LARGE`] for bulk.
///
/// Buffers are initialised memory, so a recycled one is read into without being zeroed again.
#[derive(Debug)]
pub struct BufferPool {
    size: usize,
    small: Free,
    large: Free,
    outputs: Free,
    pipes: PipePool,
}

thread_local! {
    /// Shared buffers that nobody holds any more. Their holders know no pool, and a worker is a thread.
    static RETURNED: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer whose bytes were shared.
struct Shared {
    buffer: Vec<u8>,
    range: std::ops::Range<usize>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(self.range.clone()).unwrap_or_default()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // A thread that ends has no place for it any more.
        let _ = RETURNED.try_with(|returned| returned.borrow_mut().push(buffer));
    }
}

/// Free buffers of one size.
#[derive(Debug, Default)]
struct Free {
    buffers: RefCell<Vec<Vec<u8>>>,
    /// The fewest there were since the last trim: that many were not needed.
    spare: Cell<usize>,
}

impl Free {
    fn take(&self) -> Option<Vec<u8>> {
        let mut buffers = self.buffers.borrow_mut();
        let taken = buffers.pop();
        self.spare.set(self.spare.get().min(buffers.len()));
        taken
    }

    fn give(&self, buffer: Vec<u8>) {
        let mut buffers = self.buffers.borrow_mut();
        if buffers.len() < KEPT {
            buffers.push(buffer);
        }
    }

    fn flush(&self) -> (usize, usize) {
        self.spare.set(0);
        let buffers = self.buffers.take();
        (buffers.len(), buffers.iter().map(Vec::capacity).sum())
    }

    fn trim(&self) {
        let mut buffers = self.buffers.borrow_mut();
        let kept = buffers.len() - self.spare.get().div_ceil(2).min(buffers.len());
        buffers.truncate(kept);
        self.spare.set(kept);
    }
}

impl BufferPool {
    /// A pool whose small buffers have `size` bytes (`tune.bufsize`).
    pub fn new(size: usize, pipes: PipePool) -> Self {
        Self { size, small: Free::default(), large: Free::default(), outputs: Free::default(), pipes }
    }

    /// Pipes for splice(2).
    pub fn pipes(&self) -> &PipePool {
        &self.pipes
    }

    /// Size of the small buffers.
    pub fn small_size(&self) -> usize {
        self.size
    }

    /// A buffer of [`BufferPool::small_size`] bytes.
    pub fn small(&self) -> Vec<u8> {
        self.collect();
        self.small.take().unwrap_or_else(|| vec![0; self.size])
    }

    /// A buffer of [`LARGE`] bytes, or of the small size where that is larger.
    pub fn large(&self) -> Vec<u8> {
        self.collect();
        self.large.take().unwrap_or_else(|| vec![0; LARGE.max(self.size)])
    }

    /// An empty buffer to write a head to. It grows as it needs.
    pub fn output(&self) -> Vec<u8> {
        self.outputs.take().unwrap_or_else(|| Vec::with_capacity(OUTPUT))
    }

    /// Takes a buffer that heads were written to back.
    pub fn give_output(&self, mut buffer: Vec<u8>) {
        if (OUTPUT..=MAX_OUTPUT).contains(&buffer.capacity()) {
            buffer.clear();
            self.outputs.give(buffer);
        }
    }

    /// Bytes `range` of a buffer, which comes back to its pool when the last of their holders is gone. Without a copy.
    pub fn share(&self, buffer: Vec<u8>, range: std::ops::Range<usize>) -> Bytes {
        Bytes::from_owner(Shared { buffer, range })
    }

    /// Takes what was shared back.
    fn collect(&self) {
        RETURNED.with_borrow_mut(|returned| returned.drain(..).for_each(|buffer| self.give(buffer)));
    }

    /// Takes a buffer back.
    pub fn give(&self, buffer: Vec<u8>) {
        let free = if buffer.len() == self.size {
            &self.small
        } else if buffer.len() == LARGE {
            &self.large
        } else {
            return;
        };
        free.give(buffer);
    }

    /// Gives all of the free buffers back to the allocator, and says how many there were and of how many bytes: small,
    /// large, and for output.
    pub(crate) fn flush(&self) -> [(usize, usize); 3] {
        self.collect();
        [self.small.flush(), self.large.flush(), self.outputs.flush()]
    }

    /// Gives half of the buffers that were not needed since the last time back to the allocator.
    pub fn trim(&self) {
        self.collect();
        self.small.trim();
        self.large.trim();
        self.outputs.trim();
    }
}
