//! Character classes: `[a-z[:digit:]\w]`.

use super::escape;
use super::pcre::{Fault, fault};

/// A member of a class.
enum Member {
    /// A byte, which may begin or end a range.
    Byte(u8),
    /// A set, in the syntax of the engines.
    Set(String),
    /// Nothing: `\E`.
    Nothing,
}

/// Names of sets within classes.
const NAMES: [&str; 14] = [
    "alpha", "lower", "upper", "alnum", "ascii", "blank", "cntrl", "digit", "graph", "print", "punct", "space", "word",
    "xdigit",
];

/// The index of the `]` that ends the class at `at`; of the last byte where none does.
pub(super) fn end(pattern: &[u8], at: usize) -> usize {
    let (mut at, mut out) = (at, String::new());
    match read(pattern, &mut at, &mut out) {
        Ok(()) => at - 1,
        Err(_) => pattern.len(),
    }
}

/// Reads the class at `at`, which is behind it then.
pub(super) fn read(pattern: &[u8], at: &mut usize, out: &mut String) -> Result<(), Fault> {
    let open = *at;
    if named(pattern, open).is_some() {
        return Err(fault("POSIX named classes are supported only within a class", open));
    }
    *at += 1;
    out.push('[');
    if pattern.get(*at) == Some(&b'^') {
        out.push('^');
        *at += 1;
    }
    let mut first = true;
    loop {
        match pattern.get(*at) {
            None => return Err(fault("missing terminating ] for character class", pattern.len())),
            Some(b']') if !first => break,
            Some(_) => first = false,
        }
        if pattern.get(*at..).unwrap_or_default().starts_with(b"\\Q") {
            quoted(pattern, at, out);
            continue;
        }
        match member(pattern, at)? {
            Member::Nothing => {}
            Member::Byte(low) => match range_end(pattern, at)? {
                Some(high) if high < low => {
                    return Err(fault("range out of order in character class", *at - 1));
                }
                Some(high) => {
                    escape::literal(low, out);
                    out.push('-');
                    escape::literal(high, out);
                }
                None => escape::literal(low, out),
            },
            Member::Set(set) => {
                // `[\d-]` is a set and a minus, `[\d-z]` is nothing.
                let rest = pattern.get(*at..).unwrap_or_default();
                if matches!(rest, [b'-', next, ..] if *next != b']') {
                    return Err(fault("invalid range in character class", *at));
                }
                out.push_str(&set);
            }
        }
    }
    *at += 1;
    out.push(']');
    Ok(())
}

/// `\Q…\E`.
fn quoted(pattern: &[u8], at: &mut usize, out: &mut String) {
    let rest = pattern.get(*at + 2..).unwrap_or_default();
    let end = memchr::memmem::find(rest, b"\\E");
    for byte in rest.get(..end.unwrap_or(rest.len())).unwrap_or_default() {
        escape::literal(*byte, out);
    }
    *at += 2 + end.map_or(rest.len(), |end| end + 2);
}

/// The end of a range, if `-` and something that may end it follow.
fn range_end(pattern: &[u8], at: &mut usize) -> Result<Option<u8>, Fault> {
    if !matches!(pattern.get(*at..).unwrap_or_default(), [b'-', next, ..] if *next != b']') {
        return Ok(None);
    }
    *at += 1;
    let start = *at;
    match member(pattern, at)? {
        Member::Byte(high) => Ok(Some(high)),
        Member::Nothing => Ok(None),
        Member::Set(_) => {
            let offset = if pattern.get(start) == Some(&b'[') { start + 1 } else { *at };
            Err(fault("invalid range in character class", offset))
        }
    }
}

fn member(pattern: &[u8], at: &mut usize) -> Result<Member, Fault> {
    let start = *at;
    let byte = pattern.get(start).copied().unwrap_or_default();
    if byte == b'['
        && let Some((kind, length)) = named(pattern, start)
    {
        let name = pattern.get(start + 2..start + length - 2).unwrap_or_default();
        if kind != b':' {
            return Err(fault("POSIX collating elements are not supported", start));
        }
        let plain = name.strip_prefix(b"^").unwrap_or(name);
        if !NAMES.iter().any(|known| known.as_bytes() == plain) {
            return Err(fault("unknown POSIX class name", start + 2));
        }
        *at += length;
        return Ok(Member::Set(format!("[:{}:]", String::from_utf8_lossy(name))));
    }
    *at += 1;
    if byte != b'\\' {
        return Ok(Member::Byte(byte));
    }
    let Some(byte) = pattern.get(start + 1).copied() else {
        return Err(fault("\\ at end of pattern", pattern.len()));
    };
    *at += 1;
    Ok(match byte {
        b'd' | b'D' | b'w' | b'W' | b's' | b'S' => Member::Set(format!("\\{}", char::from(byte))),
        b'h' => Member::Set("\\t \\xa0".replace(' ', "\\x20")),
        b'v' => Member::Set("\\n\\x0b\\x0c\\r\\x85".to_owned()),
        b'H' => Member::Set("[^\\t\\x20\\xa0]".to_owned()),
        b'V' => Member::Set("[^\\n\\x0b\\x0c\\r\\x85]".to_owned()),
        b'b' => Member::Byte(0x08),
        b'E' => Member::Nothing,
        b'B' | b'R' | b'X' | b'N' => {
            return Err(fault("escape sequence is invalid in character class", start + 1));
        }
        b'p' | b'P' => return Err(super::pcre::unsupported(&format!("\\{}", char::from(byte)), start + 1)),
        byte => Member::Byte(escape::byte_escape(pattern, at, start, byte)?),
    })
}

/// Whether `[:name:]`, `[.x.]` or `[=x=]` is at a place: which, and its length.
fn named(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = pattern.get(at + 1..)?;
    let kind = rest.first().copied().filter(|kind| matches!(kind, b':' | b'.' | b'='))?;
    let inside = rest.get(1..)?;
    let length = inside.windows(2).position(|pair| pair == [kind, b']'])?;
    let name = inside.get(..length)?;
    let plain = name.strip_prefix(b"^").unwrap_or(name);
    plain.iter().all(|byte| byte.is_ascii_alphanumeric()).then_some((kind, length + 4))
}
