//! Streams whose bytes are not looked at: TCP mode, and HTTP connections that became tunnels.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::side::Side;
use crate::connect::{Connector, Link, ServerConn};
use crate::forward::{Initial, RelayOptions, Splicing, relay};
use crate::http::h1::encode::{EncodeOptions, OutFraming};
use crate::http::h1::io::H1Conn;
use crate::http::message::Head;
use crate::log::Stage;
use crate::session::ClientInfo;
use crate::topology::{BackendEntry, Pair};
use crate::worker::Worker;
use crate::worker::timer::{Timer, after};

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
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<bool, StreamError> {
        self.end.status = self.response.status();
        let options = EncodeOptions { upgrade: true, ..EncodeOptions::default() };
        client
            .write_response(&self.response, OutFraming::None, OutFraming::None, &options)
            .map_err(|error| StreamError::io(End::Client, Stage::Data, &error))?;
        let deadline = after(Instant::now(), self.info.frontend.config.timeouts.client);
        super::local::flush(client, timer, deadline).await?;
        match client {
            Side::H1(client) => self.relay_link(backend, link, client).await?,
            Side::H2(_) => return Err(StreamError::new(End::Client, Stage::Request, Kind::Malformed)),
        }
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
        let ServerConn::H1(server) = &mut link.conn else {
            return Err(StreamError::new(End::Server, Stage::Connect, Kind::Malformed));
        };
        let initial = Initial { from_client: client.take_raw(), from_server: server.take_raw() };
        client.release(&self.worker.buffers);
        server.release(&self.worker.buffers);
        let failed = |end| move |_| StreamError::new(end, Stage::Connect, Kind::Closed);
        client.transport.socket_mut().register().map_err(failed(End::Client))?;
        server.transport.socket_mut().register().map_err(failed(End::Server))?;
        let done = relay(&self.worker.forwarder, &mut client.transport, &mut server.transport, initial, &options).await;
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
        let mut link = connector.next(&mut Side::H1(client), timer, &mut None).await?;
        let deadline = connector.connect_deadline();
        let connected = poll_fn(|cx| {
            if let Poll::Ready(result) = link.poll_connected(cx) {
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
            Err(error) => connector.failed(link, error, timer).await?,
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

impl Link {
    /// Ready once a started connection is established and pending output (a PROXY header) was written.
    fn poll_connected(&mut self, cx: &mut std::task::Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.conn {
            ServerConn::H1(conn) if conn.has_output() => conn.poll_flush(cx),
            ServerConn::H1(conn) => conn.transport.socket_mut().poll_connected(cx),
            ServerConn::H2 { .. } => Poll::Ready(Ok(())),
        }
    }
}
