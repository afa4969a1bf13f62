//! The stages of an HTTP stream, in order. Each is a function here or in the module it names.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::exchange::{Ends, Exchange};
use super::h2_end::H2End;
use super::local::{Verdict, without_body};
use super::side::Side;
use crate::config::{HttpReuse, Mode};
use crate::connect::{Link, Private, ServerConn};
use crate::http::forwarded::add_forwarded;
use crate::http::h1::connection::{ConnectionOptions, Outcome, outcome, says_close};
use crate::http::h1::encode::{EncodeOptions, OutFraming};
use crate::http::h1::framing::{RequestFraming, ResponseFraming, request_framing, without_persistence};
use crate::http::message::{BodyLength, Head, Version};
use crate::log::{Cause, Stage};
use crate::rules::cacheable::{is_stored, sets_cookie};
use crate::runtime::SessionStage;
use crate::topology::BackendEntry;
use crate::worker::Worker;
use crate::worker::timer::Timer;

impl<'a> Stream<'a> {
    /// Runs the stream to its end and says whether the client's connection can serve another.
    pub(crate) async fn run(&mut self, mut client: Side<'_>, timer: &mut Timer, private: &mut Option<Private>) -> bool {
        let client = &mut client;
        let head = match client {
            Side::H1(_) => self.request.received_len() as u64,
            Side::H2(_) => client.consumed(),
        };
        let before = (client.consumed().saturating_sub(head), client.bytes().1);
        let judged = self.judge_request(client);
        if judged.is_ok() {
            self.tell_request();
        }
        if judged.is_ok() && !self.inspected && !self.info.frontend.config.rules.tcp_content.is_empty() {
            self.verify_password().await;
            match Box::pin(self.inspect_http_request(None, client, timer)).await {
                Ok(None) => {}
                refused => {
                    self.end.bytes_from_client = client.consumed().saturating_sub(before.0);
                    return self.refuse_content(refused, client);
                }
            }
        }
        self.count_request();
        if let Err(status) = judged {
            self.refuse_request(status, client, timer).await;
            return false;
        }
        self.show();
        let live = self.live.entry();
        let stages = {
            let mut stages = pin!(self.stages(client, timer, private));
            poll_fn(|cx| live.poll_unless_shut(cx, stages.as_mut())).await
        };
        let keep = match stages {
            Ok(Ok(keep)) => keep,
            Ok(Err(error)) => self.fail(error, client, timer).await,
            Err(cause) => self.end_shut(cause, &live, client, timer).await,
        };
        self.end.bytes_to_client = client.bytes().1 - before.1;
        self.end.bytes_from_client = client.consumed().saturating_sub(before.0);
        self.finish();
        keep
    }

