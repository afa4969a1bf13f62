//! What a server's checks say about it: counters of `rise` and `fall`, without sockets and without a clock.
//!
//! ```text
//!   value:   0 ............ rise-1 | rise ............ rise+fall-1
//!            DOWN   going up       | UP, going down     UP, sure
//! ```
//!
//! A failed check takes one step down and, where it leaves the upper half, goes straight to 0; a passed one takes one
//! step up and, where it enters the upper half, goes straight to the top (configuration.txt, `rise` and `fall`).

use std::time::Duration;

/// Default of `inter`.
pub const DEFAULT_INTER: Duration = Duration::from_secs(2);
/// Default of `rise`.
pub const DEFAULT_RISE: u32 = 2;
/// Default of `fall`.
pub const DEFAULT_FALL: u32 = 3;

/// A change of state that a result brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The server is up now.
    Up,
    /// The server is down now.
    Down,
}

/// What a result did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The state changed.
    pub transition: Option<Transition>,
    /// The value changed: worth a line with `option log-health-checks`.
    pub moved: bool,
}

/// Counters of one server's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    value: u32,
    rise: u32,
    fall: u32,
}

impl Health {
    /// A server not checked yet: up, and down at the first failure. `rise` and `fall` are at least 1.
    pub fn new(rise: u32, fall: u32) -> Self {
        let rise = rise.max(1);
        Self { value: rise, rise, fall: fall.max(1) }
    }

    /// Whether the server is up.
    pub fn is_up(&self) -> bool {
        self.value >= self.rise
    }

    /// The value as the statistics show it (`check_health`): 0 to `rise + fall - 1`.
    pub fn value(&self) -> u32 {
        self.value
    }

    /// `rise`.
    pub fn rise(&self) -> u32 {
        self.rise
    }

    /// `fall`.
    pub fn fall(&self) -> u32 {
        self.fall
    }

    /// The two numbers that go with `UP` and `DOWN` in log lines and on the statistics page.
    pub fn progress(&self) -> (u32, u32) {
        if self.is_up() { (self.value - self.rise + 1, self.fall) } else { (self.value, self.rise) }
    }

    /// Goes back to "up, not sure", as when a server leaves maintenance.
    pub fn reset_up(&mut self) {
        self.value = self.rise;
    }

    /// Goes to "up, sure", as when an operator says so.
    pub fn reset_top(&mut self) {
        self.value = self.top();
    }

    /// Where it is up, goes to where one more failure makes it the last but one.
    pub(crate) fn reset_to_last_but_one(&mut self) {
        if self.value > self.rise {
            self.value = self.rise + 1;
        }
    }

    /// Where it is up, goes to where one more failure takes it down.
    pub(crate) fn reset_to_last(&mut self) {
        if self.value > self.rise {
            self.value = self.rise;
        }
    }

    /// Goes to "down for sure", as when a server enters maintenance.
    pub fn reset_down(&mut self) {
        self.value = 0;
    }

    /// Takes the outcome of a check into account.
    pub fn observe(&mut self, passed: bool) -> Observed {
        let (was_up, before) = (self.is_up(), self.value);
        self.value = match (passed, was_up) {
            (true, true) => self.top(),
            (true, false) if before + 1 >= self.rise => self.top(),
            (true, false) => before + 1,
            (false, true) if before > self.rise => before - 1,
            (false, _) => 0,
        };
        let transition = match (was_up, self.is_up()) {
            (true, false) => Some(Transition::Down),
            (false, true) => Some(Transition::Up),
            _ => None,
        };
        Observed { transition, moved: self.value != before }
    }

    /// When to check again (configuration.txt, `inter`).
    pub fn interval(&self, intervals: &Intervals) -> Duration {
        if self.value == self.top() {
            intervals.inter
        } else if self.value == 0 {
            intervals.downinter.unwrap_or(intervals.inter)
        } else {
            intervals.fastinter.unwrap_or(intervals.inter)
        }
    }

    fn top(&self) -> u32 {
        self.rise.saturating_add(self.fall) - 1
    }
}

/// `inter`, `fastinter` and `downinter` of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// `inter`.
    pub inter: Duration,
    /// `fastinter`.
    pub fastinter: Option<Duration>,
    /// `downinter`.
    pub downinter: Option<Duration>,
}

