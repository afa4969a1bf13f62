//! `enable server`, `disable server`, and the `state` of `set server` (management.txt, section 9.3).

use super::super::{Command, CommandError, Instance, Reply, ServerName, Words};
use crate::backend::AdminChange;

/// `enable server`, `disable server`, `set server <b>/<s> state <state>`: what an operator makes of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerState {
    /// The server.
    pub server: ServerName,
    /// Its new state.
    pub state: AdminChange,
}

impl SetServerState {
    pub(crate) fn parse_enable(mut words: Words) -> Result<Command, CommandError> {
        Self::command(&mut words, AdminChange::Ready)
    }

    pub(crate) fn parse_disable(mut words: Words) -> Result<Command, CommandError> {
        Self::command(&mut words, AdminChange::Maint)
    }

    fn command(words: &mut Words, state: AdminChange) -> Result<Command, CommandError> {
        Ok(Command::SetServerState(Self { server: ServerName::parse(words)?, state }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        instance.change(|| entry.backend.change_admin(&server, self.state));
        if self.state == AdminChange::Maint {
            instance.shared.drop_renounced();
        }
        Ok(Reply::Done)
    }
}
