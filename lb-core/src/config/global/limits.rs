//! Limits of the process: connections, rates, threads, descriptors (configuration.txt, sections 3.1 and 3.2).

use std::str::FromStr;

use crate::units::{TimeUnit, UnitError, parse_time};

use super::Cx;

/// HAProxy's limit of threads per process.
pub(super) const MAX_THREADS: i64 = 64;

/// An integer where HAProxy reads any text as a number: text that is none is refused here rather than taken as zero.
pub(super) fn integer<T: FromStr>(cx: &mut Cx<'_>, wanted: &str) -> Option<T> {
    let value = cx.one_argument(&format!("{wanted}."))?;
    let number = value.parse().ok();
    if number.is_none() {
        let text = format!("'{}' expects {wanted} (got '{value}').", cx.keyword());
        cx.alert(1, text);
    }
    number
}

const INTEGER: &str = "an integer argument";

/// A limit that counts once, and where 0 means none.
fn limit(cx: &mut Cx<'_>, field: fn(&mut super::Global) -> &mut Option<u32>) {
    let Some(value) = integer::<u32>(cx, INTEGER) else { return };
    if field(cx.global).is_some() {
        return cx.already(&format!("'{}'", cx.keyword()));
    }
    *field(cx.global) = (value > 0).then_some(value);
}

pub(super) fn maxconn(cx: &mut Cx<'_>) {
    limit(cx, |global| &mut global.maxconn);
}

pub(super) fn maxconnrate(cx: &mut Cx<'_>) {
    limit(cx, |global| &mut global.maxconnrate);
}

pub(super) fn maxsessrate(cx: &mut Cx<'_>) {
    limit(cx, |global| &mut global.maxsessrate);
}

pub(super) fn maxsslrate(cx: &mut Cx<'_>) {
    limit(cx, |global| &mut global.maxsslrate);
}

pub(super) fn maxpipes(cx: &mut Cx<'_>) {
    limit(cx, |global| &mut global.maxpipes);
}

pub(super) fn ulimit_n(cx: &mut Cx<'_>) {
    let Some(value) = integer::<u64>(cx, INTEGER) else { return };
    if cx.global.ulimit_n.is_some() {
        return cx.already("'ulimit-n'");
    }
    cx.global.ulimit_n = (value > 0).then_some(value);
}

pub(super) fn nbthread(cx: &mut Cx<'_>) {
    if let Some(value) = counted(cx, "value", MAX_THREADS) {
        cx.global.nbthread = Some(value);
    }
}

/// There is one group, to which all threads belong.
pub(super) fn thread_groups(cx: &mut Cx<'_>) {
    counted(cx, "value", 1);
}

fn counted(cx: &mut Cx<'_>, what: &str, max: i64) -> Option<u16> {
    if !cx.no_more_than(1) {
        return None;
    }
    let (keyword, text) = (cx.keyword(), cx.arg(1));
    let Ok(value) = text.parse::<i64>() else {
        cx.alert(1, format!("'{keyword}' passed a missing or unparsable integer value in '{text}'"));
        return None;
    };
    match u16::try_from(value) {
        Ok(count) if (1..=max).contains(&value) => Some(count),
        _ => {
            cx.alert(1, format!("'{keyword}' {what} must be between 1 and {max} (was {value})"));
            None
        }
    }
}

pub(super) fn nbproc(cx: &mut Cx<'_>) {
    cx.alert(
        0,
        "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor \
         machines if available.",
    );
}

pub(super) fn spread_checks(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    if cx.arg(1).is_empty() {
        return cx.alert_line(1, "'spread-checks' expects an integer argument (0..50).");
    }
    match cx.arg(1).parse() {
        Ok(percent @ 0..=50) if cx.global.spread_checks.is_none_or(|known| known == 0) => {
            cx.global.spread_checks = Some(percent);
        }
        Ok(0..=50) => {
            let text = "spread-checks already specified. Continuing.";
            cx.push(super::Severity::Warning, 0, text);
        }
        _ => cx.alert_line(1, "'spread-checks' needs a positive value in range 0..50."),
    }
}

pub(super) fn max_spread_checks(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    let text = cx.arg(1);
    match parse_time(text, TimeUnit::Milliseconds) {
        Ok(time) => cx.global.max_spread_checks = Some(time),
        Err(UnitError::Empty) => cx.alert_line(1, "'max-spread-checks' expects an integer argument (0..50)."),
        Err(UnitError::Unexpected(c)) => {
            let text = format!("unsupported character '{c}' in 'max-spread-checks' (wants an integer delay).");
            cx.alert_line(1, text);
        }
        Err(_) => {
            let text = format!(
                "timer overflow in argument <{text}> to <max-spread-checks>, maximum value is 2147483647 ms (~24.8 \
                 days)."
            );
            cx.alert_line(1, text);
        }
    }
}
