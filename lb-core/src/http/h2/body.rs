//! Bodies of HTTP/2 streams, either direction and either side, with explicit flow control.
//!
//! Receiving: [`H2RecvBody::poll_data`] yields bytes, but the peer may send more only once
//! [`H2RecvBody::release`] says that they were consumed. Sending: [`H2SendBody::poll_capacity`] says how much may be
//! given to [`H2SendBody::send_data`]. Memory per stream is so bounded by the window one way, and that of the
//! connection by its bounded output the other way.

use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::drive::Shared;
use super::error::{H2Error, H2Stage, Reason};
use crate::http::Head;

/// A stream, as its halves hold it. It ends with the last of them.
#[derive(Debug)]
pub(super) struct StreamHandle {
    shared: Shared,
    slot: u32,
}

impl StreamHandle {
    pub(super) fn new(shared: &Shared, slot: u32) -> Self {
        shared.borrow_mut().retain(slot);
        Self { shared: Rc::clone(shared), slot }
    }

    /// Runs `work` on the connection, with the stream's slot.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut super::connection::Connection, u32) -> R) -> R {
        work(&mut self.shared.borrow_mut(), self.slot)
    }
}

impl Clone for StreamHandle {
    fn clone(&self) -> Self {
        Self::new(&self.shared, self.slot)
    }
}

impl Drop for StreamHandle {
    fn drop(&mut self) {
        self.with(|connection, slot| connection.drop_handle(slot));
    }
}

/// The receiving half of a stream.
#[derive(Debug)]
pub struct H2RecvBody {
    stream: StreamHandle,
    /// Bytes handed out and not released yet.
    held: usize,
}

impl H2RecvBody {
    pub(super) fn new(stream: StreamHandle) -> Self {
        Self { stream, held: 0 }
    }

    /// Next bytes of the body; `None` at its end, after which [`Self::poll_trailers`] may be asked.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, H2Error>>> {
        let data = self.stream.with(|connection, slot| connection.poll_data(cx, slot));
        if let Poll::Ready(Some(Ok(bytes))) = &data {
            self.held += bytes.len();
        }
        data
    }

    /// Says that `bytes` of what [`Self::poll_data`] yielded reached the other side: the peer may send as many more.
    pub fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        if bytes > 0 {
            self.stream.with(|connection, slot| connection.release(slot, bytes));
        }
    }

    /// The trailers, if there are any; to be asked once the data ended.
    pub fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Head>, H2Error>> {
        self.stream.with(|connection, slot| connection.poll_trailers(cx, slot))
    }

    /// Whether nothing more will come, neither data nor trailers.
    pub fn is_end(&self) -> bool {
        self.stream.with(|connection, slot| connection.is_read(slot))
    }
}

impl Drop for H2RecvBody {
    fn drop(&mut self) {
        self.stream.with(|connection, slot| connection.stop_reading(slot, self.held));
    }
}

/// The sending half of a stream.
#[derive(Debug)]
pub struct H2SendBody {
    stream: StreamHandle,
    ended: bool,
}

impl H2SendBody {
    pub(super) fn new(stream: StreamHandle, ended: bool) -> Self {
        Self { stream, ended }
    }

    /// How many bytes may be sent now, at most `want` and at least 1 (`want` 0 asks for 1). They have to be sent at
    /// once, or other streams take the room.
    pub fn poll_capacity(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<Result<usize, H2Error>> {
        if self.ended {
            return Poll::Ready(Err(H2Error::closed(H2Stage::Body)));
        }
        self.stream.with(|connection, slot| connection.poll_capacity(cx, slot, want))
    }

    /// Says that what [`Self::poll_capacity`] was asked for is not going to be sent soon.
    pub fn release_capacity(&mut self) {
        self.stream.with(|connection, slot| connection.release_capacity(slot));
    }

    /// Sends bytes, no more than [`Self::poll_capacity`] said; `end` ends the stream.
    pub fn send_data(&mut self, bytes: Bytes, end: bool) -> Result<(), H2Error> {
        if self.ended {
            return Err(H2Error::closed(H2Stage::Body));
        }
        self.stream.with(|connection, slot| connection.send_data(slot, bytes, end))?;
        self.ended = end;
        Ok(())
    }

    /// Ends the stream with trailers. Without a field they are an empty DATA frame.
    pub fn send_trailers(&mut self, trailers: &Head) -> Result<(), H2Error> {
        if self.ended {
            return Err(H2Error::closed(H2Stage::Body));
        }
        self.stream.with(|connection, slot| connection.send_trailers(slot, trailers))?;
        self.ended = true;
        Ok(())
    }

    /// Resets the stream in both directions.
    pub fn reset(&mut self, reason: Reason) {
        self.ended = true;
        self.stream.with(|connection, slot| connection.reset(slot, reason));
    }

    /// Ready once the peer reset the stream or the connection broke; a wait beside a slow other side.
    pub fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<H2Error> {
        self.stream.with(|connection, slot| connection.poll_reset(cx, slot, H2Stage::Body))
    }

    /// Whether the stream was ended or reset by this side.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}
