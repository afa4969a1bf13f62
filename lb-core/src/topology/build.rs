//! From a configuration to a topology: names are resolved, defaults computed, everything that is shared made once.

use std::sync::Arc;

use super::dials::{Namespaces, dials};
use super::logs::Logs;
use super::{BackendEntry, Frontend, SectionHalves, Settings, Switch, SwitchTarget, Topology, TopologyError, tracking};
use crate::backend::Backend;
use crate::config::{AssignmentConditions, Config, GlobalValue, GlobalVariable, ProxyConfig, Target};
use crate::instant::Instant;
use crate::listener::Gate;
use crate::listener::limits::FrontendLimits;
use crate::net::{Inherited, SystemOptions};
use crate::pattern::set::Set as PatternSet;
use crate::resolve::Resolvers;
use crate::sample::account::ProcessAccount;
use crate::sample::variable::SharedVariables;
use crate::sample::{Context, Place as SamplePlace, Value};
use crate::server::{Dial, Numbers};
use crate::stats::FrontendStats;
use crate::table::Table;
use crate::userlist::Userlists;

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
        let mut logs = Logs::new(&config.global, &config.names, inherited);
        let mut namespaces = Namespaces::default();
        let numbers = Arc::<Numbers>::default();
        let backends = backends(config, workers, system, &numbers, &mut namespaces, &mut logs)?;
        let restored = backends.iter().flat_map(|entry| entry.backend.restore_servers()).collect();
        tracking::link(&backends);

        let named = config.names.used.variables();
        let account = ProcessAccount::new(config.global.tune.vars, named.len());
        let variables = SharedVariables::counted(account.clone(), named);
        let mut frontends: Vec<Arc<Frontend>> = Vec::new();
        for section in config.proxies.iter().filter(|p| p.kind.is_frontend() && !p.disabled) {
            let routes = Routes::new(section, config, &backends)?;
            let log = logs.access(section).map_err(|error| TopologyError::LogFormat {
                proxy: section.name.clone(),
                message: error.to_string(),
            })?;
            let maxconn = section.maxconn.unwrap_or(maxconn);
            frontends.push(Arc::new(Frontend {
                index: frontends.len(),
                name: Arc::from(section.name.as_str()),
                config: Arc::new(section.clone()),
                default_backend: routes.default_backend,
                disabled_backend: routes.disabled_backend,
                switches: routes.switches,
                own_backend: if section.kind.is_backend() { position(&backends, &section.name) } else { None },
                log,
                maxconn,
                stats: FrontendStats::new(workers),
                gate: Gate::default(),
                variables: account.clone(),
                limits: FrontendLimits::new(maxconn, section.rate_limit_sessions.unwrap_or(0)),
            }));
        }
        set_fullconn(&frontends, &backends);

        let (sections, disabled_frontends) = sections(config);
        let references = Arc::new(config.names.references.fork());
        let sets = references.sets();
        set_variables(&config.global.variables, &variables, &sets);
        Ok(Self {
            numbered: numbered(config, &sections),
            userlists: Userlists::new(&config.userlists)?,
            settings: Settings::new(&config.global),
            restored,
            sections,
            disabled_frontends,
            numbers,
            namespaces,
            system: system.clone(),
            touches_sockets: config.proxies.iter().any(|section| section.rules.touch_sockets()),
            log_destinations: logs.into_places(),
            variables,
            backend_names: backends.iter().map(|backend| (Arc::clone(&backend.name), backend.index)).collect(),
            sets,
            references,
            resolvers: resolvers(config, &backends),
            tables: tables(config),
            frontends,
            backends,
        })
    }
}

/// The backends that run, in order.
fn backends(
    config: &Config,
    workers: usize,
    system: &SystemOptions,
    numbers: &Arc<Numbers>,
    namespaces: &mut Namespaces,
    logs: &mut Logs<'_>,
) -> Result<Vec<Arc<BackendEntry>>, TopologyError> {
    let mut backends = Vec::new();
    for section in config.proxies.iter().filter(|p| p.kind.is_backend() && !p.disabled) {
        let dials = dials(section, &config.global, system, namespaces)?;
        backends.push(Arc::new(BackendEntry {
            index: backends.len(),
            name: Arc::from(section.name.as_str()),
            config: Arc::new(section.clone()),
            backend: Arc::new(Backend::with_dials(section, dials, numbers, workers)),
            redirects: section.servers.iter().any(|server| server.redir.is_some()),
            dial: Dial::without_server(section, &config.global, system),
            log_targets: logs.targets(section),
            // A frontend's rules may be behind every backend.
            looks_at_connections: config.names.used.server_connections(),
        }));
    }
    Ok(backends)
}

/// Where the backend of this name is in the list.
fn position(backends: &[Arc<BackendEntry>], name: &str) -> Option<usize> {
    backends.iter().position(|backend| &*backend.name == name)
}

/// Where a frontend leads.
struct Routes {
    switches: Vec<Switch>,
    default_backend: Option<usize>,
    disabled_backend: Option<Arc<str>>,
}

impl Routes {
    fn new(section: &ProxyConfig, config: &Config, backends: &[Arc<BackendEntry>]) -> Result<Self, TopologyError> {
        let lead = |name: &str| match position(backends, name) {
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
            None if section.kind.is_backend() => default_backend = position(backends, &section.name),
            None => {}
        }
        Ok(Self { switches, default_backend, disabled_backend })
    }
}

/// The `resolvers` sections, told to the servers that ask them.
fn resolvers(config: &Config, backends: &[Arc<BackendEntry>]) -> Vec<Arc<Resolvers>> {
    let resolvers: Vec<_> = config.resolvers.iter().map(|section| Arc::new(Resolvers::new(section))).collect();
    for server in backends.iter().flat_map(|entry| entry.backend.servers().to_vec()) {
        if let Some(resolvers) = server.config.resolve.section.and_then(|section| resolvers.get(section)) {
            server.set_resolvers(resolvers);
        }
    }
    resolvers
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

/// All sections in order: those that are `disabled` have neither half.
fn numbered(config: &Config, running: &[SectionHalves]) -> Vec<SectionHalves> {
    let mut running = running.iter().copied();
    let none = SectionHalves { frontend: None, backend: None };
    let numbered = config.proxies.iter().map(|section| match section.disabled {
        true => none,
        false => running.next().unwrap_or(none),
    });
    numbered.collect()
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
