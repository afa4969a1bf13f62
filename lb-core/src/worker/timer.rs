//! A deadline that is cheap to move: one tokio timer per connection, re-armed only when it fires too early.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// The timer of one connection or stream.
///
/// Most deadlines are moved further away long before they pass. Moving one costs a store; the tokio timer behind it
/// stays armed for the earlier moment and is armed again only if it fires before the deadline.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When `sleep` fires.
    armed: Option<Instant>,
}

impl Timer {
    /// Ready once `deadline` has passed; never without a deadline. Must be polled by the task that owns the timer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        loop {
            let armed = match (&mut self.sleep, self.armed) {
                (Some(sleep), Some(armed)) if armed <= deadline => match sleep.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) if armed >= deadline || Instant::now() >= deadline => {
                        self.armed = None;
                        return Poll::Ready(());
                    }
                    Poll::Ready(()) => deadline,
                },
                _ => deadline,
            };
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(armed.into()),
                None => self.sleep = Some(Box::pin(tokio::time::sleep_until(armed.into()))),
            }
            self.armed = Some(armed);
        }
    }
}

/// Timers of streams that ended, for later ones: they stay armed, so that most streams never touch the runtime's
/// timers. One that fires with nobody waiting wakes nothing.
#[derive(Debug, Default)]
pub(crate) struct TimerPool(RefCell<Vec<Timer>>);

/// Timers kept for reuse.
const KEPT: usize = 1024;

impl TimerPool {
    pub(crate) fn take(&self) -> Timer {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, timer: Timer) {
        let mut free = self.0.borrow_mut();
        if timer.sleep.is_some() && free.len() < KEPT {
            free.push(timer);
        }
    }
}

/// The earlier of two optional moments.
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `from + timeout`, `None` where there is no timeout.
pub(crate) fn after(from: Instant, timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|t| from.checked_add(t))
}
