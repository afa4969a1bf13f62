//! Servers that do as they are told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::h2;
use lb_core::http::h2::frame::PREFACE;
use lb_tests::origin::ClosedPort;
use lb_tests::{PATIENCE, eventually};
use rustls::server::Acceptor;
use rustls::{ServerConfig, StreamOwned};

/// What a server does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Waits for bytes.
    Recv,
    /// Waits until what came holds these.
    Until(&'static [u8]),
    /// Waits until a request over HTTP/2 is whole.
    Request,
    /// Sends.
    Send(&'static [u8]),
    /// Lets what was sent arrive alone.
    Pause,
    /// Closes.
    Close,
    /// Closes with a reset.
    Reset,
    /// Listens, and nothing else: what is only opened and reset may never be accepted.
    Deaf,
}

/// A server; at the end of its acts it waits for the other side to close.
pub(crate) struct Peer {
    port: u16,
    first: Arc<Mutex<First>>,
    acts: &'static [Act],
    _deaf: Option<TcpListener>,
    /// Keeps others from the port.
    _closed: Option<ClosedPort>,
}

/// The first connection.
#[derive(Default)]
struct First {
    bytes: Vec<u8>,
    taken: bool,
    over: bool,
}

impl Peer {
    /// Takes a port, and speaks TLS where a configuration is given. Without acts nobody listens there: the port is
    /// refused.
    pub(crate) fn start(acts: &'static [Act], tls: Option<Arc<ServerConfig>>) -> Self {
        if acts.is_empty() {
            let closed = ClosedPort::new();
            let first = Arc::new(Mutex::new(First { over: true, ..First::default() }));
            return Self { port: closed.address().port(), first, acts, _deaf: None, _closed: Some(closed) };
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let first = Arc::new(Mutex::new(First::default()));
        if matches!(acts, [Act::Deaf]) {
            first.lock().unwrap().over = true;
            return Self { port, first, acts, _deaf: Some(listener), _closed: None };
        }
        let seen = Arc::clone(&first);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let (seen, tls) = (Arc::clone(&seen), tls.clone());
                std::thread::spawn(move || {
                    connection.set_read_timeout(Some(PATIENCE)).unwrap();
                    let raw = connection.try_clone().unwrap();
                    let is_first = !std::mem::replace(&mut seen.lock().unwrap().taken, true);
                    let bytes = match tls {
                        Some(tls) => serve_tls(connection, &raw, acts, tls),
                        None => serve(connection, &raw, acts),
                    };
                    if is_first {
                        let mut seen = seen.lock().unwrap();
                        seen.bytes = bytes;
                        seen.over = true;
                    }
                });
            }
        });
        Self { port, first, acts, _deaf: None, _closed: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What came over the first connection, once it is over.
    pub(crate) fn first(&self) -> String {
        eventually("the first connection is over", || self.first.lock().unwrap().over);
        let mut bytes = self.first.lock().unwrap().bytes.clone();
        if bytes.starts_with(PREFACE) {
            // HAProxy keeps its request to itself until the server has said its settings.
            let asked = self.acts.iter().any(|act| matches!(act, Act::Request));
            return if asked { h2::requests(&bytes).0 } else { "HTTP/2".to_owned() };
        }
        // The time of a ClientHello.
        if bytes.starts_with(b"\x16\x03\0") && bytes.len() > 15 {
            bytes[11..15].fill(0);
        }
        // A ClientHello of today says more than is compared.
        if bytes.starts_with(b"\x16\x03\x01") {
            return "ClientHello".to_owned();
        }
        // The port in a SOCKS4 request.
        if bytes.starts_with(b"\x04\x01") && bytes.len() > 3 {
            bytes[2..4].fill(0);
        }
        bytes.escape_ascii().to_string()
    }
}

/// What came in TLS, behind the name and the protocols that the client asked for.
fn serve_tls(mut connection: TcpStream, raw: &TcpStream, acts: &[Act], config: Arc<ServerConfig>) -> Vec<u8> {
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        if acceptor.read_tls(&mut connection).is_ok_and(|length| length > 0) {
            match acceptor.accept() {
                Ok(Some(accepted)) => break accepted,
                Ok(None) => continue,
                Err(_) => return b"no ClientHello".to_vec(),
            }
        }
        return b"no ClientHello".to_vec();
    };
    let hello = accepted.client_hello();
    let protocols = hello.alpn().into_iter().flatten().map(|name| String::from_utf8_lossy(name).into_owned());
    let asked = format!("{} [{}] ", hello.server_name().unwrap_or("-"), protocols.collect::<Vec<_>>().join(","));
    let Ok(connection_state) = accepted.into_connection(config) else { return asked.into_bytes() };
    let mut stream = StreamOwned::new(connection_state, connection);
    while stream.conn.is_handshaking() {
        if stream.conn.complete_io(&mut stream.sock).is_err() {
            return asked.into_bytes();
        }
    }
    [asked.as_bytes(), &serve(stream, raw, acts)].concat()
}

fn serve(mut connection: impl Read + Write, raw: &TcpStream, acts: &[Act]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    let mut read = |connection: &mut dyn Read, all: &mut Vec<u8>| match connection.read(&mut buffer) {
        Ok(length) if length > 0 => {
            all.extend_from_slice(&buffer[..length]);
            true
        }
        _ => false,
    };
    let mut open = true;
    for act in acts {
        match act {
            Act::Recv => open = read(&mut connection, &mut all),
            Act::Request => {
                while open && !h2::requests(&all).1 {
                    open = read(&mut connection, &mut all);
                }
            }
            Act::Until(end) => {
                while open && !all.windows(end.len()).any(|window| window == *end) {
                    open = read(&mut connection, &mut all);
                }
            }
            Act::Send(bytes) => open &= connection.write_all(bytes).is_ok(),
            Act::Pause => std::thread::sleep(Duration::from_millis(30)),
            Act::Close | Act::Deaf => {
                open = false;
                break;
            }
            Act::Reset => {
                socket2::SockRef::from(raw).set_linger(Some(Duration::ZERO)).unwrap();
                open = false;
                break;
            }
        }
    }
    while open {
        open = read(&mut connection, &mut all);
    }
    all
}
