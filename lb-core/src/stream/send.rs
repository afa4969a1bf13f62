//! Stages 5 and 6: a server, a connection to it, and the request on it, as often as retries allow.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

use super::Stream;
use super::count::count_junk;
use super::error::{End, Kind, StreamError};
use super::exchange::{Ends, Exchange, SideTimeouts};
use super::h2_end::H2End;
use super::receive::Received;
use super::side::{Side, encoder, set_length};
use crate::config::RetryOn;
use crate::connect::{Connector, Link, Private, ServerConn};
use crate::http::h1::connection::{outcome, to_server};
use crate::http::h1::encode::{EncodeOptions, OutFraming, encode_request};
use crate::http::h1::framing::ResponseFraming;
use crate::http::h2::H2ErrorKind;
use crate::http::message::{BodyLength, Version};
use crate::log::Stage;
use crate::rules::redirect::path_and_query;
use crate::server::Server;
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, now};

impl<'a> Stream<'a> {
    /// Stages 5 and 6. A request is sent again where its response, or the lack of one, is what `retry-on` names. One
    /// that met a connection which the server was closing is sent once more, on a new one.
    pub(super) async fn until_response(
        &mut self,
        backend: &'a Arc<BackendEntry>,
        exchange: &mut Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
        private: &mut Option<Private>,
    ) -> Result<(Link, ResponseFraming), StreamError> {
        let mut connector = self.connector(backend);
        if let (Side::H2(end), true) = (&mut *client, backend.config.options.abortonclose) {
            end.end_with_client();
        }
        connector.hash = self.balance_hash(backend, Some(client));
        connector.may_keep = self.keeps_request(backend);
        let mut repeated = false;
        loop {
            let sent = self.attempts(&mut connector, backend, exchange, client, timer, private).await;
            self.note(&mut connector);
            let mut link = sent?;
            let on = if connector.kept.is_some() { connector.replays_on() } else { RetryOn::NONE };
            let error = match self.receive_response(backend, &mut link, on, exchange, client, timer).await {
                Ok(Received::Response(framing)) => return Ok((link, framing)),
                Ok(Received::Refused(framing)) => {
                    let server = self.leave(backend, link, &framing, exchange, private);
                    self.replay(&mut connector, server);
                    continue;
                }
                Err(error) => error,
            };
            if !repeated && self.can_repeat(&error, &link, exchange) && !error.replays(on) {
                repeated = true;
                connector.stale = Some(link);
            } else if error.replays(on) {
                let server = link.server.take();
                if error.kind != Kind::Closed && error.kind != Kind::Timeout {
                    count_junk(self.worker, backend, server.as_deref());
                }
                drop(link);
                self.replay(&mut connector, server);
            } else {
                return Err(error);
            }
        }
    }

