//! Events per second: counted per worker, read as a sliding second, with the largest second kept
//! (management.txt, section 9.1: rate, rate_max, req_rate, conn_rate).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::worker::PerWorker;

/// Counts of the current and the previous second, by parity, each with the second it is for.
#[derive(Debug, Default)]
struct Seconds([AtomicU64; 2]);

/// Packs a second and its count into one word, so that readers never see one without the other.
fn pack(second: u32, count: u32) -> u64 {
    u64::from(second) << 32 | u64::from(count)
}

impl Seconds {
    fn slot(&self, second: u32) -> &AtomicU64 {
        if second.is_multiple_of(2) { &self.0[0] } else { &self.0[1] }
    }

    /// The count of that second, 0 where nothing happened.
    fn count(&self, second: u32) -> u32 {
        let word = self.slot(second).load(Ordering::Relaxed);
        if (word >> 32) as u32 == second { word as u32 } else { 0 }
    }
}

/// How often something happens. `now` is any monotonic time from one second on; all callers use the same origin.
#[derive(Debug)]
pub struct Rate {
    workers: PerWorker<Seconds>,
    max: AtomicU32,
    /// Seconds before this one do not count for the largest.
    since: AtomicU32,
}

impl Rate {
    /// A rate to which this many workers contribute.
    pub fn new(workers: usize) -> Self {
        Self { workers: PerWorker::new(workers), max: AtomicU32::new(0), since: AtomicU32::new(0) }
    }

    /// Counts `events`. Only the worker itself may call it with its number.
    pub fn add(&self, worker: usize, now: Duration, events: u32) {
        let second = second_of(now);
        let mine = self.workers.get(worker);
        let slot = mine.slot(second);
        let word = slot.load(Ordering::Relaxed);
        if (word >> 32) as u32 == second {
            slot.store(pack(second, (word as u32).saturating_add(events)), Ordering::Relaxed);
        } else {
            // A new second: those that this worker took part in are over and can be compared with the largest. What
            // others did alone they compare themselves.
            self.compare((word >> 32) as u32);
            self.compare(second.wrapping_sub(1));
            slot.store(pack(second, events), Ordering::Relaxed);
        }
    }

    fn total(&self, second: u32) -> u32 {
        self.workers.iter().fold(0u32, |sum, worker| sum.saturating_add(worker.count(second)))
    }

    fn compare(&self, second: u32) {
        if second < self.since.load(Ordering::Relaxed) {
            return;
        }
        let total = self.total(second);
        if total > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(total, Ordering::Relaxed);
        }
    }

    /// Events over the last second: those of this second, and of the last one the part that is not over yet.
    pub fn per_second(&self, now: Duration) -> u32 {
        let second = second_of(now);
        slide(self.total(second.wrapping_sub(1)), self.total(second), now)
    }

    /// The largest number of events in one second.
    pub fn max(&self, now: Duration) -> u32 {
        let second = second_of(now);
        for over in [second, second.wrapping_sub(1)] {
            self.compare(over);
        }
        for worker in self.workers.iter() {
            for slot in &worker.0 {
                self.compare((slot.load(Ordering::Relaxed) >> 32) as u32);
            }
        }
        self.max.load(Ordering::Relaxed)
    }

    /// Forgets the largest number (`clear counters`); the second that runs still counts.
    pub fn clear_max(&self, now: Duration) {
        self.since.store(second_of(now), Ordering::Relaxed);
        self.max.store(0, Ordering::Relaxed);
    }
}

/// Whole seconds, never 0, so that empty slots are not mistaken for the first second.
fn second_of(now: Duration) -> u32 {
    (now.as_secs() as u32).wrapping_add(1).max(1)
}

/// Events of the sliding second that ends at `now`.
pub(super) fn slide(previous: u32, current: u32, now: Duration) -> u32 {
    let left = 1000 - u64::from(now.subsec_millis());
    let part = u64::from(previous) * left / 1000;
    current.saturating_add(u32::try_from(part).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_second_slides() {
        let rate = Rate::new(2);
        rate.add(0, at(5_000), 60);
        rate.add(1, at(5_900), 40);
        assert_eq!(rate.per_second(at(5_999)), 100);
        assert_eq!(rate.per_second(at(6_000)), 100);
        assert_eq!(rate.per_second(at(6_250)), 75);
        rate.add(0, at(6_300), 5);
        assert_eq!(rate.per_second(at(6_500)), 55);
        assert_eq!(rate.per_second(at(7_500)), 2);
        assert_eq!(rate.per_second(at(8_000)), 0);
    }

    #[test]
    fn the_largest_second_is_of_all_workers_together() {
        let rate = Rate::new(3);
        assert_eq!(rate.max(at(1)), 0);
        rate.add(0, at(5_000), 60);
        rate.add(1, at(5_900), 40);
        rate.add(2, at(7_000), 50);
        rate.add(0, at(90_000), 1);
        rate.add(1, at(90_000), 1);
        assert_eq!(rate.max(at(91_000)), 100);
        rate.clear_max(at(91_000));
        assert_eq!(rate.max(at(92_000)), 0);
        rate.add(2, at(200_000), 1);
        rate.clear_max(at(200_500));
        rate.add(2, at(200_900), 1);
        assert_eq!(rate.max(at(201_500)), 2);
    }

    #[test]
    fn the_first_second_counts() {
        let rate = Rate::new(1);
        rate.add(0, at(0), 3);
        assert_eq!((rate.per_second(at(10)), rate.max(at(10))), (3, 3));
    }
}
