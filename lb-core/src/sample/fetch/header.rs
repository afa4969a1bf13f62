//! Header fields (configuration.txt, section 7.3.6).
//!
//! `hdr` takes a field's value as a list separated by commas, `fhdr` as a whole. Outside of ACLs, and where an occurrence
//! is asked for, they have one value: by default the last.

use std::net::IpAddr;

use super::{Arg, ArgSpec, Context, EITHER, Fetch, REQUEST, RESPONSE, SampleType, Scope, Value};
use crate::http::message::Head;
use crate::sample::ArgKind;
use crate::sample::value::leading_v4;

const NAME: ArgSpec = ArgSpec::of(0, &[ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    one(
        EITHER,
        "hdr",
        SampleType::Str,
        |c, a| text(value(c.head()?, a, list)),
        |c, a, f| {
            each(c.head(), a, list, &mut |value| f(Value::str(value)));
        },
    ),
    Fetch::one(REQUEST, "hdr_cnt", SampleType::Sint, |c, a| count(c.request_head()?, a, list)).args(NAME),
    one(REQUEST, "hdr_ip", SampleType::Ipv4, |c, a| ip(value(c.request_head()?, a, list)?), request_ips),
    one(REQUEST, "hdr_val", SampleType::Sint, |c, a| number(value(c.request_head()?, a, list)?), request_numbers),
    one(
        REQUEST,
        "req.fhdr",
        SampleType::Str,
        |c, a| text(value(c.request_head()?, a, whole)),
        |c, a, f| {
            each(c.request_head(), a, whole, &mut |value| f(Value::str(value)));
        },
    ),
    Fetch::one(REQUEST, "req.fhdr_cnt", SampleType::Sint, |c, a| count(c.request_head()?, a, whole)).args(NAME),
    one(
        REQUEST,
        "req.hdr",
        SampleType::Str,
        |c, a| text(value(c.request_head()?, a, list)),
        |c, a, f| {
            each(c.request_head(), a, list, &mut |value| f(Value::str(value)));
        },
    ),
    Fetch::one(REQUEST, "req.hdr_cnt", SampleType::Sint, |c, a| count(c.request_head()?, a, list)).args(NAME),
    one(REQUEST, "req.hdr_ip", SampleType::Ipv4, |c, a| ip(value(c.request_head()?, a, list)?), request_ips),
    Fetch::one(REQUEST, "req.hdr_names", SampleType::Str, |c, a| names(c.request_head()?, a)).args(NAME),
    one(REQUEST, "req.hdr_val", SampleType::Sint, |c, a| number(value(c.request_head()?, a, list)?), request_numbers),
    Fetch::one(REQUEST, "req.hdrs", SampleType::Bin, |c, _| Some(lines(c.request_head()?))),
    Fetch::one(REQUEST, "req.hdrs_bin", SampleType::Bin, |c, _| Some(binary(c.request_head()?))),
    one(
        RESPONSE,
        "res.fhdr",
        SampleType::Str,
        |c, a| text(value(c.response?, a, whole)),
        |c, a, f| {
            each(c.response, a, whole, &mut |value| f(Value::str(value)));
        },
    ),
    Fetch::one(RESPONSE, "res.fhdr_cnt", SampleType::Sint, |c, a| count(c.response?, a, whole)).args(NAME),
    one(RESPONSE, "res.hdr", SampleType::Str, |c, a| text(value(c.response?, a, list)), response_texts),
    Fetch::one(RESPONSE, "res.hdr_cnt", SampleType::Sint, |c, a| count(c.response?, a, list)).args(NAME),
    one(RESPONSE, "res.hdr_ip", SampleType::Ipv4, |c, a| ip(value(c.response?, a, list)?), response_ips),
    Fetch::one(RESPONSE, "res.hdr_names", SampleType::Str, |c, a| names(c.response?, a)).args(NAME),
    one(RESPONSE, "res.hdr_val", SampleType::Sint, |c, a| number(value(c.response?, a, list)?), response_numbers),
    Fetch::one(RESPONSE, "res.hdrs", SampleType::Bin, |c, _| Some(lines(c.response?))),
    Fetch::one(RESPONSE, "res.hdrs_bin", SampleType::Bin, |c, _| Some(binary(c.response?))),
    one(RESPONSE, "shdr", SampleType::Str, |c, a| text(value(c.response?, a, list)), response_texts),
    Fetch::one(RESPONSE, "shdr_cnt", SampleType::Sint, |c, a| count(c.response?, a, list)).args(NAME),
    one(RESPONSE, "shdr_ip", SampleType::Ipv4, |c, a| ip(value(c.response?, a, list)?), response_ips),
    one(RESPONSE, "shdr_val", SampleType::Sint, |c, a| number(value(c.response?, a, list)?), response_numbers),
];

/// A fetch of a name and an occurrence.
const fn one(
    row: &str,
    name: &'static str,
    output: SampleType,
    one: for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>,
    all: for<'a> fn(&Context<'a>, &'a [Arg], &mut dyn FnMut(Value<'a>) -> bool),
) -> Fetch {
    Fetch::each(row, name, output, one, all)
        .args(ArgSpec::of(0, &[ArgKind::Str, ArgKind::Sint]))
        .check(check_occurrence)
}

