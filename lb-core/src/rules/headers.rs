//! Actions on header fields (configuration.txt, `http-request replace-header` and its likes).

use crate::config::HeaderNames;
use crate::http::message::Head;
use crate::regex::{Regex, expand};

/// Whether `del-header` means this field. Names have no case; `reg` is compiled to ignore it.
pub fn is_named(names: &HeaderNames, name: &[u8]) -> bool {
    let lower = |text: &[u8]| text.to_ascii_lowercase();
    match names {
        HeaderNames::Exact(wanted) => name.eq_ignore_ascii_case(wanted.as_bytes()),
        HeaderNames::Prefix(start) => {
            name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
        }
        HeaderNames::Suffix(end) => {
            let from = name.len().checked_sub(end.len());
            from.and_then(|from| name.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
        }
        HeaderNames::Contains(part) => memchr::memmem::find(&lower(name), &lower(part.as_bytes())).is_some(),
        HeaderNames::Regex(regex) => regex.is_match(name),
    }
}

/// `replace-header`: each field of the name whose value matches gets a new one made of `by`, in which `\1` is the first
/// group. With `parts` (`replace-value`) each part between commas is a value of its own. Says whether `by` could be used
/// where it was needed.
pub fn replace(head: &mut Head, name: &str, regex: &Regex, by: &[u8], parts: bool) -> bool {
    let mut usable = true;
    let mut new_value = |value: &[u8]| {
        replaced(regex, value, by).unwrap_or_else(|_| {
            usable = false;
            None
        })
    };
    head.map_values(name, |value| {
        if !parts {
            return new_value(value);
        }
        let mut out = Vec::with_capacity(value.len());
        let mut changed = false;
        for (index, part) in split_values(value).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let trimmed = part.trim_ascii();
            let before = part.len() - part.trim_ascii_start().len();
            match new_value(trimmed) {
                Some(new) => {
                    // Blanks in front of it belong to it.
                    changed = true;
                    out.extend_from_slice(&new);
                }
                None => out.extend_from_slice(part.get(..before + trimmed.len()).unwrap_or_default()),
            }
            out.extend_from_slice(part.get(before + trimmed.len()..).unwrap_or_default());
        }
        changed.then_some(out)
    });
    usable
}

/// A text to replace something by ends within an escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenEscape;

/// What a value becomes; `None` where the expression does not match.
///
/// # Errors
/// It matches, and the last byte of `by` is a backslash that nothing follows.
pub fn replaced(regex: &Regex, value: &[u8], by: &[u8]) -> Result<Option<Vec<u8>>, OpenEscape> {
    let Some(captures) = regex.captures_at(value, 0) else { return Ok(None) };
    if by.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1 {
        return Err(OpenEscape);
    }
    let mut out = Vec::with_capacity(by.len());
    expand(by, &captures, value, &mut out);
    Ok(Some(out))
}

/// The parts of a field's value between commas that are not quoted.
pub fn split_values(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    })
}
