//! How connections to the servers of a section are opened, with the network namespaces that their lines name.

use std::io;
use std::sync::Arc;

use super::TopologyError;
use crate::config::{Global, ProxyConfig};
use crate::net::{Namespace, SystemOptions};
use crate::server::Dial;

/// The network namespaces of all servers, each opened once.
#[derive(Debug, Default)]
pub(crate) struct Namespaces(Vec<Arc<Namespace>>);

impl Namespaces {
    fn open(&mut self, name: &str) -> io::Result<Arc<Namespace>> {
        if let Some(known) = self.0.iter().find(|known| known.name() == name) {
            return Ok(Arc::clone(known));
        }
        let opened = Arc::new(Namespace::open(name)?);
        self.0.push(Arc::clone(&opened));
        Ok(opened)
    }

    /// Starts the threads in them.
    ///
    /// # Errors
    /// The first that cannot be entered, and why.
    pub(crate) fn enter(&self) -> Result<(), (String, io::Error)> {
        self.0.iter().try_for_each(|namespace| namespace.enter().map_err(|error| (namespace.name().to_owned(), error)))
    }
}

/// For each `server` line of a section, in order.
pub(super) fn dials(
    section: &ProxyConfig,
    global: &Global,
    system: &SystemOptions,
    namespaces: &mut Namespaces,
) -> Result<Vec<Dial>, TopologyError> {
    let dial = |line| -> Result<Dial, TopologyError> {
        let tls = |source| TopologyError::Tls { proxy: section.name.clone(), source };
        Dial::new(line, section, global, system).map_err(tls)
    };
    let mut dials = section.servers.iter().map(dial).collect::<Result<Vec<_>, _>>()?;
    for (dial, line) in dials.iter_mut().zip(&section.servers) {
        let Some(name) = &line.namespace else { continue };
        dial.options.namespace = Some(namespaces.open(name).map_err(|source| TopologyError::Namespace {
            proxy: section.name.clone(),
            server: line.name.clone(),
            namespace: name.clone(),
            source,
        })?);
    }
    Ok(dials)
}
