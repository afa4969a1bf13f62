//! `tcp-check`, `http-check`, `external-check` and the options of checks (configuration.txt, section 4.2).
//!
//! ```text
//!   mod          which line it is, in which order lines may stand
//!   connect, send, expect, variables   one kind of step each
//!   options      `option httpchk`, `option redis-check` and their kin
//!   finish       what only the whole section can tell
//! ```

mod connect;
mod expect;
mod finish;
mod options;
mod send;
pub(super) mod server;
mod variables;

pub(super) use finish::{external_check, finish};
pub(super) use options::{
    external, httpchk, ldap, mysql, pgsql, redis, smtpchk, ssl_hello, tcp_check as option_tcp_check,
};

pub(super) use server::incompatible;

use super::Cx;
use crate::config::model::{CheckProtocol, CheckStep};
use crate::log::{FormatUse, LogFormat, LogFormatError};
use crate::sample::{Expression, Place, Places};

/// Why a step was refused: HAProxy's text behind the keyword, with all its dots.
type Fault = String;

/// A line while it is read.
struct Reader<'c, 'l> {
    cx: &'c mut Cx<'l>,
    /// `http-check` rather than `tcp-check`.
    http: bool,
    /// The next word of the line.
    next: usize,
}

pub(super) fn tcp_check(cx: &mut Cx<'_>) {
    rule(cx, false);
}

pub(super) fn http_check(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    match name.as_str() {
        "disable-on-404" | "send-state" => {
            if !cx.too_many(1, "http-check") {
                let checks = &mut cx.config().checks;
                let flag = if name == "send-state" { &mut checks.send_state } else { &mut checks.disable_on_404 };
                *flag = true;
            }
        }
        _ => rule(cx, true),
    }
}

fn rule(cx: &mut Cx<'_>, http: bool) {
    let keyword = if http { "http-check" } else { "tcp-check" };
    let name = cx.arg(1).to_owned();
    let next = cx.first + 2;
    let mut reader = Reader { cx, http, next };
    let read = match name.as_str() {
        "comment" => reader.comment(),
        "connect" => connect::read(&mut reader),
        "send" if http => send::request(&mut reader),
        "send" | "send-lf" | "send-binary" | "send-binary-lf" if !http => send::read(&mut reader, &name),
        "expect" => expect::read(&mut reader),
        _ if name.starts_with("set-var") || name.starts_with("unset-var") => variables::read(&mut reader, &name),
        _ => {
            let first = if http { "'disable-on-404', 'send-state', " } else { "" };
            let binary = if http { "" } else { "'send-binary', " };
            let text = format!(
                "'{keyword}' only supports {first}'comment', 'connect', 'send', {binary}'expect', 'set-var-fmt(*)', \
                 'set-var(*)', 'unset-var(*)'. but got '{name}'"
            );
            return cx.alert(1, text);
        }
    };
    let word = reader.next.saturating_sub(1);
    let kept = read.and_then(|step| keep(cx, http, step));
    if let Err(fault) = kept {
        let word = word.min(cx.line.words.len().saturating_sub(1));
        cx.diags.alert(cx.line, word, format!("'{keyword} {name}' : {fault}"));
    }
}

/// Adds a step where its kind may stand.
fn keep(cx: &mut Cx<'_>, http: bool, step: CheckStep) -> Result<(), Fault> {
    let inherited = if http { &mut cx.draft.http_check_inherited } else { &mut cx.draft.tcp_check_inherited };
    let fresh = std::mem::take(inherited);
    let used = if http { CheckProtocol::Http } else { CheckProtocol::Tcp };
    let unused = cx.draft.config.checks.protocol != used;
    *(if http { &mut cx.draft.http_check_unused } else { &mut cx.draft.tcp_check_unused }) = unused;
    let checks = &mut cx.draft.config.checks;
    let ordered = http && checks.protocol == CheckProtocol::Http;
    let steps = if http { &mut checks.http } else { &mut checks.tcp };
    if fresh {
        // The section's own lines replace those of its defaults.
        steps.clear();
    }
    let acts = |step: &&CheckStep| step_name(step).is_some();
    let first = steps.iter().find(acts);
    if matches!(step, CheckStep::Connect(_)) && first.is_some_and(|first| !matches!(first, CheckStep::Connect(_))) {
        return Err("first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a \
                    'comment', when there is a 'connect' step in the tcp-check ruleset."
            .to_owned());
    }
    let last = steps.iter().rev().find(acts);
    let missing = match (&step, last) {
        (_, None) => None,
        (CheckStep::Connect(_), Some(CheckStep::Expect(_))) => None,
        (CheckStep::Connect(_), Some(_)) => Some("expect"),
        (CheckStep::Request(_), Some(CheckStep::Connect(_))) => None,
        (CheckStep::Request(_), Some(_)) => Some("connect"),
        (CheckStep::Expect(_), Some(CheckStep::Connect(_))) => Some("send"),
        _ => None,
    };
    if let (true, Some(missing), Some(name)) = (ordered, missing, step_name(&step)) {
        let has = |name: &str| steps.iter().any(|step| step_name(step) == Some(name));
        let at = steps.len() + usize::from(!(has("connect") && has("send")));
        return Err(format!("unable to add http-check {name} rule at step {at} (missing {missing} rule).."));
    }
    steps.push(step);
    Ok(())
}

