//! The immutable picture of frontends and backends that the workers read: names resolved, defaults computed.
//!
//! A topology is swapped as a whole, never edited. What changes often (server state, gauges) is atomics behind its
//! `Arc`s, kept across swaps.

mod dials;
mod error;
mod logs;
mod tracking;

use crate::instant::Instant;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::acl::Condition;
use crate::backend::Backend;
use crate::config::{
    AssignmentConditions, Config, ConnectionMode, Global, GlobalValue, GlobalVariable, HttpReuse, ProxyConfig, Target,
    Timeouts,
};
use crate::http::h1::encode::CaseAdjust;
use crate::http::h1::parse::Limits;
use crate::listener::Gate;
use crate::listener::limits::FrontendLimits;
use crate::log::{AccessLog, LogDestinations, LogFormat, LogTargets};
use crate::net::{Inherited, SystemOptions};
use crate::pattern::References;
use crate::pattern::set::Set as PatternSet;
use crate::resolve::Resolvers;
use crate::sample::account::ProcessAccount;
use crate::sample::variable::SharedVariables;
use crate::sample::{Context, Place as SamplePlace, Value};
use crate::server::{Dial, Numbers, ServerEvent};
use crate::stats::{FrontendStats, FrontendStatus};
use crate::table::Table;
use crate::userlist::Userlists;
use dials::{Namespaces, dials};
use logs::Logs;

pub use error::TopologyError;

/// Settings of the process that the data path reads, with their defaults in place.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `tune.bufsize`.
    pub bufsize: usize,
    /// Limits of a message head, from `tune.bufsize`, `tune.maxrewrite` and `tune.http.maxhdr`.
    pub limits: Limits,
    /// `tune.maxaccept`: connections accepted in a row by one listener.
    pub maxaccept: usize,
    /// `tune.http.logurilen`: longest request line that is logged.
    pub logurilen: usize,
    /// `h1-case-adjust` and `h1-case-adjust-file`.
    pub case_adjust: Arc<CaseAdjust>,
    /// The `global` section as it was read.
    pub global: Arc<Global>,
}

impl Settings {
    /// From the `global` section.
    pub fn new(global: &Global) -> Self {
        let bufsize = global.tune.bufsize.unwrap_or(16384).max(1024) as usize;
        let maxrewrite = global.tune.maxrewrite.map_or(1024.min(bufsize / 2), |n| n as usize).min(bufsize / 2);
        let limits = Limits {
            max_headers: global.tune.http_maxhdr.unwrap_or(101) as usize,
            max_head_size: bufsize - maxrewrite,
        };
        let maxaccept = match global.tune.maxaccept {
            Some(n) if n > 0 => n as usize,
            Some(_) => usize::MAX,
            None => 64,
        };
        let logurilen = global.tune.http_logurilen.unwrap_or(1024).max(2) as usize;
        let case_adjust = Arc::new(CaseAdjust::new(global.h1_case_adjust.iter().map(|(from, to)| (from, to))));
        Self { bufsize, limits, maxaccept, logurilen, case_adjust, global: Arc::new(global.clone()) }
    }
}

/// A section that accepts connections.
#[derive(Debug)]
pub struct Frontend {
    /// Index in [`Topology::frontends`].
    pub index: usize,
    /// Section name.
    pub name: Arc<str>,
    /// The section.
    pub config: Arc<ProxyConfig>,
    /// Backend of requests that no rule sends elsewhere: index in [`Topology::backends`].
    pub default_backend: Option<usize>,
    /// `default_backend` where that is disabled.
    pub(crate) disabled_backend: Option<Arc<str>>,
    /// `use_backend` lines, in order.
    pub(crate) switches: Vec<Switch>,
    /// The backend half of the section, where it is a `listen` section: index in [`Topology::backends`].
    pub own_backend: Option<usize>,
    /// Format, targets and options of access lines.
    pub log: AccessLog,
    /// Connections at the same time: `maxconn` of the frontend or its default.
    pub maxconn: u32,
    /// Limits and gauges of its connections.
    pub limits: Arc<FrontendLimits>,
    /// Counters and rates.
    pub stats: FrontendStats,
    /// Whether it accepts.
    pub gate: Gate,
    /// What variables take, where that is limited.
    pub(crate) variables: Option<Arc<ProcessAccount>>,
}

impl Frontend {
    /// Whether it accepts connections.
    pub fn status(&self) -> FrontendStatus {
        self.gate.status()
    }
}

