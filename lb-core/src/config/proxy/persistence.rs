//! `cookie`, `dynamic-cookie-key`, `persist`, `force-persist` and `ignore-persist` (configuration.txt, section 4.2).

use super::Cx;
use super::rules::condition;
use super::timeouts::warn_trailing;
use crate::config::model::{CookieConfig, CookieMode, PersistKind, PersistRule};
use crate::sample::{Place, Places};
use crate::units::{TimeUnit, UnitError, parse_time_prefix};

/// The words that take an argument of their own are read by `timed`, `domain` and `attribute`.
const WORDS: &str = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', \
                     'maxidle', 'dynamic', 'maxlife' and 'attr' options.";

/// The attributes of a cookie, by kind: their order in `Set-Cookie` is not that of the line.
#[derive(Default)]
struct Attributes {
    domains: String,
    httponly: bool,
    secure: bool,
    others: String,
}

/// What is said of the mode, which may contradict itself.
#[derive(Default)]
struct Modes {
    rewrite: bool,
    insert: bool,
    prefix: bool,
}

pub(super) fn cookie(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "'cookie' expects <cookie_name> as argument.");
    }
    let mut cookie = CookieConfig { name, ..CookieConfig::default() };
    let (mut modes, mut attributes) = (Modes::default(), Attributes::default());
    let mut at = 2;
    while !cx.arg(at).is_empty() {
        match cx.arg(at) {
            "rewrite" => modes.rewrite = true,
            "insert" => modes.insert = true,
            "prefix" => modes.prefix = true,
            "indirect" => cookie.indirect = true,
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "preserve" => cookie.preserve = true,
            "httponly" => attributes.httponly = true,
            "secure" => attributes.secure = true,
            "dynamic" => cookie.dynamic = true,
            "domain" => {
                at += 1;
                let Some(domain) = domain(cx, at) else { return };
                attributes.domains.push_str("; domain=");
                attributes.domains.push_str(&domain);
            }
            "attr" => {
                at += 1;
                let Some(value) = attribute(cx, at) else { return };
                attributes.others.push_str("; ");
                attributes.others.push_str(&value);
            }
            word @ ("maxidle" | "maxlife") => {
                let idle = word == "maxidle";
                at += 1;
                let Some(seconds) = timed(cx, at, idle) else { return };
                *if idle { &mut cookie.maxidle } else { &mut cookie.maxlife } = (seconds > 0).then_some(seconds);
            }
            _ => return cx.alert(at, WORDS),
        }
        at += 1;
    }
    if contradicts(cx, &modes, &cookie) {
        return;
    }
    cookie.mode = match modes {
        Modes { rewrite: true, .. } => Some(CookieMode::Rewrite),
        Modes { insert: true, .. } => Some(CookieMode::Insert),
        Modes { prefix: true, .. } => Some(CookieMode::Prefix),
        _ => None,
    };
    cookie.attributes = attributes.text();
    cx.config().cookie = Some(cookie);
}

