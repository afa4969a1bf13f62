//! Stage 8: the end of a stream: error replies, the log record, counters.

use std::time::{Duration, Instant};

use super::Stream;
use super::count::count_refused;
use super::error::{End, Kind, StreamError};
use super::local::{Answer, flush, write_reply};
use super::side::Side;
use crate::config::Mode;
use crate::http::message::{BodyLength, Version};
use crate::http::reply::early_error;
use crate::log::{Cause, LogRecord, RecordParts, Stage};
use crate::rules::reply::BuiltReply;
use crate::runtime::SessionStage;
use crate::sample::{Context, Place};
use crate::session::{ClientInfo, H1Client};
use crate::table::Tracking;
use crate::worker::Worker;
use crate::worker::timer::{Timer, after, now};

impl Stream<'_> {
    /// Maps a failure to its status and log flags and, where no response was started, answers the client.
    pub(super) async fn fail(&mut self, mut error: StreamError, client: &mut Side<'_>, timer: &mut Timer) -> bool {
        if error.end == End::Server && error.kind == Kind::Malformed && self.take_back_response(client) {
            error.stage = Stage::Headers;
        }
        self.end.terminate(error.cause(), error.stage);
        if error.end == End::Server && error.stage == Stage::Headers {
            self.tracked(Tracking::failure);
        }
        let started = self.times.response.is_some();
        // A client that is gone, and one whose connection was reused for a request that the server's idle connection
        // did not survive, are told nothing: the second asks again by itself.
        if error.end == End::Client && error.kind == Kind::Closed && error.stage != Stage::Headers {
            client.abort();
            return false;
        }
        if error.stale && !started && self.earlier > 0 && self.end.reused {
            self.end.logged = true;
            client.abort();
            return false;
        }
        if started {
            // What the server sent before it failed is passed on.
            if error.end == End::Server {
                let deadline = after(now(), self.info.frontend.config.timeouts.client);
                let _ = flush(client, timer, deadline).await;
            }
            // An orderly close would say that the body is complete.
            if self.end.until_close {
                client.reset()
            } else {
                client.abort()
            }
            return false;
        }
        self.answer_failure(&error, client, timer).await
    }

    /// Sends the error page of a failure. Says whether the client's connection can go on.
    pub(super) async fn answer_failure(
        &mut self,
        error: &StreamError,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> bool {
        let status = if self.end.status != 0 { self.end.status } else { error.status() };
        let config = match &self.backend {
            Some(backend) => std::sync::Arc::clone(&backend.config),
            None => std::sync::Arc::clone(&self.info.frontend.config),
        };
        self.end.status = status;
        self.live.set_status(status);
        self.live.enter_phase(SessionStage::Reply, None);
        let BuiltReply::Message(head, body) = self.error_page(status, &config) else { return false };
        self.response = head;
        self.after_response_rules(None);
        let body = if self.drop_body() { Default::default() } else { body };
        let whole = client.drop_body();
        let keep = error.end == End::Server && self.framing.keep_alive && whole && !self.worker.closes(self.info);
        let head_only = self.request.method() == b"HEAD";
        let options = self.reply_options(self.response.version(), keep);
        if write_reply(&mut self.response, &body, head_only, &options, client).is_err() {
            return false;
        }
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        flush(client, timer, deadline).await.is_ok() && keep
    }

    /// Takes back a response of which the client has seen nothing yet: it never began.
    fn take_back_response(&mut self, client: &mut Side<'_>) -> bool {
        let unsent = self.times.response.is_some() && client.bytes().1 == self.end.sent_before && client.take_back();
        if unsent {
            self.times.response = None;
            self.end.status = 0;
            self.end.until_close = false;
        }
        unsent
    }

    /// Answers a request whose body cannot be told from what follows, as one that was not understood at all.
    pub(super) async fn refuse_request(&mut self, status: u16, client: &mut Side<'_>, timer: &mut Timer) {
        let config = std::sync::Arc::clone(&self.info.frontend.config);
        // Nothing that follows is another request.
        client.expect_body(BodyLength::UntilClose);
        if let (Side::H1(conn), Some(page)) = (&mut *client, early_error(status, &config.errors)) {
            conn.output.extend_from_slice(page);
            let deadline = after(now(), config.timeouts.client);
            let _ = flush(client, timer, deadline).await;
        }
        self.end.status = status;
        self.end.terminate(Cause::Proxy, Stage::Request);
        self.tracked(Tracking::error);
        self.end.refused = true;
        self.end.logged |= self.info.frontend.log.format().is_connect_line();
        self.times.head = None;
        self.request.clear();
        self.finish();
    }

    /// Closes a connection whose request `tcp-request content` of the frontend refused, or that broke meanwhile. HAProxy
    /// does not count it as a request, nor log what it was.
    pub(super) fn refuse_content(
        &mut self,
        refused: Result<Option<Answer>, StreamError>,
        client: &mut Side<'_>,
    ) -> bool {
        match refused {
            Err(error) => self.end.terminate(error.cause(), error.stage),
            Ok(_) => {
                self.count_content_verdict(None);
                self.end.terminate(Cause::Proxy, Stage::Request);
            }
        }
        client.abort();
        self.end.refused = true;
        self.end.logged |= self.info.frontend.log.format().is_connect_line();
        self.times.head = None;
        self.request.clear();
        self.finish();
        false
    }

    /// Writes the log line and gives back what the stream borrowed from the worker.
    pub(super) fn finish(&mut self) {
        // HAProxy's line is written when the stream has left its backend: `%bc` does not count it.
        self.session = None;
        self.log();
        self.count_end();
        self.worker.heads.give(std::mem::take(&mut self.request));
        self.worker.heads.give(std::mem::take(&mut self.response));
    }

    /// Writes the access line, unless that was done.
    pub(super) fn log(&mut self) {
        if !self.end.logged && self.worker.wants_record(&self.info.frontend) {
            let record = self.record(self.worker.wanted_parts(&self.info.frontend));
            let samples = self.info.frontend.log.uses_samples();
            if samples {
                self.begin_transaction();
            }
            let context = samples.then(|| self.context(Place::Log, None));
            self.worker.log(&self.info.frontend, &record, context.as_ref());
        }
        self.end.logged = true;
    }

    /// The request line as it is now, cut to `tune.http.logurilen`; empty where there is no request.
    pub(super) fn request_line(&self) -> Vec<u8> {
        let method = self.request.method();
        let mut line = Vec::new();
        if !method.is_empty() {
            line.reserve(method.len() + self.request.target().len() + 10);
            line.extend_from_slice(method);
            line.push(b' ');
            line.extend_from_slice(self.request.target());
            line.extend_from_slice(match self.request.version() {
                Version::Http10 => b" HTTP/1.0",
                Version::Http11 => b" HTTP/1.1",
                Version::Http2 => b" HTTP/2.0",
            });
            line.truncate(self.worker.settings.logurilen);
        }
        line
    }

    /// What is to be logged of it, with the parts that somebody wants.
    pub(super) fn record(&self, parts: RecordParts) -> LogRecord {
        let (start, first_byte) = (self.times.start, self.times.first_byte);
        let mut record = base_record(self.worker, self.info, self.earlier == 0, start, first_byte, now(), parts);
        record.http = self.info.frontend.config.mode == Mode::Http;
        record.refused = self.end.refused;
        record.request_counter = self.number;
        record.early = self.info.frontend.config.options.logasap;
        let end = &self.end;
        record.status = end.status;
        (record.cookie_request, record.cookie_response) = self.cookie_letters();
        record.cause = end.cause;
        record.stage = end.stage;
        record.retries = end.retries;
        record.redispatched = end.redispatched;
        record.server_queue = u32::try_from(end.server_queue).unwrap_or(u32::MAX);
        record.backend_queue = u32::try_from(end.backend_queue).unwrap_or(u32::MAX);
        record.bytes_to_client = end.bytes_to_client;
        record.bytes_from_client = end.bytes_from_client;
        record.null = !record.http && end.bytes_from_client == 0;
        if let Some(addresses) = &end.addresses {
            record.backend_address = addresses.local;
            record.server_address = addresses.server;
        }
        record.level = self.transaction.as_ref().and_then(|transaction| transaction.log_level);
        (record.client, record.frontend_address) = (self.source(), self.destination());
        if parts.times {
            self.record_times(&mut record);
        }
        if parts.places {
            self.record_places(&mut record);
        }
        if let (true, Some(transaction)) = (parts.captures, &self.transaction) {
            record.captured_request.clone_from(&transaction.captured_request);
            record.captured_response.clone_from(&transaction.captured_response);
            record.cookie_captured_request.clone_from(&transaction.request_cookie);
            record.cookie_captured_response.clone_from(&transaction.response_cookie);
            record.unique_id = transaction.unique_id.get().cloned();
        }
        if parts.request {
            let kept = self.transaction.as_ref().and_then(|transaction| transaction.request_line.clone());
            record.request_line = kept.unwrap_or_else(|| self.request_line());
        }
        record
    }

    fn record_times(&self, record: &mut LogRecord) {
        let now = now();
        let times = &self.times;
        let since = |from: Instant, to: Instant| to.saturating_duration_since(from);
        record.tr_request = times.head.map(|head| since(times.first_byte, head));
        if let (Some(head), Some(assigned)) = (times.head, times.assigned) {
            record.tw = Some(since(head, assigned));
            record.tc = times.connected.map(|connected| since(assigned, connected));
        }
        if let (Some(connected), Some(response)) = (times.connected, times.response) {
            record.tr = Some(since(connected, response));
            record.td = Some(since(response, now));
        }
        if !record.http {
            record.td = times.connected.map(|connected| since(connected, now));
        }
        if self.times.held.is_some() {
            record.tw = self.times.held;
        }
    }

    fn record_places(&self, record: &mut LogRecord) {
        if let Some(backend) = &self.backend {
            record.backend = std::sync::Arc::clone(&backend.name);
            record.beconn = backend.backend.sessions();
        }
        // A disabled backend is named all the same.
        if let Some(name) = self.nowhere.as_ref().filter(|_| self.end.nowhere) {
            record.backend = std::sync::Arc::clone(name);
        }
        if let Some(server) = &self.server {
            record.server = Some(std::sync::Arc::clone(&server.name));
            record.srvconn = self.end.srvconn.unwrap_or_else(|| server.current());
        }
    }
}

