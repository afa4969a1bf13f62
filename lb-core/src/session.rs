//! One client connection, from accept to close.
//!
//! ```text
//! accepted -> [PROXY header] -> [TLS handshake] -> TCP:  one stream, relayed
//!                                               -> HTTP/1: serve <-> idle -> closed
//!                                               -> HTTP/2: streams -> closed
//! ```
//!
//! The future of an idle connection is tiny on purpose: everything a request needs is boxed when its first byte
//! comes and dropped when the connection is idle again, buffers included.

mod h2;
mod rules;
mod serving;
mod start;
mod stream_tasks;
mod upgrade;

use std::cell::{Cell, OnceCell};
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;

use crate::config::Proto;
use crate::http::h1::io::H1Conn;
use crate::http::h1::parse::{Parsed, Preface, http2_preface, parse_request};
use crate::http::message::{BodyLength, Head};
use crate::instant::Instant;
use crate::listener::limits::ConnectionSlot;
use crate::log::{Cause, Stage};
use crate::net::{SystemOptions, client_actions};
use crate::proxy_protocol::Tlvs;
use crate::sample::account::Account;
use crate::sample::variable::Variables;
use crate::stream::side::Side;
use crate::stream::upgrade::Carried;
use crate::stream::{self, Stream};
use crate::table::{Slots, Tracking};
use crate::topology::Frontend;
use crate::transport::Transport;
use crate::worker::timer::{Timer, after, earlier, now};
use crate::worker::{Seat, Worker};

use serving::Serving;
pub(crate) use serving::ServingPool;
pub(crate) use start::start;
pub(crate) use stream_tasks::StreamTasks;

/// What is known of a client connection; its streams share it.
#[derive(Debug)]
pub(crate) struct ClientInfo {
    pub(crate) frontend: Arc<Frontend>,
    /// The client's address, from the PROXY header where one was accepted. `None` for UNIX clients.
    pub(crate) source: Option<SocketAddr>,
    /// The address the client connected to.
    pub(crate) destination: Option<SocketAddr>,
    pub(crate) accepted: Instant,
    /// Time of handshakes before the first request (`%Th`).
    pub(crate) handshake: Duration,
    /// Version and cipher of TLS. Boxed: most idle connections have none.
    pub(crate) tls: Option<Box<(&'static str, &'static str)>>,
    /// Its descriptor, for those who look at it from outside.
    pub(crate) fd: i32,
    /// Another handle of its socket, where rules of streams act on it.
    pub(crate) handle: Option<OwnedFd>,
    /// `silent-drop` was done: nothing more may be said to the client.
    pub(crate) dropped: Cell<bool>,
    /// Counts the connection in the limits it was accepted under.
    pub(crate) slot: ConnectionSlot,
    /// Variables of the connection, once there are rules that may set some.
    pub(crate) state: OnceCell<Box<ConnectionState>>,
}

/// An HTTP/1 client connection.
#[derive(Debug)]
pub(crate) struct H1Client {
    pub(crate) conn: H1Conn,
    pub(crate) info: ClientInfo,
    pub(crate) timer: Timer,
    /// Requests served so far.
    pub(crate) requests: u64,
    /// When the connection was accepted or its last response ended.
    pub(crate) idle_since: Instant,
    /// A server connection that only this session may use.
    pub(crate) private: Option<crate::connect::Private>,
    /// What the first request takes over, where the connection was one of bytes before.
    carried: Option<Box<Carried>>,
    seat: Seat,
}

/// What rules have made of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    variables: Variables,
    tracking: Tracking,
    /// The additional fields of the PROXY header, where there was one.
    proxied: OnceCell<Tlvs>,
    /// The addresses of the connection itself, where a header or a rule of the session has put others in their place.
    addresses: OnceCell<ConnectionAddresses>,
}

/// Both ends of a client's connection; `None` for UNIX sockets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionAddresses {
    pub(crate) source: Option<SocketAddr>,
    pub(crate) destination: Option<SocketAddr>,
}

impl ConnectionState {
    fn new(frontend: &Frontend) -> Box<Self> {
        let account = frontend.variables.as_ref().map(|process| Account::of_process(process, process.limits.sess));
        let (tracking, proxied) = (Tracking::default(), OnceCell::new());
        Box::new(Self { variables: Variables::counted(account), tracking, proxied, addresses: OnceCell::new() })
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        if let Some(moment) = self.tracking.at(now()) {
            self.tracking.end_connection(moment);
        }
    }
}

