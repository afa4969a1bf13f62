//! The typed form of every runtime command.

use super::caller::Caller;
use super::commands::{
    AddPatterns, AddServer, ClearCounters, ClearPatterns, ClearTable, CommitPatterns, DelPatterns, DelServer,
    EnableChecks, GetPatterns, GetVar, GetWeight, Help, PreparePatterns, SessionCommand, SetDynamicCookie,
    SetFrontendState, SetMap, SetMaxconnFrontend, SetMaxconnGlobal, SetMaxconnServer, SetRateLimit, SetServerAddr,
    SetServerAgent, SetServerCheck, SetServerFqdn, SetServerHealth, SetServerSsl, SetServerState, SetTable, SetVar,
    SetWeight, ShowBackend, ShowCliSockets, ShowEnv, ShowEvents, ShowInfo, ShowPatterns, ShowResolvers,
    ShowServersConn, ShowServersState, ShowSess, ShowStat, ShowTable, ShowVersion, ShutdownSession, ShutdownSessions,
};
use super::error::CommandError;
use super::instance::Instance;
use super::level::Level;
use super::registry;
use super::reply::Reply;
use super::server_name::Refused;
use super::words::Words;

/// A runtime command with its arguments.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// `add acl`, `add map`
    AddPatterns(AddPatterns),
    /// `clear acl`, `clear map`
    ClearPatterns(ClearPatterns),
    /// `commit acl`, `commit map`
    CommitPatterns(CommitPatterns),
    /// `del acl`, `del map`
    DelPatterns(DelPatterns),
    /// `get acl`, `get map`
    GetPatterns(GetPatterns),
    /// `prepare acl`, `prepare map`
    PreparePatterns(PreparePatterns),
    /// `set map`
    SetMap(SetMap),
    /// `show acl`, `show map`
    ShowPatterns(ShowPatterns),
    /// `add server`
    AddServer(AddServer),
    /// `del server`
    DelServer(DelServer),
    /// `enable health`, `disable health`, `enable agent`, `disable agent`
    EnableChecks(EnableChecks),
    /// `get weight`
    GetWeight(GetWeight),
    /// A command about a server whose other arguments are wrong.
    Refused(Refused),
    /// `set maxconn server`
    SetMaxconnServer(SetMaxconnServer),
    /// `set server ... addr`
    SetServerAddr(SetServerAddr),
    /// `set server ... check-addr`, `set server ... check-port`
    SetServerCheck(SetServerCheck),
    /// `set server ... agent`, `agent-addr`, `agent-port`, `agent-send`.
    SetServerAgent(SetServerAgent),
    /// `set server ... health`
    SetServerHealth(SetServerHealth),
    /// `set server ... ssl`
    SetServerSsl(SetServerSsl),
    /// `enable server`, `disable server`, `set server ... state`
    SetServerState(SetServerState),
    /// `set weight`, `set server ... weight`
    SetWeight(SetWeight),
    /// `help`
    Help(Help),
    /// `prompt`, `quit` and the others about the session itself
    Session(SessionCommand),
    /// `clear counters`
    ClearCounters(ClearCounters),
    /// `enable dynamic-cookie`, `disable dynamic-cookie`, `set dynamic-cookie-key`
    SetDynamicCookie(SetDynamicCookie),
    /// `enable frontend`, `disable frontend`, `shutdown frontend`
    SetFrontendState(SetFrontendState),
    /// `set maxconn frontend`
    SetMaxconnFrontend(SetMaxconnFrontend),
    /// `set maxconn global`
    SetMaxconnGlobal(SetMaxconnGlobal),
    /// `set rate-limit`
    SetRateLimit(SetRateLimit),
    /// `show backend`
    ShowBackend(ShowBackend),
    /// `show cli sockets`
    ShowCliSockets(ShowCliSockets),
    /// `show env`
    ShowEnv(ShowEnv),
    /// `show events`
    ShowEvents(ShowEvents),
    /// `get var`.
    GetVar(GetVar),
    /// `set var`.
    SetVar(SetVar),
    /// `show sess`
    ShowSess(ShowSess),
    /// `show info`
    ShowInfo(ShowInfo),
    /// `show stat`
    ShowStat(ShowStat),
    /// `set server ... fqdn`
    SetServerFqdn(SetServerFqdn),
    /// `show resolvers`
    ShowResolvers(ShowResolvers),
    /// `show servers conn`
    ShowServersConn(ShowServersConn),
    /// `show servers state`
    ShowServersState(ShowServersState),
    /// `clear table`
    ClearTable(ClearTable),
    /// `set table`
    SetTable(SetTable),
    /// `show table`
    ShowTable(ShowTable),
    /// `show version`
    ShowVersion(ShowVersion),
    /// `shutdown session`
    ShutdownSession(ShutdownSession),
    /// `shutdown sessions server`
    ShutdownSessions(ShutdownSessions),
}

