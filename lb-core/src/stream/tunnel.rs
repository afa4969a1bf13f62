//! Stage 7 of HTTP streams that become tunnels: CONNECT, websockets and other upgrades.

use std::future::poll_fn;
use std::task::Poll;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::exchange::{Ends, Exchange, SideTimeouts};
use super::pump::Pump;
use super::side::Side;
use crate::connect::{Link, ServerConn};
use crate::http::h1::encode::{EncodeOptions, OutFraming};
use crate::http::message::BodyLength;
use crate::log::Stage;
use crate::runtime::SessionStage;
use crate::topology::BackendEntry;
use crate::worker::timer::{Timer, after, now};

impl Stream<'_> {
    /// An HTTP connection becomes a tunnel: the response head goes out, then bytes in both directions.
    ///
    /// # Errors
    /// When the client does not take the head, or a stream of HTTP/2 fails.
    pub(super) async fn tunnel(
        &mut self,
        backend: &BackendEntry,
        mut link: Link,
        mut exchange: Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        self.end.status = self.response.status();
        self.live.set_status(self.end.status);
        self.live.enter_phase(SessionStage::Tunnel, None);
        let options = EncodeOptions { upgrade: true, case_adjust: self.client_case(), ..EncodeOptions::default() };
        if client.is_stream() && self.response.status() == 101 {
            // RFC 8441, section 4. The log keeps what HTTP/1 says.
            self.response.set_status(200, b"");
        }
        let before = client.queued();
        let follows = if client.is_stream() { OutFraming::Chunked } else { OutFraming::None };
        client
            .write_response(&mut self.response, OutFraming::None, follows, &options)
            .map_err(|error| StreamError::io(End::Client, Stage::Data, &error))?;
        if self.info.frontend.config.options.logasap {
            self.end.bytes_to_client = client.queued() - before;
            self.log();
        }
        let deadline = after(now(), self.info.frontend.config.timeouts.client);
        super::local::flush(client, timer, deadline).await?;
        if let (Side::H1(client), ServerConn::H1(_)) = (&mut *client, &link.conn) {
            self.relay_link(backend, link, client, None).await?;
            return Ok(false);
        }
        exchange.request = Pump::default();
        let ended = self.relay_frames(backend, &mut link, &mut exchange, client, timer).await;
        let Err(error) = ended else { return Ok(client.is_stream()) };
        match error {
            // A tunnel may end like that: the last frame of a client that closes its connection is not waited for.
            StreamError { end: End::Client, kind: Kind::Closed, .. } if client.has_closed() => {}
            StreamError { kind: Kind::Timeout, .. } => self.end.terminate(error.cause(), error.stage),
            _ => return Err(error),
        }
        for side in [client.reborrow(), link.conn.side()] {
            end_in_order(side).await;
        }
        Ok(false)
    }

    /// Moves bytes in both directions where one side at least is a stream of HTTP/2, whose frames carry them (RFC 9113,
    /// section 8.5; RFC 8441).
    async fn relay_frames(
        &mut self,
        backend: &BackendEntry,
        link: &mut Link,
        exchange: &mut Exchange,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let set = self.transaction.as_ref().and_then(|transaction| transaction.tunnel_timeout);
        let tunnel = set.or(backend.config.timeouts.tunnel);
        let timeouts = SideTimeouts {
            client: tunnel.or(self.info.frontend.config.timeouts.client),
            server: tunnel.or(backend.config.timeouts.server),
        };
        // As HAProxy: what a server has ended is over, but what CONNECT opened ends with both sides.
        let upgrade = self.framing.upgrade;
        client.expect_body(BodyLength::UntilClose);
        link.conn.side().expect_body(BodyLength::UntilClose);
        poll_fn(|cx| {
            let pool = &self.worker.buffers;
            let (client, server) = (client.reborrow(), link.conn.side());
            let mut ends = Ends { client, server, pool, timer, timeouts, watch: true, live: &self.live };
            match exchange.poll_tunnel(cx, &mut ends) {
                Poll::Pending if upgrade && exchange.response.is_done() => Poll::Ready(Ok(())),
                polled => polled,
            }
        })
        .await
    }
}

/// Tells a side that nothing follows, unless that takes time.
async fn end_in_order(mut side: Side<'_>) {
    poll_fn(|cx| {
        if side.needs_end() {
            let _ = side.poll_send(cx, &[], true, None);
        }
        Poll::Ready(())
    })
    .await;
}
