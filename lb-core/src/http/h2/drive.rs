//! Moves the bytes between a transport and a [`Connection`]: whoever owns the connection polls it.
//!
//! What streams write is sent once per wake-up, when nothing more can be read. Buffers belong to the worker: an idle
//! connection holds none.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Connection, SLICES};
use super::error::{H2Error, H2Stage};
use crate::buffer::Buffer;
use crate::worker::timer::now;
use crate::worker::turn::Courtesy;

/// Most that is read and thrown away when the connection ends: input that nobody reads would make the kernel reset
/// the connection, and destroy what it has still to deliver.
const LINGER: usize = 1 << 20;

/// A connection's state, shared by its driver and its streams.
pub(super) type Shared = Rc<RefCell<Connection>>;

/// The transport of a connection.
#[derive(Debug)]
pub(super) struct Driver<T> {
    pub(super) io: T,
    input: Option<Buffer>,
    /// Bytes were given to `io` since its last complete flush.
    unflushed: bool,
    closed: bool,
    sends: u64,
    courtesy: Courtesy,
}

impl<T> Driver<T> {
    /// `preread` is what was read from `io` already.
    pub(super) fn new(io: T, preread: &[u8]) -> Self {
        Self {
            io,
            input: Buffer::holding(preread),
            unflushed: false,
            closed: false,
            sends: 0,
            courtesy: Courtesy::default(),
        }
    }

    /// Number of writes made to the transport.
    pub(super) fn sends(&self) -> u64 {
        self.sends
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    /// Receives what there is, until `look` has seen what it waits for, and sends what waits to be sent. After the end
    /// of the connection only the second. `Pending`: there is nothing to do, and a stream that changes that wakes the
    /// caller.
    pub(super) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        shared: &Shared,
        mut look: impl FnMut(&mut Connection) -> Option<R>,
    ) -> Poll<Option<R>> {
        shared.borrow_mut().begin_drive();
        loop {
            let (found, over) = {
                let mut connection = shared.borrow_mut();
                (look(&mut connection), connection.failed().is_some() || connection.is_finished())
            };
            if found.is_some() {
                return Poll::Ready(found);
            }
            if over {
                let mut connection = shared.borrow_mut();
                if self.poll_close(cx, &mut connection).is_pending() && !self.closed {
                    // The last stream is still told of.
                    connection.end_drive(cx);
                    return Poll::Pending;
                }
                return Poll::Ready(None);
            }
            if self.receive(cx, &mut shared.borrow_mut()) {
                continue;
            }
            let mut connection = shared.borrow_mut();
            let before = connection.output().pending();
            let sent = self.poll_send(cx, &mut connection);
            if before > 0 {
                connection.sent();
            }
            match sent {
                Poll::Ready(Err(error)) => connection.end(H2Error::io(H2Stage::Connection, &error)),
                // What was not read because its answers had no room can be now.
                Poll::Ready(Ok(())) if before > 0 && self.input.is_some() && connection.reads() => {
                    drop(connection);
                    if !self.receive_held(&mut shared.borrow_mut()) {
                        shared.borrow_mut().end_drive(cx);
                        return Poll::Pending;
                    }
                }
                _ => {
                    connection.end_drive(cx);
                    return Poll::Pending;
                }
            }
        }
    }

    /// Takes what is in the buffer. False where no frame is complete.
    fn receive_held(&mut self, connection: &mut Connection) -> bool {
        let Some(buffer) = &mut self.input else { return false };
        let used = connection.receive(buffer.filled(), now());
        buffer.consume(used);
        if buffer.is_empty()
            && let Some(buffer) = self.input.take()
        {
            buffer.recycle();
        }
        used > 0
    }

    /// Takes what is in the buffer, or reads more into it. False where neither is possible now.
    fn receive(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> bool {
        if !connection.reads() {
            return false;
        }
        if self.receive_held(connection) || connection.failed().is_some() {
            return true;
        }
        if !connection.reads() {
            return false;
        }
        let mut buffer = match self.input.take() {
            Some(mut buffer) => {
                let missing = connection.wanted(buffer.filled()).saturating_sub(buffer.filled().len());
                buffer.reserve(missing.max(1));
                buffer
            }
            None => Buffer::take(),
        };
        let mut space = ReadBuf::new(buffer.unfilled());
        let read = Pin::new(&mut self.io).poll_read(cx, &mut space);
        let length = space.filled().len();
        buffer.commit(length);
        let empty = buffer.is_empty();
        if empty {
            buffer.recycle();
        } else {
            self.input = Some(buffer);
        }
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(())) if length == 0 => connection.eof(!empty),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => connection.end(H2Error::io(H2Stage::Connection, &error)),
        }
        true
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Poll<io::Result<()>> {
        let output = connection.output();
        if output.pending() > 0 {
            ready!(self.courtesy.poll(cx));
        }
        while output.pending() > 0 {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let written = match output.slices(&mut slices) {
                0 => return Poll::Ready(Ok(())),
                1 => Pin::new(&mut self.io).poll_write(cx, slices.first().map_or(&[], |slice| slice)),
                count => Pin::new(&mut self.io).poll_write_vectored(cx, slices.get(..count).unwrap_or_default()),
            };
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sends += 1;
            self.unflushed = true;
            output.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is left, says that nothing follows and throws away what has come meanwhile.
    fn poll_close(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        if connection.is_broken() {
            self.closed = true;
            return Poll::Ready(Ok(()));
        }
        let sent = self.poll_send(cx, connection);
        // A server that does not even take our farewell need not have it.
        self.closed = connection.is_client();
        ready!(sent)?;
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        self.closed = true;
        let mut buffer = self.input.take().unwrap_or_else(Buffer::take);
        let mut left = LINGER;
        loop {
            buffer.consume(buffer.filled().len());
            let mut space = ReadBuf::new(buffer.unfilled());
            let read = Pin::new(&mut self.io).poll_read(cx, &mut space);
            let length = space.filled().len();
            match read {
                Poll::Ready(Ok(())) if length > 0 && length < left => left -= length,
                _ => break,
            }
        }
        buffer.recycle();
        Poll::Ready(Ok(()))
    }
}
