//! `tcp-request` and `tcp-response`.

use super::super::draft::RuleSet;
use super::{Reader, condition, find, keep, named, of_set, report};
use crate::config::model::Action;
use crate::config::proxy::Cx;
use crate::units;

pub(in crate::config::proxy) fn request(cx: &mut Cx<'_>) {
    let second = cx.arg(1).to_owned();
    let place = place(cx);
    match second.as_str() {
        "" => cx.alert(1, format!("missing argument for 'tcp-request' in {place}")),
        "inspect-delay" => inspect_delay(cx, "tcp-request"),
        "connection" | "session" if !cx.draft.section.has_frontend() => {
            let (section, name) = (cx.draft.section.label(), cx.draft.config.name.clone());
            let text = format!("tcp-request {second} is not allowed because {section} {name} is not a frontend");
            cx.alert(0, text);
        }
        "connection" => rule(cx, RuleSet::TcpConnection),
        "session" => rule(cx, RuleSet::TcpSession),
        "content" => rule(cx, RuleSet::TcpContent),
        other => {
            let text =
                format!("'tcp-request' expects 'inspect-delay', 'connection', or 'content' in {place} (got '{other}')");
            cx.alert(1, text);
        }
    }
}

pub(in crate::config::proxy) fn response(cx: &mut Cx<'_>) {
    let second = cx.arg(1).to_owned();
    let place = place(cx);
    match second.as_str() {
        "" => cx.alert(1, format!("missing argument for 'tcp-response' in {place}")),
        "inspect-delay" | "content" if !cx.draft.section.has_backend() => {
            let text = format!(
                "tcp-response {second} is only allowed in 'backend' sections or 'defaults' section with a name"
            );
            cx.alert(0, text);
        }
        "inspect-delay" => inspect_delay(cx, "tcp-response"),
        "content" => rule(cx, RuleSet::TcpResponse),
        other => {
            let text = format!("'tcp-response' expects 'inspect-delay' or 'content' in {place} (got '{other}')");
            cx.alert(1, text);
        }
    }
}

fn place(cx: &Cx<'_>) -> String {
    format!("{} '{}'", cx.draft.section.label(), cx.draft.config.name)
}

fn inspect_delay(cx: &mut Cx<'_>, keyword: &str) {
    let (value, place) = (cx.arg(2).to_owned(), place(cx));
    match units::parse_time(&value, units::TimeUnit::Milliseconds) {
        Ok(delay) if !value.is_empty() => {
            let rules = &mut cx.config().rules;
            let field = if keyword == "tcp-request" { &mut rules.inspect_delay } else { &mut rules.response_delay };
            *field = Some(delay);
        }
        _ => {
            let mut text = format!("'{keyword} inspect-delay' expects a positive delay in milliseconds, in {place}");
            if let Some(wrong) = value.chars().find(|c| !c.is_ascii_digit()) {
                text.push_str(&format!(" (unexpected character '{wrong}')"));
            }
            cx.alert(2, text);
        }
    }
}

fn rule(cx: &mut Cx<'_>, set: RuleSet) {
    let name = cx.arg(2).to_owned();
    let what = format!("{} {name}", set.keyword());
    let next = cx.first + 3;
    let mut reader = Reader::new(cx, set, name.clone(), next);
    let read = match name.as_str() {
        "accept" => Ok(Action::Allow),
        "reject" => Ok(Action::Reject),
        "close" if set == RuleSet::TcpResponse => Ok(Action::Close),
        "expect-proxy" if set != RuleSet::TcpResponse => expect(&mut reader, Action::ExpectProxy),
        "expect-netscaler-cip" if set != RuleSet::TcpResponse => expect(&mut reader, Action::ExpectNetscalerCip),
        "capture" if set != RuleSet::TcpResponse => capture(&mut reader),
        name if name.starts_with("track-sc") && set != RuleSet::TcpResponse => super::counters::track(&mut reader),
        name => match find(set, name) {
            Some(row) => match row.parse {
                Some(parse) => parse(&mut reader),
                None => return cx.alert(2, format!("'{what}' is not supported yet.")),
            },
            None => match super::custom::find(reader.cx, set, name) {
                Some(own) => super::custom::read(&mut reader, &own),
                None => return unknown(reader.cx, set, name),
            },
        },
    };
    let next = reader.next;
    let cx = reader.cx;
    match read {
        Ok(action) => end(cx, set, &what, action, next),
        Err(fault) => {
            // HAProxy names the rule for the actions that are its own.
            let own = matches!(name.as_str(), "capture" | "expect-proxy" | "expect-netscaler-cip")
                || name.starts_with("track-sc");
            let text = if own && !fault.message.starts_with('\'') {
                format!("'{what}' : {}", fault.message)
            } else {
                fault.message.clone()
            };
            report(cx, &fault, text);
        }
    }
}

