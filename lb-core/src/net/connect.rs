//! Connections to servers: source address, options, connect without blocking.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket as RawSocket};
use tokio::net::UnixStream;

use super::listen::{abstract_address, at_least_a_millisecond};
use super::namespace::{Namespace, stream_socket};
use super::options::set_keepalive;
use super::port_range::{PortLease, PortRange};
use super::system_option::{SystemOption, SystemOptions};
use crate::config::model::{Address, KeepAliveParams, Source, UseSrc};
use crate::transport::Socket;

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectTarget {
    /// TCP.
    Inet(SocketAddr),
    /// UNIX path.
    Unix(PathBuf),
    /// Abstract name.
    Abstract(Vec<u8>),
}

impl ConnectTarget {
    /// The target of a server address; `None` for `fd@`, which cannot be connected to.
    pub fn from_address(address: &Address) -> Option<Self> {
        match address {
            Address::Inet(inet) => Some(Self::Inet(*inet)),
            Address::Unix(path) => Some(Self::Unix(path.clone())),
            Address::Abstract(name) => Some(Self::Abstract(name.clone())),
            Address::Fd(_) => None,
        }
    }
}

/// What a server or backend says about its connections. Made once per server.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// `source` with `usesrc` and `interface`.
    pub source: Option<Source>,
    /// The free ports when `source` has a range.
    pub ports: Option<PortRange>,
    /// `option srvtcpka` with its parameters.
    pub keepalive: Option<KeepAliveParams>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<Duration>,
    /// `tune.sndbuf.server`.
    pub sndbuf: Option<u32>,
    /// `tune.rcvbuf.server`.
    pub rcvbuf: Option<u32>,
    /// `option nolinger` of the backend.
    pub nolinger: bool,
    /// `option tcp-smart-connect`: the handshake's last ACK waits for the first data.
    pub smart_connect: bool,
    /// `tfo` of the server.
    pub tfo: bool,
    /// `namespace` of the server; UNIX sockets know none.
    pub namespace: Option<Arc<Namespace>>,
    /// For `tfo`.
    pub system: SystemOptions,
}

impl ConnectOptions {
    /// The field of a request, and which of its values, that the source address is taken from (`usesrc hdr_ip`).
    pub(crate) fn header_source(&self) -> Option<(&str, i64)> {
        match self.source.as_ref()?.usesrc.as_ref()? {
            UseSrc::Header { name, occurrence } => Some((name, *occurrence)),
            _ => None,
        }
    }

    /// Sets the source and makes the port allocator its range needs.
    pub fn with_source(mut self, source: Option<Source>) -> Self {
        self.ports = source.as_ref().and_then(|source| {
            let low = source.address?.port();
            source.port_high.filter(|high| low != 0 && *high > low).map(|high| PortRange::new(low, high))
        });
        self.source = source;
        self
    }
}

