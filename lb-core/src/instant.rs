//! Moments on the path of requests.

use std::num::NonZeroU64;
use std::ops::{Add, AddAssign};
use std::sync::OnceLock;
use std::time::Duration;

/// A moment of the system's monotonic clock as one number, so that the many times of a stream are compared and subtracted at
/// the cost of an addition. It takes the place of [`std::time::Instant`] on the path of requests and turns into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

impl Instant {
    fn from_nanos(nanos: u64) -> Self {
        Self(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }

    /// The present.
    pub fn now() -> Self {
        // The clock is there on every system, and its time is positive: it starts with the machine.
        let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
            .map_or((0, 0), |time| (time.tv_sec(), time.tv_nsec()));
        Self::from_nanos((time.0 as u64).wrapping_mul(1_000_000_000).wrapping_add(time.1 as u64))
    }

    /// The time since `earlier`; zero when that is in the future.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }

    /// The time since then.
    pub fn elapsed(self) -> Duration {
        Self::now().saturating_duration_since(self)
    }

    /// `None` where it is too far away to be told.
    pub fn checked_add(self, delay: Duration) -> Option<Self> {
        let nanos = delay.as_secs().checked_mul(1_000_000_000)?.checked_add(delay.subsec_nanos().into())?;
        self.0.checked_add(nanos).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The last one that there is, where it is too far away.
    fn add(self, delay: Duration) -> Self {
        self.checked_add(delay).unwrap_or(Self(NonZeroU64::MAX))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, delay: Duration) {
        *self = *self + delay;
    }
}

/// The same moment on both clocks: they advance together.
fn anchor() -> (std::time::Instant, Instant) {
    static ANCHOR: OnceLock<(std::time::Instant, Instant)> = OnceLock::new();
    *ANCHOR.get_or_init(|| (std::time::Instant::now(), Instant::now()))
}

impl From<Instant> for std::time::Instant {
    fn from(moment: Instant) -> Self {
        let (theirs, ours) = anchor();
        let ahead = theirs.checked_add(moment.saturating_duration_since(ours));
        // Beyond what can be told is as good as never.
        let ahead = ahead.unwrap_or(theirs + Duration::from_secs(u64::from(u32::MAX)));
        ahead.checked_sub(ours.saturating_duration_since(moment)).unwrap_or(ahead)
    }
}

impl From<Instant> for tokio::time::Instant {
    fn from(moment: Instant) -> Self {
        std::time::Instant::from(moment).into()
    }
}

impl From<std::time::Instant> for Instant {
    fn from(moment: std::time::Instant) -> Self {
        let (theirs, ours) = anchor();
        let later = ours + moment.saturating_duration_since(theirs);
        let earlier = u64::try_from(theirs.saturating_duration_since(moment).as_nanos()).unwrap_or(u64::MAX);
        Self::from_nanos(later.0.get().saturating_sub(earlier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_as_the_standard_library_s() {
        let (theirs, ours) = (std::time::Instant::now(), Instant::now());
        let near = |a: std::time::Instant, b: std::time::Instant| {
            a.saturating_duration_since(b).max(b.saturating_duration_since(a)) < Duration::from_secs(60)
        };
        assert!(near(theirs, ours.into()));
        assert!(near(theirs + Duration::from_secs(3600), (ours + Duration::from_secs(3600)).into()));
        let earlier = theirs.checked_sub(Duration::from_millis(1)).unwrap_or(theirs);
        assert_eq!(std::time::Instant::from(Instant::from(earlier)), earlier);
        assert_eq!(std::time::Instant::from(Instant::from(theirs)), theirs);
    }

    #[test]
    fn what_is_too_far_away_is_the_end_of_time() {
        let now = Instant::now();
        assert_eq!(now.checked_add(Duration::MAX), None);
        assert!(now + Duration::MAX > now + Duration::from_secs(1 << 30));
        assert_eq!(now.saturating_duration_since(now + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!((now + Duration::from_millis(5)).saturating_duration_since(now), Duration::from_millis(5));
        let _ = std::time::Instant::from(now + Duration::MAX);
        let _ = tokio::time::Instant::from(now + Duration::MAX);
    }
}
