//! Log formats: a `log-format` string compiled once into items (configuration.txt, section 8.2.6).

use crate::config::model::LogFormatChoice;

use super::variable::{self, Variable};
use crate::sample::names::Names;
use crate::sample::{Expression, Places, Scope};

/// `option tcplog` as a log-format string (section 8.2.2).
pub const TCP_FORMAT: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

/// `option httplog` as a log-format string (section 8.2.3).
pub const HTTP_FORMAT: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
                               %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// `option httplog clf` as a log-format string (section 8.2.3).
pub const CLF_FORMAT: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta \
                              %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";

/// Flags of a variable: `%{+Q,+X,+E}name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) quote: bool,
    pub(super) hex: bool,
    pub(super) escape: bool,
}

/// One piece of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Text, without spaces.
    Text(Box<[u8]>),
    /// A run of spaces: one space, dropped where the line already ends with a separator.
    Separator,
    /// A variable.
    Variable(Variable, Flags),
    /// `%[expression]`.
    Sample(Expression, Flags),
}

/// Where a format is used, which decides what it may hold and how blanks are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormatUse<'a> {
    /// The section is in `mode http`, which some variables need.
    pub(crate) http: bool,
    /// It is about HTTP messages, which have no bytes of a buffer to look at.
    pub(crate) messages: bool,
    /// A rule's text: blanks are kept, what is missing is nothing. In log lines blanks are separators and what is
    /// missing is `-`.
    pub(crate) rule: bool,
    /// Where it is evaluated; an expression must be possible at one of these.
    pub(crate) places: Places,
    /// What expressions may refer to.
    pub(crate) scope: Scope<'a>,
}

/// A compiled log format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFormat {
    pub(super) items: Vec<Item>,
    pub(super) connect_line: bool,
    uses_log_counter: bool,
    early: bool,
    /// The text from each expression on that looks at a buffer where there are messages: it never has a value.
    ignored: Vec<Box<str>>,
}

/// Why a log-format string was refused, in HAProxy's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogFormatError {
    /// `%` or a modifier at the end of the string.
    #[error("truncated line after '{0}'.")]
    Truncated(String),
    /// No variable has this name.
    #[error("no such format variable '{0}'. If you wanted to emit the '%' character verbatim, you need to use '%%'.")]
    UnknownVariable(String),
    /// The variable needs `mode http`.
    #[error("format variable '{0}' is reserved for HTTP mode.")]
    HttpOnly(String),
    /// Something that cannot start a variable's name.
    #[error(
        "unexpected variable name near '{character}' at position {position} line : '{line}'. Maybe you want to write a \
         single '%', use the syntax '%%'."
    )]
    UnexpectedName {
        /// What stands where a name should.
        character: char,
        /// Its place in the string, from 0.
        position: usize,
        /// The whole string.
        line: String,
    },
    /// `%{...}` with nothing after it.
    #[error("parse argument modifier without variable name near '%{{{0}}}'.")]
    NoName(String),
    /// `%[...]` that is no expression.
    #[error("failed to parse sample expression <{text}> : {message}.")]
    SampleExpression {
        /// The format from the expression on.
        text: String,
        /// What is wrong with it.
        message: String,
    },
    /// Something between an expression and its `]`.
    #[error("expected ']' after '{after}', but found '{found}'.")]
    ExpectedBracket {
        /// The expression.
        after: String,
        /// What follows it.
        found: char,
    },
    /// The expression needs what is not there.
    #[error(
        "sample fetch <{text}> may not be reliably used here because it needs '{needs}' which is not available here."
    )]
    Unavailable {
        /// The format from the expression on.
        text: String,
        /// What it takes its value from.
        needs: &'static str,
    },
    /// `%[` without its end.
    #[error("missing ']' after '{0}'.")]
    MissingBracket(String),
}

impl LogFormat {
    /// The line written when nothing selects a format (section 8.2.1).
    pub fn connect() -> Self {
        Self { connect_line: true, early: true, ..Self::default() }
    }

    /// Compiles the format a section chose.
    pub(crate) fn choose(choice: &LogFormatChoice, usage: &FormatUse<'_>) -> Result<Self, LogFormatError> {
        match choice {
            LogFormatChoice::Default => Ok(Self::connect()),
            LogFormatChoice::Tcp => Self::parse(TCP_FORMAT, usage.http),
            // In `mode tcp` HAProxy falls back to the TCP format, with a warning.
            LogFormatChoice::Http | LogFormatChoice::Clf if !usage.http => Self::parse(TCP_FORMAT, usage.http),
            LogFormatChoice::Http => Self::parse(HTTP_FORMAT, usage.http),
            LogFormatChoice::Clf => Self::parse(CLF_FORMAT, usage.http),
            LogFormatChoice::Custom(text) => Self::parse_in(text, usage),
        }
    }

