//! Binds every listening socket of a configuration, before any thread is started.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::{StartError, StartOptions};
use crate::config::{Address, Config, ProxyConfig, Shards};
use crate::listener::limits::{ListenerLimits, ProcessLimits};
use crate::net::{ClientOptions, SocketTuning, SystemOptions, bind_socket};
use crate::runtime::CliListener;
use crate::stats::ListenerStats;
use crate::tls;
use crate::topology::{Topology, TopologyError};
use crate::worker::nice::rounds;
use crate::worker::{ListenerContext, ListenerSetup};

/// A listening address of a running instance.
#[derive(Clone, Debug)]
pub struct ListenerInfo {
    /// The frontend it belongs to.
    pub frontend: Arc<str>,
    /// The address it is bound to, with the port the kernel chose where port 0 was asked for. `None` for UNIX sockets.
    pub address: Option<SocketAddr>,
}

/// Every listening socket of a configuration.
pub(super) struct Bound {
    /// For each worker the sockets it accepts from.
    pub(super) setups: Vec<Vec<ListenerSetup>>,
    pub(super) contexts: Vec<Arc<ListenerContext>>,
    pub(super) listeners: Vec<ListenerInfo>,
}

pub(super) fn bind_all(
    config: &Config,
    topology: &Topology,
    process: &Arc<ProcessLimits>,
    workers: usize,
    mut options: StartOptions,
) -> Result<Bound, StartError> {
    let global = &config.global;
    let mut setups: Vec<Vec<ListenerSetup>> = (0..workers).map(|_| Vec::new()).collect();
    let mut contexts = Vec::new();
    let mut listeners = Vec::new();
    let binds = topology.frontends.iter().flat_map(|frontend| &frontend.config.binds);
    let least_nice = binds.map(|bind| bind.options.nice).min().unwrap_or_default();
    for frontend in &topology.frontends {
        let section = &frontend.config;
        let taken: HashSet<u32> = section.binds.iter().filter_map(|bind| bind.options.id).collect();
        let mut free = (1..).filter(|id| !taken.contains(id));
        for bind in &section.binds {
            let tls = match &bind.options.ssl {
                None => None,
                Some(ssl) => Some(
                    tls::server_config(ssl, &global.ssl)
                        .map_err(|source| TopologyError::Tls { proxy: section.name.clone(), source })?,
                ),
            };
            for address in &bind.addresses {
                let backlog = bind.options.backlog.or(section.backlog).unwrap_or(frontend.maxconn).max(1);
                let failed = |source| StartError::Bind {
                    place: bind.place.to_string(),
                    kind: if section.kind.is_backend() { "proxy" } else { "frontend" },
                    frontend: section.name.clone(),
                    source,
                };
                let tuning = tuning(config, section, &options.system);
                let reuseport = !global.noreuseport;
                let first = bind_socket(address, &bind.options, &tuning, backlog, reuseport, &mut options.inherited)
                    .map_err(failed)?;
                listeners.push(ListenerInfo { frontend: Arc::clone(&frontend.name), address: first.inet_addr() });
                let id = bind.options.id.or_else(|| free.next()).unwrap_or_default();
                let context = Arc::new(ListenerContext {
                    frontend: Arc::clone(frontend),
                    options: bind.options.clone(),
                    limits: Arc::new(ListenerLimits {
                        name: bind.options.name.as_deref().map(Box::from),
                        stats: section.options.socket_stats.then(|| ListenerStats::new(workers)),
                        ..ListenerLimits::new(
                            Arc::clone(process),
                            Arc::clone(&frontend.limits),
                            bind.options.maxconn.unwrap_or(0),
                            id,
                            tls.is_some(),
                        )
                    }),
                    rounds: rounds(bind.options.nice, least_nice),
                    client_options: client_options(),
                    tls: tls.clone(),
                    name: bind.options.name.as_deref().map_or_else(|| Arc::from(id.to_string()), Arc::from),
                    address: first.inet_addr().map_or_else(|| address.clone(), Address::Inet),
                    own: !matches!(address, Address::Fd(_)),
                    backlog,
                    sockets: Mutex::default(),
                });
                contexts.push(Arc::clone(&context));
                // UNIX and inherited sockets cannot be bound twice: the workers share one. Else there is one per thread,
                // over which the kernel spreads connections, or as many as `shards` says.
                let inet = first.inet_addr().filter(|_| reuseport && !matches!(address, Address::Fd(_)));
                let shards = match (inet, bind.options.shards) {
                    (None, _) => 1,
                    (Some(_), Some(Shards::Count(count))) => usize::from(count).max(1),
                    (Some(_), Some(Shards::ByThread) | None) => usize::MAX,
                };
                let mut bound = vec![first];
                let threads = &bind.options.threads;
                let mine = |index: usize| threads.is_empty() || threads.iter().any(|t| usize::from(*t) == index + 1);
                let users = setups.iter_mut().enumerate().filter(|(index, _)| mine(*index));
                for (at, (_, setup)) in users.enumerate() {
                    if let Some(inet) = inet.filter(|_| at > 0 && at < shards) {
                        let address = Address::Inet(inet);
                        bound.push(
                            bind_socket(&address, &bind.options, &tuning, backlog, true, &mut options.inherited)
                                .map_err(failed)?,
                        );
                    }
                    let Some(socket) = bound.get(at % bound.len()) else { continue };
                    let socket = socket.try_clone().map_err(StartError::Thread)?;
                    setup.push(ListenerSetup { socket, context: Arc::clone(&context) });
                }
                *context.sockets.lock().unwrap_or_else(PoisonError::into_inner) = bound;
            }
        }
    }
    Ok(Bound { setups, contexts, listeners })
}

/// The sockets for runtime commands. They are bound as HAProxy binds them, in a proxy named GLOBAL.
pub(super) fn bind_cli(config: &Config, options: &mut StartOptions) -> Result<Vec<CliListener>, StartError> {
    let mut bound = Vec::new();
    let tuning = SocketTuning { system: options.system.clone(), ..SocketTuning::default() };
    for bind in &config.global.stats.sockets {
        for address in &bind.addresses {
            let backlog = bind.options.backlog.unwrap_or(CLI_BACKLOG);
            let reuseport = !config.global.noreuseport;
            let socket = bind_socket(address, &bind.options, &tuning, backlog, reuseport, &mut options.inherited)
                .map_err(|source| StartError::Bind {
                    place: format!("{}:{}", bind.place.file, bind.place.line),
                    kind: "frontend",
                    frontend: "GLOBAL".to_owned(),
                    source,
                })?;
            bound.push(CliListener { socket, options: bind.options.clone() });
        }
    }
    Ok(bound)
}

/// Connections that wait for `stats maxconn` in the system's queue.
const CLI_BACKLOG: u32 = 128;

fn tuning(config: &Config, section: &ProxyConfig, system: &SystemOptions) -> SocketTuning {
    SocketTuning {
        sndbuf: config.global.tune.sndbuf_client,
        rcvbuf: config.global.tune.rcvbuf_client,
        keepalive: section.options.clitcpka.then(|| section.options.clitcpka_params.clone()),
        nolinger: section.options.nolinger,
        smart_accept: section.options.tcp_smart_accept,
        system: system.clone(),
    }
}

fn client_options() -> ClientOptions {
    // Everything else is inherited from the listening socket.
    ClientOptions::default()
}
