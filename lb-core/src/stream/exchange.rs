//! The part of a stream in which both ends are connected: the request goes out while the response comes in.
//!
//! Two [`Pump`]s and the deadlines of the two sides. Cancel safe: everything lives in the struct and the sides.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};

use super::error::{End, Kind, StreamError};
use super::live::{Entry, Flow};
use super::pump::{Pump, PumpError, Wait};
use super::side::{HeadError, Side};
use crate::http::h1::parse::Limits;
use crate::http::message::Head;
use crate::instant::Instant;
use crate::log::Stage;
use crate::worker::buffers::BufferPool;
use crate::worker::timer::{Timer, after, earlier, now};
use crate::worker::turn;

/// How long each side may do nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SideTimeouts {
    /// `timeout client` of the frontend.
    pub(crate) client: Option<Duration>,
    /// `timeout server` of the backend.
    pub(crate) server: Option<Duration>,
}

/// What an exchange needs from around it.
pub(crate) struct Ends<'a, 'b> {
    pub(crate) client: Side<'a>,
    pub(crate) server: Side<'b>,
    pub(crate) pool: &'a BufferPool,
    pub(crate) timer: &'a mut Timer,
    pub(crate) timeouts: SideTimeouts,
    /// Whether a client that leaves ends the exchange even while nothing is to be read from it or sent to it.
    pub(crate) watch: bool,
    /// Where others see what both directions wait for.
    pub(crate) live: &'a Entry,
}

impl Ends<'_, '_> {
    /// Ready once a watched client gave the exchange up.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.watch {
            true => self.client.poll_closed(cx, self.pool),
            false => Poll::Pending,
        }
    }
}

impl Ends<'_, '_> {
    /// `option abortonclose`: ready when the client left while its response was waited for. One that only closed its
    /// sending side gets an answer.
    fn poll_abandoned(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        ready!(self.client.poll_closed(cx, self.pool));
        let stage = if self.client.has_closed() { Stage::Headers } else { Stage::Data };
        Poll::Ready(StreamError::new(End::Client, stage, Kind::Closed))
    }
}

/// State of both directions.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Pump,
    pub(crate) response: Pump,
    client_active: Instant,
    server_active: Instant,
    /// When something last came from an end, or went to it where that counts, too.
    client_read: Instant,
    server_read: Instant,
    /// `option independent-streams` of the frontend and of the backend: what goes to an end does not count.
    independent: (bool, bool),
    /// The server stopped reading the request; its response may still come.
    pub(crate) request_refused: bool,
    /// Why the request did not become complete although its response did.
    pub(crate) unfinished: Option<StreamError>,
    /// What is still to be sent of a request's body that was kept whole, to be sent again if need be.
    pub(crate) kept: Bytes,
    /// Of a tunnel: whether the close was passed on, to the server and to the client.
    closed: (bool, bool),
}

impl Exchange {
    pub(crate) fn new(now: Instant, independent: (bool, bool)) -> Self {
        Self {
            request: Pump::default(),
            response: Pump::default(),
            client_active: now,
            server_active: now,
            client_read: now,
            server_read: now,
            independent,
            request_refused: false,
            unfinished: None,
            kept: Bytes::new(),
            closed: (false, false),
        }
    }

    /// Sends the request's first bytes: on a new connection their success says that the server accepted it.
    ///
    /// # Errors
    /// The server's failures are connection failures: nothing of the request's body was consumed.
    pub(crate) fn poll_first_bytes(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, '_>,
    ) -> Poll<Result<(), StreamError>> {
        match self.pump_request(cx, ends) {
            Ok(Wait::Sink) if !ends.server.has_sent() => Poll::Pending,
            Ok(_) => Poll::Ready(Ok(())),
            Err(PumpError::Source(error)) => Poll::Ready(Err(StreamError::io(End::Client, Stage::Data, &error))),
            Err(PumpError::Sink(_)) if ends.server.has_sent() => {
                self.request.abandon();
                self.request_refused = true;
                Poll::Ready(Ok(()))
            }
            Err(PumpError::Sink(error)) => Poll::Ready(Err(StreamError::io(End::Server, Stage::Connect, &error))),
        }
    }