/// What every record says. The handshakes belong to the first stream of a connection.
fn base_record(
    worker: &Worker,
    info: &ClientInfo,
    first: bool,
    start: Instant,
    first_byte: Instant,
    now: Instant,
    parts: RecordParts,
) -> LogRecord {
    let mut record = LogRecord { cookie_request: b'-', cookie_response: b'-', ..LogRecord::default() };
    let (accepted, handshake) = if first { (info.accepted, info.handshake) } else { (start, Duration::ZERO) };
    if parts.dates {
        let wall = worker.wall();
        let ago = |at: Instant| wall.saturating_sub(now.saturating_duration_since(at));
        record.accept_date = ago(accepted);
        record.request_date = ago(first_byte);
    }
    if parts.times {
        record.th = Some(handshake);
        record.ti = Some(first_byte.saturating_duration_since(start));
        record.ta = Some(now.saturating_duration_since(first_byte));
        record.tt = Some(now.saturating_duration_since(accepted));
    }
    record.client = info.source;
    record.frontend_address = info.destination;
    record.frontend_http = info.frontend.config.mode == Mode::Http;
    record.frontend_tls = info.tls.is_some();
    record.tls = info.tls.as_deref().copied();
    let limits = info.slot.limits();
    record.listener_id = limits.id;
    if parts.places {
        record.frontend = std::sync::Arc::clone(&info.frontend.name);
        record.backend = std::sync::Arc::clone(&info.frontend.name);
        record.actconn = limits.process.connections.current();
        record.feconn = limits.frontend.connections.current();
    }
    record
}

