//! Proxy keywords that set one value: mode, limits, identity, backend selection, keep-alive probes.

use std::net::SocketAddr;

use super::Cx;
use super::draft::SectionKind;
use super::timeouts::{overflow, warn_trailing};
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::{HttpReuse, Mode, RetryOn};
use crate::units::{TimeUnit, UnitError, parse_time_prefix};

pub(super) fn mode(cx: &mut Cx<'_>) {
    if cx.too_many(1, "mode") {
        return;
    }
    match cx.arg(1) {
        "http" => cx.config().mode = Mode::Http,
        "tcp" => cx.config().mode = Mode::Tcp,
        "health" => {
            cx.alert(1, "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.");
        }
        other => {
            let text = format!("unknown proxy mode '{other}'.");
            let near = crate::config::suggest::nearest(other, ["http", "tcp"]);
            cx.diags.alert_suggest(cx.line, cx.first + 1, text, near);
        }
    }
}

/// A number as HAProxy reads these: what does not belong to it ends it, which is refused here as everywhere.
pub(super) fn lenient_number(cx: &mut Cx<'_>, index: usize) -> i64 {
    let text = cx.arg(index);
    let (value, trailing) = leading_integer(text);
    if let Some(c) = trailing {
        let message = format!("'{}' : unexpected character '{c}' in integer value '{text}'.", cx.arg(0));
        cx.alert(index, message);
    }
    value
}

/// The integer at the start of a text (0 where there is none) and the first character after it.
pub(in crate::config) fn leading_integer(text: &str) -> (i64, Option<char>) {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = unsigned.split_at(digits);
    let magnitude = if number.is_empty() { 0 } else { number.parse::<i64>().unwrap_or(i64::MAX) };
    let negative = text.starts_with('-');
    let trailing = if number.is_empty() { text.chars().next() } else { rest.chars().next() };
    (if negative { -magnitude } else { magnitude }, trailing)
}

/// A number clamped to what a limit can be; negative ones are 0, which means "not set".
fn limit(value: i64) -> Option<u32> {
    match u32::try_from(value.clamp(0, i64::from(i32::MAX))) {
        Ok(0) | Err(_) => None,
        Ok(value) => Some(value),
    }
}

fn number_argument(cx: &mut Cx<'_>, keyword: &str, missing: &str) -> Option<i64> {
    if cx.arg(1).is_empty() {
        cx.alert(1, format!("'{keyword}' expects an integer argument{missing}."));
        return None;
    }
    let value = lenient_number(cx, 1);
    (!cx.too_many(1, keyword)).then_some(value)
}

pub(super) fn maxconn(cx: &mut Cx<'_>) {
    if let Some(value) = number_argument(cx, "maxconn", "") {
        cx.config().maxconn = limit(value);
    }
}

pub(super) fn backlog(cx: &mut Cx<'_>) {
    if let Some(value) = number_argument(cx, "backlog", "") {
        cx.config().backlog = limit(value);
    }
}

pub(super) fn fullconn(cx: &mut Cx<'_>) {
    if let Some(value) = number_argument(cx, "fullconn", "") {
        cx.config().fullconn = limit(value);
    }
}

pub(super) fn retries(cx: &mut Cx<'_>) {
    if let Some(value) = number_argument(cx, "retries", " (dispatch counts for one)") {
        cx.config().retries = Some(limit(value).unwrap_or(0));
    }
}

pub(super) fn retry_on(cx: &mut Cx<'_>) {
    if cx.draft.section == SectionKind::Frontend {
        return cx.alert(0, "'retry-on' only available in backend or listen section");
    }
    if cx.arg(1).is_empty() {
        return cx.alert(0, "'retry-on' needs at least one keyword to specify when to retry");
    }
    let words: Vec<String> = (1..).map(|at| cx.arg(at).to_owned()).take_while(|word| !word.is_empty()).collect();
    let mut events = RetryOn::NONE;
    for (index, word) in words.iter().enumerate() {
        if word == "none" {
            if words.len() > 1 {
                return cx.alert(index + 1, "'retry-on' 'none' keyworld only usable alone");
            }
            break;
        }
        let Some(event) = RetryOn::of_word(word) else {
            let text = format!("'retry-on': unknown keyword '{word}'");
            let near = crate::config::suggest::nearest(word, RETRY_WORDS);
            return cx.diags.alert_suggest(cx.line, cx.first + index + 1, text, near);
        };
        events = events.with(event);
    }
    cx.config().retry_on = Some(events);
}

