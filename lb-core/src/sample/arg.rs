//! Arguments of fetches and converters: `name(arg,arg)` (configuration.txt, sections 2.2 and 7.3).

mod parse;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub(crate) use parse::word;
pub(super) use parse::{Read, number, parse};

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
pub(crate) struct ArgSpec<'k> {
    /// How many must be given.
    pub(crate) required: usize,
    /// What each is.
    pub(crate) kinds: &'k [ArgKind],
}

impl<'k> ArgSpec<'k> {
    /// No arguments.
    pub(crate) const NONE: Self = Self { required: 0, kinds: &[] };

    /// All of these must be given.
    pub(crate) const fn all(kinds: &'k [ArgKind]) -> Self {
        Self { required: kinds.len(), kinds }
    }

    /// The first `required` of these must be given.
    pub(crate) const fn of(required: usize, kinds: &'k [ArgKind]) -> Self {
        Self { required, kinds }
    }
}

/// As `haproxy -dKsmp` writes it: `(integer,integer[,string])`, nothing where there are none.
impl fmt::Display for ArgSpec<'_> {
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
    /// A proxy, in the order of the configuration: a frontend, a backend or the owner of a table.
    Proxy(ProxyNumber),
    /// A server of a proxy.
    Server(ProxyNumber, Box<str>),
    /// A userlist, in the order of the configuration.
    Userlist(usize),
    /// A compiled regular expression, and its text.
    Regex(Regex, Box<str>),
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
