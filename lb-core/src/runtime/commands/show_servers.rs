//! `show servers state` and `show servers conn` (management.txt, section 9.3).

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use crate::config::Mode;
use crate::config::model::{Address, PortKind};
use crate::connect::pool::DEFAULT_PURGE_DELAY;
use crate::server::check::{CheckStatus, Verdict};
use crate::server::{AdminState, AgentTarget, CheckTarget, OperationalState, Server};
use crate::topology::BackendEntry;

const STATE_HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
                            srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health \
                            srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord \
                            srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";

/// `show servers state [<backend>]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowServersState {
    /// Only those of this backend, by name or as `#` and its number.
    pub backend: Option<String>,
}

/// `show servers conn [<backend>]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowServersConn {
    /// Only those of this backend, by name or as `#` and its number.
    pub backend: Option<String>,
}

/// Servers in order of their backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerStates(pub Vec<ServerStateLine>);

/// The state of a server; the names of the fields are those of the format, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStateLine {
    /// `be_id`.
    pub backend_id: u32,
    /// `be_name`.
    pub backend: String,
    /// `srv_id`.
    pub id: u32,
    /// `srv_name`.
    pub name: String,
    /// `srv_addr` and `srv_port`; UNIX sockets have none.
    pub addr: Option<std::net::SocketAddr>,
    /// Whether only the port of the address is known: the server's name has none.
    pub unknown: bool,
    /// `srv_op_state`.
    pub operational: OperationalState,
    /// `srv_admin_state`.
    pub admin: AdminState,
    /// `srv_uweight`: the weight in use.
    pub weight: u32,
    /// `srv_iweight`: the weight of the line.
    pub initial_weight: u32,
    /// `srv_time_since_last_change`.
    pub since_change: Duration,
    /// `srv_check_status`.
    pub check_status: CheckStatus,
    /// `srv_check_result`.
    pub check_result: Verdict,
    /// `srv_check_health`.
    pub check_health: u32,
    /// `srv_check_state`: a mask of 1 in progress, 2 configured, 4 enabled, 8 paused.
    pub check_state: u8,
    /// `srv_agent_state`: a mask of 1 in progress, 2 configured, 4 enabled, 16 an agent.
    pub agent_state: u8,
    /// `bk_f_forced_id`: the backend has an `id`.
    pub backend_has_id: bool,
    /// `srv_f_forced_id`: the server has an `id`.
    pub has_id: bool,
    /// `srv_fqdn`.
    pub hostname: Option<String>,
    /// `srvrecord`.
    pub service: Option<String>,
    /// `srv_use_ssl`.
    pub tls: bool,
    /// `srv_check_addr` and `srv_check_port`.
    pub check_target: CheckTarget,
    /// `srv_agent_addr` and `srv_agent_port`.
    pub agent_target: AgentTarget,
}

/// Connections of servers, in order of their backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerConns {
    /// How many worker threads there are.
    pub workers: usize,
    /// The servers.
    pub servers: Vec<ServerConnLine>,
}

/// Connections of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConnLine {
    /// Names of the backend and the server.
    pub name: (String, String),
    /// Their numbers.
    pub id: (u32, u32),
    /// Address and port; UNIX sockets have none.
    pub addr: Option<std::net::SocketAddr>,
    /// `pool-purge-delay`.
    pub purge_delay: Duration,
    /// Connections in use; those of TCP mode are not counted.
    pub used: u32,
    /// The most that were in use at once.
    pub used_max: u32,
    /// `pool-max-conn`.
    pub idle_limit: Option<u32>,
    /// Idle connections of each worker.
    pub idle: Vec<IdleConns>,
}

/// Idle connections of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdleConns {
    /// Those that served one session so far.
    pub once: u32,
    /// Those that were used again already.
    pub reused: u32,
}

/// A server and its backend.
type Placed = (Arc<BackendEntry>, Arc<Server>);

/// The servers of the backend that is asked for, or of all.
fn servers_of(instance: &Instance, backend: &Option<String>) -> Result<Vec<Placed>, CommandError> {
    let entries: Vec<_> = match backend {
        None => instance.topology().backends.iter().collect(),
        Some(name) => {
            let unknown = |_| CommandError::new(ErrorCode::NotFound, "Can't find backend.");
            vec![instance.backend(name).map_err(unknown)?]
        }
    };
    let of_entry = |entry: &Arc<BackendEntry>| {
        let servers = entry.backend.servers();
        servers.iter().map(|server| (Arc::clone(entry), Arc::clone(server))).collect::<Vec<_>>()
    };
    Ok(entries.into_iter().flat_map(of_entry).collect())
}