    /// A text that is always the same.
    pub(crate) fn constant(text: &str) -> Self {
        let items = if text.is_empty() { Vec::new() } else { vec![Item::Text(text.as_bytes().into())] };
        Self { items, early: true, ..Self::default() }
    }

    /// The text, where it is always the same.
    pub(crate) fn constant_text(&self) -> Option<&[u8]> {
        match self.items.as_slice() {
            [] => Some(b""),
            [Item::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it needs a context: it has expressions.
    pub(crate) fn uses_samples(&self) -> bool {
        self.expressions().next().is_some()
    }

    /// Its expressions.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.items.iter().filter_map(|item| match item {
            Item::Sample(expression, _) => Some(expression),
            _ => None,
        })
    }

    /// Whether it has something to say in HTTP alone.
    pub(crate) fn needs_http(&self) -> bool {
        let of_http = |variable: &Variable| {
            matches!(variable, Variable::Status | Variable::RequestCounter) || variable.is_http_only()
        };
        self.items.iter().any(|item| match item {
            Item::Variable(variable, _) => of_http(variable),
            Item::Sample(expression, _) => expression.needs().contains("HTTP"),
            Item::Text(_) | Item::Separator => false,
        })
    }

    /// What follows from each expression on that never has a value, since it looks at the bytes of a buffer.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(|text| &**text)
    }

    /// Whether the line is the "Connect from" one, of connections that were used.
    pub fn is_connect_line(&self) -> bool {
        self.connect_line
    }

    /// Whether all that the line says is known when a stream begins: it is written then.
    pub fn is_early(&self) -> bool {
        self.early
    }

    /// Whether the line prints `%lc`.
    pub(super) fn uses_log_counter(&self) -> bool {
        self.uses_log_counter
    }

    /// Whether the line prints `%rt`, so that the process' request counter has to be kept.
    pub fn uses_request_counter(&self) -> bool {
        self.uses(&[Variable::RequestCounter])
    }

    /// Whether the line prints `%bi`, `%bp`, `%si` or `%sp`, so that the system has to be asked for them.
    pub fn uses_addresses(&self) -> bool {
        self.uses(&[Variable::BackendIp, Variable::BackendPort, Variable::ServerIp, Variable::ServerPort])
            || self.expressions().any(|expression| expression.looks_at_server_connection())
    }

    fn uses(&self, any: &[Variable]) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Variable(variable, _) if any.contains(variable)))
    }

    /// Compiles the log-format string of a frontend of the given mode. Expressions cannot refer to other sections.
    pub fn parse(text: &str, http: bool) -> Result<Self, LogFormatError> {
        let names = Names::default();
        let scope = Scope::of(&names, "log-format");
        Self::parse_in(text, &FormatUse { http, messages: false, rule: false, places: Places::LOG, scope })
    }

    /// Compiles a log-format string.
    pub(crate) fn parse_in(text: &str, usage: &FormatUse<'_>) -> Result<Self, LogFormatError> {
        let (flags, items, literal, ignored) = (Flags::default(), Vec::new(), Vec::new(), Vec::new());
        let mut parser = Parser { text, at: 0, usage, flags, items, literal, ignored };
        parser.run()?;
        let early = parser.items.iter().all(|item| match item {
            Item::Variable(variable, _) => variable.is_early(),
            Item::Sample(..) => false,
            _ => true,
        });
        let (items, ignored) = (parser.items, parser.ignored);
        let mut format = Self { items, connect_line: false, uses_log_counter: false, early, ignored };
        format.uses_log_counter = format.uses(&[Variable::LogCounter]);
        Ok(format)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    usage: &'a FormatUse<'a>,
    /// What `%o` set for the variables that follow.
    flags: Flags,
    items: Vec<Item>,
    literal: Vec<u8>,
    ignored: Vec<Box<str>>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), LogFormatError> {
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'%' if self.peek() == Some(b'%') => {
                    self.at += 1;
                    self.literal.push(b'%');
                }
                b'%' => self.variable()?,
                b' ' if !self.usage.rule => {
                    self.end_literal();
                    if self.items.last() != Some(&Item::Separator) {
                        self.items.push(Item::Separator);
                    }
                }
                _ => self.literal.push(byte),
            }
        }
        self.end_literal();
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            let text = std::mem::take(&mut self.literal);
            self.items.push(Item::Text(text.into_boxed_slice()));
        }
    }

    /// Reads what follows a `%`.
    fn variable(&mut self) -> Result<(), LogFormatError> {
        let mut flags = self.flags;
        let mut modifier = None;
        // As HAProxy: the parenthesis and what follows it is text.
        if self.peek() == Some(b'(') {
            return Ok(());
        }
        if self.peek() == Some(b'{') {
            let rest = self.text.get(self.at + 1..).unwrap_or_default();
            let (words, _) = rest.split_once('}').ok_or_else(|| LogFormatError::Truncated(rest.to_owned()))?;
            self.at += words.len() + 2;
            flags = apply_flags(flags, words);
            modifier = Some(words);
        }
        match self.peek() {
            Some(b'[') => self.sample_expression(flags),
            Some(byte) if byte.is_ascii_alphanumeric() => self.named(flags),
            _ if modifier.is_some() => Err(LogFormatError::NoName(modifier.unwrap_or_default().to_owned())),
            None => Err(LogFormatError::Truncated("%".to_owned())),
            Some(_) => Err(LogFormatError::UnexpectedName {
                character: self.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or('%'),
                position: self.at,
                line: self.text.to_owned(),
            }),
        }
    }

    fn sample_expression(&mut self, flags: Flags) -> Result<(), LogFormatError> {
        self.at += 1;
        let text = self.text.get(self.at..).unwrap_or_default();
        let (expression, length) = Expression::parse_prefix(text, &self.usage.scope)
            .map_err(|error| LogFormatError::SampleExpression { text: text.to_owned(), message: error.message })?;
        if !expression.places().meets(self.usage.places) {
            let needs = expression.needs();
            return Err(LogFormatError::Unavailable { text: text.to_owned(), needs });
        }
        match text.get(length..).and_then(|rest| rest.chars().next()) {
            Some(']') => {}
            Some(found) => {
                return Err(LogFormatError::ExpectedBracket { after: expression.text().to_owned(), found });
            }
            None => return Err(LogFormatError::MissingBracket(expression.text().to_owned())),
        }
        if self.usage.messages && expression.looks_at_buffers() {
            self.ignored.push(text.into());
        }
        self.at += length + 1;
        self.end_literal();
        self.items.push(Item::Sample(expression, flags));
        Ok(())
    }

    fn named(&mut self, flags: Flags) -> Result<(), LogFormatError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = rest.get(..length).unwrap_or_default();
        self.at += length;
        if name == "o" {
            self.flags = flags;
            return Ok(());
        }
        let known = variable::find(name).ok_or_else(|| LogFormatError::UnknownVariable(name.to_owned()))?;
        if known.http_only && !self.usage.http {
            return Err(LogFormatError::HttpOnly(name.to_owned()));
        }
        self.end_literal();
        self.items.push(Item::Variable(known.variable, flags));
        Ok(())
    }
}

