//! Lines written to stdout, stderr or an inherited descriptor: whole lines, as many as fit per call, without ever waiting.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, write};
use rustix::net::sockopt::socket_type;
use rustix::net::{SendFlags, SocketType, send};

use super::sink::Queue;

/// A pipe takes this much in one piece, so that workers who share it never tear each other's lines (PIPE_BUF).
const ATOMIC: usize = 4096;

/// What became of the queued lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All were written.
    Done,
    /// The rest stays in the queue.
    Blocked,
    /// The descriptor is unusable.
    Failed(Errno),
}

/// A descriptor that takes lines.
#[derive(Debug)]
pub(super) struct Stream {
    handle: Handle,
    kind: Kind,
    /// Bytes of the first queued line that were written before the descriptor blocked.
    partial: usize,
}

#[derive(Debug)]
enum Handle {
    Stdout,
    Stderr,
    Owned(OwnedFd),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A regular file or something that never blocks: one call for everything.
    File,
    /// A pipe or terminal in non-blocking mode.
    Pipe,
    /// A pipe or terminal whose mode belongs to others: asked before each write.
    Polled,
    /// A stream socket.
    Socket,
    /// A socket that keeps messages apart: a line for each.
    Datagram,
}

impl Handle {
    fn with<T>(&self, use_fd: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        match self {
            Self::Stdout => use_fd(io::stdout().as_fd()),
            Self::Stderr => use_fd(io::stderr().as_fd()),
            Self::Owned(fd) => use_fd(fd.as_fd()),
        }
    }
}

impl Stream {
    pub(super) fn stdout() -> Self {
        Self::new(Handle::Stdout, "/proc/self/fd/1")
    }

    pub(super) fn stderr() -> Self {
        Self::new(Handle::Stderr, "/proc/self/fd/2")
    }

    /// What `fd@n` names.
    pub(super) fn inherited(descriptor: &OwnedFd) -> rustix::io::Result<Self> {
        let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
        Ok(Self::new(Handle::Owned(descriptor.try_clone().map_err(|_| Errno::MFILE)?), &path))
    }

