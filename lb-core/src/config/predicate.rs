//! Conditional expressions of `.if`, `.elif` and `-cc` (configuration.txt, section 2.4).
//!
//! Answers are those of HAProxy 2.6.12, so that configurations which test for features and versions take the same
//! branches.
//!
//! ```text
//! or   := and ( "||" and )*
//! and  := term ( "&&" term )*
//! term := "!" term | "(" or ")" | integer | predicate [ "(" arguments ")" ]
//! ```

mod version;

use super::environment::{Environment, HAPROXY_VERSION};
use super::suggest;
use version::{Version, openssl_version};

/// Why an expression has no answer; HAProxy's text, and where in the expression it stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PredicateError {
    /// HAProxy's text, which `-cc` prints after "Failed to evaluate condition: ".
    pub message: String,
    /// Byte offset in the expression.
    pub position: usize,
    /// The known predicate nearest to one that is not known.
    pub suggestion: Option<&'static str>,
}

/// The build features HAProxy's `feature()` knows and whether this program has what each stands for.
///
/// `haproxy -vv` lists them the same way.
pub const FEATURES: &[(&str, bool)] = &[
    ("51DEGREES", false),
    ("ACCEPT4", true),
    ("BACKTRACE", true),
    ("CLOSEFROM", false),
    ("CPU_AFFINITY", true),
    ("CRYPT_H", false),
    ("DEVICEATLAS", false),
    ("DL", false),
    ("ENGINE", false),
    ("EPOLL", true),
    ("EVPORTS", false),
    ("GETADDRINFO", true),
    ("KQUEUE", false),
    ("LIBCRYPT", false),
    ("LINUX_SPLICE", true),
    ("LINUX_TPROXY", true),
    ("LUA", false),
    ("MEMORY_PROFILING", false),
    ("NETFILTER", true),
    ("NS", false),
    ("OBSOLETE_LINKER", false),
    ("OPENSSL", true),
    ("OT", false),
    ("PCRE", false),
    ("PCRE2", false),
    ("PCRE2_JIT", false),
    ("PCRE_JIT", false),
    ("POLL", true),
    ("PRCTL", true),
    ("PROCCTL", false),
    ("PROMEX", false),
    ("QUIC", false),
    ("RT", true),
    ("SLZ", false),
    ("STATIC_PCRE", false),
    ("STATIC_PCRE2", false),
    ("SYSTEMD", false),
    ("TFO", true),
    ("THREAD", true),
    ("THREAD_DUMP", false),
    ("TPROXY", true),
    ("WURFL", false),
    ("ZLIB", false),
];

/// The version of OpenSSL whose interface this program's TLS answers for.
const OPENSSL_VERSION: &str = "3.0.0";

/// Evaluates an expression. The empty string is false.
///
/// # Errors
///
/// Text that is no expression, an unknown predicate, or wrong arguments. All of the expression is read, whether or not
/// its value is needed.
///
/// ```
/// use lb_core::config::{environment::Environment, predicate};
///
/// let environment = Environment::empty();
/// assert_eq!(predicate::evaluate("version_atleast(2.6) && !defined(DEBUG)", &environment), Ok(true));
/// ```
pub fn evaluate(text: &str, environment: &Environment) -> Result<bool, PredicateError> {
    if text.is_empty() {
        return Ok(false);
    }
    let mut reader = Reader { text, at: 0, depth: 0, environment };
    let value = reader.or()?;
    reader.skip_spaces();
    match reader.rest().chars().next() {
        None => Ok(value),
        Some(other) => {
            let message = format!("unexpected character '{other}' at the end of conditional expression '{text}'");
            Err(reader.error(reader.at, message))
        }
    }
}

/// Deeper nesting is refused rather than followed.
const MAX_DEPTH: usize = 256;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    environment: &'a Environment,
}

