//! Recycled memory of busy connections. What serves requests is a future of some kilobytes: too large to be allocated
//! anew for every request of a connection that is idle in between.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{H1Client, Next, serve};
use crate::worker::Worker;

/// Most that is kept for reuse.
const KEPT: usize = 256;

type Served = (Box<H1Client>, Next);

/// The future of a busy connection. Boxed twice to be thin: it is in every session's task.
pub(super) struct Serving(Box<Box<dyn Serve>>);

impl Serving {
    /// Ready when the connection is no longer busy; must not be polled again then.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Served> {
        self.0.poll(cx)
    }
}

/// A future that can be put in the place of its predecessor.
trait Serve {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Served>;
    fn restart(&mut self, worker: Rc<Worker>, client: Box<H1Client>);
}

/// A future in its place and what makes another one of its type.
struct Place<F, M> {
    future: Pin<Box<F>>,
    make: M,
}

impl<F, M> Serve for Place<F, M>
where
    F: Future<Output = Served>,
    M: Fn(Rc<Worker>, Box<H1Client>) -> F,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Served> {
        self.future.as_mut().poll(cx)
    }

    fn restart(&mut self, worker: Rc<Worker>, client: Box<H1Client>) {
        self.future.set((self.make)(worker, client));
    }
}

fn place<F, M>(make: M, worker: Rc<Worker>, client: Box<H1Client>) -> Serving
where
    F: Future<Output = Served> + 'static,
    M: Fn(Rc<Worker>, Box<H1Client>) -> F + 'static,
{
    Serving(Box::new(Box::new(Place { future: Box::pin(make(worker, client)), make })))
}

/// Finished futures of one worker, whose memory the next ones take.
#[derive(Default)]
pub(crate) struct ServingPool {
    free: RefCell<Vec<Serving>>,
    /// The fewest there were since the last trim: that many were not needed.
    spare: Cell<usize>,
}

impl std::fmt::Debug for ServingPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServingPool").field("free", &self.free.borrow().len()).finish()
    }
}

impl ServingPool {
    /// Starts to serve a client.
    pub(super) fn start(&self, worker: &Rc<Worker>, client: Box<H1Client>) -> Serving {
        let free = self.take();
        match free {
            Some(mut serving) => {
                serving.0.restart(Rc::clone(worker), client);
                serving
            }
            None => place(serve, Rc::clone(worker), client),
        }
    }

    fn take(&self) -> Option<Serving> {
        let mut free = self.free.borrow_mut();
        let taken = free.pop();
        self.spare.set(self.spare.get().min(free.len()));
        taken
    }

    /// Takes a finished future back. It holds nothing any more.
    pub(super) fn give(&self, serving: Serving) {
        let mut free = self.free.borrow_mut();
        if free.len() < KEPT {
            free.push(serving);
        }
    }

    /// Gives everything that is kept back to the allocator.
    pub(crate) fn flush(&self) {
        self.free.take();
        self.spare.set(0);
    }

    /// Gives half of what was not needed since the last time back to the allocator.
    pub(crate) fn trim(&self) {
        let mut free = self.free.borrow_mut();
        let kept = free.len() - self.spare.get().div_ceil(2).min(free.len());
        free.truncate(kept);
        self.spare.set(kept);
    }
}
