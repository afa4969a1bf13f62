//! Buffers, HTTP/2 and pools (configuration.txt, section 3.2).

use super::Cx;
use super::limits::integer;

/// Buffers must be below this when HTTP is in use.
const MAX_BUFSIZE: u32 = 256 << 20;
/// Smaller buffers could not hold the shortest error page and its headers.
const MIN_BUFSIZE: u32 = 1024;

const INTEGER: &str = "an integer argument";
const POSITIVE: &str = "a positive integer argument";

pub(super) fn bufsize(cx: &mut Cx<'_>) {
    let wanted = if cx.arg(1).is_empty() { INTEGER } else { POSITIVE };
    match integer::<u32>(cx, wanted) {
        None => {}
        Some(0) => cx.alert(1, "'tune.bufsize' expects a positive integer argument."),
        Some(size) if size >= MAX_BUFSIZE => cx.alert(
            1,
            format!("global.tune.bufsize must be below 256 MB when HTTP is in use (current value = {size})."),
        ),
        Some(size) if size < MIN_BUFSIZE => {
            cx.alert(1, format!("'tune.bufsize' expects at least {MIN_BUFSIZE} (got '{size}')."));
        }
        Some(size) => cx.global.tune.bufsize = Some(size),
    }
}

pub(super) fn maxrewrite(cx: &mut Cx<'_>) {
    let wanted = if cx.arg(1).is_empty() { INTEGER } else { POSITIVE };
    cx.global.tune.maxrewrite = integer(cx, wanted).or(cx.global.tune.maxrewrite);
}

pub(super) fn chksize(cx: &mut Cx<'_>) {
    cx.alert_line(0, "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).");
}

pub(super) fn http_maxhdr(cx: &mut Cx<'_>) {
    let Some(text) = cx.one_argument("an integer argument.") else { return };
    match text.parse() {
        Ok(count @ 1..=32767) => cx.global.tune.http_maxhdr = Some(count),
        _ => cx.alert(1, "'tune.http.maxhdr' expects a numeric value between 1 and 32767"),
    }
}

/// Below zero it is the default.
pub(super) fn http_cookielen(cx: &mut Cx<'_>) {
    if let Some(length) = integer::<i64>(cx, INTEGER) {
        cx.global.tune.http_cookielen = u32::try_from(length).ok();
    }
}

pub(super) fn http_logurilen(cx: &mut Cx<'_>) {
    cx.global.tune.http_logurilen = integer(cx, INTEGER).or(cx.global.tune.http_logurilen);
}

/// -1 lifts the limit.
pub(super) fn maxaccept(cx: &mut Cx<'_>) {
    match integer(cx, INTEGER) {
        Some(-1) => cx.global.tune.maxaccept = Some(-1),
        Some(count) if (0..=i64::from(i32::MAX)).contains(&count) => {
            cx.global.tune.maxaccept = i32::try_from(count).ok();
        }
        Some(_) => cx.alert(1, "'tune.maxaccept' expects -1 or an integer from 0 to INT_MAX."),
        None => {}
    }
}

/// Idle connections stay with the thread that opened them, which is what `off` asks for.
pub(super) fn idle_pool_shared(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    match cx.arg(1) {
        "off" => {}
        "on" => cx.alert(1, "'tune.idle-pool.shared on' is not supported yet."),
        other => cx.alert(1, format!("'tune.idle-pool.shared' expects either 'on' or 'off' but got '{other}'.")),
    }
}

pub(super) fn pool_high_fd_ratio(cx: &mut Cx<'_>) {
    cx.global.tune.pool_high_fd_ratio = percent(cx).or(cx.global.tune.pool_high_fd_ratio);
}

fn percent(cx: &mut Cx<'_>) -> Option<u32> {
    if !cx.no_more_than(1) {
        return None;
    }
    let value = cx.arg(1).parse().ok().filter(|value| *value <= 100);
    if value.is_none() {
        let text = format!("'{}' expects an integer argument between 0 and 100.", cx.keyword());
        cx.alert(1, text);
    }
    value
}

pub(super) fn rcvbuf_client(cx: &mut Cx<'_>) {
    cx.global.tune.rcvbuf_client = integer(cx, INTEGER).or(cx.global.tune.rcvbuf_client);
}

pub(super) fn rcvbuf_server(cx: &mut Cx<'_>) {
    cx.global.tune.rcvbuf_server = integer(cx, INTEGER).or(cx.global.tune.rcvbuf_server);
}

pub(super) fn sndbuf_client(cx: &mut Cx<'_>) {
    cx.global.tune.sndbuf_client = integer(cx, INTEGER).or(cx.global.tune.sndbuf_client);
}

pub(super) fn sndbuf_server(cx: &mut Cx<'_>) {
    cx.global.tune.sndbuf_server = integer(cx, INTEGER).or(cx.global.tune.sndbuf_server);
}

pub(super) fn pipesize(cx: &mut Cx<'_>) {
    cx.global.tune.pipesize = integer(cx, INTEGER).or(cx.global.tune.pipesize);
}

pub(super) fn h2_header_table_size(cx: &mut Cx<'_>) {
    let value = between(cx, 4096, 65536);
    cx.global.tune.h2_header_table_size = value.or(cx.global.tune.h2_header_table_size);
}

pub(super) fn h2_max_frame_size(cx: &mut Cx<'_>) {
    let value = between(cx, 16384, 16_777_215);
    cx.global.tune.h2_max_frame_size = value.or(cx.global.tune.h2_max_frame_size);
}

pub(super) fn h2_initial_window_size(cx: &mut Cx<'_>) {
    let value = up_to(cx, i32::MAX.unsigned_abs());
    cx.global.tune.h2_initial_window_size = value.or(cx.global.tune.h2_initial_window_size);
}

pub(super) fn h2_max_concurrent_streams(cx: &mut Cx<'_>) {
    let value = up_to(cx, u32::MAX);
    cx.global.tune.h2_max_concurrent_streams = value.or(cx.global.tune.h2_max_concurrent_streams);
}

fn between(cx: &mut Cx<'_>, least: u32, most: u32) -> Option<u32> {
    if !cx.no_more_than(1) {
        return None;
    }
    let value = cx.arg(1).parse().ok().filter(|value| (least..=most).contains(value));
    if value.is_none() {
        let text = format!("'{}' expects a numeric value between {least} and {most}.", cx.keyword());
        cx.alert(1, text);
    }
    value
}

fn up_to(cx: &mut Cx<'_>, most: u32) -> Option<u32> {
    if !cx.no_more_than(1) {
        return None;
    }
    let value = cx.arg(1).parse().ok().filter(|value| *value <= most);
    if value.is_none() {
        let text = format!("'{}' expects a positive numeric value.", cx.keyword());
        cx.alert(1, text);
    }
    value
}
