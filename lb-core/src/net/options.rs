//! Options of connected sockets.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;
use socket2::{SockRef, TcpKeepalive};

use crate::config::model::KeepAliveParams;
use crate::transport::Socket;

/// What a frontend sets on the connections it accepts and their listener did not pass on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// `option clitcpka` with its parameters.
    pub keepalive: Option<KeepAliveParams>,
    /// `option nolinger`: closing resets the connection.
    pub nolinger: bool,
    /// `tune.sndbuf.client`.
    pub sndbuf: Option<u32>,
    /// `tune.rcvbuf.client`.
    pub rcvbuf: Option<u32>,
}

impl ClientOptions {
    /// Whether [`apply_client_options`] would do nothing, so that the caller saves the call.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Sets a frontend's options on an accepted connection. UNIX sockets have only buffer sizes.
///
/// Failures are not reported: HAProxy goes on without the option too, and the connection may be gone already.
pub fn apply_client_options(socket: &impl AsFd, tcp: bool, options: &ClientOptions) {
    let reference = SockRef::from(socket);
    if let Some(size) = options.sndbuf {
        let _ = reference.set_send_buffer_size(size as usize);
    }
    if let Some(size) = options.rcvbuf {
        let _ = reference.set_recv_buffer_size(size as usize);
    }
    if !tcp {
        return;
    }
    if let Some(params) = &options.keepalive {
        let _ = set_keepalive(socket, params);
    }
    if options.nolinger {
        let _ = reference.set_linger(Some(Duration::ZERO));
    }
}

/// Turns TCP keep-alive on with the parameters that are set (`option clitcpka`, `option srvtcpka`).
pub fn set_keepalive(socket: &impl AsFd, params: &KeepAliveParams) -> io::Result<()> {
    let reference = SockRef::from(socket);
    if *params == KeepAliveParams::default() {
        return reference.set_keepalive(true);
    }
    let mut keepalive = TcpKeepalive::new();
    if let Some(idle) = params.idle {
        keepalive = keepalive.with_time(idle);
    }
    if let Some(interval) = params.interval {
        keepalive = keepalive.with_interval(interval);
    }
    if let Some(count) = params.count {
        keepalive = keepalive.with_retries(count);
    }
    reference.set_tcp_keepalive(&keepalive)
}

/// Makes the next close reset the connection and leave nothing behind in the system (`option nolinger`).
pub fn set_no_linger(socket: &Socket) {
    let _ = match socket {
        Socket::Tcp(tcp) => SockRef::from(tcp).set_linger(Some(Duration::ZERO)),
        Socket::Fresh(Some(tcp)) => SockRef::from(tcp).set_linger(Some(Duration::ZERO)),
        Socket::Fresh(None) | Socket::Unix(_) => Ok(()),
    };
}

/// Delays (false) or sends at once (true) the acknowledgement of what was received (`option tcp-smart-accept` and
/// `tcp-smart-connect`).
pub fn set_quickack(socket: &impl AsFd, quick: bool) -> io::Result<()> {
    sockopt::set_tcp_quickack(socket, quick).map_err(Into::into)
}
