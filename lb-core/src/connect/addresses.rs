//! Addresses of both ends of a stream, as servers and the log (`%bi`, `%bp`, `%si`, `%sp`) see them.

use std::net::{IpAddr, SocketAddr};

use super::open::with_port;
use crate::backend::Target;
use crate::config::Address;
use crate::log::ServerAddress;
use crate::server::Server;
use crate::topology::BackendEntry;
use crate::transport::Socket;

/// Where a stream's client comes from and wanted to go, as the rules left it (`set-src`, `set-dst`): what servers are told
/// and chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// `None` for UNIX clients.
    pub(crate) source: Option<SocketAddr>,
    /// The address that the client connected to.
    pub(crate) destination: Option<SocketAddr>,
    /// The address that a field of the request holds, where the server is to see that (`usesrc hdr_ip`).
    pub(crate) imitated: Option<IpAddr>,
}

/// Addresses of a server connection, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Ours; `None` on a UNIX socket.
    pub(crate) local: Option<SocketAddr>,
    /// The server's.
    pub(crate) server: Option<ServerAddress>,
}

impl Addresses {
    /// Of a connection whose socket may be asked. One that failed does not know its peer: it is where it was to go.
    pub(super) fn of(socket: Option<&Socket>, route: Route, backend: &BackendEntry, server: Option<&Server>) -> Self {
        let local = socket.and_then(Socket::local_addr);
        let peer = socket.and_then(Socket::peer_addr).map(ServerAddress::Inet);
        Self { local, server: peer.or_else(|| destination(route, backend, server)) }
    }
}

fn destination(route: Route, backend: &BackendEntry, server: Option<&Server>) -> Option<ServerAddress> {
    let address = match server {
        Some(server) => {
            let endpoint = server.endpoint();
            with_port(&endpoint.address, endpoint.port, route.destination)
        }
        None => match backend.backend.target {
            Target::Dispatch(address) => Address::Inet(address),
            _ => Address::Inet(route.destination?),
        },
    };
    Some(match address {
        Address::Inet(inet) => ServerAddress::Inet(inet),
        _ => ServerAddress::Unix,
    })
}
