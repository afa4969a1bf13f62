//! `shutdown session` and `shutdown sessions server` (management.txt, section 9.3).

use super::super::session::SessionId;
use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Words};
use super::show_sess::unanswered;
use crate::log::Cause;
use crate::worker::inquiry::Streams;

/// `shutdown session <id>`: ends a stream at once. It is logged with the state `K`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownSession {
    /// The stream.
    pub id: SessionId,
}

/// `shutdown sessions server <backend>/<server>`: ends the streams that are on a server at once. Those that wait for it
/// in a queue stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownSessions {
    /// Name of the backend.
    pub backend: String,
    /// Name of the server.
    pub server: String,
}

impl ShutdownSession {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let word = words.next_or_empty();
        let id = word.parse().ok().or_else(|| word.parse().ok().map(|number: u64| SessionId::from(number)));
        match id.filter(|id| id.as_u64() != 0) {
            Some(id) => Ok(Command::ShutdownSession(Self { id })),
            None => Err(CommandError::new(ErrorCode::Usage, "Session pointer expected (use 'show sess').")),
        }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let shut = instance.shared.shut_streams(&Streams::One(self.id), Cause::Killed).map_err(unanswered)?;
        if shut == 0 && !instance.shared.other_sessions.shut(self.id) {
            return Err(CommandError::new(ErrorCode::NotFound, "No such session (use 'show sess')."));
        }
        Ok(Reply::Done)
    }
}

impl ShutdownSessions {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let ServerName { backend, server } = ServerName::parse(&mut words)?;
        Ok(Command::ShutdownSessions(Self { backend, server }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let backend = instance.backend(&self.backend)?;
        let server = backend.backend.server(&self.server).ok_or_else(CommandError::no_such_server)?;
        let streams = Streams::OfServer(backend.index, server.id);
        instance.shared.shut_streams(&streams, Cause::Killed).map_err(unanswered)?;
        Ok(Reply::Done)
    }
}
