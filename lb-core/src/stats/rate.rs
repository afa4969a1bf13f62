//! Events per second: counted per worker, read as a sliding second, with the largest value kept
//! (management.txt, section 9.1: rate, rate_max, req_rate, conn_rate).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::worker::PerWorker;

/// Counts of the current and the previous second, by parity, each with the second it is for.
#[derive(Debug, Default)]
struct Seconds {
    counts: [AtomicU64; 2],
    /// The largest sliding second of this worker alone since its current second began.
    record: AtomicU32,
}

/// Packs a second and its count into one word, so that readers never see one without the other.
fn pack(second: u32, count: u32) -> u64 {
    u64::from(second) << 32 | u64::from(count)
}

impl Seconds {
    fn slot(&self, second: u32) -> &AtomicU64 {
        if second.is_multiple_of(2) { &self.counts[0] } else { &self.counts[1] }
    }

    /// The count of that second, 0 where nothing happened.
    fn count(&self, second: u32) -> u32 {
        let word = self.slot(second).load(Ordering::Relaxed);
        if (word >> 32) as u32 == second { word as u32 } else { 0 }
    }
}

/// How often something happens. `now` is the time since the instance started: all callers use the same origin.
///
/// The largest value is exact with one worker. With several, the workers' counts are put together whenever one of them
/// has more than it had in the second so far: what all of them reach together without that is seen a little low.
#[derive(Debug)]
pub struct Rate {
    workers: PerWorker<Seconds>,
    max: AtomicU32,
}

impl Rate {
    /// A rate to which this many workers contribute.
    pub fn new(workers: usize) -> Self {
        Self { workers: PerWorker::new(workers), max: AtomicU32::new(0) }
    }

    /// Counts an event. Only the worker itself may call it with its number.
    pub fn count(&self, worker: usize, now: Duration) {
        self.add(worker, now, 1);
    }

    /// Counts several events. Only the worker itself may call it with its number.
    pub fn add(&self, worker: usize, now: Duration, events: u32) {
        let second = second_of(now);
        let mine = self.workers.get(worker);
        let slot = mine.slot(second);
        let word = slot.load(Ordering::Relaxed);
        let events = if (word >> 32) as u32 == second {
            (word as u32).saturating_add(events)
        } else {
            mine.record.store(0, Ordering::Relaxed);
            events
        };
        slot.store(pack(second, events), Ordering::Relaxed);
        let alone = slide(mine.count(second.wrapping_sub(1)), events, now);
        if alone > mine.record.load(Ordering::Relaxed) {
            mine.record.store(alone, Ordering::Relaxed);
            let all = self.per_second(now);
            if all > self.max.load(Ordering::Relaxed) {
                self.max.fetch_max(all, Ordering::Relaxed);
            }
        }
    }

    fn total(&self, second: u32) -> u32 {
        self.workers.iter().fold(0u32, |sum, worker| sum.saturating_add(worker.count(second)))
    }

    /// Events over the last second: those of this second, and of the last one the part that is not over yet.
    pub fn per_second(&self, now: Duration) -> u32 {
        let second = second_of(now);
        slide(self.total(second.wrapping_sub(1)), self.total(second), now)
    }

    /// The largest number of events in a sliding second.
    pub fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    /// Forgets the largest number (`clear counters`).
    pub fn clear_max(&self) {
        self.max.store(0, Ordering::Relaxed);
        for worker in self.workers.iter() {
            worker.record.store(0, Ordering::Relaxed);
        }
    }
}

/// Whole seconds, never 0, so that empty slots are not mistaken for the first second.
fn second_of(now: Duration) -> u32 {
    (now.as_secs() as u32).wrapping_add(1).max(1)
}

/// Events of the sliding second that ends at `now`.
fn slide(previous: u32, current: u32, now: Duration) -> u32 {
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

    fn count(rate: &Rate, worker: usize, now: Duration, events: u32) {
        for _ in 0..events {
            rate.count(worker, now);
        }
    }

    #[test]
    fn a_second_slides() {
        let rate = Rate::new(2);
        count(&rate, 0, at(5_000), 60);
        count(&rate, 1, at(5_900), 40);
        assert_eq!(rate.per_second(at(5_999)), 100);
        assert_eq!(rate.per_second(at(6_000)), 100);
        assert_eq!(rate.per_second(at(6_250)), 75);
        count(&rate, 0, at(6_300), 5);
        assert_eq!(rate.per_second(at(6_500)), 55);
        assert_eq!(rate.per_second(at(7_500)), 2);
        assert_eq!(rate.per_second(at(8_000)), 0);
    }

    #[test]
    fn the_largest_second_is_of_all_workers_together() {
        let rate = Rate::new(3);
        assert_eq!(rate.max(), 0);
        count(&rate, 0, at(5_000), 60);
        count(&rate, 1, at(5_900), 40);
        count(&rate, 2, at(7_000), 50);
        count(&rate, 0, at(90_000), 1);
        assert_eq!(rate.max(), 100);
        rate.clear_max();
        assert_eq!(rate.max(), 0);
        count(&rate, 1, at(90_500), 1);
        assert_eq!(rate.max(), 2);
    }

    #[test]
    fn the_largest_second_slides_too() {
        let rate = Rate::new(1);
        count(&rate, 0, at(5_900), 10);
        count(&rate, 0, at(6_100), 10);
        assert_eq!(rate.max(), 19);
    }

    #[test]
    fn the_first_second_counts() {
        let rate = Rate::new(1);
        count(&rate, 0, at(0), 3);
        assert_eq!((rate.per_second(at(10)), rate.max()), (3, 3));
    }
}
