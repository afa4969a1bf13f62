//! When and how often a server, or a backend, was down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts of failed checks and of changes between up and down (management.txt, section 9.1: chkfail, chkdown, lastchg,
/// downtime).
#[derive(Debug)]
pub struct History {
    failed_checks: AtomicU64,
    down_transitions: AtomicU64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    up: bool,
    changed: Instant,
    /// Time down, the current one not counted.
    down: Duration,
}

impl History {
    /// Begins at `now` in a state.
    pub fn new(now: Instant, up: bool) -> Self {
        Self {
            failed_checks: AtomicU64::new(0),
            down_transitions: AtomicU64::new(0),
            state: Mutex::new(State { up, changed: now, down: Duration::ZERO }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks that failed while the server was up (`chkfail`).
    pub fn failed_checks(&self) -> u64 {
        self.failed_checks.load(Ordering::Relaxed)
    }

    /// Changes from up to down (`chkdown`).
    pub fn down_transitions(&self) -> u64 {
        self.down_transitions.load(Ordering::Relaxed)
    }

    /// Time since the last change (`lastchg`).
    pub fn since_change(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.lock().changed)
    }

    /// Time spent down (`downtime`).
    pub fn downtime(&self, now: Instant) -> Duration {
        let state = self.lock();
        match state.up {
            true => state.down,
            false => state.down + now.saturating_duration_since(state.changed),
        }
    }

    pub(crate) fn count_failed_check(&self) {
        self.failed_checks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_down(&self) {
        self.down_transitions.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a change of state; nothing where it is none.
    pub(crate) fn changed(&self, now: Instant, up: bool) {
        let mut state = self.lock();
        if state.up == up {
            return;
        }
        if up {
            let down = now.saturating_duration_since(state.changed);
            state.down += down;
        }
        state.up = up;
        state.changed = now;
    }

    /// The state it is in began at `at`, in an earlier run.
    pub(crate) fn began(&self, at: Instant) {
        self.lock().changed = at;
    }

    /// `clear counters all`.
    pub(crate) fn clear(&self) {
        self.failed_checks.store(0, Ordering::Relaxed);
        self.down_transitions.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_down_is_summed() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let history = History::new(start, true);
        assert_eq!((history.since_change(at(3)), history.downtime(at(3))), (Duration::from_secs(3), Duration::ZERO));
        history.changed(at(10), false);
        history.changed(at(12), false);
        assert_eq!(history.downtime(at(15)), Duration::from_secs(5));
        history.changed(at(20), true);
        history.changed(at(30), false);
        assert_eq!(history.downtime(at(31)), Duration::from_secs(11));
        assert_eq!(history.since_change(at(31)), Duration::from_secs(1));
    }
}
