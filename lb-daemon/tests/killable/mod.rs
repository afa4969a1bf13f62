//! A server that can be killed, with resets for whoever is connected, and started again on the same port.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use lb_tests::Wire;
use socket2::{Domain, SockRef, Socket, Type};

/// A server that can be killed, with resets for whoever is connected, and started again on the same port.
pub(crate) struct Server {
    /// Where it listens while it lives.
    pub(crate) address: SocketAddr,
    /// Keeps the port while nobody listens.
    _holder: Socket,
    life: Mutex<Option<Life>>,
    answered: Arc<AtomicUsize>,
}

struct Life {
    listener: Arc<Socket>,
    connections: Arc<Mutex<Connections>>,
    acceptor: JoinHandle<()>,
}

/// `None` once the server is dead. The lock is held while a request is answered: it is answered or not, never half.
type Connections = Option<Vec<TcpStream>>;

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket
}

impl Server {
    /// A running server.
    pub(crate) fn start() -> Self {
        let holder = bound("127.0.0.1:0".parse().unwrap());
        let address = holder.local_addr().unwrap().as_socket().unwrap();
        let server = Self { address, _holder: holder, life: Mutex::default(), answered: Arc::default() };
        server.restart();
        server
    }

    /// Requests answered in all its lives.
    pub(crate) fn answers(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Starts it again after [`Server::kill`]; does nothing where it lives.
    pub(crate) fn restart(&self) {
        if self.life.lock().unwrap().is_some() {
            return;
        }
        let listener = Arc::new(bound(self.address));
        listener.listen(1024).unwrap();
        let connections = Arc::new(Mutex::new(Some(Vec::new())));
        let (accepts, shared, answered) = (Arc::clone(&listener), Arc::clone(&connections), Arc::clone(&self.answered));
        let acceptor = std::thread::spawn(move || {
            let mut threads = Vec::new();
            while let Ok((socket, _)) = accepts.accept() {
                // Whoever is still connected at the end sees a reset.
                socket.set_linger(Some(Duration::ZERO)).unwrap();
                let socket = TcpStream::from(socket);
                let Some(open) = &mut *shared.lock().unwrap() else { break };
                open.push(socket.try_clone().unwrap());
                let (shared, answered) = (Arc::clone(&shared), Arc::clone(&answered));
                threads.push(std::thread::spawn(move || serve(socket, &shared, &answered)));
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        let previous = self.life.lock().unwrap().replace(Life { listener, connections, acceptor });
        assert!(previous.is_none(), "two servers on a port");
    }

    /// Resets whoever is connected and refuses from now on.
    pub(crate) fn kill(&self) {
        let Some(life) = self.life.lock().unwrap().take() else { return };
        // Ends `accept` and refuses from now on.
        life.listener.shutdown(Shutdown::Both).unwrap();
        for socket in life.connections.lock().unwrap().take().unwrap() {
            // Wakes the reader, which holds the last handle then.
            let _ = SockRef::from(&socket).shutdown(Shutdown::Read);
        }
        life.acceptor.join().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(socket: TcpStream, connections: &Mutex<Connections>, answered: &AtomicUsize) {
    let peer = socket.peer_addr();
    let mut wire = Wire::of_tcp(socket);
    let is_alive = |guard: &MutexGuard<Connections>| guard.is_some();
    while let Ok(Some(_)) = wire.try_request() {
        let guard = connections.lock().unwrap();
        if !is_alive(&guard) {
            return;
        }
        if wire.try_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
            break;
        }
        answered.fetch_add(1, Ordering::SeqCst);
    }
    if let Some(open) = &mut *connections.lock().unwrap() {
        open.retain(|other| other.peer_addr().ok() != peer.as_ref().ok().copied());
    }
}
