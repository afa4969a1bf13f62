//! The items of a `Cookie` field, and the parts of a cookie.

use std::ops::Range;

/// Where the parts of an item stand in the text it was found in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// All of it, without the blanks around it.
    pub(crate) whole: Range<usize>,
    /// The name, without blanks behind it.
    pub(crate) name: Range<usize>,
    /// The value behind `=`, without blanks around it; none without `=`.
    pub(crate) value: Option<Range<usize>>,
    /// Where the delimiter behind it stands, or the end of the text.
    pub(crate) end: usize,
}

impl Item {
    /// Whether blanks stand around its `=`.
    pub(crate) fn is_loose(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.start != self.name.end + 1)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b';' | b',')
}

fn is_blank_at(text: &[u8], at: usize) -> bool {
    text.get(at).copied().is_some_and(is_blank)
}

/// The item that begins at or behind `at`. Between quotes a delimiter of a value is none.
pub(crate) fn item(text: &[u8], at: usize) -> Item {
    let mut start = at;
    while is_blank_at(text, start) {
        start += 1;
    }
    let find = |from: usize, stop: fn(u8) -> bool| {
        let found = text.get(from..).and_then(|rest| rest.iter().position(|byte| stop(*byte)));
        found.map_or(text.len(), |at| from + at)
    };
    let trim = |from: usize, mut to: usize| {
        while to > from && is_blank_at(text, to - 1) {
            to -= 1;
        }
        to
    };
    let sign = find(start, |byte| byte == b'=' || is_delimiter(byte));
    let name = start..trim(start, sign);
    if text.get(sign) != Some(&b'=') {
        return Item { whole: name.clone(), name, value: None, end: sign };
    }
    let mut from = sign + 1;
    while is_blank_at(text, from) {
        from += 1;
    }
    let end = value_end(text, from);
    let value = from.min(end)..trim(from.min(end), end);
    Item { whole: start..value.end.max(sign + 1), name, value: Some(value), end }
}

/// Where a value ends that begins at `from`: at a delimiter outside of quotes.
fn value_end(text: &[u8], from: usize) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().copied().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && is_delimiter(byte) => return at,
            _ => {}
        }
    }
    text.len()
}

/// All items of a field, empty ones between two delimiters included.
pub(crate) fn items(text: &[u8]) -> impl Iterator<Item = Item> {
    let mut next = (!text.is_empty()).then_some(0);
    std::iter::from_fn(move || {
        let item = item(text, next?);
        next = (item.end < text.len()).then_some(item.end + 1);
        Some(item)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn items_of_a_field() {
        let text = br#" a = "b;c" ; d,X=B\;;e= ;f"#;
        let parts: Vec<(&[u8], Option<&[u8]>)> = items(text)
            .map(|item| (text.get(item.name).unwrap(), item.value.map(|value| text.get(value).unwrap())))
            .collect();
        let expected: [(&[u8], Option<&[u8]>); 6] = [
            (b"a", Some(br#""b;c""#)),
            (b"d", None),
            (b"X", Some(br"B\")),
            (b"", None),
            (b"e", Some(b"")),
            (b"f", None),
        ];
        assert_eq!(parts, expected);
        assert_eq!(items(b"a;").count(), 2);
        assert_eq!(items(b"").count(), 0);
    }
}
