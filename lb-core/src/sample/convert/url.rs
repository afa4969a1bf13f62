//! Percent encoding (RFC 3986).

use std::borrow::Cow;

use super::binary::hex_digits;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("url_dec", SampleType::Str, SampleType::Str, decode).args(ArgSpec::of(0, &[ArgKind::Sint])),
    Converter::new("url_enc", SampleType::Str, SampleType::Str, |_, value, _| Some(Value::Str(encode(value)?)))
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(check_encode),
];

/// There is no value where a `%` is not followed by two digits.
fn decode<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    if memchr::memchr2(b'%', b'+', &text).is_none() {
        return Some(Value::Str(text));
    }
    let mut form = argument::number(args, 0).unwrap_or(0) != 0;
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => (digit(bytes.next())? << 4 | digit(bytes.next())?) as u8,
            b'+' if form => b' ',
            _ => {
                form |= *byte == b'?';
                *byte
            }
        });
    }
    Some(Value::str(out))
}

fn check_encode(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match argument::text(args, 0) {
        b"" | b"query" => Ok(()),
        _ => Err("Unexpected encode type. Allowed value is 'query'".to_owned()),
    }
}

/// Everything but unreserved characters is encoded.
fn encode(value: Value<'_>) -> Option<Cow<'_, [u8]>> {
    let Value::Str(text) = value else { return None };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if text.iter().all(plain) {
        return Some(text);
    }
    let mut out = Vec::with_capacity(text.len() * 3);
    for byte in text.iter() {
        match plain(byte) {
            true => out.push(*byte),
            false => {
                out.push(b'%');
                out.extend(hex_digits(*byte));
            }
        }
    }
    Some(Cow::Owned(out))
}