/// A section that has servers.
#[derive(Debug)]
pub struct BackendEntry {
    /// Index in [`Topology::backends`].
    pub index: usize,
    /// Section name.
    pub name: Arc<str>,
    /// The section.
    pub config: Arc<ProxyConfig>,
    /// Servers, balancing, queue.
    pub backend: Arc<Backend>,
    /// Whether a server sends clients elsewhere (`redir`); those added at run time cannot.
    pub redirects: bool,
    /// Where lines about its servers go.
    pub log_targets: LogTargets,
    /// Rules look at the addresses of connections to servers (`bc_src` and its kind).
    pub(crate) looks_at_connections: bool,
    /// How to open connections where no server is chosen: `dispatch` and `option transparent`.
    pub dial: Dial,
}

/// What both proxies of a stream make of a per-proxy option.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The frontend's section.
    pub frontend: &'a ProxyConfig,
    /// The backend's section.
    pub backend: &'a ProxyConfig,
}

impl Pair<'_> {
    /// Connection mode: the one that closes more wins (configuration.txt, `option httpclose`).
    pub fn connection_mode(&self) -> ConnectionMode {
        let rank = |mode: Option<ConnectionMode>| match mode.unwrap_or_default() {
            ConnectionMode::KeepAlive => 0,
            ConnectionMode::ServerClose => 1,
            ConnectionMode::Close => 2,
        };
        match rank(self.frontend.options.connection_mode).max(rank(self.backend.options.connection_mode)) {
            0 => ConnectionMode::KeepAlive,
            1 => ConnectionMode::ServerClose,
            _ => ConnectionMode::Close,
        }
    }

    /// Timeouts: the client's from the frontend, the server's from the backend.
    pub fn timeouts(&self) -> Timeouts {
        let (front, back) = (&self.frontend.timeouts, &self.backend.timeouts);
        Timeouts {
            client: front.client,
            client_fin: front.client_fin,
            http_request: front.http_request,
            http_keep_alive: front.http_keep_alive,
            server: back.server,
            server_fin: back.server_fin,
            connect: back.connect,
            queue: back.queue.or(back.connect),
            tunnel: back.tunnel,
            check: back.check,
            tarpit: front.tarpit.or(back.tarpit).or(back.connect).or(front.connect),
        }
    }

    /// `http-reuse` of the backend.
    pub fn http_reuse(&self) -> HttpReuse {
        self.backend.http_reuse.unwrap_or_default()
    }
}

/// The halves of a section, as indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionHalves {
    /// In [`Topology::frontends`].
    pub frontend: Option<usize>,
    /// In [`Topology::backends`].
    pub backend: Option<usize>,
}

/// Everything the workers route by.
#[derive(Debug)]
pub struct Topology {
    /// Process settings.
    pub settings: Settings,
    /// Frontends and the frontend halves of listen sections.
    pub frontends: Vec<Arc<Frontend>>,
    /// Backends and the backend halves of listen sections.
    pub backends: Vec<Arc<BackendEntry>>,
    /// All sections in order of the configuration, those that are `disabled` left out.
    pub sections: Vec<SectionHalves>,
    /// What became of servers by a file of states.
    pub(crate) restored: Vec<ServerEvent>,
    /// The same with those that are `disabled`, which have neither half: what the arguments of sample fetches count.
    pub(crate) numbered: Vec<SectionHalves>,
    /// Users and their passwords.
    pub(crate) userlists: Userlists,
    /// Names and numbers of frontends that are `disabled`.
    pub disabled_frontends: Vec<(Arc<str>, u32)>,
    /// Numbers of the servers.
    pub numbers: Arc<Numbers>,
    /// Network namespaces of the servers.
    pub(crate) namespaces: Namespaces,
    /// Sets socket options that no safe interface offers.
    pub system: SystemOptions,
    /// Rules of streams act on clients' sockets.
    pub(crate) touches_sockets: bool,
    /// Where log lines go.
    pub log_destinations: LogDestinations,
    /// Variables of the process.
    pub(crate) variables: SharedVariables,
    /// Backends by name, for names that are only known at run time.
    pub(crate) backend_names: HashMap<Arc<str>, usize>,
    /// Lists of patterns, for runtime commands and rules.
    pub(crate) references: Arc<References>,
    /// Their patterns as ACLs and maps look into them, by number.
    pub(crate) sets: Box<[Arc<PatternSet>]>,
    /// `resolvers` sections.
    pub resolvers: Vec<Arc<Resolvers>>,
    /// Stick tables by the number of their section in the configuration, `disabled` ones included.
    pub(crate) tables: Vec<Option<Arc<Table>>>,
}

