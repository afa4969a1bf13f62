//! TLS over a socket without buffers of its own: rustls' unbuffered API over buffers that belong to the worker.
//!
//! A connection that waits holds nothing but its keys. Reads take up to four records with one system call, writes
//! give up to four records to one. Half-closed connections work: after the peer's close_notify bytes may still be sent.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{CommonState, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::buffer::{BUFFER_SIZE, Buffer};
use crate::stats::tls::OpenTls;
use crate::transport::Socket;

/// TLS accepted from a client.
pub type ServerTls = TlsStream<UnbufferedServerConnection>;
/// TLS opened to a server.
pub type ClientTls = TlsStream<UnbufferedClientConnection>;

/// One of rustls' two state machines.
pub trait Session {
    #[doc(hidden)]
    type Data;
    #[doc(hidden)]
    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
    #[doc(hidden)]
    fn state(&self) -> &CommonState;
}

impl Session for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn state(&self) -> &CommonState {
        self
    }
}

impl Session for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn state(&self) -> &CommonState {
        self
    }
}

/// A socket under TLS.
pub struct TlsStream<S> {
    socket: Socket,
    session: S,
    /// Records received and not yet opened.
    incoming: Option<Buffer>,
    /// Records to send.
    outgoing: Option<Buffer>,
    /// Opened bytes that the reader had no room for.
    plain: Option<Buffer>,
    /// The session has more to say about what it was given.
    dirty: bool,
    /// The socket has no more bytes.
    eof: bool,
    /// The peer's close_notify came.
    peer_closed: bool,
    close_sent: bool,
    /// The session gave up and must not be asked again.
    failed: bool,
    /// Counts the connection.
    open: Option<OpenTls>,
}

/// What one look of the session came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Look again.
    More,
    /// Bytes were opened.
    Plain,
    /// The handshake waits for the peer.
    Blocked,
    /// The connection is established, and what was to be written was.
    Ready,
    /// No bytes will come any more.
    PeerClosed,
}

/// What to do once the session can write.
#[derive(Clone, Copy)]
enum Write<'a> {
    Nothing,
    Bytes(&'a [u8]),
    CloseNotify,
}

/// Bytes sealed at once: four records fit a buffer with all that TLS adds.
const SEAL: usize = BUFFER_SIZE - 4096;
/// Most bytes that a record brings (RFC 8446, section 5.1).
const RECORD: usize = 16 * 1024;
/// More than TLS adds to [`SEAL`] bytes.
const OVERHEAD: usize = 4096;

impl<S: Session> TlsStream<S> {
    pub(super) fn new(socket: Socket, session: S) -> Self {
        Self {
            socket,
            session,
            incoming: None,
            outgoing: None,
            plain: None,
            dirty: true,
            eof: false,
            peer_closed: false,
            close_sent: false,
            failed: false,
            open: None,
        }
    }

    /// Counts the connection until it is dropped.
    pub(crate) fn hold(&mut self, open: OpenTls) {
        self.open = Some(open);
    }

