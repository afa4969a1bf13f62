//! Events per second over a sliding second, shared by all workers without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Tick;

const PERIOD_MS: u64 = 1_000;

/// Counts events of the current second and remembers the one before; the rate is the current count plus the part of the
/// previous one that still lies within the last second.
///
/// All callers' ticks must count from the same origin.
#[derive(Debug, Default)]
pub struct RateCounter {
    /// Number of the second in the high half, events in the low half.
    current: AtomicU64,
    previous: AtomicU64,
    max: AtomicU32,
}

impl RateCounter {
    /// Counts one event.
    pub fn count(&self, now: Tick) {
        let period = period(now);
        let mut seen = self.current.load(Ordering::Relaxed);
        loop {
            let (seen_period, events) = unpack(seen);
            // A worker whose clock is a little behind counts in the newer second.
            let next =
                if seen_period >= period { pack(seen_period, events.saturating_add(1)) } else { pack(period, 1) };
            match self.current.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    if seen_period < period {
                        // Between the two stores a reader misses the previous second, for nanoseconds.
                        self.previous.store(seen, Ordering::Relaxed);
                    }
                    let rate = self.rate(now);
                    if rate > self.max.load(Ordering::Relaxed) {
                        self.max.fetch_max(rate, Ordering::Relaxed);
                    }
                    return;
                }
                Err(changed) => seen = changed,
            }
        }
    }

    /// Events within the last second.
    pub fn rate(&self, now: Tick) -> u32 {
        let (current, previous, elapsed) = self.window(now);
        let rest = u64::from(previous) * (PERIOD_MS - elapsed) / PERIOD_MS;
        current.saturating_add(u32::try_from(rest).unwrap_or(u32::MAX))
    }

    /// The most events within a second.
    pub fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    /// Forgets the most events (`clear counters`).
    pub fn clear_max(&self) {
        self.max.store(0, Ordering::Relaxed);
    }

    /// How long to wait until one more event stays within `limit` per second; `None` when it does now.
    pub fn delay(&self, now: Tick, limit: u32) -> Option<Duration> {
        if self.rate(now) < limit {
            return None;
        }
        let (current, previous, elapsed) = self.window(now);
        let millis = if current < limit {
            // The previous second's share must shrink below what is left.
            let room = u64::from(limit - current);
            let needed = PERIOD_MS.saturating_sub((room * PERIOD_MS) / u64::from(previous.max(1)));
            needed.saturating_sub(elapsed)
        } else {
            let share = u64::from(limit) * PERIOD_MS / u64::from(current.max(1));
            PERIOD_MS - elapsed + PERIOD_MS.saturating_sub(share)
        };
        Some(Duration::from_millis(millis.max(1)))
    }

    /// Events of this second and the one before, and milliseconds since this second began.
    fn window(&self, now: Tick) -> (u32, u32, u64) {
        let period_now = period(now);
        let (current_period, current) = unpack(self.current.load(Ordering::Relaxed));
        let (previous_period, previous) = unpack(self.previous.load(Ordering::Relaxed));
        let elapsed = now.as_millis() % PERIOD_MS;
        if current_period >= period_now {
            let follows = previous_period.wrapping_add(1) == current_period;
            (current, if follows { previous } else { 0 }, elapsed)
        } else if current_period.wrapping_add(1) == period_now {
            (0, current, elapsed)
        } else {
            (0, 0, elapsed)
        }
    }
}

fn period(now: Tick) -> u32 {
    // The first second is number 1: 0 is "never".
    u32::try_from(now.as_millis() / PERIOD_MS).unwrap_or(u32::MAX).saturating_add(1)
}

fn pack(period: u32, events: u32) -> u64 {
    u64::from(period) << 32 | u64::from(events)
}

fn unpack(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn slides_over_the_second() {
        let counter = RateCounter::default();
        for _ in 0..10 {
            counter.count(at(100));
        }
        assert_eq!(counter.rate(at(900)), 10);
        assert_eq!(counter.rate(at(1_000)), 10);
        assert_eq!(counter.rate(at(1_500)), 5);
        assert_eq!(counter.rate(at(2_100)), 0);
        counter.count(at(1_500));
        assert_eq!(counter.rate(at(1_500)), 6);
        assert_eq!(counter.max(), 10);
    }

    #[test]
    fn the_delay_is_enough() {
        for limit in 1..50 {
            let counter = RateCounter::default();
            let mut now = 137;
            for _ in 0..200 {
                if let Some(delay) = counter.delay(at(now), limit) {
                    now += u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    // Rounding may ask for one more millisecond.
                    if let Some(more) = counter.delay(at(now), limit) {
                        assert!(more <= Duration::from_millis(2), "limit {limit}: {more:?} more");
                        now += 2;
                    }
                }
                counter.count(at(now));
                assert!(counter.rate(at(now)) <= limit);
            }
        }
    }
}
