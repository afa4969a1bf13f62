//! The server side of HTTP/2: accepts a client's streams on one connection.
//!
//! The session polls [`H2ServerConnection::poll_accept`] in its own task and gives each request to a task of its
//! own. Polling it is what moves bytes of all streams in both directions, so it has to go on until it yields `None`
//! or an error.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{H2RecvBody, H2SendBody, StreamHandle};
use super::connection::{Accepted, Connection, H2Counts, Role};
use super::drive::{Driver, Shared};
use super::error::{H2Error, H2ErrorKind, H2Stage, Reason};
use super::settings::H2Settings;
use crate::http::{BodyLength, Head};
use crate::worker::timer::now;

/// A client connection that speaks HTTP/2.
#[derive(Debug)]
pub struct H2ServerConnection<T> {
    driver: Driver<T>,
    shared: Shared,
}

/// What a client's stream brought.
#[derive(Debug)]
pub enum H2Accepted {
    /// A well-formed request.
    Request(Box<H2Request>),
    /// A malformed request, or one beyond the limit of streams; its stream was reset already, the connection goes on.
    Malformed(H2Error),
}

/// A request, its body and the way to answer it.
#[derive(Debug)]
pub struct H2Request {
    /// The head; the target is in absolute form, see [`split_target`](super::convert::split_target).
    pub head: Head,
    /// How the body ends.
    pub length: BodyLength,
    /// Whether it is an extended CONNECT (RFC 8441), whose head is that of an upgrade over HTTP/1: what follows is for the
    /// tunnel that a 2xx opens.
    pub upgrade: bool,
    /// The body.
    pub body: H2RecvBody,
    /// The way to answer.
    pub responder: H2Responder,
}

/// Answers one request. Dropped without an answer, it resets the stream.
#[derive(Debug)]
pub struct H2Responder {
    stream: StreamHandle,
}

impl<T: AsyncRead + AsyncWrite + Unpin> H2ServerConnection<T> {
    /// Takes the connection up and waits for the client's preface. `preread` was read from `io` before.
    ///
    /// Not cancel safe: a dropped handshake has consumed bytes.
    pub async fn handshake(io: T, preread: &[u8], settings: &H2Settings) -> Result<Self, H2Error> {
        let mut driver = Driver::new(io, preread);
        let shared = Rc::new(RefCell::new(Connection::new(Role::Server, settings, now())));
        let opened = poll_fn(|cx| driver.poll(cx, &shared, |connection| connection.is_open().then_some(()))).await;
        match opened {
            Some(()) => Ok(Self { driver, shared }),
            None => Err(shared.borrow().failed().cloned().unwrap_or(H2Error::closed(H2Stage::Connection))),
        }
    }

    /// The next request; `None` once the connection has ended in good order.
    ///
    /// Cancel safe. When it returns `Pending`, all that the streams wrote was sent, and the caller is woken also when
    /// the last open stream ends, so that it can look at [`Self::open_streams`] and change its timeout.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<H2Accepted, H2Error>>> {
        let accepted = ready!(self.driver.poll(cx, &self.shared, Connection::accepted));
        Poll::Ready(match accepted {
            Some(Accepted::Request { slot, head, length, upgrade }) => {
                let body = H2RecvBody::new(StreamHandle::new(&self.shared, slot));
                let responder = H2Responder { stream: StreamHandle::new(&self.shared, slot) };
                Some(Ok(H2Accepted::Request(Box::new(H2Request { head, length, upgrade, body, responder }))))
            }
            Some(Accepted::Malformed(error)) => Some(Ok(H2Accepted::Malformed(error))),
            None => match self.shared.borrow().failed() {
                Some(error) if error.kind != H2ErrorKind::Closed => Some(Err(error.clone())),
                _ => None,
            },
        })
    }
}

impl<T> H2ServerConnection<T> {
    /// Tells the client to open no more streams (GOAWAY); [`Self::poll_accept`] yields `None` after the open ones.
    pub fn graceful_shutdown(&mut self) {
        self.shared.borrow_mut().shut_down();
    }

    /// Ends every stream and the connection with GOAWAY and this reason.
    pub fn abort(&mut self, reason: Reason) {
        self.shared.borrow_mut().abort(reason);
    }

    /// Streams that are being worked on: 0 means that the connection is idle and keep-alive timeouts apply.
    pub fn open_streams(&self) -> usize {
        self.shared.borrow().streams()
    }

    /// Whether bytes wait that the client has not taken yet.
    pub fn is_sending(&self) -> bool {
        self.shared.borrow_mut().output().pending() > 0
    }

    /// Gives the memory of a head to the next request.
    pub fn supply_head(&mut self, head: Head) {
        self.shared.borrow_mut().supply_head(head);
    }

    /// What the connection counted so far.
    pub fn counts(&self) -> H2Counts {
        *self.shared.borrow().counts()
    }

    /// Runs `look` on the transport below.
    pub fn with_io<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.driver.io)
    }

    /// Number of writes made to the transport, for measurements.
    pub fn sends(&self) -> u64 {
        self.driver.sends()
    }
}

impl<T> Drop for H2ServerConnection<T> {
    fn drop(&mut self) {
        self.shared.borrow_mut().end(H2Error::closed(H2Stage::Connection));
    }
}

impl H2Responder {
    /// Sends an informational head, 1xx except 101.
    pub fn send_informational(&mut self, head: &Head) -> Result<(), H2Error> {
        self.stream.with(|connection, slot| connection.send_response(slot, head, false))
    }

    /// Sends the final head. With [`BodyLength::None`] it ends the stream; a content-length field may still tell
    /// what a HEAD or 304 stands for.
    pub fn send_response(self, head: &Head, length: BodyLength) -> Result<H2SendBody, H2Error> {
        let end = length == BodyLength::None;
        self.stream.with(|connection, slot| connection.send_response(slot, head, end))?;
        Ok(H2SendBody::new(self.stream, end))
    }

    /// Resets the stream instead of an answer.
    pub fn reset(self, reason: Reason) {
        self.stream.with(|connection, slot| connection.reset(slot, reason));
    }

    /// Gives the stream up when the client closes the connection, though it may still read (`option abortonclose`).
    pub fn end_with_client(&mut self) {
        self.stream.with(|connection, slot| connection.end_with_peer(slot));
    }

    /// Ready once the client gave the stream up or the connection broke.
    pub fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<H2Error> {
        self.stream.with(|connection, slot| connection.poll_reset(cx, slot, H2Stage::Head))
    }
}
