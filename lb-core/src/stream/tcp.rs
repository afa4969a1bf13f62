//! Streams whose bytes are not looked at: TCP mode, and HTTP connections that became tunnels.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use super::Stream;
use super::error::{End, Kind, StreamError};
use crate::connect::{Connector, Link};
use crate::forward::{Initial, RelayOptions, Splicing, relay};
use crate::http::h1::encode::{EncodeOptions, OutFraming, encode_response};
use crate::http::h1::io::H1Conn;
use crate::http::message::Head;
use crate::log::Stage;
use crate::session::ClientInfo;
use crate::topology::{BackendEntry, Pair};
use crate::worker::Worker;
use crate::worker::timer::Timer;

/// Serves a connection in TCP mode.
pub(crate) async fn run(worker: Rc<Worker>, mut client: H1Conn, info: ClientInfo) {
    let mut timer = Timer::default();
    let mut stream = Stream::new(&worker, &info, 0, info.accepted + info.handshake, None, Head::default());
    let result = stream.relay_tcp(&mut client, &mut timer).await;
    if let Err(error) = result {
        stream.end.terminate(error.cause(), error.stage);
    }
    stream.finish();
}

impl Stream<'_> {
    async fn relay_tcp(&mut self, client: &mut H1Conn, timer: &mut Timer) -> Result<(), StreamError> {
        let Some(backend) = self.tcp_backend() else {
            return Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed));
        };
        let mut connector = Connector::new(self.worker, self.info, &backend, true);
        let link = connect_tcp(&mut connector, client, timer).await;
        self.end.retries = connector.retries;
        self.end.redispatched = connector.redispatched;
        self.end.server_queue = connector.server_queue;
        self.end.backend_queue = connector.backend_queue;
        self.times.assigned = connector.assigned_at;
        self.server = connector.server.take();
        let link = link?;
        self.times.connected = Some(Instant::now());
        self.relay_link(&backend, link, client).await
    }

    fn tcp_backend(&mut self) -> Option<Arc<BackendEntry>> {
        let index = self.info.frontend.default_backend?;
        let backend = Arc::clone(self.worker.topology().backends.get(index)?);
        self.session = Some(backend.backend.enter());
        self.backend = Some(Arc::clone(&backend));
        Some(backend)
    }

    /// An HTTP connection becomes a tunnel: the response head goes out, then bytes in both directions.
    ///
    /// # Errors
    /// When the client does not take the head.
    pub(super) async fn tunnel(
        &mut self,
        backend: &BackendEntry,
        link: Link,
        client: &mut H1Conn,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        self.end.status = self.response.status();
        let options = EncodeOptions { upgrade: true, ..EncodeOptions::default() };
        encode_response(&self.response, OutFraming::None, &options, &mut client.output);
        super::local::flush(client, timer, None).await?;
        self.relay_link(backend, link, client).await?;
        Ok(false)
    }

    async fn relay_link(
        &mut self,
        backend: &BackendEntry,
        mut link: Link,
        client: &mut H1Conn,
    ) -> Result<(), StreamError> {
        let options =
            relay_options(&Pair { frontend: &self.info.frontend.config, backend: &backend.config }, self.worker);
        let initial = Initial { from_client: client.take_raw(), from_server: link.conn.take_raw() };
        client.release(&self.worker.buffers);
        link.conn.release(&self.worker.buffers);
        let failed = |end| move |_| StreamError::new(end, Stage::Connect, Kind::Closed);
        client.transport.socket_mut().register().map_err(failed(End::Client))?;
        link.conn.transport.socket_mut().register().map_err(failed(End::Server))?;
        let done =
            relay(&self.worker.forwarder, &mut client.transport, &mut link.conn.transport, initial, &options).await;
        client.bytes_in += done.from_client;
        client.bytes_out += done.to_client;
        self.end.bytes_to_client += done.to_client;
        self.end.bytes_from_client += done.from_client;
        self.end.terminate(done.cause, done.stage);
        Ok(())
    }
}

async fn connect_tcp(
    connector: &mut Connector<'_>,
    client: &mut H1Conn,
    timer: &mut Timer,
) -> Result<Link, StreamError> {
    loop {
        let mut link = connector.next(client, timer, &mut None).await?;
        let deadline = connector.connect_deadline();
        let connected = poll_fn(|cx| {
            if let Poll::Ready(result) = link.conn.poll_connected(cx) {
                return Poll::Ready(result.map_err(|e| StreamError::io(End::Server, Stage::Connect, &e)));
            }
            timer.poll(cx, deadline).map(|()| Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)))
        })
        .await;
        match connected {
            Ok(()) => {
                link.established = true;
                return Ok(link);
            }
            Err(error) => connector.failed(link, error, client, timer).await?,
        }
    }
}

fn relay_options(pair: &Pair<'_>, worker: &Worker) -> RelayOptions {
    let timeouts = pair.timeouts();
    let (front, back) = (&pair.frontend.options, &pair.backend.options);
    let splicing = |always: bool| match () {
        () if worker.settings.global.nosplice => Splicing::Never,
        () if always => Splicing::Always,
        () => Splicing::Auto,
    };
    RelayOptions {
        client: timeouts.client,
        server: timeouts.server,
        tunnel: timeouts.tunnel,
        client_fin: timeouts.client_fin,
        server_fin: timeouts.server_fin,
        splice_request: splicing(front.splice_request || back.splice_request),
        splice_response: splicing(front.splice_response || back.splice_response),
        independent_client: front.independent_streams,
        independent_server: back.independent_streams,
        nolinger_client: front.nolinger,
        nolinger_server: back.nolinger,
    }
}

impl H1Conn {
    /// Ready once a started connection is established and pending output (a PROXY header) was written.
    fn poll_connected(&mut self, cx: &mut std::task::Context<'_>) -> Poll<std::io::Result<()>> {
        if self.has_output() {
            return self.poll_flush(cx);
        }
        let socket = self.transport.socket_mut();
        socket.register()?;
        match socket {
            crate::transport::Socket::Tcp(tcp) => match tcp.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => Poll::Ready(tcp.take_error().and_then(|error| error.map_or(Ok(()), Err))),
                other => other,
            },
            _ => Poll::Ready(Ok(())),
        }
    }
}
