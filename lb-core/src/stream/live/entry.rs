//! What a stream writes down of itself, and the mark that ends it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::http::message::BodyLength;
use crate::instant::Instant;
use crate::log::Cause;
use crate::runtime::{HttpMethod, SessionStage};
use crate::worker::timer::now;

/// Where a stream comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) source: Option<SocketAddr>,
    pub(crate) destination: Option<SocketAddr>,
    /// Index of its frontend.
    pub(crate) frontend: u32,
    /// Number of its listener in the frontend.
    pub(crate) listener: u32,
    pub(crate) fd: i32,
    pub(crate) tls: bool,
    /// It is one stream of several of its connection (HTTP/2).
    pub(crate) multiplexed: bool,
    /// Its connection served a request before.
    pub(crate) later: bool,
    pub(crate) http: bool,
    pub(crate) method: HttpMethod,
    pub(crate) body: BodyLength,
}

/// One direction of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// Bytes moved so far.
    pub(crate) bytes: u64,
    /// Bytes that wait to be sent.
    pub(crate) pending: u64,
    /// It waits for its source.
    pub(crate) wants_data: bool,
    /// It waits for room in its sink.
    pub(crate) wants_room: bool,
    /// Its source has said everything.
    pub(crate) finished: bool,
    /// When its source last did something that counts, and when its sink did.
    pub(crate) read: Instant,
    pub(crate) written: Instant,
}

/// A direction and how often it moved since the stream took its last step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channel {
    pub(crate) flow: Flow,
    pub(crate) moves: u32,
}

/// The number where there is no backend or server.
const NONE: u32 = u32::MAX;

/// What is known from outside of one stream.
#[derive(Debug)]
pub(crate) struct Entry {
    index: u32,
    /// 0: nobody uses the entry.
    number: Cell<u64>,
    shut: Cell<Option<Cause>>,
    waker: RefCell<Option<Waker>>,
    origin: Cell<Option<Origin>>,
    started: Cell<Instant>,
    /// How many listings there had been when it started.
    epoch: Cell<u32>,
    calls: Cell<u32>,
    rate: Cell<Rate>,
    phase: Cell<SessionStage>,
    deadline: Cell<Option<Instant>>,
    backend: Cell<u32>,
    server: Cell<u32>,
    server_fd: Cell<i32>,
    server_h2: Cell<bool>,
    assigned: Cell<Option<Instant>>,
    retries: Cell<u32>,
    redispatched: Cell<bool>,
    status: Cell<u16>,
    chunked: Cell<bool>,
    /// Somebody wants to know our address on the connection to the server.
    asked: Cell<bool>,
    local: Cell<Option<SocketAddr>>,
    channels: Cell<Option<(Channel, Channel)>>,
    /// Bytes from and to the client that are in the statistics already.
    counted: Cell<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    since: Instant,
    current: u32,
    previous: u32,
}

const SECOND: Duration = Duration::from_secs(1);

impl Entry {
    pub(super) fn new(index: u32) -> Self {
        let now = now();
        Self {
            index,
            number: Cell::new(0),
            shut: Cell::new(None),
            waker: RefCell::new(None),
            origin: Cell::new(None),
            started: Cell::new(now),
            epoch: Cell::new(0),
            calls: Cell::new(0),
            rate: Cell::new(Rate { since: now, current: 0, previous: 0 }),
            phase: Cell::new(SessionStage::Rules),
            deadline: Cell::new(None),
            backend: Cell::new(NONE),
            server: Cell::new(NONE),
            server_fd: Cell::new(-1),
            server_h2: Cell::new(false),
            assigned: Cell::new(None),
            retries: Cell::new(0),
            redispatched: Cell::new(false),
            status: Cell::new(0),
            chunked: Cell::new(false),
            asked: Cell::new(false),
            local: Cell::new(None),
            channels: Cell::new(None),
            counted: Cell::new((0, 0)),
        }
    }

