//! Constants, the date and chance (configuration.txt, section 7.3.2).

use super::{ANYWHERE, Arg, ArgSpec, Context, Fetch, SampleType, Scope, Value};
use crate::balance::random;
use crate::sample::ArgKind;
use crate::sample::variable::VariableName;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(ANYWHERE, "always_false", SampleType::Bool, |_, _| Some(Value::Bool(false))),
    Fetch::one(ANYWHERE, "always_true", SampleType::Bool, |_, _| Some(Value::Bool(true))),
    Fetch::one(ANYWHERE, "bin", SampleType::Bin, |_, args| args.first()?.text().map(|bytes| Value::Bin(bytes.into())))
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(check_bin),
    Fetch::one(ANYWHERE, "bool", SampleType::Bool, constant).args(ArgSpec::all(&[ArgKind::Str])).check(check_bool),
    Fetch::one(ANYWHERE, "date", SampleType::Sint, date)
        .args(ArgSpec::of(0, &[ArgKind::Sint, ArgKind::Str]))
        .check(check_date),
    Fetch::one(ANYWHERE, "date_us", SampleType::Sint, |context, _| {
        Some(Value::Sint(context.date().subsec_micros().into()))
    }),
    Fetch::one(ANYWHERE, "env", SampleType::Str, |_, args| args.first()?.text().map(Value::str))
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(check_env),
    Fetch::one(ANYWHERE, "int", SampleType::Sint, |_, args| args.first()?.number().map(Value::Sint))
        .args(ArgSpec::all(&[ArgKind::Sint])),
    Fetch::one(ANYWHERE, "ipv4", SampleType::Ipv4, |_, args| match args.first()? {
        Arg::Ipv4(address) => Some(Value::Ipv4(*address)),
        _ => None,
    })
    .args(ArgSpec::all(&[ArgKind::Ipv4])),
    Fetch::one(ANYWHERE, "ipv6", SampleType::Ipv6, |_, args| match args.first()? {
        Arg::Ipv6(address) => Some(Value::Ipv6(*address)),
        _ => None,
    })
    .args(ArgSpec::all(&[ArgKind::Ipv6])),
    Fetch::one(ANYWHERE, "meth", SampleType::Meth, |_, args| args.first()?.text().map(|text| Value::Meth(text.into())))
        .args(ArgSpec::all(&[ArgKind::Str])),
    Fetch::one(ANYWHERE, "rand", SampleType::Sint, rand).args(ArgSpec::of(0, &[ArgKind::Sint])),
    Fetch::one(ANYWHERE, "str", SampleType::Str, |_, args| args.first()?.text().map(Value::str))
        .args(ArgSpec::all(&[ArgKind::Str])),
    Fetch::one(ANYWHERE, "uuid", SampleType::Str, |_, _| Some(Value::text(uuid(random(), random()))))
        .args(ArgSpec::of(0, &[ArgKind::Sint]))
        .check(check_uuid),
    Fetch::one(ANYWHERE, "var", SampleType::Any, var)
        .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str]))
        .check(check_var),
];

fn first_text(args: &[Arg]) -> String {
    String::from_utf8_lossy(args.first().and_then(Arg::text).unwrap_or_default()).into_owned()
}

/// A constant that its check function made.
fn constant<'a>(_: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    match args.first()? {
        Arg::Value(value) => Some(value.clone()),
        _ => None,
    }
}

fn check_bin(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let text = first_text(args);
    if text.is_empty() {
        // HAProxy's text is "(null)".
        return Err("an hex string is expected".into());
    }
    if text.len() % 2 == 1 {
        return Err("an even number of hex digit is expected".into());
    }
    if let Some(found) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("an hex digit is expected (found '{found}')"));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    let bytes: Box<[u8]> =
        text.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |n, b| n << 4 | digit(*b))).collect();
    if let Some(first) = args.first_mut() {
        *first = Arg::Str(bytes);
    }
    Ok(())
}

fn check_bool(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let value = match first_text(args).to_ascii_lowercase().as_str() {
        "1" | "true" => true,
        "0" | "false" => false,
        _ => return Err("Expects 'true', 'false', '0' or '1'".into()),
    };
    if let Some(first) = args.first_mut() {
        *first = Arg::Value(Value::Bool(value));
    }
    Ok(())
}

fn check_date(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if let Some(unit) = args.get_mut(1)
        && let Some(text) = unit.text()
    {
        let per_second = match text {
            b"s" => 1,
            b"ms" => 1000,
            b"us" => 1_000_000,
            other => return Err(format!("expects 's', 'ms' or 'us', got '{}'", String::from_utf8_lossy(other))),
        };
        *unit = Arg::Sint(per_second);
    }
    Ok(())
}

/// `date([offset[,unit]])`, where the unit is what its check function made of it: units in a second.
fn date<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let date = context.date();
    let now = match args.get(1).and_then(Arg::number) {
        Some(1000) => date.as_millis(),
        Some(1_000_000) => date.as_micros(),
        _ => date.as_secs().into(),
    };
    let offset = args.first().and_then(Arg::number).unwrap_or(0);
    Some(Value::Sint(i64::try_from(now).unwrap_or(i64::MAX).saturating_add(offset)))
}

/// Variables are read when the configuration is. One that is not set has no value.
fn check_env(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    use std::os::unix::ffi::OsStringExt;
    let name = first_text(args);
    let usable = !name.is_empty() && !name.contains(['=', '\0']);
    let value = if usable { std::env::var_os(name) } else { None };
    if let Some(first) = args.first_mut() {
        *first = value.map_or(Arg::Absent, |value| Arg::Str(value.into_vec().into()));
    }
    Ok(())
}

fn rand<'a>(_: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let number = i128::from(random() >> 32);
    let range = args.first().and_then(Arg::number).map_or(1 << 32, i128::from);
    i64::try_from((number * range) >> 32).ok().map(Value::Sint)
}

fn check_uuid(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match args.first().and_then(Arg::number) {
        None | Some(4) => Ok(()),
        Some(other) => Err(format!("Unsupported UUID version: '{other}'")),
    }
}

/// A UUID of version 4 (RFC 9562, section 5.4) of 128 random bits.
fn uuid(high: u64, low: u64) -> String {
    let high = high & !0xf000 | 0x4000;
    let low = low & (u64::MAX >> 2) | 1 << 63;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

fn check_var(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    let name = first_text(args);
    if name.is_empty() {
        return Err("Empty variable name cannot be accepted".into());
    }
    if let Some(first) = args.first_mut() {
        let name = VariableName::parse(&name)?;
        scope.names.used.note_variable(&name);
        *first = Arg::Variable(name);
    }
    Ok(())
}

fn var<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Some(Arg::Variable(name)) = args.first() else { return None };
    context.variable(name).or_else(|| args.get(1)?.text().map(Value::str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_carry_their_version() {
        assert_eq!(uuid(0, 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef), "01234567-89ab-4def-8123-456789abcdef");
    }
}
