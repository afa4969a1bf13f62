//! The table of all runtime commands: name, help, level, parser. `help`, the sockets and the documentation read it.

use super::command::Command;
use super::commands::{
    ClearCounters, Help, SessionCommand, SetFrontendState, SetMaxconnFrontend, SetMaxconnGlobal, SetRateLimit,
    ShowBackend, ShowCliSockets, ShowEnv, ShowInfo, ShowStat, ShowVersion, unknown,
};
use super::error::CommandError;
use super::level::Level;
use super::words::Words;

/// A runtime command.
#[derive(Debug)]
pub struct Entry {
    /// The words it starts with.
    pub words: &'static [&'static str],
    /// The words with their arguments, as `help` shows them; empty for what it does not show.
    pub usage: &'static str,
    /// What it does, as `help` says it.
    pub about: &'static str,
    /// Least level that may run it.
    pub level: Level,
    /// Reads its arguments.
    pub parse: fn(Words) -> Result<Command, CommandError>,
}

/// Every command, in the order of `help`.
pub static ENTRIES: &[Entry] = &[
    Entry {
        words: &["clear", "counters"],
        usage: "clear counters [all]",
        about: "clear max statistics counters (or all counters)",
        level: Level::Operator,
        parse: ClearCounters::parse,
    },
    Entry {
        words: &["disable", "frontend"],
        usage: "disable frontend <frontend>",
        about: "temporarily disable specific frontend",
        level: Level::Admin,
        parse: SetFrontendState::disable,
    },
    Entry {
        words: &["enable", "frontend"],
        usage: "enable frontend <frontend>",
        about: "re-enable specific frontend",
        level: Level::Admin,
        parse: SetFrontendState::enable,
    },
    Entry {
        words: &["operator"],
        usage: "operator",
        about: "lower the level of the current CLI session to operator",
        level: Level::Operator,
        parse: SessionCommand::operator,
    },
    Entry {
        words: &["set", "maxconn", "frontend"],
        usage: "set maxconn frontend <frontend> <value>",
        about: "change a frontend's maxconn setting",
        level: Level::Admin,
        parse: SetMaxconnFrontend::parse,
    },
    Entry {
        words: &["set", "maxconn", "global"],
        usage: "set maxconn global <value>",
        about: "change the per-process maxconn setting",
        level: Level::Admin,
        parse: SetMaxconnGlobal::parse,
    },
    Entry {
        words: &["set", "rate-limit"],
        usage: "set rate-limit <setting> <value>",
        about: "change a rate limiting value",
        level: Level::Admin,
        parse: SetRateLimit::parse,
    },
    Entry {
        words: &["set", "severity-output"],
        usage: "set severity-output [none|number|string]",
        about: "set presence of severity level in feedback information",
        level: Level::User,
        parse: SessionCommand::set_severity_output,
    },
    Entry {
        words: &["set", "timeout"],
        usage: "set timeout [cli] <delay>",
        about: "change a timeout setting",
        level: Level::User,
        parse: SessionCommand::set_timeout,
    },
    Entry {
        words: &["show", "backend"],
        usage: "show backend",
        about: "list backends in the current running config",
        level: Level::User,
        parse: ShowBackend::parse,
    },
    Entry {
        words: &["show", "cli", "level"],
        usage: "show cli level",
        about: "display the level of the current CLI session",
        level: Level::User,
        parse: SessionCommand::show_level,
    },
    Entry {
        words: &["show", "cli", "sockets"],
        usage: "show cli sockets",
        about: "dump list of cli sockets",
        level: Level::User,
        parse: ShowCliSockets::parse,
    },
    Entry {
        words: &["show", "env"],
        usage: "show env [var]",
        about: "dump environment variables known to the process",
        level: Level::Operator,
        parse: ShowEnv::parse,
    },
    Entry {
        words: &["show", "info"],
        usage: "show info [desc|json|typed|float]*",
        about: "report information about the running process",
        level: Level::User,
        parse: ShowInfo::parse,
    },
    Entry {
        words: &["show", "stat"],
        usage: "show stat [desc|json|no-maint|typed|up]*",
        about: "report counters for each proxy and server",
        level: Level::User,
        parse: ShowStat::parse,
    },
    Entry {
        words: &["show", "version"],
        usage: "show version",
        about: "show version of the current process",
        level: Level::User,
        parse: ShowVersion::parse,
    },
    Entry {
        words: &["shutdown", "frontend"],
        usage: "shutdown frontend <frontend>",
        about: "stop a specific frontend",
        level: Level::Admin,
        parse: SetFrontendState::shutdown,
    },
    Entry {
        words: &["user"],
        usage: "user",
        about: "lower the level of the current CLI session to user",
        level: Level::User,
        parse: SessionCommand::user,
    },
    Entry {
        words: &["expert-mode"],
        usage: "",
        about: "show or change whether commands for experts may be run",
        level: Level::Admin,
        parse: SessionCommand::expert_mode,
    },
    Entry {
        words: &["experimental-mode"],
        usage: "",
        about: "show or change whether experimental commands may be run",
        level: Level::Admin,
        parse: SessionCommand::experimental_mode,
    },
    Entry {
        words: &["help"],
        usage: "help [<command>]",
        about: "list matching or all commands",
        level: Level::User,
        parse: Help::parse,
    },
    Entry {
        words: &["prompt"],
        usage: "prompt",
        about: "toggle interactive mode with prompt",
        level: Level::User,
        parse: SessionCommand::prompt,
    },
    Entry { words: &["quit"], usage: "quit", about: "disconnect", level: Level::User, parse: SessionCommand::quit },
];

/// Finds the command the words start with and takes its name from them.
///
/// # Errors
/// [`ErrorCode::UnknownCommand`](super::ErrorCode), with the nearest commands in the text;
/// [`ErrorCode::Denied`](super::ErrorCode).
pub fn find(words: &mut Words, level: Level) -> Result<&'static Entry, CommandError> {
    let begins = |entry: &&Entry| {
        entry.words.len() <= words.len() && entry.words.iter().zip(words.iter()).all(|(known, word)| *known == word)
    };
    let found = ENTRIES.iter().filter(begins).max_by_key(|entry| entry.words.len());
    let entry = found.ok_or_else(|| unknown(words))?;
    if entry.level > level {
        return Err(CommandError::denied());
    }
    for _ in entry.words {
        words.next();
    }
    Ok(entry)
}
