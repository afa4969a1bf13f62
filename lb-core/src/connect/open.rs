//! New connections to servers, with what comes before the first request: PROXY header, TLS, the start of HTTP/2.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::{SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::{Route, ServerConn};
use crate::backend::Target;
use crate::config::{Address, Mode, PortKind, Proto, SendProxy};
use crate::http::h1::io::H1Conn;
use crate::http::h2::H2Client;
use crate::instant::Instant;
use crate::log::Stage;
use crate::net::{ConnectTarget, OpenSocket, PortLease, open_socket, socks4};
use crate::proxy_protocol;
use crate::server::Server;
use crate::session::ClientInfo;
use crate::stats::h2_traffic::H2Traffic;
use crate::stats::tls::{Handshake, OpenTls};
use crate::stream::error::{End, Kind, StreamError};
use crate::stream::h2_end::H2End;
use crate::tls::{self, Alpn, TlsClientConfig, TlsInfo};
use crate::topology::BackendEntry;
use crate::transport::{Socket, Transport};
use crate::worker::Worker;
use crate::worker::timer::{Timer, now};

/// For whom a connection is opened, and where to.
pub(super) struct Ask<'a> {
    pub(super) worker: &'a Worker,
    pub(super) info: &'a ClientInfo,
    pub(super) route: Route,
    pub(super) backend: &'a BackendEntry,
    pub(super) server: Option<&'a Server>,
    /// What it has to speak, where other connections to the server need not.
    pub(super) own: Option<Proto>,
}

impl<'a> Ask<'a> {
    /// What HTTP is spoken in, where that is no matter of ALPN.
    fn proto(&self) -> Option<Proto> {
        self.own.or(self.server?.config.proto)
    }

    fn tls(&self) -> Option<&'a TlsClientConfig> {
        if self.own.is_some() { self.server?.websocket_tls() } else { self.server?.tls() }
    }
}

/// A new connection.
pub(super) struct Opened {
    pub(super) conn: ServerConn,
    pub(super) lease: Option<PortLease>,
    /// The generation of the server before its address was read.
    pub(super) generation: u32,
    /// Handshakes are done; else the first write says whether the server is there.
    pub(super) established: bool,
}

/// Counts an HTTP connection to a server and the stream that begins on it.
pub(super) fn count_open(worker: &Worker, backend: &BackendEntry, conn: &mut ServerConn) {
    if let (ServerConn::H1(conn), Mode::Http) = (conn, backend.config.mode) {
        conn.traffic.count(&backend.backend.stats.mux, worker.index);
        conn.traffic.begin();
    }
}

/// Opens a connection to a server, or to where `dispatch` and `option transparent` lead. Waits only where a handshake
/// comes before the first request.
pub(super) async fn open(ask: Ask<'_>, timer: &mut Timer, deadline: Option<Instant>) -> Result<Opened, StreamError> {
    let Ask { info, route, backend, server, .. } = ask;
    let generation = server.map_or(0, Server::generation);
    let (OpenSocket { socket, lease, .. }, behind) = start(route, backend, server)?;
    let mut conn = Box::new(H1Conn::new(Transport::Plain(socket)));
    write_proxy_header(&mut conn, info, route, server);
    if ask.tls().is_none() && ask.proto() != Some(Proto::H2) && behind.is_none() {
        return Ok(Opened { conn: ServerConn::H1(conn), lease, generation, established: false });
    }
    let conn = match Box::pin(within(timer, deadline, handshakes(&ask, behind, *conn))).await {
        Some(result) => result?,
        None => return Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)),
    };
    Ok(Opened { conn, lease, generation, established: true })
}

pub(super) fn refused() -> StreamError {
    StreamError::new(End::Server, Stage::Connect, Kind::Closed)
}

/// The TCP, SOCKS4, PROXY, TLS and HTTP/2 starts of a connection, as far as they apply. `behind`: where a SOCKS4 proxy
/// is to connect.
async fn handshakes(ask: &Ask<'_>, behind: Option<SocketAddrV4>, mut conn: H1Conn) -> Result<ServerConn, StreamError> {
    let (worker, backend, proto) = (ask.worker, ask.backend, ask.proto());
    poll_fn(|cx| conn.transport.socket_mut().poll_connected(cx)).await.map_err(|_| refused())?;
    if let Some(to) = behind {
        socks4::pass(&mut conn.transport, to).await.map_err(|_| refused())?;
    }
    poll_fn(|cx| conn.poll_flush(cx)).await.map_err(|_| refused())?;
    match (ask.server.and_then(|server| Some((server, ask.tls()?))), conn.transport) {
        (Some((server, config)), Transport::Plain(socket)) => {
            let (transport, session) = secure(worker, backend, server, config, socket).await?;
            match proto == Some(Proto::H2) || (proto.is_none() && session.alpn == Alpn::H2) {
                true => Ok(start_h2(worker, backend, transport, true)),
                false => Ok(ServerConn::H1(Box::new(H1Conn::new(transport)))),
            }
        }
        (_, transport) if proto == Some(Proto::H2) => Ok(start_h2(worker, backend, transport, false)),
        (_, transport) => {
            conn.transport = transport;
            Ok(ServerConn::H1(Box::new(conn)))
        }
    }
}