/// Why a connection could not be opened. All of these are safe to retry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No descriptor, memory or buffer left: a proxy-side problem (termination state `R`).
    #[error("no resources for a new socket: {0}")]
    Resources(#[source] io::Error),
    /// The source address cannot be used, or every port of its range is in use.
    #[error("cannot bind to the source address: {0}")]
    Source(#[source] io::Error),
    /// An option could not be set that the connection must not go without.
    #[error("cannot set {0}: {1}")]
    Option(&'static str, #[source] io::Error),
    /// The server refused or could not be reached.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
}

/// A socket whose connection has been started, registered with the reactor of the calling thread.
#[derive(Debug)]
pub struct OpenSocket {
    /// The socket.
    pub socket: Socket,
    /// Whether the connection is established already (UNIX sockets always are).
    pub connected: bool,
    /// The source port, when it comes from a range: keep it as long as the socket.
    pub lease: Option<PortLease>,
}

/// Opens a socket, binds it as `source` asks and starts the connection without waiting.
///
/// `client` is the client's address for `usesrc client` and `clientip`. TCP_NODELAY is always set.
///
/// # Errors
/// [`ConnectError`]; nothing was sent to the server beyond what the kernel does for a handshake.
pub fn open_socket(
    target: &ConnectTarget,
    options: &ConnectOptions,
    client: Option<SocketAddr>,
) -> Result<OpenSocket, ConnectError> {
    let (domain, address) = match target {
        ConnectTarget::Inet(inet) => (Domain::for_address(*inet), SockAddr::from(*inet)),
        ConnectTarget::Unix(path) => (Domain::UNIX, SockAddr::unix(path).map_err(ConnectError::Connect)?),
        ConnectTarget::Abstract(name) => (Domain::UNIX, abstract_address(name).map_err(ConnectError::Connect)?),
    };
    let namespace = options.namespace.as_deref().filter(|_| domain != Domain::UNIX);
    let raw = stream_socket(domain, namespace).map_err(ConnectError::Resources)?;
    set_buffers(&raw, options);
    let mut lease = None;
    if let ConnectTarget::Inet(inet) = target {
        set_tcp_options(&raw, options);
        if options.tfo {
            let set = options.system.set(&raw, SystemOption::FastOpenConnect);
            set.map_err(|error| ConnectError::Option("tfo", error))?;
        }
        lease = bind_source(&raw, *inet, options, client)?;
    }
    let connected = match raw.connect(&address) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => false,
        // A UNIX listener with a full backlog.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(ConnectError::Connect(error)),
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return Err(ConnectError::Source(error)),
        Err(error) => return Err(ConnectError::Connect(error)),
    };
    let socket = match target {
        // Registered when it first has to wait: see `Socket::Fresh`.
        ConnectTarget::Inet(_) => Ok(Socket::Fresh(Some(raw.into()))),
        _ => UnixStream::from_std(raw.into()).map(Socket::Unix),
    };
    Ok(OpenSocket { socket: socket.map_err(ConnectError::Resources)?, connected, lease })
}

/// Waits until a started connection is established. Cancel safe.
///
/// # Errors
/// [`ConnectError::Connect`] with what the kernel says of the connection.
pub async fn wait_connected(open: &mut OpenSocket) -> Result<(), ConnectError> {
    if open.connected {
        return Ok(());
    }
    open.socket.register().map_err(ConnectError::Resources)?;
    if let Socket::Tcp(tcp) = &open.socket {
        poll_fn(|cx| tcp.poll_write_ready(cx)).await.map_err(ConnectError::Connect)?;
        if let Some(error) = tcp.take_error().map_err(ConnectError::Connect)? {
            return Err(ConnectError::Connect(error));
        }
    }
    open.connected = true;
    Ok(())
}

/// [`open_socket`] and [`wait_connected`]. The timeout is the caller's.
///
/// # Errors
/// As both.
pub async fn connect(
    target: &ConnectTarget,
    options: &ConnectOptions,
    client: Option<SocketAddr>,
) -> Result<(Socket, Option<PortLease>), ConnectError> {
    let mut open = open_socket(target, options, client)?;
    wait_connected(&mut open).await?;
    Ok((open.socket, open.lease))
}

fn set_buffers(raw: &RawSocket, options: &ConnectOptions) {
    if let Some(size) = options.sndbuf {
        let _ = raw.set_send_buffer_size(size as usize);
    }
    if let Some(size) = options.rcvbuf {
        let _ = raw.set_recv_buffer_size(size as usize);
    }
}

/// Options whose failure does not matter, as in HAProxy.
fn set_tcp_options(raw: &RawSocket, options: &ConnectOptions) {
    let _ = raw.set_tcp_nodelay(true);
    if let Some(params) = &options.keepalive {
        let _ = set_keepalive(raw, params);
    }
    if let Some(timeout) = options.tcp_user_timeout {
        let _ = raw.set_tcp_user_timeout(Some(at_least_a_millisecond(timeout)));
    }
    if options.nolinger {
        let _ = raw.set_linger(Some(Duration::ZERO));
    }
    if options.smart_connect {
        let _ = raw.set_tcp_quickack(false);
    }
}

/// `source`: binds to the configured address or, with `usesrc`, to the client's.
fn bind_source(
    raw: &RawSocket,
    target: SocketAddr,
    options: &ConnectOptions,
    client: Option<SocketAddr>,
) -> Result<Option<PortLease>, ConnectError> {
    let Some(source) = &options.source else { return Ok(None) };
    if let Some(interface) = &source.interface {
        raw.bind_device(Some(interface.as_bytes())).map_err(|error| ConnectError::Option("interface", error))?;
    }
    if let Some(foreign) = foreign_source(source, client) {
        // A client of the other family cannot be imitated: the configured address is used, as in HAProxy.
        if foreign.is_ipv4() == target.is_ipv4() {
            set_transparent(raw, target.ip()).map_err(|error| ConnectError::Option("transparent binding", error))?;
            let _ = raw.set_reuse_address(true);
            raw.bind(&foreign.into()).map_err(ConnectError::Source)?;
            return Ok(None);
        }
    }
    let Some(address) = source.address else { return Ok(None) };
    if address.is_ipv4() != target.is_ipv4() {
        return Ok(None);
    }
    let _ = raw.set_reuse_address(true);
    let Some(ports) = &options.ports else {
        raw.bind(&address.into()).map_err(ConnectError::Source)?;
        return Ok(None);
    };
    // Ports that something else holds are skipped; each is tried at most once.
    let mut busy = Vec::new();
    for _ in 0..ports.free().max(1) {
        let Some(lease) = ports.lease() else { break };
        match raw.bind(&SocketAddr::new(address.ip(), lease.port()).into()) {
            Ok(()) => return Ok(Some(lease)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => busy.push(lease),
            Err(error) => return Err(ConnectError::Source(error)),
        }
    }
    Err(ConnectError::Source(io::Error::new(io::ErrorKind::AddrInUse, "no free port in the source range")))
}

/// The address `usesrc` asks for.
fn foreign_source(source: &Source, client: Option<SocketAddr>) -> Option<SocketAddr> {
    match source.usesrc.as_ref()? {
        UseSrc::Client => client,
        UseSrc::Header { .. } => client,
        UseSrc::ClientIp => client.map(|client| SocketAddr::new(client.ip(), 0)),
        UseSrc::Address(address) => Some(*address),
    }
}

fn set_transparent(raw: &RawSocket, family: IpAddr) -> io::Result<()> {
    match family {
        IpAddr::V4(_) => raw.set_ip_transparent_v4(true),
        IpAddr::V6(_) => raw.set_ip_transparent_v6(true),
    }
}
