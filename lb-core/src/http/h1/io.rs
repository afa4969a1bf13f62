//! One HTTP/1 connection, of either side: a transport, what was read from it and what is about to be written.
//!
//! Reading decodes the body's framing in place, writing adds the framing computed for the other side. The payload
//! in between is plain bytes, so any source can be joined to any sink. Cancel safe: all state is in the struct.

mod output;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::chunked::ChunkedDecoder;
use crate::http::message::{BodyLength, Head};
use crate::net::set_no_linger;
use crate::stats::Traffic;
use crate::transport::Transport;
use crate::worker::buffers::{BufferPool, LARGE};
use crate::worker::turn::Courtesy;

/// Where the body that is being read stands.
#[derive(Debug, Default)]
pub(crate) enum BodyDecoder {
    /// Nothing more to read of this message.
    #[default]
    Done,
    /// This many bytes are left.
    Length(u64),
    /// Chunked coding.
    Chunked(Box<ChunkedDecoder>),
    /// Until the peer closes.
    UntilClose,
}

/// How the body that is being written is framed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyEncoder {
    /// As it is: no body, known length or until close.
    #[default]
    Raw,
    /// Chunked; this many bytes of the open chunk are still to be written.
    Chunked(usize),
}

/// What [`H1Conn::poll_fill`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// There is payload.
    Data,
    /// The body is complete and its payload was consumed.
    End,
}

/// An HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct H1Conn {
    pub(crate) transport: Transport,
    /// Storage of the input; empty while nothing is buffered. `payload` and `raw` are ranges of it.
    storage: Vec<u8>,
    payload_start: usize,
    payload_end: usize,
    raw_start: usize,
    raw_end: usize,
    pub(crate) decoder: BodyDecoder,
    trailers: Option<Box<Head>>,
    /// Bytes to write before any payload: a head, chunk marks.
    pub(crate) output: Vec<u8>,
    sent: usize,
    pub(crate) encoder: BodyEncoder,
    /// The final mark was put into `output`.
    ended: bool,
    /// Nothing is sent after the message that is being written.
    last: bool,
    /// The peer closed its side.
    pub(crate) eof: bool,
    /// Bytes read and written.
    pub(crate) traffic: Traffic,
    /// How often it was used again (`max-reuse`).
    pub(crate) reuses: u32,
    courtesy: Courtesy,
}

