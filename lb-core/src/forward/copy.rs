//! One direction of copied bytes: read into a pooled buffer, write it out, give the buffer back.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::{BufferPool, SMALL};
use super::splice::{Progress, PumpError, Pumped};

/// Rounds of read and write before other tasks of the worker get a turn.
const ROUNDS: u32 = 16;
/// Full small buffers in a row after which a stream counts as bulk data.
const BULK_READS: u8 = 2;

/// One direction of copied data. It holds a buffer only while bytes are in it.
#[derive(Debug, Default)]
pub struct CopyPump {
    buffer: Option<Box<[u8]>>,
    start: usize,
    end: usize,
    full_reads: u8,
    eof: bool,
    flush: bool,
}

impl CopyPump {
    /// A pump without a buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A pump that delivers these bytes before anything it reads. They do not count as read.
    pub fn with_initial(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        let buffer = (end > 0).then(|| bytes.into_boxed_slice());
        Self { buffer, end, ..Self::default() }
    }

    /// Bytes read and not delivered yet.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    /// Whether the last reads filled their buffers: worth a pipe.
    pub fn is_bulk(&self) -> bool {
        self.full_reads >= BULK_READS
    }

    /// Moves bytes until the source ends, `limit` is used up or one side makes it wait; see
    /// [`SplicePump::poll_pump`](super::splice::SplicePump::poll_pump).
    ///
    /// With `until_bulk` it stops with [`Pumped::Unsupported`] once [`CopyPump::is_bulk`] and nothing is pending, so
    /// that the caller can go on with splice(2).
    #[allow(clippy::too_many_arguments)]
    pub fn poll_pump<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut from: Pin<&mut R>,
        mut to: Pin<&mut W>,
        pool: &BufferPool,
        until_bulk: bool,
        limit: &mut u64,
        progress: &mut Progress,
    ) -> Poll<Result<Pumped, PumpError>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        for _ in 0..ROUNDS {
            ready!(self.poll_drain(cx, to.as_mut(), pool, progress)).map_err(PumpError::Write)?;
            if self.eof {
                ready!(self.poll_flush(cx, to.as_mut())).map_err(PumpError::Write)?;
                return Poll::Ready(Ok(Pumped::Eof));
            }
            if *limit == 0 {
                ready!(self.poll_flush(cx, to.as_mut())).map_err(PumpError::Write)?;
                return Poll::Ready(Ok(Pumped::Limit));
            }
            if until_bulk && self.is_bulk() {
                return Poll::Ready(Ok(Pumped::Unsupported));
            }
            match self.poll_fill(cx, from.as_mut(), pool, limit) {
                Poll::Ready(Ok(count)) => progress.read += count as u64,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(PumpError::Read(error))),
                Poll::Pending => {
                    // Nothing more for now: what a TLS layer still holds must go out.
                    ready!(self.poll_flush(cx, to)).map_err(PumpError::Write)?;
                    return Poll::Pending;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Source to empty buffer. The buffer goes back at once when nothing came.
    fn poll_fill<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        from: Pin<&mut R>,
        pool: &BufferPool,
        limit: &mut u64,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = pool.take(self.is_bulk());
        let most = usize::try_from(*limit).unwrap_or(usize::MAX).min(buffer.len());
        let mut read = ReadBuf::new(buffer.get_mut(..most).unwrap_or_default());
        let result = from.poll_read(cx, &mut read);
        let count = read.filled().len();
        match result {
            Poll::Ready(Ok(())) if count > 0 => {
                *limit = limit.saturating_sub(count as u64);
                self.full_reads = if count >= SMALL { self.full_reads.saturating_add(1) } else { 0 };
                self.start = 0;
                self.end = count;
                self.buffer = Some(buffer);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Ok(())) => {
                pool.put(buffer);
                self.eof = true;
                Poll::Ready(Ok(0))
            }
            other => {
                pool.put(buffer);
                other.map_ok(|()| 0)
            }
        }
    }

    /// Buffer to destination.
    fn poll_drain<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut to: Pin<&mut W>,
        pool: &BufferPool,
        progress: &mut Progress,
    ) -> Poll<io::Result<()>> {
        while let Some(buffer) = &self.buffer {
            let bytes = buffer.get(self.start..self.end).unwrap_or_default();
            if bytes.is_empty() {
                self.start = 0;
                self.end = 0;
                if let Some(buffer) = self.buffer.take() {
                    pool.put(buffer);
                }
                break;
            }
            let count = ready!(to.as_mut().poll_write(cx, bytes))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.start += count;
            self.flush = true;
            progress.written += count as u64;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush<W: AsyncWrite + ?Sized>(&mut self, cx: &mut Context<'_>, to: Pin<&mut W>) -> Poll<io::Result<()>> {
        if self.flush {
            ready!(to.poll_flush(cx))?;
            self.flush = false;
        }
        Poll::Ready(Ok(()))
    }
}
