//! The two ends of a stream behind one face: HTTP/1 connections and HTTP/2 streams.
//!
//! A body moves as plain payload from one [`Side`] to another; each side decodes and adds its own framing.

use std::io;
use std::task::{Context, Poll, ready};

use crate::http::h1::io::{Fill, H1Conn};
use crate::http::h1::parse::{Limits, Parsed, parse_response};
use crate::http::message::Head;
use crate::worker::buffers::BufferPool;

/// Why no response head came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// The server closed or reset the connection.
    Closed {
        /// It had sent nothing at all.
        silent: bool,
    },
    /// It sent something else than a response, or too large a one.
    Malformed,
}

/// One end of a stream.
#[derive(Debug)]
pub(crate) enum Side<'a> {
    /// An HTTP/1 connection.
    H1(&'a mut H1Conn),
}

impl Side<'_> {
    /// Makes payload available, or says that the body ended.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<Fill>> {
        match self {
            Self::H1(conn) => conn.poll_fill(cx, pool),
        }
    }

    /// Payload that was received and not yet consumed.
    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::H1(conn) => conn.payload(),
        }
    }

    /// Drops `n` bytes of the payload.
    pub(crate) fn consume(&mut self, n: usize) {
        match self {
            Self::H1(conn) => conn.consume(n),
        }
    }

    /// Whether the whole body was received, its last payload may still be here.
    pub(crate) fn body_received(&self) -> bool {
        match self {
            Self::H1(conn) => conn.body_received(),
        }
    }

    /// Trailers of the received body.
    pub(crate) fn trailers(&self) -> Option<&Head> {
        match self {
            Self::H1(conn) => conn.trailers(),
        }
    }

    /// Sends payload; yields how much of it was taken.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        payload: &[u8],
        last: bool,
        trailers: Option<&Head>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::H1(conn) => conn.poll_send(cx, payload, last, trailers),
        }
    }

    /// Whether any byte of the current message was written.
    pub(crate) fn has_sent(&self) -> bool {
        match self {
            Self::H1(conn) => conn.bytes_out > 0,
        }
    }

    /// Reads a response head into `head`.
    pub(crate) fn poll_response_head(
        &mut self,
        cx: &mut Context<'_>,
        pool: &BufferPool,
        limits: &Limits,
        relaxed: bool,
        head: &mut Head,
    ) -> Poll<Result<(), HeadError>> {
        let Self::H1(conn) = self;
        loop {
            if !conn.raw().is_empty() {
                match parse_response(conn.raw(), limits, relaxed, head) {
                    Parsed::Complete { len } => {
                        conn.consume_raw(len);
                        return Poll::Ready(Ok(()));
                    }
                    Parsed::Invalid(_) => return Poll::Ready(Err(HeadError::Malformed)),
                    Parsed::Partial => {}
                }
            }
            match ready!(conn.poll_read_more(cx, pool)) {
                Ok(0) => return Poll::Ready(Err(HeadError::Closed { silent: conn.raw().is_empty() })),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                    return Poll::Ready(Err(HeadError::Malformed));
                }
                Err(_) => return Poll::Ready(Err(HeadError::Closed { silent: conn.raw().is_empty() })),
            }
        }
    }

    /// Whether the end of the body still has to be announced with [`Side::poll_send`].
    pub(crate) fn needs_end(&self) -> bool {
        match self {
            Self::H1(conn) => conn.needs_end(),
        }
    }

    /// Sends everything that was accepted so far.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::H1(conn) => conn.poll_flush(cx),
        }
    }
}
