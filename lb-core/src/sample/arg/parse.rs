//! Reading the text of arguments: quotes, escapes, numbers and names.
//!
//! Within parentheses a word may be quoted again: single quotes keep everything as it is, double quotes and bare words
//! know `\n`, `\r`, `\t`, `\\`, `\"`, `\'` and `\ `. Any other backslash is one, so `\,` and `\)` still end a bare
//! argument: a comma that is meant stands in quotes.

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec};
use crate::regex::Regex;
use crate::sample::expression::Scope;

/// Why arguments were refused.
#[derive(Debug)]
pub(in crate::sample) struct ArgError {
    /// The argument, from 1.
    pub(in crate::sample) number: usize,
    /// HAProxy's text, or what goes before the place of the argument in it.
    pub(in crate::sample) message: String,
    /// What goes behind the place: names of other sections and regular expressions, which HAProxy looks at when all was
    /// read, name the place of the argument themselves.
    pub(in crate::sample) late: Option<String>,
}

impl ArgError {
    fn new(number: usize, message: impl Into<String>) -> Self {
        Self { number, message: message.into(), late: None }
    }

    /// The whole text of a fault found late.
    pub(in crate::sample) fn at(&self, place: impl Display) -> String {
        format!("{}{place}{}.", self.message, self.late.as_deref().unwrap_or_default())
    }
}

/// What was read.
#[derive(Debug)]
pub(in crate::sample) struct Read {
    /// One for each kind that may be given.
    pub(in crate::sample) args: Vec<Arg>,
    /// How many bytes they take.
    pub(in crate::sample) length: usize,
    /// The faults that are told once there is no other: each with its argument, which is left out.
    pub(in crate::sample) late: Vec<(String, ArgError)>,
}

/// Reads `(…)` at the start of `text`, if it is there.
pub(in crate::sample) fn parse(text: &str, spec: &ArgSpec<'_>, scope: &Scope<'_>) -> Result<Read, ArgError> {
    let inside = text.strip_prefix('(');
    let mut reader = Reader {
        rest: inside.unwrap_or_default(),
        args: Vec::with_capacity(spec.kinds.len()),
        left_out: false,
        late: Vec::new(),
    };
    // Empty parentheses name the section's own table, where one can be named.
    let table = spec.kinds.first() == Some(&ArgKind::Table);
    let nothing = inside.is_none() || (reader.rest.starts_with(')') && !table);
    if !(nothing && spec.required == 0) {
        reader.words(spec, scope)?;
    }
    if reader.args.len() < spec.required {
        let (got, wanted) = (reader.args.len(), spec.required);
        let kind = spec.kinds.get(got).map_or("", |kind| kind.name());
        return Err(ArgError::new(got + 1, format!("missing arguments (got {got}/{wanted}), type '{kind}' expected")));
    }
    let mut taken = 0;
    if let Some(inside) = inside {
        let Some(behind) = reader.rest.strip_prefix(')') else {
            let number = match reader.args.len() {
                0 => 1,
                given => given.max(2),
            };
            let before = match reader.rest {
                "" => String::new(),
                rest => format!(" before '{rest}'"),
            };
            return Err(ArgError::new(number, format!("expected ')'{before}")));
        };
        taken = 1 + inside.len() - behind.len();
    }
    if reader.left_out {
        reader.args.push(Arg::Sint(0));
    }
    reader.args.resize_with(spec.kinds.len(), || Arg::Absent);
    Ok(Read { args: reader.args, length: taken, late: reader.late })
}

struct Reader<'t> {
    rest: &'t str,
    args: Vec<Arg>,
    /// There is a comma and no number behind it, which HAProxy reads as 0.
    left_out: bool,
    /// See [`Read::late`].
    late: Vec<(String, ArgError)>,
}

