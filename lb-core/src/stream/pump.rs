//! One direction of a stream: payload from a source side to a sink side.

use std::io;
use std::task::{Context, Poll};

use super::side::Side;
use crate::worker::buffers::BufferPool;

/// What a pump waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Nothing: the direction is finished.
    Done,
    /// More payload from the source.
    Source,
    /// Room in the sink.
    Sink,
}

/// Which end of a pump failed.
#[derive(Debug)]
pub(crate) enum PumpError {
    /// Reading from the source.
    Source(io::Error),
    /// Writing to the sink.
    Sink(io::Error),
}

/// The state of one direction.
#[derive(Debug, Default)]
pub(crate) struct Pump {
    /// Payload bytes moved.
    pub(crate) bytes: u64,
    done: bool,
}

impl Pump {
    /// Whether the body, its end and everything before it were written.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Gives the direction up.
    pub(crate) fn abandon(&mut self) {
        self.done = true;
    }

    /// Moves what can be moved now.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Side<'_>,
        sink: &mut Side<'_>,
        pool: &BufferPool,
    ) -> Result<Wait, PumpError> {
        if self.done {
            return Ok(Wait::Done);
        }
        loop {
            if source.payload().is_empty() && !source.body_received() {
                match source.poll_fill(cx, pool) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Err(PumpError::Source(error)),
                    Poll::Pending => {
                        return match sink.poll_flush(cx) {
                            Poll::Ready(Ok(())) => Ok(Wait::Source),
                            Poll::Ready(Err(error)) => Err(PumpError::Sink(error)),
                            Poll::Pending => Ok(Wait::Sink),
                        };
                    }
                }
            }
            let last = source.body_received();
            if source.payload().is_empty() && last && !sink.needs_end() {
                return match sink.poll_flush(cx) {
                    Poll::Ready(Ok(())) => {
                        self.done = true;
                        Ok(Wait::Done)
                    }
                    Poll::Ready(Err(error)) => Err(PumpError::Sink(error)),
                    Poll::Pending => Ok(Wait::Sink),
                };
            }
            match sink.poll_send(cx, source.payload(), last, source.trailers()) {
                Poll::Ready(Ok(n)) => {
                    source.consume(n);
                    self.bytes += n as u64;
                }
                Poll::Ready(Err(error)) => return Err(PumpError::Sink(error)),
                Poll::Pending => return Ok(Wait::Sink),
            }
        }
    }
}
