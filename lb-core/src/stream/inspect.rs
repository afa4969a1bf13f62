//! Stage 3: `tcp-request content` and `tcp-response content`, which may wait for data before they decide
//! (configuration.txt, `tcp-request inspect-delay`).
//!
//! All rules are judged anew for each piece of data that comes, until they decide, the delay is over, the buffer is full
//! or the other side closes: nothing more is waited for then. What was seen stays where it is, and is forwarded.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::local::Answer;
use super::lookup::Watch;
use super::rules::{Flow, Judged};
use super::side::Side;
use crate::config::{Proto, ProxyConfig, RuleList};
use crate::connect::{Link, ServerConn};
use crate::forward::{Relay, RelayOptions, RelayOutcome};
use crate::http::h1::io::H1Conn;
use crate::instant::Instant;
use crate::log::{Cause, Stage};
use crate::net::set_no_linger;
use crate::runtime::SessionStage;
use crate::sample::Place;
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, after, earlier, now};

/// What an inspection came to.
pub(super) enum Inspected {
    /// Go on.
    Pass,
    /// The connection is refused.
    Refused(Answer),
    /// `close`, of a response: what was received goes to the client, and no more.
    Close,
    /// It goes on with HTTP (`switch-mode http`).
    Switch(Option<Proto>),
    /// It passed, but the client had been silent for longer than `timeout client`, or its connection broke.
    Failed(StreamError),
    /// The relay ended before the response was decided on.
    Over(RelayOutcome),
}

/// What ended a wait for data.
enum Woken {
    /// There is more.
    Data,
    /// There will be no more.
    Last,
    /// The delay is over.
    Expired,
    /// The relay of the other direction ended.
    Over(RelayOutcome),
}

impl<'a> Stream<'a> {
    /// Whether a backend's rules were judged as the frontend's: a `listen` section.
    fn is_own(&self, backend: &BackendEntry) -> bool {
        backend.config.kind.is_frontend() && backend.name == self.info.frontend.name
    }

    /// `tcp-request content` in TCP mode: of the frontend, or of `backend`.
    pub(super) async fn inspect_tcp_request(
        &mut self,
        backend: Option<&BackendEntry>,
        client: &mut H1Conn,
        timer: &mut Timer,
    ) -> Inspected {
        let (config, place) = match backend {
            Some(backend) if self.is_own(backend) => return Inspected::Pass,
            Some(backend) => (Arc::clone(&backend.config), Place::BackendContent),
            None => (Arc::clone(&self.info.frontend.config), Place::FrontendContent),
        };
        if config.rules.tcp_content.is_empty() {
            return Inspected::Pass;
        }
        let mut failed = self.read_what_came(client).err();
        let delay = config.rules.inspect_delay;
        let deadline = after(now(), delay);
        self.live.enter_phase(SessionStage::Rules, deadline);
        let idle = self.info.frontend.config.timeouts.client;
        let (mut from, mut last) = (0, delay.is_none());
        loop {
            let side = Side::H1(&mut *client);
            let data = self.data_of(&side, None);
            last |= data.complete || data.full || failed.is_some();
            let judged = Judged { list: RuleList::TcpContent, config: &config, place, from: Some(&side), last };
            match self.judge_rules(from, &judged) {
                Flow::Undecided { next } if !last => from = next,
                Flow::Resolve { next, lookup } => {
                    let mut side = Side::H1(&mut *client);
                    if let Err(error) = Box::pin(self.finish_lookup_for(lookup, Watch::Break, &mut side)).await {
                        return Inspected::Failed(error);
                    }
                    from = next;
                    continue;
                }
                Flow::Reply(answer) => return Inspected::Refused(answer),
                Flow::Switch(proto) => return Inspected::Switch(proto),
                _ => return failed.map_or(Inspected::Pass, Inspected::Failed),
            }
            let patience = after(now(), idle);
            match self.more_of(client, earlier(deadline, patience), timer).await {
                Ok(Woken::Expired) => {
                    last = true;
                    if patience.is_some_and(|patience| deadline.is_none_or(|deadline| patience < deadline)) {
                        failed = Some(StreamError::new(End::Client, Stage::Request, Kind::Timeout));
                    }
                }
                Ok(Woken::Last) => last = true,
                Ok(Woken::Data | Woken::Over(_)) => {}
                Err(error) => failed = Some(error),
            }
        }
    }

