//! Both directions of a connection whose bytes are not looked at: TCP mode, CONNECT and upgraded HTTP connections.
//!
//! Each direction goes  `Copy -> (Splice) -> Shutdown -> Done`: it copies until two reads filled their buffers, then
//! splices where both ends are plain TCP; the end of data is passed on by shutting the other side's write half, and the
//! relay is over when both directions are. While nothing moves it holds neither buffer nor pipe.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::Sleep;

use super::Forwarder;
use super::copy::CopyPump;
use super::splice::{Progress, PumpError, Pumped, SplicePump};
use crate::clock::{Clock, Tick};
use crate::log::{Cause, Stage};
use crate::net::set_no_linger;
use crate::stream::live::Flow;
use crate::transport::Transport;

/// When a direction uses splice(2), if both ends are plain TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Splicing {
    /// Never (`nosplice`).
    Never,
    /// Once two reads have filled their buffers.
    #[default]
    Auto,
    /// From the first byte (`option splice-request`, `option splice-response`).
    Always,
}

/// Timeouts and switches of a relay (configuration.txt, `timeout client` and following).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayOptions {
    /// `timeout client`.
    pub client: Option<Duration>,
    /// `timeout server`.
    pub server: Option<Duration>,
    /// `timeout tunnel`: replaces both.
    pub tunnel: Option<Duration>,
    /// `timeout client-fin`: replaces the client's timeout once one direction is shut.
    pub client_fin: Option<Duration>,
    /// `timeout server-fin`: the same for the server.
    pub server_fin: Option<Duration>,
    /// Client to server.
    pub splice_request: Splicing,
    /// Server to client.
    pub splice_response: Splicing,
    /// `option independent-streams` of the frontend: what is sent to the client does not count as its activity.
    pub independent_client: bool,
    /// `option independent-streams` of the backend.
    pub independent_server: bool,
    /// `option nolinger` of the frontend.
    pub nolinger_client: bool,
    /// `option nolinger` of the backend.
    pub nolinger_server: bool,
    /// The relay is over when the server has ended its direction, whatever the client still sends: websockets and other
    /// upgrades.
    pub ends_with_server: bool,
}

/// Bytes that were read before the relay began.
#[derive(Debug, Default)]
pub struct Initial {
    /// Read from the client, to be sent to the server. They count as received by the relay.
    pub from_client: Vec<u8>,
    /// Read from the server, to be sent to the client.
    pub from_server: Vec<u8>,
}

/// How a relay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayOutcome {
    /// Bytes received from the client.
    pub from_client: u64,
    /// Bytes sent to the server.
    pub to_server: u64,
    /// Bytes received from the server.
    pub from_server: u64,
    /// Bytes sent to the client.
    pub to_client: u64,
    /// First character of the termination state.
    pub cause: Cause,
    /// Second character.
    pub stage: Stage,
}

/// Relays until both sides have closed, one fails or a timeout strikes. The connections stay open; the caller drops
/// them. Not cancel safe: bytes under way are lost with the future, as they are with the connections.
pub async fn relay(
    forwarder: &Forwarder,
    client: &mut Transport,
    server: &mut Transport,
    initial: Initial,
    options: &RelayOptions,
) -> RelayOutcome {
    let mut relay = Relay::new(forwarder, initial, options);
    poll_fn(|cx| relay.poll_relay(cx, forwarder, client, server, options)).await
}

/// The state of a relay, for callers that poll it themselves.
#[derive(Debug)]
pub struct Relay {
    request: Direction,
    response: Direction,
    /// Cause of a write error after which the other direction is still read to its end.
    failed: Option<Cause>,
    /// Made when a timeout is first needed; `armed` is when it strikes, at or before the next deadline.
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Tick,
}