    async fn stages(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
        private: &mut Option<Private>,
    ) -> Result<bool, StreamError> {
        // Those with rules about content have it done by now.
        if self.info.frontend.config.rules.tcp_content.is_empty() {
            self.verify_password().await;
        }
        if self.info.frontend.config.options.http_buffer_request {
            let frontend = Arc::clone(&self.info.frontend.config);
            if let Err(error) = self.buffer_request(&frontend, client, timer).await {
                // HAProxy notices a client that went away only behind the choice of the backend.
                if error.kind == Kind::Closed {
                    self.choose_backend(client);
                }
                return Err(error);
            }
        }
        self.capture_request();
        let verdict = match self.frontend_rules(client, timer).await {
            Ok(verdict) => verdict,
            Err(error) => {
                // One that left while a name was resolved is noticed there, too.
                if error.end == End::Client
                    && error.kind == Kind::Closed
                    && let Some(backend) = self.choose_backend(client)
                {
                    backend.backend.stats.counters.of(self.worker.index).client_aborts.inc();
                }
                return Err(error);
            }
        };
        // Not before `monitor-uri` was looked at, whose requests are not logged.
        if self.info.frontend.log.format().is_early() {
            self.log();
        }
        if let Verdict::Reply(reply) = verdict {
            self.note_denied_cookie(&reply);
            self.count_verdict(&reply, None);
            return self.answer(reply, client, timer).await;
        }
        let backend = match self.choose_backend(client) {
            Some(backend) => backend,
            None => {
                self.times.head = None;
                self.end.nowhere = true;
                return self.answer_error(503, Cause::ServerAbort, Stage::Connect, client, timer).await;
            }
        };
        if backend.config.mode == Mode::Tcp {
            // What is sent there would be anything but the client's bytes.
            return self.answer_error(500, Cause::Internal, Stage::Request, client, timer).await;
        }
        self.judge_persistence(backend, client);
        if !backend.config.rules.tcp_content.is_empty()
            && let Some(answer) = Box::pin(self.inspect_http_request(Some(backend), client, timer)).await?
        {
            self.count_content_verdict(Some(backend));
            return self.answer(answer, client, timer).await;
        }
        if backend.config.options.http_buffer_request || self.balances_by_body(backend) {
            self.buffer_request(&backend.config, client, timer).await?;
        }
        if let Verdict::Reply(reply) = self.backend_rules(backend, client, timer).await? {
            self.note_denied_cookie(&reply);
            self.count_verdict(&reply, Some(backend));
            return self.answer(reply, client, timer).await;
        }
        self.capture_request_cookie();
        self.persist_request(backend);
        self.add_forwarded_headers(backend);
        self.add_unique_id();
        if let Some(transaction) = &self.transaction {
            transaction.end_request();
        }
        let mut exchange = self.exchange(backend);
        let responded = self.until_response(backend, &mut exchange, client, timer, private).await;
        if let Some(location) = self.redirected.take() {
            return self.answer_redirected(&location, client, timer).await;
        }
        let (mut link, framing) = responded?;
        if !backend.config.rules.tcp_response.is_empty()
            && let Some(answer) = Box::pin(self.inspect_http_response(backend, &mut link, timer)).await?
        {
            self.count_response_verdict(&answer, backend);
            drop(link);
            return self.answer_dropped(answer, client, timer).await;
        }
        if framing.tunnel {
            // Bytes of a request that is still under way would end up in the tunnel, or be lost before it.
            let bytes = matches!((&*client, &link.conn), (Side::H1(_), ServerConn::H1(_)));
            if bytes && (!exchange.request.is_done() || exchange.request_refused) {
                self.times.response = None;
                return Err(StreamError::new(End::Server, Stage::Data, Kind::Malformed));
            }
        }
        self.capture_response();
        self.store_sticks(backend);
        let status = self.response.status();
        if let Verdict::Reply(reply) = self.response_rules(backend, &mut link, timer).await? {
            self.count_response_verdict(&reply, backend);
            drop(link);
            return self.answer_dropped(reply, client, timer).await;
        }
        self.capture_response_cookie();
        let exposed = backend.config.options.checkcache && sets_cookie(&self.response);
        self.persist_response(backend, status);
        if exposed && is_stored(self.request.method(), status, &self.response) {
            let answer = self.block_cookie(backend);
            drop(link);
            return self.answer_dropped(answer, client, timer).await;
        }
        self.after_response_rules(Some(&link.conn.side()));
        if framing.tunnel && self.response.status() == status {
            return self.tunnel(backend, link, exchange, client, timer).await;
        }
        if without_body(self.response.status()) && framing.body != BodyLength::None {
            // A rule says so (RFC 9112, section 6.3): what comes of the body belongs to nobody.
            drop(link);
            return self.send_without_body(client, timer).await;
        }
        let before = client.queued();
        let outcome = self.send_response_head(backend, &framing, client)?;
        if let (Side::H1(conn), false) = (&mut *client, outcome.client_keep)
            && exchange.request.is_done()
        {
            // A client that still sends is told the end only when its request is dealt with.
            conn.end_with_message();
        }
        if self.info.frontend.config.options.logasap {
            self.end.bytes_to_client = client.queued() - before;
            self.log();
        }
        self.move_bodies(backend, &mut link, &mut exchange, client, timer).await?;
        if let Some(unfinished) = exchange.unfinished {
            self.end.terminate(unfinished.cause(), Stage::Data);
        }
        Ok(self.part(backend, link, &exchange, &outcome, private))
    }

    /// Stage 2: the framing of the request. What two readers could read differently is refused, and so are chunks that
    /// came with the head and are none.
    ///
    /// # Errors
    /// With the status to answer.
    fn judge_request(&mut self, client: &mut Side<'_>) -> Result<(), u16> {
        self.framing = match client {
            Side::H1(_) => request_framing(&self.request).map_err(|error| error.status())?,
            Side::H2(end) => h2_request_framing(&self.request, end),
        };
        if self.framing.persistence {
            without_persistence(&mut self.request);
        }
        if !self.worker.settings.accept_payload && has_doubtful_body(&self.request, &self.framing) {
            return Err(413);
        }
        client.expect_body(self.framing.body);
        if client.is_body_broken() { Err(400) } else { Ok(()) }
    }