/// The words of `retry-on` that somebody may have meant.
const RETRY_WORDS: [&str; 7] = [
    "none",
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "0rtt-rejected",
    "all-retryable-errors",
];

/// An integer argument of the keywords that refuse anything else.
fn strict_number(cx: &mut Cx<'_>, keyword: &str, at: usize, missing: &str) -> Option<i64> {
    let text = cx.arg(at).to_owned();
    if text.is_empty() {
        cx.alert(at, format!("'{keyword}' expects {missing}"));
        return None;
    }
    let (value, trailing) = leading_integer(&text);
    if let Some(c) = trailing {
        cx.alert(at, format!("'{keyword}' : unexpected character '{c}' in integer value '{text}'"));
        return None;
    }
    Some(value)
}

pub(super) fn rate_limit(cx: &mut Cx<'_>) {
    let what = cx.arg(1);
    if what != "sessions" {
        let text = format!("'rate-limit' only supports 'sessions' (got '{what}')");
        return cx.alert(1, text);
    }
    let missing = "expects an integer value (in sessions/second)";
    if let Some(value) = strict_number(cx, "rate-limit sessions", 2, missing) {
        cx.config().rate_limit_sessions = limit(value);
    }
}

pub(super) fn max_keep_alive_queue(cx: &mut Cx<'_>) {
    let missing = "expects an integer value (or -1 to disable)";
    if let Some(value) = strict_number(cx, "max-keep-alive-queue", 1, missing) {
        let value = value.clamp(-1, i64::from(i32::MAX));
        cx.config().max_keep_alive_queue = i32::try_from(value).ok();
    }
}

pub(super) fn keepalive_count(cx: &mut Cx<'_>) {
    let keyword = cx.arg(0).to_owned();
    if let Some(value) = strict_number(cx, &keyword, 1, "an integer value") {
        keepalive(cx).count = limit(value);
    }
}

pub(super) fn keepalive_idle(cx: &mut Cx<'_>) {
    if let Some(time) = keepalive_time(cx) {
        keepalive(cx).idle = (!time.is_zero()).then_some(time);
    }
}

pub(super) fn keepalive_interval(cx: &mut Cx<'_>) {
    if let Some(time) = keepalive_time(cx) {
        keepalive(cx).interval = (!time.is_zero()).then_some(time);
    }
}

fn keepalive<'a>(cx: &'a mut Cx<'_>) -> &'a mut crate::config::model::KeepAliveParams {
    let client = cx.arg(0).starts_with("cli");
    let options = &mut cx.config().options;
    if client { &mut options.clitcpka_params } else { &mut options.srvtcpka_params }
}

fn keepalive_time(cx: &mut Cx<'_>) -> Option<std::time::Duration> {
    let (keyword, value) = (cx.arg(0).to_owned(), cx.arg(1).to_owned());
    match parse_time_prefix(&value, TimeUnit::Seconds) {
        Ok((time, trailing)) => {
            warn_trailing(cx.diags, cx.line, cx.first + 1, &value, trailing);
            return Some(time);
        }
        Err(UnitError::Empty) => cx.alert(1, format!("'{keyword}' expects an integer value")),
        Err(UnitError::Unexpected(c)) => {
            cx.alert(1, format!("unexpected character '{c}' in argument to <{keyword}>."));
        }
        Err(_) => cx.alert(1, overflow(&value, &keyword)),
    }
    None
}

pub(super) fn id(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        return cx.alert_line(1, "'id' expects an integer argument.");
    }
    if cx.too_many(1, "id") {
        return;
    }
    match u32::try_from(lenient_number(cx, 1)) {
        Ok(value) if value > 0 && value <= i32::MAX.unsigned_abs() => {
            if cx.draft.id_line.is_some() && cx.draft.config.id != value {
                let (label, name) = (cx.draft.section.label(), &cx.draft.config.name);
                let place = &cx.draft.header.place;
                let text = format!(
                    "{label} {name} reuses same custom id as {label} {name} (declared at {}:{}).",
                    place.file, place.line
                );
                return cx.alert_line(1, text);
            }
            cx.config().id = value;
            cx.config().forced_id = true;
            cx.draft.id_line = Some(cx.line.clone());
        }
        _ => cx.alert_line(1, "custom id has to be > 0."),
    }
}

pub(super) fn description(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        return cx.alert_line(1, "'description' expects a string argument.");
    }
    let words: Vec<&str> = cx.line.words.iter().skip(cx.first + 1).map(|w| w.text.as_str()).collect();
    let text = words.join(" ");
    cx.config().description = Some(text);
}

