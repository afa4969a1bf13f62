//! Actions on header fields.

use std::sync::Arc;

use super::{Fault, Reader};
use crate::config::model::{Action, HeaderNames};
use crate::pattern::Method;
use crate::regex::Regex;

const TWO: &str = "expects exactly 2 arguments";
const THREE: &str = "expects exactly 3 arguments";

pub(super) fn add(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (name, value) = name_and_format(reader)?;
    Ok(Action::Header { name, value, replace: false })
}

pub(super) fn set(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (name, value) = name_and_format(reader)?;
    Ok(Action::Header { name, value, replace: true })
}

pub(super) fn early_hint(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (name, value) = name_and_format(reader)?;
    Ok(Action::EarlyHint { name, value })
}

fn name_and_format(reader: &mut Reader<'_, '_>) -> Result<(String, crate::log::LogFormat), Fault> {
    if reader.word(0).is_empty() || reader.word(1).is_empty() {
        return Err(reader.fault(0, TWO));
    }
    let name = header_name(reader)?;
    Ok((name, reader.format()?))
}

/// Takes a field's name, which must be one: HAProxy would send whatever it is.
fn header_name(reader: &mut Reader<'_, '_>) -> Result<String, Fault> {
    let name = reader.word(0);
    if !super::super::options::is_token(name) {
        return Err(reader.fault(0, format!("'{name}' is not a header name")));
    }
    reader.next += 1;
    Ok(name.to_owned())
}

pub(super) fn delete(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    if reader.word(0).is_empty() {
        return Err(reader.fault(0, "expects at least 1 argument"));
    }
    let name = reader.take();
    if reader.word(0) != "-m" {
        return Ok(Action::DelHeader(HeaderNames::Exact(name.to_owned())));
    }
    let word = reader.word(1);
    if word.is_empty() {
        return Err(reader.fault(1, "-m flag expects exactly 1 argument"));
    }
    let method = Method::from_name(word);
    let names = match method {
        Some(Method::Reg) => {
            let regex = Regex::new(name, true).map_err(|message| reader.fault(0, message.to_string()))?;
            Some(HeaderNames::Regex(Arc::new(regex)))
        }
        Some(method) => HeaderNames::of(method, name),
        None => None,
    };
    let names = names.ok_or_else(|| reader.fault(1, format!("-m with unsupported matching method '{word}'")))?;
    reader.next += 2;
    Ok(Action::DelHeader(names))
}

pub(super) fn replace(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    replacement(reader, false)
}

pub(super) fn replace_value(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    replacement(reader, true)
}

fn replacement(reader: &mut Reader<'_, '_>, parts: bool) -> Result<Action, Fault> {
    if (0..3).any(|index| reader.word(index).is_empty()) {
        return Err(reader.fault(0, THREE));
    }
    let name = header_name(reader)?;
    let regex = Regex::new(reader.word(0), false).map_err(|message| reader.fault(0, message.to_string()))?;
    reader.next += 1;
    let by = reader.format()?;
    Ok(Action::ReplaceHeader { name, regex: Arc::new(regex), by, parts })
}
