//! Places of connections that were idle at least once: who is woken by a soft stop.

use std::rc::Rc;
use std::task::Waker;

use super::Worker;

/// Wakers of idle connections.
#[derive(Debug, Default)]
pub(super) struct Seats {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Seats {
    pub(super) fn add(&mut self, waker: Waker) -> u32 {
        if let Some(index) = self.free.pop()
            && let Some(seat) = self.wakers.get_mut(index as usize)
        {
            *seat = Some(waker);
            return index;
        }
        self.wakers.push(Some(waker));
        u32::try_from(self.wakers.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<Waker> {
        self.free.push(index);
        self.wakers.get_mut(index as usize)?.take()
    }

    pub(super) fn wake_all(&mut self) {
        for waker in self.wakers.iter().flatten() {
            waker.wake_by_ref();
        }
    }
}

/// A place among the connections that were idle at least once; it is left on drop. A connection keeps it while it is
/// busy: being woken then does no harm.
pub(crate) struct Seat {
    worker: Rc<Worker>,
    index: Option<u32>,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Seat").field(&self.index).finish()
    }
}

impl Seat {
    pub(super) fn new(worker: &Rc<Worker>) -> Self {
        Self { worker: Rc::clone(worker), index: None }
    }

    /// The worker the connection belongs to.
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Has the task woken by a soft stop. It must be the same task in every call.
    pub(crate) fn sit(&mut self, cx: &std::task::Context<'_>) {
        if self.index.is_none() {
            self.index = Some(self.worker.idle.borrow_mut().add(cx.waker().clone()));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(index) = self.index {
            let waker = self.worker.idle.borrow_mut().remove(index);
            // It may hold the last reference to a task: not while the list is borrowed.
            drop(waker);
        }
    }
}
