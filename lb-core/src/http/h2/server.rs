//! The server side of HTTP/2: accepts a client's streams on one connection.
//!
//! The session polls [`H2ServerConnection::poll_accept`] in its own task and gives each request to a task of its
//! own. Polling it is what moves bytes of all streams in both directions, so it has to go on until it yields `None`
//! or an error.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{H2RecvBody, H2SendBody, OpenStream, Streams};
use super::coalesce::{Coalesce, Coalesced, coalesce};
use super::convert;
use super::error::{H2Error, H2Side, H2Stage, Reason};
use super::settings::H2Settings;
use crate::http::{BodyLength, Head};

/// A client connection that speaks HTTP/2.
pub struct H2ServerConnection<T> {
    connection: h2::server::Connection<Coalesce<T>, Bytes>,
    io: Coalesced<T>,
    streams: Rc<Streams>,
    max_headers: usize,
    /// The client is being sent away for its resets.
    abused: Option<H2Error>,
}

/// What a client's stream brought.
#[derive(Debug)]
pub enum H2Accepted {
    /// A well-formed request.
    Request(Box<H2Request>),
    /// A malformed request; its stream was reset with PROTOCOL_ERROR already, the connection goes on.
    Malformed(H2Error),
}

/// A request, its body and the way to answer it.
#[derive(Debug)]
pub struct H2Request {
    /// The head; the target is in absolute form, see [`split_target`](super::convert::split_target).
    pub head: Head,
    /// How the body ends.
    pub length: BodyLength,
    /// The body.
    pub body: H2RecvBody,
    /// The way to answer.
    pub responder: H2Responder,
}

/// Answers one request. Dropped without an answer, it resets the stream.
#[derive(Debug)]
pub struct H2Responder {
    respond: h2::server::SendResponse<Bytes>,
    open: Rc<OpenStream>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> H2ServerConnection<T> {
    /// Takes the connection up and waits for the client's preface. `preread` was read from `io` before.
    ///
    /// Not cancel safe: a dropped handshake has consumed bytes.
    pub async fn handshake(io: T, preread: &[u8], settings: &H2Settings) -> Result<Self, H2Error> {
        let (inside, outside) = coalesce(io, preread);
        let mut builder = h2::server::Builder::new();
        builder
            .initial_window_size(settings.initial_window_size)
            .initial_connection_window_size(settings.connection_window())
            .max_frame_size(settings.max_frame_size)
            .max_header_list_size(settings.max_header_list_size)
            .header_table_size(settings.header_table_size)
            .max_send_buffer_size(settings.send_buffer)
            .max_concurrent_reset_streams(64)
            .max_pending_accept_reset_streams(100)
            .max_local_error_reset_streams(Some(256));
        if settings.max_concurrent_streams > 0 {
            builder.max_concurrent_streams(settings.max_concurrent_streams);
        }
        let mut handshake = std::pin::pin!(builder.handshake::<_, Bytes>(inside));
        let connection = poll_fn(|cx| match handshake.as_mut().poll(cx) {
            Poll::Pending => match outside.poll_send(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(H2Error::io(H2Stage::Connection, &error))),
                _ => Poll::Pending,
            },
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| H2Error::from_h2(H2Stage::Connection, &error))),
        })
        .await?;
        Ok(Self { connection, io: outside, streams: Streams::new(), max_headers: settings.max_headers, abused: None })
    }

    /// The next request; `None` once the connection has ended in good order.
    ///
    /// Cancel safe. When it returns `Pending`, all that the streams wrote was sent, and the caller is woken also when
    /// the last open stream ends, so that it can look at [`Self::open_streams`] and change its timeout.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<H2Accepted, H2Error>>> {
        loop {
            if self.abused.is_none() && self.streams.abused() {
                self.abused =
                    Some(H2Error::message(H2Side::Peer, H2Stage::Connection, "too many streams reset by the client"));
                self.abort(Reason::ENHANCE_YOUR_CALM);
            }
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => {
                    return Poll::Ready(Some(Ok(self.judge(request, respond))));
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(H2Error::from_h2(H2Stage::Connection, &error))));
                }
                Poll::Ready(None) => return Poll::Ready(self.abused.clone().map(Err)),
                Poll::Pending => {}
            }
            self.streams.register(cx);
            match ready!(self.io.poll_send(cx)) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(error) => return Poll::Ready(Some(Err(H2Error::io(H2Stage::Connection, &error)))),
            }
        }
    }

    fn judge(
        &self,
        request: http::Request<h2::RecvStream>,
        mut respond: h2::server::SendResponse<Bytes>,
    ) -> H2Accepted {
        let (parts, body) = request.into_parts();
        match convert::request_head(&parts, body.is_end_stream(), self.max_headers) {
            Ok((head, length)) => {
                let open = self.streams.open();
                let body = H2RecvBody::new(body, Rc::clone(&open));
                let responder = H2Responder { respond, open };
                H2Accepted::Request(Box::new(H2Request { head, length, body, responder }))
            }
            Err(what) => {
                respond.send_reset(h2::Reason::PROTOCOL_ERROR);
                H2Accepted::Malformed(H2Error::message(H2Side::Peer, H2Stage::Head, what))
            }
        }
    }

    /// Tells the client to open no more streams (GOAWAY); [`Self::poll_accept`] yields `None` after the open ones.
    pub fn graceful_shutdown(&mut self) {
        self.connection.graceful_shutdown();
    }

    /// Ends every stream and the connection with GOAWAY and this reason.
    pub fn abort(&mut self, reason: Reason) {
        self.connection.abrupt_shutdown(reason.to_h2());
    }

    /// Streams that are being worked on: 0 means that the connection is idle and keep-alive timeouts apply.
    pub fn open_streams(&self) -> usize {
        self.streams.count()
    }

    /// Runs `look` on the transport below.
    pub fn with_io<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.io.with_io(look)
    }

    /// Number of writes made to the transport, for measurements.
    pub fn sends(&self) -> u64 {
        self.io.sends()
    }
}

impl H2Responder {
    /// Sends an informational head, 1xx except 101.
    pub fn send_informational(&mut self, head: &Head) -> Result<(), H2Error> {
        let response = self.response(head)?;
        self.respond.send_informational(response).map_err(|error| self.open.failed(H2Stage::Head, &error))
    }

    /// Sends the final head. With [`BodyLength::None`] it ends the stream; a content-length field may still tell
    /// what a HEAD or 304 stands for.
    pub fn send_response(mut self, head: &Head, length: BodyLength) -> Result<H2SendBody, H2Error> {
        let response = self.response(head)?;
        let end = length == BodyLength::None;
        let stream =
            self.respond.send_response(response, end).map_err(|error| self.open.failed(H2Stage::Head, &error))?;
        Ok(H2SendBody::new(stream, end, self.open))
    }

    /// Resets the stream instead of an answer.
    pub fn reset(mut self, reason: Reason) {
        self.respond.send_reset(reason.to_h2());
    }

    /// Ready once the client gave the stream up or the connection broke.
    pub fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<H2Error> {
        Poll::Ready(match ready!(self.respond.poll_reset(cx)) {
            Ok(reason) => self.open.reset(H2Stage::Head, reason),
            Err(error) => self.open.failed(H2Stage::Head, &error),
        })
    }

    fn response(&self, head: &Head) -> Result<http::Response<()>, H2Error> {
        convert::response_parts(head).map_err(|what| self.open.message(H2Side::Local, what))
    }
}
