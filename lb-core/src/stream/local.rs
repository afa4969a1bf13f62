//! Stage 3: replies the proxy makes itself: rules, monitor-uri, errors.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use super::Stream;
use super::error::{End, Kind, StreamError};
use crate::config::{HttpAction, HttpRule, ProxyConfig};
use crate::http::h1::connection::to_client;
use crate::http::h1::encode::{EncodeOptions, OutFraming, encode_response};
use crate::http::h1::io::{BodyEncoder, H1Conn};
use crate::http::message::Head;
use crate::http::reply::error_reply;
use crate::log::{Cause, Stage};
use crate::rules::redirect::build_redirect;
use crate::rules::reply::{LocalReply, build_deny, build_return};
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, after};

/// What the rules say of a request.
pub(super) enum Verdict {
    /// Go on.
    Pass,
    /// Answer with this.
    Reply(Answer),
}

/// A reply with what the log says of it.
pub(super) struct Answer {
    reply: LocalReply,
    cause: Cause,
    stage: Stage,
    /// `tarpit`: wait before answering.
    tarpit: bool,
    /// Whether the client may send another request.
    keep: bool,
}

impl Stream<'_> {
    /// Rules of the frontend: `monitor-uri`, then `http-request`.
    pub(super) fn frontend_rules(&mut self) -> Verdict {
        let config = Arc::clone(&self.info.frontend.config);
        if let Some(uri) = &config.monitor_uri
            && self.request.target() == uri.as_bytes()
        {
            let reply = LocalReply::from(error_reply(200, &config.errors));
            return Verdict::Reply(Answer { reply, cause: Cause::Local, stage: Stage::Request, tarpit: false, keep: false });
        }
        self.request_rules(&config)
    }

    /// `http-request` rules of the backend; a `listen` section's were judged already.
    pub(super) fn backend_rules(&mut self, backend: &BackendEntry) -> Verdict {
        if backend.config.kind.is_frontend() && backend.name == self.info.frontend.name {
            return Verdict::Pass;
        }
        self.request_rules(&Arc::clone(&backend.config))
    }

    fn request_rules(&mut self, config: &ProxyConfig) -> Verdict {
        let verdict = config.http_request_rules.iter().find_map(|rule| self.apply(rule, config));
        verdict.unwrap_or(Verdict::Pass)
    }

    fn apply(&self, rule: &HttpRule, config: &ProxyConfig) -> Option<Verdict> {
        let answer = |reply, cause, tarpit, keep| {
            let stage = if tarpit { Stage::Tarpit } else { Stage::Request };
            Some(Verdict::Reply(Answer { reply, cause, stage, tarpit, keep }))
        };
        match &rule.action {
            HttpAction::Allow => Some(Verdict::Pass),
            HttpAction::Return(reply) => answer(build_return(reply, &config.errors), Cause::Local, false, true),
            HttpAction::Deny(reply) => answer(build_deny(reply, 403, &config.errors), Cause::Proxy, false, true),
            HttpAction::Tarpit(reply) => answer(build_deny(reply, 500, &config.errors), Cause::Proxy, true, true),
            HttpAction::Redirect(redirect) => {
                let tls = self.info.tls.is_some();
                build_redirect(redirect, &self.request, tls)
                    .and_then(|reply| answer(reply, Cause::Local, false, true))
            }
        }
    }

    /// Sends a reply and says whether the connection can serve another request.
    ///
    /// # Errors
    /// When the client goes away or does not read.
    pub(super) async fn answer(
        &mut self,
        answer: Answer,
        client: &mut H1Conn,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        if answer.tarpit {
            self.tarpit(client, timer).await;
        }
        self.end.terminate(answer.cause, answer.stage);
        self.send_reply(answer.reply, answer.keep, client, timer).await
    }

    /// Sends the error page of a status.
    ///
    /// # Errors
    /// When the client goes away or does not read.
    pub(super) async fn answer_error(
        &mut self,
        status: u16,
        cause: Cause,
        stage: Stage,
        client: &mut H1Conn,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let config = match &self.backend {
            Some(backend) => Arc::clone(&backend.config),
            None => Arc::clone(&self.info.frontend.config),
        };
        self.end.terminate(cause, stage);
        let reply = LocalReply::from(error_reply(status, &config.errors));
        self.send_reply(reply, true, client, timer).await
    }

    async fn send_reply(
        &mut self,
        reply: LocalReply,
        keep: bool,
        client: &mut H1Conn,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        if reply.silent {
            self.end.status = 0;
            return Ok(false);
        }
        self.end.status = reply.head.status();
        // A request whose body was not read leaves the connection unusable.
        let keep = keep && self.framing.keep_alive && client.body_received() && client.payload().is_empty();
        let head_only = self.request.method() == b"HEAD";
        write_reply(&reply.head, &reply.body, self.request.version(), keep, head_only, client);
        let deadline = after(Instant::now(), self.info.frontend.config.timeouts.client);
        flush(client, timer, deadline).await?;
        Ok(keep)
    }

    /// Holds the client for `timeout tarpit`, or until it goes away.
    async fn tarpit(&mut self, client: &mut H1Conn, timer: &mut Timer) {
        let timeouts = &self.info.frontend.config.timeouts;
        let deadline = after(Instant::now(), timeouts.tarpit.or(timeouts.connect));
        let pool = &self.worker.buffers;
        poll_fn(|cx| match client.poll_closed(cx, pool) {
            std::task::Poll::Ready(()) => std::task::Poll::Ready(()),
            std::task::Poll::Pending => timer.poll(cx, deadline),
        })
        .await;
    }
}

/// Puts a complete reply into the connection's output.
pub(super) fn write_reply(
    head: &Head,
    body: &[u8],
    request_version: crate::http::message::Version,
    keep: bool,
    head_only: bool,
    client: &mut H1Conn,
) {
    let connection = to_client(request_version, head.version(), keep);
    let options = EncodeOptions { connection, ..EncodeOptions::default() };
    encode_response(head, OutFraming::Length(body.len() as u64), &options, &mut client.output);
    client.begin_output(BodyEncoder::Raw);
    if !head_only {
        client.output.extend_from_slice(body);
    }
}

/// Writes pending output until `deadline`.
pub(super) async fn flush(
    client: &mut H1Conn,
    timer: &mut Timer,
    deadline: Option<Instant>,
) -> Result<(), StreamError> {
    poll_fn(|cx| {
        if let std::task::Poll::Ready(result) = client.poll_flush(cx) {
            return std::task::Poll::Ready(result.map_err(|e| StreamError::io(End::Client, Stage::Data, &e)));
        }
        timer.poll(cx, deadline).map(|()| Err(StreamError::new(End::Client, Stage::Data, Kind::Timeout)))
    })
    .await
}
