//! Whether a frontend accepts: commands close and open it, every worker's listeners look at it
//! (management.txt, `disable frontend` and following).

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::stats::FrontendStatus;

/// The state of a frontend's listeners.
#[derive(Debug, Default)]
pub struct Gate {
    state: AtomicU8,
    changed: Notify,
}

const OPEN: u8 = 0;
const PAUSED: u8 = 1;
const STOPPED: u8 = 2;

impl Gate {
    /// What the statistics say.
    pub fn status(&self) -> FrontendStatus {
        match self.state.load(Ordering::Acquire) {
            OPEN => FrontendStatus::Open,
            PAUSED => FrontendStatus::Paused,
            _ => FrontendStatus::Stopped,
        }
    }

    /// Whether connections are accepted.
    pub fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// Closes it for a while; false where it is not open.
    pub(crate) fn pause(&self) -> bool {
        self.change(OPEN, PAUSED)
    }

    /// Opens it again; false where it is not paused.
    pub(crate) fn resume(&self) -> bool {
        self.change(PAUSED, OPEN)
    }

    /// Closes it for ever; false where it was.
    pub(crate) fn stop(&self) -> bool {
        let before = self.state.swap(STOPPED, Ordering::AcqRel);
        self.changed.notify_waiters();
        before != STOPPED
    }

    fn change(&self, from: u8, to: u8) -> bool {
        let changed = self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok();
        self.changed.notify_waiters();
        changed
    }

    /// Waits while it is paused. False: it is closed for ever. Cancel safe.
    pub(crate) async fn opened(&self) -> bool {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.state.load(Ordering::Acquire) {
                OPEN => return true,
                PAUSED => changed.await,
                _ => return false,
            }
        }
    }

    /// Waits while it is open. Cancel safe.
    pub(crate) async fn closed(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if !self.is_open() {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_opens_until_it_is_stopped() {
        let gate = Gate::default();
        assert!(gate.opened().await);
        assert!(gate.pause() && !gate.pause());
        gate.closed().await;
        tokio::join!(async { assert!(gate.opened().await) }, async { assert!(gate.resume()) });
        assert!(!gate.resume());
        tokio::join!(gate.closed(), async { assert!(gate.stop()) });
        assert!(!gate.stop() && !gate.pause() && !gate.resume() && !gate.opened().await);
        assert_eq!(gate.status(), FrontendStatus::Stopped);
    }
}
