//! A scripted server behind the load balancer: a thread per connection, blocking sockets.

use std::fmt;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::message::Message;
use crate::wire::{Socket, Wire};

/// A running origin server; dropping it closes its connections and joins its threads.
pub struct Origin {
    address: Option<SocketAddr>,
    path: Option<std::path::PathBuf>,
    seen: Arc<Seen>,
    acceptor: Option<JoinHandle<()>>,
}

/// What an origin saw.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Message>>,
    open: Mutex<Vec<Wire>>,
    stopping: AtomicBool,
}

/// One connection that the origin accepted.
pub struct Visit {
    /// The connection.
    pub wire: Wire,
    /// How many were accepted before it.
    pub index: usize,
    seen: Arc<Seen>,
    resets: AtomicBool,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Visit {
    /// The next request, noted in [`Origin::requests`]; `None` when the peer is done.
    pub fn request(&mut self) -> Option<Message> {
        let request = self.wire.try_request().ok()??;
        self.note(request.clone());
        Some(request)
    }

    /// The head of the next request, noted likewise.
    pub fn request_head(&mut self) -> Option<Message> {
        let request = self.wire.try_head().ok()??;
        self.note(request.clone());
        Some(request)
    }

    /// Closes with a reset.
    ///
    /// # Panics
    /// When the socket does not take the setting.
    pub fn reset(&self) {
        if let Socket::Tcp(tcp) = self.wire.socket() {
            socket2::SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
        }
        // The handles that the origin keeps would hold the connection open.
        self.seen.open.lock().unwrap().retain(|wire| !wire.is_same(&self.wire));
        self.resets.store(true, Ordering::SeqCst);
    }

    /// Waits, the connection open, until the origin is dropped or the peer resets it.
    pub fn linger(&mut self) {
        while !self.seen.stopping.load(Ordering::SeqCst) && !self.wire.is_broken() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    fn note(&self, request: Message) {
        self.seen.requests.lock().unwrap().push(request);
    }
}

impl Origin {
    /// Runs `script` for each connection; the connection closes when it returns.
    ///
    /// # Panics
    /// When no port can be bound.
    pub fn start(script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let accept = move || listener.accept().map(|(socket, _)| Wire::of_tcp(socket));
        Self::serve(Some(address), None, accept, script)
    }

    /// The same on a UNIX socket.
    ///
    /// # Panics
    /// When the path cannot be bound.
    pub fn start_unix(path: &Path, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("bind");
        let accept = move || listener.accept().map(|(socket, _)| Wire::of_unix(socket));
        Self::serve(None, Some(path.to_owned()), accept, script)
    }

    fn serve(
        address: Option<SocketAddr>,
        path: Option<std::path::PathBuf>,
        accept: impl Fn() -> std::io::Result<Wire> + Send + 'static,
        script: impl Fn(&mut Visit) + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Seen::default());
        let (shared, script) = (Arc::clone(&seen), Arc::new(script));
        let acceptor = std::thread::spawn(move || {
            let mut threads = Vec::new();
            while let Ok(wire) = accept() {
                if shared.stopping.load(Ordering::SeqCst) {
                    break;
                }
                let index = shared.connections.fetch_add(1, Ordering::SeqCst);
                shared.open.lock().unwrap().push(wire.writer());
                let mut visit = Visit { wire, index, seen: Arc::clone(&shared), resets: AtomicBool::new(false) };
                let script = Arc::clone(&script);
                threads.push(std::thread::spawn(move || {
                    script(&mut visit);
                    // Another handle is kept for the end of the test: the peer must see this end now.
                    if !visit.resets.load(Ordering::SeqCst) {
                        shutdown(&visit.wire);
                    }
                }));
            }
            for thread in threads {
                let _ = thread.join();
            }
        });
        Self { address, path, seen, acceptor: Some(acceptor) }
    }

    /// Answers each request with these bytes and keeps the connection.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |visit| {
            while visit.request().is_some() {
                if visit.wire.try_send(&bytes).is_err() {
                    return;
                }
            }
        })
    }

    /// Answers each request with these bytes and closes.
    pub fn answering_once(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |visit| {
            if visit.request().is_some() {
                let _ = visit.wire.try_send(&bytes);
            }
        })
    }

    /// Answers 200 with this text as body.
    pub fn saying(text: &str) -> Self {
        Self::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()))
    }

    /// Answers 200 with the request's body as body.
    pub fn echoing() -> Self {
        Self::start(|visit| {
            while let Some(request) = visit.request() {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", request.body.len());
                if visit.wire.try_send(head).and_then(|()| visit.wire.try_send(&request.body)).is_err() {
                    return;
                }
            }
        })
    }

    /// Where it listens.
    ///
    /// # Panics
    /// On a UNIX socket.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a TCP origin")
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Requests received so far.
    pub fn requests(&self) -> Vec<Message> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The only request received so far.
    ///
    /// # Panics
    /// When there were none or several.
    #[track_caller]
    pub fn request(&self) -> Message {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.seen.stopping.store(true, Ordering::SeqCst);
        for wire in self.seen.open.lock().unwrap().drain(..) {
            shutdown(&wire);
        }
        // Wakes the acceptor.
        match (&self.address, &self.path) {
            (Some(address), _) => drop(TcpStream::connect(address)),
            (_, Some(path)) => drop(UnixStream::connect(path)),
            _ => {}
        }
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn shutdown(wire: &Wire) {
    let _ = match wire.socket() {
        Socket::Tcp(tcp) => tcp.shutdown(std::net::Shutdown::Both),
        Socket::Unix(unix) => unix.shutdown(std::net::Shutdown::Both),
    };
}

/// An address of 127.0.0.1 on which nothing listens while the value lives: it is bound, not listened on.
#[derive(Debug)]
pub struct ClosedPort {
    socket: socket2::Socket,
}

impl ClosedPort {
    /// Takes a port.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("socket");
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

/// An address of 127.0.0.1 that neither accepts nor refuses while the value lives: its backlog is full.
#[derive(Debug)]
pub struct SilentPort {
    listener: socket2::Socket,
    fillers: Vec<socket2::Socket>,
}

impl SilentPort {
    /// Takes a port and fills its backlog.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut port = Self::open();
        port.fill();
        port
    }

    /// Takes a port that is not silent yet.
    ///
    /// # Panics
    /// When there is none.
    pub fn open() -> Self {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("address");
        listener.bind(&any.into()).expect("bind");
        listener.listen(0).expect("listen");
        Self { listener, fillers: Vec::new() }
    }

    /// The next connection.
    ///
    /// # Panics
    /// When it cannot be accepted.
    pub fn accept(&self) -> Wire {
        Wire::of_tcp(self.listener.accept().expect("accept").0.into())
    }

    /// Fills the backlog.
    ///
    /// # Panics
    /// When there are no sockets.
    pub fn fill(&mut self) {
        let address = self.listener.local_addr().expect("address");
        for _ in 0..4 {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("socket");
            socket.set_nonblocking(true).expect("non-blocking");
            let _ = socket.connect(&address);
            self.fillers.push(socket);
        }
    }

    /// The address.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("address").as_socket().expect("an IP address")
    }
}
