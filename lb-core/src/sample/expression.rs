//! Expressions: a fetch and converters, `src,ipmask(24)` (configuration.txt, sections 7.3 and 7.3.1).

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::arg::{self, Arg, ArgSpec};
use super::context::Context;
use super::convert::{self, Converter};
use super::fetch::{self, Fetch, Run};
use super::late::LateFault;
use super::names::{Names, ProxyNumber};
use super::place::Places;
use super::value::{SampleType, Value};
use crate::extension;

/// Where an expression stands, and what it may refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// Names of other sections.
    pub(crate) names: &'a Names,
    /// The section it stands in.
    pub(crate) proxy: Option<ProxyNumber>,
    /// The section's name, for messages.
    pub(crate) section: &'a str,
    /// File and line, for messages and for `last_rule_file`.
    pub(crate) file: &'a str,
    /// See `file`.
    pub(crate) line: u32,
    /// What it belongs to, in messages: `http-request expression`, `ACL keyword` and so on.
    pub(crate) keyword: &'a str,
    /// Regular expressions ignore case (`-i`).
    pub(crate) ignore_case: bool,
}

impl Scope<'_> {
    /// Where the file is that is called `path` here.
    pub(crate) fn locate<'p>(&self, path: &'p str) -> Cow<'p, Path> {
        self.names.directories.locate(self.file, Path::new(path))
    }
}

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ExpressionError {
    /// HAProxy's text.
    pub(crate) message: String,
}

impl ExpressionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// A parsed expression.
///
/// Made from text by the configuration and by rules; it is evaluated for each stream. Cloning is cheap.
#[derive(Clone)]
pub struct Expression(Arc<Parsed>);

/// A converter and its arguments.
type Step = (Conversion, Box<[Arg]>);

/// What an expression begins with.
#[derive(Clone)]
enum Source {
    Fetch(&'static Fetch),
    /// The embedding program's.
    Own(Arc<extension::Fetch>),
}

impl Source {
    fn find(name: &str, scope: &Scope<'_>) -> Option<Self> {
        let own = || scope.names.extensions.find_fetch(name).cloned().map(Self::Own);
        fetch::find(name).map(Self::Fetch).or_else(own)
    }

    fn name(&self) -> &str {
        match self {
            Self::Fetch(fetch) => fetch.name,
            Self::Own(own) => own.name(),
        }
    }

    fn args(&self) -> ArgSpec<'_> {
        match self {
            Self::Fetch(fetch) => fetch.args,
            Self::Own(own) => ArgSpec::of(own.signature.required, &own.signature.kinds),
        }
    }

    fn check(&self, args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
        match self {
            Self::Fetch(fetch) => fetch.check.map_or(Ok(()), |check| check(args, scope)),
            Self::Own(own) => own.signature.finish(args, scope.names),
        }
    }

    fn output(&self) -> SampleType {
        match self {
            Self::Fetch(fetch) => fetch.output,
            Self::Own(own) => own.output,
        }
    }
}

/// What follows in an expression.
#[derive(Clone)]
enum Conversion {
    Converter(&'static Converter),
    /// The embedding program's.
    Own(Arc<extension::Converter>),
}

impl Conversion {
    fn find(name: &str, scope: &Scope<'_>) -> Option<Self> {
        let own = || scope.names.extensions.find_converter(name).cloned().map(Self::Own);
        convert::find(name).map(Self::Converter).or_else(own)
    }

    fn name(&self) -> &str {
        match self {
            Self::Converter(converter) => converter.name,
            Self::Own(own) => own.name(),
        }
    }

    fn args(&self) -> ArgSpec<'_> {
        match self {
            Self::Converter(converter) => converter.args,
            Self::Own(own) => ArgSpec::of(own.signature.required, &own.signature.kinds),
        }
    }

    fn check(&self, args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
        match self {
            Self::Converter(converter) => converter.check.map_or(Ok(()), |check| check(args, scope)),
            Self::Own(own) => own.signature.finish(args, scope.names),
        }
    }

    fn types(&self) -> (SampleType, SampleType) {
        match self {
            Self::Converter(converter) => (converter.input, converter.output),
            Self::Own(own) => (own.input, own.output),
        }
    }
}

struct Parsed {
    text: Box<str>,
    source: Source,
    args: Box<[Arg]>,
    steps: Box<[Step]>,
    output: SampleType,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.0.text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.text == other.0.text
    }
}

impl Eq for Expression {}

/// What a message says of the nearest name of an extension: HAProxy has none of its own here.
fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean '{near}' maybe ?"))
}

/// The name at the start of a text, up to what ends it.
pub(crate) fn name_of(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '+' | '-'));
    let end = end.unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

impl Expression {
    /// Reads an expression at the start of `text` and returns it with the number of bytes it takes.
    ///
    /// # Errors
    /// HAProxy's text for what is unknown, and for arguments that are wrong.
    pub(crate) fn parse_prefix(text: &str, scope: &Scope<'_>) -> Result<(Self, usize), ExpressionError> {
        let mut parser = Parser::fetch(text, scope)?;
        while let Some(rest) = parser.behind_commas(text) {
            if rest.is_empty() {
                break;
            }
            parser.converter(rest, scope)?;
        }
        let at = parser.at;
        Ok((parser.finish(text.get(..at).unwrap_or_default(), scope)?, at))
    }