/// What a log format can say of a connection that has no stream yet.
pub(crate) fn connection_record(worker: &Worker, info: &ClientInfo, parts: RecordParts) -> LogRecord {
    base_record(worker, info, true, info.accepted, info.accepted, now(), parts)
}

/// Answers a request that never became one, and logs it as `<BADREQ>`.
pub(crate) async fn refuse(
    worker: &Worker,
    client: &mut H1Client,
    status: u16,
    cause: Cause,
    stage: Stage,
    first_byte: Option<Instant>,
) {
    let config = &client.info.frontend.config;
    let first = client.requests == 0;
    // A probe that sent nothing gets nothing (configuration.txt, `option http-ignore-probes`).
    if first && client.conn.traffic.received == 0 && config.options.http_ignore_probes {
        return;
    }
    if client.conn.traffic.received > 0 {
        client.conn.traffic.begin();
    }
    count_refused(worker, &client.info, status);
    if client.info.tracked().is_some()
        && let Some(moment) = client.info.tracking().at(now())
    {
        client.info.tracking().request(moment);
        client.info.tracking().error(moment);
    }
    if let Some(page) = early_error(status, &config.errors) {
        client.conn.output.extend_from_slice(page);
        let deadline = after(now(), config.timeouts.client);
        let _ = flush(&mut Side::H1(&mut client.conn), &mut client.timer, deadline).await;
    }
    log_refused(worker, client, status, cause, stage, first_byte);
}

