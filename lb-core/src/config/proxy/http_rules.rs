//! `http-request`, `http-response` and `redirect` (configuration.txt, section 4.2): the actions that exist so far.
//! Conditions and the other actions come with the rule language; they are refused by name.

use super::draft::{ReplyReference, RuleSet};
use super::settings::refuse_condition;
use super::{Cx, redirect, reply};
use crate::config::diagnostic::{Diagnostic, Heading, Severity};
use crate::config::model::{HttpAction, HttpRule, Reply, ReplyBody};
use crate::config::suggest;

/// An action of a rule set, as `-dK` lists it; a star stands for what follows a name's start.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) shown: &'static str,
    pub(super) supported: bool,
}

const fn action(shown: &'static str, supported: bool) -> Action {
    Action { shown, supported }
}

/// Every action that HAProxy 2.6 knows in its rule sets.
#[rustfmt::skip]
pub(super) const ACTIONS: &[Action] = &[
    action("tcp-request connection sc-inc-gpc*", false),
    action("tcp-request connection sc-inc-gpc0*", false),
    action("tcp-request connection sc-inc-gpc1*", false),
    action("tcp-request connection sc-set-gpt*", false),
    action("tcp-request connection sc-set-gpt0*", false),
    action("tcp-request connection set-dst", false),
    action("tcp-request connection set-dst-port", false),
    action("tcp-request connection set-mark", false),
    action("tcp-request connection set-src", false),
    action("tcp-request connection set-src-port", false),
    action("tcp-request connection set-tos", false),
    action("tcp-request connection set-var*", false),
    action("tcp-request connection set-var-fmt*", false),
    action("tcp-request connection silent-drop", false),
    action("tcp-request connection unset-var*", false),
    action("tcp-request session sc-inc-gpc*", false),
    action("tcp-request session sc-inc-gpc0*", false),
    action("tcp-request session sc-inc-gpc1*", false),
    action("tcp-request session sc-set-gpt*", false),
    action("tcp-request session sc-set-gpt0*", false),
    action("tcp-request session set-dst", false),
    action("tcp-request session set-dst-port", false),
    action("tcp-request session set-mark", false),
    action("tcp-request session set-src", false),
    action("tcp-request session set-src-port", false),
    action("tcp-request session set-tos", false),
    action("tcp-request session set-var*", false),
    action("tcp-request session set-var-fmt*", false),
    action("tcp-request session silent-drop", false),
    action("tcp-request session unset-var*", false),
    action("tcp-request content do-resolve*", false),
    action("tcp-request content ot-group", false),
    action("tcp-request content sc-inc-gpc*", false),
    action("tcp-request content sc-inc-gpc0*", false),
    action("tcp-request content sc-inc-gpc1*", false),
    action("tcp-request content sc-set-gpt*", false),
    action("tcp-request content sc-set-gpt0*", false),
    action("tcp-request content send-spoe-group", false),
    action("tcp-request content set-dst", false),
    action("tcp-request content set-dst-port", false),
    action("tcp-request content set-log-level", false),
    action("tcp-request content set-mark", false),
    action("tcp-request content set-nice", false),
    action("tcp-request content set-priority-class", false),
    action("tcp-request content set-priority-offset", false),
    action("tcp-request content set-src", false),
    action("tcp-request content set-src-port", false),
    action("tcp-request content set-tos", false),
    action("tcp-request content set-var*", false),
    action("tcp-request content set-var-fmt*", false),
    action("tcp-request content silent-drop", false),
    action("tcp-request content switch-mode", false),
    action("tcp-request content unset-var*", false),
    action("tcp-request content use-service", false),
    action("tcp-response content ot-group", false),
    action("tcp-response content sc-inc-gpc*", false),
    action("tcp-response content sc-inc-gpc0*", false),
    action("tcp-response content sc-inc-gpc1*", false),
    action("tcp-response content sc-set-gpt*", false),
    action("tcp-response content sc-set-gpt0*", false),
    action("tcp-response content send-spoe-group", false),
    action("tcp-response content set-log-level", false),
    action("tcp-response content set-mark", false),
    action("tcp-response content set-nice", false),
    action("tcp-response content set-tos", false),
    action("tcp-response content set-var*", false),
    action("tcp-response content set-var-fmt*", false),
    action("tcp-response content silent-drop", false),
    action("tcp-response content unset-var*", false),
    action("http-request add-acl*", false),
    action("http-request add-header", false),
    action("http-request allow", true),
    action("http-request auth", false),
    action("http-request cache-use", false),
    action("http-request capture", false),
    action("http-request del-acl*", false),
    action("http-request del-header", false),
    action("http-request del-map*", false),
    action("http-request deny", true),
    action("http-request disable-l7-retry", false),
    action("http-request do-resolve*", false),
    action("http-request early-hint", false),
    action("http-request normalize-uri", false),
    action("http-request ot-group", false),
    action("http-request redirect", true),
    action("http-request reject", false),
    action("http-request replace-header", false),
    action("http-request replace-path", false),
    action("http-request replace-pathq", false),
    action("http-request replace-uri", false),
    action("http-request replace-value", false),
    action("http-request return", true),
    action("http-request sc-inc-gpc*", false),
    action("http-request sc-inc-gpc0*", false),
    action("http-request sc-inc-gpc1*", false),
    action("http-request sc-set-gpt*", false),
    action("http-request sc-set-gpt0*", false),
    action("http-request send-spoe-group", false),
    action("http-request set-dst", false),
    action("http-request set-dst-port", false),
    action("http-request set-header", false),
    action("http-request set-log-level", false),
    action("http-request set-map*", false),
    action("http-request set-mark", false),
    action("http-request set-method", false),
    action("http-request set-nice", false),
    action("http-request set-path", false),
    action("http-request set-pathq", false),
    action("http-request set-priority-class", false),
    action("http-request set-priority-offset", false),
    action("http-request set-query", false),
    action("http-request set-src", false),
    action("http-request set-src-port", false),
    action("http-request set-timeout", false),
    action("http-request set-tos", false),
    action("http-request set-uri", false),
    action("http-request set-var*", false),
    action("http-request set-var-fmt*", false),
    action("http-request silent-drop", false),
    action("http-request strict-mode", false),
    action("http-request tarpit", true),
    action("http-request track-sc*", false),
    action("http-request unset-var*", false),
    action("http-request use-service", false),
    action("http-request wait-for-body", false),
    action("http-request wait-for-handshake", false),
    action("http-response add-acl*", false),
    action("http-response add-header", false),
    action("http-response allow", true),
    action("http-response cache-store", false),
    action("http-response capture", false),
    action("http-response del-acl*", false),
    action("http-response del-header", false),
    action("http-response del-map*", false),
    action("http-response deny", true),
    action("http-response ot-group", false),
    action("http-response redirect", true),
    action("http-response replace-header", false),
    action("http-response replace-value", false),
    action("http-response return", true),
    action("http-response sc-inc-gpc*", false),
    action("http-response sc-inc-gpc0*", false),
    action("http-response sc-inc-gpc1*", false),
    action("http-response sc-set-gpt*", false),
    action("http-response sc-set-gpt0*", false),
    action("http-response send-spoe-group", false),
    action("http-response set-header", false),
    action("http-response set-log-level", false),
    action("http-response set-map*", false),
    action("http-response set-mark", false),
    action("http-response set-nice", false),
    action("http-response set-status", false),
    action("http-response set-tos", false),
    action("http-response set-var*", false),
    action("http-response set-var-fmt*", false),
    action("http-response silent-drop", false),
    action("http-response strict-mode", false),
    action("http-response track-sc*", false),
    action("http-response unset-var*", false),
    action("http-response wait-for-body", false),
    action("http-after-response add-header", false),
    action("http-after-response allow", false),
    action("http-after-response capture", false),
    action("http-after-response del-header", false),
    action("http-after-response ot-group", false),
    action("http-after-response replace-header", false),
    action("http-after-response replace-value", false),
    action("http-after-response set-header", false),
    action("http-after-response set-status", false),
    action("http-after-response set-var*", false),
    action("http-after-response set-var-fmt*", false),
    action("http-after-response strict-mode", false),
    action("http-after-response unset-var*", false),
];

