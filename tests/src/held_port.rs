//! A port for a program that only takes an address as text: it stays ours, so that nobody else can get it.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// An address of 127.0.0.1 that is bound and not listened on while the value lives, and that whoever sets SO_REUSEPORT,
/// as lb and HAProxy do, may listen on beside it. The kernel gives it to nobody who asks for any port.
#[derive(Debug)]
pub struct HeldPort {
    socket: Socket,
}

impl HeldPort {
    /// Takes a port.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket");
        socket.set_reuse_address(true).expect("SO_REUSEADDR");
        socket.set_reuse_port(true).expect("SO_REUSEPORT");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("address");
        socket.bind(&any.into()).expect("bind");
        Self { socket }
    }

    /// The address.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("address").as_socket().expect("an IP address")
    }
}
