//! Times and sizes as configuration.txt section 2.5 writes them.

use std::time::Duration;

use thiserror::Error;

/// The unit of a time that is written without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// `us`.
    Microseconds,
    /// `ms`, the default of nearly every keyword.
    Milliseconds,
    /// `s`.
    Seconds,
    /// `m`.
    Minutes,
    /// `h`.
    Hours,
    /// `d`.
    Days,
}

impl TimeUnit {
    fn micros(self) -> u64 {
        match self {
            Self::Microseconds => 1,
            Self::Milliseconds => 1_000,
            Self::Seconds => 1_000_000,
            Self::Minutes => 60_000_000,
            Self::Hours => 3_600_000_000,
            Self::Days => 86_400_000_000,
        }
    }
}

/// What is wrong with a time or a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    /// Nothing was written.
    #[error("expects a value")]
    Empty,
    /// A character that is neither a digit nor a unit.
    #[error("unexpected character '{0}'")]
    Unexpected(char),
    /// A time beyond what fits 31 bits of its default unit, HAProxy's limit.
    #[error("timer overflow (maximum value is 2147483647 ms or ~24.8 days)")]
    TimeOverflow,
    /// A size beyond 64 bits.
    #[error("size overflow")]
    SizeOverflow,
}

/// Reads a time such as `30s`, `500` or `2m` (configuration.txt, section 2.5).
///
/// # Errors
///
/// Refuses an empty text, anything after the unit, and times beyond 2147483647 of the default unit.
///
/// ```
/// use lb_core::units::{TimeUnit, parse_time};
/// use std::time::Duration;
/// assert_eq!(parse_time("30s", TimeUnit::Milliseconds), Ok(Duration::from_secs(30)));
/// assert_eq!(parse_time("500", TimeUnit::Milliseconds), Ok(Duration::from_millis(500)));
/// ```
pub fn parse_time(text: &str, default_unit: TimeUnit) -> Result<Duration, UnitError> {
    match parse_time_prefix(text, default_unit)? {
        (time, None) => Ok(time),
        (_, Some(trailing)) => Err(UnitError::Unexpected(trailing)),
    }
}

/// Like [`parse_time`], for the keywords where HAProxy 2.6 only warns of characters after the unit (`3sec`):
/// returns the first of them beside the time.
///
/// # Errors
///
/// As [`parse_time`], but for characters after a complete unit.
pub fn parse_time_prefix(text: &str, default_unit: TimeUnit) -> Result<(Duration, Option<char>), UnitError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = text.split_at(digits);
    if number.is_empty() {
        return Err(suffix.chars().next().map_or(UnitError::Empty, UnitError::Unexpected));
    }
    let (unit, rest) = match suffix.as_bytes() {
        [] => (default_unit, ""),
        [b'u', b's', ..] => (TimeUnit::Microseconds, &suffix[2..]),
        [b'm', b's', ..] => (TimeUnit::Milliseconds, &suffix[2..]),
        [b's', ..] => (TimeUnit::Seconds, &suffix[1..]),
        [b'm', ..] => (TimeUnit::Minutes, &suffix[1..]),
        [b'h', ..] => (TimeUnit::Hours, &suffix[1..]),
        [b'd', ..] => (TimeUnit::Days, &suffix[1..]),
        _ => return Err(suffix.chars().next().map_or(UnitError::Empty, UnitError::Unexpected)),
    };
    let number: u64 = number.parse().map_err(|_| UnitError::TimeOverflow)?;
    let micros = number.checked_mul(unit.micros()).ok_or(UnitError::TimeOverflow)?;
    let limit = u64::from(i32::MAX.unsigned_abs()).saturating_mul(default_unit.micros());
    if micros > limit {
        return Err(UnitError::TimeOverflow);
    }
    Ok((Duration::from_micros(micros), rest.chars().next()))
}

/// Reads a size in bytes with an optional `k`, `m` or `g` (powers of 1024, either case).
///
/// # Errors
///
/// Refuses an empty text, other characters, and sizes beyond 64 bits.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = text.split_at(digits);
    if number.is_empty() {
        return Err(suffix.chars().next().map_or(UnitError::Empty, UnitError::Unexpected));
    }
    let mut rest = suffix.chars();
    let shift = match rest.next() {
        None => 0,
        Some('k' | 'K') => 10,
        Some('m' | 'M') => 20,
        Some('g' | 'G') => 30,
        Some(other) => return Err(UnitError::Unexpected(other)),
    };
    if let Some(other) = rest.next() {
        return Err(UnitError::Unexpected(other));
    }
    let number: u64 = number.parse().map_err(|_| UnitError::SizeOverflow)?;
    number.checked_mul(1 << shift).ok_or(UnitError::SizeOverflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let ms = TimeUnit::Milliseconds;
        for (text, micros) in [
            ("0", 0),
            ("007", 7_000),
            ("1us", 1),
            ("1500us", 1_500),
            ("3ms", 3_000),
            ("3s", 3_000_000),
            ("3m", 180_000_000),
            ("3h", 10_800_000_000),
            ("24d", 2_073_600_000_000),
            ("2147483647", 2_147_483_647_000),
        ] {
            assert_eq!(parse_time(text, ms), Ok(Duration::from_micros(micros)), "{text}");
        }
        for (text, error) in [
            ("", UnitError::Empty),
            ("s", UnitError::Unexpected('s')),
            ("-1", UnitError::Unexpected('-')),
            ("3.5s", UnitError::Unexpected('.')),
            ("3S", UnitError::Unexpected('S')),
            ("3sec", UnitError::Unexpected('e')),
            ("2147483648", UnitError::TimeOverflow),
            ("25d", UnitError::TimeOverflow),
            ("99999999999999999999999", UnitError::TimeOverflow),
            ("18446744073709551615d", UnitError::TimeOverflow),
        ] {
            assert_eq!(parse_time(text, ms), Err(error), "{text}");
        }
        assert_eq!(parse_time("5", TimeUnit::Seconds), Ok(Duration::from_secs(5)));
        assert_eq!(parse_time_prefix("3sec", ms), Ok((Duration::from_secs(3), Some('e'))));
        assert!(parse_time("99d", TimeUnit::Seconds).is_ok());
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("10"), Ok(10));
        assert_eq!(parse_size("10k"), Ok(10_240));
        assert_eq!(parse_size("1M"), Ok(1 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
        assert_eq!(parse_size("2kb"), Err(UnitError::Unexpected('b')));
        assert_eq!(parse_size("x"), Err(UnitError::Unexpected('x')));
        assert_eq!(parse_size("99999999999g"), Err(UnitError::SizeOverflow));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in ".{0,12}") {
            let _ = parse_time(&text, TimeUnit::Milliseconds);
            let _ = parse_size(&text);
        }
    }
}