impl ClientInfo {
    /// A number from 0 to 1 that spreads connections.
    pub(crate) fn share(&self) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.accepted, self.source, self.fd).hash(&mut hasher);
        f64::from((hasher.finish() >> 32) as u32) / f64::from(u32::MAX)
    }

    fn state(&self) -> &ConnectionState {
        self.state.get_or_init(|| ConnectionState::new(&self.frontend))
    }

    /// The connection's variables.
    pub(crate) fn variables(&self) -> &Variables {
        &self.state().variables
    }

    /// The same, where it has any.
    pub(crate) fn known_variables(&self) -> Option<&Variables> {
        self.state.get().map(|state| &state.variables)
    }

    /// What the connection tracks, for rules to add to.
    pub(crate) fn tracking(&self) -> &Tracking {
        &self.state().tracking
    }

    /// Notes that the connection began with a PROXY header.
    pub(crate) fn proxied(&self, fields: Tlvs) {
        let _ = self.state().proxied.set(fields);
    }

    /// The additional fields of the PROXY header, if the connection began with one.
    pub(crate) fn proxy_fields(&self) -> Option<&Tlvs> {
        self.state.get()?.proxied.get()
    }

    /// Keeps the addresses of the connection itself: others are about to be put in their place, which do not change what
    /// the connection is (`fc_src` and its likes).
    pub(crate) fn keep_connection_addresses(&self) {
        self.state().addresses.get_or_init(|| self.session_addresses());
    }

    /// The addresses of the connection itself.
    pub(crate) fn connection_addresses(&self) -> ConnectionAddresses {
        let kept = self.state.get().and_then(|state| state.addresses.get().copied());
        kept.unwrap_or_else(|| self.session_addresses())
    }

    fn session_addresses(&self) -> ConnectionAddresses {
        ConnectionAddresses { source: self.source, destination: self.destination }
    }

    /// The entries that the connection tracks, if it does.
    pub(crate) fn tracked(&self) -> Option<&Rc<Slots>> {
        self.state.get()?.tracking.connection()
    }

    /// `set-tos` of a stream.
    pub(crate) fn set_tos(&self, tos: u8) {
        if let Some(handle) = &self.handle {
            client_actions::set_tos(handle, tos);
        }
    }

    /// `set-mark` of a stream.
    pub(crate) fn set_mark(&self, mark: u32) {
        if let Some(handle) = &self.handle {
            client_actions::set_mark(handle, mark);
        }
    }

    /// `silent-drop` of a stream: closing the connection, which must follow, is not noticed by the client.
    pub(crate) fn silence(&self, system: &SystemOptions) {
        self.dropped.set(true);
        if let Some(handle) = &self.handle {
            client_actions::silence(handle, system);
        }
    }
}

/// What becomes of the connection after [`serve`].
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Idle,
    Close,
    /// The client speaks HTTP/2 without having negotiated it.
    Http2,
}

/// Serves an HTTP/1 connection until it closes. Small on purpose: see above.
#[derive(Debug)]
pub(crate) struct H1Session {
    state: State,
}

enum State {
    /// Waits for the next request's first byte.
    Idle(Box<H1Client>),
    /// Serves requests as long as they are there.
    Busy(Serving),
    /// What comes then is the end. Boxed twice to be thin: it is in every session's task.
    Last(Box<Pin<Box<dyn Future<Output = ()>>>>),
    Over,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Idle(_) => "Idle",
            Self::Busy(_) => "Busy",
            Self::Last(_) => "Last",
            Self::Over => "Over",
        })
    }
}

impl H1Session {
    /// A session of a connection that may have sent its first request already.
    pub(crate) fn new(worker: Rc<Worker>, transport: Transport, info: ClientInfo) -> Self {
        Self::of(worker, H1Conn::new(transport), info, None)
    }

    /// The same of a connection that was one of bytes before, whose first request takes over what is carried.
    fn of(worker: Rc<Worker>, mut conn: H1Conn, info: ClientInfo, carried: Option<Box<Carried>>) -> Self {
        conn.traffic.count(&info.frontend.stats.mux, worker.index);
        let client = Box::new(H1Client {
            conn,
            idle_since: info.accepted + info.handshake,
            info,
            timer: Timer::default(),
            requests: 0,
            private: None,
            carried,
            seat: worker.idle_seat(),
        });
        Self { state: State::Busy(worker.serving.start(&worker, client)) }
    }

