//! What commands see of a running instance.

use std::sync::Arc;

use crate::stats::{ProcessSnapshot, Statistics, collect, process};
use crate::topology::{BackendEntry, Frontend, Topology};
use crate::worker::Shared;

use super::error::CommandError;

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

    pub(crate) fn backend(&self, name: &str) -> Result<&Arc<BackendEntry>, CommandError> {
        let found = self.topology().backends.iter().find(|entry| &*entry.name == name);
        found.ok_or_else(CommandError::no_such_backend)
    }

    /// The frontend of this name, or with this number behind `#`.
    pub(crate) fn frontend(&self, name: &str) -> Result<&Arc<Frontend>, CommandError> {
        let is_it = |frontend: &&Arc<Frontend>| named(name, &frontend.name, frontend.config.id);
        let found = self.topology().frontends.iter().find(is_it);
        found.ok_or_else(CommandError::no_such_frontend)
    }

    /// Whether the frontend of this name or number is `disabled` in the configuration.
    pub(crate) fn is_disabled_frontend(&self, name: &str) -> bool {
        self.topology().disabled_frontends.iter().any(|(other, id)| named(name, other, *id))
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

/// Whether a word of a command names this proxy.
fn named(word: &str, name: &str, id: u32) -> bool {
    word == name || word.strip_prefix('#').is_some_and(|number| number.parse() == Ok(id))
}
