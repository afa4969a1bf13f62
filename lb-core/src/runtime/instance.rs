//! What commands see of a running instance.

use std::sync::Arc;

use crate::stats::{ProcessSnapshot, Statistics, collect, process};
use crate::topology::{BackendEntry, Frontend, Topology};
use crate::worker::Shared;

use super::error::CommandError;
use super::server_name::{ServerName, names};
use crate::server::{Server, ServerEvent};

/// A running instance, as commands see it. It does not keep the instance alive: its threads may have ended.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(crate) shared: Arc<Shared>,
}

impl Instance {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn topology(&self) -> &Topology {
        &self.shared.topology
    }

    /// The backend of that name, or of that number behind `#`.
    pub(crate) fn backend(&self, name: &str) -> Result<&Arc<BackendEntry>, CommandError> {
        let found = self.topology().backends.iter().find(|entry| names(name, &entry.name, entry.config.id));
        found.ok_or_else(CommandError::no_such_backend)
    }

    /// A server and its backend.
    pub(crate) fn server(&self, name: &ServerName) -> Result<(&Arc<BackendEntry>, Arc<Server>), CommandError> {
        let entry = self.backend(&name.backend)?;
        let servers = entry.backend.servers();
        let found = servers.iter().find(|server| names(&name.server, &server.name, server.id));
        Ok((entry, Arc::clone(found.ok_or_else(CommandError::no_such_server)?)))
    }

    /// Makes a change of servers, writes its log lines and tells who listens.
    pub(crate) fn change(&self, change: impl FnOnce() -> Vec<ServerEvent>) {
        let mut change = Some(change);
        self.shared.change_servers(&mut || change.take().map_or_else(Vec::new, |change| change()));
    }

    /// The frontend of that name, or of that number behind `#`.
    pub(crate) fn frontend(&self, name: &str) -> Result<&Arc<Frontend>, CommandError> {
        let found = self.topology().frontends.iter().find(|frontend| names(name, &frontend.name, frontend.config.id));
        found.ok_or_else(CommandError::no_such_frontend)
    }

    /// Whether the frontend of this name or number is `disabled` in the configuration.
    pub(crate) fn is_disabled_frontend(&self, name: &str) -> bool {
        self.topology().disabled_frontends.iter().any(|(other, id)| names(name, other, *id))
    }

    /// The statistics of all proxies now.
    pub(crate) fn statistics(&self) -> Statistics {
        collect::statistics(&self.shared)
    }

    /// What the process says of itself now.
    pub(crate) fn process(&self) -> ProcessSnapshot {
        process::process(&self.shared)
    }
}