/// How far back an occurrence may be counted from the end.
const MAX_BACK: usize = 10;

fn check_occurrence(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match args.get(1).and_then(Arg::number) {
        Some(number) if number < -(MAX_BACK as i64) => Err(format!("header occurrence must be >= -{MAX_BACK}")),
        _ => Ok(()),
    }
}

/// How a field's value is taken apart.
type Split = for<'h> fn(&'h [u8], &mut dyn FnMut(&'h [u8]) -> bool) -> bool;

/// As a whole. The function is given each part until it returns true; whether it did is said.
fn whole<'h>(value: &'h [u8], each: &mut dyn FnMut(&'h [u8]) -> bool) -> bool {
    each(value)
}

/// At commas outside of quotes (RFC 9110, section 5.6.1); empty parts are parts.
fn list<'h>(value: &'h [u8], each: &mut dyn FnMut(&'h [u8]) -> bool) -> bool {
    if memchr::memchr(b',', value).is_none() {
        return each(trim(value));
    }
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                if each(trim(value.get(start..at).unwrap_or_default())) {
                    return true;
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    each(trim(value.get(start..).unwrap_or_default()))
}

/// Without blanks around it.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The name that is asked for: nothing without any argument; empty, which is every field, where there is only an
/// occurrence.
fn name(args: &[Arg]) -> Option<&[u8]> {
    match args {
        [Arg::Str(name), Arg::Absent] if name.is_empty() => None,
        [Arg::Str(name), ..] => Some(name),
        [Arg::Absent, Arg::Sint(_)] => Some(b""),
        _ => None,
    }
}

/// Gives the parts of all fields of a name to the function until it returns true.
fn parts<'a>(head: &'a Head, name: &[u8], split: Split, each: &mut dyn FnMut(&'a [u8]) -> bool) -> bool {
    let mut fields = head.fields();
    fields.any(|(known, value)| (name.is_empty() || known.eq_ignore_ascii_case(name)) && split(value, each))
}

fn occurrence(args: &[Arg]) -> i64 {
    args.get(1).and_then(Arg::number).unwrap_or(0)
}

/// The one value that is asked for: the last, unless an occurrence says otherwise.
fn value<'a>(head: &'a Head, args: &[Arg], split: Split) -> Option<&'a [u8]> {
    nth(head, name(args)?, occurrence(args), split)
}

/// The address that a field holds which is a list: the last one, unless an occurrence says otherwise.
pub(crate) fn address(head: &Head, name: &str, occurrence: i64) -> Option<IpAddr> {
    match ip(nth(head, name.as_bytes(), occurrence, list)?)? {
        Value::Ipv4(ip) => Some(ip.into()),
        Value::Ipv6(ip) => Some(ip.into()),
        _ => None,
    }
}

fn nth<'a>(head: &'a Head, name: &[u8], occurrence: i64, split: Split) -> Option<&'a [u8]> {
    let mut found = None;
    match occurrence {
        wanted @ 1.. => {
            let mut left = wanted;
            parts(head, name, split, &mut |part| {
                left -= 1;
                found = (left == 0).then_some(part);
                left == 0
            });
        }
        0 | -1 => {
            parts(head, name, split, &mut |part| {
                found = Some(part);
                false
            });
        }
        back => {
            let back = usize::try_from(back.unsigned_abs()).ok().filter(|back| *back <= MAX_BACK)?;
            let (mut last, mut seen) = ([None; MAX_BACK], 0usize);
            parts(head, name, split, &mut |part| {
                if let Some(place) = last.get_mut(seen % MAX_BACK) {
                    *place = Some(part);
                }
                seen += 1;
                false
            });
            found = seen.checked_sub(back).and_then(|at| last.get(at % MAX_BACK).copied().flatten());
        }
    }
    found
}