/// Logs the end of a connection on which no request was understood.
fn log_refused(
    worker: &Worker,
    client: &H1Client,
    status: u16,
    cause: Cause,
    stage: Stage,
    first_byte: Option<Instant>,
) {
    let info = &client.info;
    let log = &info.frontend.log;
    // The default line is about connections that were used.
    if !worker.wants_record(&info.frontend) || (log.format().is_connect_line() && log.error_format().is_none()) {
        return;
    }
    let now = now();
    // Without a byte the wait itself is the request's time.
    let first_byte = first_byte.unwrap_or(client.idle_since);
    let mut record =
        base_record(worker, info, client.requests == 0, client.idle_since, first_byte, now, RecordParts::ALL);
    record.http = true;
    record.refused = true;
    record.request_counter = worker.count_stream();
    record.status = status;
    record.cause = cause;
    record.stage = stage;
    record.null = client.conn.traffic.received == 0;
    let context = refused_context(worker, info);
    worker.log(&info.frontend, &record, Some(&context));
}

/// What a log line sees of a connection that has no stream.
fn refused_context<'s>(worker: &'s Worker, info: &'s ClientInfo) -> Context<'s> {
    Context {
        place: Place::Log,
        topology: Some(worker.topology()),
        frontend: Some(&info.frontend),
        facts: Some(info),
        ..Context::default()
    }
}

/// Logs a connection that ended in a handshake, with how much of one had been received.
pub(crate) fn log_connection_error(worker: &Worker, info: &ClientInfo, listener: &str, message: &str, received: u64) {
    if !worker.wants_record(&info.frontend) {
        return;
    }
    let mut record = base_record(worker, info, true, info.accepted, info.accepted, now(), RecordParts::ALL);
    record.null = received == 0;
    record.cause = Cause::Proxy;
    record.stage = Stage::Request;
    record.request_counter = worker.count_stream();
    let context = refused_context(worker, info);
    worker.log_connection_error(&info.frontend, &record, Some(&context), listener, message);
}
