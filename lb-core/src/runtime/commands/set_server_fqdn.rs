//! `set server ... fqdn` (management.txt, section 9.3): another name for a server whose name is resolved at run time.

use std::sync::Arc;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Severity, Words};
use crate::resolve::HostName;

/// `set server <b>/<s> fqdn <name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerFqdn {
    /// The server.
    pub server: ServerName,
    /// Its name from now on.
    pub name: String,
}

impl SetServerFqdn {
    /// What follows `fqdn`.
    pub(super) fn read(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        match words.next() {
            None => Err(CommandError::new(ErrorCode::Usage, "set server <b>/<s> fqdn requires a FQDN.")),
            Some(name) => Ok(Command::SetServerFqdn(Self { server, name })),
        }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        let resolve = &server.config.resolve;
        let refused = |why: &str| {
            let text = format!("set server <b>/<s> fqdn failed because {why}.");
            Err(CommandError::new(ErrorCode::State, text))
        };
        let section = resolve.section.and_then(|section| instance.topology().resolvers.get(section));
        let Some(section) = section else { return refused("no resolution is configured") };
        if resolve.service.is_some() {
            return refused("SRV resolution is configured");
        }
        let before = server.hostname();
        if before.as_ref().is_some_and(|before| **before == self.name) {
            return Ok(said("no need to change the FDQN"));
        }
        let place = format!("{}/{}", entry.name, server.name);
        if HostName::new(&self.name).is_none() {
            return Ok(said(&format!("could not update {place} FQDN")));
        }
        server.rename(&self.name);
        section.renamed(entry.index, Arc::clone(&server));
        let before = before.map_or_else(|| "(null)".to_owned(), |before| String::clone(&before));
        Ok(said(&format!("{place} changed its FQDN from {before} to {}", self.name)))
    }
}

fn said(what: &str) -> Reply {
    Reply::Message(Severity::Warning, format!("{what} by 'stats socket command'"))
}
