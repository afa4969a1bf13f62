//! `timeout ...` (configuration.txt, section 4.2).

use std::time::Duration;

use super::Cx;
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::model::Timeouts;
use crate::config::suggest;
use crate::units::{TimeUnit, UnitError, parse_time_prefix};

const NAMES: [&str; 11] = [
    "client",
    "server",
    "connect",
    "check",
    "queue",
    "http-keep-alive",
    "http-request",
    "tunnel",
    "tarpit",
    "client-fin",
    "server-fin",
];

pub(super) fn parse(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if !NAMES.contains(&name.as_str()) {
        let text = format!(
            "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', \
             'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{name}')"
        );
        cx.diags.alert_suggest(cx.line, cx.first + 1, text, suggest::nearest(&name, NAMES));
        return;
    }
    let value = cx.arg(2).to_owned();
    let what = format!("timeout {name}");
    let time = match parse_time_prefix(&value, TimeUnit::Milliseconds) {
        Ok((time, trailing)) => {
            warn_trailing(cx.diags, cx.line, cx.first + 2, &value, trailing);
            time
        }
        Err(UnitError::Empty) => return cx.alert(2, format!("'{what}' expects an integer value (in milliseconds)")),
        Err(UnitError::Unexpected(c)) => return cx.alert(2, format!("unexpected character '{c}' in '{what}'")),
        Err(_) => return cx.alert(2, overflow(&value, &what)),
    };
    let extra = cx.arg(3);
    if !extra.is_empty() {
        let text = format!("'{what}' : unexpected extra argument '{extra}' after value '{value}'.");
        return cx.alert(3, text);
    }
    if let Some(field) = field(&mut cx.config().timeouts, &name) {
        // 0 is "no timeout", also where the defaults set one.
        *field = (!time.is_zero()).then_some(time);
    }
}

/// HAProxy's text for a time beyond its limit.
pub(super) fn overflow(value: &str, what: &str) -> String {
    format!("timer overflow in argument '{value}' to '{what}' (maximum value is 2147483647 ms or ~24.8 days)")
}

/// HAProxy 2.6 accepts characters after a unit and says that later versions will not.
pub(super) fn warn_trailing(diags: &mut Diagnostics, line: &Line, index: usize, value: &str, trailing: Option<char>) {
    if let Some(c) = trailing {
        let text = format!(
            "unexpected character '{c}' after the timer value '{value}', only (us=microseconds,ms=milliseconds,\
             s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions."
        );
        // HAProxy does not name the place here.
        diags.push(Diagnostic::about(Severity::Warning, line, index, text).heading(Heading::Whole));
    }
}

fn field<'a>(timeouts: &'a mut Timeouts, name: &str) -> Option<&'a mut Option<Duration>> {
    Some(match name {
        "client" => &mut timeouts.client,
        "client-fin" => &mut timeouts.client_fin,
        "server" => &mut timeouts.server,
        "server-fin" => &mut timeouts.server_fin,
        "connect" => &mut timeouts.connect,
        "check" => &mut timeouts.check,
        "queue" => &mut timeouts.queue,
        "http-keep-alive" => &mut timeouts.http_keep_alive,
        "http-request" => &mut timeouts.http_request,
        "tunnel" => &mut timeouts.tunnel,
        "tarpit" => &mut timeouts.tarpit,
        _ => return None,
    })
}
