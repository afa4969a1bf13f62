//! Dates.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument, strftime};

const FORMAT: ArgSpec = ArgSpec::of(1, &[ArgKind::Str, ArgKind::Sint]);

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("http_date", SampleType::Sint, SampleType::Str, http_date)
        .args(ArgSpec::of(0, &[ArgKind::Sint, ArgKind::Str]))
        .check(check_unit),
    Converter::new("ltime", SampleType::Sint, SampleType::Str, time)
        .args(FORMAT)
        .check(|args, _| check_format(args, TimeZone::system(), false)),
    Converter::new("utime", SampleType::Sint, SampleType::Str, time)
        .args(FORMAT)
        .check(|args, _| check_format(args, TimeZone::UTC, true)),
];

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

fn check_unit(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let unit = match args.get(1).and_then(Arg::text) {
        None | Some(b"s") => Unit::Seconds,
        Some(b"ms") => Unit::Milliseconds,
        Some(b"us") => Unit::Microseconds,
        Some(other) => return Err(format!("expects 's', 'ms' or 'us', got '{}'", String::from_utf8_lossy(other))),
    };
    argument::replace(args, 1, Arg::Own(Arc::new(unit)));
    Ok(())
}

/// A number with an offset added that may be left out.
fn shifted(value: &Value<'_>, offset: Option<i64>) -> Option<i64> {
    match value {
        Value::Sint(number) => Some(number.saturating_add(offset.unwrap_or(0))),
        _ => None,
    }
}

/// There is no value beyond the year 9999, and none before -9999.
fn http_date<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let number = shifted(&value, argument::number(args, 0))?;
    let unit = *args.get(1)?.own::<Unit>()?;
    let (per_second, digits) = match unit {
        Unit::Seconds => (1, 0),
        Unit::Milliseconds => (1000, 3),
        Unit::Microseconds => (1_000_000, 6),
    };
    let date = Timestamp::from_second(number.div_euclid(per_second)).ok()?.to_zoned(TimeZone::UTC);
    let mut out = Vec::with_capacity(40);
    strftime::format(b"%a, %d %b %Y %H:%M:%S", &date, true, &mut out);
    if unit != Unit::Seconds {
        out.extend_from_slice(format!(".{:0digits$}", number.rem_euclid(per_second)).as_bytes());
    }
    out.extend_from_slice(b" GMT");
    Some(Value::str(out))
}

/// A format and the zone whose time it shows.
struct Format {
    text: Box<[u8]>,
    zone: TimeZone,
    /// The zone is UTC, which C calls GMT.
    utc: bool,
}

fn check_format(args: &mut [Arg], zone: TimeZone, utc: bool) -> Result<(), String> {
    let format = Format { text: argument::text(args, 0).into(), zone, utc };
    argument::replace(args, 0, Arg::Own(Arc::new(format)));
    Ok(())
}

fn time<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let format = args.first()?.own::<Format>()?;
    let seconds = shifted(&value, argument::number(args, 1))?;
    let date = Timestamp::from_second(seconds).ok()?.to_zoned(format.zone.clone());
    let mut out = Vec::with_capacity(32);
    strftime::format(&format.text, &date, format.utc, &mut out);
    Some(Value::str(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: i64, format: &str, zone: TimeZone) -> String {
        let mut args = [Arg::Str(format.as_bytes().into()), Arg::Absent];
        let _ = check_format(&mut args, zone, false);
        let value = time(&Context::default(), Value::Sint(seconds), &args).map(Value::into_bytes).unwrap_or_default();
        String::from_utf8_lossy(&value).into_owned()
    }

    /// `ltime('%c|%z|%Z|%s')` of haproxy 2.6.12.
    #[test]
    fn local_time_is_that_of_the_zone() {
        let format = "%c|%z|%Z|%s";
        for (zone, seconds, date) in [
            ("America/New_York", 1700000000, "Tue Nov 14 17:13:20 2023|-0500|EST|1700000000"),
            ("America/New_York", 1720000000, "Wed Jul  3 05:46:40 2024|-0400|EDT|1720000000"),
            ("America/New_York", 1710054000, "Sun Mar 10 03:00:00 2024|-0400|EDT|1710054000"),
            ("Asia/Kolkata", 1700000000, "Wed Nov 15 03:43:20 2023|+0530|IST|1700000000"),
            ("Europe/Paris", 1720000000, "Wed Jul  3 11:46:40 2024|+0200|CEST|1720000000"),
        ] {
            let Ok(zone) = TimeZone::get(zone) else { continue };
            assert_eq!(shown(seconds, format, zone), date);
        }
    }

    /// HAProxy 2.6.12 takes dates before 1970 for some of the year 1141709097, and writes 5 milliseconds as `.5`.
    #[test]
    fn dates_before_1970_are_dates() {
        assert_eq!(shown(-1, "%F %T", TimeZone::UTC), "1969-12-31 23:59:59");
        let mut args = [Arg::Absent, Arg::Str(b"ms"[..].into())];
        let _ = check_unit(&mut args, &Scope::of(&crate::sample::names::Names::default(), ""));
        let date = |number| http_date(&Context::default(), Value::Sint(number), &args).map(Value::into_owned);
        let text = |text: &'static str| Some(Value::str(text.as_bytes()));
        assert_eq!(date(-1500), text("Wed, 31 Dec 1969 23:59:58.500 GMT"));
        assert_eq!(date(5), text("Thu, 01 Jan 1970 00:00:00.005 GMT"));
        assert_eq!(date(i64::MAX), None);
    }
}
