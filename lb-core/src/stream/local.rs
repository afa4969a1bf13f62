//! Stage 3: replies the proxy makes itself: rules, monitor-uri, errors.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::side::Side;
use crate::config::{ErrorReply, HttpAction, HttpRule, ProxyConfig, Reply, RestrictHeaderNames};
use crate::http::h1::connection::to_client;
use crate::http::h1::encode::{CaseAdjust, EncodeOptions};
use crate::http::message::{BodyLength, Head, Version};
use crate::http::reply::{error_message, error_reply};
use crate::log::{Cause, Stage};
use crate::rules::redirect::{build_redirect, path_and_query};
use crate::rules::reply::{BuiltReply, ReplyDefaults, build_reply};
use crate::runtime::SessionStage;
use crate::session::ClientInfo;
use crate::topology::BackendEntry;
use crate::worker::Worker;
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
    pub(super) cause: Cause,
    stage: Stage,
    /// `tarpit`: wait this long before answering.
    tarpit: Option<Duration>,
    /// Whether the client may send another request.
    keep: bool,
}

impl<'a> Stream<'a> {
    /// Rules of the frontend: `monitor-uri`, then `http-request`.
    pub(super) fn frontend_rules(&mut self) -> Verdict {
        let info: &'a ClientInfo = self.info;
        let config = &info.frontend.config;
        if let Some(uri) = &config.monitor_uri
            && (self.request.target() == uri.as_bytes() || path_and_query(self.request.target()) == uri.as_bytes())
        {
            // Nobody wants to read of these requests (configuration.txt, `monitor-uri`).
            self.end.logged = true;
            let reply = built(error_reply(200, &config.errors));
            return Verdict::Reply(Answer {
                reply,
                cause: Cause::Local,
                stage: Stage::Request,
                tarpit: None,
                keep: true,
            });
        }
        if let Some(refused) = self.restrict_names(config) {
            return refused;
        }
        self.request_rules(config)
    }

    /// `http-request` rules of the backend; a `listen` section's were judged already.
    pub(super) fn backend_rules(&mut self, backend: &BackendEntry) -> Verdict {
        if backend.config.kind.is_frontend() && backend.name == self.info.frontend.name {
            return Verdict::Pass;
        }
        if let Some(refused) = self.restrict_names(&backend.config) {
            return refused;
        }
        self.request_rules(&backend.config)
    }

    /// `option http-restrict-req-hdr-names`: names other than letters, digits and dashes.
    fn restrict_names(&mut self, config: &ProxyConfig) -> Option<Verdict> {
        let unusual = |name: &[u8]| !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        match config.options.http_restrict_req_hdr_names {
            None | Some(RestrictHeaderNames::Preserve) => None,
            Some(RestrictHeaderNames::Delete) => {
                self.request.remove_if(|name, _| unusual(name));
                None
            }
            Some(RestrictHeaderNames::Reject) if self.request.fields().any(|(name, _)| unusual(name)) => {
                let reply = built(error_reply(403, &config.errors));
                let (cause, stage) = (Cause::Proxy, Stage::Request);
                Some(Verdict::Reply(Answer { reply, cause, stage, tarpit: None, keep: true }))
            }
            Some(RestrictHeaderNames::Reject) => None,
        }
    }

    /// `http-response` rules: the backend's, then the frontend's.
    pub(super) fn response_rules(&self, backend: &BackendEntry) -> Verdict {
        let of_backend = self.apply_response_rules(&backend.config);
        let same = backend.config.kind.is_frontend() && backend.name == self.info.frontend.name;
        match of_backend {
            Verdict::Pass if !same => self.apply_response_rules(&self.info.frontend.config),
            verdict => verdict,
        }
    }

    fn apply_response_rules(&self, config: &ProxyConfig) -> Verdict {
        let built = |reply: &Reply, defaults| build_reply(reply, &config.errors, defaults);
        let answer = |reply, cause| Answer { reply, cause, stage: Stage::Headers, tarpit: None, keep: true };
        let of_rule = |rule: &HttpRule| match &rule.action {
            HttpAction::Allow => Some(Verdict::Pass),
            HttpAction::Return(reply) => {
                Some(Verdict::Reply(answer(built(reply, ReplyDefaults::RETURN), Cause::Local)))
            }
            HttpAction::Deny(reply) | HttpAction::Tarpit(reply) => {
                Some(Verdict::Reply(answer(built(reply, ReplyDefaults::DENY_RESPONSE), Cause::Proxy)))
            }
            HttpAction::Redirect(redirect) => build_redirect(redirect, &self.request)
                .map(|head| Verdict::Reply(answer(BuiltReply::Message(head, Arc::default()), Cause::Local))),
        };
        config.http_response_rules.iter().find_map(of_rule).unwrap_or(Verdict::Pass)
    }

