//! Escapes outside of character classes, and what they have in common with those within.

use super::pcre::{Fault, fault, unsupported};

/// What an escape stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// One byte.
    Byte(u8),
    /// A set of bytes, in the syntax of the engines.
    Class(&'static str),
    /// A place.
    Assertion(&'static str),
    /// Something that only one engine has.
    Fancy(&'static str),
    /// `\Q`: this part of the pattern as it is.
    Quoted(usize, usize),
    /// What a group matched; the offset is for errors.
    Group(usize, usize),
    /// The same, counted back from here.
    Before(usize, usize),
    /// The same by name.
    Name(Vec<u8>, usize),
}

/// Appends a byte that stands for itself.
pub(super) fn literal(byte: u8, out: &mut String) {
    match byte {
        byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
        byte => out.push_str(&format!("\\x{byte:02x}")),
    }
}

/// Reads the escape at `at`, which is behind it then. `groups` is how many have numbers.
pub(super) fn read(pattern: &[u8], at: &mut usize, groups: usize) -> Result<Escape, Fault> {
    let start = *at;
    let Some(byte) = pattern.get(start + 1).copied() else {
        return Err(fault("\\ at end of pattern", pattern.len()));
    };
    *at += 2;
    Ok(match byte {
        b'd' => Escape::Class("\\d"),
        b'D' => Escape::Class("\\D"),
        b'w' => Escape::Class("\\w"),
        b'W' => Escape::Class("\\W"),
        b's' => Escape::Class("\\s"),
        b'S' => Escape::Class("\\S"),
        b'h' => Escape::Class("[\\t \\xa0]"),
        b'H' => Escape::Class("[^\\t \\xa0]"),
        b'v' => Escape::Class("[\\n\\x0b\\x0c\\r\\x85]"),
        b'V' => Escape::Class("[^\\n\\x0b\\x0c\\r\\x85]"),
        b'R' => Escape::Class("(?:\\r\\n|[\\n\\x0b\\x0c\\r\\x85])"),
        b'N' if pattern.get(*at) == Some(&b'{') => {
            return Err(fault("\\N{U+dddd} is supported only in Unicode (UTF) mode", start + 2));
        }
        b'N' => Escape::Class("[^\\n]"),
        b'b' => Escape::Assertion("\\b"),
        b'B' => Escape::Assertion("\\B"),
        b'A' => Escape::Assertion("\\A"),
        b'z' => Escape::Assertion("\\z"),
        b'Z' => Escape::Fancy("(?=\\n?\\z)"),
        b'K' => Escape::Fancy("\\K"),
        b'E' => Escape::Quoted(start, start),
        b'Q' => {
            let rest = pattern.get(*at..).unwrap_or_default();
            let end = memchr::memmem::find(rest, b"\\E");
            let quoted = Escape::Quoted(*at, *at + end.unwrap_or(rest.len()));
            *at += end.map_or(rest.len(), |end| end + 2);
            quoted
        }
        b'X' | b'C' | b'G' | b'p' | b'P' => {
            return Err(unsupported(&format!("\\{}", char::from(byte)), start + 1));
        }
        b'k' => match pattern.get(*at) {
            Some(b'{') => named(pattern, at, b'}')?,
            Some(b'<') => named(pattern, at, b'>')?,
            Some(b'\'') => named(pattern, at, b'\'')?,
            _ => {
                let message = "\\k is not followed by a braced, angle-bracketed, or quoted name";
                return Err(fault(message, start + 2));
            }
        },
        b'g' => group(pattern, at, start)?,
        b'1'..=b'9' => {
            let digits = pattern.iter().skip(start + 1).take_while(|byte| byte.is_ascii_digit()).count();
            let number = number(pattern.get(start + 1..start + 1 + digits).unwrap_or_default());
            match number {
                1..=9 => Escape::Group(number, start + 1),
                _ if number > groups && byte < b'8' => Escape::Byte(octal(pattern, at, start + 1)),
                _ => {
                    *at = start + 1 + digits;
                    Escape::Group(number, start + digits)
                }
            }
        }
        _ => Escape::Byte(byte_escape(pattern, at, start, byte)?),
    })
}

/// Escapes that stand for one byte, within classes and outside.
pub(super) fn byte_escape(pattern: &[u8], at: &mut usize, start: usize, byte: u8) -> Result<u8, Fault> {
    Ok(match byte {
        b'a' => 0x07,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0'..=b'7' => octal(pattern, at, start + 1),
        b'x' if pattern.get(*at) == Some(&b'{') => braced(pattern, at, 16)?,
        b'o' if pattern.get(*at) == Some(&b'{') => braced(pattern, at, 8)?,
        b'x' => {
            let digits = pattern.iter().skip(*at).take(2).map_while(|digit| char::from(*digit).to_digit(16));
            let (value, length) = digits.fold((0, 0), |(value, length), digit| (value << 4 | digit, length + 1));
            *at += length;
            value as u8
        }
        b'c' => {
            let control = pattern.get(*at).copied();
            let control = control.ok_or_else(|| fault("\\c at end of pattern", pattern.len()))?;
            *at += 1;
            control.to_ascii_uppercase() ^ 0x40
        }
        b'u' | b'U' | b'l' | b'L' | b'F' => {
            let message = "PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u";
            return Err(fault(message, start + 2));
        }
        byte if byte.is_ascii_alphanumeric() => {
            return Err(fault("unrecognized character follows \\", start + 1));
        }
        byte => byte,
    })
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0usize, |n, digit| n.saturating_mul(10).saturating_add(usize::from(digit.wrapping_sub(b'0'))))
}

/// Up to three octal digits.
fn octal(pattern: &[u8], at: &mut usize, start: usize) -> u8 {
    let digits = pattern.iter().skip(start).take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
    let (value, length) =
        digits.fold((0u32, 0), |(value, length), digit| (value << 3 | u32::from(digit - b'0'), length + 1));
    *at = start + length;
    value as u8
}

/// `{…}` behind `\x` and `\o`.
fn braced(pattern: &[u8], at: &mut usize, radix: u32) -> Result<u8, Fault> {
    let mut value = 0u32;
    let mut end = *at + 1;
    while let Some(digit) = pattern.get(end).and_then(|digit| char::from(*digit).to_digit(radix)) {
        value = value.saturating_mul(radix).saturating_add(digit);
        end += 1;
    }
    if value > 255 {
        return Err(fault("character code point value in \\x{} or \\o{} is too large", end));
    }
    if pattern.get(end) != Some(&b'}') || end == *at + 1 {
        return Err(fault("digits missing in \\x{} or \\o{} or \\N{U+}", end));
    }
    *at = end + 1;
    Ok(value as u8)
}

/// A name between a delimiter at `at` and another one.
fn named(pattern: &[u8], at: &mut usize, end: u8) -> Result<Escape, Fault> {
    let (name, behind) = name(pattern, *at + 1, end)?;
    *at = behind;
    Ok(Escape::Name(name, behind - 1))
}

/// A name up to a delimiter, and the place behind that.
pub(super) fn name(pattern: &[u8], start: usize, end: u8) -> Result<(Vec<u8>, usize), Fault> {
    let rest = pattern.get(start..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let name = rest.get(..length).unwrap_or_default();
    if name.is_empty() {
        return Err(fault("subpattern name expected", start));
    }
    if name.first().is_some_and(u8::is_ascii_digit) {
        return Err(fault("subpattern name must start with a non-digit", start));
    }
    if rest.get(length) != Some(&end) {
        return Err(fault("syntax error in subpattern name (missing terminator?)", start + length));
    }
    Ok((name.to_vec(), start + length + 1))
}

/// `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`.
fn group(pattern: &[u8], at: &mut usize, start: usize) -> Result<Escape, Fault> {
    let braces = pattern.get(*at) == Some(&b'{');
    let from = *at + usize::from(braces);
    let back = pattern.get(from) == Some(&b'-');
    let first = from + usize::from(back);
    let digits = pattern.iter().skip(first).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 && braces && !back {
        return named(pattern, at, b'}');
    }
    let end = first + digits;
    if digits == 0 || braces && pattern.get(end) != Some(&b'}') {
        let message = "a numbered reference must not be zero";
        return Err(fault(message, start + 2));
    }
    let number = number(pattern.get(first..end).unwrap_or_default());
    *at = end + usize::from(braces);
    Ok(match back {
        true => Escape::Before(number, start + 2),
        false => Escape::Group(number, *at - 1),
    })
}
