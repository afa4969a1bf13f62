//! Where log lines go, and their fields.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::PATIENCE;

/// A socket that receives log datagrams.
#[derive(Debug)]
pub struct LogSink {
    socket: UdpSocket,
}

/// A line of `option httplog` or `option tcplog`, cut into its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    /// The frontend, with `~` for TLS.
    pub frontend: String,
    /// Backend and server: `be/s1`.
    pub backend: String,
    /// The timers.
    pub timers: String,
    /// Status of a response; empty in TCP mode.
    pub status: String,
    /// Bytes to the client.
    pub bytes: String,
    /// Termination state.
    pub flags: String,
    /// Connection counts: actconn/feconn/beconn/srv_conn/retries.
    pub counts: String,
    /// Queue positions.
    pub queues: String,
    /// The request line with its quotes.
    pub request: String,
}

impl LogSink {
    /// Takes a port.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        Self { socket }
    }

    /// For a `log` line.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("address")
    }

    /// The next line, its syslog header cut off.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn text(&self) -> String {
        let mut buffer = [0; 65536];
        let n = self.socket.recv(&mut buffer).expect("a log line");
        let line = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
        line.split_once("]: ").map(|(_, rest)| rest.to_owned()).unwrap_or(line)
    }

    /// The next line's fields; lines about starting and stopping proxies are skipped.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn line(&self) -> LogLine {
        loop {
            let text = self.text();
            if let Some(line) = LogLine::parse(&text) {
                return line;
            }
            assert!(!text.contains('['), "not a log line: {text}");
        }
    }

    /// The next line's fields, if it comes soon enough.
    ///
    /// # Panics
    /// When the socket fails.
    pub fn line_within(&self, patience: Duration) -> Option<LogLine> {
        self.socket.set_read_timeout(Some(patience)).expect("timeout");
        let mut buffer = [0; 65536];
        let line = loop {
            let Ok(n) = self.socket.recv(&mut buffer) else { break None };
            let text = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
            if let Some(line) = LogLine::parse(text.split_once("]: ").map_or(&*text, |(_, rest)| rest)) {
                break Some(line);
            }
        };
        self.socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        line
    }

    /// Whether a line is waiting.
    ///
    /// # Panics
    /// When the socket fails.
    pub fn is_empty(&self) -> bool {
        self.socket.set_nonblocking(true).expect("non-blocking");
        let empty = self.socket.peek(&mut [0]).is_err();
        self.socket.set_nonblocking(false).expect("blocking");
        self.socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        empty
    }

    /// Lines that come until none came for a while, as they are.
    ///
    /// # Panics
    /// When the socket fails.
    pub fn texts(&self, quiet: Duration) -> Vec<String> {
        self.socket.set_read_timeout(Some(quiet)).expect("timeout");
        let mut lines = Vec::new();
        let mut buffer = [0; 65536];
        while let Ok(n) = self.socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
            lines.push(text.split_once("]: ").map(|(_, rest)| rest.to_owned()).unwrap_or(text));
        }
        self.socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        lines
    }

    /// Lines that come until none came for a while.
    ///
    /// # Panics
    /// When the socket fails.
    pub fn drain(&self, quiet: Duration) -> Vec<LogLine> {
        self.socket.set_read_timeout(Some(quiet)).expect("timeout");
        let mut lines = Vec::new();
        let mut buffer = [0; 65536];
        while let Ok(n) = self.socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
            let text = text.split_once("]: ").map(|(_, rest)| rest.to_owned()).unwrap_or(text);
            lines.extend(LogLine::parse(&text));
        }
        self.socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        lines
    }
}

impl LogLine {
    /// Reads a line without its syslog header.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, request) = match text.split_once(" \"") {
            Some((head, request)) => (head, format!("\"{request}")),
            None => (text, String::new()),
        };
        let words: Vec<String> = head.split(' ').map(str::to_owned).collect();
        if !words.get(1)?.starts_with('[') {
            return None;
        }
        let word = |i: usize| words.get(i).cloned().unwrap_or_default();
        let base = Self { frontend: word(2), backend: word(3), timers: word(4), ..Self::default() };
        match words.len() {
            9 => Some(Self { bytes: word(5), flags: word(6), counts: word(7), queues: word(8), request, ..base }),
            12 => Some(Self {
                status: word(5),
                bytes: word(6),
                flags: word(9),
                counts: word(10),
                queues: word(11),
                request,
                ..base
            }),
            _ => None,
        }
    }
}
