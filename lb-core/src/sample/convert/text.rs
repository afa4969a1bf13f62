//! Strings: case, ends, comparison and concatenation.

use std::borrow::Cow;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

const fn text(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Str, SampleType::Str, run)
}

pub(super) const CONVERTERS: &[Converter] = &[
    text("lower", |_, value, _| {
        map(value, |text| match text.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => text,
        })
    }),
    text("upper", |_, value, _| {
        map(value, |text| match text.iter().any(u8::is_ascii_lowercase) {
            true => Cow::Owned(text.to_ascii_uppercase()),
            false => text,
        })
    }),
    text("cut_crlf", |_, value, _| {
        map(value, |text| {
            let end = memchr::memchr2(b'\r', b'\n', &text).unwrap_or(text.len());
            cut(text, 0, end)
        })
    }),
    text("ltrim", |_, value, args| {
        let chars = argument::text(args, 0);
        map(value, |text| {
            let start = text.iter().take_while(|byte| chars.contains(byte)).count();
            let end = text.len();
            cut(text, start, end)
        })
    })
    .args(ArgSpec::all(&[ArgKind::Str])),
    text("rtrim", |_, value, args| {
        let chars = argument::text(args, 0);
        map(value, |text| {
            let end = text.iter().rposition(|byte| !chars.contains(byte)).map_or(0, |last| last + 1);
            cut(text, 0, end)
        })
    })
    .args(ArgSpec::all(&[ArgKind::Str])),
    Converter::new("length", SampleType::Str, SampleType::Sint, |_, value, _| {
        value.raw().map(|text| Value::Sint(text.len() as i64))
    }),
    Converter::new("strcmp", SampleType::Str, SampleType::Sint, strcmp)
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(|args, _| argument::name_variable(args, 0)),
    text("concat", concat)
        .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str, ArgKind::Str]))
        .check(|args, _| optional_variable(args)),
    text("add_item", add_item).args(ArgSpec::of(2, &[ArgKind::Str, ArgKind::Str, ArgKind::Str])).check(check_add_item),
];

fn map<'a>(value: Value<'a>, change: impl FnOnce(Cow<'a, [u8]>) -> Cow<'a, [u8]>) -> Option<Value<'a>> {
    match value {
        Value::Str(text) => Some(Value::Str(change(text))),
        _ => None,
    }
}

/// A piece of a text, borrowed where the text is.
pub(super) fn cut(text: Cow<'_, [u8]>, start: usize, end: usize) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.drain(..start.min(text.len()));
            Cow::Owned(text)
        }
    }
}

/// As strcmp(3): the difference of the first bytes that differ, or which of both is longer.
fn strcmp<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let other = argument::variable(context, args, 0)?.cast(SampleType::Str)?;
    let (left, right) = (value.raw()?, other.raw()?);
    let different = left.iter().zip(right).find(|(left, right)| left != right);
    Some(Value::Sint(match different {
        Some((left, right)) => i64::from(*left) - i64::from(*right),
        None => left.len().cmp(&right.len()) as i64,
    }))
}

/// The second argument names a variable unless it is empty.
fn optional_variable(args: &mut [Arg]) -> Result<(), String> {
    match argument::text(args, 1) {
        [] => Ok(()),
        _ => argument::name_variable(args, 1),
    }
}

fn check_add_item(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if argument::text(args, 1).is_empty() && argument::text(args, 2).is_empty() {
        return Err("one of the optional arguments has to be nonempty".to_owned());
    }
    optional_variable(args)
}

/// The variable of the second argument as text; empty where there is none.
fn item(context: &Context<'_>, args: &[Arg]) -> Cow<'static, [u8]> {
    let text = argument::variable(context, args, 1).and_then(|value| value.cast(SampleType::Str));
    text.map(Value::into_bytes).unwrap_or_default()
}

fn concat<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    map(value, |text| {
        let mut text = text.into_owned();
        text.extend_from_slice(argument::text(args, 0));
        text.extend_from_slice(&item(context, args));
        text.extend_from_slice(argument::text(args, 2));
        Cow::Owned(text)
    })
}

fn add_item<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    map(value, |text| {
        let (item, suffix) = (item(context, args), argument::text(args, 2));
        if item.is_empty() && suffix.is_empty() {
            return text;
        }
        let mut text = text.into_owned();
        if !text.is_empty() {
            text.extend_from_slice(argument::text(args, 0));
        }
        text.extend_from_slice(&item);
        text.extend_from_slice(suffix);
        Cow::Owned(text)
    })
}
