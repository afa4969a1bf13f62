//! Where the converter `debug` writes: the event sinks of HAProxy's `show events`.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

/// A place for traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// `buf0`: the last lines in memory.
    Buffer,
}

/// How many bytes of lines are kept.
const CAPACITY: usize = 1 << 20;

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<(SystemTime, Box<[u8]>)>,
    bytes: usize,
    /// How many lines were written so far.
    written: u64,
}

/// Lines of `buf0`, and when they were written.
pub(crate) type Lines = Vec<(SystemTime, Vec<u8>)>;

/// A lock, which only those pay who trace.
static RING: LazyLock<Mutex<Ring>> = LazyLock::new(Mutex::default);

/// Tells those who wait for lines of `buf0` how many were written.
static WRITTEN: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

impl Sink {
    /// The sink of that name.
    pub(crate) fn find(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Stdout),
            b"stderr" => Some(Self::Stderr),
            b"buf0" => Some(Self::Buffer),
            _ => None,
        }
    }

    /// Writes a line, which is lost where it cannot be written.
    pub(crate) fn write(self, mut line: Vec<u8>) {
        match self {
            Self::Stdout => {
                line.push(b'\n');
                let _ = std::io::stdout().lock().write_all(&line);
            }
            Self::Stderr => {
                line.push(b'\n');
                let _ = std::io::stderr().lock().write_all(&line);
            }
            Self::Buffer => {
                let mut ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
                ring.bytes += line.len();
                ring.written += 1;
                WRITTEN.send_replace(ring.written);
                ring.lines.push_back((SystemTime::now(), line.into()));
                while ring.bytes > CAPACITY
                    && let Some((_, gone)) = ring.lines.pop_front()
                {
                    ring.bytes -= gone.len();
                }
            }
        }
    }
}

/// The lines of `buf0`, oldest first.
pub(crate) fn buffered() -> Lines {
    buffered_since(0).0
}

/// Those that were written behind so many others and are still kept, and how many were written in all.
pub(crate) fn buffered_since(seen: u64) -> (Lines, u64) {
    let ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
    let new = usize::try_from(ring.written.saturating_sub(seen)).unwrap_or(usize::MAX);
    let skipped = ring.lines.len().saturating_sub(new);
    let lines = ring.lines.iter().skip(skipped).map(|(time, line)| (*time, line.to_vec())).collect();
    (lines, ring.written)
}

/// How many lines were written so far.
pub(crate) fn written() -> u64 {
    RING.lock().unwrap_or_else(PoisonError::into_inner).written
}

/// Waits until more than so many lines were written. Cancel safe.
pub(crate) async fn grown(seen: u64) {
    // The sender is never dropped.
    let _ = WRITTEN.subscribe().wait_for(|written| *written > seen).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_keeps_the_last_lines() {
        let line = |text: &str| text.as_bytes().to_vec();
        Sink::Buffer.write(line("[debug] first of the test"));
        Sink::Buffer.write(vec![b'x'; CAPACITY]);
        Sink::Buffer.write(line("[debug] last of the test"));
        let kept = buffered();
        assert!(kept.iter().any(|(_, line)| line == b"[debug] last of the test"));
        assert!(!kept.iter().any(|(_, line)| line == b"[debug] first of the test"));
        assert_eq!(Sink::find(b"buf1"), None);
    }
}
