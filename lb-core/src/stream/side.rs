//! The two ends of a stream behind one face: HTTP/1 connections and HTTP/2 streams.
//!
//! A body moves as plain payload from one [`Side`] to another; each side decodes and adds its own framing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::h2_end::H2End;
use crate::http::h1::encode::{EncodeOptions, OutFraming, encode_response};
use crate::http::h1::io::{BodyEncoder, Fill, H1Conn};
use crate::http::h1::parse::{Limits, Parsed, parse_response};
use crate::http::h2::Reason;
use crate::http::message::{BodyLength, Head};
use crate::worker::buffers::BufferPool;

/// How a body with this framing is written.
pub(crate) fn encoder(framing: OutFraming) -> BodyEncoder {
    match framing {
        OutFraming::Chunked => BodyEncoder::Chunked(0),
        _ => BodyEncoder::Raw,
    }
}

/// Makes a head that goes out over HTTP/2 announce this length and no other: what came may have said it twice, or in
/// a list.
pub(crate) fn set_length(head: &mut Head, framing: OutFraming) {
    let mut values = head.values("content-length");
    let first = values.next();
    let any = first.is_some();
    let plain = values.next().is_none() && first.is_some_and(|value| value.iter().all(u8::is_ascii_digit));
    drop(values);
    match framing {
        OutFraming::Length(_) if plain => {}
        // The end of the stream comes with the head and says so.
        OutFraming::Length(0) if !any => {}
        OutFraming::Length(length) => head.set("content-length", length.to_string().as_bytes()),
        OutFraming::None | OutFraming::Chunked if any => {
            head.remove("content-length");
        }
        OutFraming::None | OutFraming::Chunked => {}
    }
}

/// Why no response head came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// The server closed or reset the connection.
    Closed {
        /// It had sent nothing at all.
        silent: bool,
    },
    /// It did not look at the request (HTTP/2).
    Unprocessed,
    /// It sent something else than a response, or too large a one.
    Malformed,
}