    /// The waker is kept: mostly the same connection comes again.
    pub(super) fn reset(&self, number: u64) {
        self.number.set(number);
        self.shut.set(None);
        self.calls.set(0);
        self.phase.set(SessionStage::Rules);
        self.deadline.set(None);
        self.backend.set(NONE);
        self.server.set(NONE);
        self.server_fd.set(-1);
        self.server_h2.set(false);
        self.assigned.set(None);
        self.retries.set(0);
        self.redispatched.set(false);
        self.status.set(0);
        self.chunked.set(false);
        self.asked.set(false);
        self.local.set(None);
        self.channels.set(None);
        self.counted.set((0, 0));
    }

    pub(super) fn leave(&self) {
        self.number.set(0);
    }

    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// The number of the stream among those of its worker; 0 where the entry is not used.
    pub(crate) fn number(&self) -> u64 {
        self.number.get()
    }

    /// Says where the stream comes from.
    pub(crate) fn begin(&self, origin: Origin, started: Instant, epoch: u32) {
        self.origin.set(Some(origin));
        self.started.set(started);
        self.epoch.set(epoch);
        self.rate.set(Rate { since: started, current: 0, previous: 0 });
    }

    pub(crate) fn origin(&self) -> Option<Origin> {
        self.origin.get()
    }

    pub(crate) fn started(&self) -> Instant {
        self.started.get()
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.get()
    }