impl Reader<'_> {
    fn words(&mut self, spec: &ArgSpec<'_>, scope: &Scope<'_>) -> Result<(), ArgError> {
        for (index, kind) in spec.kinds.iter().enumerate() {
            let (word, length) = unquote(self.rest).map_err(|read| {
                let text =
                    format!("failed to parse '\\' after '{read}' as type '{}' at position {}", kind.name(), index + 1);
                ArgError::new(index + 1, text)
            })?;
            if word.is_empty() && !kind.may_be_empty() {
                if index < spec.required {
                    let text = format!("expected type '{}' at position {}, but got nothing", kind.name(), index + 1);
                    return Err(ArgError::new(index + 1, text));
                }
                // Left out: nothing may follow.
                self.left_out = index > 0 && *kind == ArgKind::Sint;
                self.rest = self.rest.get(length..).unwrap_or_default();
                return Ok(());
            }
            let arg = match one(*kind, &word, index, scope) {
                Err(late) if late.late.is_some() => {
                    self.late.push((word, late));
                    Arg::Absent
                }
                read => read?,
            };
            self.args.push(arg);
            self.rest = self.rest.get(length..).unwrap_or_default();
            match self.rest.strip_prefix(',') {
                Some(behind) if index + 1 < spec.kinds.len() => self.rest = behind,
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

impl ArgKind {
    /// Whether an empty word is a value of its own, and not an argument that was left out.
    fn may_be_empty(self) -> bool {
        match self {
            Self::Sint | Self::Ipv4 | Self::Ipv6 | Self::Ipv4Mask | Self::Ipv6Mask | Self::ProtobufField => false,
            Self::Str | Self::Regex => true,
            Self::Frontend | Self::Backend | Self::Server | Self::Table | Self::Userlist => true,
        }
    }
}

/// Reads one argument up to a `,` or `)` outside of quotes, or to the end; with how many bytes it takes. An error is
/// what was read before a backslash without anything behind it.
fn unquote(text: &str) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, ',' | ')') => return Ok((out, at)),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                let Some((_, next)) = chars.peek().copied() else { return Err(out) };
                let meant = match next {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '\\' | '"' | '\'' | ' ' => next,
                    _ => {
                        out.push('\\');
                        continue;
                    }
                };
                out.push(meant);
                chars.next();
            }
            (_, c) => out.push(c),
        }
    }
    Ok((out, text.len()))
}

/// Reads an argument that is a word of its own.
///
/// # Errors
/// HAProxy's text.
pub(crate) fn word(kind: ArgKind, word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, String> {
    one(kind, word, index, scope).map_err(|error| match error.late {
        Some(_) => error.at(format_args!("arg {} of {} in proxy '{}'", index + 1, scope.keyword, scope.section)),
        None => error.message,
    })
}

fn one(kind: ArgKind, word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, ArgError> {
    let parsed = match kind {
        ArgKind::Str => Some(Arg::Str(word.as_bytes().into())),
        ArgKind::Sint => number(word).map(Arg::Sint),
        ArgKind::Ipv4 => word.parse().ok().map(Arg::Ipv4),
        ArgKind::Ipv6 => word.parse().ok().map(Arg::Ipv6),
        ArgKind::Ipv4Mask => {
            let mask = mask_length(word, 32).map(|length| u32::MAX.checked_shl(32 - length).unwrap_or(0));
            mask.map(Ipv4Addr::from).or_else(|| word.parse().ok()).map(Arg::Ipv4)
        }
        ArgKind::Ipv6Mask => {
            let mask = mask_length(word, 128).map(|length| u128::MAX.checked_shl(128 - length).unwrap_or(0));
            mask.map(Ipv6Addr::from).or_else(|| word.parse().ok()).map(Arg::Ipv6)
        }
        ArgKind::Frontend | ArgKind::Backend | ArgKind::Table | ArgKind::Server | ArgKind::Userlist => {
            return named(kind, word, index, scope);
        }
        ArgKind::Regex => return regex(word, index, scope),
        ArgKind::ProtobufField => field_numbers(word).map(|numbers| Arg::Own(Arc::new(numbers))),
    };
    parsed.ok_or_else(|| {
        let text = format!("failed to parse '{word}' as type '{}' at position {}", kind.name(), index + 1);
        ArgError::new(index + 1, text)
    })
}

/// A signed integer, the nearest there is where it has more digits; a sign alone is 0, as HAProxy reads it.
pub(in crate::sample) fn number(word: &str) -> Option<i64> {
    let (negative, digits) = match word.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    digits.iter().try_fold(0i64, |number, byte| {
        let digit = i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        let number = number.saturating_mul(10);
        Some(if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) })
    })
}

