//! The end of an instance: how many of its threads are left, and until when a drain may take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// What is known of the end of an instance.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    threads: AtomicUsize,
    ended: Notify,
    limit: Mutex<Option<Instant>>,
}

impl Ending {
    /// Counts a thread that is about to be started, until what is returned is dropped: as the last thing it does.
    pub(crate) fn thread(self: &Arc<Self>) -> ThreadGuard {
        self.threads.fetch_add(1, Ordering::AcqRel);
        ThreadGuard(Arc::clone(self))
    }

    /// Sets when a soft stop becomes a hard one.
    pub(crate) fn limit(&self, at: Option<Instant>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// When a soft stop becomes a hard one; `None` is never.
    pub(crate) fn limited_to(&self) -> Option<Instant> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no thread is left. Cancel safe; needs no particular runtime.
    pub(crate) async fn wait(&self) {
        loop {
            let ended = self.ended.notified();
            if self.threads.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Counts a thread until it is dropped.
#[derive(Debug)]
pub(crate) struct ThreadGuard(Arc<Ending>);

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        if self.0.threads.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}