    /// Stage 4: `use_backend`, `default_backend`.
    fn choose_backend(&mut self, client: &Side<'_>) -> Option<&'a Arc<BackendEntry>> {
        let worker: &'a Worker = self.worker;
        let number = match self.chosen.take() {
            Some(number) => number,
            None => self.switched(Some(client))?,
        };
        let backend = worker.topology().backends.get(number)?;
        self.session = Some(backend.backend.enter());
        self.live.set_backend(backend.index);
        self.count_backend(backend);
        self.backend = Some(backend);
        Some(backend)
    }

    /// `option forwardfor` and `option originalto` of both proxies.
    fn add_forwarded_headers(&mut self, backend: &BackendEntry) {
        let (front, back) = (&self.info.frontend.config.options, &backend.config.options);
        let source = self.source().map(|address| address.ip());
        let destination = self.destination().map(|address| address.ip());
        add_forwarded(&mut self.request, front.forwardfor.as_ref(), back.forwardfor.as_ref(), source);
        add_forwarded(&mut self.request, front.originalto.as_ref(), back.originalto.as_ref(), destination);
    }

    pub(super) fn connection_options(&self, backend: &BackendEntry) -> ConnectionOptions {
        let (front, back) = (&self.info.frontend.config.options, &backend.config.options);
        ConnectionOptions {
            frontend: front.connection_mode.unwrap_or_default(),
            backend: back.connection_mode.unwrap_or_default(),
            pretend_keepalive: front.http_pretend_keepalive || back.http_pretend_keepalive,
            last: self.worker.closes(self.info),
            // Rules make a transaction.
            server_told: self.transaction.is_some() && says_close(&self.request),
        }
    }

    fn send_response_head(
        &mut self,
        backend: &BackendEntry,
        framing: &ResponseFraming,
        client: &mut Side<'_>,
    ) -> Result<Outcome, StreamError> {
        self.end.status = self.response.status();
        self.live.set_status(self.end.status);
        self.live.enter_phase(SessionStage::Data, None);
        self.live.set_chunked(framing.body == BodyLength::Chunked);
        let body = self.client_body(framing);
        self.end.until_close = body == BodyLength::UntilClose;
        self.end.sent_before = client.bytes().1;
        // Rules make a transaction.
        if self.transaction.is_some() && says_close(&self.response) {
            self.framing.keep_alive = false;
        }
        let outcome = outcome(&self.connection_options(backend), &self.framing, framing, body);
        let announced = match framing.body {
            BodyLength::None => OutFraming::from(framing.announced),
            _ => OutFraming::from(body),
        };
        let options = EncodeOptions {
            connection: outcome.client_header,
            case_adjust: self.client_case(),
            ..EncodeOptions::default()
        };
        let follows = if framing.body == BodyLength::None { OutFraming::None } else { announced };
        if let Side::H1(conn) = client {
            conn.prepare_output(&self.worker.buffers);
        }
        client
            .write_response(&mut self.response, announced, follows, &options)
            .map_err(|error| StreamError::io(End::Client, Stage::Data, &error))?;
        Ok(outcome)
    }

    /// How the response's body ends towards the client: with the connection where only the server's close ends it,
    /// and where the client does not know chunks. HTTP/2 has frames for it.
    fn client_body(&self, framing: &ResponseFraming) -> BodyLength {
        match (framing.body, self.request.version()) {
            (BodyLength::Chunked | BodyLength::UntilClose, Version::Http10) => BodyLength::UntilClose,
            (BodyLength::UntilClose, Version::Http2) => BodyLength::Chunked,
            (body, _) => body,
        }
    }

    /// Stage 7: both bodies.
    async fn move_bodies(
        &mut self,
        backend: &BackendEntry,
        link: &mut Link,
        exchange: &mut Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let timeouts = self.side_timeouts(backend);
        poll_fn(|cx| {
            let mut ends = Ends {
                client: client.reborrow(),
                server: link.conn.side(),
                pool: &self.worker.buffers,
                timer,
                timeouts,
                watch: true,
                live: &self.live,
            };
            exchange.poll_bodies(cx, &mut ends)
        })
        .await
    }

    /// After the exchange: the server's connection goes back to its pool, or closes. Says whether the client's can
    /// serve another request.
    fn part(
        &mut self,
        backend: &BackendEntry,
        link: Link,
        exchange: &Exchange,
        outcome: &Outcome,
        private: &mut Option<Private>,
    ) -> bool {
        let clean = exchange.request.is_done() && !exchange.request_refused;
        self.end.srvconn = link.server.as_ref().map(|server| server.current().saturating_sub(1));
        if clean && outcome.server_keep {
            let policy = backend.config.http_reuse.unwrap_or(HttpReuse::Safe);
            link.keep(self.worker, policy, private);
        } else if exchange.response.is_done() {
            link.close();
        }
        clean && outcome.client_keep
    }
}

/// The framing of a request that came over HTTP/2: its frames have said it.
/// Whether a server of HTTP/1.0 may not expect a body, and take it for another request (configuration.txt, section 3.1,
/// `h1-accept-payload-with-any-method`).
fn has_doubtful_body(request: &Head, framing: &RequestFraming) -> bool {
    request.version() == Version::Http10
        && !matches!(framing.body, BodyLength::None | BodyLength::Known(0))
        && matches!(request.method(), b"GET" | b"HEAD" | b"DELETE")
}

fn h2_request_framing(head: &Head, end: &H2End) -> RequestFraming {
    let connect = head.method() == b"CONNECT";
    RequestFraming {
        // What follows CONNECT is for the tunnel, once there is one.
        body: if connect || end.upgrade { BodyLength::None } else { end.length },
        upgrade: end.upgrade,
        websocket: end.upgrade && head.value("upgrade").is_some_and(|it| it.eq_ignore_ascii_case(b"websocket")),
        keep_alive: true,
        expect_continue: head.values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue")),
        connect,
        is_head: head.method() == b"HEAD",
        version: Version::Http2,
        ..RequestFraming::default()
    }
}
