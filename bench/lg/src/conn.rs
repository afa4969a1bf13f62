//! A connection and its socket.

use std::io::{self, Read, Write};

/// A socket by its descriptor, as rustls wants one.
pub struct Sock(pub i32);

impl Read for Sock {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        let r = unsafe { libc::recv(self.0, b.as_mut_ptr() as _, b.len(), 0) };
        if r < 0 { Err(io::Error::last_os_error()) } else { Ok(r as usize) }
    }
}

impl Write for Sock {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        let r = unsafe { libc::send(self.0, b.as_ptr() as _, b.len(), libc::MSG_NOSIGNAL) };
        if r < 0 { Err(io::Error::last_os_error()) } else { Ok(r as usize) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(PartialEq, Clone, Copy, Debug, Default)]
pub enum State {
    #[default]
    Dead,
    Connecting,
    /// A request was sent.
    Wait,
    Idle,
    /// The response is there; the end of the connection is not.
    WaitEof,
}

#[derive(Default)]
pub struct Conn {
    /// -1 while there is none.
    pub fd: i32,
    pub state: State,
    pub tls: Option<Box<rustls::ClientConnection>>,
    /// When the request was due.
    pub start: u64,
    /// The head of the response is complete.
    pub head_read: bool,
    pub chunked: bool,
    /// Bytes of the body that are missing.
    pub need: i64,
    /// The last bytes of a chunked body.
    pub tail: Vec<u8>,
    /// The part of a head that is there.
    pub head: Vec<u8>,
}

impl Conn {
    /// A place for a connection.
    pub fn closed() -> Self {
        Self { fd: -1, ..Self::default() }
    }

    /// Forgets the response before.
    pub fn expect_response(&mut self) {
        self.head_read = false;
        self.head.clear();
        self.tail.clear();
        self.chunked = false;
    }
}
