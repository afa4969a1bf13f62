//! What is written to an HTTP/1 connection: a head, payload, and the framing around it, in as few system calls as fit.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::super::chunked::{LAST_CHUNK, write_chunk_head, write_trailers};
use super::{BodyEncoder, H1Conn};
use crate::http::message::Head;
use crate::transport::Transport;
use crate::worker::buffers::BufferPool;

/// Payload up to this size is copied behind the head, to be sent with it in one piece.
const SMALL_BODY: usize = 4096;

impl H1Conn {
    /// Has room for a head that is about to be written.
    pub(crate) fn prepare_output(&mut self, pool: &BufferPool) {
        if self.output.capacity() == 0 {
            self.output = pool.output();
        }
    }

    /// Starts writing a message: its head is in `output`.
    pub(crate) fn begin_output(&mut self, encoder: BodyEncoder) {
        self.encoder = encoder;
        self.ended = false;
        self.last = false;
    }

    /// Says that the message that begins is the last one: the connection is shut for writing with its last bytes where
    /// that can be done in one go, and by whoever closes it otherwise.
    pub(crate) fn end_with_message(&mut self) {
        self.last = true;
    }

    /// Whether bytes wait to be written, payload not counted.
    pub(crate) fn has_output(&self) -> bool {
        self.sent < self.output.len()
    }

    /// Writes pending output, then payload, in one system call where it fits. `last` says that the body ends with
    /// this payload. Yields how many bytes of the payload were taken; call again until all were taken and
    /// [`H1Conn::poll_flush`] is ready.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        payload: &[u8],
        last: bool,
        trailers: Option<&Head>,
    ) -> Poll<io::Result<usize>> {
        let mut suffix: &[u8] = b"";
        let mut take = payload.len();
        if let BodyEncoder::Chunked(open) = &mut self.encoder {
            if *open == 0 && !payload.is_empty() {
                let mut mark = [0; 18];
                let n = write_chunk_head(payload.len() as u64, &mut mark);
                self.output.extend_from_slice(mark.get(..n).unwrap_or_default());
                *open = payload.len();
            }
            take = take.min(*open);
            if take == *open {
                suffix = match (payload.is_empty(), last && take == payload.len() && !self.ended && trailers.is_none())
                {
                    (false, true) => b"\r\n0\r\n\r\n",
                    (false, false) => b"\r\n",
                    (true, _) => b"",
                };
            }
            if payload.is_empty() && last && !self.ended {
                match trailers {
                    None => self.output.extend_from_slice(LAST_CHUNK),
                    Some(trailers) => write_trailers(trailers, &mut self.output),
                }
                self.ended = true;
            }
        }
        let pending = self.output.get(self.sent..).unwrap_or_default();
        let body = payload.get(..take).unwrap_or_default();
        if pending.is_empty() && body.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(self.courtesy.poll(cx));
        let complete = self.encoder == BodyEncoder::Raw || suffix.len() > 2;
        let ends = self.last && last && take == payload.len() && complete;
        if !pending.is_empty() && !body.is_empty() && body.len() <= SMALL_BODY {
            return self.poll_send_joined(cx, take, payload, suffix, ends);
        }
        let transport = Pin::new(&mut self.transport);
        let n = if suffix.is_empty() && pending.is_empty() && ends {
            ready!(self.transport.poll_write_last(cx, body))?
        } else if suffix.is_empty() && pending.is_empty() {
            ready!(transport.poll_write(cx, body))?
        } else if suffix.is_empty() && body.is_empty() {
            ready!(transport.poll_write(cx, pending))?
        } else {
            let parts = [IoSlice::new(pending), IoSlice::new(body), IoSlice::new(suffix)];
            ready!(transport.poll_write_vectored(cx, &parts))?
        };
        if n == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.traffic.sent += n as u64;
        let from_output = n.min(pending.len());
        self.sent += from_output;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        let from_body = (n - from_output).min(take);
        let from_suffix = n - from_output - from_body;
        if let BodyEncoder::Chunked(open) = &mut self.encoder {
            *open -= from_body;
            if from_body == take && !suffix.is_empty() {
                // The suffix belongs to the wire from now on, whether or not it went out with this call.
                self.output.extend_from_slice(suffix.get(from_suffix..).unwrap_or_default());
                if suffix.len() > 2 {
                    self.ended = true;
                }
            }
        }
        Poll::Ready(Ok(from_body))
    }

    /// Sends pending output, the first `take` bytes of a payload and a suffix as one piece: a plain send costs less than
    /// a gathered one. Where nothing can be sent, nothing was taken.
    fn poll_send_joined(
        &mut self,
        cx: &mut Context<'_>,
        take: usize,
        payload: &[u8],
        suffix: &[u8],
        ends: bool,
    ) -> Poll<io::Result<usize>> {
        let before = self.output.len();
        self.output.extend_from_slice(payload.get(..take).unwrap_or_default());
        self.output.extend_from_slice(suffix);
        let pending = self.output.get(self.sent..).unwrap_or_default();
        let written = match ends {
            true => self.transport.poll_write_last(cx, pending),
            false => Pin::new(&mut self.transport).poll_write(cx, pending),
        };
        let n = match written {
            Poll::Ready(Ok(n)) if n > 0 => n,
            other => {
                self.output.truncate(before);
                return other.map(|result| result.and(Err(io::ErrorKind::WriteZero.into())));
            }
        };
        self.traffic.sent += n as u64;
        self.sent += n;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        if let BodyEncoder::Chunked(open) = &mut self.encoder {
            *open -= take;
            if suffix.len() > 2 {
                self.ended = true;
            }
        }
        Poll::Ready(Ok(take))
    }

    /// Takes back what was to be written of a message; false where there is nothing.
    pub(crate) fn take_back_output(&mut self) -> bool {
        let any = self.has_output();
        self.output.clear();
        self.sent = 0;
        self.begin_output(BodyEncoder::Raw);
        any
    }

    /// Writes all pending output.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_out(cx, false)
    }

    /// Writes all pending output, behind which the message is complete.
    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_out(cx, self.last)
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>, ends: bool) -> Poll<io::Result<()>> {
        if self.has_output() {
            ready!(self.courtesy.poll(cx));
        }
        while self.sent < self.output.len() {
            let pending = self.output.get(self.sent..).unwrap_or_default();
            let n = match ends {
                true => ready!(self.transport.poll_write_last(cx, pending))?,
                false => ready!(Pin::new(&mut self.transport).poll_write(cx, pending))?,
            };
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += n;
            self.traffic.sent += n as u64;
        }
        self.output.clear();
        self.sent = 0;
        match &self.transport {
            Transport::Plain(_) => Poll::Ready(Ok(())),
            _ => Pin::new(&mut self.transport).poll_flush(cx),
        }
    }

    /// Whether the last chunk still has to be produced.
    pub(crate) fn needs_end(&self) -> bool {
        matches!(self.encoder, BodyEncoder::Chunked(_)) && !self.ended
    }
}
