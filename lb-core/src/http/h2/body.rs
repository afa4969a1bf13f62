//! Bodies of HTTP/2 streams, either direction and either side, with explicit flow control.
//!
//! Receiving: [`H2RecvBody::poll_data`] yields bytes, but the peer may send more only once
//! [`H2RecvBody::release`] says that they were consumed. Sending: [`H2SendBody::poll_capacity`] says how much may be
//! given to [`H2SendBody::send_data`]. Memory per stream is so bounded by the window one way and
//! `H2Settings::send_buffer` the other way.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;

use super::convert;
use super::error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
use crate::http::Head;

/// The receiving half of a stream.
#[derive(Debug)]
pub struct H2RecvBody {
    stream: h2::RecvStream,
    /// Bytes handed out and not released yet.
    held: usize,
    open: Rc<OpenStream>,
}

impl H2RecvBody {
    pub(super) fn new(stream: h2::RecvStream, open: Rc<OpenStream>) -> Self {
        Self { stream, held: 0, open }
    }

    /// Next bytes of the body; `None` at its end, after which [`Self::poll_trailers`] may be asked.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, H2Error>>> {
        Poll::Ready(match ready!(self.stream.poll_data(cx)) {
            Some(Ok(bytes)) => {
                self.held += bytes.len();
                Some(Ok(bytes))
            }
            Some(Err(error)) => Some(Err(self.open.failed(H2Stage::Body, &error))),
            None => None,
        })
    }

    /// Says that `bytes` of what [`Self::poll_data`] yielded reached the other side: the peer may send as many more.
    pub fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        if bytes > 0 {
            // Fails only for more than was received, which `held` prevents.
            let _ = self.stream.flow_control().release_capacity(bytes);
        }
    }

    /// The trailers, if there are any; to be asked once the data ended.
    pub fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Head>, H2Error>> {
        Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => Ok(trailers.as_ref().map(convert::trailers_head)),
            Err(error) => Err(self.open.failed(H2Stage::Body, &error)),
        })
    }

    /// Whether nothing more will come, neither data nor trailers.
    pub fn is_end(&self) -> bool {
        self.stream.is_end_stream()
    }
}

/// The sending half of a stream.
#[derive(Debug)]
pub struct H2SendBody {
    stream: h2::SendStream<Bytes>,
    ended: bool,
    open: Rc<OpenStream>,
}

impl H2SendBody {
    pub(super) fn new(stream: h2::SendStream<Bytes>, ended: bool, open: Rc<OpenStream>) -> Self {
        let body = Self { stream, ended, open };
        if ended {
            body.open.sent_all();
        }
        body
    }

    /// How many bytes may be sent now, at most `want` and at least 1 (`want` 0 asks for 1).
    pub fn poll_capacity(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<Result<usize, H2Error>> {
        if self.ended {
            return Poll::Ready(Err(H2Error::closed(H2Stage::Body)));
        }
        let want = want.max(1);
        self.stream.reserve_capacity(want);
        loop {
            let capacity = self.stream.capacity();
            if capacity > 0 {
                return Poll::Ready(Ok(capacity.min(want)));
            }
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(self.open.failed(H2Stage::Body, &error))),
                None => return Poll::Ready(Err(self.why_closed(cx))),
            }
        }
    }

    /// Gives back what [`Self::poll_capacity`] reserved and is not going to be used soon, for the other streams.
    pub fn release_capacity(&mut self) {
        self.stream.reserve_capacity(0);
    }

    /// Queues bytes, no more than [`Self::poll_capacity`] said; `end` ends the stream.
    pub fn send_data(&mut self, bytes: Bytes, end: bool) -> Result<(), H2Error> {
        if self.ended {
            return Err(H2Error::closed(H2Stage::Body));
        }
        self.stream.send_data(bytes, end).map_err(|error| self.open.failed(H2Stage::Body, &error))?;
        self.end(end);
        Ok(())
    }

    /// Ends the stream with trailers. Without a field they are an empty DATA frame.
    pub fn send_trailers(&mut self, trailers: &Head) -> Result<(), H2Error> {
        if self.ended {
            return Err(H2Error::closed(H2Stage::Body));
        }
        let fields =
            convert::trailers_map(trailers).map_err(|what| H2Error::message(H2Side::Local, H2Stage::Body, what))?;
        if fields.is_empty() {
            return self.send_data(Bytes::new(), true);
        }
        self.stream.send_trailers(fields).map_err(|error| self.open.failed(H2Stage::Body, &error))?;
        self.end(true);
        Ok(())
    }

    /// Resets the stream in both directions.
    pub fn reset(&mut self, reason: Reason) {
        self.ended = true;
        self.stream.send_reset(reason.to_h2());
    }

    /// Ready once the peer reset the stream or the connection broke; a wait beside a slow other side.
    pub fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<H2Error> {
        Poll::Ready(match ready!(self.stream.poll_reset(cx)) {
            Ok(reason) => self.open.reset(H2Stage::Body, reason),
            Err(error) => self.open.failed(H2Stage::Body, &error),
        })
    }

    /// Whether the stream was ended or reset by this side.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    fn end(&mut self, end: bool) {
        if end {
            self.ended = true;
            self.open.sent_all();
        }
    }

    fn why_closed(&mut self, cx: &mut Context<'_>) -> H2Error {
        match self.stream.poll_reset(cx) {
            Poll::Ready(Ok(reason)) => self.open.reset(H2Stage::Body, reason),
            Poll::Ready(Err(error)) => self.open.failed(H2Stage::Body, &error),
            Poll::Pending => H2Error::closed(H2Stage::Body),
        }
    }
}