    /// Reads an expression from words, of which the first holds at least its fetch; converters may follow as words of
    /// their own (section 7.3.1). Returns how many words it takes.
    ///
    /// # Errors
    /// As [`Expression::parse_prefix`].
    pub(crate) fn parse_words<'w>(
        words: impl IntoIterator<Item = &'w str>,
        scope: &Scope<'_>,
    ) -> Result<(Self, usize), ExpressionError> {
        let mut words = words.into_iter();
        let first = words.next().unwrap_or_default();
        let mut parser = Parser::fetch(first, scope)?;
        let (mut text, mut word, mut taken) = (first.to_owned(), first, 1);
        loop {
            let commas = parser.behind_commas(word);
            let rest = word.get(parser.at..).unwrap_or_default();
            if commas.is_some() && !rest.is_empty() {
                parser.converter(rest, scope)?;
            } else if !rest.is_empty() {
                return Err(ExpressionError::new(format!("missing comma after {}", parser.last_name())));
            } else {
                let Some(next) = words.next().filter(|next| Conversion::find(name_of(next), scope).is_some()) else {
                    break;
                };
                text.push(',');
                text.push_str(next);
                (word, parser.at) = (next, 0);
                taken += 1;
                parser.converter(next, scope)?;
            }
        }
        Ok((parser.finish(&text, scope)?, taken))
    }

    /// Its text in one word.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The type of what it yields.
    pub fn output(&self) -> SampleType {
        self.0.output
    }

    /// Where it can be used.
    pub(crate) fn places(&self) -> Places {
        match &self.0.source {
            Source::Fetch(fetch) => fetch.places,
            Source::Own(own) => own.places,
        }
    }

    /// The name of the fetch it begins with.
    pub(crate) fn fetch_name(&self) -> &str {
        self.0.source.name()
    }

    /// What it takes its value from, as HAProxy's messages name it.
    pub(crate) fn needs(&self) -> &'static str {
        match &self.0.source {
            Source::Fetch(fetch) => fetch.needs(),
            Source::Own(own) => own.needs,
        }
    }

    /// Whether it looks at the bytes of a buffer, of which there are none in HTTP (configuration.txt, section 7.3.5).
    pub(crate) fn looks_at_buffers(&self) -> bool {
        self.needs().contains(" buffer")
    }

    /// Whether it looks at the connection to a server.
    pub(crate) fn looks_at_server_connection(&self) -> bool {
        matches!(&self.0.source, Source::Fetch(fetch) if fetch.looks_at_server_connection())
    }

    /// Its value; `None` where there is none, or none yet (see [`Context::may_change`]).
    pub(crate) fn evaluate<'a>(&'a self, context: &Context<'a>) -> Option<Value<'a>> {
        let parsed = &*self.0;
        let value = match &parsed.source {
            Source::Fetch(Fetch { run: Run::One(run) | Run::Each { one: run, .. }, .. }) => run(context, &parsed.args)?,
            Source::Own(own) => own.value(context, &parsed.args)?,
        };
        self.convert(context, value)
    }

    /// Its value as text.
    pub(crate) fn bytes<'a>(&'a self, context: &Context<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
        self.evaluate(context).map(Value::into_bytes)
    }

    /// Its value as the text of a format: bytes end at a NUL there, as in HAProxy.
    pub(crate) fn text_of<'a>(&'a self, context: &Context<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
        self.evaluate(context)?.cast(SampleType::Str).map(Value::into_bytes)
    }

    /// Gives every value to `each` until that returns true, as ACLs look at all headers of a name. Says whether one
    /// did.
    pub(crate) fn any<'a>(&'a self, context: &Context<'a>, each: &mut dyn FnMut(Value<'a>) -> bool) -> bool {
        let parsed = &*self.0;
        match &parsed.source {
            Source::Fetch(Fetch { run: Run::One(run), .. }) => {
                run(context, &parsed.args).and_then(|value| self.convert(context, value)).is_some_and(each)
            }
            Source::Own(own) => {
                own.value(context, &parsed.args).and_then(|value| self.convert(context, value)).is_some_and(each)
            }
            Source::Fetch(Fetch { run: Run::Each { all, .. }, .. }) => {
                let mut found = false;
                all(context, &parsed.args, &mut |value| {
                    // The first that cannot be converted ends it, as in HAProxy.
                    let converted = self.convert(context, value);
                    let last = converted.is_none();
                    found = converted.is_some_and(&mut *each);
                    found || last
                });
                found
            }
        }
    }

    /// The userlist whose groups an ACL with it asks for.
    pub(crate) fn asks_for_groups(&self) -> Option<usize> {
        match self.0.args.first() {
            Some(Arg::Userlist(list)) if self.fetch_name() == "http_auth_group" => Some(*list),
            _ => None,
        }
    }

    /// Whether it is more than a fetch.
    pub(crate) fn has_converters(&self) -> bool {
        !self.0.steps.is_empty()
    }

    fn convert<'a>(&'a self, context: &Context<'a>, mut value: Value<'a>) -> Option<Value<'a>> {
        for (converter, args) in &self.0.steps {
            value = match converter {
                Conversion::Converter(converter) => {
                    (converter.run)(context, value.for_converter(converter.input)?, args)?
                }
                Conversion::Own(own) => own.convert(value, args)?,
            };
        }
        Some(value)
    }
}

