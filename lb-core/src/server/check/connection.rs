//! The connection of a check: where it goes, what is said first, and why it failed.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::status::CheckStatus;
use crate::backend::Backend;
use crate::config::model::Address;
use crate::server::{CheckTarget, Server};

/// The PROXY protocol header version 2 of a check: command LOCAL, no addresses (proxy-protocol.txt, section 2.2).
pub(super) const PROXY_V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Where a check goes and what it says first.
#[derive(Debug)]
struct Plan {
    address: Address,
    header: Option<u8>,
}

impl Plan {
    /// `addr` and `port` replace the server's; then the server's `send-proxy` does not apply to the check.
    fn new(server: &Server) -> Self {
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
        let version = config.send_proxy.as_ref().map(|proxy| proxy.version);
        let header = match (config.check_send_proxy, elsewhere) {
            (true, _) => Some(version.unwrap_or(1)),
            (false, false) => version,
            (false, true) => None,
        };
        Self { address, header }
    }
}

/// Why a check failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Tcp(io::Error),
    Other(io::Error),
}

impl Failure {
    /// Status and `info` as HAProxy 2.6.12 gives them: what connect(2) itself reports is a "general socket error", what
    /// the peer or the network answers is not.
    pub(crate) fn explain(self) -> (CheckStatus, Option<String>) {
        match self {
            Self::Tcp(error) if is_answer(&error) => (CheckStatus::L4ConnectionError, Some(text_of(&error))),
            Self::Tcp(error) => (CheckStatus::L4ConnectionError, Some(general(&error))),
            Self::Other(error) => (CheckStatus::SocketError, Some(general(&error))),
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
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Opens the connection, says its header, and closes it.
pub(super) async fn attempt(backend: &Backend, server: &Server) -> Result<(), Failure> {
    let plan = Plan::new(server);
    match &plan.address {
        Address::Inet(address) => connect_tcp(backend, server, *address, plan.header).await,
        Address::Unix(path) => connect_unix(path.as_os_str(), plan.header).await,
        Address::Abstract(name) => {
            let name = [b"\0", name.as_slice()].concat();
            connect_unix(OsStr::from_bytes(&name), plan.header).await
        }
        Address::Fd(_) => Err(Failure::Other(io::Error::from(ErrorKind::Unsupported))),
    }
}

async fn connect_tcp(
    backend: &Backend,
    server: &Server,
    address: SocketAddr,
    header: Option<u8>,
) -> Result<(), Failure> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(Failure::Other)?;
    let options = SockRef::from(&socket);
    let source = server.config.source.as_ref().or(backend.check_settings().source.as_ref());
    if let Some(source) = source {
        if let Some(interface) = &source.interface {
            options.bind_device(Some(interface.as_bytes())).map_err(Failure::Other)?;
        }
        if let Some(local) = source.address.filter(|local| local.is_ipv4() == address.is_ipv4()) {
            socket.set_reuseaddr(true).map_err(Failure::Other)?;
            // A fixed port would make each check wait for the last one's TIME_WAIT.
            socket.bind(SocketAddr::new(local.ip(), 0)).map_err(Failure::Other)?;
        }
    }
    if header.is_none() {
        // Nothing will be said: SYN, SYN-ACK, RST, and the server's accept(2) may never hear of it. These only save
        // packets, so a system that refuses them is no failure.
        let _ = options.set_tcp_quickack(false);
        let _ = options.set_linger(Some(Duration::ZERO));
    }
    let mut stream = socket.connect(address).await.map_err(Failure::Tcp)?;
    if let Some(version) = header {
        let header = proxy_header(version, &stream);
        stream.write_all(&header).await.map_err(Failure::Tcp)?;
    }
    Ok(())
}

async fn connect_unix(path: &OsStr, header: Option<u8>) -> Result<(), Failure> {
    let mut stream = UnixStream::connect(path).await.map_err(Failure::Other)?;
    match header {
        Some(2) => stream.write_all(PROXY_V2_LOCAL).await.map_err(Failure::Other),
        Some(_) => stream.write_all(b"PROXY UNKNOWN\r\n").await.map_err(Failure::Other),
        None => Ok(()),
    }
}

/// The header of a check speaks of the check's own connection.
fn proxy_header(version: u8, stream: &TcpStream) -> Vec<u8> {
    if version == 2 {
        return PROXY_V2_LOCAL.to_vec();
    }
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => {
            let family = if local.is_ipv4() { 4 } else { 6 };
            let (source, destination) = (local.ip(), peer.ip());
            format!("PROXY TCP{family} {source} {destination} {} {}\r\n", local.port(), peer.port()).into_bytes()
        }
        _ => b"PROXY UNKNOWN\r\n".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::backend::tests::backend;
    use crate::config::model::{Balance, SendProxy};

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
        let plans: Vec<_> = backend.servers().iter().map(|server| Plan::new(server)).collect();
        assert_eq!((&plans[0].address, plans[0].header), (&inet("127.0.0.1:1"), Some(2)));
        assert_eq!((&plans[1].address, plans[1].header), (&inet("127.0.0.1:99"), None));
        assert_eq!((&plans[2].address, plans[2].header), (&inet("127.0.0.9:99"), Some(2)));
    }
}
