//! Dates of log lines, formatted once per second and time zone.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How a date is written, up to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// `06/Feb/2009:12:14:14` in local time.
    Log,
    /// `06/Feb/2009:12:14:14 +0100` in local time.
    LogZone,
    /// `06/Feb/2009:12:14:14 +0000` in universal time.
    LogGmt,
    /// `Feb  6 12:14:14` in local time (RFC 3164).
    Syslog,
    /// `2009-02-06T12:14:14.000000+01:00` in local time (RFC 5424), fraction left at zero.
    Iso,
}

const STYLES: usize = 5;
const WAYS: usize = 4;

#[derive(Clone, Debug)]
struct Entry {
    second: u64,
    filled: bool,
    text: Vec<u8>,
}

/// Remembers the text of the last few seconds, so that a busy worker formats a date once per second.
#[derive(Clone, Debug)]
pub struct DateCache {
    zone: TimeZone,
    entries: Vec<Entry>,
}

impl DateCache {
    /// A cache for the given time zone.
    pub fn new(zone: TimeZone) -> Self {
        let empty = Entry { second: 0, filled: false, text: Vec::with_capacity(40) };
        Self { zone, entries: vec![empty; STYLES * WAYS] }
    }

    /// Text of a date since the epoch.
    pub(super) fn get(&mut self, style: DateStyle, date: Duration) -> &[u8] {
        let second = date.as_secs();
        let slot = style as usize * WAYS + (second as usize & (WAYS - 1));
        let Some(entry) = self.entries.get_mut(slot) else { return b"" };
        if !entry.filled || entry.second != second {
            entry.text.clear();
            write_date(&mut entry.text, style, second, &self.zone);
            entry.second = second;
            entry.filled = true;
        }
        &entry.text
    }
}

fn write_date(out: &mut Vec<u8>, style: DateStyle, second: u64, zone: &TimeZone) {
    use std::io::Write;

    let time = i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok()).unwrap_or_default();
    let offset = if style == DateStyle::LogGmt { Offset::UTC } else { zone.to_offset(time) };
    let date = offset.to_datetime(time);
    let month = MONTHS.get((date.month() - 1).max(0) as usize).copied().unwrap_or("Jan");
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (zone_hours, zone_minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    let (year, day) = (date.year(), date.day());
    let (h, m, s) = (date.hour(), date.minute(), date.second());
    // Writing into a Vec cannot fail.
    let _ = match style {
        DateStyle::Log => write!(out, "{day:02}/{month}/{year:04}:{h:02}:{m:02}:{s:02}"),
        DateStyle::LogZone | DateStyle::LogGmt => {
            write!(out, "{day:02}/{month}/{year:04}:{h:02}:{m:02}:{s:02} {sign}{zone_hours:02}{zone_minutes:02}")
        }
        DateStyle::Syslog => write!(out, "{month} {day:2} {h:02}:{m:02}:{s:02}"),
        DateStyle::Iso => write!(
            out,
            "{year:04}-{:02}-{day:02}T{h:02}:{m:02}:{s:02}.000000{sign}{zone_hours:02}:{zone_minutes:02}",
            date.month()
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_time_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let mut cache = DateCache::new(zone);
        let date = Duration::from_millis(1_233_918_854_655);
        assert_eq!(cache.get(DateStyle::Log, date), b"06/Feb/2009:08:14:14");
        assert_eq!(cache.get(DateStyle::LogZone, date), b"06/Feb/2009:08:14:14 -0300");
        assert_eq!(cache.get(DateStyle::LogGmt, date), b"06/Feb/2009:11:14:14 +0000");
        assert_eq!(cache.get(DateStyle::Syslog, date), b"Feb  6 08:14:14");
        assert_eq!(cache.get(DateStyle::Iso, date), b"2009-02-06T08:14:14.000000-03:00");
        assert_eq!(cache.get(DateStyle::Log, date + Duration::from_secs(4)), b"06/Feb/2009:08:14:18");
    }
}
