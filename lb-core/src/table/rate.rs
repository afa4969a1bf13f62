//! Events in a period: the current period, and of the previous one the part that the sliding period still covers.
//!
//! A rate is two words, so that counting takes no lock: `start << 32 | events` of the current period, and the same of
//! the events before it. The second word carries the start of the period it was written for: a reader that finds another
//! one came between the two stores of a change of periods, and looks again.
//!
//! Times are milliseconds of 32 bits and wrap after 49 days. A rate that nobody counted for exactly that long would be
//! taken for a recent one; its entry has expired by then.

use std::sync::atomic::{AtomicU64, Ordering};

/// Another thread may have read its clock up to a minute later than this one: what began then began now.
const LAG: u32 = u32::MAX - 60_000;

/// A rate in an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate<'a> {
    /// `start << 32 | events` of the current period.
    current: &'a AtomicU64,
    /// `start << 32 | events` of the period before the one that begins at `start`.
    previous: &'a AtomicU64,
    /// Milliseconds.
    period: u32,
}

fn pack(start: u32, events: u32) -> u64 {
    u64::from(start) << 32 | u64::from(events)
}

fn unpack(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl<'a> Rate<'a> {
    pub(crate) fn new(current: &'a AtomicU64, previous: &'a AtomicU64, period: u32) -> Self {
        Self { current, previous, period }
    }

    /// Counts events at `now` and returns the rate then. A period begins with its first event.
    pub(crate) fn add(self, events: u32, now: u64) -> u32 {
        let now = now as u32;
        let mut seen = self.current.load(Ordering::Acquire);
        loop {
            let (start, counted) = unpack(seen);
            let age = now.wrapping_sub(start);
            let fresh = age < self.period || age > LAG;
            let (next, before) = if fresh && seen != 0 {
                (pack(start, counted.saturating_add(events)), None)
            } else if seen != 0 && age < self.period.saturating_mul(2) {
                let start = start.wrapping_add(self.period);
                (pack(start, events), Some(pack(start, counted)))
            } else {
                (pack(now, events), Some(pack(now, 0)))
            };
            match self.current.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    if let Some(before) = before {
                        self.previous.store(before, Ordering::Release);
                    }
                    return self.read(u64::from(now));
                }
                Err(other) => seen = other,
            }
        }
    }

    /// Makes the rate a value from now on, for a period at least.
    pub(crate) fn set(self, value: u32, now: u64) {
        let now = now as u32;
        self.current.store(pack(now, value), Ordering::Release);
        self.previous.store(pack(now, 0), Ordering::Release);
    }

    /// Events in the period that ends at `now`.
    pub(crate) fn read(self, now: u64) -> u32 {
        let (start, events, before) = self.both();
        let mut age = (now as u32).wrapping_sub(start);
        if age > LAG {
            age = 0;
        }
        let period = u64::from(self.period.max(1));
        let age = u64::from(age);
        let (whole, part, left) = match age / period {
            0 => (events, before, period - age),
            1 => (0, events, 2 * period - age),
            _ => return 0,
        };
        let part = u64::from(part) * left / period;
        whole.saturating_add(u32::try_from(part).unwrap_or(u32::MAX))
    }

    /// The current period's start and events, and the events before it.
    fn both(self) -> (u32, u32, u32) {
        for _ in 0..64 {
            let current = self.current.load(Ordering::Acquire);
            let (of, before) = unpack(self.previous.load(Ordering::Acquire));
            let (start, events) = unpack(current);
            if of == start {
                return (start, events, before);
            }
            std::hint::spin_loop();
        }
        // Who changed periods was stopped between two stores: what came before the change is not known for now.
        let (start, events) = unpack(self.current.load(Ordering::Acquire));
        (start, events, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words(AtomicU64, AtomicU64, u32);

    impl Words {
        fn new(period: u32) -> Self {
            Self(AtomicU64::new(0), AtomicU64::new(0), period)
        }

        fn rate(&self) -> Rate<'_> {
            Rate::new(&self.0, &self.1, self.2)
        }
    }

    /// What HAProxy shows of `set table ... data.conn_rate 1000` with a period of two seconds.
    #[test]
    fn a_burst_lasts_a_period_and_fades_over_the_next() {
        let words = Words::new(2000);
        words.rate().set(1000, 500);
        for (now, wanted) in [(500, 1000), (2499, 1000), (2512, 994), (3510, 495), (4499, 0), (4500, 0), (90_000, 0)] {
            assert_eq!(words.rate().read(now), wanted, "at {now}");
        }
        let words = Words::new(2000);
        assert_eq!((1..=8).map(|_| words.rate().add(1, 7)).last(), Some(8));
        assert_eq!([2006, 2007, 2263, 3770, 4007].map(|now| words.rate().read(now)), [8, 8, 6, 0, 0]);
    }

    #[test]
    fn a_steady_rate_reads_steadily() {
        let words = Words::new(2000);
        for now in (0..20_000).step_by(100) {
            let rate = words.rate().add(1, now);
            let wanted = if now < 2000 { now / 100 + 1 } else { 20 };
            assert!(rate.abs_diff(wanted as u32) <= 1, "{rate} at {now}");
        }
    }

    #[test]
    fn time_wraps_and_may_lag() {
        let words = Words::new(1000);
        let end = u64::from(u32::MAX);
        words.rate().add(5, end - 100);
        assert_eq!(words.rate().add(5, end + 200), 10);
        assert_eq!(words.rate().add(1, end - 200), 11);
        assert_eq!(words.rate().read(end - 200), 11);
    }

    #[test]
    fn a_period_of_zero_and_large_counts_do_no_harm() {
        let words = Words::new(0);
        words.rate().add(3, 1);
        words.rate().read(1);
        let words = Words::new(u32::MAX);
        words.rate().add(u32::MAX, 1);
        assert_eq!(words.rate().add(u32::MAX, 2), u32::MAX);
    }

    #[test]
    fn threads_lose_nothing() {
        let words = Words::new(1_000_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for now in 0..10_000 {
                        words.rate().add(1, now / 100 + 1);
                    }
                });
            }
        });
        assert_eq!(words.rate().read(100), 40_000);
    }

    proptest::proptest! {
        /// Against a list of all events: never more than those of two periods, never less than those of the last one
        /// that a period of the counter covers whole.
        #[test]
        fn stays_between_the_last_period_and_the_last_two(steps in proptest::collection::vec((0u64..400, 1u32..5), 1..80)) {
            let words = Words::new(500);
            let (mut now, mut events) = (1_000, Vec::new());
            for (step, count) in steps {
                now += step;
                events.push((now, count));
                let rate = words.rate().add(count, now);
                let since = |age: u64| events.iter().filter(|(at, _)| at + age > now).map(|(_, n)| n).sum::<u32>();
                proptest::prop_assert!(rate <= since(1000), "{rate} > {}", since(1000));
                proptest::prop_assert!(rate >= count);
            }
        }
    }
}
