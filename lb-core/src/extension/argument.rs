//! Arguments of extensions: what a configuration has to give, and what functions get of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::ExtensionError;
use crate::log::{FormatUse, LogFormat};
use crate::regex::Regex;
use crate::sample::names::Names;
use crate::sample::{Arg, ArgKind, Scope};

/// What an argument must be. Texts that are not are refused when the configuration is read, in HAProxy's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgType {
    /// Any text.
    Text,
    /// A signed integer.
    Integer,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv4 mask: `24` or `255.255.255.0`.
    Ipv4Mask,
    /// An IPv6 mask: `64` or an address.
    Ipv6Mask,
    /// A regular expression.
    Regex,
    /// The name of a frontend; functions get the name.
    Frontend,
    /// The name of a backend; functions get the name.
    Backend,
    /// `backend/server`, or a server of the section; functions get `backend/server`.
    Server,
    /// The name of a section with a stick table; functions get the name.
    Table,
    /// The name of a userlist; functions get the name.
    Userlist,
    /// Of actions alone: a text with variables and expressions, `"%[src] %ci"`. Functions get what it comes to.
    Format,
}

impl ArgType {
    fn kind(self) -> ArgKind {
        match self {
            Self::Text | Self::Format => ArgKind::Str,
            Self::Integer => ArgKind::Sint,
            Self::Ipv4 => ArgKind::Ipv4,
            Self::Ipv6 => ArgKind::Ipv6,
            Self::Ipv4Mask => ArgKind::Ipv4Mask,
            Self::Ipv6Mask => ArgKind::Ipv6Mask,
            Self::Regex => ArgKind::Regex,
            Self::Frontend => ArgKind::Frontend,
            Self::Backend => ArgKind::Backend,
            Self::Server => ArgKind::Server,
            Self::Table => ArgKind::Table,
            Self::Userlist => ArgKind::Userlist,
        }
    }
}

/// Checks arguments when the configuration is read, beyond their types.
pub(super) type Check = Arc<dyn Fn(&Arguments<'_>) -> Result<(), String> + Send + Sync>;

/// Which arguments an extension takes.
#[derive(Clone, Default)]
pub(crate) struct Signature {
    /// How many must be given.
    pub(crate) required: usize,
    types: Vec<ArgType>,
    /// What each is.
    pub(crate) kinds: Vec<ArgKind>,
    pub(super) check: Option<Check>,
}

impl Signature {
    /// Adds arguments that must be given.
    pub(super) fn args(&mut self, types: &[ArgType]) {
        self.optional(types);
        self.required = self.types.len();
    }

    /// Adds arguments that may be left out.
    pub(super) fn optional(&mut self, types: &[ArgType]) {
        self.types.extend(types);
        self.kinds.extend(types.iter().map(|one| one.kind()));
    }

    pub(super) fn without_formats(&self, kind: &'static str, name: &str) -> Result<(), ExtensionError> {
        match self.types.contains(&ArgType::Format) {
            true => Err(ExtensionError::Format { kind, name: name.to_owned() }),
            false => Ok(()),
        }
    }

    /// Whether an argument is a format.
    pub(super) fn is_format(&self, index: usize) -> bool {
        self.types.get(index) == Some(&ArgType::Format)
    }

    /// Puts names in the places of numbers, which mean nothing to functions, and lets the extension look at them all.
    ///
    /// # Errors
    /// What the extension says is wrong with them.
    pub(crate) fn finish(&self, args: &mut [Arg], names: &Names) -> Result<(), String> {
        let proxy = |number: usize| names.proxies.get(number).map_or("", |proxy| proxy.name.as_str());
        for arg in args.iter_mut() {
            let name = match arg {
                Arg::Proxy(number) => proxy(*number).to_owned(),
                Arg::Server(number, server) => format!("{}/{server}", proxy(*number)),
                Arg::Userlist(number) => names.userlists.get(*number).cloned().unwrap_or_default(),
                _ => continue,
            };
            *arg = Arg::Str(name.into_bytes().into());
        }
        self.check.as_ref().map_or(Ok(()), |check| check(&Arguments { list: args }))
    }
}

/// Compiles the format of an action's argument.
pub(super) fn format(text: &str, usage: &FormatUse<'_>) -> Result<Arg, String> {
    LogFormat::parse_in(text, usage).map(|format| Arg::Own(Arc::new(format))).map_err(|error| error.to_string())
}

/// Reads one word of an action's arguments.
pub(super) fn word(signature: &Signature, index: usize, text: &str, scope: &Scope<'_>) -> Result<Arg, String> {
    let kind = signature.kinds.get(index).copied().unwrap_or(ArgKind::Str);
    crate::sample::arg::word(kind, text, index, scope)
}

/// The arguments that the configuration gives an extension, as their types say. Those that were left out have no value.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    list: &'a [Arg],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(list: &'a [Arg]) -> Self {
        Self { list }
    }

    /// The text or the name that an argument is, or what its format came to.
    pub fn bytes(&self, index: usize) -> Option<&'a [u8]> {
        self.list.get(index)?.text()
    }

    /// The same where it is UTF-8: what is written in a configuration is.
    pub fn text(&self, index: usize) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(index)?).ok()
    }

    /// The integer that an argument is.
    pub fn number(&self, index: usize) -> Option<i64> {
        self.list.get(index)?.number()
    }

    /// The address or the mask that an argument is.
    pub fn ip(&self, index: usize) -> Option<IpAddr> {
        match self.list.get(index)? {
            Arg::Ipv4(address) => Some(IpAddr::V4(*address)),
            Arg::Ipv6(address) => Some(IpAddr::V6(*address)),
            _ => None,
        }
    }

    /// The regular expression that an argument is.
    pub fn regex(&self, index: usize) -> Option<&'a Regex> {
        match self.list.get(index)? {
            Arg::Regex(regex, _) => Some(regex),
            _ => None,
        }
    }
}
