//! Gathers the small writes of an HTTP/2 connection and sends them once per wake-up.
//!
//! The h2 crate writes each DATA frame alone and flushes after it. `Coalesce` stands below it: `poll_write`
//! appends to one bounded buffer, `poll_flush` does nothing, and the owner of the connection calls
//! `Coalesced::poll_send` once the connection's own poll returned `Pending`. Only a full buffer is sent earlier, and
//! a peer that does not read makes `poll_write` return `Pending`. Reads go through a large buffer for the same reason.
//! Buffers belong to the worker: a connection holds one only while bytes are in it.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::buffer::Buffer;

/// The side handed to the h2 crate.
pub(super) struct Coalesce<T>(Rc<RefCell<Inner<T>>>);

/// The side kept by the owner of the connection.
pub(super) struct Coalesced<T>(Rc<RefCell<Inner<T>>>);

/// Splits `io` into the two sides; `preread` is what was read from it already.
pub(super) fn coalesce<T>(io: T, preread: &[u8]) -> (Coalesce<T>, Coalesced<T>) {
    let inner = Rc::new(RefCell::new(Inner {
        io,
        output: None,
        input: Buffer::holding(preread),
        read_error: None,
        unflushed: false,
        blocked: false,
        sends: 0,
    }));
    (Coalesce(Rc::clone(&inner)), Coalesced(inner))
}

struct Inner<T> {
    io: T,
    output: Option<Buffer>,
    input: Option<Buffer>,
    /// An error that followed bytes of the same wake-up.
    read_error: Option<io::Error>,
    /// Bytes were given to `io` since its last complete flush.
    unflushed: bool,
    /// The library was told to wait for room.
    blocked: bool,
    sends: u64,
}

impl<T: AsyncWrite + Unpin> Coalesced<T> {
    /// Sends what was gathered. `Ready(Ok(true))` asks for another poll of the connection, which had stopped because
    /// the buffer was full.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut inner = self.0.borrow_mut();
        let sent = inner.poll_send(cx)?;
        // Room was made: the library has no waker of its own to learn of it.
        if inner.blocked && inner.room() {
            inner.blocked = false;
            return Poll::Ready(Ok(true));
        }
        ready!(sent);
        Poll::Ready(Ok(false))
    }
}

impl<T> Coalesced<T> {
    /// Runs `look` on the transport below.
    pub(super) fn with_io<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.borrow().io)
    }

    /// Number of times something was written to the transport.
    pub(super) fn sends(&self) -> u64 {
        self.0.borrow().sends
    }
}

impl<T> Inner<T> {
    fn room(&self) -> bool {
        self.output.as_ref().is_none_or(|buffer| buffer.free() > 0)
    }
}

impl<T: AsyncWrite + Unpin> Inner<T> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(buffer) = &mut self.output {
            while !buffer.filled().is_empty() {
                let written = ready!(Pin::new(&mut self.io).poll_write(cx, buffer.filled()))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.unflushed = true;
                self.sends += 1;
                buffer.consume(written);
            }
            if let Some(buffer) = self.output.take() {
                buffer.recycle();
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_append(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if !self.room() {
            // Pending below leaves the transport's waker set.
            let _ = self.poll_send(cx)?;
            if !self.room() {
                self.blocked = true;
                return Poll::Pending;
            }
        }
        let output = self.output.get_or_insert_with(Buffer::take);
        let mut taken = 0;
        for buf in bufs {
            let copied = output.append(buf);
            taken += copied;
            if copied < buf.len() {
                break;
            }
        }
        Poll::Ready(Ok(taken))
    }
}

impl<T: AsyncRead + Unpin> Inner<T> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.input.is_none() {
            if let Some(error) = self.read_error.take() {
                return Poll::Ready(Err(error));
            }
            let mut buffer = Buffer::take();
            let outcome = self.read_into(cx, &mut buffer);
            if buffer.filled().is_empty() {
                buffer.recycle();
                return outcome;
            }
            if let Poll::Ready(Err(error)) = outcome {
                self.read_error = Some(error);
            }
            self.input = Some(buffer);
        }
        if let Some(buffer) = &mut self.input {
            let take = buffer.filled().len().min(out.remaining());
            out.put_slice(buffer.filled().get(..take).unwrap_or_default());
            buffer.consume(take);
            if buffer.filled().is_empty()
                && let Some(buffer) = self.input.take()
            {
                buffer.recycle();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads until nothing more is there: TLS yields one record at a time.
    fn read_into(&mut self, cx: &mut Context<'_>, buffer: &mut Buffer) -> Poll<io::Result<()>> {
        while buffer.free() > 0 {
            let mut space = ReadBuf::new(buffer.unfilled());
            match Pin::new(&mut self.io).poll_read(cx, &mut space) {
                Poll::Ready(Ok(())) => {
                    let read = space.filled().len();
                    if read == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    buffer.commit(read);
                }
                other => return other,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Coalesce<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_fill(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Coalesce<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_append(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_append(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        ready!(inner.poll_send(cx))?;
        Pin::new(&mut inner.io).poll_shutdown(cx)
    }
}
