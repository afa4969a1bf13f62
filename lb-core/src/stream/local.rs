//! Stage 3: replies the proxy makes itself: rules, monitor-uri, errors.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::lookup::Watch;
use super::rules::Flow;
use super::side::Side;
use crate::config::{ConnectionMode, ProxyConfig, RuleList};
use crate::http::h1::connection::{says_close, to_client};
use crate::http::h1::encode::{CaseAdjust, EncodeOptions};
use crate::http::message::{Head, Version};
use crate::instant::Instant;
use crate::log::{Cause, Level, Stage};
use crate::rules::reply::BuiltReply;
use crate::runtime::SessionStage;
use crate::sample::Place;
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
    pub(super) reply: BuiltReply,
    pub(super) cause: Cause,
    pub(super) stage: Stage,
    /// `tarpit`: wait this long before answering.
    pub(super) tarpit: Option<Duration>,
    /// Whether the client may send another request.
    pub(super) keep: bool,
    /// The request is no good: an error of the client, which no rule denied.
    pub(super) malformed: bool,
}

impl Answer {
    /// An answer that leaves the connection as it is.
    pub(super) fn new(reply: BuiltReply, cause: Cause, stage: Stage) -> Self {
        Self { reply, cause, stage, tarpit: None, keep: true, malformed: false }
    }

    /// The connection is closed without a word.
    pub(super) fn closing(stage: Stage) -> Self {
        Self { keep: false, ..Self::new(BuiltReply::Silent, Cause::Proxy, stage) }
    }

    /// The same after a while.
    pub(super) fn held(self, time: Duration) -> Self {
        Self { tarpit: Some(time), ..self }
    }
}

