//! Stage 3: replies the proxy makes itself: rules, monitor-uri, errors.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::side::Side;
use crate::config::{ErrorReply, HttpAction, HttpRule, ProxyConfig};
use crate::http::h1::connection::to_client;
use crate::http::h1::encode::EncodeOptions;
use crate::http::message::{Head, Version};
use crate::http::reply::{error_message, error_reply};
use crate::log::{Cause, Stage};
use crate::rules::redirect::build_redirect;
use crate::rules::reply::{BuiltReply, ReplyDefaults, build_reply};
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, after, now};

/// What the rules say of a request.
pub(super) enum Verdict {
    /// Go on.
    Pass,
    /// Answer with this.
    Reply(Answer),
}

/// A reply with what the log says of it.
pub(super) struct Answer {
    reply: BuiltReply,
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
            let reply = built(error_reply(200, &config.errors));
            return Verdict::Reply(Answer {
                reply,
                cause: Cause::Local,
                stage: Stage::Request,
                tarpit: false,
                keep: false,
            });
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
        let answer = |reply, cause, tarpit| {
            let stage = if tarpit { Stage::Tarpit } else { Stage::Request };
            Some(Verdict::Reply(Answer { reply, cause, stage, tarpit, keep: true }))
        };
        let built = |reply, defaults| build_reply(reply, &config.errors, defaults);
        match &rule.action {
            HttpAction::Allow => Some(Verdict::Pass),
            HttpAction::Return(reply) => answer(built(reply, ReplyDefaults::RETURN), Cause::Local, false),
            HttpAction::Deny(reply) => answer(built(reply, ReplyDefaults::DENY), Cause::Proxy, false),
            HttpAction::Tarpit(reply) => answer(built(reply, ReplyDefaults::TARPIT), Cause::Proxy, true),
            HttpAction::Redirect(redirect) => build_redirect(redirect, &self.request)
                .and_then(|head| answer(BuiltReply::Message(head, Arc::default()), Cause::Local, false)),
        }
    }

    /// Sends a reply and says whether the connection can serve another request.
    ///
    /// # Errors
    /// When the client goes away or does not read.
    pub(super) async fn answer(
        &mut self,
        answer: Answer,
        client: &mut Side<'_>,
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
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let config = match &self.backend {
            Some(backend) => Arc::clone(&backend.config),
            None => Arc::clone(&self.info.frontend.config),
        };
        self.end.terminate(cause, stage);
        self.send_reply(built(error_reply(status, &config.errors)), true, client, timer).await
    }

    async fn send_reply(
        &mut self,
        reply: BuiltReply,
        keep: bool,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let BuiltReply::Message(head, body) = reply else {
            self.end.status = 0;
            return Ok(false);
        };
        self.end.status = head.status();
        // A request whose body was not read leaves the connection unusable.
        let keep = keep && self.framing.keep_alive && client.body_received() && client.payload().is_empty();
        let head_only = self.request.method() == b"HEAD";
        write_reply(&head, &body, self.request.version(), keep, head_only, client)?;
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        flush(client, timer, deadline).await?;
        Ok(keep)
    }

    /// Holds the client for `timeout tarpit`, or until it goes away.
    async fn tarpit(&mut self, client: &mut Side<'_>, timer: &mut Timer) {
        let timeouts = &self.info.frontend.config.timeouts;
        let deadline = after(now(), timeouts.tarpit.or(timeouts.connect));
        let pool = &self.worker.buffers;
        poll_fn(|cx| match client.poll_closed(cx, pool) {
            std::task::Poll::Ready(()) => std::task::Poll::Ready(()),
            std::task::Poll::Pending => timer.poll(cx, deadline),
        })
        .await;
    }
}

/// The message of an error page.
pub(super) fn built(reply: &ErrorReply) -> BuiltReply {
    if reply.silent {
        return BuiltReply::Silent;
    }
    let (head, body) = error_message(reply);
    BuiltReply::Message(head, body)
}

/// Queues a complete reply.
pub(super) fn write_reply(
    head: &Head,
    body: &Arc<[u8]>,
    request_version: Version,
    keep: bool,
    head_only: bool,
    client: &mut Side<'_>,
) -> Result<(), StreamError> {
    let connection = to_client(request_version, head.version(), keep);
    let options = EncodeOptions { connection, ..EncodeOptions::default() };
    client
        .write_reply(head, body, head_only, &options)
        .map_err(|error| StreamError::io(End::Client, Stage::Data, &error))
}

/// Writes pending output until `deadline`.
pub(super) async fn flush(
    client: &mut Side<'_>,
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