    /// Sends the request and waits for a response head, which is left in `head`.
    ///
    /// # Errors
    /// Says which end failed; `stale` is set where the server closed without a byte of response.
    pub(crate) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, '_>,
        limits: &Limits,
        relaxed: bool,
        head: &mut Head,
    ) -> Poll<Result<(), StreamError>> {
        // The response is what the stream waits for, also where it is the request that turns out to be broken.
        let broken = |error: StreamError| match error.kind {
            Kind::Malformed => StreamError { stage: Stage::Headers, ..error },
            _ => error,
        };
        let wait = self.poll_request(cx, ends).map_err(broken)?;
        if wait == Wait::Sink && turn::waits() {
            return Poll::Pending;
        }
        match ends.server.poll_response_head(cx, ends.pool, limits, relaxed, head) {
            Poll::Ready(Ok(())) => {
                self.response_moved();
                return Poll::Ready(Ok(()));
            }
            Poll::Ready(Err(HeadError::Closed { silent })) => {
                return Poll::Ready(Err(StreamError {
                    stale: silent,
                    ..StreamError::new(End::Server, Stage::Headers, Kind::Closed)
                }));
            }
            Poll::Ready(Err(HeadError::Unprocessed)) => {
                return Poll::Ready(Err(StreamError {
                    stale: true,
                    unprocessed: true,
                    ..StreamError::new(End::Server, Stage::Headers, Kind::Closed)
                }));
            }
            Poll::Ready(Err(HeadError::Malformed)) => {
                return Poll::Ready(Err(StreamError::new(End::Server, Stage::Headers, Kind::Malformed)));
            }
            Poll::Pending => {}
        }
        if wait == Wait::Done
            && ends.watch
            && let Poll::Ready(error) = ends.poll_abandoned(cx)
        {
            return Poll::Ready(Err(error));
        }
        let client = (wait == Wait::Source).then(|| after(self.client_read, ends.timeouts.client)).flatten();
        self.show(ends, wait, Wait::Source);
        // The server's time runs while the request is still on its way, too, and comes first where both end together.
        let server = after(self.server_read, ends.timeouts.server);
        match ends.timer.poll(cx, earlier(client, server)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) if client.is_some_and(|client| server.is_none_or(|server| client < server)) => {
                Poll::Ready(Err(StreamError::new(End::Client, Stage::Data, Kind::Timeout)))
            }
            Poll::Ready(()) => Poll::Ready(Err(StreamError::new(End::Server, Stage::Headers, Kind::Timeout))),
        }
    }

    /// Tells others what both directions wait for.
    fn show(&self, ends: &Ends<'_, '_>, request: Wait, response: Wait) {
        let flow = |pump: &Pump, wait, source: &Side<'_>, read, written| Flow {
            bytes: pump.bytes,
            pending: source.payload().len() as u64,
            wants_data: wait == Wait::Source,
            wants_room: wait == Wait::Sink,
            finished: wait == Wait::Done,
            read,
            written,
        };
        ends.live.answer(|| match &ends.server {
            Side::H1(conn) => conn.transport.socket().local_addr(),
            Side::H2(_) => None,
        });
        ends.live.set_flows(
            flow(&self.request, request, &ends.client, self.client_read, self.server_active),
            flow(&self.response, response, &ends.server, self.server_read, self.client_active),
        );
    }

    fn poll_request(&mut self, cx: &mut Context<'_>, ends: &mut Ends<'_, '_>) -> Result<Wait, StreamError> {
        if self.request.is_done() {
            return Ok(Wait::Done);
        }
        let before = self.request.bytes;
        let wait = match self.pump_request(cx, ends) {
            Ok(wait) => wait,
            Err(PumpError::Source(error)) => return Err(StreamError::io(End::Client, Stage::Data, &error)),
            Err(PumpError::Sink(_)) => {
                self.request.abandon();
                self.request_refused = true;
                Wait::Done
            }
        };
        if self.request.bytes != before || wait == Wait::Done {
            self.request_moved();
        }
        Ok(wait)
    }

    /// Moves what can be moved of the request: the body that was kept, or what comes from the client.
    fn pump_request(&mut self, cx: &mut Context<'_>, ends: &mut Ends<'_, '_>) -> Result<Wait, PumpError> {
        while !self.kept.is_empty() {
            match ends.server.poll_send(cx, &self.kept, true, ends.client.trailers()) {
                Poll::Ready(Ok(sent)) => {
                    self.kept.advance(sent);
                    self.request.bytes += sent as u64;
                }
                Poll::Ready(Err(error)) => return Err(PumpError::Sink(error)),
                Poll::Pending => return Ok(Wait::Sink),
            }
        }
        self.request.poll(cx, &mut ends.client, &mut ends.server, ends.pool)
    }

    /// Notes bytes on their way from the client to the server.
    fn request_moved(&mut self) {
        let now = now();
        (self.client_active, self.client_read, self.server_active) = (now, now, now);
        if !self.independent.1 {
            self.server_read = now;
        }
    }

    /// Notes bytes on their way from the server to the client.
    fn response_moved(&mut self) {
        let now = now();
        (self.server_active, self.server_read, self.client_active) = (now, now, now);
        if !self.independent.0 {
            self.client_read = now;
        }
    }

    /// Moves bytes both ways until both ends have closed, passing the close of each on to the other.
    ///
    /// # Errors
    /// Says which end failed.
    pub(crate) fn poll_tunnel(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, '_>,
    ) -> Poll<Result<(), StreamError>> {
        let result = self.poll_bodies(cx, ends);
        let closed = &mut self.closed;
        if self.request.is_done() && !closed.0 {
            closed.0 = ends.server.poll_shutdown(cx).is_ready();
        }
        if self.response.is_done() && !closed.1 {
            closed.1 = ends.client.poll_shutdown(cx).is_ready();
        }
        result
    }

    /// Moves both bodies until the response is complete and the request is, or never will be.
    ///
    /// # Errors
    /// Says which end failed.
    pub(crate) fn poll_bodies(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, '_>,
    ) -> Poll<Result<(), StreamError>> {
        let before = self.response.bytes;
        let response = match self.response.poll(cx, &mut ends.server, &mut ends.client, ends.pool) {
            Ok(wait) => wait,
            Err(PumpError::Source(error)) => {
                return Poll::Ready(Err(StreamError::io(End::Server, Stage::Data, &error)));
            }
            Err(PumpError::Sink(error)) => return Poll::Ready(Err(StreamError::io(End::Client, Stage::Data, &error))),
        };
        if response == Wait::Done && (self.request.is_done() || self.request_refused) {
            return Poll::Ready(Ok(()));
        }
        if self.response.bytes != before {
            self.response_moved();
        }
        if response == Wait::Sink && turn::waits() {
            return Poll::Pending;
        }
        let request = match self.poll_request(cx, ends) {
            Ok(wait) => wait,
            // The response is complete: what is left of the request is the client's own affair.
            Err(error) if response == Wait::Done => {
                self.request_refused = true;
                self.unfinished = Some(error);
                return Poll::Ready(Ok(()));
            }
            Err(error) => return Poll::Ready(Err(error)),
        };
        if response == Wait::Done && request == Wait::Done {
            return Poll::Ready(Ok(()));
        }
        if response == Wait::Source && request == Wait::Done && ends.client.is_stream() && ends.poll_left(cx).is_ready()
        {
            return Poll::Ready(Err(StreamError::new(End::Client, Stage::Data, Kind::Closed)));
        }
        self.show(ends, request, response);
        let client_since = earlier(
            (request == Wait::Source).then_some(self.client_read),
            (response == Wait::Sink).then_some(self.client_active),
        );
        let server_since = earlier(
            (response == Wait::Source).then_some(self.server_read),
            (request == Wait::Sink).then_some(self.server_active),
        );
        let client = client_since.and_then(|since| after(since, ends.timeouts.client));
        let server = server_since.and_then(|since| after(since, ends.timeouts.server));
        if ends.timer.poll(cx, earlier(client, server)).is_pending() {
            return Poll::Pending;
        }
        if response == Wait::Done {
            self.request_refused = true;
            self.unfinished = Some(StreamError::new(End::Client, Stage::Data, Kind::Timeout));
            return Poll::Ready(Ok(()));
        }
        let end = match (client, server) {
            (Some(client), Some(server)) if client <= server => End::Client,
            (Some(_), None) => End::Client,
            _ => End::Server,
        };
        Poll::Ready(Err(StreamError::new(end, Stage::Data, Kind::Timeout)))
    }
}