impl Relay {
    /// A relay that has moved nothing yet.
    pub fn new(forwarder: &Forwarder, initial: Initial, options: &RelayOptions) -> Self {
        forwarder.clock.invalidate();
        let now = forwarder.clock.now();
        Self {
            request: Direction::new(initial.from_client, options.splice_request, now),
            response: Direction::new(initial.from_server, options.splice_response, now),
            failed: None,
            sleep: None,
            armed: now,
        }
    }

    /// Holds the response back: the caller reads it until it calls [`Relay::release_response`]. No timeout of the server
    /// strikes meanwhile.
    pub(crate) fn hold_response(&mut self) {
        self.response.mode = Mode::Held;
    }

    /// Lets the response flow, these bytes first, which count as received.
    pub(crate) fn release_response(&mut self, bytes: Vec<u8>, clock: &Clock) {
        clock.invalidate();
        self.response = Direction::new(bytes, self.response.splicing, clock.now());
    }

    /// Bytes received from the client and sent to it so far.
    pub fn client_bytes(&self) -> (u64, u64) {
        (self.request.total.read, self.response.total.written)
    }

    /// Bytes received from the server and sent to it so far.
    pub fn server_bytes(&self) -> (u64, u64) {
        (self.response.total.read, self.request.total.written)
    }

    /// Both directions as they are, for those who look at the stream from outside.
    pub(crate) fn flows(&self, clock: &Clock) -> (Flow, Flow) {
        (self.request.flow(clock), self.response.flow(clock))
    }

    /// Moves what can be moved. The arguments must be the same in every call.
    pub fn poll_relay(
        &mut self,
        cx: &mut Context<'_>,
        forwarder: &Forwarder,
        client: &mut Transport,
        server: &mut Transport,
        options: &RelayOptions,
    ) -> Poll<RelayOutcome> {
        forwarder.clock.invalidate();
        loop {
            let cause = match self.poll_directions(cx, forwarder, client, server, options) {
                Poll::Ready(cause) => cause,
                Poll::Pending => match ready!(self.poll_timeout(cx, &forwarder.clock, options)) {
                    // One direction was ended: pass its end on.
                    None => continue,
                    Some(cause) => cause,
                },
            };
            return Poll::Ready(self.finish(cause, client, server, options));
        }
    }

    fn poll_directions(
        &mut self,
        cx: &mut Context<'_>,
        forwarder: &Forwarder,
        client: &mut Transport,
        server: &mut Transport,
        options: &RelayOptions,
    ) -> Poll<Cause> {
        let request = self.request.poll_move(cx, client, server, forwarder);
        if let Some(cause) = self.judge(&request, Cause::ClientAbort, Cause::ServerAbort) {
            return Poll::Ready(cause);
        }
        let response = self.response.poll_move(cx, server, client, forwarder);
        if let Some(cause) = self.judge(&response, Cause::ServerAbort, Cause::ClientAbort) {
            return Poll::Ready(cause);
        }
        if self.response.is_done() && (self.request.is_done() || options.ends_with_server) {
            return Poll::Ready(self.failed.unwrap_or(Cause::Normal));
        }
        Poll::Pending
    }

    /// A read error ends the relay. After a write error the other direction may still have bytes that came before the
    /// peer died: it goes on until its source ends, which it does soon.
    fn judge(&mut self, result: &Poll<Result<(), PumpError>>, from: Cause, to: Cause) -> Option<Cause> {
        match result {
            Poll::Ready(Err(PumpError::Read(_))) => Some(self.failed.unwrap_or(from)),
            Poll::Ready(Err(PumpError::Write(_))) => {
                self.failed.get_or_insert(to);
                None
            }
            _ => None,
        }
    }

    fn finish(&mut self, cause: Cause, client: &Transport, server: &Transport, options: &RelayOptions) -> RelayOutcome {
        if options.nolinger_client {
            set_no_linger(client.socket());
        }
        if options.nolinger_server {
            set_no_linger(server.socket());
        }
        self.sleep = None;
        RelayOutcome {
            from_client: self.request.total.read,
            to_server: self.request.total.written,
            from_server: self.response.total.read,
            to_client: self.response.total.written,
            cause,
            stage: if cause == Cause::Normal { Stage::Finished } else { Stage::Data },
        }
    }

