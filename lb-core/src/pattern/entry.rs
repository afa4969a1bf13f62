//! Entries of ACLs and maps: a key as it was written, and in maps a value.

use std::fmt;

/// An entry. It never changes; `set map` puts another one with the same number in its place.
#[derive(PartialEq, Eq)]
pub struct Entry {
    /// Names it for as long as it exists, and tells which of two is older.
    number: u64,
    /// Key and value, one behind the other: a million entries should be two million allocations, not four.
    text: Box<[u8]>,
    key_length: u32,
    has_value: bool,
}

impl Entry {
    pub(crate) fn new(number: u64, key: &[u8], value: Option<&[u8]>) -> Self {
        let mut text = Vec::with_capacity(key.len() + value.map_or(0, <[u8]>::len));
        text.extend_from_slice(key);
        text.extend_from_slice(value.unwrap_or_default());
        // Keys come from lines and words, which are far shorter than 4 GB; a longer one would lose its end.
        let key_length = u32::try_from(key.len()).unwrap_or(u32::MAX);
        Self { number, text: text.into(), key_length, has_value: value.is_some() }
    }

    /// Names it in `show map` and for `del map #...`.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The pattern as it was written.
    pub fn key(&self) -> &[u8] {
        self.text.get(..self.key_length as usize).unwrap_or(&self.text)
    }

    /// What a map yields for it; `None` in ACLs.
    pub fn value(&self) -> Option<&[u8]> {
        self.has_value.then(|| self.text.get(self.key_length as usize..).unwrap_or_default())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        write!(f, "{:#x} {}", self.number, text(self.key()))?;
        self.value().map_or(Ok(()), |value| write!(f, " {}", text(value)))
    }
}
