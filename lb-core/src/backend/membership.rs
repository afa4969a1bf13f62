//! Servers that come and go while the backend serves.
//!
//! The list is replaced as a whole and the balancer told; whoever holds a server that went keeps it until he is done.

use std::sync::Arc;

use thiserror::Error;

use super::Backend;
use crate::config::model::ServerConfig;
use crate::server::{Dial, Numbers, Server, Start};

/// Why a server was not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddServerError {
    /// Another server of the backend has its name.
    #[error("Already exists a server with the same name in backend.")]
    NameTaken,
    /// Another server of the backend has its `id`.
    #[error("'id' : custom id {id} already used at {place} ('server {server}').")]
    IdTaken {
        /// The number.
        id: u32,
        /// Where the line of that server stands, as `file:line`.
        place: String,
        /// Name of that server.
        server: String,
    },
}

impl Backend {
    /// Adds a server at the end of the list, with the lowest free number where its line gives none. It takes part at
    /// once, as far as its state lets it.
    ///
    /// # Errors
    /// Its name or number is taken.
    pub fn add_server(
        &self,
        mut line: ServerConfig,
        start: Start,
        dial: Dial,
        numbers: &Arc<Numbers>,
    ) -> Result<Arc<Server>, AddServerError> {
        let mut guard = self.lock_state();
        let servers = self.servers();
        let with_id = |id: u32| servers.iter().find(|server| server.id == id);
        if line.id == 0 {
            line.id = (1..=u32::MAX).find(|id| with_id(*id).is_none()).unwrap_or_default();
        } else if let Some(other) = with_id(line.id) {
            let place = other.config.place.to_string();
            return Err(AddServerError::IdTaken { id: line.id, place, server: other.name.to_string() });
        }
        if servers.iter().any(|server| *server.name == line.name) {
            return Err(AddServerError::NameTaken);
        }
        self.note_header_source(&dial);
        let server = Arc::new(Server::new(&line, start, dial, numbers, Arc::clone(&self.hub)));
        let list = servers.iter().cloned().chain([Arc::clone(&server)]).collect();
        self.servers.store(Arc::new(list));
        self.tell_cookies();
        self.rebuild(&mut guard);
        Ok(server)
    }

    /// Takes a server out of the list, whatever its state, unless that was done before. Streams that hold it finish on
    /// it, those that wait for it choose again, and its idle connections serve nobody any more.
    pub fn remove_server(&self, server: &Arc<Server>) -> bool {
        let mut guard = self.lock_state();
        let servers = self.servers();
        let left: Vec<_> = servers.iter().filter(|other| !Arc::ptr_eq(other, server)).cloned().collect();
        if left.len() == servers.len() {
            return false;
        }
        self.servers.store(Arc::new(left));
        self.tell_cookies();
        server.set_removed();
        self.rebuild(&mut guard);
        server.queue.evict();
        true
    }
}
