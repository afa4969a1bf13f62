//! The client side of HTTP/2: opens streams to a server on one connection.
//!
//! [`H2ClientDriver`] is the connection itself and has to be spawned on the worker (`spawn_local`); [`H2Client`] is
//! the handle that a pool keeps. The connection closes once the handle and all streams are gone.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{H2RecvBody, H2SendBody, StreamHandle};
use super::connection::{Connection, H2Counts, Role};
use super::drive::{Driver, Shared};
use super::error::{H2Error, H2ErrorKind, H2Side, H2Stage};
use super::settings::H2Settings;
use crate::http::{BodyLength, Head};
use crate::worker::timer::now;

/// A connection to a server that speaks HTTP/2, as its pool sees it.
pub struct H2Client {
    shared: Shared,
    /// The handle is gone.
    gone: Rc<Cell<bool>>,
    tls: bool,
}

impl std::fmt::Debug for H2Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H2Client").field("open", &self.open_streams()).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Moves the bytes of a connection. Resolves when it has ended.
#[must_use = "nothing is sent or received unless it is spawned"]
#[derive(Debug)]
pub struct H2ClientDriver<T> {
    driver: Driver<T>,
    shared: Shared,
    gone: Rc<Cell<bool>>,
}

/// A request's answer to come.
#[derive(Debug)]
pub struct H2Response {
    stream: StreamHandle,
}

impl H2Client {
    /// Takes a connection up; nothing is waited for. `tls` tells the scheme of requests that do not state one.
    pub fn handshake<T: AsyncRead + AsyncWrite + Unpin>(
        io: T,
        settings: &H2Settings,
        tls: bool,
    ) -> (Self, H2ClientDriver<T>) {
        let shared = Rc::new(RefCell::new(Connection::new(Role::Client, settings, now())));
        let gone = Rc::new(Cell::new(false));
        let client = Self { shared: Rc::clone(&shared), gone: Rc::clone(&gone), tls };
        (client, H2ClientDriver { driver: Driver::new(io, b""), shared, gone })
    }

    /// Whether a stream can be opened at all, now or later: not after a GOAWAY or the end of the connection.
    pub fn is_usable(&self) -> bool {
        self.shared.borrow().is_usable()
    }

    /// How many more streams may be opened right now: the server's limit and ours, less the open ones.
    pub fn available_streams(&self) -> usize {
        self.shared.borrow().available()
    }

    /// Streams that are being worked on.
    pub fn open_streams(&self) -> usize {
        self.shared.borrow().streams()
    }

    /// What the connection counted so far.
    pub fn counts(&self) -> H2Counts {
        *self.shared.borrow().counts()
    }

    /// Opens a stream. With [`BodyLength::None`] the request ends with its head.
    ///
    /// # Errors
    /// Nothing was sent then. Among others where [`Self::available_streams`] is 0.
    pub fn open(&mut self, head: &Head, length: BodyLength) -> Result<(H2SendBody, H2Response), H2Error> {
        let end = length == BodyLength::None;
        let slot = self.shared.borrow_mut().open(head, self.tls, end)?;
        Ok(self.opened(slot, end))
    }

    /// Asks for a tunnel of another protocol, such as `websocket`, where [`Self::poll_settled`] allows it; what follows is
    /// the tunnel's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_upgrade(&mut self, head: &Head, protocol: &[u8]) -> Result<(H2SendBody, H2Response), H2Error> {
        let slot = self.shared.borrow_mut().open_upgrade(head, protocol, self.tls)?;
        Ok(self.opened(slot, false))
    }

    /// Once the server's settings are known: whether it takes tunnels of other protocols (RFC 8441, section 3).
    ///
    /// # Errors
    /// The connection ended before.
    pub fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, H2Error>> {
        self.shared.borrow_mut().poll_settled(cx)
    }

    fn opened(&self, slot: u32, ended: bool) -> (H2SendBody, H2Response) {
        let body = H2SendBody::new(StreamHandle::new(&self.shared, slot), ended);
        (body, H2Response { stream: StreamHandle::new(&self.shared, slot) })
    }
}

impl Drop for H2Client {
    fn drop(&mut self) {
        self.gone.set(true);
        self.shared.borrow_mut().touch();
    }
}

impl H2Response {
    /// The next informational head (1xx); `None` once the final one is next.
    pub fn poll_informational(&mut self, cx: &mut Context<'_>) -> Poll<Option<Head>> {
        self.stream.with(|connection, slot| connection.poll_interim(cx, slot))
    }

    /// The final head, how the body ends, and the body. Informational heads not asked for are dropped.
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Head, BodyLength, H2RecvBody), H2Error>> {
        let (head, length) = ready!(self.stream.with(|connection, slot| connection.poll_response(cx, slot)))?;
        let body = H2RecvBody::new(self.stream.clone());
        Poll::Ready(Ok((head, length, body)))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for H2ClientDriver<T> {
    type Output = Result<(), H2Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let gone = this.gone.get();
        let ended: Option<()> = ready!(this.driver.poll(cx, &this.shared, |connection| {
            connection.finish_client(gone);
            None
        }));
        debug_assert!(ended.is_none());
        Poll::Ready(match this.shared.borrow().failed() {
            Some(error) if error.kind != H2ErrorKind::Closed => Err(error.clone()),
            _ => Ok(()),
        })
    }
}

impl<T> H2ClientDriver<T> {
    /// What the connection counted so far.
    pub fn counts(&self) -> H2Counts {
        *self.shared.borrow().counts()
    }

    /// Streams that are being worked on.
    pub fn open_streams(&self) -> usize {
        self.shared.borrow().streams()
    }

    /// Number of writes made to the transport, for measurements.
    pub fn sends(&self) -> u64 {
        self.driver.sends()
    }
}

impl<T> Drop for H2ClientDriver<T> {
    fn drop(&mut self) {
        let error = H2Error::new(H2Side::Local, H2Stage::Connection, H2ErrorKind::Closed);
        self.shared.borrow_mut().end(error);
    }
}
