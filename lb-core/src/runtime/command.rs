//! The typed form of every runtime command.

use super::caller::Caller;
use super::commands::{
    ClearCounters, Help, SessionCommand, SetFrontendState, SetMaxconnFrontend, SetMaxconnGlobal, SetRateLimit,
    ShowBackend, ShowCliSockets, ShowEnv, ShowInfo, ShowStat, ShowVersion,
};
use super::error::CommandError;
use super::instance::Instance;
use super::level::Level;
use super::registry;
use super::reply::Reply;
use super::words::Words;

/// A runtime command with its arguments.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// `clear counters`
    ClearCounters(ClearCounters),
    /// `enable frontend`, `disable frontend`, `shutdown frontend`
    SetFrontendState(SetFrontendState),
    /// `set maxconn frontend`
    SetMaxconnFrontend(SetMaxconnFrontend),
    /// `set maxconn global`
    SetMaxconnGlobal(SetMaxconnGlobal),
    /// `set rate-limit`
    SetRateLimit(SetRateLimit),
    /// `help`
    Help(Help),
    /// `prompt`, `quit` and the others about the session itself
    Session(SessionCommand),
    /// `show backend`
    ShowBackend(ShowBackend),
    /// `show cli sockets`
    ShowCliSockets(ShowCliSockets),
    /// `show env`
    ShowEnv(ShowEnv),
    /// `show info`
    ShowInfo(ShowInfo),
    /// `show stat`
    ShowStat(ShowStat),
    /// `show version`
    ShowVersion(ShowVersion),
}

impl Command {
    /// Reads a command as it is written on the stats socket, with admin level.
    ///
    /// # Errors
    /// An unknown command, or arguments that are not understood.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        Self::parse_words(Words::split(text.trim_end_matches(['\r', '\n']), None), Level::Admin)
    }

    /// Reads a command from its words, which may come with a payload.
    ///
    /// # Errors
    /// As [`Command::parse`]; and a level that is too low for the command.
    pub fn parse_words(mut words: Words, level: Level) -> Result<Self, CommandError> {
        let entry = registry::find(&mut words, level)?;
        words.set_level(level);
        (entry.parse)(words)
    }

    /// Runs the command. One about the session does nothing here, where there is none.
    ///
    /// # Errors
    /// What it names does not exist, or cannot be changed so; nothing was changed then.
    pub fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        self.run_as(&mut Caller::new(Level::Admin), instance)
    }

    /// Runs the command for a caller, whom commands about the session change.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub fn run_as(&self, caller: &mut Caller, instance: &Instance) -> Result<Reply, CommandError> {
        match self {
            Self::ClearCounters(command) => command.run(instance),
            Self::Help(command) => command.run(),
            Self::Session(command) => command.run(caller),
            Self::SetFrontendState(command) => command.run(instance),
            Self::SetMaxconnFrontend(command) => command.run(instance),
            Self::SetMaxconnGlobal(command) => command.run(instance),
            Self::SetRateLimit(command) => command.run(instance),
            Self::ShowBackend(command) => command.run(instance),
            Self::ShowCliSockets(command) => command.run(instance),
            Self::ShowEnv(command) => command.run(instance),
            Self::ShowInfo(command) => command.run(instance),
            Self::ShowStat(command) => command.run(instance),
            Self::ShowVersion(command) => command.run(),
        }
    }
}
