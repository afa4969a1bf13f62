//! What the process says of itself at one moment: what `show info` prints, for programs.

use crate::instant::Instant;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use super::counters::ProcessTotals;
use super::kept::BYTES_PER_EVENT;
use super::snapshot::{FrontendStatus, Level, PerSecond};
use crate::config::environment::host_name;
use crate::config::model::Identity;
use crate::worker::{Life, ListenerContext, Shared};

/// The process, as far as this instance is it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProcessSnapshot {
    /// `identity`: as what it answers.
    pub identity: Identity,
    /// Worker threads.
    pub threads: u32,
    /// Its number.
    pub pid: u32,
    /// Time since the instance started.
    pub uptime: Duration,
    /// When that was, since the epoch.
    pub started: Duration,
    /// Resident memory of the process, in bytes.
    pub memory: u64,
    /// Descriptors the process may open.
    pub descriptor_limit: u64,
    /// Descriptors that the configuration needs in the worst case.
    pub sockets_needed: u64,
    /// `maxconn` as it was configured or computed; `connections` has the one in force.
    pub hard_maxconn: u32,
    /// Client connections.
    pub connections: Level,
    /// Client connections per second, limited by `maxconnrate`.
    pub connection_rate: PerSecond,
    /// Sessions per second, limited by `maxsessrate`.
    pub session_rate: PerSecond,
    /// TLS connections of clients per second, limited by `maxsslrate`.
    pub tls_rate: PerSecond,
    /// Full TLS handshakes with clients per second.
    pub tls_frontend_keys: PerSecond,
    /// The same with servers.
    pub tls_backend_keys: PerSecond,
    /// Open TLS connections of both sides.
    pub tls_connections: u32,
    /// What only grows.
    pub totals: ProcessTotals,
    /// Bytes sent to clients in the last second.
    pub bytes_out_rate: u64,
    /// Bytes sent through pipes.
    pub spliced_bytes_out: u64,
    /// `maxpipes`, or what the proxies that splice need.
    pub maxpipes: u32,
    /// Pipes that hold data or are about to.
    pub pipes_used: u32,
    /// Pipes that are kept for later.
    pub pipes_free: u32,
    /// Tasks of all workers.
    pub tasks: u32,
    /// Tasks that other threads woke and that wait for their turn.
    pub run_queue: u32,
    /// Part of the last second that the workers waited, in percent.
    pub idle_percent: u32,
    /// `node`, or the name of the host.
    pub node: String,
    /// An experimental command was run (`Tainted`, 8).
    pub experimental_commands: bool,
    /// The configuration uses a directive that is experimental (`Tainted`, 1).
    pub experimental_directives: bool,
    /// `description`.
    pub description: Option<String>,
    /// Whether a soft stop is under way.
    pub stopping: bool,
    /// Connections to the sockets for commands.
    pub cli_connections: u32,
    /// The same so far. They are not among the other numbers of connections and requests.
    pub cli_accepted: u64,
    /// Bytes sent over them.
    pub cli_bytes_out: u64,
    /// Listening addresses that accept, or are paused, those for commands among them.
    pub listeners: u32,
    /// Bytes per second that responses may be compressed to; 0 is no limit.
    pub compression_limit: u32,
    /// Log lines that were lost.
    pub dropped_logs: u64,
}

/// The process now.
pub(crate) fn process(shared: &Shared) -> ProcessSnapshot {
    let uptime = Instant::now().saturating_duration_since(shared.started);
    let global = &shared.topology.settings.global;
    let (limits, stats) = (&shared.limits, &shared.stats);
    let limited = |rate: &crate::listener::rate::RateCounter, limit| PerSecond {
        current: rate.rate_at(uptime),
        max: rate.max(),
        limit,
    };
    let counted = |rate: &super::Rate| PerSecond { current: rate.per_second(uptime), max: rate.max(), limit: 0 };
    let cli = &shared.cli;
    // The sockets for commands are closed when a stop begins.
    let for_commands = if shared.life() == Life::Running { cli.sockets.len() } else { 0 };
    // Those of a paused frontend will accept again.
    let open = |listener: &&Arc<ListenerContext>| listener.frontend.status() != FrontendStatus::Stopped;
    let accepting = shared.listeners.iter().filter(open).count() + for_commands;
    let load = shared.load();
    ProcessSnapshot {
        identity: global.identity,
        threads: u32::try_from(shared.handoffs.len()).unwrap_or(u32::MAX),
        pid: std::process::id(),
        uptime,
        started: shared.started_at.duration_since(UNIX_EPOCH).unwrap_or_default(),
        memory: resident(),
        descriptor_limit: rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX),
        sockets_needed: shared.needs.maxsock,
        hard_maxconn: shared.needs.maxconn,
        connections: Level {
            current: limits.connections.current(),
            max: limits.connections.peak(),
            limit: limits.connections.limit(),
        },
        connection_rate: limited(&limits.connection_rate, limits.maxconnrate()),
        session_rate: limited(&limits.session_rate, limits.maxsessrate()),
        tls_rate: limited(&limits.tls_rate, limits.maxsslrate()),
        tls_frontend_keys: counted(&stats.tls_frontend_keys),
        tls_backend_keys: counted(&stats.tls_backend_keys),
        tls_connections: stats.open_tls(),
        totals: stats.counters.totals(),
        bytes_out_rate: u64::from(stats.bytes_out_rate.per_second(uptime)) * BYTES_PER_EVENT,
        spliced_bytes_out: shared.pipes.written(),
        maxpipes: shared.needs.maxpipes,
        pipes_used: shared.pipes.used().saturating_sub(shared.pipes.free()),
        pipes_free: shared.pipes.free(),
        tasks: load.tasks,
        run_queue: load.run_queue,
        idle_percent: load.idle_percent,
        node: global.node.clone().unwrap_or_else(host_name),
        experimental_commands: shared.cli.experimental.load(Ordering::Relaxed),
        experimental_directives: global.experimental_used,
        description: global.description.clone(),
        cli_connections: cli.connections.current(),
        cli_accepted: cli.connections.accepted(),
        cli_bytes_out: cli.connections.sent(),
        stopping: shared.life() != Life::Running,
        listeners: u32::try_from(accepting).unwrap_or(u32::MAX),
        compression_limit: limits.maxcomprate().saturating_mul(1024),
        dropped_logs: shared.topology.log_destinations.dropped().count(),
    }
}

/// Resident memory of this process in bytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
