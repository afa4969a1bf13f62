//! Stage 8: the end of a stream: error replies, the log record, counters.

use std::time::Duration;

use super::Stream;
use super::count::count_refused;
use super::error::{End, Kind, StreamError};
use super::local::{Answer, flush, write_reply};
use super::side::Side;
use crate::config::Mode;
use crate::http::message::BodyLength;
use crate::http::reply::early_error;
use crate::instant::Instant;
use crate::log::{Cause, LogRecord, Stage};
use crate::rules::reply::BuiltReply;
use crate::runtime::SessionStage;
use crate::sample::{Context, Place};
use crate::session::{ClientInfo, H1Client};
use crate::table::Tracking;
use crate::worker::Worker;
use crate::worker::timer::{Timer, after, now, wall};

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
        self.end.status = status;
        self.live.set_status(status);
        self.live.enter_phase(SessionStage::Reply, None);
        let BuiltReply::Message { head, body, .. } = self.error_page(status) else { return false };
        self.response = head;
        self.after_response_rules(None);
        let body = if self.drop_body() { Default::default() } else { body };
        let whole = client.drop_body();
        let keep = error.end == End::Server && whole && self.lets_client_go_on();
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
        self.tell_end();
        self.log();
        self.count_end();
        self.worker.heads.give(std::mem::take(&mut self.request));
        self.worker.heads.give(std::mem::take(&mut self.response));
    }

    /// Writes the access line, unless that was done.
    pub(super) fn log(&mut self) {
        if !self.end.logged && self.worker.wants_record(&self.info.frontend) {
            let samples = self.info.frontend.log.uses_samples();
            if samples {
                self.begin_transaction();
            }
            let context = samples.then(|| self.context(Place::Log, None));
            self.worker.log(&self.info.frontend, self, context.as_ref());
        }
        self.end.logged = true;
    }
}

/// What every record of a connection without a stream says. The handshakes belong to the first request.
fn base_record(info: &ClientInfo, first: bool, start: Instant, first_byte: Instant, now: Instant) -> LogRecord {
    let (accepted, handshake) = if first { (info.accepted, info.handshake) } else { (start, Duration::ZERO) };
    let wall = wall();
    let ago = |at: Instant| wall.saturating_sub(now.saturating_duration_since(at));
    let limits = info.slot.limits();
    LogRecord {
        cookie_request: b'-',
        cookie_response: b'-',
        accept_date: ago(accepted),
        request_date: ago(first_byte),
        th: Some(handshake),
        ti: Some(first_byte.saturating_duration_since(start)),
        ta: Some(now.saturating_duration_since(first_byte)),
        tt: Some(now.saturating_duration_since(accepted)),
        client: info.source,
        frontend_address: info.destination,
        frontend_http: info.frontend.config.mode == Mode::Http,
        frontend_tls: info.tls.is_some(),
        tls: info.tls.as_deref().copied(),
        listener_id: limits.id,
        frontend: std::sync::Arc::clone(&info.frontend.name),
        backend: std::sync::Arc::clone(&info.frontend.name),
        actconn: limits.process.connections.current(),
        feconn: limits.frontend.connections.current(),
        ..LogRecord::default()
    }
}

/// What a log format can say of a connection that has no stream yet.
pub(crate) fn connection_record(info: &ClientInfo) -> LogRecord {
    base_record(info, true, info.accepted, info.accepted, now())
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
    let mut record = base_record(info, client.requests == 0, client.idle_since, first_byte, now);
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

/// Logs a request of HTTP/2 that is malformed, or a connection that is none: nothing was answered. HAProxy counts neither.
pub(crate) fn log_malformed(worker: &Worker, info: &ClientInfo, first: bool, null: bool) {
    let log = &info.frontend.log;
    if !worker.wants_record(&info.frontend) || (log.format().is_connect_line() && log.error_format().is_none()) {
        return;
    }
    let now = now();
    let start = if first { info.accepted + info.handshake } else { now };
    let mut record = base_record(info, first, start, now, now);
    record.refused = true;
    record.request_counter = worker.count_stream();
    record.cause = Cause::Proxy;
    record.stage = Stage::Request;
    record.null = null;
    let context = refused_context(worker, info);
    worker.log(&info.frontend, &record, Some(&context));
}

/// Logs a connection that ended in a handshake, with how much of one had been received.
pub(crate) fn log_connection_error(worker: &Worker, info: &ClientInfo, listener: &str, message: &str, received: u64) {
    if !worker.wants_record(&info.frontend) {
        return;
    }
    let mut record = base_record(info, true, info.accepted, info.accepted, now());
    record.null = received == 0;
    record.cause = Cause::Proxy;
    record.stage = Stage::Request;
    record.request_counter = worker.count_stream();
    let context = refused_context(worker, info);
    worker.log_connection_error(&info.frontend, &record, Some(&context), listener, message);
}