/// Applies `+Q,-X`: a sign holds until the next one, unknown letters mean nothing, as in HAProxy.
fn apply_flags(mut flags: Flags, words: &str) -> Flags {
    let mut set = true;
    for letter in words.bytes() {
        match letter {
            b'+' => set = true,
            b'-' => set = false,
            b'Q' => flags.quote = set,
            b'X' => flags.hex = set,
            b'E' => flags.escape = set,
            _ => {}
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn error(text: &str) -> String {
        LogFormat::parse(text, false).unwrap_err().to_string()
    }

    #[test]
    fn the_builtin_formats_compile() {
        assert!(LogFormat::parse(TCP_FORMAT, false).is_ok());
        assert!(LogFormat::parse(HTTP_FORMAT, true).is_ok());
        assert!(LogFormat::parse(CLF_FORMAT, true).is_ok());
    }

    #[test]
    fn every_variable_of_the_manual_is_known() {
        for known in variable::VARIABLES {
            let format = LogFormat::parse(&format!("%{}", known.name), true).unwrap();
            assert_eq!(format.items, [Item::Variable(known.variable, Flags::default())]);
        }
    }

    #[test]
    fn errors_are_worded_as_haproxy_does() {
        assert_eq!(error("%"), "truncated line after '%'.");
        assert_eq!(error("a%%%"), "truncated line after '%'.");
        assert_eq!(error("%{+Q"), "truncated line after '+Q'.");
        assert_eq!(error("%r"), "format variable 'r' is reserved for HTTP mode.");
        assert_eq!(
            error("%Bx"),
            "no such format variable 'Bx'. If you wanted to emit the '%' character verbatim, you need to use '%%'."
        );
        assert_eq!(
            error("% x"),
            "unexpected variable name near ' ' at position 1 line : '% x'. Maybe you want to write a single '%', use \
             the syntax '%%'."
        );
        assert_eq!(error("%{+Q}%"), "parse argument modifier without variable name near '%{+Q}'.");
        assert_eq!(error("%[src"), "missing ']' after 'src'.");
        let text = LogFormat::parse("%(a){+Q}ci", false).unwrap();
        assert_eq!(text.items, [Item::Text(b"(a){+Q}ci"[..].into())]);
    }

    proptest::proptest! {
        #[test]
        fn no_string_panics(text in "[%{}\\[\\]+QXEMo a-zé]*") {
            let _ = LogFormat::parse(&text, true);
        }
    }
}
