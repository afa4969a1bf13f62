//! Tasks that run the streams of HTTP/2 connections, one stream after the other.
//!
//! A stream needs a task of its own, for what wakes it. Making one per stream costs more than a small exchange: an
//! aligned allocation of some kilobytes, their moves, the runtime's list of tasks. So a task that is done with its
//! stream waits for another.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::h2::{StreamStart, exchange};
use crate::worker::Worker;
use crate::worker::timer::wake_up;

/// Idle tasks of a worker.
#[derive(Debug, Default)]
pub(crate) struct StreamTasks {
    idle: RefCell<Vec<Rc<Seat>>>,
    /// The fewest idle ones since the last trim: that many were not needed.
    spare: Cell<usize>,
}

/// Where a task finds its next stream.
#[derive(Default)]
struct Seat {
    next: RefCell<Next>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Default)]
enum Next {
    #[default]
    Wait,
    Stream(StreamStart),
    End,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}

impl Seat {
    fn put(&self, next: Next) {
        *self.next.borrow_mut() = next;
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// Most tasks that wait.
const KEPT: usize = 512;

impl StreamTasks {
    /// Runs a stream.
    pub(super) fn run(worker: &Rc<Worker>, start: StreamStart) {
        let tasks = &worker.stream_tasks;
        let idle = tasks.idle.borrow_mut().pop();
        match idle {
            Some(seat) => {
                tasks.spare.set(tasks.spare.get().min(tasks.idle.borrow().len()));
                seat.put(Next::Stream(start));
            }
            None => {
                tasks.spare.set(0);
                let seat = Rc::new(Seat { next: RefCell::new(Next::Stream(start)), waker: RefCell::default() });
                let mut serving = Box::pin(serve(Rc::clone(worker), seat));
                tokio::task::spawn_local(poll_fn(move |cx| wake_up(|| serving.as_mut().poll(cx))));
            }
        }
    }

    /// Ends every task that waits.
    pub(crate) fn flush(&self) {
        self.idle.take().iter().for_each(|seat| seat.put(Next::End));
        self.spare.set(0);
    }

    /// Ends half of the tasks that had nothing to do since the last time.
    pub(crate) fn trim(&self) {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.len() - self.spare.get().div_ceil(2).min(idle.len());
        idle.drain(kept..).for_each(|seat| seat.put(Next::End));
        self.spare.set(kept);
    }
}

async fn serve(worker: Rc<Worker>, seat: Rc<Seat>) {
    loop {
        let start = poll_fn(|cx| match std::mem::take(&mut *seat.next.borrow_mut()) {
            Next::Stream(start) => Poll::Ready(Some(start)),
            Next::End => Poll::Ready(None),
            Next::Wait => {
                *seat.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await;
        let Some(start) = start else { return };
        // Some kilobytes, which `.await` would move.
        let mut exchange = pin!(exchange(&worker, start));
        poll_fn(|cx| exchange.as_mut().poll(cx)).await;
        let mut idle = worker.stream_tasks.idle.borrow_mut();
        if idle.len() >= KEPT {
            return;
        }
        idle.push(Rc::clone(&seat));
    }
}