impl Attributes {
    fn text(&self) -> String {
        let mut text = format!("; path=/{}", self.domains);
        if self.httponly {
            text.push_str("; HttpOnly");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        text.push_str(&self.others);
        text
    }
}

/// Says which of the words do not go together.
fn contradicts(cx: &mut Cx<'_>, modes: &Modes, cookie: &CookieConfig) -> bool {
    let mut wrong = false;
    if modes.rewrite && cookie.indirect {
        cx.alert(0, "cookie 'rewrite' and 'indirect' modes are incompatible.");
        wrong = true;
    }
    if u8::from(modes.rewrite) + u8::from(modes.insert) + u8::from(modes.prefix) > 1 {
        cx.alert(0, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
        wrong = true;
    }
    if cookie.preserve && !modes.insert && !cookie.indirect {
        cx.alert(0, "cookie 'preserve' requires at least 'insert' or 'indirect'.");
        wrong = true;
    }
    wrong
}

fn domain(cx: &mut Cx<'_>, at: usize) -> Option<String> {
    let text = cx.arg(at).to_owned();
    if text.is_empty() {
        cx.alert_line(at, "'domain' expects <domain> as argument.");
        return None;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        cx.alert_line(at, format!("character '{bad}' is not permitted in domain name '{text}'."));
        return None;
    }
    if !text.get(1..).is_some_and(|rest| rest.contains('.')) {
        let text = format!(
            "domain '{text}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3)."
        );
        cx.diags.warning_line(cx.line, cx.first + at, text);
    }
    Some(text)
}

fn attribute(cx: &mut Cx<'_>, at: usize) -> Option<String> {
    let text = cx.arg(at).to_owned();
    if text.is_empty() {
        cx.alert_line(at, "'attr' expects <value> as argument.");
        return None;
    }
    if let Some(bad) = text.bytes().find(|byte| byte.is_ascii_control() || *byte == b';') {
        cx.alert_line(at, format!("character '%x{bad:02X}' is not permitted in attribute value."));
        return None;
    }
    Some(text)
}

/// A time in seconds; a fraction of one is as good as one.
fn timed(cx: &mut Cx<'_>, at: usize, idle: bool) -> Option<u32> {
    let (word, argument) = if idle { ("maxidle", "<idletime>") } else { ("maxlife", "<lifetime>") };
    let text = cx.arg(at).to_owned();
    if text.is_empty() {
        cx.alert_line(at, format!("'{word}' expects {argument} in seconds as argument."));
        return None;
    }
    match parse_time_prefix(&text, TimeUnit::Seconds) {
        Ok((time, trailing)) => {
            warn_trailing(cx.diags, cx.line, cx.first + at, &text, trailing);
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            Some(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        Err(UnitError::Unexpected(c)) => {
            cx.alert_line(at, format!("unexpected character '{c}' in argument to <{word}>."));
            None
        }
        Err(_) => {
            let text =
                format!("timer overflow in argument <{text}> to <{word}>, maximum value is 2147483647 s (~68 years).");
            cx.alert_line(at, text);
            None
        }
    }
}

pub(super) fn dynamic_cookie_key(cx: &mut Cx<'_>) {
    let key = cx.arg(1).to_owned();
    if key.is_empty() {
        return cx.alert(1, "'dynamic-cookie-key' expects <secret_key> as argument.");
    }
    cx.config().dynamic_cookie_key = Some(key);
}

/// `persist rdp-cookie` and `persist rdp-cookie(name)`.
pub(super) fn persist(cx: &mut Cx<'_>) {
    let method = cx.arg(1).to_owned();
    if method.is_empty() {
        return cx.alert(1, "missing persist method.");
    }
    let Some(rest) = method.strip_prefix("rdp-cookie") else { return cx.alert(1, "unknown persist method.") };
    let name = match rest {
        "" => "msts",
        _ => match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((name, _)) if !name.is_empty() => name,
            _ => return cx.alert(1, "persist rdp-cookie(name)' requires an rdp cookie name."),
        },
    };
    cx.config().persist_rdp_cookie = Some(name.to_owned());
}

pub(super) fn force_persist(cx: &mut Cx<'_>) {
    rule(cx, "force-persist", PersistKind::Force);
}

pub(super) fn ignore_persist(cx: &mut Cx<'_>) {
    rule(cx, "ignore-persist", PersistKind::Ignore);
}

fn rule(cx: &mut Cx<'_>, keyword: &str, kind: PersistKind) {
    if !matches!(cx.arg(1), "if" | "unless") {
        return cx.alert(1, format!("'{keyword}' requires either 'if' or 'unless' followed by a condition."));
    }
    let what = |message: &str| format!("error detected while parsing a '{keyword}' rule : {message}.");
    let Some(condition) = condition(cx, cx.first + 1, Places::one(Place::BackendContent), None, &what) else { return };
    let place = cx.line.place.clone();
    cx.config().persist_rules.push(PersistRule { kind, condition, place });
}
