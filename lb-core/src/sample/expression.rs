//! Expressions: a fetch and converters, `src,ipmask(24)` (configuration.txt, sections 7.3 and 7.3.1).

use std::fmt;
use std::sync::Arc;

use super::arg::{self, Arg};
use super::context::Context;
use super::convert::{self, Converter};
use super::fetch::{self, Fetch, Run};
use super::names::{Names, ProxyNumber};
use super::place::Places;
use super::value::{SampleType, Value};

/// Where an expression stands, and what it may refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// Names of other sections.
    pub(crate) names: &'a Names,
    /// The section it stands in.
    pub(crate) proxy: Option<ProxyNumber>,
    /// File and line, for messages and for `last_rule_file`.
    pub(crate) file: &'a str,
    /// See `file`.
    pub(crate) line: u32,
    /// What it belongs to, in messages: `http-request expression`, `ACL keyword` and so on.
    pub(crate) keyword: &'a str,
    /// Regular expressions ignore case (`-i`).
    pub(crate) ignore_case: bool,
}

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ExpressionError {
    /// HAProxy's text.
    pub(crate) message: String,
    /// The text is complete: nothing goes before it but the place, written `parsing [file:line]: `.
    pub(crate) complete: bool,
}

impl ExpressionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), complete: false }
    }

    /// A fault that HAProxy finds when all was read: the text names the place of the argument itself.
    fn complete(message: String) -> Self {
        Self { message, complete: true }
    }
}

/// A parsed expression.
///
/// Made from text by the configuration and by rules; it is evaluated for each stream. Cloning is cheap.
#[derive(Clone)]
pub struct Expression(Arc<Parsed>);

/// A converter and its arguments.
type Step = (&'static Converter, Box<[Arg]>);

struct Parsed {
    text: Box<str>,
    fetch: &'static Fetch,
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

/// The name at the start of a text, up to what ends it.
fn name_of(text: &str) -> &str {
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
            if rest.is_empty() || rest.starts_with(']') {
                break;
            }
            parser.converter(rest, scope)?;
        }
        let at = parser.at;
        Ok((parser.finish(text.get(..at).unwrap_or_default()), at))
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
                let Some(next) = words.next().filter(|next| convert::find(name_of(next)).is_some()) else { break };
                text.push(',');
                text.push_str(next);
                (word, parser.at) = (next, 0);
                taken += 1;
                parser.converter(next, scope)?;
            }
        }
        Ok((parser.finish(&text), taken))
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
        self.0.fetch.places
    }

    /// The fetch it begins with.
    pub(crate) fn fetch(&self) -> &'static Fetch {
        self.0.fetch
    }

    /// Its value; `None` where there is none, or none yet (see [`Context::may_change`]).
    pub(crate) fn evaluate<'a>(&'a self, context: &Context<'a>) -> Option<Value<'a>> {
        let parsed = &*self.0;
        let value = match parsed.fetch.run {
            Run::One(run) => run(context, &parsed.args)?,
            Run::Each { one, .. } => one(context, &parsed.args)?,
        };
        self.convert(context, value)
    }

    /// Its value as text.
    pub(crate) fn bytes<'a>(&'a self, context: &Context<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
        self.evaluate(context).map(Value::into_bytes)
    }

    /// Gives every value to `each` until that returns true, as ACLs look at all headers of a name. Says whether one
    /// did.
    pub(crate) fn any<'a>(&'a self, context: &Context<'a>, each: &mut dyn FnMut(Value<'a>) -> bool) -> bool {
        let parsed = &*self.0;
        match parsed.fetch.run {
            Run::One(run) => {
                run(context, &parsed.args).and_then(|value| self.convert(context, value)).is_some_and(each)
            }
            Run::Each { all, .. } => {
                let mut found = false;
                all(context, &parsed.args, &mut |value| {
                    found = self.convert(context, value).is_some_and(&mut *each);
                    found
                });
                found
            }
        }
    }

    /// Whether it is more than a fetch.
    pub(crate) fn has_converters(&self) -> bool {
        !self.0.steps.is_empty()
    }

    fn convert<'a>(&'a self, context: &Context<'a>, mut value: Value<'a>) -> Option<Value<'a>> {
        for (converter, args) in &self.0.steps {
            value = (converter.run)(context, value.for_converter(converter.input)?, args)?;
        }
        Some(value)
    }
}