/// The length of a mask in CIDR form.
fn mask_length(word: &str, longest: u32) -> Option<u32> {
    let word = word.trim_start();
    word.strip_prefix('+').unwrap_or(word).parse().ok().filter(|length| *length <= longest)
}

/// The path to a field of Protocol buffers; an empty step is field 0, which no message has.
fn field_numbers(word: &str) -> Option<Vec<u64>> {
    if word.ends_with('.') {
        return None;
    }
    let step = |step: &str| match step {
        "" => Some(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    word.split('.').map(step).collect()
}

/// Compiles a regular expression as HAProxy's PCRE would read it.
fn regex(word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, ArgError> {
    let late = |message: String, behind: String| ArgError { number: index + 1, message, late: Some(behind) };
    if word.is_empty() {
        return Err(late("missing regex in ".into(), String::new()));
    }
    Regex::new(word, scope.ignore_case)
        .map(|regex| Arg::Regex(regex, word.into()))
        .map_err(|error| late(format!("error in regex '{word}' in "), format!(" : {error}")))
}

/// Finds what a name of another section stands for.
fn named(kind: ArgKind, word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, ArgError> {
    scope.names.resolve(kind, word, scope.proxy, scope.section).map_err(|text| {
        let (before, behind) = text.rsplit_once("{}").unwrap_or((&text, ""));
        ArgError { number: index + 1, message: before.to_owned(), late: Some(behind.to_owned()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `str(WORD)` of haproxy 2.6.12.
    #[test]
    fn words_are_unquoted_as_haproxy_does() {
        for (word, read) in [
            ("abc", "abc"),
            (" a b ", " a b "),
            (r#""a,b""#, "a,b"),
            ("'a,b'", "a,b"),
            (r#""a\"b""#, "a\"b"),
            (r"a\\b", r"a\b"),
            (r#""a\\b""#, r"a\b"),
            (r"'a\\b'", r"a\\b"),
            (r"a\nb\r\t", "a\nb\r\t"),
            (r"a\ b", "a b"),
            ("a\"b,c\"d", "ab,cd"),
            ("a'b,c'd", "ab,cd"),
            ("\"a'b\"", "a'b"),
            (r#"\"\'"#, "\"'"),
            (r#""\,""#, r"\,"),
            (r"'\,'", r"\,"),
            (r"\x41", r"\x41"),
            (r#""a\$b\#""#, r"a\$b\#"),
            (r"a\", r"a\"),
            ("'a''b'", "ab"),
            (r#""a" "b""#, "a b"),
            ("\"\\)\"", "\\)"),
        ] {
            let text = format!("{word})rest");
            assert_eq!(unquote(&text), Ok((read.to_owned(), word.len())), "{word}");
        }
        assert_eq!(unquote(r"a\,b)"), Ok((r"a\".to_owned(), 2)));
        assert_eq!(unquote("a(b)c)"), Ok(("a(b".to_owned(), 3)));
        assert_eq!(unquote(r"a\"), Err("a".to_owned()));
        assert_eq!(unquote("'a),b"), Ok(("a),b".to_owned(), 5)));
    }

    #[test]
    fn numbers_keep_to_their_range() {
        for (word, value) in [
            ("5", Some(5)),
            ("+5", Some(5)),
            ("010", Some(10)),
            ("-", Some(0)),
            ("+", Some(0)),
            ("", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("-99999999999999999999", Some(i64::MIN)),
            ("-9223372036854775808", Some(i64::MIN)),
            (" 5", None),
            ("5 ", None),
            ("0x10", None),
            ("--1", None),
            ("-+1", None),
        ] {
            assert_eq!(number(word), value, "{word}");
        }
    }

    #[test]
    fn paths_to_fields_are_numbers_between_dots() {
        assert_eq!(field_numbers("48.59.1"), Some(vec![48, 59, 1]));
        assert_eq!(field_numbers("1..2"), Some(vec![1, 0, 2]));
        assert_eq!(field_numbers(".1"), Some(vec![0, 1]));
        for wrong in ["1.", "x", "1.2.x", "-1", "+1"] {
            assert_eq!(field_numbers(wrong), None, "{wrong}");
        }
    }
}