/// The name of a step that talks to the server.
fn step_name(step: &CheckStep) -> Option<&'static str> {
    match step {
        CheckStep::Connect(_) => Some("connect"),
        CheckStep::Send(_) | CheckStep::Request(_) => Some("send"),
        CheckStep::Expect(_) => Some("expect"),
        CheckStep::Comment(_) | CheckStep::SetVar(..) | CheckStep::SetVarFmt(..) | CheckStep::UnsetVar(_) => None,
    }
}

impl<'l> Reader<'_, 'l> {
    /// The next word.
    fn word(&self) -> &'l str {
        self.cx.line.arg(self.next)
    }

    /// Takes the next word.
    fn take(&mut self) -> &'l str {
        let word = self.word();
        self.next += 1;
        word
    }

    /// Takes a value that may not be empty.
    fn value(&mut self, fault: &str) -> Result<&'l str, Fault> {
        let word = self.take();
        if word.is_empty() { Err(fault.to_owned()) } else { Ok(word) }
    }

    fn comment(&mut self) -> Result<CheckStep, Fault> {
        self.value("expects a string as argument.").map(|text| CheckStep::Comment(text.to_owned()))
    }

    /// What follows `comment`.
    fn comment_value(&mut self, dots: &str) -> Result<Option<String>, Fault> {
        let word = self.take();
        match word {
            "" => Err(format!("'comment' expects a string as argument{dots}")),
            text => Ok(Some(text.to_owned())),
        }
    }

    fn format(&self, text: &str) -> Result<LogFormat, LogFormatError> {
        self.format_called(text, "server directive")
    }

    /// A format; messages about its arguments call it `called`.
    fn format_called(&self, text: &str, called: &str) -> Result<LogFormat, LogFormatError> {
        let usage = FormatUse {
            http: true,
            messages: false,
            rule: true,
            places: Places::one(Place::Check),
            scope: self.cx.scope(called),
        };
        LogFormat::parse_in(text, &usage)
    }

    /// A format, with HAProxy's text where it is wrong; `shown` is what the text calls it.
    fn format_shown(&self, text: &str, shown: &str) -> Result<LogFormat, Fault> {
        self.format(text).map_err(|error| {
            let error = error.to_string();
            let error = error.strip_suffix('.').unwrap_or(&error);
            format!("'{shown}' invalid log-format string ({error}).\n.")
        })
    }

    /// An expression from the next word on, with HAProxy's text where it is wrong.
    fn expression(&mut self, what: &str) -> Result<Expression, Fault> {
        let line = self.cx.line;
        let shown = line.arg(self.next);
        let scope = self.cx.scope("server directive");
        let words = (self.next..line.words.len()).map(|word| line.arg(word));
        let (expression, taken) = Expression::parse_words(words, &scope)
            .map_err(|error| format!("error detected while parsing {what} expression : {}.", error.message))?;
        if !expression.places().meets(Places::one(Place::Check)) {
            let needs = expression.needs();
            return Err(format!(
                "error detected while parsing {what} expression :  fetch method '{shown}' extracts information from \
                 '{needs}', none of which is available here.\n."
            ));
        }
        self.next += taken;
        Ok(expression)
    }
}

/// Hexadecimal digits as bytes.
fn hexadecimal(text: &str) -> Result<Vec<u8>, Fault> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".to_owned());
    }
    let pairs = text.as_bytes().chunks_exact(2);
    let pair = |pair: &[u8]| {
        let [high, low] = pair else { return Err(String::new()) };
        let found = |byte: u8| format!("an hex digit is expected (found '{}')", char::from(byte));
        Ok(digit(*high).ok_or_else(|| found(*high))? << 4 | digit(*low).ok_or_else(|| found(*low))?)
    };
    pairs.map(pair).collect()
}
