//! Stage 6, second half: the head of the response.

use std::future::poll_fn;
use std::sync::Arc;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::exchange::{Ends, Exchange};
use super::side::Side;
use crate::config::RetryOn;
use crate::connect::{Link, ServerConn};
use crate::http::h1::framing::{RequestFraming, ResponseFraming, response_framing, without_persistence};
use crate::http::message::{BodyLength, Head, Version};
use crate::log::Stage;
use crate::runtime::SessionStage;
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, after, now};

/// What came of an attempt that reached a server.
pub(super) enum Received {
    /// The response.
    Response(ResponseFraming),
    /// A response for which `retry-on` wants another one.
    Refused(ResponseFraming),
}

impl Stream<'_> {
    /// Stage 6, second half: waits for the final response head; interim ones are passed on. A response with a
    /// status of `on` is not taken.
    pub(super) async fn receive_response(
        &mut self,
        backend: &Arc<BackendEntry>,
        link: &mut Link,
        on: RetryOn,
        exchange: &mut Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Received, StreamError> {
        if let Side::H1(conn) = client {
            conn.release_input(&self.worker.buffers);
        }
        let timeouts = self.side_timeouts(backend);
        let relaxed = backend.config.options.accept_invalid_http_response;
        let limits = self.worker.settings.limits;
        // A stream that is reset is given up by its client; a connection that is half closed may still be read from.
        let watch = client.is_stream() || backend.config.options.abortonclose;
        self.live.enter_phase(SessionStage::Response, None);
        loop {
            self.end.reused |= link.reused;
            let received = poll_fn(|cx| {
                let mut ends = Ends {
                    client: client.reborrow(),
                    server: link.conn.side(),
                    pool: &self.worker.buffers,
                    timer,
                    timeouts,
                    watch,
                    live: &self.live,
                };
                exchange.poll_head(cx, &mut ends, &limits, relaxed, &mut self.response)
            })
            .await;
            received?;
            let framing = match &link.conn {
                ServerConn::H1(_) => response_framing(&self.response, &self.framing)
                    .ok()
                    .filter(|_| self.proves_handshake())
                    .ok_or(StreamError::new(End::Server, Stage::Headers, Kind::Malformed))?,
                ServerConn::H2 { end, .. } => {
                    let length = end.length;
                    if self.framing.upgrade && (200..300).contains(&self.response.status()) {
                        self.accept_upgrade();
                    }
                    h2_response_framing(&self.response, length, &self.framing)
                }
            };
            if !framing.interim && on.has_status(self.response.status()) {
                return Ok(Received::Refused(framing));
            }
            self.count_response(link.server.as_deref());
            if framing.interim {
                self.pass_interim(client, timer).await?;
                continue;
            }
            if framing.persistence {
                without_persistence(&mut self.response);
            }
            self.tell_response();
            self.times.response = Some(now());
            // What follows the head of a tunnel is no body.
            if !framing.tunnel {
                link.conn.side().expect_body(framing.body);
            }
            return Ok(Received::Response(framing));
        }
    }

    /// Whether the request can be sent a second time: nothing of a body was consumed, and the server did not look at
    /// it, or it closed an idle connection while an idempotent request was on its way (RFC 9112, section 9.3.1).
    pub(super) fn can_repeat(&self, error: &StreamError, link: &Link, exchange: &Exchange) -> bool {
        exchange.request.bytes == 0
            && (error.unprocessed
                || (error.stale
                    && link.reused
                    && matches!(self.framing.body, BodyLength::None | BodyLength::Known(0))
                    && matches!(self.request.method(), b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE" | b"TRACE")))
    }

    /// A 1xx goes to clients that know it, at once: one that expects `100` sends its body only then.
    async fn pass_interim(&self, client: &mut Side<'_>, timer: &mut Timer) -> Result<(), StreamError> {
        if self.request.version() == Version::Http10 {
            return Ok(());
        }
        client.write_interim(&self.response).map_err(|error| StreamError::io(End::Client, Stage::Headers, &error))?;
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        super::local::flush(client, timer, deadline).await
    }
}

/// The framing of a response that came over HTTP/2. Its frames say how the body ends; whether there may be one at all
/// is for the request and the status to say (RFC 9110, section 6.4.1).
fn h2_response_framing(head: &Head, length: BodyLength, request: &RequestFraming) -> ResponseFraming {
    let status = head.status();
    let mut framing = ResponseFraming {
        body: length,
        announced: length,
        keep_alive: true,
        // Made of the answer to an upgrade.
        tunnel: status == 101,
        interim: (100..200).contains(&status) && status != 101,
        version: Version::Http2,
        ..ResponseFraming::default()
    };
    if framing.tunnel {
        framing.body = BodyLength::UntilClose;
    } else if framing.interim || status == 204 {
        (framing.body, framing.announced) = (BodyLength::None, BodyLength::None);
    } else if request.connect && (200..300).contains(&status) {
        framing.tunnel = true;
        framing.body = BodyLength::UntilClose;
    } else if request.is_head || status == 304 {
        let announced = head.value("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        framing.announced = announced.map_or(BodyLength::None, BodyLength::Known);
        framing.body = BodyLength::None;
    } else if length == BodyLength::None {
        // Complete and empty: HTTP/1 has to be told so.
        (framing.body, framing.announced) = (BodyLength::Known(0), BodyLength::Known(0));
    }
    framing
}
