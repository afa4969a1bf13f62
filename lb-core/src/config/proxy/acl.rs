//! `acl`, and other keywords that stand on conditions: `monitor fail`; `http-send-name-header`.

use super::Cx;
use super::options::is_token;
use super::order::{Class, warn_of_order};
use super::rules::condition;
use crate::acl::{Acl, AclReader};
use crate::sample::Places;

pub(super) fn parse(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if let Some(wrong) = crate::config::sections::bad_name_character(&name) {
        return cx.alert(1, format!("character '{wrong}' is not permitted in acl name '{name}'."));
    }
    if name == "or" {
        let text = "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.";
        return cx.alert(1, text);
    }
    let line = cx.line;
    let at = cx.first + 2;
    let words: Vec<&str> = (at..line.words.len()).map(|word| line.arg(word)).collect();
    let mut reader = AclReader::new(cx.scope("ACL keyword"), &[]);
    reader.name = &name;
    let read = reader.test(&words);
    for warning in reader.warnings {
        warning.tell(at, line, cx.diags);
    }
    match read {
        Ok(test) => {
            let acls = &mut cx.config().acls;
            match acls.iter_mut().find(|acl| acl.name == name) {
                Some(acl) => acl.tests.push(test),
                None => acls.push(Acl { name, tests: vec![test] }),
            }
        }
        Err(fault) => {
            let text = format!("error detected while parsing ACL '{name}' : {}.", fault.message);
            cx.diags.alert(line, at + fault.word, text);
        }
    }
}

pub(super) fn monitor_fail(cx: &mut Cx<'_>) {
    if cx.arg(1) != "fail" {
        return cx.alert(1, "'monitor' only supports 'fail'.");
    }
    if !matches!(cx.arg(2), "if" | "unless") {
        return cx.alert(2, "'monitor fail' requires either 'if' or 'unless' followed by a condition.");
    }
    let what = |message: &str| format!("error detected while parsing a 'monitor fail' condition : {message}.");
    let at = cx.first + 2;
    if let Some(condition) = condition(cx, at, Places::ALL, None, &what) {
        warn_of_order(cx, Class::Monitor);
        cx.config().monitor_fail.push(condition);
    }
}

pub(super) fn send_name_header(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "'http-send-name-header' requires a header string.");
    }
    if !is_token(&name) {
        return cx.alert(1, format!("'http-send-name-header' : '{name}' is not a header name."));
    }
    if ["content-length", "transfer-encoding", "connection"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return cx.alert(1, format!("'http-send-name-header' : '{name}' is a header that must not be changed."));
    }
    if !cx.too_many(1, "http-send-name-header") {
        cx.config().send_name_header = Some(name);
    }
}