/// What the streams of a connection tell the task that drives it.
#[derive(Debug)]
pub(super) struct Streams {
    open: Cell<usize>,
    /// Resets by the peer that are still tolerated; a completed exchange earns one back.
    reset_budget: Cell<u32>,
    driver: RefCell<Option<Waker>>,
}

/// Streams a client may reset before their answer, in a row. A browser that leaves a page resets some dozens.
pub(super) const RESET_BUDGET: u32 = 500;

impl Streams {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { open: Cell::new(0), reset_budget: Cell::new(RESET_BUDGET), driver: RefCell::new(None) })
    }

    pub(super) fn open(self: &Rc<Self>) -> Rc<OpenStream> {
        self.open.set(self.open.get() + 1);
        Rc::new(OpenStream { streams: Rc::clone(self), outcome: Cell::new(Outcome::Open) })
    }

    /// Streams whose halves are not all dropped yet.
    pub(super) fn count(&self) -> usize {
        self.open.get()
    }

    pub(super) fn abused(&self) -> bool {
        self.reset_budget.get() == 0
    }

    /// Wakes this task when the last stream is gone or the budget of resets is used up.
    pub(super) fn register(&self, cx: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if driver.as_ref().is_none_or(|known| !known.will_wake(cx.waker())) {
            *driver = Some(cx.waker().clone());
        }
    }

    fn wake(&self) {
        if let Some(driver) = self.driver.borrow_mut().take() {
            driver.wake();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Complete,
    PeerReset,
}

/// One open stream, shared by its halves.
#[derive(Debug)]
pub(super) struct OpenStream {
    streams: Rc<Streams>,
    outcome: Cell<Outcome>,
}

impl OpenStream {
    pub(super) fn failed(&self, stage: H2Stage, error: &h2::Error) -> H2Error {
        let error = H2Error::from_h2(stage, error);
        if error.is_cancel() {
            self.peer_reset();
        }
        error
    }

    pub(super) fn reset(&self, stage: H2Stage, reason: h2::Reason) -> H2Error {
        self.peer_reset();
        H2Error::reset(stage, reason)
    }

    /// A message that this side cannot send or accept.
    pub(super) fn message(&self, side: H2Side, what: &'static str) -> H2Error {
        H2Error::new(side, H2Stage::Head, H2ErrorKind::Message(what))
    }

    fn sent_all(&self) {
        if self.outcome.get() == Outcome::Open {
            self.outcome.set(Outcome::Complete);
            let budget = &self.streams.reset_budget;
            budget.set((budget.get() + 1).min(RESET_BUDGET));
        }
    }

    fn peer_reset(&self) {
        if self.outcome.get() == Outcome::Open {
            self.outcome.set(Outcome::PeerReset);
            let budget = &self.streams.reset_budget;
            budget.set(budget.get().saturating_sub(1));
            if budget.get() == 0 {
                self.streams.wake();
            }
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let open = &self.streams.open;
        open.set(open.get().saturating_sub(1));
        if open.get() == 0 {
            self.streams.wake();
        }
    }
}
