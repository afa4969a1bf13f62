//! What the statistics say at one moment, as values: what `show stat` prints, for programs.

use std::sync::Arc;
use std::time::Duration;

use super::counters::{BackendTotals, FrontendTotals, ListenerTotals, MuxTotals, ServerTotals, TlsTotals};
use crate::config::{Address, Mode};
use crate::server::ServerStatus;
use crate::server::check::CheckResult;
use crate::server::health::Health;

/// The statistics of an instance: its proxies in order of the configuration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// One for each section.
    pub proxies: Vec<ProxySnapshot>,
}

/// A section, with the halves it has.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProxySnapshot {
    /// Name of the section.
    pub name: Arc<str>,
    /// `id`, or the number given automatically (`iid`).
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// Of a frontend or listen section.
    pub frontend: Option<FrontendSnapshot>,
    /// Of a backend or listen section.
    pub backend: Option<BackendSnapshot>,
}

/// A number that goes up and down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Now.
    pub current: u32,
    /// The most so far.
    pub max: u32,
    /// What it may not pass; 0 is no limit.
    pub limit: u32,
}

/// Events per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSecond {
    /// In the last second.
    pub current: u32,
    /// The most in a second so far.
    pub max: u32,
    /// What it may not pass; 0 is no limit.
    pub limit: u32,
}

/// Whether a frontend accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontendStatus {
    /// It does.
    Open,
    /// Not until it is enabled again.
    Paused,
    /// Never again.
    Stopped,
}

impl FrontendStatus {
    /// The word of the statistics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOP",
        }
    }
}

/// A frontend, or the frontend of a listen section.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FrontendSnapshot {
    /// Whether it accepts.
    pub status: FrontendStatus,
    /// Connections at the same time.
    pub sessions: Level,
    /// Sessions per second, limited by `rate-limit sessions`.
    pub session_rate: PerSecond,
    /// Connections per second.
    pub connection_rate: PerSecond,
    /// HTTP requests per second.
    pub request_rate: PerSecond,
    /// What only grows.
    pub totals: FrontendTotals,
    /// Its HTTP connections.
    pub mux: MuxTotals,
    /// Its TLS connections.
    pub tls: TlsTotals,
    /// Its addresses, with `option socket-stats`.
    pub listeners: Vec<ListenerSnapshot>,
}

/// An address of a frontend with `option socket-stats`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ListenerSnapshot {
    /// `name` of the `bind` line, or `sock-1` and so on.
    pub name: String,
    /// `id` of the `bind` line, or the number given automatically (`sid`).
    pub id: u32,
    /// The address it is bound to.
    pub address: Address,
    /// Connections at the same time, limited by `maxconn` of the `bind` line.
    pub sessions: Level,
    /// What only grows.
    pub totals: ListenerTotals,
    /// Its TLS connections.
    pub tls: TlsTotals,
}

/// A backend, or the backend of a listen section.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BackendSnapshot {
    /// Name of its persistence cookie.
    pub cookie: Option<String>,
    /// Whether a server can be used, or none is needed.
    pub up: bool,
    /// Sessions that wait for any server; there is no limit.
    pub queue: Level,
    /// Sessions, limited by `fullconn` in the sense of the manual.
    pub sessions: Level,
    /// Sessions per second.
    pub session_rate: PerSecond,
    /// What only grows.
    pub totals: BackendTotals,
    /// HTTP connections to its servers.
    pub mux: MuxTotals,
    /// TLS connections to its servers.
    pub tls: TlsTotals,
    /// Usable servers that are no backups.
    pub active: u32,
    /// Usable backup servers.
    pub backup: u32,
    /// Weights in use of the servers in use.
    pub weight: u32,
    /// The weights of these servers as they were configured or set.
    pub user_weight: u32,
    /// How often its last server went down.
    pub down_transitions: u64,
    /// Time since it went up or down.
    pub since_change: Duration,
    /// Time without a usable server; `None` for a backend that has no servers.
    pub downtime: Option<Duration>,
    /// Time since a session was last sent to a server.
    pub last_session: Option<Duration>,
    /// `balance`, as the statistics call it.
    pub algorithm: &'static str,
    /// Its servers, in order of the configuration.
    pub servers: Vec<ServerSnapshot>,
}

/// A server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerSnapshot {
    /// Name.
    pub name: Arc<str>,
    /// `id`, or the number given automatically (`sid`).
    pub id: u32,
    /// Where connections go.
    pub address: Option<Address>,
    /// What the persistence cookie says for it.
    pub cookie: Option<Arc<String>>,
    /// The server that it tracks, as `backend/server`.
    pub tracked: Option<Arc<str>>,
    /// Its state.
    pub status: ServerStatus,
    /// Sessions in its own queue, limited by `maxqueue`.
    pub queue: Level,
    /// Sessions, limited by `maxconn`.
    pub sessions: Level,
    /// Sessions per second.
    pub session_rate: PerSecond,
    /// What only grows.
    pub totals: ServerTotals,
    /// TLS connections to it.
    pub tls: TlsTotals,
    /// Weight in use.
    pub weight: u32,
    /// How much of it is in use, in percent, while the server comes back slowly.
    pub throttle: Option<u32>,
    /// Weight that was configured or set.
    pub user_weight: u32,
    /// Whether it is a backup server.
    pub backup: bool,
    /// What its checks found; `None` without `check`.
    pub check: Option<CheckSnapshot>,
    /// How often there were too many errors in a row; `None` without `observe`.
    pub observed_failures: Option<u64>,
    /// What its agent says; `None` where it is not asked.
    pub agent: Option<AgentSnapshot>,
    /// Time since its state changed.
    pub since_change: Duration,
    /// Time since a session was last sent to it.
    pub last_session: Option<Duration>,
    /// Idle connections to it.
    pub idle: u32,
    /// Those of them that served more than one session.
    pub idle_reused: u32,
    /// `pool-max-conn`.
    pub idle_limit: Option<u32>,
    /// Connections to it that serve a session.
    pub used: u32,
    /// How many connections it is thought to need.
    pub needed: u32,
}

/// The agent of a server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AgentSnapshot {
    /// Whether the server is up as far as it knows.
    pub health: Health,
    /// What came of asking it last; `None` before the first time.
    pub last: Option<CheckResult>,
    /// Whether it is being asked.
    pub running: bool,
}

/// The checks of a server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckSnapshot {
    /// `rise`, `fall` and where the server is between them.
    pub health: Health,
    /// The last result; `None` before the first.
    pub last: Option<CheckResult>,
    /// Whether one is being made.
    pub running: bool,
    /// Whether they wait for the end of maintenance.
    pub paused: bool,
    /// Checks that failed while the server was up.
    pub failed: u64,
    /// How often it went down.
    pub down_transitions: u64,
    /// Time spent down.
    pub downtime: Duration,
}