    /// The connection's idle time is over: serves what came, or ends.
    fn leave_idle(&mut self, readable: bool) {
        let State::Idle(mut client) = std::mem::replace(&mut self.state, State::Over) else { return };
        let worker = Rc::clone(client.seat.worker());
        if readable {
            self.state = State::Busy(worker.serving.start(&worker, client));
            return;
        }
        // The first request's time is up: it is answered and logged, during a soft stop as well. An idle connection
        // just goes.
        let refused = client.requests == 0;
        if refused || client.conn.transport.is_tls() {
            self.state = State::Last(Box::new(Box::pin(async move {
                if refused {
                    stream::refuse(&worker, &mut client, 408, Cause::ClientTimeout, Stage::Request, None).await;
                }
                linger(&worker, &mut client).await;
            })));
        }
    }
}

impl Future for H1Session {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Idle(client) => {
                    let readable = ready!(client.poll_readable(cx));
                    this.leave_idle(readable);
                }
                State::Busy(serving) => {
                    let (mut client, next) = ready!(serving.poll(cx));
                    let worker = Rc::clone(client.seat.worker());
                    if let State::Busy(serving) = std::mem::replace(&mut this.state, State::Over) {
                        worker.serving.give(serving);
                    }
                    this.state = match next {
                        Next::Close => {
                            client.conn.discard();
                            client.conn.release(&worker.buffers);
                            State::Over
                        }
                        Next::Idle => {
                            client.conn.release(&worker.buffers);
                            State::Idle(client)
                        }
                        Next::Http2 => {
                            let preread = client.conn.take_raw();
                            let H1Client { conn, info, .. } = *client;
                            State::Last(Box::new(Box::pin(h2::run(worker, conn.transport, preread, info))))
                        }
                    };
                }
                State::Last(last) => return Pin::new(last).poll(cx),
                State::Over => return Poll::Ready(()),
            }
        }
    }
}

impl H1Client {
    /// Waits for the next request's first byte. False: the connection's time is up or the worker stops.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.conn.transport.socket_mut().poll_read_ready(cx).is_ready() {
            return Poll::Ready(true);
        }
        let first = self.requests == 0;
        self.seat.sit(cx);
        let config = &self.info.frontend.config;
        // A soft stop closes connections between two requests.
        let closed = match first || config.options.idle_close_on_response {
            true => None,
            false => self.seat.worker().closes_at(&self.info),
        };
        if closed.is_some_and(|at| at <= now()) {
            return Poll::Ready(false);
        }
        let timeouts = &config.timeouts;
        let timeout = if first {
            timeouts.http_request.or(timeouts.client)
        } else {
            timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client)
        };
        self.timer.poll(cx, earlier(after(self.idle_since, timeout), closed)).map(|()| false)
    }
}

/// How reading a request head ended.
enum Received {
    Head,
    /// The connection preface of HTTP/2, which a listener in clear understands.
    Preface,
    /// Nothing came; the connection is open.
    Nothing,
    /// The client closed. True where part of a head had come.
    Closed(bool),
    Timeout,
    Invalid,
    TooLarge,
}

/// Serves requests as long as they are there, then says what becomes of the connection. See [`serving`].
async fn serve(worker: Rc<Worker>, mut client: Box<H1Client>) -> (Box<H1Client>, Next) {
    let next = serve_requests(&worker, &mut client).await;
    (client, next)
}

async fn serve_requests(worker: &Rc<Worker>, client: &mut H1Client) -> Next {
    loop {
        let mut head = worker.heads.take();
        let mut first_byte = None;
        let received = receive_head(worker, client, &mut head, &mut first_byte).await;
        let (status, cause) = match received {
            Received::Head => {
                client.conn.traffic.begin();
                let carried = client.carried.take();
                let keep = {
                    let mut stream =
                        Stream::new(worker, &client.info, client.requests, client.idle_since, first_byte, head);
                    if let Some(carried) = carried {
                        stream.resume(*carried);
                    }
                    stream.run(Side::H1(&mut client.conn), &mut client.timer, &mut client.private).await
                };
                client.conn.traffic.end();
                client.requests += 1;
                client.idle_since = now();
                if !keep {
                    linger(worker, client).await;
                    return Next::Close;
                }
                if worker.closes(&client.info) && client.conn.raw().is_empty() {
                    linger(worker, client).await;
                    return Next::Close;
                }
                if client.conn.raw().is_empty() && !client.conn.transport.is_tls() {
                    return Next::Idle;
                }
                // Requests that are answered here need not wait for any socket: other connections want their turn.
                tokio::task::coop::consume_budget().await;
                continue;
            }
            Received::Preface => {
                worker.heads.give(head);
                return Next::Http2;
            }
            Received::Nothing => {
                worker.heads.give(head);
                return Next::Idle;
            }
            Received::Closed(false) if client.requests > 0 => return Next::Close,
            Received::Closed(_) => (400, Cause::ClientAbort),
            Received::Timeout => (408, Cause::ClientTimeout),
            Received::Invalid | Received::TooLarge => (400, Cause::Proxy),
        };
        // Where the message ends is not known: what comes is read and thrown away, so that the answer arrives.
        client.conn.expect_body(BodyLength::UntilClose);
        stream::refuse(worker, client, status, cause, Stage::Request, first_byte).await;
        linger(worker, client).await;
        return Next::Close;
    }
}

