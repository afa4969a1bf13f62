//! Time, read once per wake-up and injected, so that state machines are tested without sleeping.
//!
//! Each worker owns one [`Clock`]. The first reader after [`Clock::invalidate`] asks the kernel, every later one gets
//! the same instant from memory. A worker invalidates it at the start of each wake-up of a connection's task.

use std::cell::Cell;
use std::fmt;
use std::ops::{Add, Sub};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A point of the monotonic clock, in nanoseconds since the [`Clock`] was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// A tick this many nanoseconds after the clock's origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds since the clock's origin, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Time since `earlier`; zero when that is in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Tick {
    type Output = Self;

    fn add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Tick {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// The clock of one worker. Clones share the cached instant; it does not leave its thread.
#[derive(Clone)]
pub struct Clock(Rc<Inner>);

struct Inner {
    /// `None` for a manual clock.
    origin: Option<Instant>,
    now: Cell<u64>,
    fresh: Cell<bool>,
    /// Wall time minus monotonic time, in nanoseconds, and when it was last measured.
    wall_offset: Cell<u64>,
    wall_measured: Cell<u64>,
}

/// How long the distance between the monotonic and the wall clock is trusted.
const WALL_PERIOD: u64 = 1_000_000_000;

impl Clock {
    /// A clock that follows the system (and tokio's paused time in tests).
    pub fn system() -> Self {
        Self::with_origin(Instant::now())
    }

    /// A clock that follows the system and counts from `origin`: give the workers of one instance the same, so that
    /// they can compare ticks.
    pub fn with_origin(origin: Instant) -> Self {
        let clock = Self(Rc::new(Inner {
            origin: Some(origin),
            now: Cell::new(0),
            fresh: Cell::new(false),
            wall_offset: Cell::new(0),
            wall_measured: Cell::new(0),
        }));
        let now = clock.now();
        clock.measure_wall(now.0);
        clock
    }

    /// A clock that moves only by [`Clock::advance`], starting at `wall` since the epoch.
    pub fn manual(wall: Duration) -> Self {
        Self(Rc::new(Inner {
            origin: None,
            now: Cell::new(0),
            fresh: Cell::new(true),
            wall_offset: Cell::new(nanos(wall)),
            wall_measured: Cell::new(0),
        }))
    }

    /// The instant of this wake-up.
    pub fn now(&self) -> Tick {
        if !self.0.fresh.get() {
            self.refresh();
        }
        Tick(self.0.now.get())
    }

    /// Wall time of this wake-up, since the epoch.
    pub fn wall(&self) -> Duration {
        let now = self.now().0;
        if self.0.origin.is_some() && now.saturating_sub(self.0.wall_measured.get()) >= WALL_PERIOD {
            self.measure_wall(now);
        }
        Duration::from_nanos(self.0.wall_offset.get().saturating_add(now))
    }

    /// Makes the next [`Clock::now`] ask the kernel.
    pub fn invalidate(&self) {
        if self.0.origin.is_some() {
            self.0.fresh.set(false);
        }
    }

    /// The tokio instant of a tick, to arm a timer with. A manual clock's ticks count from the call.
    pub fn instant(&self, tick: Tick) -> Instant {
        match self.0.origin {
            Some(origin) => origin.checked_add(Duration::from_nanos(tick.0)).unwrap_or_else(|| far_future(origin)),
            None => {
                let now = Instant::now();
                now.checked_add(tick.since(self.now())).unwrap_or_else(|| far_future(now))
            }
        }
    }

    /// Moves a manual clock forward; a system clock is not changed.
    pub fn advance(&self, by: Duration) {
        if self.0.origin.is_none() {
            self.0.now.set(self.0.now.get().saturating_add(nanos(by)));
        }
    }

    fn refresh(&self) {
        if let Some(origin) = self.0.origin {
            self.0.now.set(nanos(origin.elapsed()));
        }
        self.0.fresh.set(true);
    }

    fn measure_wall(&self, now: u64) {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.wall_offset.set(nanos(wall).saturating_sub(now));
        self.0.wall_measured.set(now);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").field("now", &self.0.now.get()).finish_non_exhaustive()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn far_future(from: Instant) -> Instant {
    from + Duration::from_secs(86_400 * 365)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Duration::from_secs(1_000));
        let start = clock.now();
        clock.invalidate();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now() - start, Duration::from_millis(1_500));
        assert_eq!(clock.wall(), Duration::from_millis(1_001_500));
    }

    #[tokio::test(start_paused = true)]
    async fn system_clock_is_cached_until_invalidated() {
        let clock = Clock::system();
        let start = clock.now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(clock.now(), start);
        clock.invalidate();
        assert_eq!(clock.now() - start, Duration::from_secs(3));
        assert_eq!(clock.instant(clock.now()), Instant::now());
    }

    #[test]
    fn ticks_saturate() {
        let end = Tick::from_nanos(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Tick::default() - end, Duration::ZERO);
    }
}
