//! Pieces of a value: `field`, `word` and `bytes`.

use super::text::cut;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

const PIECE: ArgSpec = ArgSpec::of(2, &[ArgKind::Sint, ArgKind::Str, ArgKind::Sint]);

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("field", SampleType::Str, SampleType::Str, field).args(PIECE).check(check_piece),
    Converter::new("word", SampleType::Str, SampleType::Str, word).args(PIECE).check(check_piece),
    Converter::new("bytes", SampleType::Bin, SampleType::Bin, bytes)
        .args(ArgSpec::of(1, &[ArgKind::Sint, ArgKind::Sint])),
];

fn check_piece(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if argument::number(args, 0) == Some(0) {
        return Err("Unexpected value 0 for index".to_owned());
    }
    match argument::text(args, 1) {
        [] => Err("Empty separators list".to_owned()),
        _ => Ok(()),
    }
}

/// Which pieces are asked for.
struct Wanted<'a> {
    index: i64,
    delimiters: &'a [u8],
    /// `None` for all from the index on.
    count: Option<u64>,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a [Arg]) -> Option<Self> {
        let count = argument::number(args, 2).unwrap_or(1);
        let count = (count > 0).then_some(count.unsigned_abs());
        Some(Self { index: argument::number(args, 0)?, delimiters: argument::text(args, 1), count })
    }

    fn is_delimiter(&self, byte: u8) -> bool {
        match self.delimiters {
            [only] => byte == *only,
            many => many.contains(&byte),
        }
    }

    /// Where the pieces are, found by `walk`, which reads bytes one after the other: from the front, or from the back
    /// where the index is negative.
    fn find(
        &self,
        text: &[u8],
        walk: impl Fn(&mut dyn Iterator<Item = bool>, u64, Option<u64>) -> Option<(usize, usize)>,
    ) -> Option<(usize, usize)> {
        let index = self.index.unsigned_abs();
        if self.index > 0 {
            return walk(&mut text.iter().map(|byte| self.is_delimiter(*byte)), index, self.count);
        }
        let (start, end) = walk(&mut text.iter().rev().map(|byte| self.is_delimiter(*byte)), index, self.count)?;
        Some((text.len() - end, text.len() - start))
    }
}

/// Fields: between any two delimiters there is one, even if it is empty.
fn walk_fields(delimiters: &mut dyn Iterator<Item = bool>, index: u64, count: Option<u64>) -> Option<(usize, usize)> {
    let mut delimiters = delimiters.enumerate();
    let mut start = 0;
    for _ in 1..index {
        start = delimiters.find(|(_, delimiter)| *delimiter)?.0 + 1;
    }
    let mut left = count;
    let mut end = start;
    for (at, delimiter) in delimiters {
        if delimiter && let Some(count) = &mut left {
            *count -= 1;
            if *count == 0 {
                return Some((start, at));
            }
        }
        end = at + 1;
    }
    Some((start, end))
}

/// Words: delimiters in a row are one, and those at the ends do not count.
fn walk_words(delimiters: &mut dyn Iterator<Item = bool>, index: u64, count: Option<u64>) -> Option<(usize, usize)> {
    let (mut before, mut seen, mut start, mut length) = (true, 0u64, None, 0);
    for (at, delimiter) in delimiters.enumerate() {
        if before && !delimiter {
            seen += 1;
            if seen == index {
                start = Some(at);
            }
        } else if !before
            && delimiter
            && let (Some(start), Some(count)) = (start, count)
            && seen >= index.saturating_add(count - 1)
        {
            return Some((start, at));
        }
        before = delimiter;
        length = at + 1;
    }
    start.map(|start| (start, length))
}

fn field<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let (start, end) = Wanted::new(args)?.find(&text, walk_fields)?;
    Some(Value::Str(cut(text, start, end)))
}

/// A word that is not there is an empty one.
fn word<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let (start, end) = Wanted::new(args)?.find(&text, walk_words).unwrap_or_default();
    Some(Value::Str(cut(text, start, end)))
}

/// What is not there is empty; a negative length is all there is.
fn bytes<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let length = value.raw()?.len();
    let start = usize::try_from(argument::number(args, 0)?).unwrap_or(length).min(length);
    let wanted = argument::number(args, 1).and_then(|wanted| usize::try_from(wanted).ok());
    let end = wanted.map_or(length, |wanted| start.saturating_add(wanted).min(length));
    match value {
        Value::Str(text) => Some(Value::Str(cut(text, start, end))),
        Value::Bin(bytes) => Some(Value::Bin(cut(bytes, start, end))),
        _ => None,
    }
}
