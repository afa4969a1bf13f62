//! A place in a queue, and the future that waits for a slot.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;

use super::queue::{Grant, Key, Place, Queue};
use super::{Assign, AssignRequest, Assignment, Backend};
use crate::instant::Instant;
use crate::server::Server;

/// Why a wait ended without a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueueError {
    /// The deadline passed (`timeout queue`): 503, `sQ`.
    #[error("timeout in queue")]
    Timeout,
    /// No server is left: 503, `SC`.
    #[error("no server available")]
    NoServer,
}

/// Which queue a ticket is for.
#[derive(Clone, Debug)]
pub(super) enum Waits {
    Server(Arc<Server>),
    Backend,
}

/// A place in a queue. Dropping it leaves the queue; a slot granted meanwhile goes to the next waiter.
#[derive(Debug)]
pub struct Ticket {
    backend: Arc<Backend>,
    waits: Waits,
    request: AssignRequest,
    key: Key,
    served_before: u64,
    /// The server in whose queue it was before, where that has gone.
    moved: Option<Arc<Server>>,
    /// Its place there (`%sq`).
    left: u64,
    /// The servers that the balancer chose since the wait began.
    picked: Vec<Arc<Server>>,
    grant: oneshot::Receiver<Grant>,
}

impl Ticket {
    pub(super) fn new(backend: Arc<Backend>, waits: Waits, request: AssignRequest, place: Place) -> Self {
        let Place { key, served_before, grant } = place;
        Self { backend, waits, request, key, served_before, moved: None, left: 0, picked: Vec::new(), grant }
    }

    /// The server whose queue this is, or `None` for the backend's queue.
    pub fn server(&self) -> Option<&Arc<Server>> {
        match &self.waits {
            Waits::Server(server) => Some(server),
            Waits::Backend => None,
        }
    }

    /// Requests processed before this one in the server's and in the backend's queue (`%sq` and `%bq`) if it is
    /// served, or given up, now. HAProxy counts the request itself.
    pub fn position(&self) -> (u64, u64) {
        let position = self.queue().served() - self.served_before + 1;
        self.in_queue(position)
    }

    fn in_queue(&self, position: u64) -> (u64, u64) {
        match self.waits {
            Waits::Server(_) => (self.left + position, 0),
            Waits::Backend => (self.left, position),
        }
    }

    /// The server whose queue this ticket was in until that server went, once: the wait goes on elsewhere.
    pub(crate) fn take_moved(&mut self) -> Option<Arc<Server>> {
        self.moved.take()
    }

    /// The servers that the balancer chose meanwhile, for those that went.
    pub(crate) fn take_picked(&mut self) -> Vec<Arc<Server>> {
        std::mem::take(&mut self.picked)
    }

    /// Waits for a slot until `deadline`, without end when there is none.
    ///
    /// Cancel safe: dropping the future changes nothing, dropping the ticket leaves the queue; neither loses a slot.
    /// After an answer the ticket is only good for [`Ticket::position`].
    pub async fn wait(&mut self, deadline: Option<Instant>) -> Result<Assignment, QueueError> {
        let waited = self.granted();
        match deadline {
            None => waited.await,
            Some(deadline) => {
                tokio::time::timeout_at(deadline.into(), waited).await.unwrap_or(Err(QueueError::Timeout))
            }
        }
    }

    async fn granted(&mut self) -> Result<Assignment, QueueError> {
        loop {
            match (&mut self.grant).await {
                Ok(Grant::Slot(slot, position)) => {
                    let (server_queue, backend_queue) = self.in_queue(position);
                    return Ok(Assignment { server: Arc::clone(slot.server()), slot, server_queue, backend_queue });
                }
                Ok(Grant::Redistribute) | Err(_) => {
                    let request = AssignRequest { force: None, ..self.request.clone() };
                    let left = self.position().0;
                    let moved = self.server().cloned().or_else(|| self.moved.take());
                    match self.backend.try_assign(&request) {
                        Assign::Server(assignment) => {
                            self.moved = moved;
                            self.picked.push(Arc::clone(&assignment.server));
                            return Ok(Assignment { server_queue: left, ..assignment });
                        }
                        Assign::Queue(mut ticket) => {
                            (ticket.moved, ticket.left) = (moved, left);
                            ticket.picked = self.take_picked();
                            ticket.picked.extend(ticket.server().cloned());
                            *self = ticket;
                        }
                        Assign::QueueFull(_) | Assign::None => return Err(QueueError::NoServer),
                    }
                }
            }
        }
    }

    fn queue(&self) -> &Queue {
        match &self.waits {
            Waits::Backend => self.backend.queue(),
            Waits::Server(server) => &server.queue,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue().remove(self.key);
        if let Some(server) = self.server() {
            server.room_changed();
        }
    }
}
