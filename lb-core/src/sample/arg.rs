//! Arguments of fetches and converters: `name(arg,arg)` (configuration.txt, sections 2.2 and 7.3).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::expression::Scope;
use super::names::ProxyNumber;
use super::value::Value;
use super::variable::VariableName;
use crate::regex::Regex;

/// What an argument must be. The names are those of HAProxy's messages and of `haproxy -dKsmp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    /// Any text.
    Str,
    /// A signed integer.
    Sint,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv4 mask: `24` or `255.255.255.0`.
    Ipv4Mask,
    /// An IPv6 mask: `64` or an address.
    Ipv6Mask,
    /// The name of a frontend; the current proxy where it is left out.
    Frontend,
    /// The name of a backend; the current proxy where it is left out.
    Backend,
    /// `backend/server`, or a server of the current proxy.
    Server,
    /// The name of a proxy with a stick table; the current proxy where it is left out.
    Table,
    /// The name of a userlist.
    Userlist,
    /// A regular expression.
    Regex,
    /// A field number of Protocol buffers: `1.2.3`.
    ProtobufField,
}

impl ArgKind {
    /// The name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Str => "string",
            Self::Sint => "integer",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Ipv4Mask => "IPv4 mask",
            Self::Ipv6Mask => "IPv6 mask",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Table => "table",
            Self::Userlist => "user list",
            Self::Regex => "regex",
            Self::ProtobufField => "Protocol buffers field number",
        }
    }
}

/// Which arguments a fetch or a converter takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArgSpec {
    /// How many must be given.
    pub(crate) required: usize,
    /// What each is.
    pub(crate) kinds: &'static [ArgKind],
}

impl ArgSpec {
    /// No arguments.
    pub(crate) const NONE: Self = Self { required: 0, kinds: &[] };

    /// All of these must be given.
    pub(crate) const fn all(kinds: &'static [ArgKind]) -> Self {
        Self { required: kinds.len(), kinds }
    }

    /// The first `required` of these must be given.
    pub(crate) const fn of(required: usize, kinds: &'static [ArgKind]) -> Self {
        Self { required, kinds }
    }
}

/// As `haproxy -dKsmp` writes it: `(integer,integer[,string])`, nothing where there are none.
impl fmt::Display for ArgSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kinds.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        for (index, kind) in self.kinds.iter().enumerate() {
            match index {
                _ if index == self.required => f.write_str(if index == 0 { "[" } else { "[," })?,
                0 => {}
                _ => f.write_str(",")?,
            }
            f.write_str(kind.name())?;
        }
        f.write_str(if self.required < self.kinds.len() { "])" } else { ")" })
    }
}

/// An argument.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    /// Not given.
    Absent,
    /// Text.
    Str(Box<[u8]>),
    /// A number.
    Sint(i64),
    /// An address.
    Ipv4(Ipv4Addr),
    /// An address.
    Ipv6(Ipv6Addr),
    /// A length of time; made of a text by a check function.
    Time(Duration),
    /// A proxy, in the order of the configuration: a frontend, a backend or the owner of a table.
    Proxy(ProxyNumber),
    /// A server of a proxy.
    Server(ProxyNumber, Box<str>),
    /// A userlist, in the order of the configuration.
    Userlist(usize),
    /// A compiled regular expression.
    Regex(Regex),
    /// A variable; made of a text by a check function.
    Variable(VariableName),
    /// A value that a check function computed.
    Value(Value<'static>),
    /// What only one function knows how to read; made by its check function.
    Own(Arc<dyn std::any::Any + Send + Sync>),
}

impl Arg {
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Sint(number) => Some(*number),
            _ => None,
        }
    }

    /// What a check function left for its function.
    pub(crate) fn own<T: 'static>(&self) -> Option<&T> {
        match self {
            Self::Own(data) => data.downcast_ref(),
            _ => None,
        }
    }
}

/// Why arguments were refused.
#[derive(Debug)]
pub(super) struct ArgError {
    /// The argument, from 1.
    pub(super) number: usize,
    /// HAProxy's text.
    pub(super) message: String,
    /// The message names its place itself: names of other sections and regular expressions, which HAProxy looks at when
    /// all was read.
    pub(super) late: bool,
}

