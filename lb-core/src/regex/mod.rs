//! Regular expressions over bytes, as configurations write them for HAProxy's PCRE.
//!
//! `pcre` reads the expression, refuses it in PCRE's words or writes it in the syntax of the engine, which takes time
//! that grows with the text alone. What that engine does not have (look-around, back references, atomic groups) goes to
//! one that goes back and forth, with a limit to it.

mod class;
mod escape;
mod pcre;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fmt;
use std::sync::Arc;

/// Steps back after which a match counts as none. What takes more is an attack or a mistake.
const BACKTRACK_LIMIT: usize = 100_000;

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
///
/// ```
/// use lb_core::regex::Regex;
///
/// let regex = Regex::new("^/(here)(/|$)", false)?;
/// let mut path = Vec::new();
/// regex.replace(b"/here/there", br"my/\1", false, &mut path);
/// assert_eq!(path, b"my/herethere");
/// # Ok::<(), lb_core::regex::RegexError>(())
/// ```
#[derive(Clone)]
pub struct Regex(Arc<Inner>);

struct Inner {
    pattern: Box<str>,
    engine: Engine,
}

enum Engine {
    Linear(regex::bytes::Regex),
    Backtracking(fancy_regex::Regex),
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({})", self.0.pattern)
    }
}

/// What a regular expression matched: the whole and its groups, as ranges of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(Vec<Option<(usize, usize)>>);

impl Captures {
    /// A group; 0 is the whole match.
    pub fn get<'t>(&self, group: usize, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.range(group)?)
    }

    /// The range of a group.
    pub fn range(&self, group: usize) -> Option<std::ops::Range<usize>> {
        self.0.get(group).copied().flatten().map(|(start, end)| start..end)
    }
}

impl Regex {
    /// Compiles an expression whose groups are of use: `regsub`, `replace-header`, `map_regm`.
    ///
    /// # Errors
    /// It is wrong, or has something that is not supported.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, RegexError> {
        Self::compile(pattern.as_bytes(), ignore_case, true)
    }

    /// Compiles an expression that is only matched, as those of ACLs: it has no groups to refer to.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn without_groups(pattern: &[u8], ignore_case: bool) -> Result<Self, RegexError> {
        Self::compile(pattern, ignore_case, false)
    }

    /// Compiles an expression that need not be UTF-8.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn compile(pattern: &[u8], ignore_case: bool, groups: bool) -> Result<Self, RegexError> {
        let text = String::from_utf8_lossy(pattern);
        let refused = |message: String, offset| RegexError { pattern: text.clone().into_owned(), message, offset };
        let read = pcre::read(pattern, groups).map_err(|fault| refused(fault.message, fault.offset))?;
        let engine = match read.backtracks {
            false => {
                let mut builder = regex::bytes::RegexBuilder::new(&read.text);
                let built = builder.unicode(false).case_insensitive(ignore_case).build();
                Engine::Linear(built.map_err(|error| refused(words(&error), pattern.len()))?)
            }
            true => {
                let mut builder = fancy_regex::RegexBuilder::new(&read.text);
                builder.bytes_mode(fancy_regex::BytesMode::Ascii).case_insensitive(ignore_case);
                let built = builder.backtrack_limit(BACKTRACK_LIMIT).build();
                Engine::Backtracking(built.map_err(|error| refused(one_line(&error), pattern.len()))?)
            }
        };
        Ok(Self(Arc::new(Inner { pattern: text.into(), engine })))
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.pattern
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &[u8]) -> bool {
        match &self.0.engine {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    /// The first match at or after an offset of the text, with its groups.
    pub fn captures_at(&self, text: &[u8], start: usize) -> Option<Captures> {
        if start > text.len() {
            return None;
        }
        match &self.0.engine {
            Engine::Linear(regex) => {
                let mut places = regex.capture_locations();
                regex.captures_read_at(&mut places, text, start)?;
                Some(Captures((0..places.len()).map(|group| places.get(group)).collect()))
            }
            Engine::Backtracking(regex) => {
                let found = regex.captures_from_pos(text, start).ok()??;
                let groups = (0..found.len()).map(|group| found.get(group).map(|group| (group.start(), group.end())));
                Some(Captures(groups.collect()))
            }
        }
    }

    /// Appends the text with the first match, or with all, replaced by a template; see [`expand`]. Says whether there
    /// was one.
    pub fn replace(&self, text: &[u8], template: &[u8], all: bool, out: &mut Vec<u8>) -> bool {
        let (mut at, mut copied, mut replaced) = (0, 0, false);
        while let Some(captures) = self.captures_at(text, at) {
            let Some(range) = captures.range(0) else { break };
            out.extend_from_slice(text.get(copied..range.start).unwrap_or_default());
            expand(template, &captures, text, out);
            (copied, replaced) = (range.end.max(copied), true);
            // Behind an empty match the next byte stays as it is.
            at = if range.is_empty() { range.end + 1 } else { range.end };
            if !all || at > text.len() {
                break;
            }
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
        replaced
    }
}

/// Appends `template` with `\0` to `\9` replaced by groups of a match in `text`; a group that took no part is nothing. A
/// `\x` and two hexadecimal digits are a byte; a backslash takes any other character as it is.
pub fn expand(template: &[u8], captures: &Captures, text: &[u8], out: &mut Vec<u8>) {
    let mut bytes = template.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(digit @ b'0'..=b'9') => {
                    out.extend_from_slice(captures.get(usize::from(digit - b'0'), text).unwrap_or_default());
                }
                Some(b'x') => out.push(hexadecimal(&mut bytes).unwrap_or(b'x')),
                Some(other) => out.push(other),
                None => out.push(b'\\'),
            },
            byte => out.push(byte),
        }
    }
}

/// The byte of two hexadecimal digits, which are taken if both are there.
fn hexadecimal(bytes: &mut (impl Iterator<Item = u8> + Clone)) -> Option<u8> {
    let mut ahead = bytes.clone();
    let mut digit = || char::from(ahead.next()?).to_digit(16);
    let byte = digit()? << 4 | digit()?;
    *bytes = ahead;
    u8::try_from(byte).ok()
}

/// What the engine says of an expression that PCRE would take.
fn words(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "regular expression is too large".to_owned(),
        error => one_line(error),
    }
}

fn one_line(error: &impl fmt::Display) -> String {
    error.to_string().lines().last().unwrap_or_default().trim().to_owned()
}