struct Parser {
    fetch: &'static Fetch,
    args: Vec<Arg>,
    steps: Vec<Step>,
    output: SampleType,
    /// How much of the current word was read.
    at: usize,
}

impl Parser {
    fn fetch(text: &str, scope: &Scope<'_>) -> Result<Self, ExpressionError> {
        let name = name_of(text);
        if name.is_empty() {
            return Err(ExpressionError::new("missing fetch method"));
        }
        let fetch = fetch::find(name).ok_or_else(|| ExpressionError::new(format!("unknown fetch method '{name}'")))?;
        let rest = text.get(name.len()..).unwrap_or_default();
        let place = |error: &arg::ArgError| match scope.keyword {
            "ACL keyword" => format!("arg {} of ACL keyword '{name}' in proxy '{}'", error.number, scope.proxy_name()),
            keyword => format!(
                "arg {} of sample fetch keyword '{name}' in {keyword} in proxy '{}'",
                error.number,
                scope.proxy_name()
            ),
        };
        let (mut args, length) = arg::parse(rest, &fetch.args, scope).map_err(|error| match error.late {
            Some(_) => ExpressionError::complete(error.at(place(&error))),
            None => ExpressionError::new(format!("fetch method '{name}' : {}", error.message)),
        })?;
        if let Some(check) = fetch.check {
            check(&mut args, scope)
                .map_err(|text| ExpressionError::new(format!("invalid args in fetch method '{name}' : {text}")))?;
        }
        Ok(Self { fetch, args, steps: Vec::new(), output: fetch.output, at: name.len() + length })
    }

    fn converter(&mut self, text: &str, scope: &Scope<'_>) -> Result<(), ExpressionError> {
        let name = name_of(text);
        let converter =
            convert::find(name).ok_or_else(|| ExpressionError::new(format!("unknown converter '{name}'")))?;
        if !self.output.casts_to(converter.input) {
            return Err(ExpressionError::new(format!("converter '{name}' cannot be applied")));
        }
        let rest = text.get(name.len()..).unwrap_or_default();
        let (mut args, length) = arg::parse(rest, &converter.args, scope).map_err(|error| match error.late {
            Some(_) => ExpressionError::complete(error.at(format_args!(
                "arg {} of conversion keyword '{name}' for sample fetch keyword '{}' in {} in proxy '{}'",
                error.number,
                self.fetch.name,
                scope.keyword,
                scope.proxy_name()
            ))),
            None => {
                ExpressionError::new(format!("invalid arg {} in converter '{name}' : {}", error.number, error.message))
            }
        })?;
        if let Some(check) = converter.check {
            check(&mut args, scope)
                .map_err(|text| ExpressionError::new(format!("invalid args in converter '{name}' : {text}")))?;
        }
        self.steps.push((converter, args.into()));
        self.output = converter.output;
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
            Some((converter, _)) => format!("converter '{}'", converter.name),
            None => format!("fetch keyword '{}'", self.fetch.name),
        }
    }

    fn finish(self, text: &str) -> Expression {
        Expression(Arc::new(Parsed {
            text: text.into(),
            fetch: self.fetch,
            args: self.args.into(),
            steps: self.steps.into(),
            output: self.output,
        }))
    }
}

impl<'a> Scope<'a> {
    /// What stands outside of any section.
    pub(crate) fn of(names: &'a Names, keyword: &'a str) -> Self {
        Self { names, proxy: None, file: "", line: 0, keyword, ignore_case: false }
    }
    /// The name of the section.
    pub(crate) fn proxy_name(&self) -> &str {
        self.proxy.and_then(|proxy| self.names.proxies.get(proxy)).map_or("", |proxy| proxy.name.as_str())
    }
}
