//! Bytes as digits and the reverse.

use std::fmt::Write as _;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

const CHUNKS: &[ArgKind] = &[ArgKind::Str, ArgKind::Sint, ArgKind::Sint];

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("hex", SampleType::Bin, SampleType::Str, |_, value, _| Some(Value::str(hex(value.raw()?)))),
    Converter::new("hex2i", SampleType::Str, SampleType::Sint, |_, value, _| {
        hex_to_number(value.raw()?).map(Value::Sint)
    }),
    Converter::new("htonl", SampleType::Sint, SampleType::Bin, |_, value, _| {
        let Value::Sint(number) = value else { return None };
        Some(Value::Bin((number as u32).to_be_bytes().to_vec().into()))
    }),
    Converter::new("be2dec", SampleType::Bin, SampleType::Str, be2dec).args(ArgSpec::of(1, CHUNKS)).check(check_be2dec),
    Converter::new("be2hex", SampleType::Bin, SampleType::Str, be2hex).args(ArgSpec::of(1, CHUNKS)).check(check_be2hex),
];

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// The digits of a byte.
pub(super) fn hex_digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'))
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| hex_digits(*byte)).collect()
}

/// What the last 16 digits say; `None` where one is no digit.
fn hex_to_number(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0u64, |number, byte| Some(number << 4 | u64::from(char::from(*byte).to_digit(16)?)))
        .map(|number| number as i64)
}

fn check_be2dec(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let size = argument::number(args, 1).unwrap_or(0);
    if !(1..=8).contains(&size) {
        return Err(format!("chunk_size out of [1..8] range ({size})"));
    }
    check_truncate(args)
}

fn check_be2hex(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let size = argument::number(args, 1).unwrap_or(0);
    let truncate = argument::number(args, 2).unwrap_or(0) != 0;
    if size <= 0 && (truncate || !argument::text(args, 0).is_empty()) {
        return Err(format!("chunk_size needs to be positive ({size})"));
    }
    check_truncate(args)
}

fn check_truncate(args: &[Arg]) -> Result<(), String> {
    match argument::number(args, 2).unwrap_or(0) {
        0 | 1 => Ok(()),
        other => Err(format!("Unsupported truncate value ({other})")),
    }
}

/// The pieces of the size in the second argument; the last may be shorter, unless the third is set.
fn chunks<'v>(bytes: &'v [u8], args: &[Arg]) -> impl Iterator<Item = &'v [u8]> {
    let size = argument::number(args, 1).and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.unwrap_or(bytes.len().max(1));
    let truncate = argument::number(args, 2) == Some(1);
    bytes.chunks(size).filter(move |chunk| !truncate || chunk.len() == size)
}

fn be2dec<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let separator = args.first()?.text()?;
    let (mut out, mut digits) = (Vec::new(), String::new());
    for (index, chunk) in chunks(value.raw()?, args).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        digits.clear();
        let _ = write!(digits, "{}", chunk.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)));
        out.extend_from_slice(digits.as_bytes());
    }
    Some(Value::str(out))
}

fn be2hex<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let separator = argument::text(args, 0);
    let mut out = Vec::new();
    for (index, chunk) in chunks(value.raw()?, args).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        out.extend(chunk.iter().flat_map(|byte| hex_digits(*byte)));
    }
    Some(Value::str(out))
}
