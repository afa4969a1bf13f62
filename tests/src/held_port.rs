//! A port for a program that only takes an address as text: it stays ours, so that nobody else can get it.

use std::net::{SocketAddr, TcpListener};

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

/// An address that somebody listens on, or nobody: a health check that only connects passes, or fails.
#[derive(Debug)]
pub struct Switch {
    port: HeldPort,
    listener: Option<TcpListener>,
}

impl Switch {
    /// Takes a port and listens on it.
    pub fn up() -> Self {
        let mut switch = Self { port: HeldPort::new(), listener: None };
        switch.set(true);
        switch
    }

    /// Listens, or stops it.
    ///
    /// # Panics
    /// When the port cannot be listened on.
    pub fn set(&mut self, up: bool) {
        self.listener = up.then(|| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket");
            socket.set_reuse_address(true).expect("SO_REUSEADDR");
            socket.set_reuse_port(true).expect("SO_REUSEPORT");
            socket.bind(&self.port.address().into()).expect("bind");
            socket.listen(1024).expect("listen");
            socket.into()
        });
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }
}
