//! Commands about the session they are sent in (management.txt, section 9.3): `prompt`, `quit`, `operator`, `user`,
//! `show cli level`, `set severity-output`, `set timeout cli`, `expert-mode`, `experimental-mode`.

use std::time::Duration;

use super::super::{Caller, Command, CommandError, ErrorCode, Level, Reply, Severity, SeverityOutput, Words};
use crate::units::{TimeUnit, UnitError, parse_time};

/// A command about the session itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionCommand {
    /// `prompt`: turns the interactive mode on or off.
    Prompt,
    /// `quit`
    Quit,
    /// `operator` and `user`: from now on with this level.
    Lower(Level),
    /// `show cli level`
    ShowLevel,
    /// `set severity-output`
    SetSeverityOutput(SeverityOutput),
    /// `set timeout cli`: how long the session may be silent.
    SetTimeout(Duration),
    /// `expert-mode [on|off]`; without a word it is shown.
    ExpertMode(Option<bool>),
    /// `experimental-mode [on|off]`; without a word it is shown.
    ExperimentalMode(Option<bool>),
}

/// The longest timeout HAProxy counts, in milliseconds of 31 bits.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

impl SessionCommand {
    pub(crate) fn prompt(_: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::Prompt))
    }

    pub(crate) fn quit(_: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::Quit))
    }

    pub(crate) fn operator(_: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::Lower(Level::Operator)))
    }

    pub(crate) fn user(_: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::Lower(Level::User)))
    }

    pub(crate) fn show_level(_: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::ShowLevel))
    }

    pub(crate) fn set_severity_output(mut words: Words) -> Result<Command, CommandError> {
        let expected = "one of 'none', 'number', 'string' is a required argument";
        SeverityOutput::from_word(&words.next_or_empty())
            .map(|output| Command::Session(Self::SetSeverityOutput(output)))
            .ok_or_else(|| CommandError::new(ErrorCode::Usage, expected))
    }

    pub(crate) fn set_timeout(mut words: Words) -> Result<Command, CommandError> {
        if words.next_or_empty() != "cli" {
            return Err(CommandError::new(ErrorCode::Usage, "'set timeout' only supports 'cli'."));
        }
        let text = words.next().ok_or_else(|| CommandError::new(ErrorCode::Usage, "Expects an integer value."))?;
        match parse_time(&text, TimeUnit::Seconds) {
            Ok(timeout) if !timeout.is_zero() => Ok(Command::Session(Self::SetTimeout(timeout))),
            Err(UnitError::TimeOverflow) => Ok(Command::Session(Self::SetTimeout(LONGEST))),
            _ => Err(CommandError::new(ErrorCode::Invalid, "Invalid timeout value.")),
        }
    }

    pub(crate) fn expert_mode(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::ExpertMode(words.next().map(|word| word == "on"))))
    }

    pub(crate) fn experimental_mode(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::Session(Self::ExperimentalMode(words.next().map(|word| word == "on"))))
    }

    pub(crate) fn run(&self, caller: &mut Caller) -> Result<Reply, CommandError> {
        match self {
            Self::Prompt => caller.interactive = !caller.interactive,
            Self::Quit => caller.quit = true,
            Self::Lower(level) => caller.level = caller.level.min(*level),
            Self::ShowLevel => return Ok(info(caller.level.word().to_owned())),
            Self::SetSeverityOutput(output) => caller.severity_output = *output,
            Self::SetTimeout(timeout) => caller.timeout = *timeout,
            Self::ExpertMode(Some(on)) => caller.expert = *on,
            Self::ExperimentalMode(Some(on)) => caller.experimental = *on,
            Self::ExpertMode(None) => return Ok(mode("expert-mode", caller.expert)),
            Self::ExperimentalMode(None) => return Ok(mode("experimental-mode", caller.experimental)),
        }
        Ok(Reply::Done)
    }
}

fn info(text: String) -> Reply {
    Reply::Message(Severity::Info, text)
}

fn mode(name: &str, on: bool) -> Reply {
    info(format!("{name} is {}", if on { "ON" } else { "OFF" }))
}
