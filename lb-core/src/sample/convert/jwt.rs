//! JSON Web Tokens in their compact form (RFC 7519, RFC 7515).

mod key;
mod verify;

use std::borrow::Cow;

use super::{ArgKind, ArgSpec, Converter, SampleType, Value, base64, json_query};

pub(super) const CONVERTERS: &[Converter] = &[
    query("jwt_header_query", |_, value, args| part(value, 0, args)),
    query("jwt_payload_query", |_, value, args| part(value, 1, args)),
    Converter::new("jwt_verify", SampleType::Bin, SampleType::Sint, verify::jwt_verify)
        .args(ArgSpec::all(&[ArgKind::Str, ArgKind::Str]))
        .check(verify::check),
];

const fn query(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Bin, SampleType::Any, run)
        .args(ArgSpec::of(0, &[ArgKind::Str, ArgKind::Str]))
        .check(json_query::check_query)
}

/// A part of a token: what the arguments ask of it, or all of it.
fn part<'a>(value: Value<'a>, index: usize, args: &'a [super::Arg]) -> Option<Value<'a>> {
    let token = value.raw()?;
    let decoded = base64::decode_url(token.split(|byte| *byte == b'.').nth(index)?)?;
    match args.first().is_some_and(|path| path.own::<json_query::Path>().is_some()) {
        true => json_query::query(Cow::Owned(decoded), args),
        false => Some(Value::str(decoded)),
    }
}
