//! Values with what they mean, in the three forms that `show stat` and `show info` share: plain, typed, JSON
//! (management.txt, sections 9.2 and 9.3).

use std::fmt::{self, Write};

/// Origin, nature and scope of a value, one letter each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tags(pub(super) [u8; 3]);

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| f.write_char(char::from(*letter)))
    }
}

impl Tags {
    fn origin(self) -> &'static str {
        match self.0[0] {
            b'M' => "Metric",
            b'S' => "Status",
            b'K' => "Key",
            b'C' => "Config",
            b'P' => "Product",
            _ => "Unknown",
        }
    }

    fn nature(self) -> &'static str {
        match self.0[1] {
            b'G' => "Gauge",
            b'L' => "Limit",
            b'm' => "Min",
            b'M' => "Max",
            b'R' => "Rate",
            b'C' => "Counter",
            b'D' => "Duration",
            b'A' => "Age",
            b'T' => "Time",
            b'N' => "Name",
            b'O' => "Output",
            b'a' => "Avg",
            _ => "Unknown",
        }
    }

    fn scope(self) -> &'static str {
        match self.0[2] {
            b'C' => "Cluster",
            b'P' => "Process",
            b'S' => "Service",
            b'X' => "System",
            _ => "Unknown",
        }
    }

    /// The object of the JSON form.
    pub(super) fn json(self, out: &mut String) {
        let _ = write!(
            out,
            "{{\"origin\":\"{}\",\"nature\":\"{}\",\"scope\":\"{}\"}}",
            self.origin(),
            self.nature(),
            self.scope()
        );
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    U32(u32),
    U64(u64),
    S32(i32),
    /// A number with a fraction, where `float` asks for them; a whole number else.
    Float(f64),
    Str(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U32(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::S32(value) => value.fmt(f),
            Self::Float(value) => f.write_str(&float(*value)),
            Self::Str(value) => f.write_str(value),
        }
    }
}

/// Up to six digits behind the point, without needless zeros.
fn float(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Value {
    /// The name of its type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::U32(_) => "u32",
            Self::U64(_) => "u64",
            Self::S32(_) => "s32",
            Self::Float(_) => "flt",
            Self::Str(_) => "str",
        }
    }

    /// The object of the JSON form.
    pub(super) fn json(&self, out: &mut String) {
        let _ = match self {
            Self::Str(text) => write!(out, "{{\"type\":\"str\",\"value\":\"{}\"}}", json_text(text)),
            other => write!(out, "{{\"type\":\"{}\",\"value\":{other}}}", other.kind()),
        };
    }
}

/// A text between the quotes of JSON.
pub(super) fn json_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// How numbers and their meaning are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As people read it: CSV, or `name: value`.
    #[default]
    Plain,
    /// One value a line, with its type (`typed`).
    Typed,
    /// JSON (`json`).
    Json,
}

/// The number that a word begins with; 0 where it begins with none, as C's atoi has it.
pub(super) fn number(word: &str) -> i32 {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let value = digits.bytes().map_while(|byte| byte.is_ascii_digit().then(|| i64::from(byte - b'0')));
    let value = value.fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(digit));
    i32::try_from(if negative { -value } else { value }).unwrap_or(if negative { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped() {
        let mut out = String::new();
        Value::Str("a\"b\\\u{1}\n".to_owned()).json(&mut out);
        assert_eq!(out, "{\"type\":\"str\",\"value\":\"a\\\"b\\\\\\u0001\\n\"}");
    }

    #[test]
    fn words_begin_with_numbers() {
        for (word, expected) in [("12x", 12), ("-1", -1), ("+3", 3), ("x1", 0), ("", 0), ("99999999999", i32::MAX)] {
            assert_eq!(number(word), expected, "{word}");
        }
    }

    #[test]
    fn fractions_are_short() {
        assert_eq!(Value::Float(1.5).to_string(), "1.5");
        assert_eq!(Value::Float(2.0).to_string(), "2");
        assert_eq!(Value::Float(0.000_001).to_string(), "0.000001");
        assert_eq!(Value::Float(100.0).to_string(), "100");
    }
}
