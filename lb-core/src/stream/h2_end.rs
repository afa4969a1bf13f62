//! One HTTP/2 stream as an end of an exchange: a client's request or a request of ours to a server.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};

use super::side::HeadError;
use crate::http::h1::io::Fill;
use crate::http::h2::{H2Error, H2ErrorKind, H2RecvBody, H2Request, H2Responder, H2Response, H2SendBody, Reason};
use crate::http::message::{BodyLength, Head};

/// The half of a stream that waits for its head.
#[derive(Debug)]
enum Awaiting {
    /// A client waits for our response.
    Responder(H2Responder),
    /// We wait for a server's response.
    Response(Box<H2Response>),
    /// Neither any more.
    Nothing,
}

/// An HTTP/2 stream.
#[derive(Debug)]
pub(crate) struct H2End {
    awaiting: Awaiting,
    recv: Option<H2RecvBody>,
    /// Received and not consumed.
    piece: Bytes,
    received: bool,
    trailers: Option<Box<Head>>,
    send: Option<H2SendBody>,
    /// The request may lead to a tunnel: its end is not the stream's.
    held: bool,
    /// Rest of a response of our own.
    reply: Bytes,
    /// How the received body ends, once its head is known.
    pub(crate) length: BodyLength,
    /// The client asks for a tunnel of another protocol (RFC 8441).
    pub(crate) upgrade: bool,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl H2End {
    /// A client's stream whose request was received, and the head of that.
    pub(crate) fn of_client(request: H2Request) -> (Self, Head) {
        let H2Request { head, length, upgrade, body, responder } = request;
        let end = Self {
            awaiting: Awaiting::Responder(responder),
            recv: Some(body),
            piece: Bytes::new(),
            received: length == BodyLength::None,
            trailers: None,
            send: None,
            held: false,
            reply: Bytes::new(),
            length,
            upgrade,
            bytes_in: head.wire_len() as u64,
            bytes_out: 0,
        };
        (end, head)
    }

    /// A stream to a server that is not open yet.
    pub(crate) fn unopened() -> Self {
        Self {
            awaiting: Awaiting::Nothing,
            recv: None,
            piece: Bytes::new(),
            received: true,
            trailers: None,
            send: None,
            held: false,
            reply: Bytes::new(),
            length: BodyLength::None,
            upgrade: false,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// A stream to a server whose request head was queued.
    pub(crate) fn of_server(send: H2SendBody, response: H2Response, head: &Head) -> Self {
        Self {
            awaiting: Awaiting::Response(Box::new(response)),
            recv: None,
            piece: Bytes::new(),
            received: true,
            trailers: None,
            send: Some(send),
            held: false,
            reply: Bytes::new(),
            length: BodyLength::None,
            upgrade: false,
            bytes_in: 0,
            bytes_out: head.wire_len() as u64,
        }
    }

    /// The same where a tunnel follows if the server agrees: CONNECT, and upgrades.
    pub(crate) fn of_tunnel(send: H2SendBody, response: H2Response, head: &Head) -> Self {
        Self { held: true, ..Self::of_server(send, response, head) }
    }

    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Fill>> {
        loop {
            if !self.piece.is_empty() {
                return Poll::Ready(Ok(Fill::Data));
            }
            let Some(recv) = self.recv.as_mut().filter(|_| !self.received) else {
                return Poll::Ready(Ok(Fill::End));
            };
            match ready!(recv.poll_data(cx)) {
                Some(Ok(piece)) => {
                    self.bytes_in += piece.len() as u64;
                    self.piece = piece;
                    self.received = recv.is_end();
                }
                Some(Err(error)) => return Poll::Ready(Err(to_io(&error))),
                None => {
                    let trailers = ready!(recv.poll_trailers(cx)).map_err(|error| to_io(&error))?;
                    self.trailers = trailers.map(Box::new);
                    self.received = true;
                }
            }
        }
    }

    /// Ready once the whole body is here, or as much of it as a buffer takes.
    pub(crate) fn poll_buffered(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<()>> {
        self.gather(cx, most)?;
        if self.received || self.piece.len() >= most { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Takes what has come of the body into one piece, as long as that has no more than `limit` bytes. What is taken makes
    /// room in the stream's window, which may be smaller.
    pub(crate) fn gather(&mut self, cx: &mut Context<'_>, limit: usize) -> io::Result<()> {
        let mut whole = Vec::new();
        loop {
            if self.poll_fill(cx)?.is_pending() || self.piece.is_empty() || whole.len() + self.piece.len() > limit {
                break;
            }
            if whole.is_empty() && self.received {
                return Ok(());
            }
            whole.extend_from_slice(&self.piece);
            let taken = std::mem::take(&mut self.piece).len();
            if let Some(recv) = &mut self.recv {
                recv.release(taken);
            }
        }
        if !whole.is_empty() {
            whole.extend_from_slice(&self.piece);
            self.piece = Bytes::from(whole);
        }
        Ok(())
    }

    /// Starts or resumes reading the body that follows a head; none is read after a message without one.
    pub(crate) fn expect_body(&mut self, length: BodyLength) {
        self.held = false;
        self.received = length == BodyLength::None || self.recv.as_ref().is_none_or(H2RecvBody::is_end);
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.piece
    }

    pub(crate) fn take_payload(&mut self, n: usize) -> Bytes {
        let taken = self.piece.split_to(n.min(self.piece.len()));
        if let Some(recv) = &mut self.recv {
            recv.release(taken.len());
        }
        taken
    }

    pub(crate) fn consume(&mut self, n: usize) {
        let n = n.min(self.piece.len());
        self.piece.advance(n);
        if let Some(recv) = &mut self.recv {
            recv.release(n);
        }
    }

    pub(crate) fn body_received(&self) -> bool {
        self.received
    }

    pub(crate) fn trailers(&self) -> Option<&Head> {
        self.trailers.as_deref()
    }

    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        payload: &[u8],
        last: bool,
        trailers: Option<&Head>,
    ) -> Poll<io::Result<usize>> {
        let Some(send) = &mut self.send else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if payload.is_empty() {
            if last && !self.held && !send.is_ended() {
                let sent = match trailers {
                    Some(trailers) => send.send_trailers(trailers),
                    None => send.send_data(Bytes::new(), true),
                };
                sent.map_err(|error| to_io(&error))?;
            }
            return Poll::Ready(Ok(0));
        }
        let take = ready!(self.poll_room(cx, payload.len()))?;
        let end = last && take == payload.len() && trailers.is_none();
        self.send_piece(Bytes::copy_from_slice(payload.get(..take).unwrap_or_default()), end)?;
        Poll::Ready(Ok(take))
    }

    /// How much of `want` bytes can be sent now; never 0.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<io::Result<usize>> {
        let Some(send) = &mut self.send else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        send.poll_capacity(cx, want).map_err(|error| to_io(&error))
    }

    /// Sends payload for which there is room.
    pub(crate) fn send_piece(&mut self, piece: Bytes, end: bool) -> io::Result<()> {
        let send = self.send.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        self.bytes_out += piece.len() as u64;
        send.send_data(piece, end).map_err(|error| to_io(&error))
    }

    /// Leaves a whole body to be sent by [`H2End::poll_flush`].
    pub(crate) fn queue_reply(&mut self, body: Bytes) {
        self.reply = body;
    }

    /// Hands queued bytes to the connection, which sends them in its own time.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.reply.is_empty() {
            let Some(send) = &mut self.send else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            let capacity = ready!(send.poll_capacity(cx, self.reply.len())).map_err(|error| to_io(&error))?;
            let piece = self.reply.split_to(capacity.min(self.reply.len()));
            self.bytes_out += piece.len() as u64;
            send.send_data(piece, self.reply.is_empty()).map_err(|error| to_io(&error))?;
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn needs_end(&self) -> bool {
        !self.held && self.send.as_ref().is_some_and(|send| !send.is_ended())
    }

    /// Ready once the peer gave the stream up.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match (&mut self.awaiting, &mut self.send) {
            (Awaiting::Responder(responder), _) => responder.poll_reset(cx).map(drop),
            (_, Some(send)) => send.poll_reset(cx).map(drop),
            _ => Poll::Pending,
        }
    }

    /// Has the stream given up when the client closes the connection.
    pub(crate) fn end_with_client(&mut self) {
        if let Awaiting::Responder(responder) = &mut self.awaiting {
            responder.end_with_client();
        }
    }

    /// Whether the stream ended because the peer closed the connection, rather than reset it or the stream.
    pub(crate) fn has_closed(&mut self) -> bool {
        let cx = &mut Context::from_waker(Waker::noop());
        let error = match (&mut self.awaiting, &mut self.send) {
            (Awaiting::Responder(responder), _) => Some(responder.poll_reset(cx)),
            (_, send) => send.as_mut().map(|send| send.poll_reset(cx)),
        };
        matches!(error, Some(Poll::Ready(H2Error { kind: H2ErrorKind::Io(io::ErrorKind::UnexpectedEof), .. })))
    }

    /// Sends an interim response to the client.
    pub(crate) fn send_interim(&mut self, head: &Head) -> io::Result<()> {
        match &mut self.awaiting {
            Awaiting::Responder(responder) => responder.send_informational(head).map_err(|error| to_io(&error)),
            _ => Ok(()),
        }
    }

    /// Sends the response head to the client; [`BodyLength::None`] ends the stream with it.
    pub(crate) fn send_response(&mut self, head: &Head, length: BodyLength) -> io::Result<()> {
        match std::mem::replace(&mut self.awaiting, Awaiting::Nothing) {
            Awaiting::Responder(responder) => {
                self.send = Some(responder.send_response(head, length).map_err(|error| to_io(&error))?);
                self.bytes_out += head.wire_len() as u64;
                Ok(())
            }
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Receives a server's response head, an interim one first where there is one.
    pub(crate) fn poll_response_head(&mut self, cx: &mut Context<'_>, head: &mut Head) -> Poll<Result<(), HeadError>> {
        let Awaiting::Response(response) = &mut self.awaiting else {
            return Poll::Ready(Err(HeadError::Malformed));
        };
        if let Poll::Ready(Some(interim)) = response.poll_informational(cx) {
            *head = interim;
            return Poll::Ready(Ok(()));
        }
        match ready!(response.poll_head(cx)) {
            Ok((received, length, body)) => {
                self.bytes_in += received.wire_len() as u64;
                *head = received;
                self.length = length;
                self.received = length == BodyLength::None;
                self.recv = Some(body);
                self.awaiting = Awaiting::Nothing;
                Poll::Ready(Ok(()))
            }
            Err(error) if error.retry_safe => Poll::Ready(Err(HeadError::Unprocessed)),
            Err(error) => Poll::Ready(Err(match to_io(&error).kind() {
                io::ErrorKind::InvalidData => HeadError::Malformed,
                _ => HeadError::Closed { silent: false },
            })),
        }
    }

    /// Ends the stream in both directions before its time.
    pub(crate) fn reset(&mut self, reason: Reason) {
        match std::mem::replace(&mut self.awaiting, Awaiting::Nothing) {
            Awaiting::Responder(responder) => responder.reset(reason),
            _ => {
                if let Some(send) = &mut self.send {
                    send.reset(reason);
                }
            }
        }
    }
}

fn to_io(error: &H2Error) -> io::Error {
    let kind = match error.kind {
        H2ErrorKind::Message(_) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::ConnectionReset,
    };
    io::Error::new(kind, error.to_string())
}
