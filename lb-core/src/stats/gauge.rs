//! Current numbers that are limited for the whole process, with the largest seen: `scur`/`smax`, `qcur`/`qmax`.

use std::sync::atomic::{AtomicU32, Ordering};

/// A current number shared by all workers, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Gauge {
    current: AtomicU32,
    max: AtomicU32,
}

impl Gauge {
    /// Takes one and returns the new number.
    pub fn enter(&self) -> u32 {
        let current = self.current.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        self.saw(current);
        current
    }

    /// Takes one unless `limit` (0: none) is reached, and returns the new number.
    pub fn try_enter(&self, limit: u32) -> Option<u32> {
        if limit == 0 {
            return Some(self.enter());
        }
        let before = self
            .current
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |current| (current < limit).then(|| current + 1))
            .ok()?;
        self.saw(before + 1);
        Some(before + 1)
    }

    /// Gives one back and returns what is left.
    pub fn leave(&self) -> u32 {
        self.current.fetch_sub(1, Ordering::AcqRel).wrapping_sub(1)
    }

    fn saw(&self, current: u32) {
        // The load keeps the line shared while the peak stands.
        if current > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(current, Ordering::Relaxed);
        }
    }

    /// The current number.
    pub fn current(&self) -> u32 {
        self.current.load(Ordering::Relaxed)
    }

    /// The largest number so far.
    pub fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    /// Forgets the largest number (`clear counters`).
    pub fn clear_max(&self) {
        self.max.store(self.current(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_and_the_peak_stays() {
        let gauge = Gauge::default();
        assert_eq!(gauge.try_enter(2), Some(1));
        assert_eq!(gauge.try_enter(2), Some(2));
        assert_eq!(gauge.try_enter(2), None);
        assert_eq!(gauge.try_enter(0), Some(3));
        assert_eq!(gauge.leave(), 2);
        assert_eq!((gauge.current(), gauge.max()), (2, 3));
        gauge.clear_max();
        assert_eq!(gauge.max(), 2);
    }

    #[test]
    fn threads_never_pass_the_limit() {
        let gauge = Gauge::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        if gauge.try_enter(3).is_some() {
                            gauge.leave();
                        }
                    }
                });
            }
        });
        assert_eq!(gauge.current(), 0);
        assert!(gauge.max() <= 3);
    }
}
