//! Escaping for strings of JSON (RFC 8259).

use std::io::Write as _;
use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[Converter::new("json", SampleType::Str, SampleType::Str, escape)
    .args(ArgSpec::all(&[ArgKind::Str]))
    .check(check)];

/// How the input is read.
#[derive(Clone, Copy, Debug)]
enum Input {
    /// Every byte is a character.
    Ascii,
    Utf8 {
        /// Longer sequences than necessary are read as what they mean (`p`).
        permissive: bool,
        /// What is wrong is left out (`s`); else there is no value.
        silent: bool,
    },
}

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let input = match argument::text(args, 0) {
        b"" | b"ascii" => Input::Ascii,
        b"utf8" => Input::Utf8 { permissive: false, silent: false },
        b"utf8s" => Input::Utf8 { permissive: false, silent: true },
        b"utf8p" => Input::Utf8 { permissive: true, silent: false },
        b"utf8ps" => Input::Utf8 { permissive: true, silent: true },
        _ => {
            return Err("Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'"
                .to_owned());
        }
    };
    argument::replace(args, 0, Arg::Own(Arc::new(input)));
    Ok(())
}

fn escape<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let input = *args.first()?.own::<Input>()?;
    let Value::Str(text) = value else { return None };
    if text.iter().all(|byte| matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\' | b'/')) {
        return Some(Value::Str(text));
    }
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut rest = &*text;
    while let Some(first) = rest.first() {
        let length = match input {
            Input::Ascii => {
                character(u16::from(*first), &mut out);
                1
            }
            Input::Utf8 { permissive, silent } => {
                let (length, code) = sequence(rest);
                // The escape has four digits: no character beyond U+FFFF can be written.
                let code = code.filter(|code| permissive || !code.overlong);
                match code.and_then(|code| u16::try_from(code.character).ok()) {
                    Some(code) => character(code, &mut out),
                    None if silent => {}
                    None => return None,
                }
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Some(Value::str(out))
}

fn character(code: u16, out: &mut Vec<u8>) {
    let short = match code {
        0x22 => b'"',
        0x5c => b'\\',
        0x2f => b'/',
        0x08 => b'b',
        0x0c => b'f',
        0x0a => b'n',
        0x0d => b'r',
        0x09 => b't',
        0x20..=0x7e => return out.push(code as u8),
        _ => {
            let _ = write!(out, "\\u{code:04x}");
            return;
        }
    };
    out.extend([b'\\', short]);
}

struct Code {
    character: u32,
    overlong: bool,
}

/// The character at the start of a text and how many bytes it takes; none where they are no UTF-8, or a character that
/// may not be.
fn sequence(text: &[u8]) -> (usize, Option<Code>) {
    let Some(first) = text.first().copied() else { return (0, None) };
    let (length, bits, least) = match first {
        0x00..=0x7f => return (1, Some(Code { character: first.into(), overlong: false })),
        0xc0..=0xdf => (2, first & 0x1f, 0x80),
        0xe0..=0xef => (3, first & 0x0f, 0x800),
        0xf0..=0xf7 => (4, first & 0x07, 0x1_0000),
        0xf8..=0xfb => (5, first & 0x03, 0x20_0000),
        0xfc..=0xfd => (6, first & 0x01, 0x400_0000),
        _ => return (1, None),
    };
    let more = text.get(1..).unwrap_or_default().iter().take(length - 1).take_while(|byte| **byte & 0xc0 == 0x80);
    let (seen, character) =
        more.fold((1, u32::from(bits)), |(seen, code), byte| (seen + 1, code << 6 | u32::from(byte & 0x3f)));
    let whole = seen == length && !matches!(character, 0xd800..=0xdfff | 0xfffe..=0xffff);
    (seen, whole.then_some(Code { character, overlong: character < least }))
}