    /// Takes what the client has sent already, without waiting for more.
    pub(super) fn read_what_came(&self, client: &mut H1Conn) -> Result<(), StreamError> {
        if client.raw().len() >= self.worker.settings.limits.max_head_size {
            return Ok(());
        }
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match client.poll_read_more(&mut cx, &self.worker.buffers) {
            Poll::Ready(Err(error)) if error.kind() != std::io::ErrorKind::OutOfMemory => {
                Err(StreamError::io(End::Client, Stage::Request, &error))
            }
            _ => Ok(()),
        }
    }

    /// Waits for more bytes of the client.
    async fn more_of(
        &self,
        client: &mut H1Conn,
        deadline: Option<Instant>,
        timer: &mut Timer,
    ) -> Result<Woken, StreamError> {
        let pool = &self.worker.buffers;
        poll_fn(|cx| match client.poll_read_more(cx, pool) {
            Poll::Ready(Ok(0)) => Poll::Ready(Ok(Woken::Last)),
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(Woken::Data)),
            Poll::Ready(Err(error)) if error.kind() == std::io::ErrorKind::OutOfMemory => Poll::Ready(Ok(Woken::Last)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(StreamError::io(End::Client, Stage::Request, &error))),
            Poll::Pending => timer.poll(cx, deadline).map(|()| Ok(Woken::Expired)),
        })
        .await
    }

    /// `tcp-request content` in HTTP mode, with the parsed head: of the frontend, or of `backend`.
    ///
    /// # Errors
    /// When the client goes away or breaks the framing of its body.
    pub(super) async fn inspect_http_request(
        &mut self,
        backend: Option<&BackendEntry>,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Option<Answer>, StreamError> {
        let (config, place) = match backend {
            Some(backend) if self.is_own(backend) => return Ok(None),
            Some(backend) => (Arc::clone(&backend.config), Place::BackendContent),
            None => (Arc::clone(&self.info.frontend.config), Place::FrontendContent),
        };
        let answer = self.inspect_http(RuleList::TcpContent, &config, place, client, timer).await?;
        match answer {
            Inspected::Refused(answer) => Ok(Some(answer)),
            _ => Ok(None),
        }
    }

    /// `tcp-response content` in HTTP mode, with the parsed head.
    ///
    /// # Errors
    /// When the server goes away or breaks the framing of its body, and on `close`.
    pub(super) async fn inspect_http_response(
        &mut self,
        backend: &BackendEntry,
        link: &mut Link,
        timer: &mut Timer,
    ) -> Result<Option<Answer>, StreamError> {
        let config = Arc::clone(&backend.config);
        let (list, place) = (RuleList::TcpResponse, Place::BackendResponseContent);
        match self.inspect_http(list, &config, place, &mut link.conn.side(), timer).await? {
            Inspected::Refused(answer) => Ok(Some(answer)),
            Inspected::Close => {
                // What was received goes to the client; a shared connection stays, but its stream is given up.
                let ServerConn::H1(conn) = &mut link.conn else {
                    self.times.response = None;
                    return Err(StreamError::new(End::Server, Stage::Headers, Kind::Closed));
                };
                set_no_linger(conn.transport.socket());
                conn.eof = true;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    async fn inspect_http(
        &mut self,
        list: RuleList,
        config: &ProxyConfig,
        place: Place,
        from: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Inspected, StreamError> {
        if config.rules.of(list).is_empty() {
            return Ok(Inspected::Pass);
        }
        let (delay, end, stage) = match list {
            RuleList::TcpResponse => (config.rules.response_delay, End::Server, Stage::Headers),
            _ => (config.rules.inspect_delay, End::Client, Stage::Request),
        };
        let deadline = after(now(), delay);
        let (mut rule, mut last) = (0, delay.is_none());
        loop {
            let data = self.data_of(from, None);
            let seen = data.bytes.len();
            last |= data.complete || data.full;
            let judged = Judged { list, config, place, from: Some(&*from), last };
            match self.judge_rules(rule, &judged) {
                Flow::Undecided { next } if !last => rule = next,
                Flow::Resolve { next, lookup } => {
                    let watch = if config.options.abortonclose { Watch::Break } else { Watch::Nothing };
                    Box::pin(self.finish_lookup_for(lookup, watch, from)).await?;
                    rule = next;
                    continue;
                }
                Flow::Reply(answer) => return Ok(Inspected::Refused(answer)),
                Flow::Close => return Ok(Inspected::Close),
                _ => return Ok(Inspected::Pass),
            }
            self.live.enter_phase(SessionStage::Rules, deadline);
            let pool = &self.worker.buffers;
            last = poll_fn(|cx| match from.poll_body_buffered(cx, pool) {
                Poll::Ready(result) => {
                    Poll::Ready(result.map(|()| true).map_err(|error| StreamError::io(end, stage, &error)))
                }
                Poll::Pending if from.payload().len() > seen => Poll::Ready(Ok(false)),
                Poll::Pending => timer.poll(cx, deadline).map(|()| Ok(true)),
            })
            .await?;
        }
    }

    /// `tcp-response content` in TCP mode: the response is held back, while the other direction flows.
    pub(super) async fn inspect_tcp_response(
        &mut self,
        backend: &BackendEntry,
        relay: &mut Relay,
        ends: (&mut H1Conn, &mut H1Conn),
        options: &RelayOptions,
        timer: &mut Timer,
    ) -> Inspected {
        let (client, server) = ends;
        let (forwarder, pool) = (&self.worker.forwarder, &self.worker.buffers);
        let config = Arc::clone(&backend.config);
        let delay = config.rules.response_delay;
        let deadline = after(now(), delay);
        let mut rule = 0;
        let mut last = delay.is_none();
        // What can be moved or read at once is, before the first judgement.
        let mut wait = false;
        loop {
            let live = &*self.live;
            let patience = after(now(), options.server);
            let until = earlier(deadline, patience);
            let woken = poll_fn(|cx| {
                let over = relay.poll_relay(cx, forwarder, &mut client.transport, &mut server.transport, options);
                if let Poll::Ready(outcome) = over {
                    return Poll::Ready(Woken::Over(outcome));
                }
                let (request, response) = relay.flows(&forwarder.clock);
                live.set_flows(request, response);
                match server.poll_read_more(cx, pool) {
                    Poll::Ready(Ok(n)) if n > 0 => Poll::Ready(Woken::Data),
                    Poll::Ready(_) => Poll::Ready(Woken::Last),
                    Poll::Pending if !wait => Poll::Ready(Woken::Data),
                    Poll::Pending => timer.poll(cx, until).map(|()| Woken::Expired),
                }
            })
            .await;
            match woken {
                Woken::Over(outcome) => return Inspected::Over(outcome),
                Woken::Last | Woken::Expired => last = true,
                Woken::Data => {}
            }
            wait = true;
            let side = Side::H1(&mut *server);
            let data = self.data_of(&side, None);
            last |= data.complete || data.full;
            let place = Place::BackendResponseContent;
            let judged = Judged { list: RuleList::TcpResponse, config: &config, place, from: Some(&side), last };
            match self.judge_rules(rule, &judged) {
                Flow::Undecided { next } if !last => rule = next,
                Flow::Reply(answer) => return Inspected::Refused(answer),
                Flow::Close => return Inspected::Close,
                _ => return Inspected::Pass,
            }
        }
    }

    /// A stream in TCP mode is refused: counted, and noted for the log.
    pub(super) fn refuse_tcp(&mut self, answer: &Answer, backend: Option<&BackendEntry>) {
        match (answer.stage, backend) {
            (Stage::Data, Some(backend)) => self.count_response_verdict(answer, backend),
            _ => self.count_content_verdict(backend),
        }
        self.end.terminate(Cause::Proxy, answer.stage);
    }
}
