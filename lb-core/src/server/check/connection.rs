//! The connection of a check: where it goes, what is said first, how it is closed, and why it failed.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use socket2::{Domain, SockRef};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, UnixStream};

use super::machine::Trouble;
use super::status::CheckStatus;
use crate::backend::Backend;
use crate::config::model::{Address, CheckConnect, CheckProto, Proto, SendProxy};
use crate::net::{socks4, stream_socket};
use crate::proxy_protocol::{self, SendContext};
use crate::server::{CheckTarget, Server};
use crate::tls::{self, Alpn, TlsClientConfig, TlsError};
use crate::transport::{Socket, Transport};

/// The PROXY protocol header version 2 of a check: command LOCAL, no addresses (proxy-protocol.txt, section 2.2).
pub(super) const PROXY_V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Where a check goes and what it says first.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) address: Address,
    pub(super) header: Option<u8>,
    /// See [`SendProxy::never_local`].
    pub(super) never_local: bool,
    pub(super) tls: Option<TlsClientConfig>,
    /// What HTTP is spoken in, where that is no matter of ALPN.
    pub(super) proto: Option<Proto>,
    pub(super) socks4: Option<SocketAddr>,
    /// Nothing will be said: SYN, SYN-ACK, RST, and the server's accept(2) may never hear of it.
    pub(super) silent: bool,
    /// The check is the first to say something, so that the ACK of the SYN-ACK can wait for it.
    pub(super) speaks: bool,
}

impl Plan {
    /// For a `connect` step, which is the `index`th of its script, with the port that it evaluated to.
    ///
    /// `addr` and `port` of the server replace its own; then its `send-proxy` and `ssl` do not apply to the check.
    pub(super) fn new(server: &Server, connect: &CheckConnect, index: usize, port: Option<u16>) -> Self {
        let config = &server.config;
        let target = server.checks.target();
        let elsewhere = target != CheckTarget::default();
        let mut address = server.endpoint().address.clone();
        match (&mut address, target.addr, target.port) {
            (Address::Inet(socket), ip, port) => {
                socket.set_ip(ip.unwrap_or(socket.ip()));
                socket.set_port(port.unwrap_or(socket.port()));
            }
            (other, Some(ip), Some(port)) => *other = Address::Inet(SocketAddr::new(ip, port)),
            _ => {}
        }
        match (&mut address, &connect.addr) {
            (Address::Inet(socket), Some(Address::Inet(own))) => {
                socket.set_ip(own.ip());
                if own.port() != 0 {
                    socket.set_port(own.port());
                }
            }
            (other, Some(own)) => *other = own.clone(),
            _ => {}
        }
        if let (Address::Inet(socket), Some(port)) = (&mut address, port) {
            socket.set_port(port);
        }
        let version = config.send_proxy.as_ref().map(|proxy| proxy.version);
        let header = match (connect.send_proxy, connect.default, config.check_send_proxy, elsewhere) {
            (true, ..) | (false, true, true, _) => Some(version.unwrap_or(1)),
            (false, true, false, false) => version,
            _ => None,
        };
        let own_tls = connect.default && config.check_ssl.unwrap_or(server.tls().is_some() && !elsewhere);
        let tls = if connect.ssl || own_tls { server.dial.checks.get(index).cloned().flatten() } else { None };
        let proto = match (connect.proto, connect.default) {
            (Some(CheckProto::Http(proto)), _) => Some(proto),
            (None, true) => config.check_proto.or(config.proto),
            _ => None,
        };
        let via = connect.via_socks4 || (connect.default && config.check_via_socks4);
        let never_local = config.send_proxy.as_ref().is_some_and(|proxy| proxy.never_local);
        Self {
            address,
            header,
            never_local,
            tls,
            proto,
            socks4: config.socks4.filter(|_| via),
            silent: false,
            speaks: false,
        }
    }
}

/// Why a check failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Tcp(io::Error),
    Other(io::Error),
    Socks4(&'static str),
    /// The connection to the proxy broke.
    Socks4Broken(io::Error),
}

impl Failure {
    /// Status and `info` as HAProxy 2.6.12 gives them: what connect(2) itself reports is a "general socket error", what
    /// the peer or the network answers is not.
    pub(crate) fn explain(self) -> Trouble {
        let trouble = |status, text| Trouble { status, text };
        match self {
            Self::Tcp(error) if is_answer(&error) => trouble(CheckStatus::L4ConnectionError, text_of(&error)),
            Self::Tcp(error) => trouble(CheckStatus::L4ConnectionError, general(&error)),
            Self::Other(error) => trouble(CheckStatus::SocketError, general(&error)),
            Self::Socks4(text) => trouble(CheckStatus::SocketError, text.to_owned()),
            Self::Socks4Broken(error) => {
                trouble(CheckStatus::SocketError, format!("{} ({})", socks4::ABORTED, text_of(&error)))
            }
        }
    }
}

fn is_answer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::HostUnreachable
            | ErrorKind::TimedOut
            | ErrorKind::BrokenPipe
    )
}

fn general(error: &io::Error) -> String {
    format!("General socket error ({})", text_of(error))
}

/// The system's text for an error, without the number Rust adds.
pub(super) fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Opens the connection and says its header; TLS is next.
pub(super) async fn open(backend: &Backend, server: &Server, plan: &Plan) -> Result<Socket, Failure> {
    match &plan.address {
        Address::Inet(address) => open_tcp(backend, server, *address, plan).await,
        Address::Unix(path) => open_unix(path.as_os_str(), plan).await,
        Address::Abstract(name) => {
            let name = [b"\0", name.as_slice()].concat();
            open_unix(OsStr::from_bytes(&name), plan).await
        }
        Address::Fd(_) => Err(Failure::Other(io::Error::from(ErrorKind::Unsupported))),
    }
}

