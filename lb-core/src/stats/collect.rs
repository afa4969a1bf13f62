//! Reads the counters of a running instance into a [`Statistics`].

use crate::instant::Instant;
use std::sync::Arc;
use std::time::Duration;

use super::snapshot::{
    AgentSnapshot, BackendSnapshot, CheckSnapshot, FrontendSnapshot, Level, ListenerSnapshot, PerSecond, ProxySnapshot,
    ServerSnapshot, Statistics,
};
use crate::backend::Backend;
use crate::config::Mode;
use crate::config::model::Balance;
use crate::server::{STEPS, Server};
use crate::topology::{BackendEntry, Frontend};
use crate::worker::{ListenerContext, Shared};

/// The statistics now.
pub(crate) fn statistics(shared: &Shared) -> Statistics {
    let now = Moment::of(shared);
    let topology = &shared.topology;
    let proxies = topology.sections.iter().filter_map(|section| {
        let frontend = section.frontend.and_then(|index| topology.frontends.get(index));
        let backend = section.backend.and_then(|index| topology.backends.get(index));
        let config = frontend.map(|f| &f.config).or(backend.map(|b| &b.config))?;
        Some(ProxySnapshot {
            name: frontend.map(|f| &f.name).or(backend.map(|b| &b.name)).map(Arc::clone)?,
            id: config.id,
            mode: config.mode,
            frontend: frontend.map(|frontend| self::frontend(frontend, &shared.listeners, now)),
            backend: backend.map(|entry| self::backend(entry, now)),
        })
    });
    Statistics { proxies: proxies.collect() }
}

/// When the counters are read.
#[derive(Clone, Copy)]
struct Moment {
    now: Instant,
    /// Time since the instance started.
    uptime: Duration,
}

impl Moment {
    fn of(shared: &Shared) -> Self {
        let now = Instant::now();
        Self { now, uptime: now.saturating_duration_since(shared.started) }
    }

    /// Time since a second that was noted as its number plus one; 0 is never.
    fn since(self, noted: u64) -> Option<Duration> {
        let second = noted.checked_sub(1)?;
        Some(Duration::from_secs(self.uptime.as_secs().saturating_sub(second)))
    }
}

fn frontend(frontend: &Frontend, listeners: &[Arc<ListenerContext>], at: Moment) -> FrontendSnapshot {
    let (limits, stats) = (&frontend.limits, &frontend.stats);
    let rate = |rate: &super::Rate| PerSecond { current: rate.per_second(at.uptime), max: rate.max(), limit: 0 };
    let mine = listeners.iter().filter(|listener| listener.frontend.index == frontend.index);
    FrontendSnapshot {
        status: frontend.status(),
        sessions: Level {
            current: limits.connections.current(),
            max: limits.connections.peak(),
            limit: limits.connections.limit(),
        },
        session_rate: PerSecond {
            current: limits.session_rate.rate_at(at.uptime),
            max: limits.session_rate.max(),
            limit: limits.rate_limit(),
        },
        connection_rate: rate(&stats.connection_rate),
        request_rate: rate(&stats.request_rate),
        totals: stats.counters.totals(),
        mux: stats.mux.totals(),
        tls: stats.tls.totals(),
        listeners: mine.enumerate().filter_map(|(index, listener)| self::listener(index, listener)).collect(),
    }
}

fn listener(index: usize, listener: &ListenerContext) -> Option<ListenerSnapshot> {
    let (limits, stats) = (&listener.limits, listener.limits.stats.as_ref()?);
    Some(ListenerSnapshot {
        name: listener.options.name.clone().unwrap_or_else(|| format!("sock-{}", index + 1)),
        id: limits.id,
        address: listener.address.clone(),
        sessions: Level {
            current: limits.connections.current(),
            max: limits.connections.peak(),
            limit: limits.connections.limit(),
        },
        totals: stats.counters.totals(),
        tls: stats.tls.totals(),
    })
}

