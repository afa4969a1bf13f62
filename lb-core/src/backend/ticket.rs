//! A place in a queue, and the future that waits for a slot.

use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use tokio::sync::oneshot;

use super::queue::{Grant, Queue};
use super::{Assign, AssignRequest, Assignment, Backend};

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
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    Server(usize),
    Backend,
}

/// A place in a queue. Dropping it leaves the queue; a slot granted meanwhile goes to the next waiter.
#[derive(Debug)]
pub struct Ticket {
    backend: Arc<Backend>,
    waits: Waits,
    request: AssignRequest,
    key: u64,
    grant: oneshot::Receiver<Grant>,
}

impl Ticket {
    pub(super) fn new(
        backend: Arc<Backend>,
        waits: Waits,
        request: AssignRequest,
        key: u64,
        grant: oneshot::Receiver<Grant>,
    ) -> Self {
        Self { backend, waits, request, key, grant }
    }

    /// The server whose queue this is, or `None` for the backend's queue.
    pub fn server(&self) -> Option<usize> {
        match self.waits {
            Waits::Server(index) => Some(index),
            Waits::Backend => None,
        }
    }

    /// Waits for a slot until `deadline`, without end when there is none.
    ///
    /// Cancel safe: dropping the future leaves the queue and loses no slot.
    pub async fn wait(self, deadline: Option<Instant>) -> Result<Assignment, QueueError> {
        let waited = self.granted();
        match deadline {
            None => waited.await,
            Some(deadline) => {
                tokio::time::timeout_at(deadline.into(), waited).await.unwrap_or(Err(QueueError::Timeout))
            }
        }
    }

    async fn granted(mut self) -> Result<Assignment, QueueError> {
        loop {
            match (&mut self.grant).await {
                Ok(Grant::Slot(slot, position)) => {
                    let (server_queue, backend_queue) = match self.waits {
                        Waits::Server(_) => (position, 0),
                        Waits::Backend => (0, position),
                    };
                    return Ok(Assignment { server: Arc::clone(slot.server()), slot, server_queue, backend_queue });
                }
                Ok(Grant::Redistribute) | Err(_) => {
                    let request = AssignRequest { force: None, ..self.request };
                    match self.backend.try_assign(&request) {
                        Assign::Server(assignment) => return Ok(assignment),
                        Assign::Queue(ticket) => self = ticket,
                        Assign::None => return Err(QueueError::NoServer),
                    }
                }
            }
        }
    }

    fn queue(&self) -> Option<&Queue> {
        match self.waits {
            Waits::Backend => Some(self.backend.queue()),
            Waits::Server(index) => self.backend.servers.get(index).map(|server| &server.queue),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(queue) = self.queue() {
            queue.remove(self.key);
        }
        if let Some(server) = self.server().and_then(|index| self.backend.servers.get(index)) {
            server.load_changed();
        }
    }
}
