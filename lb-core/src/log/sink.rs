//! One place of a worker: the lines queued for it, and what takes them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::config::model::LogDestination;

use super::datagram::Datagrams;
use super::destination::Destination;
use super::event::{LogHooks, Notice};
use super::stream::{Progress, Stream};

/// A place is flushed early when this much is queued, and loses lines while it does not take them.
const BUFFER_LIMIT: usize = 64 * 1024;

/// How long a place that blocked is left alone: asking again for each line would cost every request a system call.
const RETRY_AFTER: Duration = Duration::from_millis(2);

/// A place and the lines queued for it.
#[derive(Debug)]
pub(super) struct Sink {
    place: Arc<Destination>,
    queue: Queue,
    output: Output,
    /// It blocked; not to be asked before.
    retry_at: Option<Instant>,
}

/// Lines that wait to be sent, each with its line end.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) bytes: Vec<u8>,
    /// End of each line in `bytes`.
    pub(super) ends: Vec<usize>,
}

#[derive(Debug)]
enum Output {
    /// Opened at the first flush.
    Closed,
    Stream(Stream),
    Datagrams(Box<Datagrams>),
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Forgets the first `lines` lines.
    pub(super) fn consume(&mut self, lines: usize) {
        let Some(last) = lines.checked_sub(1).and_then(|index| self.ends.get(index).copied()) else { return };
        self.bytes.drain(..last.min(self.bytes.len()));
        self.ends.drain(..lines);
        self.ends.iter_mut().for_each(|end| *end -= last);
    }
}

impl Sink {
    pub(super) fn new(place: Arc<Destination>) -> Self {
        Self { place, queue: Queue::default(), output: Output::Closed, retry_at: None }
    }

    fn is_stream(&self) -> bool {
        matches!(self.place.address, LogDestination::Stdout | LogDestination::Stderr | LogDestination::Fd(_))
    }

    /// Queues one line, cut to the target's `len`.
    pub(super) fn queue(&mut self, length: usize, hooks: &LogHooks, write: impl FnOnce(&mut Vec<u8>)) {
        if self.queue.bytes.len() >= BUFFER_LIMIT && self.flush(hooks) {
            self.place.lose(1);
            return;
        }
        // As HAProxy counts: the line end is part of the length on a descriptor, not in a datagram.
        let length = if self.is_stream() { length.saturating_sub(1) } else { length };
        let bytes = &mut self.queue.bytes;
        let start = bytes.len();
        write(bytes);
        bytes.truncate(start.saturating_add(length));
        bytes.push(b'\n');
        self.queue.ends.push(bytes.len());
    }

    /// Sends what it can without waiting and says whether lines are left.
    pub(super) fn flush(&mut self, hooks: &LogHooks) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return true;
        }
        self.retry_at = None;
        if matches!(self.output, Output::Closed) {
            match open(&self.place) {
                Ok(output) => self.output = output,
                Err(error) => self.fail(error, hooks),
            }
        }
        match &mut self.output {
            Output::Stream(stream) => match stream.write(&mut self.queue) {
                Progress::Done => {}
                Progress::Blocked => {
                    self.retry_at = Some(Instant::now() + RETRY_AFTER);
                    return true;
                }
                Progress::Failed(error) => {
                    self.place.lose(self.queue.ends.len() as u64);
                    self.fail(error, hooks);
                }
            },
            Output::Datagrams(socket) => {
                let (lost, error) = socket.send(&self.queue);
                self.place.lose(lost);
                if let Some(error) = error {
                    self.fail(error, hooks);
                }
            }
            Output::Closed => self.place.lose(self.queue.ends.len() as u64),
        }
        self.queue.clear();
        false
    }

    /// Gives up what is left, at the end.
    pub(super) fn abandon(&mut self) {
        self.place.lose(self.queue.ends.len() as u64);
        self.queue.clear();
    }

    #[cold]
    fn fail(&self, error: Errno, hooks: &LogHooks) {
        if self.place.fails_first() {
            let error = std::io::Error::from(error).to_string();
            let reason = error.split(" (os error").next().unwrap_or(&error).to_owned();
            hooks.notice(&Notice::LogTargetFailed { destination: self.place.address.clone(), reason });
        }
    }
}

fn open(place: &Destination) -> rustix::io::Result<Output> {
    Ok(match &place.address {
        LogDestination::Stdout => Output::Stream(Stream::stdout()),
        LogDestination::Stderr => Output::Stream(Stream::stderr()),
        LogDestination::Fd(_) => Output::Stream(Stream::inherited(place.descriptor.as_ref().ok_or(Errno::BADF)?)?),
        LogDestination::Udp(address) => Output::Datagrams(Datagrams::udp(*address)?.into()),
        LogDestination::Unix(path) => Output::Datagrams(Datagrams::unix(path)?.into()),
        LogDestination::Abstract(name) => Output::Datagrams(Datagrams::abstract_name(name)?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consuming_keeps_whole_lines() {
        let mut queue = Queue { bytes: b"a\nbb\nccc\n".to_vec(), ends: vec![2, 5, 9] };
        queue.consume(0);
        assert_eq!(queue.bytes, b"a\nbb\nccc\n");
        queue.consume(2);
        assert_eq!((queue.bytes.as_slice(), queue.ends.as_slice()), (&b"ccc\n"[..], &[4][..]));
        queue.consume(1);
        assert!(queue.is_empty() && queue.bytes.is_empty());
    }
}
