//! The server of the next attempt, and the wait for it in a queue.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::{Connector, Private};
use crate::backend::{Assign, AssignRequest, Assignment, QueueError, Ticket};
use crate::instant::Instant;
use crate::log::Stage;
use crate::runtime::SessionStage;
use crate::server::Server;
use crate::stream::count::{count_picked, count_retry};
use crate::stream::error::{End, Kind, StreamError};
use crate::stream::side::Side;
use crate::worker::timer::{Timer, after};

impl Connector<'_> {
    /// `option prefer-last-server`: the server to which the session still holds a connection, unless more requests
    /// wait for it than `max-keep-alive-queue` lets.
    pub(super) fn preferred(&self, private: &Option<Private>) -> Option<Arc<Server>> {
        let config = &self.backend.config;
        let Private(held) = private.as_ref()?;
        if !config.options.prefer_last_server || self.retries > 0 || self.backend.backend.is_deterministic() {
            return None;
        }
        let server = &held.server;
        if held.conn.is_none() || !self.backend.backend.owns(server) || !server.is_usable() {
            return None;
        }
        let most = config.max_keep_alive_queue.and_then(|most| u32::try_from(most).ok());
        (!server.is_full() || most.is_none_or(|most| server.queued() < most)).then(|| Arc::clone(server))
    }

    pub(super) async fn assign(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
        preferred: Option<Arc<Server>>,
    ) -> Result<Assignment, StreamError> {
        let chosen = self.force.clone().or_else(|| self.wanted.take());
        let strict = chosen.is_some();
        let request = AssignRequest {
            source: self.route.source.map(|s| s.ip()),
            hash: self.hash,
            exclude: self.exclude.clone(),
            force: chosen.or(preferred),
            strict,
            persists: strict && (self.pinned || self.backend.config.options.persist),
            priority: self.priority,
        };
        let assign = self.backend.backend.try_assign(&request);
        let moved = match request.force.as_ref().filter(|server| strict && server.is_usable()) {
            Some(server) => is_elsewhere(&assign, server),
            None => false,
        };
        if moved {
            self.note_move(request.force.as_deref());
        }
        if moved || request.force.is_none() {
            let server = match &assign {
                Assign::Server(assignment) => Some(&assignment.server),
                // The balancer chose the server that is waited for.
                Assign::Queue(ticket) => ticket.server(),
                Assign::QueueFull(_) | Assign::None => None,
            };
            server.into_iter().for_each(|server| count_picked(self.worker, self.backend, server));
        }
        match assign {
            Assign::Server(assignment) => Ok(assignment),
            Assign::Queue(ticket) => self.wait_in_queue(ticket, client, timer).await,
            Assign::QueueFull(server) => {
                self.server = Some(server);
                Err(StreamError::new(End::Server, Stage::Queue, Kind::Closed))
            }
            Assign::None => Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed)),
        }
    }

    async fn wait_in_queue(
        &mut self,
        mut ticket: Ticket,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Assignment, StreamError> {
        let timeouts = &self.backend.config.timeouts;
        let deadline = after(self.started, timeouts.queue.or(timeouts.connect));
        let watch = self.backend.config.options.abortonclose;
        let pool = &self.worker.buffers;
        self.live.enter_phase(SessionStage::Queue, deadline);
        let assignment = poll_fn(|cx| {
            let waiting = std::pin::pin!(ticket.wait(None)).poll(cx);
            for server in ticket.take_picked() {
                count_picked(self.worker, self.backend, &server);
            }
            if let Some(server) = ticket.take_moved() {
                self.note_move(Some(&server));
            }
            if let Poll::Ready(result) = waiting {
                return Poll::Ready(result.map_err(|error| match error {
                    QueueError::Timeout => StreamError::new(End::Server, Stage::Queue, Kind::Timeout),
                    QueueError::NoServer => StreamError::new(End::Server, Stage::Connect, Kind::Closed),
                }));
            }
            if watch && client.poll_closed(cx, pool).is_ready() {
                return Poll::Ready(Err(StreamError::new(End::Client, Stage::Queue, Kind::Closed)));
            }
            timer.poll(cx, deadline).map(|()| Err(StreamError::new(End::Server, Stage::Queue, Kind::Timeout)))
        })
        .await;
        let assignment = match assignment {
            Ok(assignment) => assignment,
            Err(error) => {
                // The time and the place in the queue are logged as if it had been left in order.
                self.assigned_at = Some(Instant::now());
                (self.server_queue, self.backend_queue) = ticket.position();
                self.server = ticket.server().cloned();
                return Err(error);
            }
        };
        self.server_queue = assignment.server_queue;
        self.backend_queue = assignment.backend_queue;
        Ok(assignment)
    }

    /// The request leaves the server that was chosen for it without having been sent there.
    fn note_move(&mut self, from: Option<&Server>) {
        count_retry(self.worker, self.backend, from, true);
        (self.redispatched, self.bound) = (true, false);
        self.live.set_retries(self.retries, true);
    }
}

/// Whether a server or a queue was found that is not this server's.
fn is_elsewhere(assign: &Assign, server: &Arc<Server>) -> bool {
    match assign {
        Assign::Server(assignment) => !Arc::ptr_eq(&assignment.server, server),
        Assign::Queue(ticket) => ticket.server().is_none_or(|other| !Arc::ptr_eq(other, server)),
        Assign::QueueFull(_) | Assign::None => false,
    }
}