/// Whether a name is that of an action or setting of these rules alone.
pub(super) fn is_own(name: &str) -> bool {
    matches!(
        name,
        "accept" | "reject" | "close" | "expect-proxy" | "expect-netscaler-cip" | "capture" | "inspect-delay"
    ) || name.starts_with("track-sc")
}

/// `expect-proxy` and `expect-netscaler-cip`.
fn expect(reader: &mut Reader<'_, '_>, action: Action) -> Result<Action, super::Fault> {
    let place = place(reader.cx);
    let (keyword, name, layer) = (reader.set.keyword(), &reader.name, reader.word(0));
    if layer != "layer4" {
        let text = format!("'{keyword} {name}' only supports 'layer4' in {place} (got '{layer}')");
        return Err(reader.fault(0, text));
    }
    if reader.set != RuleSet::TcpConnection {
        let text = format!("'{name} layer4' is not allowed in '{keyword}' rules in {place}");
        return Err(reader.fault(0, text));
    }
    reader.next += 1;
    Ok(action)
}

fn capture(reader: &mut Reader<'_, '_>) -> Result<Action, super::Fault> {
    if !reader.cx.draft.section.has_frontend() {
        let name = &reader.cx.draft.config.name;
        return Err(reader.fault(0, format!("proxy '{name}' has no frontend capability")));
    }
    reader.called = "capture rule";
    let shown = reader.word(0);
    if reader.set != RuleSet::TcpContent {
        let (keyword, place) = (reader.set.keyword(), place(reader.cx));
        return Err(reader.fault(0, format!("'capture {shown}' is not allowed in '{keyword}' rules in {place}")));
    }
    let expression = reader.expression()?;
    if reader.word(0) != "len" {
        return Err(reader.fault(0, "a positive 'len' argument is mandatory"));
    }
    let length = reader.word(1).parse::<usize>().ok().filter(|length| *length > 0);
    let length = length.ok_or_else(|| reader.fault(1, "length must be > 0"))?;
    reader.next += 2;
    let slot = reader.cx.draft.config.captures.declare(true, length, None);
    Ok(Action::Capture { expression, slot, length, request: true })
}

fn end(cx: &mut Cx<'_>, set: RuleSet, what: &str, action: Action, next: usize) {
    let condition = match cx.line.arg(next) {
        "" => None,
        word @ ("if" | "unless") => {
            let place = place(cx);
            let message = |message: &str| {
                format!("'{what}' : error detected in {place} while parsing '{word}' condition : {message}")
            };
            match condition(cx, next, set.places(cx.draft.section), Some(set.keyword()), &message) {
                Some(condition) => Some(condition),
                None => return,
            }
        }
        found => {
            let text = format!("'{what}' only accepts 'if' or 'unless', in {} (got '{found}')", place(cx));
            return cx.alert(next - cx.first, text);
        }
    };
    keep(cx, set.list(), action, condition);
}

fn unknown(cx: &mut Cx<'_>, set: RuleSet, name: &str) {
    let own: &[&str] = if set == RuleSet::TcpResponse { &["accept", "close", "reject"] } else { &["accept", "reject"] };
    let mut known: Vec<String> = own.iter().map(|name| format!("'{name}'")).collect();
    if set != RuleSet::TcpResponse {
        known.extend(["capture", "expect-proxy", "expect-netscaler-cip"].map(|name| format!("'{name}'")));
        known.push("'track-sc0' ... 'track-sc2'".to_owned());
    }
    known.extend(named(set));
    let text = format!("'{}' expects {} in {} (got '{name}').", set.keyword(), known.join(", "), place(cx));
    let near = crate::config::suggest::nearest(
        name,
        of_set(set)
            .map(|(_, name)| name.trim_end_matches('*'))
            .chain(["accept", "reject", "capture", "expect-proxy", "expect-netscaler-cip"])
            .chain(super::custom::names(cx, set)),
    )
    .map(str::to_owned);
    cx.diags.alert_suggest(cx.line, cx.first + 2, text, near.as_deref());
}