impl ShowServersState {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowServersState(Self { backend: words.next() }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let servers = servers_of(instance, &self.backend)?;
        let lines = servers.iter().map(|(entry, server)| ServerStateLine::new(entry, server));
        Ok(Reply::ServerStates(ServerStates(lines.collect())))
    }
}

impl ShowServersConn {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowServersConn(Self { backend: words.next() }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let servers = servers_of(instance, &self.backend)?;
        let lines = servers.iter().map(|(entry, server)| ServerConnLine::new(entry, server));
        Ok(Reply::ServerConns(ServerConns { workers: instance.shared.workers(), servers: lines.collect() }))
    }
}

impl ServerStateLine {
    fn new(entry: &BackendEntry, server: &Server) -> Self {
        let config = &server.config;
        Self {
            backend_id: entry.config.id,
            backend: entry.name.to_string(),
            id: server.id,
            name: server.name.to_string(),
            addr: addr(server),
            unknown: server.endpoint().unknown,
            operational: server.operational_state(),
            admin: server.admin_state(),
            weight: server.weight(),
            initial_weight: config.weight,
            since_change: server.history.since_change(Instant::now()),
            check_status: server.last_check().map_or(CheckStatus::Initializing, |result| result.status),
            check_result: server.checks.verdict(),
            check_health: server.checks.health().value(),
            check_state: server.checks.state(),
            agent_state: server.agent.state(),
            backend_has_id: entry.config.forced_id,
            has_id: config.forced_id,
            hostname: server.hostname().map(|name| String::clone(&name)),
            service: config.resolve.service.clone(),
            tls: server.tls().is_some(),
            check_target: server.checks.target(),
            agent_target: server.agent.target(),
        }
    }
}

/// The address with the port, or with what is added to the client's.
fn addr(server: &Server) -> Option<std::net::SocketAddr> {
    let endpoint = server.endpoint();
    let Address::Inet(mut inet) = endpoint.address else { return None };
    match endpoint.port {
        PortKind::Fixed => {}
        PortKind::Client => inet.set_port(0),
        // 16 bits, as HAProxy shows it.
        PortKind::Offset(by) => inet.set_port(by as u16),
    }
    Some(inet)
}

fn dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

impl ServerStates {
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str(STATE_HEADER);
        for line in &self.0 {
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}",
                line.backend_id,
                line.backend,
                line.id,
                line.name,
                dash(line.addr.map(|addr| addr.ip()).filter(|_| !line.unknown)),
                line.operational as u8,
                line.admin.0,
                line.weight,
                line.initial_weight,
                line.since_change.as_secs(),
                line.check_status.number(),
                line.check_result as u8,
                line.check_health,
                line.check_state,
                line.agent_state,
                u8::from(line.backend_has_id),
                u8::from(line.has_id),
                dash(line.hostname.as_ref()),
                line.addr.map_or(0, |addr| addr.port()),
                dash(line.service.as_ref()),
                u8::from(line.tls),
                line.check_target.port.unwrap_or(0),
                dash(line.check_target.addr),
                dash(line.agent_target.addr),
                line.agent_target.port.unwrap_or(0),
            );
        }
    }
}

impl ServerConnLine {
    fn new(entry: &BackendEntry, server: &Server) -> Self {
        let config = &server.config;
        // HAProxy counts those of HTTP alone.
        let http = entry.config.mode == Mode::Http;
        Self {
            name: (entry.name.to_string(), server.name.to_string()),
            id: (entry.config.id, server.id),
            addr: addr(server),
            purge_delay: config.pool_purge_delay.unwrap_or(DEFAULT_PURGE_DELAY),
            used: if http { server.current() } else { 0 },
            used_max: if http { server.peak() } else { 0 },
            idle_limit: config.pool_max_conn,
            idle: server.idle_by_worker().into_iter().map(|(once, reused)| IdleConns { once, reused }).collect(),
        }
    }
}

impl ServerConns {
    pub(crate) fn render(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim \
             idle_cur idle_per_thr[{}]",
            self.workers
        );
        for line in &self.servers {
            let (once, reused) = line.idle.iter().fold((0, 0), |sum, idle| (sum.0 + idle.once, sum.1 + idle.reused));
            let _ = write!(
                out,
                "{}/{} {}/{} {} {} - {} {} {} {} {once} {reused} {} {}",
                line.name.0,
                line.name.1,
                line.id.0,
                line.id.1,
                dash(line.addr.map(|addr| addr.ip())),
                line.addr.map_or(0, |addr| addr.port()),
                line.purge_delay.as_millis(),
                line.used,
                line.used_max,
                line.used.max(line.used_max),
                line.idle_limit.map_or(-1, i64::from),
                once + reused,
            );
            for idle in &line.idle {
                let _ = write!(out, " {}", idle.once + idle.reused);
            }
            out.push('\n');
        }
    }
}