    /// Ends the stream at its next step, which comes at once.
    pub(super) fn shut(&self, cause: Cause) {
        self.shut.set(Some(cause));
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Why the stream is to end.
    #[cfg(test)]
    pub(super) fn shut_for(&self) -> Option<Cause> {
        self.shut.get()
    }

    /// Does a step of the stream's work, unless the stream was shut.
    pub(crate) fn poll_unless_shut<F: Future>(
        &self,
        cx: &mut Context<'_>,
        work: Pin<&mut F>,
    ) -> Poll<Result<F::Output, Cause>> {
        self.count_call();
        if let Some(cause) = self.shut.get() {
            return Poll::Ready(Err(cause));
        }
        let done = work.poll(cx);
        if done.is_pending() {
            self.wait(cx.waker());
        }
        done.map(Ok)
    }

    /// Has the stream woken when it is shut. A waker may hold the last reference to a task: none is dropped under the borrow.
    fn wait(&self, waker: &Waker) {
        let mut place = self.waker.borrow_mut();
        if place.as_ref().is_some_and(|before| before.will_wake(waker)) {
            return;
        }
        let before = place.replace(waker.clone());
        drop(place);
        drop(before);
    }

    fn count_call(&self) {
        self.calls.set(self.calls.get().wrapping_add(1));
        let (rate, now) = (self.rate.get(), now());
        let passed = now.saturating_duration_since(rate.since);
        self.rate.set(match () {
            () if passed < SECOND => Rate { current: rate.current.saturating_add(1), ..rate },
            () if passed < 2 * SECOND => Rate { since: rate.since + SECOND, current: 1, previous: rate.current },
            () => Rate { since: now, current: 1, previous: 0 },
        });
    }

    /// Wake-ups so far, and in the last second.
    pub(crate) fn calls(&self, now: Instant) -> (u32, u32) {
        let rate = self.rate.get();
        let passed = now.saturating_duration_since(rate.since);
        let share = |count: u32, of: Duration| {
            let left = SECOND.saturating_sub(of).as_millis() as u64;
            u32::try_from(u64::from(count) * left / 1000).unwrap_or(count)
        };
        let rate = match () {
            () if passed < SECOND => rate.current.saturating_add(share(rate.previous, passed)),
            () => share(rate.current, passed.saturating_sub(SECOND)),
        };
        (self.calls.get(), rate)
    }

    /// Notes the next phase, and when it is over at the latest.
    pub(crate) fn enter_phase(&self, phase: SessionStage, deadline: Option<Instant>) {
        self.phase.set(phase);
        self.deadline.set(deadline);
    }

    pub(crate) fn phase(&self) -> SessionStage {
        self.phase.get()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.get()
    }

    pub(crate) fn set_backend(&self, index: usize) {
        self.backend.set(u32::try_from(index).unwrap_or(NONE));
    }

    /// Index of the backend.
    pub(crate) fn backend(&self) -> Option<usize> {
        Some(self.backend.get()).filter(|index| *index != NONE).map(|index| index as usize)
    }

    /// Notes the server that was chosen, by its number in the backend.
    pub(crate) fn set_server(&self, id: Option<u32>, assigned: Instant) {
        self.server.set(id.unwrap_or(NONE));
        if self.assigned.get().is_none() {
            self.assigned.set(Some(assigned));
        }
    }

    /// Number of the server in its backend.
    pub(crate) fn server(&self) -> Option<u32> {
        Some(self.server.get()).filter(|id| *id != NONE)
    }

    /// Whether the stream is on its server, or on the way to it; not where it waits to be.
    pub(crate) fn holds_server(&self) -> bool {
        use SessionStage::{Connect, Data, Response, Tunnel};
        matches!(self.phase.get(), Connect | Response | Data | Tunnel)
    }

    /// When a server was first chosen.
    pub(crate) fn assigned(&self) -> Option<Instant> {
        self.assigned.get()
    }

    /// Notes the connection to the server; -1 where there is none.
    pub(crate) fn set_server_fd(&self, fd: i32, h2: bool) {
        self.server_fd.set(fd);
        self.server_h2.set(h2);
    }

    pub(crate) fn server_fd(&self) -> (i32, bool) {
        (self.server_fd.get(), self.server_h2.get())
    }

    pub(crate) fn set_retries(&self, retries: u32, redispatched: bool) {
        self.retries.set(retries);
        self.redispatched.set(redispatched);
    }

    pub(crate) fn retries(&self) -> (u32, bool) {
        (self.retries.get(), self.redispatched.get())
    }

    pub(crate) fn set_status(&self, status: u16) {
        self.status.set(status);
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.get()
    }

    /// Notes that the response comes in chunks.
    pub(crate) fn set_chunked(&self, chunked: bool) {
        self.chunked.set(chunked);
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.chunked.get()
    }

    /// Asks the stream for what costs a system call. It answers in its next step, which comes at once.
    pub(crate) fn ask(&self) {
        self.asked.set(true);
        self.wake();
    }

    /// Notes our address on the connection to the server, where somebody asked for it.
    pub(crate) fn answer(&self, address: impl FnOnce() -> Option<SocketAddr>) {
        if self.asked.get() {
            self.asked.set(false);
            self.local.set(address());
        }
    }

    /// Our address on the connection to the server, where it is known.
    pub(crate) fn local(&self) -> Option<SocketAddr> {
        self.local.get()
    }

    /// Notes what both directions wait for.
    pub(crate) fn set_flows(&self, request: Flow, response: Flow) {
        let unmoved = |flow: Flow| Channel { flow: Flow { bytes: 0, finished: false, ..flow }, moves: 0 };
        let first = self.channels.get().is_none();
        let before = self.channels.get().unwrap_or((unmoved(request), unmoved(response)));
        // A direction that ends is a step of the stream: both start anew.
        let ended = before.0.flow.finished != request.finished || before.1.flow.finished != response.finished;
        let moves = |before: Channel, flow: Flow| match ended && !first {
            true => 0,
            false => before.moves + u32::from(before.flow.bytes != flow.bytes),
        };
        let request = Channel { flow: request, moves: moves(before.0, request) };
        let response = Channel { flow: response, moves: moves(before.1, response) };
        self.channels.set(Some((request, response)));
    }

    /// Takes note that so many bytes from and to the client were counted in all, and returns how many of them are new.
    pub(crate) fn count_bytes(&self, from_client: u64, to_client: u64) -> (u64, u64) {
        let before = self.counted.get();
        self.counted.set((before.0.max(from_client), before.1.max(to_client)));
        (from_client.saturating_sub(before.0), to_client.saturating_sub(before.1))
    }

    /// Request and response, once they move.
    pub(crate) fn channels(&self) -> Option<(Channel, Channel)> {
        self.channels.get()
    }
}