    /// The attempts of this stream, all of them still to be made.
    fn connector(&mut self, backend: &'a Arc<BackendEntry>) -> Connector<'a> {
        let first = self.is_first();
        let mut connector = Connector::new(self.worker, self.info, self.route(), backend, first, self.live.entry());
        if backend.redirects && matches!(self.request.method(), b"GET" | b"HEAD") {
            connector.redirect_path = Some(path_and_query(self.request.target()).to_vec());
        }
        if backend.backend.has_header_sources() || backend.dial.options.header_source().is_some() {
            connector.request = Some(Box::new(self.request.clone()));
        }
        connector.websocket = self.is_websocket();
        self.prepare(&mut connector);
        connector
    }

    /// Notes for the log how far the attempts have come.
    fn note(&mut self, connector: &mut Connector<'_>) {
        self.redirected = connector.redirected.take();
        self.end.addresses = connector.addresses;
        self.end.retries = connector.retries;
        self.end.redispatched = connector.redispatched;
        self.end.server_queue = connector.server_queue;
        self.end.backend_queue = connector.backend_queue;
        self.times.assigned = connector.assigned_at;
        // The last server stays the one that is logged where none is found for another attempt.
        self.server = connector.server.take().or_else(|| self.server.take());
    }

    /// The body, where all of it has come and fits into a buffer beside the head.
    async fn whole_body(&self, client: &mut Side<'_>) -> Option<Bytes> {
        let room = self.worker.settings.limits.max_head_size.saturating_sub(self.request.wire_len());
        poll_fn(|cx| Poll::Ready(client.take_whole_body(cx, &self.worker.buffers, room))).await
    }

    /// Whether the request is to be kept, to be sent again.
    fn keeps_request(&self, backend: &BackendEntry) -> bool {
        backend.config.retry_on.is_some_and(RetryOn::keeps_requests)
            && !self.transaction.as_ref().is_some_and(|transaction| transaction.no_l7_retry)
    }

    /// Gets ready for another attempt after one that reached this server.
    fn replay(&mut self, connector: &mut Connector<'_>, server: Option<Arc<Server>>) {
        connector.replay(server);
        self.end.reused = false;
    }

    /// Throws a response away. Where all of it has come, the connection is kept.
    fn leave(
        &mut self,
        backend: &BackendEntry,
        mut link: Link,
        framing: &ResponseFraming,
        exchange: &Exchange,
        private: &mut Option<Private>,
    ) -> Option<Arc<Server>> {
        let server = link.server.clone();
        let keep = outcome(&self.connection_options(backend), &self.framing, framing, framing.body).server_keep;
        let mut side = link.conn.side();
        side.expect_body(framing.body);
        if keep && !framing.tunnel && exchange.request.is_done() && !exchange.request_refused && side.drop_body() {
            link.keep(self.worker, backend.config.http_reuse.unwrap_or_default(), private);
        }
        server
    }

    /// Stages 5 and 6, first half: a server, a connection to it, and the request's first bytes on it. Failures up to
    /// here are retried as `retries` and `option redispatch` say: nothing of the request was lost. A body that is to
    /// be sent again must be there when the first connection is begun; `option http-buffer-request` waits for it.
    async fn attempts(
        &mut self,
        connector: &mut Connector<'_>,
        backend: &Arc<BackendEntry>,
        exchange: &mut Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
        private: &mut Option<Private>,
    ) -> Result<Link, StreamError> {
        loop {
            let mut link = connector.next(client, timer, private).await?;
            if std::mem::take(&mut connector.may_keep) {
                connector.kept = self.whole_body(client).await;
            }
            if self.framing.upgrade
                && let Err(error) = Box::pin(self.settle(connector, &link, timer)).await
            {
                if error.stage == Stage::Headers {
                    return Err(error);
                }
                connector.failed(link, error, client, timer).await?;
                continue;
            }
            match self.write_request_head(backend, &mut link) {
                Ok(()) => {}
                // The shared connection ended since it was last looked at.
                Err(error) if link.reused && error.unprocessed => {
                    connector.stale = Some(link);
                    continue;
                }
                Err(error) if error.end == End::Client => return Err(error),
                Err(error) => {
                    connector.failed(link, error, client, timer).await?;
                    continue;
                }
            }
            *exchange = self.exchange(backend);
            if let Some(body) = &connector.kept {
                exchange.kept = body.clone();
            }
            let deadline = connector.connect_deadline();
            let fresh = !link.established;
            let (pool, timeouts) = (&self.worker.buffers, self.side_timeouts(backend));
            let watch = backend.config.options.abortonclose;
            let sent = poll_fn(|cx| {
                let client = client.reborrow();
                let live = &*self.live;
                live.answer(|| link.local_addr());
                let mut ends = Ends { client, server: link.conn.side(), pool, timer, timeouts, watch: false, live };
                match exchange.poll_first_bytes(cx, &mut ends) {
                    Poll::Ready(result) => Poll::Ready(result),
                    Poll::Pending
                        if fresh
                            && watch
                            && ends.client.body_received()
                            && ends.client.poll_closed(cx, pool).is_ready() =>
                    {
                        Poll::Ready(Err(StreamError::new(End::Client, Stage::Connect, Kind::Closed)))
                    }
                    Poll::Pending if fresh => ends
                        .timer
                        .poll(cx, deadline)
                        .map(|()| Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout))),
                    Poll::Pending => Poll::Ready(Ok(())),
                }
            })
            .await;
            match sent {
                Ok(()) => {
                    if let (ServerConn::H1(conn), true) = (&mut link.conn, fresh) {
                        // The response cannot be there yet: looking for it first would be in vain.
                        let _ = conn.transport.socket_mut().register();
                    }
                    link.establish();
                    self.times.connected = Some(now());
                    return Ok(link);
                }
                Err(error) if error.end == End::Client => return Err(error),
                Err(error) => connector.failed(link, error, client, timer).await?,
            }
        }
    }

    pub(super) fn side_timeouts(&self, backend: &BackendEntry) -> SideTimeouts {
        let set = self.transaction.as_ref().and_then(|transaction| transaction.server_timeout);
        SideTimeouts {
            client: self.info.frontend.config.timeouts.client,
            server: set.or(backend.config.timeouts.server),
        }
    }

    pub(super) fn exchange(&self, backend: &BackendEntry) -> Exchange {
        let independent =
            (self.info.frontend.config.options.independent_streams, backend.config.options.independent_streams);
        Exchange::new(now(), independent)
    }

    fn write_request_head(&mut self, backend: &BackendEntry, link: &mut Link) -> Result<(), StreamError> {
        if let (Some(name), Some(server)) = (&backend.config.send_name_header, &link.server) {
            self.request.set(name, server.name.as_bytes());
        }
        match &mut link.conn {
            ServerConn::H1(conn) => {
                if self.request.version() == Version::Http2 {
                    self.add_websocket_key();
                }
                let connection = to_server(&self.connection_options(backend), &self.framing);
                let options = EncodeOptions {
                    connection,
                    upgrade: self.framing.upgrade,
                    case_adjust: backend
                        .config
                        .options
                        .h1_case_adjust_bogus_server
                        .then_some(&*self.worker.settings.case_adjust),
                };
                let framing = OutFraming::from(self.framing.body);
                conn.prepare_output(&self.worker.buffers);
                encode_request(&self.request, framing, &options, &mut conn.output);
                conn.begin_output(encoder(framing));
                Ok(())
            }
            ServerConn::H2 { client, end } => {
                let tunnel = self.framing.upgrade || self.framing.connect;
                let (body, framing) = match tunnel {
                    true => (BodyLength::Chunked, OutFraming::None),
                    false => (self.framing.body, OutFraming::from(self.framing.body)),
                };
                set_length(&mut self.request, framing);
                let mut client = client.borrow_mut();
                let opened = match self.upgrades_to() {
                    Some(protocol) => client.open_upgrade(&self.request, protocol),
                    None => client.open(&self.request, body),
                };
                let (send, response) = opened.map_err(|error| match error.kind {
                    // HTTP/2 cannot carry this request, to no server.
                    H2ErrorKind::Message(_) => StreamError::new(End::Client, Stage::Request, Kind::Malformed),
                    _ => StreamError {
                        stale: error.retry_safe,
                        unprocessed: error.retry_safe,
                        ..StreamError::new(End::Server, Stage::Connect, Kind::Closed)
                    },
                })?;
                **end = match tunnel {
                    true => H2End::of_tunnel(send, response, &self.request),
                    false => H2End::of_server(send, response, &self.request),
                };
                Ok(())
            }
        }
    }
}
