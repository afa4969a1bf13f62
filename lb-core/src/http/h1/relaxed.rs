//! The reader behind `option accept-invalid-http-request` and `option accept-invalid-http-response`.
//!
//! It lets pass what the manual lists and nothing else: any character in names, bytes above 127 and fragments in
//! targets, requests without a version, other protocol names, versions of several digits. Line ends, folding, control
//! characters in values, Host and framing stay as strict as in [`super::parse`], whatever the option says, because
//! these decide where a message ends and to whom it goes.

use super::parse::{Limits, ParseError, check_line_ends, check_request, offsets};
use crate::http::message::{Head, RawField, RawStart, Version};
use crate::http::uri::is_token_byte;

pub(super) fn read_request(bytes: &[u8], limits: &Limits, head: &mut Head) -> Result<Option<usize>, ParseError> {
    let Some((line, mut rest)) = take_line(bytes)? else { return Ok(None) };
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), version, None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err(ParseError::RequestLine);
    };
    if method.is_empty() || !method.iter().all(|byte| is_token_byte(*byte)) || target.is_empty() {
        return Err(ParseError::RequestLine);
    }
    let (version, protocol) = match version {
        // HTTP/0.9: no version, or a space and nothing.
        None | Some(b"") => (Version::Http10, None),
        Some(text) => (parse_version(text, true)?, Some(text).filter(|text| !text.starts_with(b"HTTP/"))),
    };
    let mut fields = Vec::new();
    if !read_fields(bytes, &mut rest, limits, &mut fields)? {
        return Ok(None);
    }
    check_request(method, target, version, true, fields.iter().map(|field| values(bytes, field)))?;
    let len = bytes.len() - rest.len();
    let start = RawStart::Request { method: offsets(bytes, method), target: offsets(bytes, target), version };
    head.fill(bytes.get(..len).unwrap_or_default(), start, &fields);
    if let Some(protocol) = protocol {
        head.set_protocol(protocol);
    }
    Ok(Some(len))
}

pub(super) fn read_response(bytes: &[u8], limits: &Limits, head: &mut Head) -> Result<Option<usize>, ParseError> {
    let Some((line, mut rest)) = take_line(bytes)? else { return Ok(None) };
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let version = parse_version(words.next().unwrap_or_default(), false)?;
    let status = match words.next() {
        Some([a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err(ParseError::StatusLine),
    };
    let reason = words.next().unwrap_or_default();
    if reason.iter().any(|byte| is_control(*byte)) {
        return Err(ParseError::StatusLine);
    }
    let mut fields = Vec::new();
    if !read_fields(bytes, &mut rest, limits, &mut fields)? {
        return Ok(None);
    }
    let len = bytes.len() - rest.len();
    let start = RawStart::Response { status, reason: offsets(bytes, reason), version };
    head.fill(bytes.get(..len).unwrap_or_default(), start, &fields);
    Ok(Some(len))
}

fn values<'b>(bytes: &'b [u8], field: &RawField) -> (&'b [u8], &'b [u8]) {
    (bytes.get(field.name.clone()).unwrap_or_default(), bytes.get(field.value.clone()).unwrap_or_default())
}

/// A line and what follows it.
type Split<'b> = (&'b [u8], &'b [u8]);

/// Splits the first line off, without its CRLF. `None` where its end is not there yet.
fn take_line(bytes: &[u8]) -> Result<Option<Split<'_>>, ParseError> {
    let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) else { return Ok(None) };
    let (line, rest) = bytes.split_at(end);
    match rest {
        [b'\r', b'\n', rest @ ..] => Ok(Some((line, rest))),
        [b'\r'] => Ok(None),
        _ => Err(ParseError::BareLineEnd),
    }
}

/// Reads fields up to the empty line; says whether it was there.
fn read_fields(
    bytes: &[u8],
    rest: &mut &[u8],
    limits: &Limits,
    fields: &mut Vec<RawField>,
) -> Result<bool, ParseError> {
    loop {
        let Some((line, next)) = take_line(rest)? else {
            check_line_ends(rest)?;
            return Ok(false);
        };
        *rest = next;
        if line.is_empty() {
            return Ok(true);
        }
        if fields.len() == limits.max_fields() {
            return Err(ParseError::TooManyFields);
        }
        let colon = memchr::memchr(b':', line).filter(|at| *at > 0).ok_or(ParseError::FieldName)?;
        let (name, value) = line.split_at(colon);
        let value = super::framing::trim(value.get(1..).unwrap_or_default());
        // White space at either end of a name is how folding and `name :` look: never.
        if name.contains(&0) || is_blank(name.first()) || is_blank(name.last()) {
            return Err(ParseError::FieldName);
        }
        if value.iter().any(|byte| is_control(*byte)) {
            return Err(ParseError::FieldValue);
        }
        fields.push(RawField { name: offsets(bytes, name), value: offsets(bytes, value) });
    }
}

fn is_blank(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b' ' | b'\t'))
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

/// `name "/" 1*DIGIT "." 1*DIGIT`; the name must be HTTP unless `any_name`. HTTP/2 and above never pass as text.
fn parse_version(text: &[u8], any_name: bool) -> Result<Version, ParseError> {
    let slash = memchr::memchr(b'/', text).ok_or(ParseError::Version)?;
    let (name, numbers) = text.split_at(slash);
    let mut numbers = numbers.get(1..).unwrap_or_default().splitn(2, |byte| *byte == b'.');
    let major = number(numbers.next())?;
    let minor = number(numbers.next())?;
    let known = if any_name { !name.is_empty() && name.iter().all(u8::is_ascii_uppercase) } else { name == b"HTTP" };
    match (major, minor) {
        _ if !known => Err(ParseError::Version),
        (0, _) | (1, 0) => Ok(Version::Http10),
        (1, _) if name == b"HTTP" => Ok(Version::Http11),
        (1, _) => Ok(Version::Http10),
        _ => Err(ParseError::Version),
    }
}

fn number(digits: Option<&[u8]>) -> Result<u32, ParseError> {
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() <= 5).ok_or(ParseError::Version)?;
    digits.iter().try_fold(0u32, |value, byte| {
        if byte.is_ascii_digit() { Ok(value * 10 + u32::from(byte - b'0')) } else { Err(ParseError::Version) }
    })
}
