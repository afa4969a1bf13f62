//! `enable frontend`, `disable frontend` and `shutdown frontend` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Severity, Words};
use crate::stats::FrontendStatus;

/// Lets a frontend accept, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFrontendState {
    /// Its name, or `#` and its number.
    pub frontend: String,
    /// What it is to do.
    pub state: FrontendChange,
}

/// What a frontend is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontendChange {
    /// Accept again.
    Enable,
    /// Accept nothing until it is enabled again. Its addresses stay bound; clients are refused.
    Disable,
    /// Accept nothing any more: its addresses are given up.
    Shutdown,
}

impl SetFrontendState {
    pub(crate) fn enable(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, FrontendChange::Enable)
    }

    pub(crate) fn disable(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, FrontendChange::Disable)
    }

    pub(crate) fn shutdown(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, FrontendChange::Shutdown)
    }

    fn parse(mut words: Words, state: FrontendChange) -> Result<Command, CommandError> {
        let Some(frontend) = words.next() else { return Err(CommandError::frontend_expected()) };
        Ok(Command::SetFrontendState(Self { frontend, state }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let refused = |text: &'static str| CommandError::new(ErrorCode::State, text);
        let noted = |text: &'static str| refused(text).with_severity(Severity::Notice);
        let stopped = match self.state {
            FrontendChange::Enable => refused("Frontend was previously shut down, cannot enable."),
            FrontendChange::Disable => noted("Frontend was previously shut down, cannot disable."),
            FrontendChange::Shutdown => noted("Frontend was already shut down."),
        };
        if instance.is_disabled_frontend(&self.frontend) {
            return Err(stopped);
        }
        let frontend = instance.frontend(&self.frontend)?;
        match (self.state, frontend.status()) {
            (_, FrontendStatus::Stopped) => return Err(stopped),
            (FrontendChange::Enable, FrontendStatus::Open) => {
                return Err(noted("All sockets are already enabled."));
            }
            (FrontendChange::Disable, FrontendStatus::Paused) => {
                return Err(noted("All sockets are already disabled."));
            }
            (FrontendChange::Enable, FrontendStatus::Paused) => instance
                .shared
                .resume_frontend(frontend)
                .map_err(|_| refused("Failed to resume frontend, check logs for precise cause (port conflict?)."))?,
            (FrontendChange::Disable, FrontendStatus::Open) => instance.shared.pause_frontend(frontend),
            (FrontendChange::Shutdown, _) => instance.shared.stop_frontend(frontend),
        }
        Ok(Reply::Done)
    }
}
