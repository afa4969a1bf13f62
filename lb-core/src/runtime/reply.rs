//! What a command answers: typed for programs, rendered as HAProxy's text for sockets.

use super::commands::{BackendList, CliSockets, Environment, Info, StatTable, Version};
use super::severity::Severity;

/// The answer to a [`Command`](super::Command) that was done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Done; there is nothing to say.
    Done,
    /// Done, and this is worth saying: HAProxy's words, without the last line end.
    Message(Severity, String),
    /// `show backend`.
    Backends(BackendList),
    /// `show cli sockets`.
    CliSockets(CliSockets),
    /// `show env`.
    Environment(Environment),
    /// `show info`.
    Info(Box<Info>),
    /// `show stat`.
    Statistics(Box<StatTable>),
    /// `show version`.
    Version(Version),
}

impl Reply {
    /// The severity that `set severity-output` shows; only messages have one.
    pub fn severity(&self) -> Option<Severity> {
        match self {
            Self::Message(severity, _) => Some(*severity),
            Self::Version(_) => Some(Severity::Info),
            _ => None,
        }
    }

    /// Appends the text of the stats socket: whole lines, without the empty line that ends every reply there.
    pub fn render(&self, out: &mut String) {
        match self {
            Self::Done => {}
            Self::Message(_, text) => {
                out.push_str(text);
                out.push('\n');
            }
            Self::Backends(reply) => reply.render(out),
            Self::CliSockets(reply) => reply.render(out),
            Self::Environment(reply) => reply.render(out),
            Self::Info(reply) => reply.render(out),
            Self::Statistics(reply) => reply.render(out),
            Self::Version(reply) => reply.render(out),
        }
    }
}