pub(super) fn request(cx: &mut Cx<'_>) {
    rule(cx, RuleSet::Request);
}

pub(super) fn response(cx: &mut Cx<'_>) {
    rule(cx, RuleSet::Response);
}

/// `redirect`, the old form of `http-request redirect`: its value is plain text.
pub(super) fn redirect_line(cx: &mut Cx<'_>) {
    match redirect::parse(cx.line, cx.first + 1, false) {
        Ok((action, next)) => end_rule(cx, RuleSet::Request, "redirect", HttpAction::Redirect(action), next),
        Err((word, message)) => {
            let text = format!("error detected in {} while parsing redirect rule : {message}.", owner(cx));
            cx.diags.alert(cx.line, word, text);
        }
    }
}

fn rule(cx: &mut Cx<'_>, set: RuleSet) {
    let name = cx.arg(1).to_owned();
    let start = cx.first + 2;
    match name.as_str() {
        "allow" => end_rule(cx, set, "allow", HttpAction::Allow, start),
        "redirect" => match redirect::parse(cx.line, start, true) {
            Ok((action, next)) => end_rule(cx, set, "redirect", HttpAction::Redirect(action), next),
            Err((word, message)) => rule_error(cx, set, "redirect", word, &message),
        },
        "return" => reply_rule(cx, set, "return", HttpAction::Return),
        "deny" => reply_rule(cx, set, "deny", HttpAction::Deny),
        "tarpit" if set == RuleSet::Request => reply_rule(cx, set, "tarpit", HttpAction::Tarpit),
        _ => other_action(cx, set, &name),
    }
}