/// One end of a stream.
#[derive(Debug)]
pub(crate) enum Side<'a> {
    /// An HTTP/1 connection.
    H1(&'a mut H1Conn),
    /// An HTTP/2 stream.
    H2(&'a mut H2End),
}

impl Side<'_> {
    /// The same side for a shorter time.
    pub(crate) fn reborrow(&mut self) -> Side<'_> {
        match self {
            Self::H1(conn) => Side::H1(conn),
            Self::H2(end) => Side::H2(end),
        }
    }

    /// Makes payload available, or says that the body ended.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<Fill>> {
        match self {
            Self::H1(conn) => conn.poll_fill(cx, pool),
            Self::H2(end) => end.poll_fill(cx),
        }
    }

    /// Payload that was received and not yet consumed.
    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::H1(conn) => conn.payload(),
            Self::H2(end) => end.payload(),
        }
    }

    /// Takes the first `n` bytes of the payload out.
    pub(crate) fn take_payload(&mut self, n: usize, pool: &BufferPool) -> Bytes {
        match self {
            Self::H1(conn) => conn.take_payload(n, pool),
            Self::H2(end) => end.take_payload(n),
        }
    }

    /// Drops `n` bytes of the payload.
    pub(crate) fn consume(&mut self, n: usize) {
        match self {
            Self::H1(conn) => conn.consume(n),
            Self::H2(end) => end.consume(n),
        }
    }

    /// Whether the whole body was received, its last payload may still be here.
    pub(crate) fn body_received(&self) -> bool {
        match self {
            Self::H1(conn) => conn.body_received(),
            Self::H2(end) => end.body_received(),
        }
    }

    /// Trailers of the received body.
    pub(crate) fn trailers(&self) -> Option<&Head> {
        match self {
            Self::H1(conn) => conn.trailers(),
            Self::H2(end) => end.trailers(),
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
            Self::H2(end) => end.poll_send(cx, payload, last, trailers),
        }
    }

    /// Ready once the peer closed or gave the stream up.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<()> {
        match self {
            Self::H1(conn) => conn.poll_closed(cx, pool),
            Self::H2(end) => end.poll_closed(cx),
        }
    }

    /// Ready once a body is here as far as it is to be waited for before the rules are judged.
    pub(crate) fn poll_body_buffered(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<()>> {
        match self {
            Self::H1(conn) => conn.poll_body_buffered(cx, pool),
            Self::H2(end) => end.poll_buffered(cx, pool.small_size()),
        }
    }

    /// The whole body, taken out, where all of it has come and has no more than `limit` bytes.
    pub(crate) fn take_whole_body(&mut self, cx: &mut Context<'_>, pool: &BufferPool, limit: usize) -> Option<Bytes> {
        if !self.body_received() {
            // What is broken is found again by who reads on.
            match self {
                Self::H1(conn) => drop(conn.poll_body_buffered(cx, pool)),
                Self::H2(end) => drop(end.gather(cx, limit)),
            }
        }
        let len = self.payload().len();
        (self.body_received() && len <= limit).then(|| self.take_payload(len, pool))
    }

    /// Throws away a request's body that has come already. False where some of it is still to come.
    pub(crate) fn drop_body(&mut self) -> bool {
        match self {
            Self::H1(conn) => conn.drop_body(),
            Self::H2(end) => end.body_received() && end.payload().is_empty(),
        }
    }

    /// Whether the peer's leaving is noticed without a read, so that it can always be watched.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::H2(_))
    }

    /// Whether the peer closed its sending side in order, and may still read.
    pub(crate) fn is_half_closed(&self) -> bool {
        match self {
            Self::H1(conn) => conn.eof,
            Self::H2(_) => false,
        }
    }

    /// Whether the peer closed the connection below its stream, which is no order to give up what was under way.
    pub(crate) fn has_closed(&mut self) -> bool {
        match self {
            Self::H1(conn) => conn.eof,
            Self::H2(end) => end.has_closed(),
        }
    }

    /// Tells the peer that the message under way will not be completed. An HTTP/1 connection says so by closing.
    pub(crate) fn abort(&mut self) {
        if let Self::H2(end) = self {
            end.reset(Reason::INTERNAL_ERROR);
        }
    }

    /// [`Side::abort`] where an orderly close would be taken for the end of the message.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::H1(conn) => conn.reset(),
            Self::H2(end) => end.reset(Reason::INTERNAL_ERROR),
        }
    }

    /// Takes back what is still to be sent. False where nothing is, or where it cannot be taken back.
    pub(crate) fn take_back(&mut self) -> bool {
        match self {
            Self::H1(conn) => conn.take_back_output(),
            // What was handed to the connection may be on its way.
            Self::H2(_) => false,
        }
    }

    /// Whether what came of a body behind its head breaks its framing.
    pub(crate) fn is_body_broken(&self) -> bool {
        match self {
            Self::H1(conn) => conn.body_is_here().is_err(),
            Self::H2(_) => false,
        }
    }

    /// Bytes received from and sent to the peer so far.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        match self {
            Self::H1(conn) => (conn.traffic.received, conn.traffic.sent),
            Self::H2(end) => (end.bytes_in, end.bytes_out),
        }
    }

    /// Bytes of what was received that belong to this exchange or those before it, not to what follows.
    pub(crate) fn consumed(&self) -> u64 {
        match self {
            Self::H1(conn) => conn.traffic.received.saturating_sub((conn.payload().len() + conn.raw().len()) as u64),
            Self::H2(end) => end.bytes_in,
        }
    }

    /// Bytes sent to the peer or waiting to be, bodies of HTTP/2 not counted.
    pub(crate) fn queued(&self) -> u64 {
        match self {
            Self::H1(conn) => conn.traffic.sent + conn.output.len() as u64,
            Self::H2(end) => end.bytes_out,
        }
    }

    /// Starts reading the body that follows a head.
    pub(crate) fn expect_body(&mut self, length: BodyLength) {
        match self {
            Self::H1(conn) => conn.expect_body(length),
            // Its frames say it, but what follows a message without a body is not looked at.
            Self::H2(end) => end.expect_body(length),
        }
    }

    /// Queues a response head. `announced` is what its fields say of the body, `body` what follows.
    ///
    /// # Errors
    /// When the client is gone, or the head cannot be carried by its protocol.
    pub(crate) fn write_response(
        &mut self,
        head: &mut Head,
        announced: OutFraming,
        body: OutFraming,
        options: &EncodeOptions<'_>,
    ) -> io::Result<()> {
        match self {
            Self::H1(conn) => {
                encode_response(head, announced, options, &mut conn.output);
                conn.begin_output(encoder(body));
                Ok(())
            }
            Self::H2(end) => {
                set_length(head, announced);
                end.send_response(
                    head,
                    match body {
                        OutFraming::None | OutFraming::Length(0) => BodyLength::None,
                        OutFraming::Length(length) => BodyLength::Known(length),
                        OutFraming::Chunked => BodyLength::Chunked,
                    },
                )
            }
        }
    }

    /// Queues an interim response.
    pub(crate) fn write_interim(&mut self, head: &Head) -> io::Result<()> {
        match self {
            Self::H1(conn) => {
                encode_response(head, OutFraming::None, &EncodeOptions::default(), &mut conn.output);
                Ok(())
            }
            Self::H2(end) => end.send_interim(head),
        }
    }

    /// Queues a complete response of our own.
    pub(crate) fn write_reply(
        &mut self,
        head: &mut Head,
        body: &std::sync::Arc<[u8]>,
        head_only: bool,
        options: &EncodeOptions<'_>,
    ) -> io::Result<()> {
        // RFC 9110, section 8.6: no Content-Length in a 204.
        let length = match head.status() {
            204 => OutFraming::None,
            _ => OutFraming::Length(body.len() as u64),
        };
        let empty = head_only || body.is_empty();
        self.write_response(head, length, if empty { OutFraming::None } else { length }, options)?;
        if !empty {
            match self {
                Self::H1(conn) => conn.output.extend_from_slice(body),
                Self::H2(end) => end.queue_reply(Bytes::from_owner(std::sync::Arc::clone(body))),
            }
        }
        Ok(())
    }

    /// Whether any byte of the current message was written.
    pub(crate) fn has_sent(&self) -> bool {
        match self {
            Self::H1(conn) => conn.traffic.sent > 0,
            // The connection was established before the stream was opened.
            Self::H2(_) => true,
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
        let conn = match self {
            Self::H1(conn) => conn,
            Self::H2(end) => return end.poll_response_head(cx, head),
        };
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
            Self::H2(end) => end.needs_end(),
        }
    }

    /// Says that nothing more will be sent. A stream of HTTP/2 says it with its last frame.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::H1(conn) => tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut conn.transport), cx),
            Self::H2(_) => Poll::Ready(Ok(())),
        }
    }

    /// Sends what is left of a message whose body is complete.
    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::H1(conn) => conn.poll_finish(cx),
            Self::H2(end) => end.poll_flush(cx),
        }
    }

    /// Sends everything that was accepted so far.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::H1(conn) => conn.poll_flush(cx),
            Self::H2(end) => end.poll_flush(cx),
        }
    }
}