struct Parser {
    source: Source,
    args: Vec<Arg>,
    steps: Vec<Step>,
    output: SampleType,
    /// How much of the current word was read.
    at: usize,
    /// Faults that are told when all was read.
    late: Vec<LateFault>,
}

impl Parser {
    fn fetch(text: &str, scope: &Scope<'_>) -> Result<Self, ExpressionError> {
        let name = name_of(text);
        if name.is_empty() {
            return Err(ExpressionError::new("missing fetch method"));
        }
        let source = Source::find(name, scope).ok_or_else(|| {
            let near = scope.names.extensions.nearest_fetch(name);
            ExpressionError::new(format!("unknown fetch method '{name}'{}", did_you_mean(near)))
        })?;
        if let Source::Fetch(fetch) = source {
            scope.names.used.note(fetch);
        }
        let rest = text.get(name.len()..).unwrap_or_default();
        let arg::Read { mut args, length, late } = arg::parse(rest, &source.args(), scope)
            .map_err(|error| ExpressionError::new(format!("fetch method '{name}' : {}", error.message)))?;
        let late = late.into_iter().map(|(word, error)| {
            let number = error.number;
            LateFault { word, message: error.at(format_args!("arg {number} of {}", scope.place_of_fetch(name))) }
        });
        let late: Vec<LateFault> = late.collect();
        source
            .check(&mut args, scope)
            .map_err(|text| ExpressionError::new(format!("invalid args in fetch method '{name}' : {text}")))?;
        Ok(Self { output: source.output(), source, args, steps: Vec::new(), at: name.len() + length, late })
    }

    fn converter(&mut self, text: &str, scope: &Scope<'_>) -> Result<(), ExpressionError> {
        let name = name_of(text);
        let converter = Conversion::find(name, scope).ok_or_else(|| {
            let near = scope.names.extensions.nearest_converter(name);
            ExpressionError::new(format!("unknown converter '{name}'{}", did_you_mean(near)))
        })?;
        let (input, output) = converter.types();
        if !self.output.casts_to(input) {
            return Err(ExpressionError::new(format!("converter '{name}' cannot be applied")));
        }
        let rest = text.get(name.len()..).unwrap_or_default();
        let arg::Read { mut args, length, late } = arg::parse(rest, &converter.args(), scope).map_err(|error| {
            ExpressionError::new(format!("invalid arg {} in converter '{name}' : {}", error.number, error.message))
        })?;
        for (word, error) in late {
            let (number, fetch) = (error.number, scope.place_of_fetch(self.source.name()));
            let message = error.at(format_args!("arg {number} of conversion keyword '{name}' for {fetch}"));
            self.late.push(LateFault { word, message });
        }
        converter
            .check(&mut args, scope)
            .map_err(|text| ExpressionError::new(format!("invalid args in converter '{name}' : {text}")))?;
        self.steps.push((converter, args.into()));
        self.output = output;
        self.at += name.len() + length;
        Ok(())
    }

    /// Goes over commas, of which HAProxy takes any number, and returns what follows; `None` where there are none.
    fn behind_commas<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let rest = text.get(self.at..)?;
        let behind = rest.trim_start_matches(',');
        self.at += rest.len() - behind.len();
        (behind.len() < rest.len()).then_some(behind)
    }

    fn last_name(&self) -> String {
        match self.steps.last() {
            Some((converter, _)) => format!("converter '{}'", converter.name()),
            None => format!("fetch keyword '{}'", self.source.name()),
        }
    }

    fn finish(self, text: &str, scope: &Scope<'_>) -> Result<Expression, ExpressionError> {
        if !self.late.is_empty() {
            scope.names.late.note(self.late).map_err(|fault| ExpressionError::new(fault.message))?;
        }
        Ok(Expression(Arc::new(Parsed {
            text: text.into(),
            source: self.source,
            args: self.args.into(),
            steps: self.steps.into(),
            output: self.output,
        })))
    }
}

impl<'a> Scope<'a> {
    /// What stands outside of any section.
    pub(crate) fn of(names: &'a Names, keyword: &'a str) -> Self {
        Self { names, proxy: None, section: "", file: "", line: 0, keyword, ignore_case: false }
    }

    /// How messages about arguments call an expression that begins with `fetch`.
    fn place_of_fetch(&self, fetch: &str) -> String {
        match self.keyword {
            "ACL keyword" => format!("ACL keyword '{fetch}' in proxy '{}'", self.section),
            keyword => format!("sample fetch keyword '{fetch}' in {keyword} in proxy '{}'", self.section),
        }
    }
}
