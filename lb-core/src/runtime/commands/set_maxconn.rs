//! `set maxconn` of the process and of frontends (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use super::typed::number;

/// `set maxconn global <value>`: how many client connections the process may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMaxconnGlobal {
    /// The limit; 0 is the one of the configuration.
    pub maxconn: u32,
}

/// `set maxconn frontend <frontend> <value>`: how many connections a frontend may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMaxconnFrontend {
    /// Its name, or `#` and its number.
    pub frontend: String,
    /// The limit; `None` where no number was given.
    pub maxconn: Option<i32>,
}

fn out_of_range() -> CommandError {
    CommandError::new(ErrorCode::Invalid, "Value out of range.")
}

impl SetMaxconnGlobal {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let Some(word) = words.next() else {
            return Err(CommandError::new(ErrorCode::Usage, "Expects an integer value."));
        };
        // As HAProxy: what is no number, and what is below 0, is 0.
        Ok(Command::SetMaxconnGlobal(Self { maxconn: u32::try_from(number(&word)).unwrap_or(0) }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let shared = &instance.shared;
        let hard = shared.needs.maxconn;
        if self.maxconn > hard {
            return Err(out_of_range());
        }
        shared.limits.connections.set_limit(if self.maxconn == 0 { hard } else { self.maxconn });
        Ok(Reply::Done)
    }
}

impl SetMaxconnFrontend {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let Some(frontend) = words.next() else { return Err(CommandError::frontend_expected()) };
        let maxconn = words.next().map(|word| number(&word));
        Ok(Command::SetMaxconnFrontend(Self { frontend, maxconn }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let disabled = instance.is_disabled_frontend(&self.frontend);
        let frontend = if disabled { None } else { Some(instance.frontend(&self.frontend)?) };
        let Some(maxconn) = self.maxconn else {
            return Err(CommandError::new(ErrorCode::Usage, "Integer value expected."));
        };
        let maxconn = u32::try_from(maxconn).map_err(|_| out_of_range())?;
        // One that is `disabled` never accepts: as in HAProxy there is then nothing more to it.
        if let Some(frontend) = frontend {
            frontend.limits.connections.set_limit(maxconn);
        }
        Ok(Reply::Done)
    }
}
