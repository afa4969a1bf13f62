//! Recycled read buffers and pipes of one worker. A connection holds one only while it has bytes to move.

use std::cell::RefCell;

use crate::forward::PipePool;

/// Size of the large buffers that bodies are copied through.
pub const LARGE: usize = 64 * 1024;

/// How many free buffers of each size a worker keeps; more are given back to the allocator.
const KEPT: usize = 64;

/// Free buffers of two sizes: `tune.bufsize` for heads and small bodies, [`LARGE`] for bulk.
///
/// Buffers are initialised memory, so a recycled one is read into without being zeroed again.
#[derive(Debug)]
pub struct BufferPool {
    size: usize,
    small: RefCell<Vec<Vec<u8>>>,
    large: RefCell<Vec<Vec<u8>>>,
    pipes: PipePool,
}

impl BufferPool {
    /// A pool whose small buffers have `size` bytes (`tune.bufsize`).
    pub fn new(size: usize, pipes: PipePool) -> Self {
        Self { size, small: RefCell::default(), large: RefCell::default(), pipes }
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
        self.small.borrow_mut().pop().unwrap_or_else(|| vec![0; self.size])
    }

    /// A buffer of [`LARGE`] bytes, or of the small size where that is larger.
    pub fn large(&self) -> Vec<u8> {
        self.large.borrow_mut().pop().unwrap_or_else(|| vec![0; LARGE.max(self.size)])
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
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(buffer);
        }
    }
}
