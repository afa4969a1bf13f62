//! One connection: raw bytes out, strictly read HTTP/1 messages in.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::PATIENCE;
use crate::message::{Message, parse_field};

/// The socket of a [`Wire`].
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// UNIX.
    Unix(UnixStream),
}

/// A connection with what was read from it and not used.
#[derive(Debug)]
pub struct Wire {
    socket: Socket,
    buffer: Vec<u8>,
    used: usize,
}

impl Wire {
    /// Connects over TCP.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self::of_tcp(TcpStream::connect_timeout(&address, PATIENCE).expect("connect"))
    }

    /// Connects to a UNIX socket.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Self {
        Self::of_unix(UnixStream::connect(path).expect("connect"))
    }

    /// Wraps a TCP connection.
    ///
    /// # Panics
    /// When the socket does not take its settings.
    pub fn of_tcp(socket: TcpStream) -> Self {
        socket.set_nodelay(true).expect("nodelay");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("timeout");
        Self { socket: Socket::Tcp(socket), buffer: Vec::new(), used: 0 }
    }

    /// Wraps a UNIX connection.
    ///
    /// # Panics
    /// When the socket does not take its settings.
    pub fn of_unix(socket: UnixStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("timeout");
        Self { socket: Socket::Unix(socket), buffer: Vec::new(), used: 0 }
    }

    /// A second handle on the same connection, for a thread that writes while another reads.
    ///
    /// # Panics
    /// When the descriptor cannot be duplicated.
    pub fn writer(&self) -> Self {
        let socket = match &self.socket {
            Socket::Tcp(tcp) => Socket::Tcp(tcp.try_clone().expect("clone")),
            Socket::Unix(unix) => Socket::Unix(unix.try_clone().expect("clone")),
        };
        Self { socket, buffer: Vec::new(), used: 0 }
    }

    /// Whether both are handles on the same connection.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.socket, &other.socket) {
            (Socket::Tcp(a), Socket::Tcp(b)) => a.peer_addr().ok() == b.peer_addr().ok(),
            _ => false,
        }
    }

    /// Whether the peer reset the connection.
    pub(crate) fn is_broken(&self) -> bool {
        match &self.socket {
            Socket::Tcp(tcp) => {
                let error = tcp.take_error().ok().flatten().is_some();
                error || tcp.peer_addr().is_err()
            }
            Socket::Unix(_) => false,
        }
    }

    /// The socket.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The local address of a TCP connection.
    ///
    /// # Panics
    /// When it is not one.
    pub fn local_addr(&self) -> SocketAddr {
        match &self.socket {
            Socket::Tcp(tcp) => tcp.local_addr().expect("address"),
            Socket::Unix(_) => panic!("a UNIX socket has no port"),
        }
    }

    /// The address at the other end of a TCP connection.
    ///
    /// # Panics
    /// When it is not one.
    pub fn peer_addr(&self) -> SocketAddr {
        match &self.socket {
            Socket::Tcp(tcp) => tcp.peer_addr().expect("address"),
            Socket::Unix(_) => panic!("a UNIX socket has no port"),
        }
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the peer went away.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        match &mut self.socket {
            Socket::Tcp(tcp) => tcp.write_all(bytes.as_ref()),
            Socket::Unix(unix) => unix.write_all(bytes.as_ref()),
        }
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    /// When the peer went away.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.try_send(bytes).expect("write");
        self
    }

    /// Closes the sending side.
    ///
    /// # Panics
    /// When the connection is gone.
    #[track_caller]
    pub fn finish(&mut self) -> &mut Self {
        match &self.socket {
            Socket::Tcp(tcp) => tcp.shutdown(Shutdown::Write),
            Socket::Unix(unix) => unix.shutdown(Shutdown::Write),
        }
        .expect("shutdown");
        self
    }

    /// Closes the connection with a reset.
    ///
    /// # Panics
    /// When the socket does not take the setting.
    pub fn reset(self) {
        if let Socket::Tcp(tcp) = &self.socket {
            socket2::SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
        }
    }

    /// Reads what is there, at least a byte; 0 at the end.
    ///
    /// # Errors
    /// As the socket: a reset, or nothing for [`PATIENCE`].
    pub fn read_some(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let buffered = &self.buffer[self.used..];
        if !buffered.is_empty() {
            let n = buffered.len().min(into.len());
            into[..n].copy_from_slice(&buffered[..n]);
            self.used += n;
            return Ok(n);
        }
        self.read_socket(into)
    }

    fn read_socket(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.socket {
            Socket::Tcp(tcp) => tcp.read(into),
            Socket::Unix(unix) => unix.read(into),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let mut block = vec![0; 65536];
        let n = self.read_socket(&mut block)?;
        self.buffer.extend_from_slice(&block[..n]);
        Ok(n)
    }

    /// Reads exactly `n` bytes.
    ///
    /// # Errors
    /// When the connection ends before.
    pub fn read_exactly(&mut self, n: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; n];
        let mut have = 0;
        while have < n {
            match self.read_some(&mut bytes[have..])? {
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{have} of {n} bytes"))),
                more => have += more,
            }
        }
        Ok(bytes)
    }

    /// Reads up to and including `mark`. An end before its first byte is an empty answer.
    fn read_through(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let window = &self.buffer[self.used..];
            let from = searched.min(window.len());
            if let Some(at) = window[from..].windows(mark.len()).position(|w| w == mark) {
                let taken = window[..from + at + mark.len()].to_vec();
                self.used += taken.len();
                return Ok(taken);
            }
            searched = window.len().saturating_sub(mark.len());
            if self.fill()? == 0 {
                let rest = &self.buffer[self.used..];
                if rest.is_empty() {
                    return Ok(Vec::new());
                }
                let text = format!("ended in {:?}", String::from_utf8_lossy(rest));
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
        }
    }

    /// Reads to the end of the connection.
    ///
    /// # Errors
    /// When it is reset.
    pub fn try_read_to_end(&mut self) -> io::Result<Vec<u8>> {
        while self.fill_more()? != 0 {}
        let rest = self.buffer[self.used..].to_vec();
        self.used = self.buffer.len();
        Ok(rest)
    }

    fn fill_more(&mut self) -> io::Result<usize> {
        let mut block = vec![0; 65536];
        let n = self.read_socket(&mut block)?;
        self.buffer.extend_from_slice(&block[..n]);
        Ok(n)
    }

    /// Reads to the end of the connection.
    ///
    /// # Panics
    /// When it is reset.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        self.try_read_to_end().expect("read to the end")
    }

    /// Requires that nothing more comes and the peer closes.
    ///
    /// # Panics
    /// When there is more.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "more came: {:?}", String::from_utf8_lossy(&rest));
    }

    /// Requires that the peer closes or resets without a byte more.
    ///
    /// # Panics
    /// When there is more.
    #[track_caller]
    pub fn expect_gone(&mut self) {
        match self.try_read_to_end() {
            Ok(rest) => assert!(rest.is_empty(), "more came: {:?}", String::from_utf8_lossy(&rest)),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}"),
        }
    }

    /// The head of the next message; `None` when the peer closed instead.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn try_head(&mut self) -> io::Result<Option<Message>> {
        let head = self.read_through(b"\r\n\r\n")?;
        Ok((!head.is_empty()).then(|| Message::parse_head(&head)))
    }

    /// The head of the next message.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn head(&mut self) -> Message {
        self.try_head().expect("a head").expect("a head, not the end")
    }

    /// A whole request with its body; `None` when the peer closed instead.
    ///
    /// # Errors
    /// When the connection ends within it.
    pub fn try_request(&mut self) -> io::Result<Option<Message>> {
        let Some(mut message) = self.try_head()? else { return Ok(None) };
        self.read_body(&mut message, false)?;
        Ok(Some(message))
    }

    /// The final response to a request of this method, with its body and the interim ones before it.
    ///
    /// # Errors
    /// When the connection ends within it.
    pub fn try_response_to(&mut self, method: &str) -> io::Result<Message> {
        let mut interim = Vec::new();
        loop {
            let Some(mut message) = self.try_head()? else {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed instead of a response"));
            };
            let status = message.status();
            if (100..200).contains(&status) && status != 101 {
                interim.push(message);
                continue;
            }
            let bodyless =
                method == "HEAD" || matches!(status, 101 | 204 | 304) || (method == "CONNECT" && status < 300);
            if !bodyless {
                self.read_body(&mut message, true)?;
            }
            message.interim = interim;
            return Ok(message);
        }
    }

    /// The final response to a request of this method.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn response_to(&mut self, method: &str) -> Message {
        self.try_response_to(method).expect("a response")
    }

    /// The final response to a GET.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn response(&mut self) -> Message {
        self.response_to("GET")
    }

    /// Sends a GET for the target and reads the response.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn get(&mut self, target: &str) -> Message {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n")).response()
    }

    /// Hands the body's bytes to `take`, piece by piece.
    ///
    /// # Errors
    /// When the connection ends within it, or its framing is broken.
    pub fn stream_body(
        &mut self,
        message: &mut Message,
        response: bool,
        take: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let mut block = vec![0; 65536];
        if message.is_chunked() {
            assert!(message.content_length().is_none(), "both framings: {message:?}");
            loop {
                let mut left = self.read_chunk_size()?;
                if left == 0 {
                    message.trailers = self.read_trailers()?;
                    return Ok(());
                }
                while left > 0 {
                    let want = block.len().min(left);
                    let n = self.read_some(&mut block[..want])?;
                    if n == 0 {
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "ended in a chunk"));
                    }
                    take(&block[..n]);
                    left -= n;
                }
                if self.read_exactly(2)? != b"\r\n" {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "no CRLF after a chunk"));
                }
            }
        }
        let mut left = match message.content_length() {
            Some(length) => length,
            None if response => u64::MAX,
            None => 0,
        };
        let until_close = left == u64::MAX;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            match self.read_some(&mut block[..want])? {
                0 if until_close => return Ok(()),
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{left} bytes missing"))),
                n => {
                    take(&block[..n]);
                    if !until_close {
                        left -= n as u64;
                    }
                }
            }
        }
        Ok(())
    }

    fn read_body(&mut self, message: &mut Message, response: bool) -> io::Result<()> {
        let mut body = Vec::new();
        self.stream_body(message, response, &mut |piece| body.extend_from_slice(piece))?;
        message.body = body;
        Ok(())
    }

    fn read_chunk_size(&mut self) -> io::Result<usize> {
        let line = self.read_through(b"\r\n")?;
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r\n").unwrap_or_default()).into_owned();
        usize::from_str_radix(&text, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a chunk size: {text:?}")))
    }

    fn read_trailers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut trailers = Vec::new();
        loop {
            let line = String::from_utf8_lossy(&self.read_through(b"\r\n")?).into_owned();
            match line.strip_suffix("\r\n") {
                Some("") => return Ok(trailers),
                Some(field) => trailers.push(parse_field(field)),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}
