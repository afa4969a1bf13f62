//! Regular expressions over bytes, as configurations write them for HAProxy's PCRE.

use std::fmt;

/// Why a regular expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("regex '{pattern}' is invalid (error={message}, erroffset={offset})")]
pub struct RegexError {
    /// The expression.
    pub pattern: String,
    /// What is wrong, in PCRE's words where it has some.
    pub message: String,
    /// Where it was noticed, in bytes.
    pub offset: usize,
}

/// A compiled regular expression. Cloning is cheap.
#[derive(Clone)]
pub struct Regex {
    inner: regex::bytes::Regex,
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({})", self.inner.as_str())
    }
}

/// What a regular expression matched: the whole and its groups, as ranges of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(Vec<Option<(usize, usize)>>);

impl Captures {
    /// A group; 0 is the whole match.
    pub fn get<'t>(&self, group: usize, text: &'t [u8]) -> Option<&'t [u8]> {
        let (start, end) = self.0.get(group).copied().flatten()?;
        text.get(start..end)
    }

    /// The range of a group.
    pub fn range(&self, group: usize) -> Option<std::ops::Range<usize>> {
        self.0.get(group).copied().flatten().map(|(start, end)| start..end)
    }
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// It is wrong, or has something that is not supported.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, RegexError> {
        let compiled = regex::bytes::RegexBuilder::new(pattern).unicode(false).case_insensitive(ignore_case).build();
        compiled.map(|inner| Self { inner }).map_err(|error| RegexError {
            pattern: pattern.to_owned(),
            message: error.to_string(),
            offset: pattern.len(),
        })
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.inner.is_match(text)
    }

    /// The first match at or after an offset of the text, with its groups.
    pub fn captures_at(&self, text: &[u8], start: usize) -> Option<Captures> {
        if start > text.len() {
            return None;
        }
        let found = self.inner.captures_at(text, start)?;
        Some(Captures(found.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect()))
    }
}

/// Appends `template` with `\0` to `\9` replaced by groups of a match in `text`. A backslash takes any other character as
/// it is; `\x` and two hexadecimal digits are a byte.
pub fn expand(template: &[u8], captures: &Captures, text: &[u8], out: &mut Vec<u8>) {
    let mut bytes = template.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(digit @ b'0'..=b'9') => {
                    out.extend_from_slice(captures.get(usize::from(digit - b'0'), text).unwrap_or_default());
                }
                Some(other) => out.push(other),
                None => out.push(b'\\'),
            },
            byte => out.push(byte),
        }
    }
}
