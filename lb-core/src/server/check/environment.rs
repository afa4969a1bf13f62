//! What the expressions and formats of a check see.

use crate::instant::Instant;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::machine::Received;
use crate::backend::Backend;
use crate::config::model::Address;
use crate::http::h2::H2Settings;
use crate::log::{LogContext, LogFormat, LogRecord, render_check};
use crate::sample::account::ProcessAccount;
use crate::sample::context::{Buffered, Context};
use crate::sample::place::Place;
use crate::sample::variable::{Scopes, SharedVariables, Variables};
use crate::server::{OperationalState, Server};
use crate::topology::{BackendEntry, Topology};

/// The instance around checks.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// All sections.
    pub(crate) topology: Option<Arc<Topology>>,
    /// When the instance was started.
    pub(crate) started: Option<Instant>,
    /// Dates and names for formats; made when one first asks.
    pub(crate) log: Mutex<Option<LogContext>>,
}

impl World {
    /// What variables count for, where that is limited.
    pub(crate) fn account(&self) -> Option<&Arc<ProcessAccount>> {
        self.topology.as_ref()?.variables.account()
    }

    /// `tune.bufsize`.
    pub(crate) fn bufsize(&self) -> usize {
        self.topology.as_ref().map_or(16384, |topology| topology.settings.bufsize)
    }

    /// `tune.h2.*`.
    pub(crate) fn h2_settings(&self) -> H2Settings {
        self.topology
            .as_ref()
            .map_or_else(H2Settings::default, |topology| H2Settings::from_tune(&topology.settings.global.tune))
    }

    fn node(&self) -> String {
        let named = self.topology.as_ref().and_then(|topology| topology.settings.global.node.clone());
        named.unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
    }
}

/// One check's surroundings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) backend: &'a Backend,
    pub(crate) world: &'a World,
    pub(crate) entry: Option<&'a BackendEntry>,
    /// Variables of the process.
    pub(crate) process: Option<&'a SharedVariables>,
}

impl<'a> Environment<'a> {
    pub(crate) fn new(backend: &'a Backend, server: &'a Arc<Server>, world: &'a World) -> Self {
        let topology = world.topology.as_deref();
        let is_own = |entry: &&Arc<BackendEntry>| std::ptr::eq(&raw const *entry.backend, backend);
        let entry = topology.and_then(|topology| topology.backends.iter().find(is_own)).map(|entry| &**entry);
        Self { server, backend, world, entry, process: topology.map(|topology| &topology.variables) }
    }

    /// Whether the server is up, so that a 404 may mean that it is about to stop.
    pub(crate) fn is_up(&self) -> bool {
        self.server.operational_state() != OperationalState::Stopped
    }

    /// Gives `see` what is known now. `scopes` are the variables of the check and of its session.
    pub(crate) fn with<'c, T>(
        &'c self,
        scopes: (&'c Variables, &'c Variables),
        received: &'c Received,
        see: impl FnOnce(&Context<'c>) -> T,
    ) -> T {
        let head = received.answer.as_ref().and_then(|answer| answer.head.as_ref());
        let bytes = match &received.answer {
            Some(answer) => answer.body.as_slice(),
            None => received.bytes.as_slice(),
        };
        let topology = self.world.topology.as_deref();
        let context = Context {
            place: Place::Check,
            now: Some(Instant::now()),
            since_start: self.world.started.map_or(Duration::ZERO, |started| started.elapsed()),
            topology,
            backend: self.entry,
            server: Some(self.server),
            response: head,
            response_data: Buffered { bytes, complete: received.last, full: received.last, announced: None },
            variables: Scopes { check_session: Some(scopes.1), check: Some(scopes.0), ..Scopes::default() },
            process: self.process,
            tables: topology.map_or(&[], |topology| topology.tables.as_slice()),
            last: true,
            ..Context::default()
        };
        see(&context)
    }

    /// What a format comes to.
    pub(crate) fn text(&self, scopes: (&Variables, &Variables), received: &Received, format: &LogFormat) -> Vec<u8> {
        if let Some(text) = format.constant_text() {
            return text.to_vec();
        }
        let record = LogRecord {
            frontend: Arc::clone(&self.backend.name),
            backend: Arc::clone(&self.backend.name),
            server: Some(Arc::clone(&self.server.name)),
            ..LogRecord::default()
        };
        let mut out = Vec::new();
        let mut log = self.world.log.lock().unwrap_or_else(PoisonError::into_inner);
        let log = log.get_or_insert_with(LogContext::system);
        self.with(scopes, received, |context| render_check(format, Some(context), &record, log, &mut out));
        out
    }

    /// `X-Haproxy-Server-State` (configuration.txt, `http-check send-state`).
    pub(crate) fn state(&self) -> String {
        let server = self.server;
        let state = match (server.operational_state(), server.checks.health().progress()) {
            (OperationalState::Stopped, (0, _)) => "DOWN".to_owned(),
            (OperationalState::Stopped, (at, of)) => format!("DOWN {at}/{of}"),
            (state, (at, of)) => {
                let word = if state == OperationalState::Stopping { "NOLB" } else { "UP" };
                if at >= of { word.to_owned() } else { format!("{word} {at}/{of}") }
            }
        };
        let (address, port) = match &server.endpoint().address {
            Address::Inet(inet) => (inet.ip().to_string(), inet.port().to_string()),
            _ => ("unix".to_owned(), "unix".to_owned()),
        };
        let servers = self.backend.servers();
        let usable = servers.iter().filter(|server| server.takes_new());
        // What is counted is what the balancer chooses among: backup servers only where they are needed.
        let total: u32 = usable.filter(|server| server.is_eligible()).map(|server| server.weight()).sum();
        let weight = if server.is_eligible() { server.weight() } else { 0 };
        let sessions: u32 = servers.iter().map(|server| server.current()).sum();
        format!(
            "{state}; address={address}; port={port}; name={}/{}; node={}; weight={weight}/{total}; scur={}/{sessions}; \
             qcur={}",
            self.backend.name,
            server.name,
            self.world.node(),
            server.current(),
            server.queued()
        )
    }
}
