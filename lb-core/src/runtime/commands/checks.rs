//! `enable health`, `disable health`, `enable agent`, `disable agent` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Words};
use crate::server::check::Checked;

/// Which checks of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// `health`: those that `check` asks for.
    Health,
    /// `agent`: those that `agent-check` asks for.
    Agent,
}

/// `enable health`, `disable health` and the same for `agent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnableChecks {
    /// The server.
    pub server: ServerName,
    /// Which checks.
    pub kind: CheckKind,
    /// Whether they are to be made.
    pub enabled: bool,
}

impl EnableChecks {
    pub(crate) fn parse_enable_health(words: Words) -> Result<Command, CommandError> {
        Self::command(words, CheckKind::Health, true)
    }

    pub(crate) fn parse_disable_health(words: Words) -> Result<Command, CommandError> {
        Self::command(words, CheckKind::Health, false)
    }

    pub(crate) fn parse_enable_agent(words: Words) -> Result<Command, CommandError> {
        Self::command(words, CheckKind::Agent, true)
    }

    pub(crate) fn parse_disable_agent(words: Words) -> Result<Command, CommandError> {
        Self::command(words, CheckKind::Agent, false)
    }

    fn command(mut words: Words, kind: CheckKind, enabled: bool) -> Result<Command, CommandError> {
        Ok(Command::EnableChecks(Self { server: ServerName::parse(&mut words)?, kind, enabled }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (_, server) = instance.server(&self.server)?;
        let refused = |text| Err(CommandError::new(ErrorCode::State, text));
        match (self.kind, self.enabled) {
            (CheckKind::Agent, true) if !server.agent.is_configured() => {
                refused("Agent was not configured on this server, cannot enable.")
            }
            (CheckKind::Agent, enabled) => {
                server.agent.enable(enabled);
                Ok(Reply::Done)
            }
            (CheckKind::Health, true) if !server.checks.are_configured() => {
                refused("Health check was not configured on this server, cannot enable.")
            }
            (CheckKind::Health, enabled) => {
                server.checks.enable(enabled);
                Ok(Reply::Done)
            }
        }
    }
}

/// Has a server that was added checked from now on.
pub(super) fn start_checks(instance: &Instance, checked: Checked) {
    // Without a control thread the instance has ended.
    let _ = instance.shared.checks.send(checked);
}
