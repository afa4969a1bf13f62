//! `backend/server`: which server a command is about.

use std::fmt;

use super::command::Command;
use super::error::{CommandError, ErrorCode};
use super::instance::Instance;
use super::reply::Reply;
use super::words::Words;

/// A server and its backend, each by name or as `#` and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    /// The backend.
    pub backend: String,
    /// The server.
    pub server: String,
}

impl ServerName {
    /// A server of a backend.
    pub fn new(backend: impl Into<String>, server: impl Into<String>) -> Self {
        Self { backend: backend.into(), server: server.into() }
    }

    /// The next word of a command.
    pub(crate) fn parse(words: &mut Words) -> Result<Self, CommandError> {
        Self::parse_any(words).and_then(|name| match name.backend.as_str() {
            "" => Err(Self::required()),
            _ => Ok(name),
        })
    }

    /// The same for `get weight`, where a missing backend is one that does not exist.
    pub(crate) fn parse_any(words: &mut Words) -> Result<Self, CommandError> {
        let word = words.next_or_empty();
        match word.split_once('/') {
            Some((backend, server)) if !server.is_empty() => Ok(Self::new(backend, server)),
            _ => Err(Self::required()),
        }
    }

    /// There is no such word.
    pub(crate) fn required() -> CommandError {
        CommandError::new(ErrorCode::Usage, "Require 'backend/server'.")
    }
}

/// A command about a server whose other arguments are wrong. HAProxy says so only where the server exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    server: ServerName,
    error: CommandError,
}

impl Refused {
    /// The command, or this in its place.
    pub(crate) fn or(server: ServerName, read: impl FnOnce(ServerName) -> Result<Command, CommandError>) -> Command {
        read(server.clone()).unwrap_or_else(|error| Command::Refused(Self { server, error }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        instance.server(&self.server)?;
        Err(self.error.clone())
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.backend, self.server)
    }
}

/// Whether a word names what has this name and number.
pub(crate) fn names(word: &str, name: &str, id: u32) -> bool {
    match word.strip_prefix('#') {
        Some(number) => number.parse() == Ok(id),
        None => word == name,
    }
}