/// The TLS handshake with a server.
async fn secure(
    worker: &Worker,
    backend: &BackendEntry,
    server: &Server,
    config: &TlsClientConfig,
    socket: Socket,
) -> Result<(Transport, TlsInfo), StreamError> {
    let open = OpenTls::begin(worker);
    let secured = tls::connect(config, socket).await;
    let outcome = match &secured {
        Ok((_, session)) if session.resumed => Handshake::Resumed,
        Ok(_) => Handshake::Full,
        Err(_) => Handshake::Failed,
    };
    outcome.count(worker.index, [&backend.backend.stats.tls, &server.stats.tls]);
    if outcome == Handshake::Full {
        worker.shared.stats.tls_backend_keys.count(worker.index, worker.uptime(now()));
    }
    let (mut transport, session) = secured.map_err(|_| refused())?;
    transport.hold(open);
    Ok((transport, session))
}

fn start_h2(worker: &Worker, backend: &BackendEntry, transport: Transport, tls: bool) -> ServerConn {
    let (client, mut driver) = H2Client::handshake(transport, &worker.h2, tls);
    let mut traffic = H2Traffic::new(&backend.backend.stats.mux, worker.index);
    tokio::task::spawn_local(async move {
        poll_fn(|cx| {
            // Its streams report what went wrong.
            let over = Pin::new(&mut driver).poll(cx).map(drop);
            traffic.tell(driver.counts(), driver.open_streams());
            over
        })
        .await;
    });
    ServerConn::H2 { client: Rc::new(RefCell::new(client)), end: Box::new(H2End::unopened()) }
}

/// Runs `work` until `deadline`; `None` when it was not done by then.
pub(crate) async fn within<T>(
    timer: &mut Timer,
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.poll(cx, deadline).map(|()| None),
    })
    .await
}

/// Starts a connection. Where it goes through a SOCKS4 proxy, its address comes with it.
fn start(
    route: Route,
    backend: &BackendEntry,
    server: Option<&Server>,
) -> Result<(OpenSocket, Option<SocketAddrV4>), StreamError> {
    let mut behind = None;
    let (target, options) = match server {
        Some(server) => {
            let endpoint = server.endpoint();
            let address = with_port(&endpoint.address, endpoint.port, route.destination);
            match (server.config.socks4, &address) {
                (None, _) => (ConnectTarget::from_address(&address), &server.dial.options),
                (Some(proxy), Address::Inet(SocketAddr::V4(to))) => {
                    behind = Some(*to);
                    (Some(ConnectTarget::Inet(proxy)), &server.dial.options)
                }
                // SOCKS4 knows no other addresses.
                (Some(_), _) => return Err(refused()),
            }
        }
        None => {
            let target = match backend.backend.target {
                Target::Dispatch(address) => Some(address),
                _ => route.destination,
            };
            (target.map(ConnectTarget::Inet), &backend.dial.options)
        }
    };
    let seen = match options.header_source() {
        Some(_) => route.imitated.map(|ip| SocketAddr::new(ip, 0)),
        None => route.source,
    };
    let open = open_socket(&target.ok_or_else(refused)?, options, seen).map_err(|_| refused())?;
    Ok((open, behind))
}

/// The address with the port the client used, where the server's was written so.
pub(super) fn with_port(address: &Address, port: PortKind, client: Option<SocketAddr>) -> Address {
    let client_port = client.map_or(0, |client| client.port());
    match (address, port) {
        (Address::Inet(inet), PortKind::Client) => Address::Inet(SocketAddr::new(inet.ip(), client_port)),
        (Address::Inet(inet), PortKind::Offset(by)) => {
            // Out of range wraps as the kernel's 16 bits do.
            let port = (i32::from(client_port) + by).rem_euclid(65536) as u16;
            Address::Inet(SocketAddr::new(inet.ip(), port))
        }
        _ => address.clone(),
    }
}

/// `send-proxy`: the header goes out before the first byte of the stream.
fn write_proxy_header(conn: &mut H1Conn, info: &ClientInfo, route: Route, server: Option<&Server>) {
    if let Some(config) = server.and_then(|server| server.config.send_proxy.as_ref()) {
        proxy_header(config, info, route, &mut conn.output);
    }
}

/// Appends the PROXY header of a client connection.
fn proxy_header(config: &SendProxy, info: &ClientInfo, route: Route, out: &mut Vec<u8>) {
    let context = proxy_protocol::SendContext {
        source: route.source,
        destination: route.destination,
        ssl: info.tls.as_deref().map(|&(version, cipher)| proxy_protocol::SslClient {
            version: version.as_bytes(),
            cipher: Some(cipher.as_bytes()),
            ..proxy_protocol::SslClient::default()
        }),
        ..proxy_protocol::SendContext::default()
    };
    proxy_protocol::write(out, config, &context);
}
