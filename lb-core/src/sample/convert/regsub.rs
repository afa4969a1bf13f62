//! `regsub`: what sed does with `s/regex/text/`.

use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};
use crate::regex::Regex;

pub(super) const CONVERTERS: &[Converter] = &[Converter::new("regsub", SampleType::Str, SampleType::Str, regsub)
    .args(ArgSpec::of(2, &[ArgKind::Regex, ArgKind::Str, ArgKind::Str]))
    .check(check)];

/// A piece of the text that is put in.
enum Piece {
    Text(Vec<u8>),
    /// What a group matched; 0 is the whole match.
    Group(usize),
}

struct Substitution {
    pieces: Vec<Piece>,
    /// Every match is replaced, not the first alone.
    all: bool,
}

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let (mut all, mut ignore_case) = (false, false);
    for flag in argument::shown(args, 2).chars() {
        match flag {
            'g' => all = true,
            'i' => ignore_case = true,
            other => return Err(format!("invalid regex flag '{other}', only 'i' and 'g' are supported")),
        }
    }
    if ignore_case && let Some(Arg::Regex(_, text)) = args.first() {
        let text = text.clone();
        let regex = Regex::new(&text, true).map_err(|error| error.to_string())?;
        argument::replace(args, 0, Arg::Regex(regex, text));
    }
    let pieces = pieces(argument::text(args, 1))?;
    argument::replace(args, 1, Arg::Own(Arc::new(Substitution { pieces, all })));
    Ok(())
}

/// `\0` to `\9` are groups, `\x` and two digits a byte, and any other character behind a backslash is itself.
fn pieces(text: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut bytes = text.iter().copied();
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).map(|digit| digit as u8);
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(group @ b'0'..=b'9') => {
                    pieces.extend([Piece::Text(std::mem::take(&mut plain)), Piece::Group(usize::from(group - b'0'))]);
                }
                Some(b'x') => match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => plain.push(high << 4 | low),
                    _ => return Err("'\\x' must be followed by two hexadecimal digits".to_owned()),
                },
                Some(other) => plain.push(other),
                None => return Err("a backslash must be followed by a character".to_owned()),
            },
            other => plain.push(other),
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

fn regsub<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let (Some(Arg::Regex(regex, _)), Some(substitution)) = (args.first(), args.get(1)?.own::<Substitution>()) else {
        return None;
    };
    let Value::Str(text) = value else { return None };
    let mut out = Vec::new();
    let (mut from, mut copied) = (0, 0);
    while from <= text.len()
        && let Some(found) = regex.captures_at(&text, from)
        && let Some(whole) = found.range(0)
    {
        out.extend_from_slice(text.get(copied..whole.start).unwrap_or_default());
        for piece in &substitution.pieces {
            match piece {
                Piece::Text(plain) => out.extend_from_slice(plain),
                Piece::Group(group) => out.extend_from_slice(found.get(*group, &text).unwrap_or_default()),
            }
        }
        copied = whole.end;
        from = whole.end + usize::from(whole.is_empty());
        if !substitution.all {
            from = text.len() + 1;
        }
    }
    if from == 0 {
        return Some(Value::Str(text));
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Some(Value::str(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 accepts these and makes a string of a negative length.
    #[test]
    fn escapes_are_whole() {
        assert!(pieces(br"\").is_err());
        assert!(pieces(br"\x4").is_err());
        assert!(pieces(br"\x41\\\9").is_ok());
    }
}