async fn open_tcp(backend: &Backend, server: &Server, address: SocketAddr, plan: &Plan) -> Result<Socket, Failure> {
    let through = plan.socks4.unwrap_or(address);
    let socket = socket_towards(backend, server, through).map_err(Failure::Other)?;
    let options = SockRef::from(&socket);
    // These only save packets, so a system that refuses them is no failure.
    if plan.silent || plan.speaks {
        let _ = options.set_tcp_quickack(false);
    }
    if plan.silent {
        let _ = options.set_linger(Some(Duration::ZERO));
    } else {
        let _ = options.set_tcp_nodelay(true);
    }
    let mut stream = socket.connect(through).await.map_err(Failure::Tcp)?;
    if plan.socks4.is_some() {
        let SocketAddr::V4(to) = address else { return Err(Failure::Socks4(socks4::REFUSED)) };
        socks4::pass(&mut stream, to).await.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => Failure::Socks4(socks4::REFUSED),
            ErrorKind::UnexpectedEof => Failure::Socks4(socks4::ENDED),
            _ => Failure::Socks4Broken(error),
        })?;
    }
    if let Some(version) = plan.header {
        let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
        let header = proxy_header(version, plan.never_local, ends);
        stream.write_all(&header).await.map_err(Failure::Tcp)?;
    }
    Ok(Socket::Tcp(stream))
}

/// A socket for a connection of a check or an agent, as `namespace` and `source` of the server want it.
pub(in crate::server) fn socket_towards(backend: &Backend, server: &Server, to: SocketAddr) -> io::Result<TcpSocket> {
    let socket = stream_socket(Domain::for_address(to), server.dial.options.namespace.as_deref())?;
    let source = server.config.source.as_ref().or(backend.check_settings().source.as_ref());
    if let Some(source) = source {
        if let Some(interface) = &source.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        if let Some(local) = source.address.filter(|local| local.is_ipv4() == to.is_ipv4()) {
            socket.set_reuse_address(true)?;
            // A fixed port would make each check wait for the last one's TIME_WAIT.
            socket.bind(&SocketAddr::new(local.ip(), 0).into())?;
        }
    }
    Ok(TcpSocket::from_std_stream(socket.into()))
}

async fn open_unix(path: &OsStr, plan: &Plan) -> Result<Socket, Failure> {
    let mut stream = UnixStream::connect(path).await.map_err(Failure::Other)?;
    if let Some(version) = plan.header {
        stream.write_all(&proxy_header(version, plan.never_local, None)).await.map_err(Failure::Other)?;
    }
    Ok(Socket::Unix(stream))
}

/// Takes the connection into TLS, where the plan has it; tells whether HTTP/2 is spoken on it.
pub(super) async fn secure(plan: &Plan, socket: Socket) -> Result<(Transport, bool), Trouble> {
    let h2 = |alpn| match plan.proto {
        Some(proto) => proto == Proto::H2,
        None => alpn == Alpn::H2,
    };
    let Some(config) = &plan.tls else { return Ok((Transport::Plain(socket), h2(Alpn::None))) };
    let refused = |error: TlsError| {
        let text = match error {
            error if !error.is_other_name() => "SSL handshake failure",
            _ if config.sends_name() => "Server presented an SSL certificate different from the expected one",
            _ => "Server presented an SSL certificate different from the configured one",
        };
        Trouble { status: CheckStatus::L6InvalidResponse, text: text.to_owned() }
    };
    tls::connect(config, socket).await.map(|(transport, info)| (transport, h2(info.alpn))).map_err(refused)
}

/// Closes the connection: in order, or with a reset that leaves nothing behind.
pub(super) async fn close(mut transport: Transport, in_order: bool) {
    if in_order || transport.is_tls() {
        let _ = transport.shutdown().await;
    } else if let Socket::Tcp(stream) = transport.socket() {
        let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

/// The header of a check speaks of the check's own connection, whose ends are known on IP.
fn proxy_header(version: u8, never_local: bool, ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    if version == 2 && !never_local {
        return PROXY_V2_LOCAL.to_vec();
    }
    let (source, destination) = ends.unzip();
    let mut header = Vec::new();
    let config = SendProxy { version, ..SendProxy::default() };
    proxy_protocol::write(&mut header, &config, &SendContext { source, destination, ..SendContext::default() });
    header
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::backend::tests::backend;
    use crate::config::model::Balance;

    #[test]
    fn addr_and_port_replace_the_address_and_drop_the_header() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let backend = backend(Balance::RoundRobin, &[1, 1, 1], |index, line| {
            line.send_proxy = Some(SendProxy { version: 2, ..SendProxy::default() });
            line.check_port = (index > 0).then_some(99);
            line.address = inet("127.0.0.1:1");
            line.check_addr = (index > 1).then_some([127, 0, 0, 9].into());
            line.check_send_proxy = index > 1;
        });
        let own = CheckConnect { default: true, ..CheckConnect::default() };
        let plans: Vec<_> = backend.servers().iter().map(|server| Plan::new(server, &own, 0, None)).collect();
        assert_eq!((&plans[0].address, plans[0].header), (&inet("127.0.0.1:1"), Some(2)));
        assert_eq!((&plans[1].address, plans[1].header), (&inet("127.0.0.1:99"), None));
        assert_eq!((&plans[2].address, plans[2].header), (&inet("127.0.0.9:99"), Some(2)));
        let other = CheckConnect { addr: Some(inet("127.0.0.3:0")), ..CheckConnect::default() };
        let plan = Plan::new(&backend.servers()[2], &other, 0, Some(7));
        assert_eq!((plan.address, plan.header), (inet("127.0.0.3:7"), None));
    }
}