impl<'a> Reader<'a> {
    fn or(&mut self) -> Result<bool, PredicateError> {
        let mut value = self.and()?;
        while self.accept("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, PredicateError> {
        let mut value = self.term()?;
        loop {
            self.skip_spaces();
            let before = self.at;
            if !self.accept("&&") {
                return Ok(value);
            }
            self.skip_spaces();
            if self.rest().is_empty() {
                return Err(self.unparsable(before));
            }
            value &= self.term()?;
        }
    }

    fn term(&mut self) -> Result<bool, PredicateError> {
        self.skip_spaces();
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.unparsable(start));
        }
        let value = if self.accept("!") {
            self.skip_spaces();
            if matches!(self.rest(), "" | "(") {
                return Err(self.unparsable(start));
            }
            !self.term()?
        } else if self.accept("(") {
            let value = self.or()?;
            if !self.accept(")") {
                let rest = self.text.get(start..).unwrap_or("");
                return Err(self.error(start, format!("expected ')' after conditional expression '{rest}'")));
            }
            value
        } else if let Some(value) = self.integer() {
            value
        } else {
            self.predicate()?
        };
        self.depth -= 1;
        Ok(value)
    }

    /// A decimal number with an optional sign: true unless zero.
    fn integer(&mut self) -> Option<bool> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['+', '-']));
        let digits = rest.get(sign..)?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        self.at += sign + length;
        Some(digits.bytes().take(length).any(|digit| digit != b'0'))
    }

    fn predicate(&mut self) -> Result<bool, PredicateError> {
        let start = self.at;
        let length = self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = self.rest().get(..length).unwrap_or("");
        let Some(predicate) = Predicate::ALL.iter().find(|known| known.name() == name) else {
            let mut error = self.unparsable(start);
            error.suggestion = suggest::nearest(name, Predicate::ALL.iter().map(|known| known.name()));
            return Err(error);
        };
        self.at += length;
        let arguments = self.arguments(*predicate)?;
        let argument = |index: usize| arguments.get(index).map_or("", String::as_str);
        Ok(predicate.holds(argument(0), argument(1), self.environment))
    }

    /// `(first)` or `(first,second)`; nothing where nothing follows the name.
    fn arguments(&mut self, predicate: Predicate) -> Result<Vec<String>, PredicateError> {
        let (name, wanted) = (predicate.name(), predicate.arguments());
        let missing = |reader: &Self, got: usize| {
            let message = format!(
                "missing arguments (got {got}/{wanted}), type 'string' expected in argument {got} of predicate \
                 '{name}' used in conditional expression"
            );
            reader.error(reader.at, message)
        };
        if !self.rest().starts_with('(') {
            return if wanted > 1 { Err(missing(self, 1)) } else { Ok(Vec::new()) };
        }
        self.at += 1;
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.argument()?);
            let more = self.rest().starts_with(',');
            if more && arguments.len() < wanted {
                self.at += 1;
                continue;
            }
            if self.rest().starts_with(')') {
                if arguments.len() < wanted {
                    return Err(missing(self, arguments.len()));
                }
                self.at += 1;
                return Ok(arguments);
            }
            let before = if more { format!(" before '{}'", self.rest()) } else { String::new() };
            let message =
                format!("expected ')'{before} in argument 1 of predicate '{name}' used in conditional expression");
            return Err(self.error(self.at, message));
        }
    }

    /// One argument, up to an unprotected comma or parenthesis; quotes and backslashes protect (section 2.2).
    fn argument(&mut self) -> Result<String, PredicateError> {
        let mut value = String::new();
        let mut quote: Option<char> = None;
        let mut chars = self.rest().char_indices().peekable();
        let mut end = self.rest().len();
        while let Some((at, c)) = chars.next() {
            match (quote, c) {
                (None, ',' | ')') => {
                    end = at;
                    break;
                }
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), _) if c == open => quote = None,
                (None | Some('"'), '\\') => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, escaped @ ('\\' | '\'' | '"' | ' ' | ',' | ')' | '('))) => value.push(escaped),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => value.push('\\'),
                },
                _ => value.push(c),
            }
        }
        self.at += end;
        Ok(value)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    fn accept(&mut self, token: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn unparsable(&self, at: usize) -> PredicateError {
        let rest = self.text.get(at..).unwrap_or("");
        if rest.is_empty() {
            return self.error(at, format!("unparsable conditional sub-expression '{}'", self.text));
        }
        self.error(at, format!("unparsable conditional expression '{rest}'"))
    }

    fn error(&self, position: usize, message: String) -> PredicateError {
        PredicateError { message, position, suggestion: None }
    }
}

#[derive(Clone, Copy)]
enum Predicate {
    Defined,
    Feature,
    Streq,
    Strneq,
    VersionAtleast,
    VersionBefore,
    OpensslVersionAtleast,
    OpensslVersionBefore,
    SsllibNameStartswith,
}

impl Predicate {
    const ALL: [Self; 9] = [
        Self::Defined,
        Self::Feature,
        Self::Streq,
        Self::Strneq,
        Self::VersionAtleast,
        Self::VersionBefore,
        Self::OpensslVersionAtleast,
        Self::OpensslVersionBefore,
        Self::SsllibNameStartswith,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Defined => "defined",
            Self::Feature => "feature",
            Self::Streq => "streq",
            Self::Strneq => "strneq",
            Self::VersionAtleast => "version_atleast",
            Self::VersionBefore => "version_before",
            Self::OpensslVersionAtleast => "openssl_version_atleast",
            Self::OpensslVersionBefore => "openssl_version_before",
            Self::SsllibNameStartswith => "ssllib_name_startswith",
        }
    }

    fn arguments(self) -> usize {
        if matches!(self, Self::Streq | Self::Strneq) { 2 } else { 1 }
    }

    fn holds(self, first: &str, second: &str, environment: &Environment) -> bool {
        match self {
            Self::Defined => environment.get(first).is_some(),
            // HAProxy looks for the argument at the head of each name after a '+': none given is found.
            Self::Feature => first.is_empty() || FEATURES.iter().any(|&(name, present)| present && name == first),
            Self::Streq => first == second,
            Self::Strneq => first != second,
            Self::VersionAtleast => Version::parse(HAPROXY_VERSION) >= Version::parse(first),
            Self::VersionBefore => Version::parse(HAPROXY_VERSION) < Version::parse(first),
            Self::OpensslVersionAtleast => openssl_version(OPENSSL_VERSION) >= openssl_version(first),
            Self::OpensslVersionBefore => openssl_version(OPENSSL_VERSION) < openssl_version(first),
            Self::SsllibNameStartswith => "OpenSSL".starts_with(first),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
