//! The client side of HTTP/2: opens streams to a server on one connection.
//!
//! [`H2ClientDriver`] is the connection itself and has to be spawned on the worker (`spawn_local`); [`H2Client`] is
//! the handle that a pool keeps. The connection closes once the handle and all streams are gone.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{H2RecvBody, H2SendBody, OpenStream, Streams};
use super::coalesce::{Coalesce, Coalesced, coalesce};
use super::convert;
use super::error::{H2Error, H2Side, H2Stage};
use super::settings::H2Settings;
use crate::http::{BodyLength, Head};

/// A connection to a server that speaks HTTP/2, as its pool sees it.
pub struct H2Client {
    send: h2::client::SendRequest<Bytes>,
    streams: Rc<Streams>,
    ended: Rc<Cell<bool>>,
    max_streams: usize,
    max_headers: usize,
    tls: bool,
}

impl std::fmt::Debug for H2Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H2Client").field("open", &self.streams.count()).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Moves the bytes of a connection. Resolves when it has ended.
#[must_use = "nothing is sent or received unless it is spawned"]
pub struct H2ClientDriver<T> {
    connection: h2::client::Connection<Coalesce<T>, Bytes>,
    io: Coalesced<T>,
    ended: Rc<Cell<bool>>,
}

/// A request's answer to come.
#[derive(Debug)]
pub struct H2Response {
    future: h2::client::ResponseFuture,
    open: Rc<OpenStream>,
    max_headers: usize,
}

impl H2Client {
    /// Takes a connection up; nothing is waited for. `tls` tells the scheme of requests that do not state one.
    pub async fn handshake<T: AsyncRead + AsyncWrite + Unpin>(
        io: T,
        settings: &H2Settings,
        tls: bool,
    ) -> Result<(Self, H2ClientDriver<T>), H2Error> {
        let (inside, outside) = coalesce(io, b"");
        let mut builder = h2::client::Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(settings.initial_window_size)
            .initial_connection_window_size(settings.connection_window())
            .max_frame_size(settings.max_frame_size)
            .max_header_list_size(settings.max_header_list_size)
            .header_table_size(settings.header_table_size)
            .max_send_buffer_size(settings.send_buffer)
            .initial_max_send_streams(100);
        let (send, connection) = builder
            .handshake(inside)
            .await
            .map_err(|error| H2Error::from_h2(H2Stage::Connection, &error).retry_safe())?;
        let ended = Rc::new(Cell::new(false));
        let client = Self {
            send,
            streams: Streams::new(),
            ended: Rc::clone(&ended),
            max_streams: match settings.max_concurrent_streams {
                0 => usize::MAX,
                streams => streams as usize,
            },
            max_headers: settings.max_headers,
            tls,
        };
        Ok((client, H2ClientDriver { connection, io: outside, ended }))
    }

    /// Whether a stream can be opened at all, now or later: not after a GOAWAY or the end of the connection.
    pub fn is_usable(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        !self.ended.get() && !matches!(self.send.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// How many more streams may be opened right now: the server's limit and ours, less the open ones.
    pub fn available_streams(&self) -> usize {
        self.send.current_max_send_streams().min(self.max_streams).saturating_sub(self.streams.count())
    }

    /// Streams that are being worked on.
    pub fn open_streams(&self) -> usize {
        self.streams.count()
    }

    /// Opens a stream. With [`BodyLength::None`] the request ends with its head.
    ///
    /// Ask [`Self::available_streams`] first: beyond it the request waits in the connection's queue. Every error
    /// means that nothing was sent.
    pub fn open(&mut self, head: &Head, length: BodyLength) -> Result<(H2SendBody, H2Response), H2Error> {
        let request = convert::request_parts(head, self.tls)
            .map_err(|what| H2Error::message(H2Side::Local, H2Stage::Head, what))?;
        let end = length == BodyLength::None;
        // The handle remembers a stream that waits for the server's limit and refuses another: each gets its own.
        let (future, stream) = self
            .send
            .clone()
            .send_request(request, end)
            .map_err(|error| H2Error::from_h2(H2Stage::Head, &error).retry_safe())?;
        let open = self.streams.open();
        let body = H2SendBody::new(stream, end, Rc::clone(&open));
        Ok((body, H2Response { future, open, max_headers: self.max_headers }))
    }
}

impl H2Response {
    /// The next informational head (1xx); `None` once the final one is next.
    pub fn poll_informational(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Head, H2Error>>> {
        Poll::Ready(match ready!(self.future.poll_informational(cx)) {
            None => None,
            Some(Err(error)) => Some(Err(self.open.failed(H2Stage::Head, &error))),
            Some(Ok(response)) => {
                let (parts, ()) = response.into_parts();
                let head = convert::response_head(&parts, false, self.max_headers);
                Some(head.map(|(head, _)| head).map_err(|what| self.open.message(H2Side::Peer, what)))
            }
        })
    }

    /// The final head, how the body ends, and the body. Informational heads not asked for are dropped.
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Head, BodyLength, H2RecvBody), H2Error>> {
        let response =
            ready!(Pin::new(&mut self.future).poll(cx)).map_err(|error| self.open.failed(H2Stage::Head, &error))?;
        let (parts, body) = response.into_parts();
        let (head, length) = convert::response_head(&parts, body.is_end_stream(), self.max_headers)
            .map_err(|what| self.open.message(H2Side::Peer, what))?;
        Poll::Ready(Ok((head, length, H2RecvBody::new(body, Rc::clone(&self.open)))))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for H2ClientDriver<T> {
    type Output = Result<(), H2Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let driver = self.get_mut();
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut driver.connection).poll(cx) {
                driver.ended.set(true);
                return Poll::Ready(outcome.map_err(|error| H2Error::from_h2(H2Stage::Connection, &error)));
            }
            match ready!(driver.io.poll_send(cx)) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(error) => {
                    driver.ended.set(true);
                    return Poll::Ready(Err(H2Error::io(H2Stage::Connection, &error)));
                }
            }
        }
    }
}

impl<T> H2ClientDriver<T> {
    /// Number of writes made to the transport, for measurements.
    pub fn sends(&self) -> u64 {
        self.io.sends()
    }
}

impl<T> Drop for H2ClientDriver<T> {
    fn drop(&mut self) {
        self.ended.set(true);
    }
}
