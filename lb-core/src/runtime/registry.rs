//! The table of all runtime commands: name, help, level, parser. `help`, the sockets and the documentation read it.

use super::command::Command;
use super::commands::{ShowBackend, ShowEnv, ShowSess, ShowVersion, ShutdownSession, ShutdownSessions};
use super::error::{CommandError, ErrorCode};
use super::level::Level;
use super::words::Words;

/// A runtime command.
#[derive(Debug)]
pub struct Entry {
    /// The words it starts with.
    pub words: &'static [&'static str],
    /// The words with their arguments, as `help` shows them.
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
        words: &["show", "backend"],
        usage: "show backend",
        about: "list backends in the current running config",
        level: Level::User,
        parse: ShowBackend::parse,
    },
    Entry {
        words: &["show", "env"],
        usage: "show env [var]",
        about: "dump environment variables known to the process",
        level: Level::Operator,
        parse: ShowEnv::parse,
    },
    Entry {
        words: &["show", "sess"],
        usage: "show sess [id]",
        about: "report the list of current sessions or dump this exact session",
        level: Level::Operator,
        parse: ShowSess::parse,
    },
    Entry {
        words: &["show", "version"],
        usage: "show version",
        about: "show version of the current process",
        level: Level::User,
        parse: ShowVersion::parse,
    },
    Entry {
        words: &["shutdown", "session"],
        usage: "shutdown session [id]",
        about: "kill a specific session",
        level: Level::Admin,
        parse: ShutdownSession::parse,
    },
    Entry {
        words: &["shutdown", "sessions", "server"],
        usage: "shutdown sessions server <bk>/<srv>",
        about: "kill sessions on a server",
        level: Level::Admin,
        parse: ShutdownSessions::parse,
    },
];

/// Finds the command the words start with and takes its name from them.
///
/// # Errors
/// [`ErrorCode::UnknownCommand`], with the nearest commands in the text; [`ErrorCode::Denied`].
pub fn find(words: &mut Words, level: Level) -> Result<&'static Entry, CommandError> {
    let begins = |entry: &&Entry| {
        entry.words.len() <= words.len() && entry.words.iter().zip(words.iter()).all(|(known, word)| *known == word)
    };
    let found = ENTRIES.iter().filter(begins).max_by_key(|entry| entry.words.len());
    let entry = found.ok_or_else(|| CommandError::new(ErrorCode::UnknownCommand, "Unknown command."))?;
    if entry.level > level {
        return Err(CommandError::denied());
    }
    for _ in entry.words {
        words.next();
    }
    Ok(entry)
}
