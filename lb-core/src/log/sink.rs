//! One destination of a worker: a buffer of queued lines and what takes them.

use std::io::{self, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use crate::config::model::LogDestination;

use super::logger::DroppedLogs;

/// A destination is flushed early when this much is queued, and lines are dropped when it does not take them.
const BUFFER_LIMIT: usize = 64 * 1024;

/// A destination and the lines queued for it.
#[derive(Debug)]
pub(super) struct Sink {
    destination: LogDestination,
    buffer: Vec<u8>,
    /// Ends of the queued lines in the buffer.
    ends: Vec<usize>,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    /// Opened at the first flush.
    Closed,
    Stdout,
    Stderr,
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Sink {
    pub(super) fn new(destination: LogDestination) -> Self {
        Self { destination, buffer: Vec::new(), ends: Vec::new(), socket: Socket::Closed }
    }

    pub(super) fn destination(&self) -> &LogDestination {
        &self.destination
    }

    /// Queues one line of at most `length` bytes.
    pub(super) fn queue(&mut self, length: usize, dropped: &DroppedLogs, write: impl FnOnce(&mut Vec<u8>)) {
        if self.buffer.len() >= BUFFER_LIMIT && self.flush(dropped) {
            dropped.add(1);
            return;
        }
        let start = self.buffer.len();
        write(&mut self.buffer);
        // One byte of the length is for the line end, also where none is sent.
        self.buffer.truncate(start.saturating_add(length.saturating_sub(1)));
        if matches!(self.destination, LogDestination::Stdout | LogDestination::Stderr) {
            self.buffer.push(b'\n');
        }
        self.ends.push(self.buffer.len());
    }

    /// Sends what it can and says whether lines are left.
    pub(super) fn flush(&mut self, dropped: &DroppedLogs) -> bool {
        if self.ends.is_empty() {
            return false;
        }
        if matches!(self.socket, Socket::Closed) {
            self.socket = open(&self.destination).unwrap_or(Socket::Closed);
        }
        match &self.socket {
            Socket::Stdout => dropped.add(if io::stdout().lock().write_all(&self.buffer).is_ok() {
                0
            } else {
                self.ends.len() as u64
            }),
            Socket::Stderr => dropped.add(if io::stderr().lock().write_all(&self.buffer).is_ok() {
                0
            } else {
                self.ends.len() as u64
            }),
            Socket::Udp(socket) => dropped.add(datagrams(&self.buffer, &self.ends, |line| socket.send(line))),
            Socket::Unix(socket) => dropped.add(datagrams(&self.buffer, &self.ends, |line| socket.send(line))),
            Socket::Closed => dropped.add(self.ends.len() as u64),
        }
        if matches!(self.socket, Socket::Stdout) {
            let _ = io::stdout().flush();
        }
        self.buffer.clear();
        self.ends.clear();
        false
    }
}

fn open(destination: &LogDestination) -> io::Result<Socket> {
    Ok(match destination {
        LogDestination::Stdout => Socket::Stdout,
        LogDestination::Stderr => Socket::Stderr,
        LogDestination::Fd(_) => Socket::Closed,
        LogDestination::Udp(address) => {
            let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(local)?;
            socket.set_nonblocking(true)?;
            socket.connect(address)?;
            Socket::Udp(socket)
        }
        LogDestination::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.connect(path)?;
            Socket::Unix(socket)
        }
    })
}

/// Sends each line as one datagram and returns how many were not taken.
fn datagrams(buffer: &[u8], ends: &[usize], mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> u64 {
    let mut start = 0;
    let mut lost = 0;
    for &end in ends {
        if send(buffer.get(start..end).unwrap_or_default()).is_err() {
            lost += 1;
        }
        start = end;
    }
    lost
}
