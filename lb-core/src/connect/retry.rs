//! What follows a failed attempt: another one, here or elsewhere (configuration.txt, `retries`, `option redispatch`).

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::{Connector, Link};
use crate::config::RetryOn;
use crate::log::Stage;
use crate::runtime::SessionStage;
use crate::server::Server;
use crate::server::observe::Observation;
use crate::stream::count::count_retry;
use crate::stream::error::{End, Kind, StreamError};
use crate::stream::side::Side;
use crate::topology::turn_around;
use crate::worker::timer::{Timer, now};

impl Connector<'_> {
    /// Notes that an attempt failed and waits before the next one where that is right.
    ///
    /// # Errors
    /// The failure itself, when no retry is left.
    pub(crate) async fn failed(
        &mut self,
        link: Link,
        error: StreamError,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let server = link.server.clone();
        // The slot goes first: the next attempt may want the same server.
        drop(link);
        self.after_failure(server, error, client, timer).await
    }

    pub(super) async fn after_failure(
        &mut self,
        server: Option<Arc<Server>>,
        error: StreamError,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        if let Some(server) = server.as_ref().filter(|_| error.end == End::Server) {
            server.observe(Observation::NotConnected);
        }
        let on = self.backend.config.retry_on.unwrap_or_default();
        if self.retries_left() == 0 || !on.has(RetryOn::CONN_FAILURE) {
            return Err(error);
        }
        if !self.choose_again(server) && error.kind == Kind::Closed {
            let until = now() + turn_around(&self.backend.config.timeouts);
            self.live.enter_phase(SessionStage::TurnAround, Some(until));
            let (watch, pool) = (self.backend.config.options.abortonclose, &self.worker.buffers);
            let gone = poll_fn(|cx| {
                if watch && client.poll_closed(cx, pool).is_ready() {
                    return Poll::Ready(true);
                }
                timer.poll(cx, Some(until)).map(|()| false)
            })
            .await;
            if gone {
                // There is no connection any more, and not yet another one.
                self.addresses = None;
                return Err(StreamError::new(End::Client, Stage::Connect, Kind::Closed));
            }
        }
        Ok(())
    }

    /// How many attempts may still be made.
    fn retries_left(&self) -> u32 {
        self.backend.config.retries.unwrap_or(3).saturating_sub(self.retries)
    }

    /// On what of the response, or of its lack, the request is sent again (configuration.txt, `retry-on`).
    pub(crate) fn replays_on(&self) -> RetryOn {
        match self.retries_left() {
            0 => RetryOn::NONE,
            _ => self.backend.config.retry_on.unwrap_or_default(),
        }
    }

    /// The request is sent again because of what came of the last attempt. Nothing is waited for: the server was there.
    pub(crate) fn replay(&mut self, server: Option<Arc<Server>>) {
        // HAProxy counts it when the response is thrown away, and again with the next attempt.
        count_retry(self.worker, self.backend, server.as_deref(), false);
        self.replayed = true;
        self.choose_again(server);
    }

    /// Counts another attempt and says whether it goes to another server than the last one.
    fn choose_again(&mut self, server: Option<Arc<Server>>) -> bool {
        self.retries += 1;
        let elsewhere = self.redispatches_now(server.as_deref());
        if elsewhere {
            self.exclude.clone_from(&server);
            self.leaving = server;
            self.force = None;
            self.bound = false;
        } else {
            count_retry(self.worker, self.backend, server.as_deref(), false);
            self.force = server;
        }
        self.live.set_retries(self.retries, self.redispatched);
        elsewhere && self.leaving.as_ref().is_none_or(|left| self.backend.backend.has_other(left))
    }

    /// Counts a redispatch once it is known where to: where no other server was there to take over, it was a retry.
    pub(super) fn note_redispatch(&mut self, found: Option<&Arc<Server>>) {
        let Some(left) = self.leaving.take() else { return };
        let moved = found.is_none_or(|found| !Arc::ptr_eq(found, &left));
        count_retry(self.worker, self.backend, Some(&left), moved);
        self.redispatched |= moved;
        self.live.set_retries(self.retries, self.redispatched);
    }

    /// Whether this retry may go to another server (configuration.txt, `option redispatch`): every `n`th one, or,
    /// with a negative number, the ones counted from the last. HAProxy counts only where the algorithm binds a client
    /// to a server; elsewhere every retry goes to the next one, at once.
    fn redispatches_now(&self, server: Option<&Server>) -> bool {
        let left = self.retries_left();
        match self.backend.config.redispatch {
            None | Some(0) => false,
            _ if self.pinned => false,
            // Persistence led to it although it is down, or it went down meanwhile.
            _ if server.is_some_and(|server| !server.is_usable()) => true,
            Some(_) if !self.bound && !self.backend.backend.is_deterministic() => true,
            Some(every) if every > 0 => self.retries.is_multiple_of(every.unsigned_abs()),
            // Once, so many retries before there are none left.
            Some(from_last) if self.bound => left + 1 == from_last.unsigned_abs(),
            Some(from_last) => left.is_multiple_of(from_last.unsigned_abs()),
        }
    }
}
