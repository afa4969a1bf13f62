//! One destination of a worker: the lines queued for it, and what takes them.

use crate::config::model::LogDestination;

use super::datagram::Datagrams;
use super::logger::DroppedLogs;
use super::stream::{Progress, Stream};

/// A destination is flushed early when this much is queued, and loses lines while it does not take them.
const BUFFER_LIMIT: usize = 64 * 1024;

/// A destination and the lines queued for it.
#[derive(Debug)]
pub(super) struct Sink {
    destination: LogDestination,
    queue: Queue,
    output: Output,
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
    Datagrams(Datagrams),
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
    pub(super) fn new(destination: LogDestination) -> Self {
        Self { destination, queue: Queue::default(), output: Output::Closed }
    }

    pub(super) fn destination(&self) -> &LogDestination {
        &self.destination
    }

    fn is_stream(&self) -> bool {
        matches!(self.destination, LogDestination::Stdout | LogDestination::Stderr | LogDestination::Fd(_))
    }

    /// Queues one line, cut to the target's `len`.
    pub(super) fn queue(&mut self, length: usize, dropped: &DroppedLogs, write: impl FnOnce(&mut Vec<u8>)) {
        if self.queue.bytes.len() >= BUFFER_LIMIT && self.flush(dropped) {
            dropped.add(1);
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
    pub(super) fn flush(&mut self, dropped: &DroppedLogs) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        if matches!(self.output, Output::Closed) {
            self.output = open(&self.destination).unwrap_or(Output::Closed);
        }
        match &mut self.output {
            Output::Stream(stream) => match stream.write(&mut self.queue) {
                Progress::Done => {}
                Progress::Blocked => return true,
                Progress::Failed => dropped.add(self.queue.ends.len() as u64),
            },
            Output::Datagrams(socket) => dropped.add(socket.send(&self.queue)),
            Output::Closed => dropped.add(self.queue.ends.len() as u64),
        }
        self.queue.clear();
        false
    }
}

fn open(destination: &LogDestination) -> rustix::io::Result<Output> {
    Ok(match destination {
        LogDestination::Stdout => Output::Stream(Stream::stdout()),
        LogDestination::Stderr => Output::Stream(Stream::stderr()),
        // Refused when the targets are prepared.
        LogDestination::Fd(_) => Output::Closed,
        LogDestination::Udp(address) => Output::Datagrams(Datagrams::udp(*address)?),
        LogDestination::Unix(path) => Output::Datagrams(Datagrams::unix(path)?),
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