/// Every value that is asked for: all, unless an occurrence says otherwise.
fn each<'a>(head: Option<&'a Head>, args: &[Arg], split: Split, each: &mut dyn FnMut(&'a [u8]) -> bool) {
    let Some(head) = head else { return };
    if occurrence(args) != 0 {
        value(head, args, split).map(each);
    } else if let Some(name) = name(args) {
        parts(head, name, split, each);
    }
}

fn request_ips<'a>(context: &Context<'a>, args: &'a [Arg], f: &mut dyn FnMut(Value<'a>) -> bool) {
    each(context.request_head(), args, list, &mut |value| ip(value).is_some_and(&mut *f));
}

fn request_numbers<'a>(context: &Context<'a>, args: &'a [Arg], f: &mut dyn FnMut(Value<'a>) -> bool) {
    each(context.request_head(), args, list, &mut |value| number(value).is_some_and(&mut *f));
}

fn response_texts<'a>(context: &Context<'a>, args: &'a [Arg], f: &mut dyn FnMut(Value<'a>) -> bool) {
    each(context.response, args, list, &mut |value| f(Value::str(value)));
}

fn response_ips<'a>(context: &Context<'a>, args: &'a [Arg], f: &mut dyn FnMut(Value<'a>) -> bool) {
    each(context.response, args, list, &mut |value| ip(value).is_some_and(&mut *f));
}

fn response_numbers<'a>(context: &Context<'a>, args: &'a [Arg], f: &mut dyn FnMut(Value<'a>) -> bool) {
    each(context.response, args, list, &mut |value| number(value).is_some_and(&mut *f));
}

fn text(value: Option<&[u8]>) -> Option<Value<'_>> {
    value.map(Value::str)
}

fn number(value: &[u8]) -> Option<Value<'static>> {
    Some(Value::Sint(leading_number(value)))
}

/// The number at the start of a text; 0 where there is none.
pub(super) fn leading_number(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let number = number.saturating_mul(10);
        if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) }
    })
}

/// An address; an IPv4 address may have a port behind it.
fn ip(value: &[u8]) -> Option<Value<'static>> {
    let text = std::str::from_utf8(value).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Value::ip(address));
    }
    // Leading zeros are fine in IPv4 addresses, and so is a port.
    let (address, port) = text.split_once(':').unwrap_or((text, "0"));
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let dotted = address.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let address = leading_v4(address.as_bytes()).filter(|_| dotted && decimal(port))?;
    port.parse::<u16>().ok().map(|_| Value::Ipv4(address))
}

/// How many values there are, of all fields where no name is given.
fn count(head: &Head, args: &[Arg], split: Split) -> Option<Value<'static>> {
    let name = args.first().and_then(Arg::text).unwrap_or_default();
    let mut number = 0;
    parts(head, name, split, &mut |_| {
        number += 1;
        false
    });
    Some(Value::Sint(number))
}

/// All names, in lower case as HAProxy keeps them, with a comma or the first character of the argument between them.
fn names(head: &Head, args: &[Arg]) -> Option<Value<'static>> {
    let delimiter = args.first().and_then(Arg::text).and_then(|text| text.first()).copied().unwrap_or(b',');
    let mut out = Vec::new();
    for (index, (name, _)) in head.fields().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        out.extend_from_slice(name);
    }
    Some(Value::Str(out.into()))
}

/// All fields as lines, with the empty line that ends them.
fn lines(head: &Head) -> Value<'static> {
    let mut out = Vec::new();
    for (name, value) in head.fields() {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Value::Str(out.into())
}

/// All fields as strings with their lengths in front, ended by two empty ones (SPOE.txt, section 3.1).
fn binary(head: &Head) -> Value<'static> {
    let mut out = Vec::new();
    for (name, value) in head.fields() {
        length(&mut out, name.len());
        out.extend_from_slice(name);
        length(&mut out, value.len());
        out.extend_from_slice(value);
    }
    out.extend_from_slice(&[0, 0]);
    Value::Bin(out.into())
}

/// A variable-length integer: below 240 one byte; above, four bits in the first byte and seven in each that follows.
fn length(out: &mut Vec<u8>, length: usize) {
    if length < 240 {
        out.push(length as u8);
        return;
    }
    out.push(length as u8 | 0xf0);
    let mut rest = (length - 240) >> 4;
    while rest >= 128 {
        out.push(rest as u8 | 0x80);
        rest = (rest - 128) >> 7;
    }
    out.push(rest as u8);
}