    fn request_rules(&mut self, config: &ProxyConfig) -> Verdict {
        let verdict = config.http_request_rules.iter().find_map(|rule| self.apply(rule, config));
        verdict.unwrap_or(Verdict::Pass)
    }

    fn apply(&self, rule: &HttpRule, config: &ProxyConfig) -> Option<Verdict> {
        let answer = |reply, cause, tarpit| {
            let stage = if tarpit { Stage::Tarpit } else { Stage::Request };
            let timeouts = &config.timeouts;
            let tarpit = tarpit.then(|| timeouts.tarpit.or(timeouts.connect).unwrap_or_default());
            Some(Verdict::Reply(Answer { reply, cause, stage, tarpit, keep: true }))
        };
        let built = |reply, defaults| build_reply(reply, &config.errors, defaults);
        match &rule.action {
            HttpAction::Allow => Some(Verdict::Pass),
            HttpAction::Return(reply) => answer(built(reply, ReplyDefaults::RETURN), Cause::Local, false),
            HttpAction::Deny(reply) => answer(built(reply, ReplyDefaults::DENY), Cause::Proxy, false),
            HttpAction::Tarpit(reply) => answer(built(reply, ReplyDefaults::TARPIT), Cause::Proxy, true),
            HttpAction::Redirect(redirect) => {
                let head = build_redirect(redirect, &self.request)?;
                // As HAProxy: a redirected request with a body ends the connection, even where the body is here.
                let keep = matches!(self.framing.body, BodyLength::None | BodyLength::Known(0));
                let (cause, stage) = (Cause::Local, Stage::Request);
                let reply = BuiltReply::Message(head, Arc::default());
                Some(Verdict::Reply(Answer { reply, cause, stage, tarpit: None, keep }))
            }
        }
    }

    /// `redir` of a server: the client is sent there itself (configuration.txt, `redir`).
    pub(super) async fn answer_redirected(
        &mut self,
        location: &[u8],
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let mut head = Head::response(302, b"Found", Version::Http11);
        head.add(b"cache-control", b"no-cache");
        head.add(b"content-length", b"0");
        head.add(b"location", location);
        self.end.terminate(Cause::Local, Stage::Connect);
        self.send_reply(BuiltReply::Message(head, Arc::default()), false, client, timer).await
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
        if let Some(time) = answer.tarpit {
            self.tarpit(time, timer).await;
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
        let BuiltReply::Message(mut head, body) = reply else {
            self.end.status = 0;
            return Ok(false);
        };
        self.end.status = head.status();
        self.live.set_status(self.end.status);
        self.live.enter_phase(SessionStage::Reply, None);
        // A request whose body has not come yet leaves the connection unusable.
        let keep = keep && self.framing.keep_alive && client.drop_body();
        let head_only = self.request.method() == b"HEAD";
        let options = self.reply_options(head.version(), keep);
        write_reply(&mut head, &body, head_only, &options, client)?;
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        flush(client, timer, deadline).await?;
        Ok(keep)
    }

    /// Holds the client for `timeout tarpit`, whatever it does meanwhile.
    async fn tarpit(&mut self, time: Duration, timer: &mut Timer) {
        let from = now();
        let deadline = after(from, Some(time));
        self.live.enter_phase(SessionStage::Tarpit, deadline);
        poll_fn(|cx| timer.poll(cx, deadline)).await;
        self.times.held = Some(now().saturating_duration_since(from));
        self.times.head = None;
    }

    /// How heads of our own are written to this client.
    pub(super) fn reply_options(&self, version: Version, keep: bool) -> EncodeOptions<'a> {
        let connection = to_client(self.request.version(), version, keep);
        EncodeOptions { connection, case_adjust: self.client_case(), ..EncodeOptions::default() }
    }

    /// `option h1-case-adjust-bogus-client`.
    pub(super) fn client_case(&self) -> Option<&'a CaseAdjust> {
        let worker: &'a Worker = self.worker;
        self.info.frontend.config.options.h1_case_adjust_bogus_client.then_some(&*worker.settings.case_adjust)
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
    head: &mut Head,
    body: &Arc<[u8]>,
    head_only: bool,
    options: &EncodeOptions<'_>,
    client: &mut Side<'_>,
) -> Result<(), StreamError> {
    client
        .write_reply(head, body, head_only, options)
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