    /// The socket below.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The socket underneath, to be registered or waited for.
    pub fn socket_mut(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Whether bytes were received that the reader has not got.
    pub fn holds_input(&self) -> bool {
        self.plain.is_some() || self.incoming.is_some()
    }

    pub(super) fn session(&self) -> &S {
        &self.session
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        self.incoming.is_none() && self.outgoing.is_none() && self.plain.is_none()
    }

    /// Goes on with the handshake until it is over.
    pub(super) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let step = match self.step(Write::Nothing, &mut ReadBuf::new(&mut [])) {
                Ok(step) => step,
                Err(error) => return Poll::Ready(Err(self.fail(cx, error))),
            };
            match step {
                Step::More => {}
                Step::Ready | Step::Plain if !self.session.state().is_handshaking() => return self.poll_send(cx),
                Step::PeerClosed => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Step::Ready | Step::Plain | Step::Blocked => {
                    ready!(self.poll_send(cx))?;
                    ready!(self.poll_receive(cx))?;
                    if self.eof {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
        }
    }

    /// Reads until `enough` is satisfied with the bytes that came, or there are no more.
    pub(super) fn poll_peek(&mut self, cx: &mut Context<'_>, enough: impl Fn(&[u8]) -> bool) -> Poll<io::Result<()>> {
        while !self.eof && !enough(self.incoming.as_ref().map(Buffer::filled).unwrap_or_default()) {
            ready!(self.poll_receive(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Puts another session in the place of one that has not looked at anything yet.
    pub(super) fn replace_session(&mut self, session: S) {
        self.session = session;
    }

    /// One look of the session at what was received. Opened bytes go to `out`, the rest of them to `plain`.
    fn step(&mut self, write: Write<'_>, out: &mut ReadBuf<'_>) -> Result<Step, Error> {
        let records = self.incoming.as_mut().map(Buffer::filled_mut).unwrap_or_default();
        let UnbufferedStatus { discard, state } = self.session.process(records);
        self.dirty = true;
        let step = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let payload = record?.payload;
                    let fits = payload.len().min(out.remaining());
                    // Earlier bytes go first.
                    let fits = if self.plain.is_some() { 0 } else { fits };
                    let (now, later) = payload.split_at(fits);
                    out.put_slice(now);
                    if !later.is_empty() {
                        let plain = self.plain.get_or_insert_with(Buffer::take);
                        plain.reserve(later.len());
                        plain.append(later);
                    }
                }
                Ok(Step::Plain)
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let outgoing = self.outgoing.get_or_insert_with(Buffer::take);
                let encoded = match data.encode(outgoing.unfilled()) {
                    Err(EncodeError::InsufficientSize(size)) => {
                        outgoing.reserve(size.required_size);
                        data.encode(outgoing.unfilled())
                    }
                    other => other,
                };
                outgoing.commit(encoded.map_err(|error| Error::General(error.to_string()))?);
                Ok(Step::More)
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                // They stand in `outgoing`, which is sent before anything is waited for.
                data.done();
                Ok(Step::More)
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                let outgoing = &mut self.outgoing;
                let mut seal = |more: usize, bytes: Option<&[u8]>| {
                    let outgoing = outgoing.get_or_insert_with(Buffer::take);
                    outgoing.reserve(more);
                    let sealed = match bytes {
                        Some(bytes) => traffic.encrypt(bytes, outgoing.unfilled()),
                        None => traffic.queue_close_notify(outgoing.unfilled()),
                    };
                    match sealed {
                        Ok(sealed) => outgoing.commit(sealed),
                        Err(EncryptError::EncryptExhausted) => return Err(Error::EncryptError),
                        Err(error) => return Err(Error::General(error.to_string())),
                    }
                    Ok(())
                };
                match write {
                    Write::Nothing => {}
                    Write::Bytes(bytes) => seal(bytes.len() + OVERHEAD, Some(bytes))?,
                    Write::CloseNotify => seal(OVERHEAD, None)?,
                }
                self.dirty = false;
                Ok(Step::Ready)
            }
            Ok(ConnectionState::BlockedHandshake) => {
                self.dirty = false;
                Ok(Step::Blocked)
            }
            Ok(ConnectionState::PeerClosed) => {
                self.peer_closed = true;
                Ok(Step::PeerClosed)
            }
            Ok(ConnectionState::Closed) => {
                self.peer_closed = true;
                self.dirty = false;
                Ok(Step::PeerClosed)
            }
            Ok(_) => Err(Error::General("unexpected state of the TLS session".to_owned())),
            Err(error) => Err(error),
        };
        if let Some(incoming) = &mut self.incoming {
            incoming.consume(discard);
            if incoming.is_empty()
                && let Some(incoming) = self.incoming.take()
            {
                incoming.recycle();
            }
        }
        step
    }

    /// Sends the alert that goes with an error, as far as that is possible at once.
    fn fail(&mut self, cx: &mut Context<'_>, error: Error) -> io::Error {
        self.failed = true;
        // The session must not look at records any more: it is only asked for what it has ready.
        while self.session.state().wants_write() {
            if self.step(Write::Nothing, &mut ReadBuf::new(&mut [])).is_err() {
                break;
            }
        }
        for buffer in [self.incoming.take(), self.plain.take()].into_iter().flatten() {
            buffer.recycle();
        }
        let _ = self.poll_send(cx);
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    /// Reads more records from the socket; sets `eof` at its end.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = self.incoming.take().unwrap_or_else(Buffer::take);
        if buffer.free() < BUFFER_SIZE / 2 {
            buffer.reserve(BUFFER_SIZE / 2);
        }
        let mut space = ReadBuf::new(buffer.unfilled());
        let outcome = Pin::new(&mut self.socket).poll_read(cx, &mut space);
        let read = space.filled().len();
        buffer.commit(read);
        if buffer.is_empty() {
            buffer.recycle();
        } else if outcome.is_pending() {
            // The part of a record that came waits in no more memory than it needs.
            self.incoming = Buffer::holding(buffer.filled());
            buffer.recycle();
        } else {
            self.incoming = Some(buffer);
        }
        if matches!(outcome, Poll::Ready(Ok(()))) && read == 0 {
            self.eof = true;
        }
        outcome
    }

    /// Sends what stands in `outgoing`.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(outgoing) = &mut self.outgoing else { return Poll::Ready(Ok(())) };
        while !outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, outgoing.filled()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            outgoing.consume(written);
        }
        if let Some(outgoing) = self.outgoing.take() {
            outgoing.recycle();
        }
        Poll::Ready(Ok(()))
    }

    /// Seals bytes or close_notify into `outgoing`.
    fn seal(&mut self, cx: &mut Context<'_>, write: Write<'_>) -> io::Result<()> {
        if self.failed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        loop {
            match self.step(write, &mut ReadBuf::new(&mut [])) {
                Ok(Step::Ready) => return Ok(()),
                Ok(Step::More | Step::Plain) => {}
                Ok(Step::PeerClosed) if self.dirty => {}
                Ok(Step::PeerClosed | Step::Blocked) => return Err(io::ErrorKind::NotConnected.into()),
                Err(error) => return Err(self.fail(cx, error)),
            }
        }
    }

    /// Sends at most [`SEAL`] of `bytes`, sealed already when this returns.
    fn poll_write_bytes(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes = bytes.get(..SEAL).unwrap_or(bytes);
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.close_sent {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_send(cx))?;
        self.seal(cx, Write::Bytes(bytes))?;
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

impl<S: Session + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let room = out.remaining();
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        if let Some(plain) = &mut stream.plain {
            let take = plain.filled().len().min(out.remaining());
            out.put_slice(plain.filled().get(..take).unwrap_or_default());
            plain.consume(take);
            if plain.is_empty()
                && let Some(plain) = stream.plain.take()
            {
                plain.recycle();
            }
            return Poll::Ready(Ok(()));
        }
        if stream.failed {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        loop {
            if stream.peer_closed {
                return Poll::Ready(Ok(()));
            }
            while stream.dirty {
                // Several records for a reader that has room for them.
                if out.remaining() < room && (stream.incoming.is_none() || out.remaining() < RECORD) {
                    return Poll::Ready(Ok(()));
                }
                match stream.step(Write::Nothing, out) {
                    Ok(Step::PeerClosed) => return Poll::Ready(Ok(())),
                    Ok(_) => {}
                    Err(error) => {
                        let error = stream.fail(cx, error);
                        // What was opened before comes first; the next read fails.
                        return Poll::Ready(if out.remaining() < room { Ok(()) } else { Err(error) });
                    }
                }
            }
            if out.remaining() < room {
                return Poll::Ready(Ok(()));
            }
            // Answers of the session itself, as to a key update.
            if let Poll::Ready(Err(error)) = stream.poll_send(cx) {
                return Poll::Ready(Err(error));
            }
            if stream.eof {
                let what = "peer closed connection without sending TLS close_notify";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, what)));
            }
            ready!(stream.poll_receive(cx))?;
            stream.dirty = !stream.eof;
        }
    }
}

impl<S: Session + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_bytes(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let mut filled = slices.iter().filter(|slice| !slice.is_empty());
        let first = filled.next();
        if filled.next().is_none() {
            return stream.poll_write_bytes(cx, first.map_or(&[], |slice| slice));
        }
        // Head and body share a record.
        ready!(stream.poll_send(cx))?;
        let mut gathered = Buffer::take();
        for slice in slices {
            if gathered.append(slice) < slice.len() {
                break;
            }
        }
        let written = stream.poll_write_bytes(cx, gathered.filled());
        gathered.recycle();
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if !stream.close_sent {
            stream.close_sent = true;
            match stream.seal(cx, Write::CloseNotify) {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => return Poll::Ready(Err(error)),
                _ => {}
            }
        }
        ready!(stream.poll_send(cx))?;
        match ready!(Pin::new(&mut stream.socket).poll_shutdown(cx)) {
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("socket", &self.socket).finish_non_exhaustive()
    }
}
