//! Lines sent as datagrams: a batch per system call, never waiting.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{
    AddressFamily, MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType,
    sendmmsg, socket_with,
};

use super::sink::Queue;

/// Longest name of an abstract socket.
const MAX_ABSTRACT: usize = 107;

/// Datagrams per system call.
const BATCH: usize = 32;

/// An unconnected datagram socket and where its lines go. It is not connected so that a receiver that was away, or
/// was replaced on the same path, gets lines again at once.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: OwnedFd,
    address: SocketAddrAny,
}

impl Datagrams {
    pub(super) fn udp(address: SocketAddr) -> rustix::io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        Self::new(family, address.into())
    }

    pub(super) fn unix(path: &Path) -> rustix::io::Result<Self> {
        Self::new(AddressFamily::UNIX, SocketAddrUnix::new(path)?.as_any())
    }

    pub(super) fn abstract_name(name: &[u8]) -> rustix::io::Result<Self> {
        Self::new(AddressFamily::UNIX, abstract_address(name)?.as_any())
    }

    fn new(family: AddressFamily, address: SocketAddrAny) -> rustix::io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        Ok(Self { socket: socket_with(family, SocketType::DGRAM, flags, None)?, address })
    }

    /// Sends every line as one datagram and returns how many were not taken, with the last error that is not just a
    /// full buffer.
    pub(super) fn send(&self, queue: &Queue) -> (u64, Option<Errno>) {
        let (mut lost, mut failure) = (0, None);
        let mut start = 0;
        let mut ends = queue.ends.as_slice();
        while !ends.is_empty() {
            let (batch, _) = ends.split_at(ends.len().min(BATCH));
            let taken = match self.send_batch(&queue.bytes, start, batch) {
                Ok(sent) => sent.max(1),
                Err(Errno::INTR) => continue,
                // Its queue is full, or nobody is there: the rest of this batch would fare no better.
                Err(error) => {
                    lost += batch.len() as u64;
                    failure = Some(error).filter(|error| !matches!(*error, Errno::AGAIN | Errno::NOBUFS)).or(failure);
                    batch.len()
                }
            };
            start = batch.get(taken - 1).copied().unwrap_or(start);
            ends = ends.get(taken..).unwrap_or_default();
        }
        (lost, failure)
    }

    fn send_batch(&self, bytes: &[u8], start: usize, ends: &[usize]) -> rustix::io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); BATCH];
        let mut from = start;
        for (slice, &end) in slices.iter_mut().zip(ends) {
            *slice = IoSlice::new(bytes.get(from..end).unwrap_or_default());
            from = end;
        }
        let mut controls: [SendAncillaryBuffer<'_, '_, '_>; BATCH] = std::array::from_fn(|_| Default::default());
        let mut messages: Vec<MMsgHdr<'_>> = slices
            .chunks(1)
            .zip(&mut controls)
            .take(ends.len())
            .map(|(slice, control)| MMsgHdr::new_with_addr(&self.address, slice, control))
            .collect();
        sendmmsg(&self.socket, &mut messages, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
    }
}

/// HAProxy fills abstract names up with zeroes; who listens for its lines expects them.
fn abstract_address(name: &[u8]) -> rustix::io::Result<SocketAddrUnix> {
    let mut full = [0; MAX_ABSTRACT];
    full.get_mut(..name.len()).ok_or(Errno::NAMETOOLONG)?.copy_from_slice(name);
    SocketAddrUnix::new_abstract_name(&full)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;

    fn queue(lines: usize) -> Queue {
        let mut queue = Queue::default();
        for line in 0..lines {
            queue.bytes.extend_from_slice(format!("line {line}\n").as_bytes());
            queue.ends.push(queue.bytes.len());
        }
        queue
    }

    #[test]
    fn every_line_is_one_datagram() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = Datagrams::udp(receiver.local_addr().unwrap()).unwrap();
        assert_eq!(socket.send(&queue(70)), (0, None));
        let mut buffer = [0; 100];
        for line in 0..70 {
            let size = receiver.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..size], *format!("line {line}\n").as_bytes());
        }
    }

    #[test]
    fn a_unix_receiver_may_be_away_and_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sock");
        let socket = Datagrams::unix(&path).unwrap();
        assert_eq!(socket.send(&queue(3)), (3, Some(Errno::NOENT)));
        let receiver = UnixDatagram::bind(&path).unwrap();
        assert_eq!(socket.send(&queue(1)), (0, None));
        let mut buffer = [0; 100];
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 7);
    }

    #[test]
    fn a_receiver_that_does_not_read_costs_lines_not_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sock");
        let _receiver = UnixDatagram::bind(&path).unwrap();
        let socket = Datagrams::unix(&path).unwrap();
        let (lost, failure) = socket.send(&queue(5000));
        assert!(lost > 0 && failure.is_none());
    }
}
