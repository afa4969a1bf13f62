//! Servers that do as they are told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::h2;
use lb_core::http::h2::frame::PREFACE;
use lb_tests::origin::ClosedPort;
use lb_tests::{PATIENCE, eventually};

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
    /// Takes a port. Without acts nobody listens there: the port is refused.
    pub(crate) fn start(acts: &'static [Act]) -> Self {
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
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(connection, acts, &seen));
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
        // The port in a SOCKS4 request.
        if bytes.starts_with(b"\x04\x01") && bytes.len() > 3 {
            bytes[2..4].fill(0);
        }
        bytes.escape_ascii().to_string()
    }
}

fn serve(mut connection: TcpStream, acts: &[Act], seen: &Mutex<First>) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let is_first = !std::mem::replace(&mut seen.lock().unwrap().taken, true);
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    let mut read = |connection: &mut TcpStream, all: &mut Vec<u8>| match connection.read(&mut buffer) {
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
                socket2::SockRef::from(&connection).set_linger(Some(Duration::ZERO)).unwrap();
                open = false;
                break;
            }
        }
    }
    while open {
        open = read(&mut connection, &mut all);
    }
    if is_first {
        let mut seen = seen.lock().unwrap();
        seen.bytes = all;
        seen.over = true;
    }
}