/// Delay before the first check of the server with this `rank` among `count` checked ones: they are spread across the
/// smallest interval, at most `limit` (configuration.txt, `max-spread-checks`).
pub fn start_delay(rank: usize, count: usize, smallest: Duration, limit: Option<Duration>) -> Duration {
    let spread = limit.map_or(smallest, |limit| limit.min(smallest));
    let (rank, count) = (u32::try_from(rank).unwrap_or(u32::MAX), u32::try_from(count).unwrap_or(u32::MAX));
    spread.checked_mul(rank).map_or(spread, |product| product / count.max(1))
}

/// An interval with up to `percent` of it added or taken (configuration.txt, `spread-checks`); `random` is any number.
pub fn spread(interval: Duration, percent: u32, random: u64) -> Duration {
    let percent = f64::from(percent.min(50)) / 100.0;
    // 53 bits of the number make an even fraction of [0, 1).
    let fraction = (random >> 11) as f64 / (1u64 << 53) as f64;
    interval.mul_f64(1.0 + percent * (2.0 * fraction - 1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Results (`+` passed, `-` failed) and after each the state as HAProxy 2.6.12 logs it.
    fn walk(rise: u32, fall: u32, results: &str) -> Vec<String> {
        let mut health = Health::new(rise, fall);
        let step = |result: char| {
            let observed = health.observe(result == '+');
            let (n, of) = health.progress();
            let state = if health.is_up() { "UP" } else { "DOWN" };
            let mark = match observed {
                Observed { transition: Some(_), .. } => "!",
                Observed { moved: true, .. } => "",
                _ => "=",
            };
            format!("{n}/{of} {state}{mark}")
        };
        results.chars().map(step).collect()
    }

    #[test]
    fn results_walk_through_the_states() {
        assert_eq!(walk(2, 3, "+---"), ["3/3 UP", "2/3 UP", "1/3 UP", "0/2 DOWN!"]);
        assert_eq!(walk(2, 3, "-"), ["0/2 DOWN!"]);
        assert_eq!(walk(2, 3, "--++"), ["0/2 DOWN!", "0/2 DOWN=", "1/2 DOWN", "3/3 UP!"]);
        assert_eq!(walk(3, 2, "-+-+++"), ["0/3 DOWN!", "1/3 DOWN", "0/3 DOWN", "1/3 DOWN", "2/3 DOWN", "2/2 UP!"]);
        assert_eq!(walk(2, 3, "+-++"), ["3/3 UP", "2/3 UP", "3/3 UP", "3/3 UP="]);
        assert_eq!(walk(1, 1, "-+-"), ["0/1 DOWN!", "1/1 UP!", "0/1 DOWN!"]);
        assert_eq!(walk(0, 0, "-+"), ["0/1 DOWN!", "1/1 UP!"]);
    }

    #[test]
    fn the_interval_follows_the_state() {
        let seconds = Duration::from_secs;
        let all = Intervals { inter: seconds(10), fastinter: Some(seconds(1)), downinter: Some(seconds(60)) };
        let inter = Intervals { fastinter: None, downinter: None, ..all };
        let mut health = Health::new(2, 2);
        assert_eq!((health.interval(&all), health.interval(&inter)), (seconds(1), seconds(10)));
        health.observe(true);
        assert_eq!(health.interval(&all), seconds(10));
        health.observe(false);
        assert_eq!(health.interval(&all), seconds(1));
        health.observe(false);
        assert_eq!((health.interval(&all), health.interval(&inter)), (seconds(60), seconds(10)));
        health.observe(true);
        assert_eq!(health.interval(&all), seconds(1));
    }

    #[test]
    fn starts_are_spread_over_the_smallest_interval() {
        let ms = Duration::from_millis;
        assert_eq!(start_delay(0, 4, ms(2000), None), ms(0));
        assert_eq!(start_delay(3, 4, ms(2000), None), ms(1500));
        assert_eq!(start_delay(3, 4, ms(2000), Some(ms(100))), ms(75));
        assert_eq!(start_delay(0, 0, ms(2000), None), ms(0));
    }

    #[test]
    fn noise_stays_within_its_percentage() {
        let second = Duration::from_secs(1);
        assert_eq!(spread(second, 0, 12345), second);
        assert_eq!(spread(second, 50, 0), second / 2);
        assert!(spread(second, 50, u64::MAX) > second && spread(second, 50, u64::MAX) <= second * 3 / 2);
    }
}