/// Reads `(…)` at the start of `text`, if it is there. Returns the arguments, one for each kind of `spec`, and how many
/// bytes were read.
pub(super) fn parse(text: &str, spec: &ArgSpec, scope: &Scope<'_>) -> Result<(Vec<Arg>, usize), ArgError> {
    let mut args = Vec::with_capacity(spec.kinds.len());
    let mut at = 0;
    if let Some(inside) = text.strip_prefix('(') {
        at = 1;
        let mut rest = inside;
        for (index, kind) in spec.kinds.iter().enumerate() {
            let (word, length) = unquote(rest).ok_or_else(|| error(index, "expected ')'".into()))?;
            // `name()` is `name`; an argument in the middle may be left out where it is optional.
            if word.is_empty() && length == 0 && (index >= spec.required || rest.starts_with(')')) && index == 0 {
                break;
            }
            args.push(parse_one(*kind, &word, index, scope)?);
            rest = rest.get(length..).unwrap_or_default();
            at += length;
            if index + 1 < spec.kinds.len()
                && let Some(behind) = rest.strip_prefix(',')
            {
                (rest, at) = (behind, at + 1);
                continue;
            }
            break;
        }
        match rest.chars().next() {
            Some(')') => at += 1,
            _ => {
                let number = args.len().max(usize::from(spec.kinds.is_empty()));
                return Err(error(number, format!("expected ')' before '{rest}'")));
            }
        }
    }
    if args.len() < spec.required {
        let kind = spec.kinds.get(args.len()).map_or("", |kind| kind.name());
        let named = matches!(
            spec.kinds.get(args.len()),
            Some(ArgKind::Frontend | ArgKind::Backend | ArgKind::Table | ArgKind::Server)
        );
        if args.is_empty() && !named {
            return Err(error(0, format!("expected type '{kind}' at position 1, but got nothing")));
        } else if !named {
            let (got, wanted) = (args.len(), spec.required);
            return Err(error(args.len(), format!("missing arguments (got {got}/{wanted}), type '{kind}' expected")));
        }
    }
    while args.len() < spec.kinds.len() {
        let index = args.len();
        let kind = spec.kinds.get(index).copied().unwrap_or(ArgKind::Str);
        let own = matches!(kind, ArgKind::Frontend | ArgKind::Backend | ArgKind::Table) && index < spec.required;
        args.push(if own { named(kind, "", index, scope)? } else { Arg::Absent });
    }
    Ok((args, at))
}

fn error(index: usize, message: String) -> ArgError {
    ArgError { number: index + 1, message, late: false }
}

/// Reads one argument up to a `,` or `)` that is neither quoted nor escaped; `None` where there is no end.
fn unquote(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, ',' | ')') => return Some((out, at)),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match chars.next() {
                Some((_, c @ ('\\' | '"' | '\'' | ',' | ')' | '(' | ' '))) => out.push(c),
                Some((_, c)) => out.extend(['\\', c]),
                None => return None,
            },
            (_, c) => out.push(c),
        }
    }
    None
}

fn parse_one(kind: ArgKind, word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, ArgError> {
    let failed =
        || error(index, format!("failed to parse '{word}' as type '{}' at position {}", kind.name(), index + 1));
    match kind {
        ArgKind::Str => Ok(Arg::Str(word.as_bytes().into())),
        ArgKind::Sint => word.parse().map(Arg::Sint).map_err(|_| failed()),
        ArgKind::Ipv4 => word.parse().map(Arg::Ipv4).map_err(|_| failed()),
        ArgKind::Ipv6 => word.parse().map(Arg::Ipv6).map_err(|_| failed()),
        ArgKind::Ipv4Mask => {
            let length = word.parse::<u32>().ok().filter(|length| *length <= 32);
            let mask = length.map(|length| Ipv4Addr::from(u32::MAX.checked_shl(32 - length).unwrap_or(0)));
            mask.or_else(|| word.parse().ok()).map(Arg::Ipv4).ok_or_else(failed)
        }
        ArgKind::Ipv6Mask => {
            let length = word.parse::<u32>().ok().filter(|length| *length <= 128);
            let mask = length.map(|length| Ipv6Addr::from(u128::MAX.checked_shl(128 - length).unwrap_or(0)));
            mask.or_else(|| word.parse().ok()).map(Arg::Ipv6).ok_or_else(failed)
        }
        ArgKind::Frontend | ArgKind::Backend | ArgKind::Table | ArgKind::Server | ArgKind::Userlist => {
            named(kind, word, index, scope)
        }
        ArgKind::Regex => {
            let compiled = Regex::new(word, scope.ignore_case).map(Arg::Regex);
            compiled.map_err(|refused| ArgError { number: index + 1, message: refused.to_string(), late: true })
        }
        ArgKind::ProtobufField => {
            let numbers: Option<Vec<u64>> = word.split('.').map(|part| part.parse().ok()).collect();
            numbers.map(|numbers| Arg::Own(Arc::new(numbers))).ok_or_else(failed)
        }
    }
}

/// Finds what a name of another section stands for.
fn named(kind: ArgKind, word: &str, index: usize, scope: &Scope<'_>) -> Result<Arg, ArgError> {
    let late = |message| ArgError { number: index + 1, message, late: true };
    scope.names.resolve(kind, word, scope.proxy).map_err(late)
}