/// Where a `use_backend` line leads.
#[derive(Debug)]
pub(crate) struct Switch {
    /// When; always where there is none.
    pub(crate) condition: Option<Condition>,
    /// Where to.
    pub(crate) target: SwitchTarget,
}

impl Switch {
    /// Whether it may look at the message.
    pub(crate) fn looks(&self) -> bool {
        self.condition.is_some() || matches!(self.target, SwitchTarget::Named(_))
    }
}

/// See [`Switch`].
#[derive(Debug)]
pub(crate) enum SwitchTarget {
    /// A backend of the topology.
    Backend(usize),
    /// A backend that is disabled.
    Disabled(Arc<str>),
    /// What the format comes to, if there is a backend of that name.
    Named(LogFormat),
}

impl Topology {
    /// Resolves a configuration, for this many worker threads.
    ///
    /// # Errors
    /// Names that resolve to nothing, formats that do not compile.
    pub fn new(
        config: &Config,
        maxconn: u32,
        workers: usize,
        system: &SystemOptions,
        inherited: &Inherited,
    ) -> Result<Self, TopologyError> {
        let settings = Settings::new(&config.global);
        let mut logs = Logs::new(&config.global, &config.names, inherited);
        let mut backends = Vec::new();
        let mut namespaces = Namespaces::default();
        let numbers = Arc::<Numbers>::default();
        for section in config.proxies.iter().filter(|p| p.kind.is_backend() && !p.disabled) {
            let dials = dials(section, &config.global, system, &mut namespaces)?;
            backends.push(Arc::new(BackendEntry {
                index: backends.len(),
                name: Arc::from(section.name.as_str()),
                config: Arc::new(section.clone()),
                backend: Arc::new(Backend::with_dials(section, dials, &numbers, workers)),
                redirects: section.servers.iter().any(|server| server.redir.is_some()),
                dial: Dial::without_server(section, &config.global, system),
                log_targets: logs.targets(section),
                looks_at_connections: looks_at_connections(config),
            }));
        }
        let restored = backends.iter().flat_map(|entry| entry.backend.restore_servers()).collect();
        tracking::link(&backends);
        let find = |name: &str| backends.iter().position(|b: &Arc<BackendEntry>| &*b.name == name);
        let named = config.names.used.variables();
        let account = ProcessAccount::new(config.global.tune.vars, named.len());
        let variables = SharedVariables::counted(account.clone(), named);
        let mut frontends: Vec<Arc<Frontend>> = Vec::new();
        for section in config.proxies.iter().filter(|p| p.kind.is_frontend() && !p.disabled) {
            let lead = |name: &str| match find(name) {
                Some(index) => Ok(SwitchTarget::Backend(index)),
                // Requests for a disabled backend are answered 503.
                None if config.proxies.iter().any(|p| p.kind.is_backend() && p.disabled && p.name == name) => {
                    Ok(SwitchTarget::Disabled(name.into()))
                }
                None => Err(TopologyError::UnknownBackend { proxy: section.name.clone(), backend: name.to_owned() }),
            };
            let mut switches = Vec::new();
            for line in &section.use_backend {
                let target = match &line.backend {
                    Target::Name(name) => lead(name)?,
                    Target::Format(format) => SwitchTarget::Named(format.clone()),
                };
                switches.push(Switch { condition: line.condition.clone(), target });
            }
            let (mut default_backend, mut disabled_backend) = (None, None);
            match &section.default_backend {
                Some(name) => match lead(name)? {
                    SwitchTarget::Backend(index) => default_backend = Some(index),
                    _ => disabled_backend = Some(Arc::from(name.as_str())),
                },
                None if section.kind.is_backend() => default_backend = find(&section.name),
                None => {}
            }
            let log = logs.access(section).map_err(|error| TopologyError::LogFormat {
                proxy: section.name.clone(),
                message: error.to_string(),
            })?;
            frontends.push(Arc::new(Frontend {
                index: frontends.len(),
                name: Arc::from(section.name.as_str()),
                config: Arc::new(section.clone()),
                default_backend,
                disabled_backend,
                switches,
                own_backend: if section.kind.is_backend() { find(&section.name) } else { None },
                log,
                maxconn: section.maxconn.unwrap_or(maxconn),
                stats: FrontendStats::new(workers),
                gate: Gate::default(),
                variables: account.clone(),
                limits: FrontendLimits::new(
                    section.maxconn.unwrap_or(maxconn),
                    section.rate_limit_sessions.unwrap_or(0),
                ),
            }));
        }
        set_fullconn(&frontends, &backends);
        let resolvers: Vec<_> = config.resolvers.iter().map(|section| Arc::new(Resolvers::new(section))).collect();
        for server in backends.iter().flat_map(|entry| entry.backend.servers().to_vec()) {
            if let Some(resolvers) = server.config.resolve.section.and_then(|section| resolvers.get(section)) {
                server.set_resolvers(resolvers);
            }
        }
        let backend_names = backends.iter().map(|backend| (Arc::clone(&backend.name), backend.index)).collect();
        let log_destinations = logs.into_places();
        let (sections, disabled_frontends) = sections(config);
        let mut running = sections.iter().copied();
        let none = SectionHalves { frontend: None, backend: None };
        let numbered = config.proxies.iter().map(|section| match section.disabled {
            true => none,
            false => running.next().unwrap_or(none),
        });
        let references = Arc::new(config.names.references.fork());
        let sets = references.sets();
        set_variables(&config.global.variables, &variables, &sets);
        Ok(Self {
            numbered: numbered.collect(),
            userlists: Userlists::new(&config.userlists)?,
            settings,
            frontends,
            backends,
            restored,
            sections,
            disabled_frontends,
            numbers,
            namespaces,
            system: system.clone(),
            touches_sockets: config.proxies.iter().any(|section| section.rules.touch_sockets()),
            log_destinations,
            variables,
            backend_names,
            sets,
            references,
            resolvers,
            tables: tables(config),
        })
    }
}

