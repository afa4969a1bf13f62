//! Variables of the process, and how much memory variables may take (configuration.txt, `set-var`, `set-var-fmt`,
//! `tune.vars.global-max-size` and its kin).

use super::Cx;
use crate::config::model::{GlobalValue, GlobalVariable, VariableLimits};
use crate::log::{FormatUse, LogFormat};
use crate::sample::names::GLOBAL;
use crate::sample::variable::{VariableName, VariableScope};
use crate::sample::{Expression, Place, Places, Scope};

pub(super) fn set_var(cx: &mut Cx<'_>) {
    let Some(name) = name(cx, "a sample expression") else { return };
    let line = cx.line;
    let words = (cx.first + 2..line.words.len()).map(|word| line.arg(word));
    let expression = match Expression::parse_words(words, &scope(cx)) {
        Ok((expression, _)) => expression,
        Err(error) => return cx.alert(2, error.message),
    };
    if !expression.places().contains(Place::Configuration) {
        let (shown, needs) = (cx.arg(1), expression.needs());
        let text = format!(
            "fetch method 'set-var({shown})' extracts information from '{needs}', none of which is available here"
        );
        return cx.alert(2, text);
    }
    if tell_late(cx) {
        return;
    }
    cx.global.variables.push(GlobalVariable { name, value: GlobalValue::Expression(expression) });
}

pub(super) fn set_var_fmt(cx: &mut Cx<'_>) {
    let Some(name) = name(cx, "a format string") else { return };
    let usage = FormatUse {
        http: false,
        messages: false,
        rule: true,
        places: Places::one(Place::Configuration),
        scope: scope(cx),
    };
    match LogFormat::parse_in(cx.arg(2), &usage) {
        Ok(_) if tell_late(cx) => {}
        Ok(format) => cx.global.variables.push(GlobalVariable { name, value: GlobalValue::Format(format) }),
        Err(error) => {
            let text = error.to_string();
            cx.alert(2, text.strip_suffix('.').unwrap_or(&text));
        }
    }
}

fn scope<'a>(cx: &Cx<'a>) -> Scope<'a> {
    let place = &cx.line.place;
    Scope { section: GLOBAL, file: &place.file, line: place.line, ..Scope::of(cx.names, "configuration expression") }
}

/// Says what is wrong with the arguments of the line's expressions, which is nothing that has to wait here.
fn tell_late(cx: &mut Cx<'_>) -> bool {
    let faults = cx.names.late.take();
    let place = format!("parsing [{}:{}]: ", cx.line.place.file, cx.line.place.line);
    let texts: Vec<String> = faults.iter().map(|fault| format!("{place}{}", fault.message)).collect();
    match texts.as_slice() {
        [] => return false,
        [text] => cx.alert(2, text.as_str()),
        texts => cx.alert(2, format!("\n  {}", texts.join("\n  "))),
    }
    true
}

/// The variable that a line sets; what is wrong is said.
fn name(cx: &mut Cx<'_>, wanted: &str) -> Option<VariableName> {
    let (keyword, text) = (cx.keyword(), cx.arg(1));
    if text.is_empty() || cx.arg(2).is_empty() {
        cx.alert(1, format!("'{keyword}' requires a process-wide variable name ('proc.<name>') and {wanted}."));
        return None;
    }
    match VariableName::parse(text) {
        Ok(name) if name.scope == VariableScope::Proc => {
            cx.names.used.note_variable(&name);
            Some(name)
        }
        Ok(_) => {
            let text = format!(
                "'{keyword}': cannot set variable '{text}', only scope 'proc' is permitted in the global section."
            );
            cx.alert(1, text);
            None
        }
        Err(message) => {
            // HAProxy reads it as the action `set-var(<name>)`.
            let message = match message.strip_suffix('\'') {
                Some(start) if message.starts_with("invalid syntax") => format!("{start})'"),
                _ => message,
            };
            cx.alert(1, message);
            None
        }
    }
}

pub(super) fn global_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.global);
}

pub(super) fn proc_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.proc);
}

pub(super) fn sess_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.sess);
}

pub(super) fn txn_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.txn);
}

pub(super) fn reqres_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.reqres);
}

pub(super) fn check_max_size(cx: &mut Cx<'_>) {
    max_size(cx, |limits| &mut limits.check);
}

/// 0, and what is less, is no limit, as is a word that is missing.
fn max_size(cx: &mut Cx<'_>, field: fn(&mut VariableLimits) -> &mut u64) {
    if !cx.no_more_than(1) {
        return;
    }
    let text = cx.arg(1);
    match if text.is_empty() { Ok(0) } else { text.parse::<i64>() } {
        Ok(size) => *field(&mut cx.global.tune.vars) = u64::try_from(size).unwrap_or(0),
        Err(_) => {
            let text = format!("{}: '{text}' is an invalid size", cx.keyword());
            cx.alert(1, text);
        }
    }
}
