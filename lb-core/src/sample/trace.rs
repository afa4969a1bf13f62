//! Where the converter `debug` writes: the event sinks of HAProxy's `show events`.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

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
}

/// A lock, which only those pay who trace.
static RING: LazyLock<Mutex<Ring>> = LazyLock::new(Mutex::default);

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

/// The lines of `buf0`, oldest first, and when they were written.
pub(crate) fn buffered() -> Vec<(SystemTime, Vec<u8>)> {
    let ring = RING.lock().unwrap_or_else(PoisonError::into_inner);
    ring.lines.iter().map(|(time, line)| (*time, line.to_vec())).collect()
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