    /// Waits for the next deadline. The timer is moved only when it strikes early or must strike earlier.
    ///
    /// A side that sends nothing for too long is treated as if it had closed its half (`None`): the other direction goes
    /// on until it ends by itself. A side that takes nothing for too long ends the relay.
    fn poll_timeout(&mut self, cx: &mut Context<'_>, clock: &Clock, options: &RelayOptions) -> Poll<Option<Cause>> {
        loop {
            let Some(expiry) = self.next_expiry(options) else {
                self.sleep = None;
                return Poll::Pending;
            };
            match &mut self.sleep {
                None => {
                    self.sleep = Some(Box::pin(tokio::time::sleep_until(clock.instant(expiry.at))));
                    self.armed = expiry.at;
                }
                Some(sleep) if expiry.at < self.armed => {
                    sleep.as_mut().reset(clock.instant(expiry.at));
                    self.armed = expiry.at;
                }
                Some(_) => {}
            }
            let Some(sleep) = &mut self.sleep else { return Poll::Pending };
            ready!(sleep.as_mut().poll(cx));
            clock.invalidate();
            if clock.now() < expiry.at {
                sleep.as_mut().reset(clock.instant(expiry.at));
                self.armed = expiry.at;
                continue;
            }
            let cause = if expiry.client { Cause::ClientTimeout } else { Cause::ServerTimeout };
            if expiry.write {
                return Poll::Ready(Some(self.failed.unwrap_or(cause)));
            }
            self.failed.get_or_insert(cause);
            if expiry.client {
                self.request.end()
            } else {
                self.response.end()
            }
            return Poll::Ready(None);
        }
    }

    /// What expires first; the client where both do.
    fn next_expiry(&self, options: &RelayOptions) -> Option<Expiry> {
        let half_closed = self.request.eof || self.response.eof;
        let timeout =
            |fin: Option<Duration>, normal: Option<Duration>| fin.filter(|_| half_closed).or(options.tunnel).or(normal);
        let client = timeout(options.client_fin, options.client)
            .and_then(|timeout| Expiry::of(true, &self.request, &self.response, options.independent_client, timeout));
        let server = timeout(options.server_fin, options.server)
            .and_then(|timeout| Expiry::of(false, &self.response, &self.request, options.independent_server, timeout));
        match (client, server) {
            (Some(client), Some(server)) => Some(if server.at < client.at { server } else { client }),
            (client, server) => client.or(server),
        }
    }
}

/// A side that has been silent for too long at `at`: it sent nothing, or (`write`) took nothing.
#[derive(Clone, Copy, Debug)]
struct Expiry {
    at: Tick,
    client: bool,
    write: bool,
}

impl Expiry {
    /// For the side that `reads` comes from and `writes` goes to.
    fn of(client: bool, reads: &Direction, writes: &Direction, independent: bool, timeout: Duration) -> Option<Self> {
        // Ending a direction under TLS writes, too.
        if writes.pending() > 0 || writes.mode == Mode::Shutdown {
            return Some(Self { at: writes.write_base + timeout, client, write: true });
        }
        let since = if independent { reads.read_base } else { reads.read_base.max(writes.write_base) };
        reads.waits_for_data().then(|| Self { at: since + timeout, client, write: false })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing is moved: somebody looks at it first.
    Held,
    Copy,
    Splice,
    Shutdown,
    Done,
}

/// One direction.
#[derive(Debug)]
struct Direction {
    copy: CopyPump,
    splice: SplicePump,
    total: Progress,
    /// When we last read, or began to wait for data.
    read_base: Tick,
    /// When we last wrote, or began to wait for room.
    write_base: Tick,
    mode: Mode,
    splicing: Splicing,
    eof: bool,
}

impl Direction {
    fn new(initial: Vec<u8>, splicing: Splicing, now: Tick) -> Self {
        let total = Progress { read: initial.len() as u64, written: 0 };
        Self {
            copy: CopyPump::with_initial(initial),
            splice: SplicePump::new(),
            total,
            read_base: now,
            write_base: now,
            mode: Mode::Copy,
            splicing,
            eof: false,
        }
    }

