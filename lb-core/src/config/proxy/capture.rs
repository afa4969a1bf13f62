//! `capture`, `declare capture`, `unique-id-format`, `unique-id-header`.

use super::Cx;
use super::rules::{format, warn_of_ignored};
use crate::config::diagnostic::{Diagnostic, Heading, Severity};
use crate::log::FormatUse;
use crate::sample::{Place, Places};

pub(super) fn capture(cx: &mut Cx<'_>) {
    match cx.arg(1) {
        "cookie" => cookie(cx),
        "request" | "response" if cx.arg(2) == "header" => header(cx),
        _ => cx.alert(1, "'capture' expects 'cookie' or 'request header' or 'response header'."),
    }
}

fn cookie(cx: &mut Cx<'_>) {
    let name = cx.arg(2).to_owned();
    if cx.arg(4).is_empty() || cx.arg(3) != "len" || name.is_empty() {
        return cx.alert(1, "'capture' expects 'cookie' <cookie_name> 'len' <len>.");
    }
    if cx.too_many(4, "capture cookie") {
        return;
    }
    match cx.arg(4).parse::<usize>() {
        Ok(length) => cx.config().captures.cookie = Some((name, length)),
        Err(_) => cx.alert(4, "'capture cookie' : the length must be a number."),
    }
}

fn header(cx: &mut Cx<'_>) {
    let direction = cx.arg(1).to_owned();
    let name = cx.arg(3).to_owned();
    if name.is_empty() || cx.arg(4) != "len" || cx.arg(5).is_empty() {
        return cx.alert(1, format!("'capture {direction}' expects 'header' <header_name> 'len' <len>."));
    }
    let what = format!("capture {direction}");
    if cx.too_many(5, &what) {
        return;
    }
    match cx.arg(5).parse::<usize>() {
        Ok(length) => {
            cx.config().captures.declare(direction == "request", length, Some(name));
        }
        Err(_) => cx.alert(5, format!("'{what}' : the length must be a number.")),
    }
}

pub(super) fn declare(cx: &mut Cx<'_>) {
    let direction = cx.arg(2).to_owned();
    if !cx.draft.section.has_frontend() {
        return cx.alert(0, "'declare' only available in frontend or listen section");
    }
    match cx.arg(1) {
        "capture" => {}
        "" => {
            let text = "'declare' needs a second keyword that specify the type of declaration ('capture')";
            return cx.alert(1, text);
        }
        other => return cx.alert(1, format!("unknown declaration type '{other}' (supports 'capture')")),
    }
    if !matches!(direction.as_str(), "request" | "response") {
        return cx.alert(2, "'declare capture' requires a direction ('request' or 'response')");
    }
    if cx.arg(3) != "len" {
        return cx.alert(3, "'declare capture' requires a capture length ('len')");
    }
    if cx.arg(4).is_empty() {
        return cx.alert(4, "'declare capture': 'len' requires a numeric value that represents the capture length");
    }
    match cx.arg(4).parse::<i64>().map(usize::try_from) {
        Ok(Ok(length)) if length > 0 => {
            cx.config().captures.declare(direction == "request", length, None);
        }
        Ok(_) => cx.alert(4, "length must be > 0"),
        Err(_) => {
            let text = format!("'declare capture': cannot parse the length '{}'.", cx.arg(3));
            cx.alert(4, text);
        }
    }
}

pub(super) fn unique_id_format(cx: &mut Cx<'_>) {
    let text = cx.arg(1).to_owned();
    if text.is_empty() {
        return cx.alert(1, "unique-id-format expects an argument.");
    }
    if !cx.arg(2).is_empty() {
        return cx.alert(2, "unique-id-format expects only one argument, don't forget to escape spaces!");
    }
    let scope = cx.scope("unique-id-format string");
    let places = Places::one(Place::FrontendRequest);
    let usage = FormatUse { http: cx.draft.is_http(), messages: true, rule: false, places, scope };
    match format(&text, &usage) {
        Ok(format) => {
            warn_of_ignored(cx, std::iter::once(&format));
            cx.config().unique_id_format = Some(format);
        }
        Err(fault) => {
            let text = format!("failed to parse unique-id : {}.", fault.message);
            let told = Diagnostic::about(Severity::Alert, cx.line, cx.first + 1, text).heading(Heading::Name);
            cx.diags.push(told);
        }
    }
}

pub(super) fn unique_id_header(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "unique-id-header expects an argument.");
    }
    if !super::options::is_token(&name) {
        return cx.alert(1, format!("unique-id-header : '{name}' is not a header name."));
    }
    cx.config().unique_id_header = Some(name);
}
