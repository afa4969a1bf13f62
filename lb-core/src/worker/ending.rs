//! The end of an instance: how many of its threads are left, and until when a drain may take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::instant::Instant;
use crate::proxy::OnEnd;

/// What is known of the end of an instance.
#[derive(Default)]
pub(crate) struct Ending {
    threads: AtomicUsize,
    ended: Notify,
    limit: Mutex<Option<Instant>>,
    at_end: Mutex<Option<OnEnd>>,
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ending").field("threads", &self.threads).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Ending {
    /// Counts a thread that is about to be started, until what is returned is dropped: as the last thing it does.
    pub(crate) fn thread(self: &Arc<Self>) -> ThreadGuard {
        self.threads.fetch_add(1, Ordering::AcqRel);
        ThreadGuard(Arc::clone(self))
    }

    /// Whether no thread is left.
    pub(crate) fn is_over(&self) -> bool {
        self.threads.load(Ordering::Acquire) == 0
    }

    /// Sets when a soft stop becomes a hard one.
    pub(crate) fn limit(&self, at: Option<Instant>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// When a soft stop becomes a hard one; `None` is never.
    pub(crate) fn limited_to(&self) -> Option<Instant> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `at_end` when no thread is left. A start that fails never comes here: its end is nobody's news.
    pub(crate) fn at_end(&self, at_end: OnEnd) {
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(at_end);
        if self.is_over() {
            self.run_at_end();
        }
    }

    fn run_at_end(&self) {
        let at_end = self.at_end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(at_end) = at_end {
            at_end();
        }
    }

    /// Waits until no thread is left. Cancel safe; needs no particular runtime.
    pub(crate) async fn wait(&self) {
        loop {
            let ended = self.ended.notified();
            if self.is_over() {
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
            self.0.run_at_end();
            self.0.ended.notify_waiters();
        }
    }
}