impl H1Conn {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            transport,
            storage: Vec::new(),
            payload_start: 0,
            payload_end: 0,
            raw_start: 0,
            raw_end: 0,
            decoder: BodyDecoder::Done,
            trailers: None,
            output: Vec::new(),
            sent: 0,
            encoder: BodyEncoder::Raw,
            ended: false,
            last: false,
            eof: false,
            traffic: Traffic::default(),
            reuses: 0,
            courtesy: Courtesy::default(),
        }
    }

    /// Bytes received and not yet decoded.
    pub(crate) fn raw(&self) -> &[u8] {
        self.storage.get(self.raw_start..self.raw_end).unwrap_or_default()
    }

    /// Drops `n` bytes of [`H1Conn::raw`], a head that was parsed.
    pub(crate) fn consume_raw(&mut self, n: usize) {
        self.raw_start = (self.raw_start + n).min(self.raw_end);
        self.payload_start = self.raw_start;
        self.payload_end = self.raw_start;
        self.rewind();
    }

    /// Decoded bytes of the body, ready to go out.
    pub(crate) fn payload(&self) -> &[u8] {
        self.storage.get(self.payload_start..self.payload_end).unwrap_or_default()
    }

    /// How many bytes of the body are still in the socket, where nothing of it is buffered and no framing is among
    /// them: they may be moved past the buffer. Of a body until close, only once it has proved to be large.
    pub(crate) fn bulk_left(&self) -> Option<u64> {
        if self.raw_start != self.raw_end || self.payload_start != self.payload_end || self.eof {
            return None;
        }
        match self.decoder {
            BodyDecoder::Length(left) => Some(left),
            BodyDecoder::UntilClose if self.traffic.received >= 4 * LARGE as u64 => Some(u64::MAX),
            _ => None,
        }
    }

    /// Says that `n` bytes of [`H1Conn::bulk_left`] were taken from the socket.
    pub(crate) fn body_taken(&mut self, n: u64) {
        self.traffic.spliced_in(n);
        if let BodyDecoder::Length(left) = &mut self.decoder {
            *left = left.saturating_sub(n);
            if *left == 0 {
                self.decoder = BodyDecoder::Done;
            }
        }
    }

    /// Says that the peer closed where the body's bytes were to come from.
    ///
    /// # Errors
    /// `UnexpectedEof` where the body was not complete.
    pub(crate) fn body_closed(&mut self) -> io::Result<()> {
        self.eof = true;
        match std::mem::take(&mut self.decoder) {
            BodyDecoder::UntilClose | BodyDecoder::Done => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Whether the body being written needs no marks of ours.
    pub(crate) fn takes_raw(&self) -> bool {
        self.encoder == BodyEncoder::Raw
    }

    /// Drops `n` bytes of the payload.
    pub(crate) fn consume(&mut self, n: usize) {
        self.payload_start = (self.payload_start + n).min(self.payload_end);
        self.rewind();
    }

    /// Takes the first `n` bytes of the payload out. Where that is most of what the buffer has room for and nothing
    /// else is in it, the buffer itself goes and comes back to the pool later; a few bytes are copied.
    pub(crate) fn take_payload(&mut self, n: usize, pool: &BufferPool) -> Bytes {
        let range = self.payload_start..(self.payload_start + n).min(self.payload_end);
        let alone = range.end == self.payload_end && self.raw_start == self.raw_end;
        if alone && range.len() >= self.storage.len() / 4 && range.len() >= 4096 {
            self.payload_start = self.payload_end;
            self.rewind();
            return pool.share(std::mem::take(&mut self.storage), range);
        }
        let taken = Bytes::copy_from_slice(self.storage.get(range).unwrap_or_default());
        self.consume(n);
        taken
    }

    /// Whether the whole body was received; its last payload may still be here.
    pub(crate) fn body_received(&self) -> bool {
        matches!(self.decoder, BodyDecoder::Done)
    }

    fn rewind(&mut self) {
        if self.payload_start == self.payload_end && self.raw_start == self.raw_end {
            (self.payload_start, self.payload_end, self.raw_start, self.raw_end) = (0, 0, 0, 0);
        }
    }

    /// Gives the input buffer back when it holds nothing.
    pub(crate) fn release_input(&mut self, pool: &BufferPool) {
        if !self.storage.is_empty() && self.raw_start == self.raw_end && self.payload_start == self.payload_end {
            self.discard();
            pool.give(std::mem::take(&mut self.storage));
        }
    }

    /// Gives the buffers back when they hold nothing.
    pub(crate) fn release(&mut self, pool: &BufferPool) {
        self.release_input(pool);
        if self.sent >= self.output.len() {
            pool.give_output(std::mem::take(&mut self.output));
            self.sent = 0;
        }
    }

    /// Starts reading a body.
    pub(crate) fn expect_body(&mut self, length: BodyLength) {
        self.trailers = None;
        self.decoder = match length {
            BodyLength::None | BodyLength::Known(0) => BodyDecoder::Done,
            BodyLength::Known(n) => BodyDecoder::Length(n),
            BodyLength::Chunked => BodyDecoder::Chunked(Box::default()),
            BodyLength::UntilClose => BodyDecoder::UntilClose,
        };
        self.payload_start = self.raw_start;
        self.payload_end = self.raw_start;
        self.decode_length();
    }

    /// Trailers of a chunked body, once it was received.
    pub(crate) fn trailers(&self) -> Option<&Head> {
        self.trailers.as_deref()
    }

    /// Takes what was received behind the head, decoded or not: the first bytes of a tunnel.
    pub(crate) fn take_raw(&mut self) -> Vec<u8> {
        let bytes = [self.payload(), self.raw()].concat();
        self.discard();
        bytes
    }

    /// Throws away what is buffered.
    pub(crate) fn discard(&mut self) {
        (self.payload_start, self.payload_end, self.raw_start, self.raw_end) = (0, 0, 0, 0);
    }

    /// Ready once the peer closed. What it sends meanwhile is kept, as far as there is room.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<()> {
        loop {
            match ready!(self.poll_read_more(cx, pool)) {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => {}
                // Full: the peer is alive enough.
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Ready once the whole body is here, or as much of it as the buffer takes (configuration.txt,
    /// `option http-buffer-request`). What came of it is [`H1Conn::payload`], also while it is not ready.
    pub(crate) fn poll_body_buffered(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<()>> {
        loop {
            self.gather()?;
            if self.raw_end - self.payload_start >= pool.small_size() || self.body_is_here()? {
                break;
            }
            match ready!(self.poll_read_more(cx, pool)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => break,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Decodes all that was received and adds it to the payload.
    fn gather(&mut self) -> io::Result<()> {
        let BodyDecoder::Chunked(decoder) = &mut self.decoder else {
            self.decode_length();
            return Ok(());
        };
        let window = self.storage.get_mut(self.raw_start..self.raw_end).unwrap_or_default();
        let decoded = decoder.decode(window).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let (start, end) = (self.raw_start + decoded.payload.start, self.raw_start + decoded.payload.end);
        if self.payload_start == self.payload_end {
            (self.payload_start, self.payload_end) = (start, end);
        } else if start < end {
            // Framing came between the two.
            self.storage.copy_within(start..end, self.payload_end);
            self.payload_end += end - start;
        }
        self.raw_start += decoded.consumed;
        if decoded.done {
            self.trailers = decoder.trailers().map(|trailers| Box::new(trailers.clone()));
            self.decoder = BodyDecoder::Done;
        }
        Ok(())
    }

    /// Throws away a body that has come already. False, and nothing is done, where some of it is still to come.
    pub(crate) fn drop_body(&mut self) -> bool {
        if !matches!(self.body_is_here(), Ok(true)) {
            return false;
        }
        loop {
            self.consume(self.payload_end - self.payload_start);
            if self.body_received() {
                return true;
            }
            if !matches!(self.decode(), Ok(true)) {
                return false;
            }
        }
    }

    /// Whether what was received completes the body.
    ///
    /// # Errors
    /// `InvalidData` where its framing is broken.
    pub(crate) fn body_is_here(&self) -> io::Result<bool> {
        match &self.decoder {
            BodyDecoder::Done | BodyDecoder::UntilClose => Ok(true),
            BodyDecoder::Length(left) => Ok(self.raw().len() as u64 >= *left),
            BodyDecoder::Chunked(decoder) => {
                decoder.judge(self.raw()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    fn decode_length(&mut self) {
        match &mut self.decoder {
            BodyDecoder::Length(left) => {
                let available = self.raw_end - self.raw_start;
                let take = available.min(usize::try_from(*left).unwrap_or(usize::MAX));
                self.raw_start += take;
                self.payload_end += take;
                *left -= take as u64;
                if *left == 0 {
                    self.decoder = BodyDecoder::Done;
                }
            }
            BodyDecoder::UntilClose => {
                self.payload_end = self.raw_end;
                self.raw_start = self.raw_end;
            }
            _ => {}
        }
    }

    /// Decodes what is buffered; says whether there was progress.
    fn decode(&mut self) -> io::Result<bool> {
        if self.payload_start != self.payload_end {
            return Ok(true);
        }
        self.payload_start = self.raw_start;
        self.payload_end = self.raw_start;
        let BodyDecoder::Chunked(decoder) = &mut self.decoder else {
            self.decode_length();
            return Ok(self.payload_start != self.payload_end || self.body_received());
        };
        let window = self.storage.get_mut(self.raw_start..self.raw_end).unwrap_or_default();
        let decoded = decoder.decode(window).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        self.payload_end = self.raw_start + decoded.payload.end;
        self.payload_start = self.raw_start + decoded.payload.start;
        self.raw_start += decoded.consumed;
        if decoded.done {
            self.trailers = decoder.trailers().map(|trailers| Box::new(trailers.clone()));
            self.decoder = BodyDecoder::Done;
        }
        Ok(!decoded.payload.is_empty() || decoded.done)
    }

    /// Makes payload available, or says that the body ended. An early close is `UnexpectedEof`, broken framing
    /// `InvalidData`.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<Fill>> {
        loop {
            if self.payload_start != self.payload_end {
                return Poll::Ready(Ok(Fill::Data));
            }
            if self.body_received() {
                return Poll::Ready(Ok(Fill::End));
            }
            if self.raw_start != self.raw_end && self.decode()? {
                continue;
            }
            if ready!(self.poll_read_more(cx, pool))? == 0 {
                if matches!(self.decoder, BodyDecoder::UntilClose) {
                    self.decoder = BodyDecoder::Done;
                    return Poll::Ready(Ok(Fill::End));
                }
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Reads more bytes behind [`H1Conn::raw`]; 0 means the peer closed. A full buffer is `OutOfMemory`.
    pub(crate) fn poll_read_more(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<usize>> {
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        if self.storage.is_empty() {
            let bulk = match self.decoder {
                BodyDecoder::Length(n) => n > pool.small_size() as u64,
                BodyDecoder::UntilClose => self.traffic.received > pool.small_size() as u64,
                _ => false,
            };
            self.storage = if bulk { pool.large() } else { pool.small() };
        } else if self.raw_start == self.raw_end
            && self.payload_start == self.payload_end
            && self.storage.len() <= pool.small_size()
            && matches!(self.decoder, BodyDecoder::Length(n) if n > pool.small_size() as u64)
        {
            pool.give(std::mem::replace(&mut self.storage, pool.large()));
        }
        if self.raw_end == self.storage.len() {
            if self.payload_start != 0 && self.payload_start == self.payload_end {
                self.storage.copy_within(self.raw_start..self.raw_end, 0);
                self.raw_end -= self.raw_start;
                (self.payload_start, self.payload_end, self.raw_start) = (0, 0, 0);
            } else if self.raw_start != 0 && self.payload_start == self.payload_end {
                self.storage.copy_within(self.raw_start..self.raw_end, 0);
                self.raw_end -= self.raw_start;
                self.raw_start = 0;
            } else {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
        }
        let mut buf = ReadBuf::new(self.storage.get_mut(self.raw_end..).unwrap_or_default());
        let Poll::Ready(result) = Pin::new(&mut self.transport).poll_read(cx, &mut buf) else {
            // Who waits holds no buffer, and the next to read finds one that is still in the cache.
            self.release_input(pool);
            return Poll::Pending;
        };
        result?;
        let n = buf.filled().len();
        self.raw_end += n;
        self.traffic.received += n as u64;
        if n == 0 {
            self.eof = true;
        }
        Poll::Ready(Ok(n))
    }

    /// Has the connection reset when it is dropped; nothing more is read from it or written to it.
    pub(crate) fn reset(&mut self) {
        set_no_linger(self.transport.socket());
        self.eof = true;
    }
}
