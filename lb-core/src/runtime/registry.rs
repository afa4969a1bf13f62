//! The table of all runtime commands: name, help, level, parser. `help`, the sockets and the documentation read it.

use super::command::Command;
use super::commands::{
    AddPatterns, AddServer, ClearCounters, ClearPatterns, ClearTable, CommitPatterns, DelPatterns, DelServer,
    EnableChecks, GetPatterns, GetVar, GetWeight, Help, PatternKind, PreparePatterns, SessionCommand, SetDynamicCookie,
    SetFrontendState, SetMap, SetMaxconnFrontend, SetMaxconnGlobal, SetMaxconnServer, SetRateLimit, SetServerState,
    SetTable, SetVar, SetWeight, ShowBackend, ShowCliSockets, ShowEnv, ShowEvents, ShowInfo, ShowPatterns,
    ShowResolvers, ShowServersConn, ShowServersState, ShowSess, ShowStat, ShowTable, ShowVersion, ShutdownSession,
    ShutdownSessions, parse_set_server, unknown,
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
        words: &["add", "acl"],
        usage: "add acl [@<ver>] <acl> <pattern>",
        about: "add an acl entry",
        level: Level::Operator,
        parse: AddPatterns::parse_acl,
    },
    Entry {
        words: &["add", "map"],
        usage: "add map [@<ver>] <map> <key> <val>",
        about: "add a map entry (payload supported instead of key/val)",
        level: Level::Operator,
        parse: AddPatterns::parse_map,
    },
    Entry {
        words: &["add", "server"],
        usage: "add server <bk>/<srv>",
        about: "create a new server",
        level: Level::Admin,
        parse: AddServer::parse,
    },
    Entry {
        words: &["clear", "acl"],
        usage: "clear acl [@<ver>] <acl>",
        about: "clear the contents of this acl",
        level: Level::Operator,
        parse: |words| ClearPatterns::parse(words, PatternKind::Acl),
    },
    Entry {
        words: &["clear", "counters"],
        usage: "clear counters [all]",
        about: "clear max statistics counters (or all counters)",
        level: Level::Operator,
        parse: ClearCounters::parse,
    },
    Entry {
        words: &["clear", "map"],
        usage: "clear map [@<ver>] <map>",
        about: "clear the contents of this map",
        level: Level::Operator,
        parse: |words| ClearPatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["clear", "table"],
        usage: "clear table <table> [<filter>]*",
        about: "remove an entry from a table (filter: data/key)",
        level: Level::User,
        parse: ClearTable::parse,
    },
    Entry {
        words: &["commit", "acl"],
        usage: "commit acl @<ver> <acl>",
        about: "commit the ACL at this version",
        level: Level::Operator,
        parse: |words| CommitPatterns::parse(words, PatternKind::Acl),
    },
    Entry {
        words: &["commit", "map"],
        usage: "commit map @<ver> <map>",
        about: "commit the map at this version",
        level: Level::Operator,
        parse: |words| CommitPatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["del", "acl"],
        usage: "del acl <acl> [<key>|#<ref>]",
        about: "delete acl entries matching <key>",
        level: Level::Operator,
        parse: |words| DelPatterns::parse(words, PatternKind::Acl),
    },
    Entry {
        words: &["del", "map"],
        usage: "del map <map> [<key>|#<ref>]",
        about: "delete map entries matching <key>",
        level: Level::Operator,
        parse: |words| DelPatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["del", "server"],
        usage: "del server <bk>/<srv>",
        about: "remove a dynamically added server",
        level: Level::Admin,
        parse: DelServer::parse,
    },
    Entry {
        words: &["disable", "agent"],
        usage: "disable agent",
        about: "disable agent checks",
        level: Level::Admin,
        parse: EnableChecks::parse_disable_agent,
    },
    Entry {
        words: &["disable", "dynamic-cookie", "backend"],
        usage: "disable dynamic-cookie backend <bk>",
        about: "disable dynamic cookies on a specific backend",
        level: Level::Admin,
        parse: SetDynamicCookie::parse_disable,
    },
    Entry {
        words: &["disable", "frontend"],
        usage: "disable frontend <frontend>",
        about: "temporarily disable specific frontend",
        level: Level::Admin,
        parse: SetFrontendState::disable,
    },
    Entry {
        words: &["disable", "health"],
        usage: "disable health",
        about: "disable health checks",
        level: Level::Admin,
        parse: EnableChecks::parse_disable_health,
    },
    Entry {
        words: &["disable", "server"],
        usage: "disable server (DEPRECATED)",
        about: "disable a server for maintenance (use 'set server' instead)",
        level: Level::Admin,
        parse: SetServerState::parse_disable,
    },
    Entry {
        words: &["enable", "agent"],
        usage: "enable agent",
        about: "enable agent checks",
        level: Level::Admin,
        parse: EnableChecks::parse_enable_agent,
    },
    Entry {
        words: &["enable", "dynamic-cookie", "backend"],
        usage: "enable dynamic-cookie backend <bk>",
        about: "enable dynamic cookies on a specific backend",
        level: Level::Admin,
        parse: SetDynamicCookie::parse_enable,
    },
    Entry {
        words: &["enable", "frontend"],
        usage: "enable frontend <frontend>",
        about: "re-enable specific frontend",
        level: Level::Admin,
        parse: SetFrontendState::enable,
    },
    Entry {
        words: &["enable", "health"],
        usage: "enable health",
        about: "enable health checks",
        level: Level::Admin,
        parse: EnableChecks::parse_enable_health,
    },
    Entry {
        words: &["enable", "server"],
        usage: "enable server  (DEPRECATED)",
        about: "enable a disabled server (use 'set server' instead)",
        level: Level::Admin,
        parse: SetServerState::parse_enable,
    },
    Entry {
        words: &["get", "acl"],
        usage: "get acl <acl> <value>",
        about: "report the patterns matching a sample for an ACL",
        level: Level::User,
        parse: |words| GetPatterns::parse(words, PatternKind::Acl),
    },
    Entry {
        words: &["get", "map"],
        usage: "get map <acl> <value>",
        about: "report the keys and values matching a sample for a map",
        level: Level::User,
        parse: |words| GetPatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["get", "var"],
        usage: "get var <name>",
        about: "retrieve contents of a process-wide variable",
        level: Level::Operator,
        parse: GetVar::parse,
    },
    Entry {
        words: &["get", "weight"],
        usage: "get weight <bk>/<srv>",
        about: "report a server's current weight",
        level: Level::User,
        parse: GetWeight::parse,
    },
    Entry {
        words: &["operator"],
        usage: "operator",
        about: "lower the level of the current CLI session to operator",
        level: Level::Operator,
        parse: SessionCommand::operator,
    },
    Entry {
        words: &["prepare", "acl"],
        usage: "prepare acl <acl>",
        about: "prepare a new version for atomic ACL replacement",
        level: Level::Operator,
        parse: |words| PreparePatterns::parse(words, PatternKind::Acl),
    },
    Entry {
        words: &["prepare", "map"],
        usage: "prepare map <acl>",
        about: "prepare a new version for atomic map replacement",
        level: Level::Operator,
        parse: |words| PreparePatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["set", "dynamic-cookie-key", "backend"],
        usage: "set dynamic-cookie-key backend <bk> <k>",
        about: "change a backend secret key for dynamic cookies",
        level: Level::Admin,
        parse: SetDynamicCookie::parse_key,
    },
    Entry {
        words: &["set", "map"],
        usage: "set map <map> [<key>|#<ref>] <value>",
        about: "modify a map entry",
        level: Level::Operator,
        parse: SetMap::parse,
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
        words: &["set", "maxconn", "server"],
        usage: "set maxconn server <bk>/<srv>",
        about: "change a server's maxconn setting",
        level: Level::Admin,
        parse: SetMaxconnServer::parse,
    },
    Entry {
        words: &["set", "rate-limit"],
        usage: "set rate-limit <setting> <value>",
        about: "change a rate limiting value",
        level: Level::Admin,
        parse: SetRateLimit::parse,
    },
    Entry {
        words: &["set", "server"],
        usage: "set server <bk>/<srv> [opts]",
        about: "change a server's state, weight, address or ssl",
        level: Level::Admin,
        parse: parse_set_server,
    },
    Entry {
        words: &["set", "severity-output"],
        usage: "set severity-output [none|number|string]",
        about: "set presence of severity level in feedback information",
        level: Level::User,
        parse: SessionCommand::set_severity_output,
    },
    Entry {
        words: &["set", "table"],
        usage: "set table <table> key <k> [data.* <v>]*",
        about: "update or create a table entry's data",
        level: Level::User,
        parse: SetTable::parse,
    },
    Entry {
        words: &["set", "timeout"],
        usage: "set timeout [cli] <delay>",
        about: "change a timeout setting",
        level: Level::User,
        parse: SessionCommand::set_timeout,
    },
    Entry {
        words: &["set", "var"],
        // Not told of, as all that needs `experimental-mode on`.
        usage: "",
        about: "",
        level: Level::Operator,
        parse: SetVar::parse,
    },
    Entry {
        words: &["set", "weight"],
        usage: "set weight <bk>/<srv>  (DEPRECATED)",
        about: "change a server's weight (use 'set server' instead)",
        level: Level::Admin,
        parse: SetWeight::parse,
    },
    Entry {
        words: &["show", "acl"],
        usage: "show acl [@<ver>] <acl>]",
        about: "report available acls or dump an acl's contents",
        level: Level::User,
        parse: |words| ShowPatterns::parse(words, PatternKind::Acl),
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
        words: &["show", "events"],
        usage: "show events [<sink>] [-w] [-n]",
        about: "show event sink state",
        level: Level::User,
        parse: ShowEvents::parse,
    },
    Entry {
        words: &["show", "info"],
        usage: "show info [desc|json|typed|float]*",
        about: "report information about the running process",
        level: Level::User,
        parse: ShowInfo::parse,
    },
    Entry {
        words: &["show", "map"],
        usage: "show map [@ver] [map]",
        about: "report available maps or dump a map's contents",
        level: Level::User,
        parse: |words| ShowPatterns::parse(words, PatternKind::Map),
    },
    Entry {
        words: &["show", "resolvers"],
        usage: "show resolvers [id]",
        about: "dumps counters from all resolvers section and associated name servers",
        level: Level::User,
        parse: ShowResolvers::parse,
    },
    Entry {
        words: &["show", "servers", "conn"],
        usage: "show servers conn [<backend>]",
        about: "dump server connections status (all or for a single backend)",
        level: Level::User,
        parse: ShowServersConn::parse,
    },
    Entry {
        words: &["show", "servers", "state"],
        usage: "show servers state [<backend>]",
        about: "dump volatile server information (all or for a single backend)",
        level: Level::User,
        parse: ShowServersState::parse,
    },
    Entry {
        words: &["show", "sess"],
        usage: "show sess [id]",
        about: "report the list of current sessions or dump this exact session",
        level: Level::Operator,
        parse: ShowSess::parse,
    },
    Entry {
        words: &["show", "stat"],
        usage: "show stat [desc|json|no-maint|typed|up]*",
        about: "report counters for each proxy and server",
        level: Level::User,
        parse: ShowStat::parse,
    },
    Entry {
        words: &["show", "table"],
        usage: "show table <table> [<filter>]*",
        about: "report table usage stats or dump this table's contents (filter: data/key)",
        level: Level::User,
        parse: ShowTable::parse,
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
