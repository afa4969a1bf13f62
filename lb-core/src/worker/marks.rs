//! Streams that end because a server went down or came up (configuration.txt, `on-marked-down` and `on-marked-up`).

use std::sync::Arc;

use super::Shared;
use crate::log::Cause;
use crate::server::event::EventKind;
use crate::server::{Server, ServerEvent};

/// A server whose streams are to end: the index of its backend, and why.
type Marked = (usize, Arc<Server>, Cause);

impl Shared {
    /// Makes a change of servers, tells of it, and ends the streams that are not to survive it.
    pub(crate) fn change_servers(&self, change: &mut dyn FnMut() -> Vec<ServerEvent>) {
        let mut marked = Vec::new();
        self.reports.change(&self.topology, &mut || {
            let events = change();
            marked.extend(events.iter().flat_map(|event| self.marked(event)));
            events
        });
        for (backend, server, cause) in marked {
            self.shut_streams_of(backend, &server, cause);
        }
    }

    fn marked(&self, event: &ServerEvent) -> Vec<Marked> {
        let down = match &event.kind {
            EventKind::Down { .. } | EventKind::EntersMaintenance { counts: Some(_), .. } => true,
            EventKind::Up { .. } | EventKind::LeavesMaintenance { up: true, .. } => false,
            _ => return Vec::new(),
        };
        let Some(index) = self.topology.backend_names.get(&event.backend) else { return Vec::new() };
        let Some(entry) = self.topology.backends.get(*index) else { return Vec::new() };
        let Some(server) = entry.backend.server(&event.server) else { return Vec::new() };
        if down {
            let shut = server.config.shutdown_when_down.then_some((*index, server, Cause::Down));
            return shut.into_iter().collect();
        }
        if !server.config.shutdown_backups_when_up || server.is_backup() {
            return Vec::new();
        }
        let servers = entry.backend.servers();
        let backups = servers.iter().filter(|other| other.is_backup());
        backups.map(|backup| (*index, Arc::clone(backup), Cause::Up)).collect()
    }
}