/// Reads until a request head is complete.
async fn receive_head(
    worker: &Rc<Worker>,
    client: &mut H1Client,
    head: &mut Head,
    first_byte: &mut Option<Instant>,
) -> Received {
    let settings = &worker.settings;
    let options = &client.info.frontend.config.options;
    let timeouts = &client.info.frontend.config.timeouts;
    let (conn, timer) = (&mut client.conn, &mut client.timer);
    let first_request = client.requests == 0;
    let settled = client.carried.as_ref().is_some_and(|carried| carried.proto() == Some(Proto::H1));
    let may_be_http2 = first_request && !options.disable_h2_upgrade && !settled;
    let idle_since = client.idle_since;
    let mut active = None;
    poll_fn(|cx| {
        loop {
            if !conn.raw().is_empty() {
                if first_byte.is_none() {
                    *first_byte = Some(now());
                }
                match if may_be_http2 { http2_preface(conn.raw()) } else { Preface::No } {
                    Preface::Complete => return Poll::Ready(Received::Preface),
                    Preface::Partial => {}
                    Preface::No => {
                        match parse_request(conn.raw(), &settings.limits, options.accept_invalid_http_request, head) {
                            Parsed::Complete { len } => {
                                conn.consume_raw(len);
                                return Poll::Ready(Received::Head);
                            }
                            Parsed::Invalid(_) => return Poll::Ready(Received::Invalid),
                            Parsed::Partial => {}
                        }
                    }
                }
            }
            match conn.poll_read_more(cx, &worker.buffers) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Received::Closed(!conn.raw().is_empty())),
                Poll::Ready(Ok(_)) => active = None,
                Poll::Ready(Err(error)) if error.kind() == std::io::ErrorKind::OutOfMemory => {
                    return Poll::Ready(Received::TooLarge);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Received::Closed(!conn.raw().is_empty())),
                Poll::Pending => break,
            }
        }
        let Some(first_byte) = *first_byte else { return Poll::Ready(Received::Nothing) };
        let start = if first_request { idle_since } else { first_byte };
        let deadline =
            earlier(after(start, timeouts.http_request), after(*active.get_or_insert_with(now), timeouts.client));
        timer.poll(cx, deadline).map(|()| Received::Timeout)
    })
    .await
}

/// Most that is read and thrown away before a connection is closed.
const LINGER_BYTES: u64 = 1 << 20;

/// Closes the sending side and, where the client still sends, reads for a moment: closing a socket with unread
/// input makes the kernel reset it, and the reset would destroy a response still on its way.
async fn linger(worker: &Rc<Worker>, client: &mut H1Client) {
    let conn = &mut client.conn;
    let quiet = conn.body_received() && conn.raw().is_empty();
    if client.info.dropped.get() || conn.eof || (quiet && !conn.transport.is_tls()) {
        return;
    }
    let deadline = now() + Duration::from_secs(1);
    let limit = conn.traffic.received + LINGER_BYTES;
    let timer = &mut client.timer;
    // Under TLS this writes, and waits for a client that does not read.
    let shutdown = poll_fn(|cx| match std::pin::Pin::new(&mut conn.transport).poll_shutdown(cx) {
        Poll::Ready(result) => Poll::Ready(result.is_ok()),
        Poll::Pending => timer.poll(cx, Some(deadline)).map(|()| false),
    });
    if !shutdown.await || quiet {
        return;
    }
    poll_fn(|cx| {
        loop {
            conn.discard();
            match conn.poll_read_more(cx, &worker.buffers) {
                Poll::Ready(Ok(n)) if n > 0 && conn.traffic.received < limit => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timer.poll(cx, Some(deadline)),
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an idle connection costs in memory, apart from its task's header, its registration with the event loop and
    /// its timer.
    #[test]
    fn an_idle_session_is_small() {
        assert!(size_of::<H1Session>() <= 16, "{}", size_of::<H1Session>());
        assert!(size_of::<H1Client>() <= 440, "{}", size_of::<H1Client>());
    }
}
