//! Copy buffers of one worker, lent to whoever moves bytes and taken back as soon as nothing is in them.

use std::cell::RefCell;
use std::rc::Rc;

/// Size of the buffer a copy starts with.
pub const SMALL: usize = 16 * 1024;
/// Size of the buffer of a copy that fills small ones.
pub const LARGE: usize = 64 * 1024;

/// How many unused buffers of each size are kept.
const KEEP: usize = 64;

/// The buffers of one worker. Clones share them; it does not leave its thread.
#[derive(Clone, Debug, Default)]
pub struct BufferPool(Rc<RefCell<Free>>);

#[derive(Debug, Default)]
struct Free {
    small: Vec<Box<[u8]>>,
    large: Vec<Box<[u8]>>,
}

impl BufferPool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer of [`LARGE`] or [`SMALL`] bytes with undefined contents.
    pub fn take(&self, large: bool) -> Box<[u8]> {
        let mut free = self.0.borrow_mut();
        let (list, size) = if large { (&mut free.large, LARGE) } else { (&mut free.small, SMALL) };
        list.pop().unwrap_or_else(|| vec![0; size].into_boxed_slice())
    }

    /// Takes a buffer back. One of another size is dropped.
    pub fn put(&self, buffer: Box<[u8]>) {
        let mut free = self.0.borrow_mut();
        let list = match buffer.len() {
            SMALL => &mut free.small,
            LARGE => &mut free.large,
            _ => return,
        };
        if list.len() < KEEP {
            list.push(buffer);
        }
    }

    /// Drops the unused buffers, and says how many there were and of how many bytes, small and large.
    pub(crate) fn flush(&self) -> [(usize, usize); 2] {
        let Free { small, large } = self.0.take();
        [(small.len(), small.len() * SMALL), (large.len(), large.len() * LARGE)]
    }

    /// How many unused buffers are kept, small and large.
    pub fn unused(&self) -> (usize, usize) {
        let free = self.0.borrow();
        (free.small.len(), free.large.len())
    }
}