fn reply_rule(cx: &mut Cx<'_>, set: RuleSet, name: &'static str, action: fn(Reply) -> HttpAction) {
    let usage = if name == "return" { reply::Usage::Return } else { reply::Usage::Deny };
    let mut read = match reply::parse(cx.line, cx.first + 2, usage) {
        Ok(read) => read,
        Err((word, message)) => return rule_error(cx, set, name, word, &message),
    };
    for (word, warning) in std::mem::take(&mut read.warnings) {
        cx.diags.warning(cx.line, word, warning);
    }
    let default_status = match name {
        "return" => 200,
        "tarpit" => 500,
        _ if set == RuleSet::Response => 502,
        _ => 403,
    };
    let status = read.status.unwrap_or(default_status);
    let section = match read.body {
        reply::Body::Section(ref name) => Some(Some(name.clone())),
        reply::Body::DefaultErrorFiles => Some(None),
        _ => None,
    };
    if let Some(section) = section {
        let rule = rules(cx, set).len();
        let line = cx.line.clone();
        cx.draft.references.push(ReplyReference { set, rule, line, status, section });
    }
    let body = match read.body {
        reply::Body::Bytes(bytes) => ReplyBody::Bytes(bytes),
        reply::Body::Error(error) => ReplyBody::Error(error),
        reply::Body::Section(_) | reply::Body::DefaultErrorFiles => ReplyBody::BuiltIn,
        reply::Body::None => ReplyBody::Default,
    };
    let reply = Reply { status: read.status, content_type: read.content_type, body, headers: read.headers };
    end_rule(cx, set, name, action(reply), read.next);
}

fn rules<'a>(cx: &'a mut Cx<'_>, set: RuleSet) -> &'a mut Vec<HttpRule> {
    match set {
        RuleSet::Request => &mut cx.draft.config.http_request_rules,
        RuleSet::Response => &mut cx.draft.config.http_response_rules,
    }
}

/// Only a condition may follow an action; there are none yet.
fn end_rule(cx: &mut Cx<'_>, set: RuleSet, name: &str, action: HttpAction, next: usize) {
    let keyword = if cx.arg(0) == "redirect" { "redirect".to_owned() } else { format!("{} {name}", set.keyword()) };
    match cx.line.arg(next) {
        "" => {}
        "if" | "unless" => {
            forget_reference(cx, set);
            return refuse_condition(cx, next - cx.first);
        }
        found => {
            let text =
                format!("'{keyword}' expects either 'if' or 'unless' followed by a condition but found '{found}'.");
            forget_reference(cx, set);
            return cx.diags.alert_line(cx.line, next, text);
        }
    }
    let finished = match set {
        RuleSet::Request => cx.draft.request_final,
        RuleSet::Response => cx.draft.response_final,
    };
    if finished {
        let text = format!(
            "previous '{}' action is final and has no condition attached, further entries are NOOP.",
            set.keyword()
        );
        cx.diags.warning_line(cx.line, cx.first, text);
    }
    match set {
        RuleSet::Request => cx.draft.request_final = true,
        RuleSet::Response => cx.draft.response_final = true,
    }
    let place = cx.line.place.clone();
    rules(cx, set).push(HttpRule { action, place });
}

/// The rule is not kept, so nothing may refer to it.
fn forget_reference(cx: &mut Cx<'_>, set: RuleSet) {
    let count = rules(cx, set).len();
    cx.draft.references.retain(|reference| reference.set != set || reference.rule < count);
}

fn owner(cx: &Cx<'_>) -> String {
    format!("{} '{}'", cx.draft.section.label(), cx.draft.config.name)
}

fn rule_error(cx: &mut Cx<'_>, set: RuleSet, name: &str, word: usize, message: &str) {
    let text = format!("error detected in {} while parsing '{} {name}' rule : {message}.", owner(cx), set.keyword());
    cx.diags.alert(cx.line, word, text);
}

fn other_action(cx: &mut Cx<'_>, set: RuleSet, name: &str) {
    let keyword = set.keyword();
    let known = || {
        let of_set = ACTIONS.iter().filter_map(move |action| action.shown.strip_prefix(keyword));
        of_set.filter_map(|name| name.strip_prefix(' '))
    };
    let matches = |known: &str| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => known == name,
    };
    if !name.is_empty() && known().any(matches) {
        return cx.alert(1, format!("'{keyword} {name}' is not supported yet."));
    }
    let list: Vec<String> = known().map(|name| format!("'{}'", name.replace('*', "(*)"))).collect();
    let near = suggest::nearest(name, known().map(|name| name.trim_end_matches('*')));
    let mut text = format!("'{keyword}' expects {}, but got '{name}'", list.join(", "));
    text.push_str(if name.is_empty() { " (missing argument)." } else { "." });
    if let Some(near) = near {
        text.push_str(&format!(" Did you mean '{near}' maybe ?"));
    }
    let fault = Diagnostic::about(Severity::Alert, cx.line, cx.first + 1, text);
    cx.diags.push(fault.suggest(near).heading(Heading::Line));
}
