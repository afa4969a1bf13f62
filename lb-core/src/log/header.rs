//! Headers of log lines, one per target format (configuration.txt, `log`: format).

use std::time::Duration;

use crate::config::model::LogTargetFormat;

use super::date::DateStyle;
use super::encode::decimal;
use super::render::LogContext;
use super::target::Target;

/// Appends the header of a line sent to `target` at `now` with this syslog level. `structured` is what RFC 5424 calls
/// structured data; empty where there is none.
pub(super) fn write(
    out: &mut Vec<u8>,
    target: &Target,
    level: u8,
    now: Duration,
    structured: &[u8],
    context: &mut LogContext,
) {
    let priority = u64::from(target.facility) * 8 + u64::from(level);
    let bracketed = |out: &mut Vec<u8>, number: u64| {
        out.push(b'<');
        decimal(out, number);
        out.push(b'>');
    };
    match target.format {
        LogTargetFormat::Raw => {}
        LogTargetFormat::Short => bracketed(out, level.into()),
        LogTargetFormat::Priority => bracketed(out, priority),
        LogTargetFormat::Timed => {
            bracketed(out, level.into());
            iso_date(out, now, context);
            out.push(b' ');
        }
        LogTargetFormat::Iso => {
            iso_date(out, now, context);
            out.push(b' ');
        }
        LogTargetFormat::Local | LogTargetFormat::Rfc3164 => {
            bracketed(out, priority);
            out.extend_from_slice(context.dates.get(DateStyle::Syslog, now));
            out.push(b' ');
            if target.format == LogTargetFormat::Rfc3164 {
                out.extend_from_slice(target.hostname.as_deref().unwrap_or("localhost").as_bytes());
                out.push(b' ');
            }
            out.extend_from_slice(target.tag.as_bytes());
            out.push(b'[');
            decimal(out, context.pid.into());
            out.extend_from_slice(b"]: ");
        }
        LogTargetFormat::Rfc5424 => {
            bracketed(out, priority);
            out.extend_from_slice(b"1 ");
            iso_date(out, now, context);
            out.push(b' ');
            out.extend_from_slice(target.hostname.as_deref().unwrap_or("-").as_bytes());
            out.push(b' ');
            out.extend_from_slice(target.tag.as_bytes());
            out.push(b' ');
            decimal(out, context.pid.into());
            out.extend_from_slice(b" - ");
            out.extend_from_slice(if structured.is_empty() { b"-" } else { structured });
            out.push(b' ');
        }
    }
}

/// `2009-02-06T12:14:14.655123+01:00`.
fn iso_date(out: &mut Vec<u8>, now: Duration, context: &mut LogContext) {
    let start = out.len();
    out.extend_from_slice(context.dates.get(DateStyle::Iso, now));
    // The cached text has zeros for the fraction, from the 20th character on.
    let mut micros = now.subsec_micros();
    if let Some(fraction) = out.get_mut(start + 20..start + 26) {
        for digit in fraction.iter_mut().rev() {
            *digit = b'0' + (micros % 10) as u8;
            micros /= 10;
        }
    }
}