/// `set-var` and `set-var-fmt` of `global`, in order: a later one may use those before it.
fn set_variables(list: &[GlobalVariable], variables: &SharedVariables, sets: &[Arc<PatternSet>]) {
    for variable in list {
        let context = Context {
            place: SamplePlace::Configuration,
            process: Some(variables),
            own_sets: Some(sets),
            last: true,
            ..Context::default()
        };
        let value = match &variable.value {
            GlobalValue::Expression(expression) => expression.evaluate(&context).map(Value::into_owned),
            GlobalValue::Format(format) => {
                let mut text = Vec::new();
                format.render_alone(&context, &mut text);
                Some(Value::Str(text.into()))
            }
        };
        if let Some(value) = value {
            variables.set_if(&variable.name.name, value, AssignmentConditions::default());
        }
    }
}

/// Whether rules of any section look at connections to servers: a frontend's may be behind every backend.
fn looks_at_connections(config: &Config) -> bool {
    config.names.used.server_connections()
}

/// The stick tables of a configuration.
fn tables(config: &Config) -> Vec<Option<Arc<Table>>> {
    let origin = Instant::now();
    let table = |section: &ProxyConfig| {
        section.stick_table.as_ref().map(|table| Arc::new(Table::new(&section.name, table, origin)))
    };
    config.proxies.iter().map(table).collect()
}

/// The sections in order, with the indices that their halves get, and the frontends that are disabled.
fn sections(config: &Config) -> (Vec<SectionHalves>, Vec<(Arc<str>, u32)>) {
    let (mut frontends, mut backends) = (0.., 0..);
    let running = config.proxies.iter().filter(|section| !section.disabled).map(|section| SectionHalves {
        frontend: if section.kind.is_frontend() { frontends.next() } else { None },
        backend: if section.kind.is_backend() { backends.next() } else { None },
    });
    let disabled = config.proxies.iter().filter(|section| section.disabled && section.kind.is_frontend());
    (running.collect(), disabled.map(|section| (Arc::from(section.name.as_str()), section.id)).collect())
}

/// `fullconn`: by default a tenth of the sum of the `maxconn` of the frontends that lead to the backend by its name, and at
/// least 1 (configuration.txt, `fullconn`).
fn set_fullconn(frontends: &[Arc<Frontend>], backends: &[Arc<BackendEntry>]) {
    for backend in backends.iter().filter(|backend| backend.config.fullconn.is_none()) {
        let leads = |frontend: &Arc<Frontend>| {
            let switched = frontend
                .switches
                .iter()
                .any(|switch| matches!(switch.target, SwitchTarget::Backend(index) if index == backend.index));
            switched || frontend.default_backend == Some(backend.index)
        };
        let leading = frontends.iter().filter(|frontend| leads(frontend));
        let sum: u64 = leading.map(|frontend| u64::from(frontend.maxconn)).sum();
        backend.backend.set_fullconn(u32::try_from(sum.div_ceil(10)).unwrap_or(u32::MAX).max(1));
    }
}

/// Delay before a server is tried again after a refused connection: a second, or `timeout connect` if shorter
/// (configuration.txt, `retries`).
pub(crate) fn turn_around(timeouts: &Timeouts) -> Duration {
    let second = Duration::from_secs(1);
    timeouts.connect.map_or(second, |t| t.min(second))
}
