//! Limits on events per second, shared by all workers: `rate-limit sessions`, `maxconnrate`, `maxsessrate`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::rate::slide;

const COUNT_BITS: u32 = 22;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const SECOND_MASK: u64 = (1 << 20) - 1;

/// Lets at most a number of events happen per sliding second. Lock-free: one word holds the second and its count and
/// the count of the second before. Counts are exact up to four million per second.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct RateLimiter {
    state: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    second: u64,
    previous: u32,
    current: u32,
}

impl State {
    fn unpack(word: u64) -> Self {
        Self {
            second: word >> (2 * COUNT_BITS) & SECOND_MASK,
            previous: (word >> COUNT_BITS & COUNT_MASK) as u32,
            current: (word & COUNT_MASK) as u32,
        }
    }

    fn pack(self) -> u64 {
        let count = |count: u32| u64::from(count).min(COUNT_MASK);
        self.second << (2 * COUNT_BITS) | count(self.previous) << COUNT_BITS | count(self.current)
    }

    /// The same, seen at `now`.
    fn at(self, now: Duration) -> Self {
        let second = now.as_secs() & SECOND_MASK;
        match second.wrapping_sub(self.second) & SECOND_MASK {
            0 => self,
            1 => Self { second, previous: self.current, current: 0 },
            // A worker whose clock is a second behind counts for the current one.
            SECOND_MASK => self,
            _ => Self { second, previous: 0, current: 0 },
        }
    }
}

impl RateLimiter {
    /// Takes one event of `limit` per second (0: no limit), or says how long to wait before the next try.
    pub fn try_acquire(&self, limit: u32, now: Duration) -> Result<(), Duration> {
        if limit == 0 {
            return Ok(());
        }
        let mut word = self.state.load(Ordering::Relaxed);
        loop {
            let state = State::unpack(word).at(now);
            if slide(state.previous, state.current, now) >= limit {
                return Err(delay(state, limit, now));
            }
            let next = State { current: state.current + 1, ..state }.pack();
            match self.state.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => word = seen,
            }
        }
    }

    /// Events of the last second.
    pub fn per_second(&self, now: Duration) -> u32 {
        let state = State::unpack(self.state.load(Ordering::Relaxed)).at(now);
        slide(state.previous, state.current, now)
    }
}

/// Time until the sliding second has room for one more, if nobody else takes it.
fn delay(state: State, limit: u32, now: Duration) -> Duration {
    let passed = u64::from(now.subsec_millis());
    // Room comes when `share` milliseconds of the decaying second have passed: count * (1000 - share) / 1000 < room.
    let share = |count: u32, room: u32| {
        let kept = u64::from(room) * 1000;
        1000 - (kept - 1).checked_div(u64::from(count)).unwrap_or(1000).min(1000)
    };
    let wait = if state.current < limit {
        share(state.previous, limit - state.current).saturating_sub(passed)
    } else {
        1000 - passed + share(state.current, limit)
    };
    Duration::from_millis(wait.max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_burst_then_the_rate() {
        let limiter = RateLimiter::default();
        for _ in 0..10 {
            assert_eq!(limiter.try_acquire(10, at(5_000)), Ok(()));
        }
        assert_eq!(limiter.per_second(at(5_000)), 10);
        let wait = limiter.try_acquire(10, at(5_000)).unwrap_err();
        assert_eq!(wait, at(1_001));
        assert_eq!(limiter.try_acquire(10, at(5_999)).unwrap_err(), at(2));
        assert_eq!(limiter.try_acquire(10, at(5_000) + wait), Ok(()));
        assert_eq!(limiter.try_acquire(0, at(5_000)), Ok(()));
    }

    #[test]
    fn an_idle_limiter_starts_over() {
        let limiter = RateLimiter::default();
        assert_eq!(limiter.try_acquire(1, at(1_000)), Ok(()));
        assert!(limiter.try_acquire(1, at(1_500)).is_err());
        assert_eq!(limiter.try_acquire(1, at(3_000)), Ok(()));
        assert_eq!(limiter.try_acquire(1, Duration::from_secs(1 << 21)), Ok(()));
    }

    proptest::proptest! {
        /// Waiting as told is always enough, and no more than the limit fits in a calendar second.
        #[test]
        fn the_delay_is_enough(limit in 1u32..2000, start in 0u64..3000) {
            let limiter = RateLimiter::default();
            let mut now = at(start);
            let mut waits = 0;
            let mut in_second = (now.as_secs(), 0);
            for _ in 0..3 * limit {
                if let Err(wait) = limiter.try_acquire(limit, now) {
                    now += wait;
                    waits += 1;
                    proptest::prop_assert_eq!(limiter.try_acquire(limit, now), Ok(()));
                }
                if in_second.0 != now.as_secs() {
                    in_second = (now.as_secs(), 0);
                }
                in_second.1 += 1;
                proptest::prop_assert!(in_second.1 <= limit);
            }
            proptest::prop_assert!(waits > 0);
        }
    }

    #[test]
    fn threads_share_the_limit() {
        let limiter = RateLimiter::default();
        let taken = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        if limiter.try_acquire(500, at(7_000)).is_ok() {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 500);
    }
}