    fn pending(&self) -> usize {
        self.copy.pending() + self.splice.pending()
    }

    fn flow(&self, clock: &Clock) -> Flow {
        Flow {
            bytes: self.total.read,
            pending: self.pending() as u64,
            wants_data: self.waits_for_data(),
            wants_room: self.pending() > 0,
            finished: self.eof,
            read: clock.instant(self.read_base).into_std().into(),
            written: clock.instant(self.write_base).into_std().into(),
        }
    }

    fn waits_for_data(&self) -> bool {
        !self.eof && matches!(self.mode, Mode::Copy | Mode::Splice) && self.pending() == 0
    }

    fn is_done(&self) -> bool {
        self.mode == Mode::Done
    }

    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Transport,
        to: &mut Transport,
        forwarder: &Forwarder,
    ) -> Poll<Result<(), PumpError>> {
        let had_pending = self.pending() > 0;
        let mut progress = Progress::default();
        let result = self.poll_modes(cx, from, to, forwarder, &mut progress);
        if progress != Progress::default() {
            let now = forwarder.clock.now();
            if progress.read > 0 {
                self.total.read += progress.read;
                self.read_base = now;
            }
            if progress.written > 0 || !had_pending {
                self.total.written += progress.written;
                self.write_base = now;
            }
            if had_pending && self.pending() == 0 {
                self.read_base = now;
            }
        }
        if matches!(result, Poll::Ready(Err(_))) {
            self.mode = Mode::Done;
        }
        result
    }

    fn poll_modes(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Transport,
        to: &mut Transport,
        forwarder: &Forwarder,
        progress: &mut Progress,
    ) -> Poll<Result<(), PumpError>> {
        loop {
            match self.mode {
                Mode::Held => return Poll::Pending,
                Mode::Copy => {
                    let can_splice =
                        self.splicing != Splicing::Never && from.plain_tcp().is_some() && to.plain_tcp().is_some();
                    if can_splice && self.splicing == Splicing::Always && self.copy.pending() == 0 {
                        self.mode = Mode::Splice;
                        continue;
                    }
                    let (from, to) = (Pin::new(&mut *from), Pin::new(&mut *to));
                    let mut limit = u64::MAX;
                    let pumped =
                        self.copy.poll_pump(cx, from, to, &forwarder.buffers, can_splice, &mut limit, progress);
                    match ready!(pumped)? {
                        Pumped::Unsupported => self.mode = Mode::Splice,
                        Pumped::Eof | Pumped::Limit => self.end(),
                    }
                }
                Mode::Splice => {
                    let (Some(source), Some(target)) = (from.plain_tcp(), to.plain_tcp()) else {
                        self.no_splice();
                        continue;
                    };
                    let mut limit = u64::MAX;
                    let pumped = self.splice.poll_pump(cx, source, target, &forwarder.pipes, &mut limit, progress);
                    match ready!(pumped)? {
                        Pumped::Unsupported => self.no_splice(),
                        Pumped::Eof | Pumped::Limit => self.end(),
                    }
                }
                Mode::Shutdown => {
                    // A failure means that the peer is gone; the other direction will tell.
                    let _ = ready!(Pin::new(&mut *to).poll_shutdown(cx));
                    self.mode = Mode::Done;
                }
                Mode::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    fn end(&mut self) {
        self.eof = true;
        self.mode = Mode::Shutdown;
    }

    fn no_splice(&mut self) {
        self.splicing = Splicing::Never;
        self.mode = Mode::Copy;
    }
}

#[cfg(test)]
mod tests;
