//! The cookie at the start of an RDP connection (configuration.txt, section 7.3.5, `req.rdp_cookie`).

use super::payload::has_messages;
use super::{Arg, ArgSpec, Context, Fetch, REQUEST, SampleType, Value};
use crate::sample::ArgKind;

const NAME: ArgSpec = ArgSpec::of(0, &[ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(REQUEST, "rdp_cookie", SampleType::Str, value).args(NAME).from("request buffer"),
    Fetch::one(REQUEST, "rdp_cookie_cnt", SampleType::Sint, count).args(NAME).from("request buffer"),
    Fetch::one(REQUEST, "req.rdp_cookie", SampleType::Str, value).args(NAME).from("request buffer"),
    Fetch::one(REQUEST, "req.rdp_cookie_cnt", SampleType::Sint, count).args(NAME).from("request buffer"),
];

/// What the bytes say about the cookie.
enum Found<'a> {
    Cookie(&'a [u8]),
    /// There is none, or it has another name.
    None,
    /// More bytes are needed.
    Partial,
}

/// Bytes of the TPKT header and of the fixed part of the X.224 connection request.
const HEADER: usize = 11;

fn find<'a>(data: &'a [u8], name: &[u8]) -> Found<'a> {
    if data.first().is_some_and(|version| *version != 3) {
        return Found::None;
    }
    let Some((keyword, rest)) = data.get(HEADER..).and_then(|rest| rest.split_at_checked(7)) else {
        return Found::Partial;
    };
    if !keyword.eq_ignore_ascii_case(b"cookie:") {
        return Found::None;
    }
    let rest = rest.get(rest.iter().take_while(|byte| **byte == b' ').count()..).unwrap_or_default();
    let value = if name.is_empty() {
        match rest.iter().position(|byte| matches!(byte, b'=' | b'\r' | b'\n')) {
            None => return Found::Partial,
            Some(at) => match rest.get(at..) {
                Some([b'=', value @ ..]) => value,
                _ => return Found::None,
            },
        }
    } else {
        match rest.split_at_checked(name.len()) {
            Some((_, [])) | None => return Found::Partial,
            Some((known, [b'=', value @ ..])) if known.eq_ignore_ascii_case(name) => value,
            Some(_) => return Found::None,
        }
    };
    // A line ends with CR and LF; a CR alone belongs to nothing.
    match value.iter().position(|byte| *byte == b'\r') {
        Some(end) if value.get(end + 1) == Some(&b'\n') => Found::Cookie(value.get(..end).unwrap_or_default()),
        Some(end) if end + 1 < value.len() => Found::None,
        _ => Found::Partial,
    }
}

/// The value of the cookie of that name, where it is there as a whole.
pub(crate) fn find_cookie<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match find(data, name) {
        Found::Cookie(value) => Some(value),
        Found::None | Found::Partial => None,
    }
}

fn cookie<'a>(context: &Context<'a>, args: &[Arg]) -> Found<'a> {
    if has_messages(context) {
        return Found::None;
    }
    find(context.request_data.bytes, args.first().and_then(Arg::text).unwrap_or_default())
}

fn value<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    match cookie(context, args) {
        Found::Cookie(b"") | Found::None => None,
        Found::Cookie(value) => Some(Value::str(value)),
        Found::Partial => context.wait_for(&context.request_data),
    }
}

fn count<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    match cookie(context, args) {
        Found::Cookie(_) => Some(Value::Sint(1)),
        Found::None => Some(Value::Sint(0)),
        Found::Partial => context.wait_for(&context.request_data),
    }
}