impl<'a> Stream<'a> {
    /// `monitor-uri`, `http-request` rules and all else that the frontend has to say before a backend is chosen.
    ///
    /// # Errors
    /// When the client goes away while its body is waited for.
    pub(super) async fn frontend_rules(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Verdict, StreamError> {
        if let Some(answered) = self.monitored() {
            return Ok(answered);
        }
        let config = Arc::clone(&self.info.frontend.config);
        self.request_rules(&config, Place::FrontendRequest, client, timer).await
    }

    /// `http-request` rules of the backend; a `listen` section's were judged already.
    ///
    /// # Errors
    /// As [`Stream::frontend_rules`].
    pub(super) async fn backend_rules(
        &mut self,
        backend: &BackendEntry,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Verdict, StreamError> {
        if backend.config.kind.is_frontend() && backend.name == self.info.frontend.name {
            return Ok(Verdict::Pass);
        }
        let config = Arc::clone(&backend.config);
        self.request_rules(&config, Place::BackendRequest, client, timer).await
    }

    /// `early-hint`: an interim response, which a client of HTTP/1.0 does not know.
    fn send_hints(&mut self, client: &mut Side<'_>) -> Result<(), StreamError> {
        let hints = self.transaction.as_mut().and_then(|transaction| transaction.early_hints.take());
        match hints {
            Some(hints) if self.request.version() != Version::Http10 => {
                client.write_interim(&hints).map_err(|error| StreamError::io(End::Client, Stage::Request, &error))
            }
            _ => Ok(()),
        }
    }

    async fn request_rules(
        &mut self,
        config: &ProxyConfig,
        place: Place,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Verdict, StreamError> {
        if let Some(refused) = self.restrict_names(config) {
            return Ok(refused);
        }
        let (mut list, mut next) = (RuleList::HttpRequest, 0);
        loop {
            let flow = self.judge(list, next, config, place, Some(client));
            self.send_hints(client)?;
            match flow {
                Flow::Pass if list == RuleList::HttpRequest && !config.rules.redirect.is_empty() => {
                    (list, next) = (RuleList::Redirect, 0);
                }
                Flow::Pass | Flow::Undecided { .. } | Flow::Close | Flow::Switch(_) => return Ok(Verdict::Pass),
                Flow::Reply(answer) => return Ok(Verdict::Reply(answer)),
                Flow::Resolve { next: rule, lookup } => {
                    // Beside the path: few requests ask for names, and all pay for what a future holds.
                    let watch = if config.options.abortonclose { Watch::End } else { Watch::Nothing };
                    Box::pin(self.finish_lookup_for(lookup, watch, client)).await?;
                    next = rule;
                }
                Flow::Wait { next: rule, time, at_least } => {
                    self.wait_for_body(time, at_least, client, timer).await?;
                    next = rule;
                }
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
        self.send_reply(BuiltReply::Message { status: 302, head, body: Arc::default() }, false, client, timer).await
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

    /// The same in place of a server's response, which is dropped. Says whether the connection can serve another.
    ///
    /// # Errors
    /// As [`Stream::answer`].
    pub(super) async fn answer_dropped(
        &mut self,
        answer: Answer,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        self.times.response = None;
        if !matches!(answer.reply, BuiltReply::Silent) {
            return self.answer(answer, client, timer).await;
        }
        // What the server had answered is logged, though nobody gets to see it.
        self.end.status = self.response.status();
        self.end.terminate(answer.cause, answer.stage);
        Ok(false)
    }

    /// `option checkcache`: counts a response that is blocked as one that a rule denies, tells the logs of the backend,
    /// and says what is answered.
    pub(super) fn block_cookie(&mut self, backend: &BackendEntry) -> Answer {
        let answer = Answer::new(self.error_page(502), Cause::Proxy, Stage::Headers);
        self.count_response_verdict(&answer, backend);
        let server = self.server.as_ref().map_or("<dispatch>", |server| &server.name);
        let line = format!("Blocking cacheable cookie in response from instance {}, server {server}.", backend.name);
        self.worker.log_line(&backend.log_targets, Level::Alert, &line);
        answer
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
        self.end.terminate(cause, stage);
        let reply = self.error_page(status);
        self.send_reply(reply, true, client, timer).await
    }

    async fn send_reply(
        &mut self,
        reply: BuiltReply,
        keep: bool,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let BuiltReply::Message { status, head, body } = reply else {
            self.end.status = 0;
            self.times.head = self.times.head.filter(|_| self.server.is_some());
            return Ok(false);
        };
        let shown = head.status();
        self.response = head;
        self.after_response_rules(None);
        let status = if self.response.status() == shown { status } else { self.response.status() };
        self.write_out(status, &body, keep, client, timer).await
    }

    /// Sends the response's head, whose status says that there is no body.
    pub(super) async fn send_without_body(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        self.write_out(self.response.status(), &Arc::default(), true, client, timer).await
    }

    async fn write_out(
        &mut self,
        status: u16,
        body: &Arc<[u8]>,
        keep: bool,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        let none = Arc::default();
        let body = if self.drop_body() { &none } else { body };
        self.end.status = status;
        self.live.set_status(status);
        self.live.enter_phase(SessionStage::Reply, None);
        // A request whose body has not come yet leaves the connection unusable.
        let keep = keep && client.drop_body() && self.lets_client_go_on();
        let head_only = self.request.method() == b"HEAD";
        let options = self.reply_options(self.response.version(), keep);
        write_reply(&mut self.response, body, head_only, &options, client)?;
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        flush(client, timer, deadline).await?;
        Ok(keep)
    }

    /// Whether the client may send another request behind a reply of our own, which is in place.
    pub(super) fn lets_client_go_on(&self) -> bool {
        let mode = self.info.frontend.config.options.connection_mode.unwrap_or_default();
        self.framing.keep_alive
            && mode != ConnectionMode::Close
            && !self.worker.closes(self.info)
            && !says_close(&self.response)
    }

    /// Takes out what a response says of its body where its status, which a rule may have set, says that there is none.
    pub(super) fn drop_body(&mut self) -> bool {
        let none = without_body(self.response.status());
        if none {
            self.response.remove("content-length");
        }
        none
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

/// Whether responses of a status have no body.
pub(super) fn without_body(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
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
