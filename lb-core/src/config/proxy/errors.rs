//! `errorfile`, `errorfiles`, `errorloc`, `errorloc302`, `errorloc303`, `http-error` (configuration.txt, section 4.2).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Cx;
use super::draft::{ErrorDirective, ErrorSource};
use super::reply::{self, Body, load_error_file};
use super::rules::look_at_formats;
use super::settings::leading_integer;
use crate::config::error_reply::HANDLED_STATUS;
use crate::config::model::{ErrorReply, Reply, ReplyBody};
use crate::http::status;
use crate::log::{FormatUse, LogFormat};
use crate::sample::Places;

/// The status at word `index` of the keyword, when a page can be configured for it.
fn handled_status(cx: &mut Cx<'_>, index: usize) -> Option<u16> {
    let (value, _) = leading_integer(cx.arg(index));
    let status = u16::try_from(value).ok().filter(|status| HANDLED_STATUS.contains(status));
    if status.is_none() {
        let text = format!("{} : status code '{value}' not handled.", cx.arg(0));
        cx.alert(index, text);
    }
    status
}

fn push(cx: &mut Cx<'_>, status: Vec<u16>, source: ErrorSource) {
    let line = cx.line.clone();
    cx.draft.errors.push(ErrorDirective { line, status, source });
}

/// Where the file is that a word names.
fn located(cx: &Cx<'_>, index: usize) -> PathBuf {
    cx.names.directories.locate(&cx.line.place.file, Path::new(cx.arg(index))).into_owned()
}

pub(super) fn errorfile(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() || cx.arg(2).is_empty() {
        return cx.alert(1, "errorfile : expects <status_code> and <file> as arguments.");
    }
    let Some(status) = handled_status(cx, 1) else { return };
    match load_error_file(cx.arg(2), &located(cx, 2)) {
        Ok(reply) => push(cx, vec![status], ErrorSource::Reply(reply)),
        Err(message) => cx.alert(2, format!("errorfile : {message}")),
    }
}

pub(super) fn errorfiles(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "errorfiles : expects <name> as argument.");
    }
    let mut status = Vec::new();
    let mut index = 2;
    while !cx.arg(index).is_empty() {
        let Some(code) = handled_status(cx, index) else { return };
        status.push(code);
        index += 1;
    }
    push(cx, status, ErrorSource::Section(name));
}

/// `errorloc` is `errorloc302`.
pub(super) fn errorloc(cx: &mut Cx<'_>) {
    let (keyword, url) = (cx.arg(0).to_owned(), cx.arg(2).to_owned());
    if cx.arg(1).is_empty() || url.is_empty() {
        return cx.alert(1, format!("{keyword} : expects <status_code> and <url> as arguments."));
    }
    let Some(status) = handled_status(cx, 1) else { return };
    if url.bytes().any(|b| b.is_ascii_control()) {
        return cx.alert(2, format!("{keyword} : control characters are not permitted in <url>."));
    }
    let (code, reason) = if keyword == "errorloc303" { (303, "See Other") } else { (302, "Found") };
    let reply = ErrorReply {
        status: code,
        reason: reason.to_owned(),
        headers: [("cache-control", "no-cache"), ("content-length", "0"), ("location", &*url)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: Arc::from([]),
        silent: false,
        made: None,
    };
    push(cx, vec![status], ErrorSource::Reply(reply));
}

pub(super) fn http_error(cx: &mut Cx<'_>) {
    let scope = cx.scope("http-error directive");
    let formats = FormatUse { http: cx.draft.is_http(), messages: true, rule: true, places: Places::ALL, scope };
    let parsed = match reply::parse(cx.line, cx.first + 1, reply::Usage::HttpError, &formats) {
        Ok(parsed) => parsed,
        Err(fault) => return cx.diags.alert(cx.line, fault.word, format!("http-error : {}", fault.message)),
    };
    if !cx.line.arg(parsed.next).is_empty() {
        let text = format!("http-error : unknown keyword '{}'.", cx.line.arg(parsed.next));
        return cx.diags.alert(cx.line, parsed.next, text);
    }
    for (word, warning) in &parsed.warnings {
        cx.diags.warning(cx.line, *word, warning.clone());
    }
    let Some(status) = parsed.status else {
        return cx.alert(1, "http-error : expects at least a <status> as arguments.");
    };
    if !HANDLED_STATUS.contains(&status) {
        return cx.alert(1, format!("http-error: status code '{status}' not handled."));
    }
    let source = match parsed.body {
        Body::DefaultErrorFiles => ErrorSource::Reset,
        Body::Error(error) => ErrorSource::Reply(error),
        Body::Section(name) => ErrorSource::Section(name),
        body => {
            let formats = parsed.headers.iter().map(|(_, format)| format).chain(match &body {
                Body::Format(format) => Some(format),
                _ => None,
            });
            look_at_formats(cx, formats);
            let body = match body {
                Body::Bytes(bytes) => ReplyBody::Bytes(bytes),
                Body::Format(format) => ReplyBody::Format(format),
                _ => ReplyBody::Bytes(Arc::from([])),
            };
            let reply =
                Reply { status: Some(status), content_type: parsed.content_type, body, headers: parsed.headers };
            ErrorSource::Reply(made(status, reply))
        }
    };
    push(cx, vec![status], source);
}

/// The error page that a reply makes: once and for all where it has no formats.
fn made(status: u16, reply: Reply) -> ErrorReply {
    let constant = |format: &LogFormat| Some(String::from_utf8_lossy(format.constant_text()?).into_owned());
    let headers: Option<Vec<_>> =
        reply.headers.iter().map(|(name, value)| Some((name.clone(), constant(value)?))).collect();
    let page = ErrorReply { status, reason: status::reason(status).to_owned(), ..ErrorReply::default() };
    match (headers, &reply.body) {
        (Some(mut headers), ReplyBody::Bytes(body)) => {
            headers.extend(reply.content_type.iter().map(|value| ("content-type".to_owned(), value.clone())));
            ErrorReply { headers, body: Arc::clone(body), ..page }
        }
        _ => ErrorReply { made: Some(Arc::new(reply)), ..page },
    }
}
