//! Stage 3: what happens to a request's body before the rules are judged.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::side::Side;
use crate::config::ProxyConfig;
use crate::connect::Link;
use crate::http::message::{Head, Version};
use crate::instant::Instant;
use crate::log::Stage;
use crate::runtime::SessionStage;
use crate::worker::timer::{Timer, after, earlier};

impl Stream<'_> {
    /// `wait-for-body`: waits until there are `at_least` bytes of the body, or all of it, or as much as a buffer takes. As
    /// in HAProxy, a client that takes longer than `time` for it, or says nothing for `timeout client`, gets a 408.
    ///
    /// # Errors
    /// When the client goes away, breaks its framing or takes too long.
    pub(super) async fn wait_for_body(
        &mut self,
        time: Duration,
        at_least: u64,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        self.go_on(client)?;
        if client.body_received() {
            return Ok(());
        }
        let whole = after(Instant::now(), Some(time));
        let (pool, idle) = (&self.worker.buffers, self.info.frontend.config.timeouts.client);
        let (mut received, mut active) = (client.bytes().0, Instant::now());
        self.live.enter_phase(SessionStage::Buffering, earlier(whole, after(active, idle)));
        let waited = poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = client.poll_flush(cx) {
                return Poll::Ready(Err(StreamError::io(End::Client, Stage::Request, &error)));
            }
            if at_least > 0 && client.payload().len() as u64 >= at_least {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(result) = client.poll_body_buffered(cx, pool) {
                return Poll::Ready(result.map_err(|error| StreamError::io(End::Client, Stage::Request, &error)));
            }
            if client.bytes().0 != received {
                (received, active) = (client.bytes().0, Instant::now());
            }
            timer
                .poll(cx, earlier(whole, after(active, idle)))
                .map(|()| Err(StreamError::new(End::Client, Stage::Request, Kind::Timeout)))
        })
        .await;
        self.live.enter_phase(SessionStage::Rules, None);
        if let Err(StreamError { kind: Kind::Timeout, .. }) = waited {
            self.times.head = None;
        }
        waited
    }

    /// The same of `http-response`, where the server sends it: one that takes longer than `time`, or says nothing for
    /// `timeout server`, is a 504, which HAProxy logs as `sR`.
    ///
    /// # Errors
    /// When the server goes away, breaks its framing or takes too long.
    pub(super) async fn wait_for_response_body(
        &mut self,
        time: Duration,
        at_least: u64,
        link: &mut Link,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let mut server = link.conn.side();
        if server.body_received() {
            return Ok(());
        }
        let whole = after(Instant::now(), Some(time));
        let idle = self.backend.as_ref().and_then(|backend| backend.config.timeouts.server);
        let (mut received, mut active) = (server.bytes().0, Instant::now());
        let pool = &self.worker.buffers;
        self.live.enter_phase(SessionStage::Buffering, earlier(whole, after(active, idle)));
        let waited = poll_fn(|cx| {
            if at_least > 0 && server.payload().len() as u64 >= at_least {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(result) = server.poll_body_buffered(cx, pool) {
                return Poll::Ready(result.map_err(|error| StreamError::io(End::Server, Stage::Headers, &error)));
            }
            if server.bytes().0 != received {
                (received, active) = (server.bytes().0, Instant::now());
            }
            timer
                .poll(cx, earlier(whole, after(active, idle)))
                .map(|()| Err(StreamError::new(End::Server, Stage::Request, Kind::Timeout)))
        })
        .await;
        self.live.enter_phase(SessionStage::Rules, None);
        if waited.is_err() {
            // The client has seen nothing of it.
            self.times.response = None;
        }
        waited
    }

    /// A client that expects it is told to go on.
    fn go_on(&mut self, client: &mut Side<'_>) -> Result<(), StreamError> {
        if self.framing.expect_continue {
            self.request.remove("expect");
            self.framing.expect_continue = false;
            let go_on = Head::response(100, b"Continue", Version::Http11);
            client.write_interim(&go_on).map_err(|error| StreamError::io(End::Client, Stage::Request, &error))?;
        }
        Ok(())
    }

    /// `option http-buffer-request`: waits until the whole body is here, or as much of it as a buffer takes. A client
    /// that expects it is told to go on.
    ///
    /// # Errors
    /// When the client goes away, breaks its framing or takes longer than `timeout http-request`.
    pub(super) async fn buffer_request(
        &mut self,
        config: &ProxyConfig,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        self.go_on(client)?;
        if client.body_received() {
            return Ok(());
        }
        let start = if self.earlier == 0 { self.times.start } else { self.times.first_byte };
        let whole = after(start, config.timeouts.http_request);
        let (mut received, mut active) = (client.bytes().0, Instant::now());
        let (pool, idle) = (&self.worker.buffers, self.info.frontend.config.timeouts.client);
        self.live.enter_phase(SessionStage::Buffering, earlier(whole, after(active, idle)));
        let buffered = poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = client.poll_flush(cx) {
                return Poll::Ready(Err(StreamError::io(End::Client, Stage::Request, &error)));
            }
            if let Poll::Ready(result) = client.poll_body_buffered(cx, pool) {
                return Poll::Ready(result.map_err(|error| StreamError::io(End::Client, Stage::Request, &error)));
            }
            if client.bytes().0 != received {
                (received, active) = (client.bytes().0, Instant::now());
            }
            timer
                .poll(cx, earlier(whole, after(active, idle)))
                .map(|()| Err(StreamError::new(End::Client, Stage::Request, Kind::Timeout)))
        })
        .await;
        self.live.enter_phase(SessionStage::Rules, None);
        self.times.head = match buffered {
            Err(error) if error.kind == Kind::Timeout => None,
            _ => Some(Instant::now()),
        };
        buffered
    }
}