impl Command {
    /// Reads a command as it is written on the stats socket, with admin level. Behind a line that ends in `<<` follow the
    /// lines of its payload, up to an empty one or to the end.
    ///
    /// # Errors
    /// An unknown command, or arguments that are not understood; more than one command.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        Self::parse_words(Words::read(text)?, Level::Admin)
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
            Self::AddPatterns(command) => command.run(instance),
            Self::ClearPatterns(command) => command.run(instance),
            Self::CommitPatterns(command) => command.run(instance),
            Self::DelPatterns(command) => command.run(instance),
            Self::GetPatterns(command) => command.run(instance),
            Self::PreparePatterns(command) => command.run(instance),
            Self::SetMap(command) => command.run(instance),
            Self::ShowPatterns(command) => command.run(instance),
            Self::AddServer(command) => command.run(instance),
            Self::DelServer(command) => command.run(instance),
            Self::EnableChecks(command) => command.run(instance),
            Self::GetWeight(command) => command.run(instance),
            Self::Refused(command) => command.run(instance),
            Self::SetMaxconnServer(command) => command.run(instance),
            Self::SetServerAddr(command) => command.run(instance),
            Self::SetServerCheck(command) => command.run(instance),
            Self::SetServerAgent(command) => command.run(instance),
            Self::SetServerHealth(command) => command.run(instance),
            Self::SetServerSsl(command) => command.run(instance),
            Self::SetServerState(command) => command.run(instance),
            Self::SetWeight(command) => command.run(instance),
            Self::SetServerFqdn(command) => command.run(instance),
            Self::ShowResolvers(command) => command.run(instance),
            Self::ShowServersConn(command) => command.run(instance),
            Self::ShowServersState(command) => command.run(instance),
            Self::Help(command) => command.run(),
            Self::Session(command) => command.run(caller),
            Self::ShowBackend(command) => command.run(instance),
            Self::ShowCliSockets(command) => command.run(instance),
            Self::ShowEnv(command) => command.run(instance),
            Self::ShowEvents(command) => command.run(),
            Self::GetVar(command) => command.run(instance),
            Self::SetVar(command) => command.run(caller, instance),
            Self::ShowSess(command) => command.run(instance),
            Self::ClearCounters(command) => command.run(instance),
            Self::SetDynamicCookie(command) => command.run(instance),
            Self::SetFrontendState(command) => command.run(instance),
            Self::SetMaxconnFrontend(command) => command.run(instance),
            Self::SetMaxconnGlobal(command) => command.run(instance),
            Self::SetRateLimit(command) => command.run(instance),
            Self::ShowInfo(command) => command.run(instance),
            Self::ShowStat(command) => command.run(instance),
            Self::ShowVersion(command) => command.run(instance),
            Self::ClearTable(command) => command.run(instance),
            Self::SetTable(command) => command.run(instance),
            Self::ShowTable(command) => command.run(instance),
            Self::ShutdownSession(command) => command.run(instance),
            Self::ShutdownSessions(command) => command.run(instance),
        }
    }
}
