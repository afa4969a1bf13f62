//! One client connection, from accept to close. `client` is what is known of it, `head` reads what it asks.
//!
//! ```text
//! accepted -> [PROXY header] -> [TLS handshake] -> TCP:  one stream, relayed
//!                                               -> HTTP/1: serve <-> idle -> closed
//!                                               -> HTTP/2: streams -> closed
//! ```
//!
//! The future of an idle connection is tiny on purpose: everything a request needs is boxed when its first byte
//! comes and dropped when the connection is idle again, buffers included.

mod client;
mod h2;
mod head;
mod linger;
mod rules;
mod serving;
mod start;
mod stream_tasks;
mod upgrade;

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::http::h1::io::H1Conn;
use crate::http::message::BodyLength;
use crate::instant::Instant;
use crate::log::{Cause, Stage};
use crate::stream::side::Side;
use crate::stream::upgrade::Carried;
use crate::stream::{self, Stream};
use crate::transport::Transport;
use crate::worker::timer::{Timer, after, earlier, now};
use crate::worker::{Seat, Worker};

pub(crate) use client::ClientInfo;
use head::{Received, receive_head};
use linger::linger;
use serving::Serving;
pub(crate) use serving::ServingPool;
pub(crate) use start::start;
pub(crate) use stream_tasks::StreamTasks;

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
        // What has come already is still served; the event loop tells of it soon.
        if closed.is_some_and(|at| at <= now()) && !self.conn.transport.socket().has_input() {
            return Poll::Ready(false);
        }
        let closed = closed.filter(|at| *at > now());
        let timeouts = &config.timeouts;
        let timeout = if first {
            timeouts.http_request.or(timeouts.client)
        } else {
            timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client)
        };
        self.timer.poll(cx, earlier(after(self.idle_since, timeout), closed)).map(|()| false)
    }
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
