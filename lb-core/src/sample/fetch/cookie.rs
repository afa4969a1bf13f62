//! Cookies of requests and responses (configuration.txt, section 7.3.6; RFC 6265, section 4).

use super::header::{leading_number, trim};
use super::{Arg, ArgSpec, Context, EITHER, Fetch, REQUEST, RESPONSE, SampleType, Value};
use crate::http::message::Head;
use crate::sample::ArgKind;

const NAME: ArgSpec = ArgSpec::of(0, &[ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::each(REQUEST, "cook", SampleType::Str, request_one, request_all).args(NAME),
    Fetch::one(REQUEST, "cook_cnt", SampleType::Sint, |context, args| count(request(context)?, args)).args(NAME),
    Fetch::each(REQUEST, "cook_val", SampleType::Sint, request_number, request_numbers).args(NAME),
    Fetch::each(
        EITHER,
        "cookie",
        SampleType::Str,
        |context, args| one(either(context)?, args),
        |context, args, each| all(either(context), args, each),
    )
    .args(NAME),
    Fetch::each(REQUEST, "req.cook", SampleType::Str, request_one, request_all).args(NAME),
    Fetch::one(REQUEST, "req.cook_cnt", SampleType::Sint, |context, args| count(request(context)?, args)).args(NAME),
    Fetch::each(REQUEST, "req.cook_val", SampleType::Sint, request_number, request_numbers).args(NAME),
    Fetch::each(RESPONSE, "res.cook", SampleType::Str, response_one, response_all).args(NAME),
    Fetch::one(RESPONSE, "res.cook_cnt", SampleType::Sint, |context, args| count(response(context)?, args)).args(NAME),
    Fetch::each(RESPONSE, "res.cook_val", SampleType::Sint, response_number, response_numbers).args(NAME),
    Fetch::each(RESPONSE, "scook", SampleType::Str, response_one, response_all).args(NAME),
    Fetch::one(RESPONSE, "scook_cnt", SampleType::Sint, |context, args| count(response(context)?, args)).args(NAME),
    Fetch::each(RESPONSE, "scook_val", SampleType::Sint, response_number, response_numbers).args(NAME),
];

/// A message, and whether its cookies have attributes behind them.
#[derive(Clone, Copy)]
struct Cookies<'a> {
    head: &'a Head,
    set: bool,
}

fn request<'a>(context: &Context<'a>) -> Option<Cookies<'a>> {
    context.request_head().map(|head| Cookies { head, set: false })
}

fn response<'a>(context: &Context<'a>) -> Option<Cookies<'a>> {
    context.response.map(|head| Cookies { head, set: true })
}

fn either<'a>(context: &Context<'a>) -> Option<Cookies<'a>> {
    if context.is_response() { response(context) } else { request(context) }
}

fn request_one<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    one(request(context)?, args)
}

fn request_all<'a>(context: &Context<'a>, args: &'a [Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    all(request(context), args, each);
}

fn request_number<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    number(one(request(context)?, args)?)
}

fn request_numbers<'a>(context: &Context<'a>, args: &'a [Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    all(request(context), args, &mut |value| number(value).is_some_and(&mut *each));
}

fn response_one<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    one(response(context)?, args)
}

fn response_all<'a>(context: &Context<'a>, args: &'a [Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    all(response(context), args, each);
}

fn response_number<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    number(one(response(context)?, args)?)
}

fn response_numbers<'a>(context: &Context<'a>, args: &'a [Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    all(response(context), args, &mut |value| number(value).is_some_and(&mut *each));
}

fn number(value: Value<'_>) -> Option<Value<'static>> {
    value.raw().map(|text| Value::Sint(leading_number(text)))
}

/// Outside of ACLs: the last cookie of the name, or the first of all.
fn one<'a>(cookies: Cookies<'a>, args: &[Arg]) -> Option<Value<'a>> {
    let name = name(args);
    match name.is_empty() {
        true => values(cookies, name).next(),
        false => values(cookies, name).last(),
    }
    .map(Value::str)
}

fn all<'a>(cookies: Option<Cookies<'a>>, args: &[Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    if let Some(cookies) = cookies {
        values(cookies, name(args)).map(Value::str).any(each);
    }
}

fn count(cookies: Cookies<'_>, args: &[Arg]) -> Option<Value<'static>> {
    i64::try_from(values(cookies, name(args)).count()).ok().map(Value::Sint)
}

fn name(args: &[Arg]) -> &[u8] {
    args.first().and_then(Arg::text).unwrap_or_default()
}

/// The values of a name, or all where it is empty.
fn values<'a>(cookies: Cookies<'a>, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let field = if cookies.set { "set-cookie" } else { "cookie" };
    let pairs = cookies.head.values(field).flat_map(move |rest| Pairs { rest, set: cookies.set, attributes: false });
    pairs.filter(move |(known, _)| name.is_empty() || *known == name).map(|(_, value)| value)
}

/// The cookies of one field.
struct Pairs<'a> {
    rest: &'a [u8],
    set: bool,
    /// What follows up to the next comma are attributes of a cookie.
    attributes: bool,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = end(self.rest);
            let (pair, behind) = self.rest.split_at(end);
            let attribute = self.attributes;
            // A comma separates cookies in the oldest form of the field.
            match behind.split_first() {
                Some((b',', rest)) => (self.rest, self.attributes) = (rest, false),
                Some((_, rest)) => {
                    (self.rest, self.attributes) = (rest, self.set && (attribute || !trim(pair).is_empty()))
                }
                None => self.rest = &[],
            }
            let Some(equals) = memchr::memchr(b'=', pair).filter(|_| !attribute) else { continue };
            let (name, value) = pair.split_at(equals);
            let (name, value) = (trim(name), trim(value.get(1..).unwrap_or_default()));
            // `$Version` and its likes speak about cookies (RFC 2965).
            if name.first() != Some(&b'$') {
                return Some((name, value));
            }
        }
        None
    }
}

/// Up to the next `;` or `,` outside of quotes in the value.
fn end(text: &[u8]) -> usize {
    let (mut value, mut quoted, mut escaped) = (false, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if value => quoted = !quoted,
            b'=' => value = true,
            b';' | b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}