pub(super) fn disabled(cx: &mut Cx<'_>) {
    if !cx.too_many(0, "disabled") {
        cx.config().disabled = true;
    }
}

pub(super) fn enabled(cx: &mut Cx<'_>) {
    if !cx.too_many(0, "enabled") {
        cx.config().disabled = false;
    }
}

pub(super) fn bind_process(cx: &mut Cx<'_>) {
    cx.diags.warning_line(
        cx.line,
        cx.first,
        "'bind-process' has no effect, is deprecated, and will be removed in version 2.7.",
    );
}

pub(super) fn monitor_uri(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        return cx.alert(1, "'monitor-uri' expects an URI.");
    }
    if !cx.too_many(1, "monitor-uri") {
        let uri = cx.arg(1).to_owned();
        cx.config().monitor_uri = Some(uri);
    }
}

pub(super) fn http_reuse(cx: &mut Cx<'_>) {
    let reuse = match cx.arg(1) {
        "never" => HttpReuse::Never,
        "safe" => HttpReuse::Safe,
        "aggressive" => HttpReuse::Aggressive,
        "always" => HttpReuse::Always,
        other => {
            let near = crate::config::suggest::nearest(other, ["never", "safe", "aggressive", "always"]);
            let text = "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.";
            return cx.diags.alert_suggest(cx.line, cx.first + 1, text, near);
        }
    };
    let what = format!("http-reuse {}", cx.arg(1));
    if !cx.too_many(1, &what) {
        cx.config().http_reuse = Some(reuse);
    }
}

pub(super) fn default_backend(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        return cx.alert(1, "'default_backend' expects a backend name.");
    }
    if !cx.too_many(1, "default_backend") {
        let name = cx.arg(1).to_owned();
        cx.config().default_backend = Some(name);
        cx.draft.default_backend_line = Some(cx.line.clone());
    }
}

pub(super) fn dispatch(cx: &mut Cx<'_>) {
    let rules = AddressRules { port_mandatory: true, ..AddressRules::default() };
    let parsed = parse_address(cx.arg(1), rules);
    match parsed {
        Ok(ParsedAddress::Inet(ip, Port::Fixed(port))) => {
            if !cx.too_many(1, "dispatch") {
                cx.config().dispatch = Some(SocketAddr::new(ip, port));
            }
        }
        Ok(_) => cx.alert(1, "'dispatch' : an address and a port are expected"),
        Err(error) => cx.alert(1, format!("'dispatch' : {error}")),
    }
}

/// Keywords that HAProxy removed: each is refused with what replaces it.
pub(super) fn removed(cx: &mut Cx<'_>) {
    let keyword = cx.arg(0);
    let text = match keyword {
        "clitimeout" => since_2_1(keyword, "timeout client"),
        "contimeout" => since_2_1(keyword, "timeout connect"),
        "srvtimeout" => since_2_1(keyword, "timeout server"),
        "redispatch" | "redisp" => format!(
            "keyword '{keyword}' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."
        ),
        "grace" => "the 'grace' keyword is not supported any more since HAProxy version 2.5.".to_owned(),
        "block" => "The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which \
                    uses the exact same syntax."
            .to_owned(),
        "appsession" => "'appsession' is not supported anymore since HAProxy 1.6.".to_owned(),
        "monitor-net" => format!(
            "'monitor-net' doesn't exist anymore. Please use 'http-request return status 200 if {{ src {} }}' instead.",
            cx.arg(1)
        ),
        "reqadd" => rewrite(keyword, "http-request add-header"),
        "rspadd" => rewrite(keyword, "http-response add-header"),
        "reqdel" => rewrite(keyword, "http-request del-header"),
        "rspdel" => rewrite(keyword, "http-response del-header"),
        "reqrep" => {
            rewrite(keyword, "http-request replace-path', 'http-request replace-uri' or 'http-request replace-header")
        }
        _ => rewrite(keyword, "http-response replace-header"),
    };
    if keyword == "grace" { cx.alert_line(0, text) } else { cx.alert(0, text) }
}

fn since_2_1(keyword: &str, instead: &str) -> String {
    format!("the '{keyword}' directive is not supported anymore since HAProxy 2.1. Use '{instead}'.")
}

fn rewrite(keyword: &str, instead: &str) -> String {
    format!("The '{keyword}' directive is not supported anymore since HAProxy 2.1. Use '{instead}' instead.")
}
