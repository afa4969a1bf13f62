//! What commands see of a running instance.

use std::sync::Arc;

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

    #[allow(dead_code, reason = "read by runtime commands")]
    pub(crate) fn frontend(&self, name: &str) -> Result<&Arc<Frontend>, CommandError> {
        let found = self.topology().frontends.iter().find(|frontend| &*frontend.name == name);
        found.ok_or_else(CommandError::no_such_frontend)
    }
}
