//! One direction of a stream: payload from a source side to a sink side.
//!
//! Large bodies between two plain HTTP/1 connections go through splice(2), everything else through the source's buffer.

use std::io;
use std::task::{Context, Poll, ready};

use super::h2_end::H2End;
use super::side::Side;
use crate::forward::{Progress, PumpError as SpliceError, Pumped, SplicePump};
use crate::http::h1::io::H1Conn;
use crate::worker::buffers::{BufferPool, LARGE};

/// From how many bytes on a body is spliced: below, copying with large buffers costs less.
const SPLICE_FROM: u64 = 4 * LARGE as u64;

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
    splice: SplicePump,
    spliced: bool,
    /// The kernel refused, or there are no pipes.
    copy_only: bool,
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
            if let (Side::H1(from), Side::H1(to)) = (&mut *source, &mut *sink)
                && self.can_splice(from, to)
            {
                match self.poll_splice(cx, from, to, pool)? {
                    Some(wait) => return Ok(wait),
                    None => continue,
                }
            }
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
                return match sink.poll_finish(cx) {
                    Poll::Ready(Ok(())) => {
                        self.done = true;
                        Ok(Wait::Done)
                    }
                    Poll::Ready(Err(error)) => Err(PumpError::Sink(error)),
                    Poll::Pending => Ok(Wait::Sink),
                };
            }
            let sent = match &mut *sink {
                Side::H2(sink) if !source.payload().is_empty() => poll_lend(cx, source, sink, pool),
                sink => sink.poll_send(cx, source.payload(), last, source.trailers()).map_ok(|n| {
                    source.consume(n);
                    n
                }),
            };
            match sent {
                Poll::Ready(Ok(n)) => self.bytes += n as u64,
                Poll::Ready(Err(error)) => return Err(PumpError::Sink(error)),
                Poll::Pending => return Ok(Wait::Sink),
            }
        }
    }

    /// Once begun, a body is spliced to its end.
    fn can_splice(&self, from: &H1Conn, to: &H1Conn) -> bool {
        if self.splice.pending() > 0 {
            return true;
        }
        !self.copy_only
            && from.bulk_left().is_some_and(|left| self.spliced || left >= SPLICE_FROM)
            && to.takes_raw()
            && from.transport.is_plain_tcp()
            && to.transport.is_plain_tcp()
    }

    /// `None`: the body was moved to its end, or has to be copied.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut H1Conn,
        to: &mut H1Conn,
        pool: &BufferPool,
    ) -> Result<Option<Wait>, PumpError> {
        from.release(pool);
        if to.has_output() {
            match to.poll_flush(cx) {
                Poll::Ready(result) => result.map_err(PumpError::Sink)?,
                Poll::Pending => return Ok(Some(Wait::Sink)),
            }
        }
        from.transport.socket_mut().register().map_err(PumpError::Source)?;
        to.transport.socket_mut().register().map_err(PumpError::Sink)?;
        let (Some(source), Some(target)) = (from.transport.plain_tcp(), to.transport.plain_tcp()) else {
            self.copy_only = true;
            return Ok(None);
        };
        self.spliced = true;
        let mut limit = from.bulk_left().unwrap_or(0);
        let mut progress = Progress::default();
        let pumped = self.splice.poll_pump(cx, source, target, pool.pipes(), &mut limit, &mut progress);
        from.body_taken(progress.read);
        to.traffic.spliced_out(progress.written);
        pool.pipes().count_written(progress.written);
        self.bytes += progress.written;
        match pumped {
            Poll::Ready(Ok(Pumped::Limit)) => Ok(None),
            Poll::Ready(Ok(Pumped::Eof)) => from.body_closed().map(|()| None).map_err(PumpError::Source),
            Poll::Ready(Ok(Pumped::Unsupported)) => {
                self.copy_only = true;
                Ok(None)
            }
            Poll::Ready(Err(SpliceError::Read(error))) => Err(PumpError::Source(error)),
            Poll::Ready(Err(SpliceError::Write(error))) => Err(PumpError::Sink(error)),
            Poll::Pending if self.splice.pending() > 0 => Ok(Some(Wait::Sink)),
            Poll::Pending => Ok(Some(Wait::Source)),
        }
    }
}

/// Payload for a stream of HTTP/2, without a copy where there is much of it: the buffer goes along.
fn poll_lend(
    cx: &mut Context<'_>,
    source: &mut Side<'_>,
    sink: &mut H2End,
    pool: &BufferPool,
) -> Poll<io::Result<usize>> {
    let n = ready!(sink.poll_room(cx, source.payload().len()))?;
    let piece = source.take_payload(n, pool);
    let last = source.body_received() && source.payload().is_empty() && source.trailers().is_none();
    sink.send_piece(piece, last)?;
    Poll::Ready(Ok(n))
}
