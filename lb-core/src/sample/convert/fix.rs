//! Financial Information eXchange: messages of `tag=value` with a byte 1 behind each.

use super::text::cut;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("fix_is_valid", SampleType::Bin, SampleType::Bool, |_, value, _| {
        is_valid(value.raw()?).map(Value::Bool)
    }),
    Converter::new("fix_tag_value", SampleType::Bin, SampleType::Bin, fix_tag_value)
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(check_tag),
];

const END: u8 = 1;
/// `8=FIX.4.0|9=5|35=0|10=000|`.
const SHORTEST: usize = 26;
/// `10=000|`.
const CHECKSUM: usize = 7;
const VERSIONS: [&[u8]; 6] = [b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];

fn check_tag(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    const NAMES: [(&str, i64); 6] = [
        ("BeginString", 8),
        ("BodyLength", 9),
        ("MsgType", 35),
        ("CheckSum", 10),
        ("SenderCompID", 49),
        ("TargetCompID", 56),
    ];
    let word = argument::shown(args, 0);
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)).map(|(_, tag)| *tag);
    let tag = named.or_else(|| digits(word.as_bytes())).filter(|tag| *tag > 0);
    let tag = tag.ok_or_else(|| format!("Unknown FIX tag name '{word}'"))?;
    argument::replace(args, 0, Arg::Sint(tag));
    Ok(())
}

/// A number of digits alone.
fn digits(text: &[u8]) -> Option<i64> {
    let number = |number: i64, digit: &u8| {
        digit.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
    };
    if text.is_empty() { None } else { text.iter().try_fold(0, number) }
}

/// A field at the start of a text: its tag, and where its value begins and ends. `None` where it is none, or not whole.
fn field(text: &[u8], at: usize) -> Option<(i64, usize, usize)> {
    let rest = text.get(at..)?;
    let end = memchr::memchr(END, rest)?;
    let equals = memchr::memchr(b'=', rest.get(..end)?)?;
    Some((digits(rest.get(..equals)?)?, at + equals + 1, at + end))
}

fn fix_tag_value<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let wanted = argument::number(args, 0)?;
    let text = value.raw()?;
    let mut at = 0;
    let (start, end) = loop {
        let (tag, start, end) = field(text, at)?;
        if tag == wanted {
            break (start, end);
        }
        at = end + 1;
    };
    match value {
        Value::Str(bytes) | Value::Bin(bytes) if start < end => Some(Value::Bin(cut(bytes, start, end))),
        _ => None,
    }
}

/// Whether the text begins with a valid message; `None` where it has not come whole.
fn is_valid(text: &[u8]) -> Option<bool> {
    if text.len() < SHORTEST {
        return None;
    }
    let valid = |at: usize, wanted: i64| field(text, at).filter(|(tag, start, end)| *tag == wanted && start < end);
    let Some((_, start, end)) = valid(0, 8) else { return Some(false) };
    if !text.get(start..end).is_some_and(|version| VERSIONS.contains(&version)) {
        return Some(false);
    }
    let Some((_, start, end)) = valid(end + 1, 9) else { return Some(false) };
    let Some(length) = text.get(start..end).and_then(digits).and_then(|length| usize::try_from(length).ok()) else {
        return Some(false);
    };
    let body = end + 1;
    let Some(body_end) = body.checked_add(length) else { return Some(false) };
    let Some((_, _, mut at)) = valid(body, 35) else { return Some(false) };
    at += 1;
    while at < body_end && at < text.len() {
        let Some((_, _, end)) = field(text, at).filter(|(_, start, end)| start < end) else {
            // What is not whole may become so.
            let cut = text.len() < body_end + CHECKSUM && memchr::memchr(END, text.get(at..)?).is_none();
            return if cut { None } else { Some(false) };
        };
        at = end + 1;
    }
    let Some(trailer) = text.get(body_end..body_end.saturating_add(CHECKSUM)) else {
        let rest = text.get(body_end..).unwrap_or_default();
        return if memchr::memchr(END, rest).is_some() { Some(false) } else { None };
    };
    let sum = text.get(..body_end)?.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    Some(at == body_end && trailer == format!("10={sum:03}\x01").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 lets an empty value pass, against its manual.
    #[test]
    fn empty_values_are_not_valid() {
        assert_eq!(is_valid(b"8=FIX.4.4\x019=9\x0135=A\x0149=\x0110=099\x01"), Some(false));
    }
}
