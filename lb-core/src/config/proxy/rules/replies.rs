//! Actions that end the processing of a message, or answer it.

use super::super::draft::{ReplyReference, RuleSet};
use super::super::{redirect, reply};
use super::{Fault, Reader};
use crate::config::model::{Action, Reply, ReplyBody};

pub(super) fn allow(_: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::Allow)
}

pub(super) fn reject(_: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::Reject)
}

pub(super) fn silent_drop(_: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::SilentDrop)
}

pub(super) fn redirect(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.called = "redirect format string";
    let usage = reader.format_use();
    let (action, next) = redirect::parse(reader.cx.line, reader.next, &mut |text| super::format(text, &usage))?;
    reader.next = next;
    Ok(Action::Redirect(action))
}

pub(super) fn auth(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let mut realm = reader.cx.draft.config.name.clone();
    if reader.word(0) == "realm" {
        if reader.word(1).is_empty() {
            return Err(reader.fault(1, "missing realm value"));
        }
        reader.next += 1;
        reader.take().clone_into(&mut realm);
    }
    Ok(Action::Auth { realm })
}

pub(super) fn answer(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::Return(read(reader, reply::Usage::Return, 200)?))
}

pub(super) fn deny(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let status = if reader.set == RuleSet::HttpResponse { 502 } else { 403 };
    Ok(Action::Deny(read(reader, reply::Usage::Deny, status)?))
}

pub(super) fn tarpit(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::Tarpit(read(reader, reply::Usage::Deny, 500)?))
}

fn read(reader: &mut Reader<'_, '_>, usage: reply::Usage, default_status: u16) -> Result<Reply, Fault> {
    let formats = reader.format_use();
    let mut read = reply::parse(reader.cx.line, reader.next, usage, &formats)?;
    for (word, warning) in std::mem::take(&mut read.warnings) {
        reader.cx.diags.warning(reader.cx.line, word, warning);
    }
    let status = read.status.unwrap_or(default_status);
    if let reply::Body::Section(section) = &read.body {
        let section = section.clone();
        let rule = reader.cx.draft.config.rules.of(reader.set.list()).len();
        let line = reader.cx.line.clone();
        reader.cx.draft.references.push(ReplyReference { set: reader.set, rule, line, status, section });
    }
    let body = match read.body {
        reply::Body::Bytes(bytes) => ReplyBody::Bytes(bytes),
        reply::Body::Format(format) => ReplyBody::Format(format),
        reply::Body::Error(error) => ReplyBody::Error(error),
        reply::Body::Section(_) | reply::Body::DefaultErrorFiles => ReplyBody::ErrorPage,
        reply::Body::None => ReplyBody::Default,
    };
    reader.next = read.next;
    Ok(Reply { status: read.status, content_type: read.content_type, body, headers: read.headers })
}