fn backend(entry: &BackendEntry, at: Moment) -> BackendSnapshot {
    let backend: &Backend = &entry.backend;
    let servers = backend.servers();
    let (active, backup) = backend.usable_servers();
    let totals = backend.stats.counters.totals();
    let used = || servers.iter().filter(|server| server.is_eligible());
    let weight = used().map(|server| server.share()).sum::<u32>().div_ceil(STEPS);
    let user_weight = used().map(|server| server.weight()).sum();
    BackendSnapshot {
        cookie: entry.config.cookie.as_ref().map(|cookie| cookie.name.clone()),
        up: servers.is_empty() || active + backup > 0,
        queue: Level { current: backend.queue().pending(), max: backend.queue().max(), limit: 0 },
        sessions: Level { current: backend.sessions(), max: backend.peak_sessions(), limit: backend.fullconn() },
        session_rate: PerSecond {
            current: backend.stats.session_rate.per_second(at.uptime),
            max: backend.stats.session_rate.max(),
            limit: 0,
        },
        mux: backend.stats.mux.totals(),
        tls: backend.stats.tls.totals(),
        active: u32::try_from(active).unwrap_or(u32::MAX),
        backup: u32::try_from(backup).unwrap_or(u32::MAX),
        weight,
        user_weight,
        down_transitions: backend.history.down_transitions(),
        since_change: backend.history.since_change(at.now.into()),
        downtime: (!servers.is_empty()).then(|| backend.history.downtime(at.now.into())),
        last_session: at.since(totals.last_session),
        algorithm: match entry.config.own_balance {
            Some(_) => "unknown",
            None => algorithm(&entry.config.balance),
        },
        servers: servers.iter().map(|server| self::server(server, entry.config.mode, at)).collect(),
        totals,
    }
}

fn server(server: &Server, mode: Mode, at: Moment) -> ServerSnapshot {
    let (config, history) = (&server.config, &server.history);
    let totals = server.stats.counters.totals();
    ServerSnapshot {
        name: Arc::clone(&server.name),
        id: server.id,
        address: Some(server.endpoint()).filter(|endpoint| !endpoint.unknown).map(|endpoint| endpoint.address.clone()),
        cookie: server.cookie(),
        tracked: server.tracking.tracked().map(|tracked| Arc::clone(&tracked.name)),
        status: server.status(),
        queue: Level { current: server.queued(), max: server.queue.max(), limit: config.maxqueue },
        sessions: Level { current: server.current(), max: server.peak(), limit: server.maxconn() },
        session_rate: PerSecond {
            current: server.stats.session_rate.per_second(at.uptime),
            max: server.stats.session_rate.max(),
            limit: 0,
        },
        tls: server.stats.tls.totals(),
        weight: server.effective_weight(),
        throttle: server.throttle(),
        user_weight: server.weight(),
        backup: server.is_backup(),
        check: server.health().map(|health| CheckSnapshot {
            health,
            last: server.last_check(),
            running: server.is_being_checked(),
            paused: server.checks.are_paused(),
            failed: history.failed_checks(),
            down_transitions: history.down_transitions(),
            downtime: history.downtime(at.now.into()),
        }),
        observed_failures: server.observed_failures(),
        agent: server.agent.is_enabled().then(|| AgentSnapshot {
            health: server.agent.health(),
            last: server.agent.last(),
            running: server.agent.is_running(),
        }),
        since_change: history.since_change(at.now.into()),
        last_session: at.since(totals.last_session),
        idle: server.idle_connections(),
        idle_reused: server.idle_by_worker().iter().map(|(_, reused)| reused).sum(),
        idle_limit: config.pool_max_conn,
        used: if mode == Mode::Http { server.current() } else { 0 },
        needed: if mode == Mode::Http { server.connections_needed() } else { 0 },
        totals,
    }
}

/// `balance` in the words of the statistics: HAProxy 2.6.12 has none for `random`.
fn algorithm(balance: &Balance) -> &'static str {
    match balance {
        Balance::Unset | Balance::RoundRobin => "roundrobin",
        Balance::StaticRr => "static-rr",
        Balance::LeastConn => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
        Balance::Uri(_) => "uri",
        Balance::UrlParam { .. } => "url_param",
        Balance::Header { .. } => "hdr",
        Balance::RdpCookie { .. } => "rdp-cookie",
        Balance::Hash(_) => "hash",
        Balance::Random { .. } => "unknown",
    }
}
