//! What a command answers: typed for programs, rendered as HAProxy's text for sockets.

use super::commands::{
    BackendList, CliSockets, Environment, EventSinks, Info, PatternEntries, PatternLists, PatternLookups,
    ResolversList, ResolversTable, ServerConns, ServerStates, ServerWeight, SessionList, StatTable, TableContents,
    TableList, Variable, Version,
};
use super::severity::Severity;

/// The answer to a [`Command`](super::Command) that was done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Done; there is nothing to say.
    Done,
    /// Done, and this is worth saying: HAProxy's words, without the last line end.
    Message(Severity, String),
    /// `del server`.
    ServerDeleted,
    /// `show backend`.
    Backends(BackendList),
    /// `show cli sockets`.
    CliSockets(CliSockets),
    /// `show env`.
    Environment(Environment),
    /// `show events`.
    Events(EventSinks),
    /// `show sess`.
    Sessions(SessionList),
    /// `show info`.
    Info(Box<Info>),
    /// `show stat`.
    Statistics(Box<StatTable>),
    /// `show resolvers`.
    Resolvers(ResolversList),
    /// `show stat domain resolvers`.
    ResolversTable(ResolversTable),
    /// `show servers conn`.
    ServerConns(ServerConns),
    /// `show servers state`.
    ServerStates(ServerStates),
    /// `show table` without a name.
    Tables(TableList),
    /// `show table` of one.
    TableContents(TableContents),
    /// `show version`.
    Version(Version),
    /// `show acl`, `show map` of one.
    PatternEntries(PatternEntries),
    /// `show acl`, `show map`.
    PatternLists(PatternLists),
    /// `get acl`, `get map`.
    PatternLookups(PatternLookups),
    /// `get var`.
    Variable(Variable),
    /// `get weight`.
    Weight(ServerWeight),
}

impl Reply {
    /// The severity that `set severity-output` shows; only messages have one.
    pub fn severity(&self) -> Option<Severity> {
        match self {
            Self::Message(severity, _) => Some(*severity),
            Self::ServerDeleted | Self::Version(_) => Some(Severity::Info),
            _ => None,
        }
    }

    /// Whether an empty line ends the reply on the stats socket. HAProxy leaves it out after `del server` and
    /// `get var`.
    pub fn has_blank_line(&self) -> bool {
        !matches!(self, Self::ServerDeleted | Self::Variable(_))
    }

    /// Appends the text of the stats socket: whole lines, without the empty line that ends replies there.
    pub fn render(&self, out: &mut String) {
        match self {
            Self::Done => {}
            Self::Message(_, text) => {
                out.push_str(text);
                out.push('\n');
            }
            Self::ServerDeleted => out.push_str("Server deleted.\n"),
            Self::Backends(reply) => reply.render(out),
            Self::CliSockets(reply) => reply.render(out),
            Self::Environment(reply) => reply.render(out),
            Self::Events(reply) => reply.render(out),
            Self::Variable(reply) => reply.render(out),
            Self::Sessions(reply) => reply.render(out),
            Self::Info(reply) => reply.render(out),
            Self::Statistics(reply) => reply.render(out),
            Self::Resolvers(reply) => reply.render(out),
            Self::ResolversTable(reply) => reply.render(out),
            Self::ServerConns(reply) => reply.render(out),
            Self::ServerStates(reply) => reply.render(out),
            Self::Tables(reply) => reply.render(out),
            Self::TableContents(reply) => reply.render(out),
            Self::Version(reply) => reply.render(out),
            Self::PatternEntries(reply) => reply.render(out),
            Self::PatternLists(reply) => reply.render(out),
            Self::PatternLookups(reply) => reply.render(out),
            Self::Weight(reply) => reply.render(out),
        }
    }
}
