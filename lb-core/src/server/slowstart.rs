//! `slowstart`: a server that comes back gets its sessions little by little (configuration.txt, section 5.2).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The steps in which a weight rises.
pub(crate) const STEPS: u32 = 16;

/// How far a server has come back. HAProxy counts whole seconds, and so does this.
#[derive(Debug)]
pub(super) struct SlowStart {
    /// How long it takes; 0 is at once.
    seconds: u32,
    /// When it began, in milliseconds from `epoch` on and one more; 0 while nothing rises.
    began: AtomicU64,
    epoch: Instant,
    /// How much of the weight is in use, in sixteenths.
    steps: AtomicU32,
    /// How much of `maxconn` is in use, in percent.
    percent: AtomicU32,
}

impl SlowStart {
    pub(super) fn new(time: Duration, epoch: Instant) -> Self {
        let seconds = u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        Self { seconds, began: AtomicU64::new(0), epoch, steps: AtomicU32::new(STEPS), percent: AtomicU32::new(100) }
    }

    /// Begins, where the server has a `slowstart`.
    pub(super) fn begin(&self, now: Instant) -> bool {
        if self.seconds == 0 {
            return false;
        }
        let elapsed = now.saturating_duration_since(self.epoch).as_millis();
        self.began.store(u64::try_from(elapsed).unwrap_or(u64::MAX - 1) + 1, Ordering::Relaxed);
        self.steps.store(1, Ordering::Relaxed);
        self.percent.store(1, Ordering::Relaxed);
        true
    }

    /// All of it is in use.
    pub(super) fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
        self.steps.store(STEPS, Ordering::Relaxed);
        self.percent.store(100, Ordering::Relaxed);
    }

    /// Nothing more comes into use; the limit of sessions is whole again.
    pub(super) fn interrupt(&self) {
        self.began.store(0, Ordering::Relaxed);
        self.percent.store(100, Ordering::Relaxed);
    }

    /// Whether it is under way.
    pub(super) fn is_rising(&self) -> bool {
        self.began.load(Ordering::Relaxed) != 0
    }

    /// When it has come back a little more than now.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let began = self.began.load(Ordering::Relaxed).checked_sub(1)?;
        let began = self.epoch + Duration::from_millis(began);
        Some(began + Duration::from_secs(now.saturating_duration_since(began).as_secs() + 1))
    }

    /// Takes the time into account. Says whether anything changed.
    pub(super) fn rise(&self, now: Instant) -> bool {
        let began = self.began.load(Ordering::Relaxed);
        if began == 0 {
            return false;
        }
        let elapsed = now.saturating_duration_since(self.epoch + Duration::from_millis(began - 1)).as_secs();
        let all = u64::from(self.seconds);
        if elapsed >= all {
            self.end();
            return true;
        }
        // Both are below what `end` stores.
        let steps = (u64::from(STEPS) * elapsed + all) / all;
        let percent = (100 * elapsed / all).max(1);
        let before = self.percent.swap(percent as u32, Ordering::Relaxed);
        self.steps.swap(steps as u32, Ordering::Relaxed) != steps as u32 || u64::from(before) != percent
    }

    pub(super) fn steps(&self) -> u32 {
        self.steps.load(Ordering::Relaxed)
    }

    /// The part of a limit of sessions that is in use; at least one.
    pub(super) fn limit(&self, limit: u32) -> u32 {
        match self.percent.load(Ordering::Relaxed) {
            100 => limit,
            percent => u32::try_from(u64::from(limit) * u64::from(percent) / 100).unwrap_or(limit).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What haproxy 2.6.12 showed second by second.
    #[test]
    fn weights_and_limits_rise() {
        let epoch = Instant::now();
        let after = |seconds: u64| epoch + Duration::from_millis(seconds * 1000 + 100);
        for (millis, expected) in [
            (10_000, &[1, 2, 4, 5, 7, 9, 10, 12, 13, 15, 16, 16][..]),
            (5_500, &[1, 3, 6, 9, 11, 14, 16, 16]),
            (999, &[1, 16]),
        ] {
            let slow = SlowStart::new(Duration::from_millis(millis), epoch);
            assert!(!slow.is_rising() && slow.limit(50) == 50);
            assert!(slow.begin(after(0)));
            let steps: Vec<u32> = (0..expected.len() as u64)
                .map(|second| {
                    slow.rise(after(second));
                    slow.steps()
                })
                .collect();
            assert_eq!(steps, expected, "{millis}");
            assert!(!slow.is_rising());
        }
        let slow = SlowStart::new(Duration::from_secs(10), epoch);
        slow.begin(after(0));
        let limits: Vec<u32> = (0..11)
            .map(|second| {
                slow.rise(after(second));
                slow.limit(50)
            })
            .collect();
        assert_eq!(limits, [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
        assert!(!SlowStart::new(Duration::ZERO, epoch).begin(epoch));
    }
}