    /// The descriptor's own mode is shared with whoever started us, so a pipe or terminal is opened a second time to
    /// be non-blocking for us alone; where that cannot be (after chroot), each write asks first.
    fn new(handle: Handle, path: &str) -> Self {
        let file_type =
            handle.with(|fd| fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)).unwrap_or(FileType::Unknown));
        let (handle, kind) = match file_type {
            FileType::Fifo | FileType::CharacterDevice => {
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
                match open(path, flags, Mode::empty()) {
                    Ok(own) => (Handle::Owned(own), Kind::Pipe),
                    Err(_) => (handle, Kind::Polled),
                }
            }
            FileType::Socket => {
                let stream = handle.with(|fd| socket_type(fd)).is_ok_and(|kind| kind == SocketType::STREAM);
                (handle, if stream { Kind::Socket } else { Kind::Datagram })
            }
            _ => (handle, Kind::File),
        };
        Self { handle, kind, partial: 0 }
    }

    #[cfg(test)]
    fn pipe(fd: OwnedFd) -> Self {
        Self { handle: Handle::Owned(fd), kind: Kind::Pipe, partial: 0 }
    }

    /// Writes the queued lines and leaves in the queue what was not taken.
    pub(super) fn write(&mut self, queue: &mut Queue) -> Progress {
        let mut lines = 0;
        let mut start = self.partial;
        let progress = loop {
            let Some((until, end)) = self.batch(queue, lines, start) else { break Progress::Done };
            let piece = queue.bytes.get(start..end).unwrap_or_default();
            match self.handle.with(|fd| write_some(fd, self.kind, piece)) {
                Ok(written) => {
                    start += written;
                    while queue.ends.get(lines).is_some_and(|&line_end| line_end <= start) {
                        lines += 1;
                    }
                    if written == 0 && until > lines {
                        break Progress::Blocked;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break Progress::Blocked,
                Err(error) => break Progress::Failed(error),
            }
        };
        let line_start = lines.checked_sub(1).and_then(|index| queue.ends.get(index).copied()).unwrap_or(0);
        self.partial = if progress == Progress::Blocked { start.saturating_sub(line_start) } else { 0 };
        queue.consume(lines);
        progress
    }

    /// The next piece: which line it ends before, and where. A pipe gets at most what it takes in one piece.
    fn batch(&self, queue: &Queue, first: usize, start: usize) -> Option<(usize, usize)> {
        let rest = queue.ends.get(first..).filter(|rest| !rest.is_empty())?;
        let count = match self.kind {
            Kind::File | Kind::Socket => rest.len(),
            Kind::Datagram => 1,
            Kind::Pipe | Kind::Polled => rest.iter().take_while(|&&end| end - start <= ATOMIC).count().max(1),
        };
        let end = rest.get(count - 1).copied()?;
        // A single line that is longer than a polled pipe surely takes goes in pieces.
        let end = if self.kind == Kind::Polled { end.min(start + ATOMIC) } else { end };
        Some((first + count, end))
    }
}

fn write_some(fd: BorrowedFd<'_>, kind: Kind, piece: &[u8]) -> rustix::io::Result<usize> {
    match kind {
        Kind::File | Kind::Pipe => write(fd, piece),
        Kind::Socket | Kind::Datagram => send(fd, piece, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
        Kind::Polled => {
            let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
            match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? {
                0 => Err(Errno::AGAIN),
                _ => write(fd, piece),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    fn queue(lines: &[String]) -> Queue {
        let mut queue = Queue::default();
        for line in lines {
            queue.bytes.extend_from_slice(line.as_bytes());
            queue.bytes.push(b'\n');
            queue.ends.push(queue.bytes.len());
        }
        queue
    }

    /// Reads what is there.
    fn drain(fd: &OwnedFd) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = [0u8; 8192];
        while let Ok(count @ 1..) = rustix::io::read(fd, &mut buffer) {
            all.extend_from_slice(&buffer[..count]);
        }
        all
    }

    #[test]
    fn a_full_pipe_blocks_between_lines_and_goes_on_later() {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        fcntl_setpipe_size(&writer, 4096).unwrap();
        let mut stream = Stream::pipe(writer);
        let lines: Vec<String> = (0..200).map(|i| format!("{i:0>99}")).collect();
        let mut queue = queue(&lines);
        let expected = queue.bytes.clone();
        assert_eq!(stream.write(&mut queue), Progress::Blocked);
        assert_eq!(stream.partial, 0);
        let mut seen = drain(&reader);
        assert_eq!(seen.len() % 100, 0);
        while stream.write(&mut queue) == Progress::Blocked {
            seen.extend(drain(&reader));
        }
        seen.extend(drain(&reader));
        assert_eq!(seen, expected);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_line_longer_than_the_pipe_is_continued() {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        fcntl_setpipe_size(&writer, 4096).unwrap();
        let mut stream = Stream::pipe(writer);
        let mut queue = queue(&["short".to_owned(), "x".repeat(20_000), "end".to_owned()]);
        let expected = queue.bytes.clone();
        let mut seen = Vec::new();
        while stream.write(&mut queue) == Progress::Blocked {
            seen.extend(drain(&reader));
        }
        seen.extend(drain(&reader));
        assert!(seen == expected);
    }

    #[test]
    fn a_closed_pipe_fails() {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        drop(reader);
        assert_eq!(Stream::pipe(writer).write(&mut queue(&["a".to_owned()])), Progress::Failed(Errno::PIPE));
    }

    #[test]
    fn an_inherited_pipe_is_made_non_blocking_for_us_alone() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        fcntl_setpipe_size(&writer, 4096).unwrap();
        let mut stream = Stream::inherited(&writer).unwrap();
        let lines: Vec<String> = (0..200).map(|i| format!("{i:0>99}")).collect();
        assert_eq!(stream.write(&mut queue(&lines)), Progress::Blocked);
        assert!(!rustix::fs::fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK));
        drop(reader);
    }

    #[test]
    fn an_inherited_datagram_socket_gets_a_line_at_a_time() {
        let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let mut stream = Stream::inherited(&ours.into()).unwrap();
        assert_eq!(stream.write(&mut queue(&["one".to_owned(), "two".to_owned()])), Progress::Done);
        let mut buffer = [0; 100];
        for expected in [b"one\n", b"two\n"] {
            let n = theirs.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..n], expected);
        }
    }
}
