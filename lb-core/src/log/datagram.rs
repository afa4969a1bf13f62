//! Lines sent as datagrams: a batch per system call, never waiting.
//!
//! To UDP, lines of one length that follow each other go through the network stack as one packet, which the kernel divides
//! at its end (UDP_SEGMENT, Linux 4.18): most of a datagram's cost is the way through the stack.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg};
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

/// From how many lines of one length on they are sent as one.
const RUN: usize = 4;

/// How many lines, and how many bytes, the kernel takes as one.
const LONGEST_RUN: (usize, usize) = (64, 60_000);

/// An unconnected datagram socket and where its lines go. It is not connected so that a receiver that was away, or
/// was replaced on the same path, gets lines again at once.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: OwnedFd,
    address: SocketAddrAny,
    /// Where lines of one length can be sent as one: the address again.
    segmented: Option<SockaddrStorage>,
}

impl Datagrams {
    pub(super) fn udp(address: SocketAddr) -> rustix::io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = Self::new(family, address.into())?;
        Ok(Self { segmented: Some(address.into()), ..socket })
    }

    pub(super) fn unix(path: &Path) -> rustix::io::Result<Self> {
        Self::new(AddressFamily::UNIX, SocketAddrUnix::new(path)?.as_any())
    }

    pub(super) fn abstract_name(name: &[u8]) -> rustix::io::Result<Self> {
        Self::new(AddressFamily::UNIX, abstract_address(name)?.as_any())
    }

    fn new(family: AddressFamily, address: SocketAddrAny) -> rustix::io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        Ok(Self { socket: socket_with(family, SocketType::DGRAM, flags, None)?, address, segmented: None })
    }

    /// Sends every line as one datagram and returns how many were not taken, with the last error that is not just a
    /// full buffer.
    pub(super) fn send(&mut self, queue: &Queue) -> (u64, Option<Errno>) {
        let (mut lost, mut failure) = (0, None);
        let mut start = 0;
        let mut ends = queue.ends.as_slice();
        while !ends.is_empty() {
            let run = if self.segmented.is_some() { run(start, ends) } else { 0 };
            if run >= RUN {
                let (lines, rest) = ends.split_at(run);
                let end = lines.last().copied().unwrap_or(start);
                match self.send_run(
                    queue.bytes.get(start..end).unwrap_or_default(),
                    lines.first().map_or(0, |end| end - start),
                ) {
                    Err(Errno::INTR) => continue,
                    // This kernel, this device or the way there cannot.
                    Err(Errno::INVAL | Errno::IO | Errno::MSGSIZE | Errno::OPNOTSUPP | Errno::NOPROTOOPT) => {
                        self.segmented = None;
                        continue;
                    }
                    Err(error) => {
                        lost += run as u64;
                        failure = note(failure, error);
                    }
                    Ok(()) => {}
                }
                (start, ends) = (end, rest);
                continue;
            }
            let (batch, _) = ends.split_at(self.apart(start, ends));
            let taken = match self.send_batch(&queue.bytes, start, batch) {
                Ok(sent) => sent.max(1),
                Err(Errno::INTR) => continue,
                // Its queue is full, or nobody is there: the rest of this batch would fare no better.
                Err(error) => {
                    lost += batch.len() as u64;
                    failure = note(failure, error);
                    batch.len()
                }
            };
            start = batch.get(taken - 1).copied().unwrap_or(start);
            ends = ends.get(taken..).unwrap_or_default();
        }
        (lost, failure)
    }

    /// How many lines go together as datagrams of their own: none that can be sent as one with those behind it.
    fn apart(&self, start: usize, ends: &[usize]) -> usize {
        let most = ends.len().min(BATCH);
        if self.segmented.is_none() {
            return most;
        }
        let mut from = start;
        for (count, &end) in ends.iter().take(most).enumerate() {
            if count > 0 && run(from, ends.get(count..).unwrap_or_default()) >= RUN {
                return count;
            }
            from = end;
        }
        most
    }

    /// Sends lines of `length` bytes, of which the last may be shorter.
    fn send_run(&self, bytes: &[u8], length: usize) -> rustix::io::Result<()> {
        let length = u16::try_from(length).map_err(|_| Errno::MSGSIZE)?;
        let control = [ControlMessage::UdpGsoSegments(&length)];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        let sent = sendmsg(self.socket.as_raw_fd(), &[IoSlice::new(bytes)], &control, flags, self.segmented.as_ref());
        sent.map(drop).map_err(|error| Errno::from_raw_os_error(error as i32))
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

/// How many lines at the beginning can be sent as one: they have one length, and the last may be shorter.
fn run(start: usize, ends: &[usize]) -> usize {
    let Some(length) = ends.first().map(|end| end - start) else { return 0 };
    let (mut count, mut from) = (0, start);
    for &end in ends.iter().take(LONGEST_RUN.0) {
        if end - from > length || end - start > LONGEST_RUN.1 {
            break;
        }
        count += 1;
        if end - from < length {
            break;
        }
        from = end;
    }
    count
}

/// The last error that is not just a full buffer.
fn note(before: Option<Errno>, error: Errno) -> Option<Errno> {
    Some(error).filter(|error| !matches!(*error, Errno::AGAIN | Errno::NOBUFS)).or(before)
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
        let mut socket = Datagrams::udp(receiver.local_addr().unwrap()).unwrap();
        assert_eq!(socket.send(&queue(70)), (0, None));
        let mut buffer = [0; 100];
        for line in 0..70 {
            let size = receiver.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..size], *format!("line {line}\n").as_bytes());
        }
    }

    #[test]
    fn lines_of_one_length_and_a_shorter_one_are_a_run() {
        assert_eq!(run(0, &[]), 0);
        assert_eq!(run(5, &[15, 25, 35, 40, 50]), 4);
        assert_eq!(run(0, &[10, 21, 31]), 1);
        let ends: Vec<usize> = (1..=100).map(|line| line * 1000).collect();
        assert_eq!(run(0, &ends), 60);
        let ends: Vec<usize> = (1..=100).map(|line| line * 10).collect();
        assert_eq!(run(0, &ends), 64);
    }

    #[test]
    fn runs_and_single_lines_arrive_in_order() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut socket = Datagrams::udp(receiver.local_addr().unwrap()).unwrap();
        let lengths = [3, 9, 9, 9, 9, 4, 5, 6, 7, 7, 7, 7, 7, 20, 1, 1];
        let mut queue = Queue::default();
        for (line, length) in lengths.into_iter().enumerate() {
            queue.bytes.extend(std::iter::repeat_n(b'a' + line as u8, length));
            queue.ends.push(queue.bytes.len());
        }
        assert_eq!(socket.send(&queue), (0, None));
        let mut buffer = [0; 100];
        for (line, length) in lengths.into_iter().enumerate() {
            let size = receiver.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..size], vec![b'a' + line as u8; length]);
        }
    }

    #[test]
    fn a_unix_receiver_may_be_away_and_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sock");
        let mut socket = Datagrams::unix(&path).unwrap();
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
        let mut socket = Datagrams::unix(&path).unwrap();
        let (lost, failure) = socket.send(&queue(5000));
        assert!(lost > 0 && failure.is_none());
    }
}
