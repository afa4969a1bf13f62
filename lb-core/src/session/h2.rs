//! A client connection that speaks HTTP/2: one task moves its bytes, one per stream runs the exchange.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::ClientInfo;
use super::stream_tasks::StreamTasks;
use crate::connect::within;
use crate::http::h2::{H2Accepted, H2Request, H2ServerConnection};
use crate::stats::h2_traffic::H2Traffic;
use crate::stream::h2_end::H2End;
use crate::stream::side::Side;
use crate::stream::{Stream, log_malformed};
use crate::transport::Transport;
use crate::worker::timer::{Timer, after, earlier, now};
use crate::worker::turn;
use crate::worker::{SessionGuard, Worker};

/// Serves an HTTP/2 connection until it closes. `preread` was received before.
pub(crate) async fn run(worker: Rc<Worker>, transport: Transport, preread: Vec<u8>, info: ClientInfo) {
    let mut timer = Timer::default();
    let timeouts = info.frontend.config.timeouts.clone();
    let deadline = after(now(), timeouts.http_request.or(timeouts.client));
    let mut traffic = H2Traffic::new(&info.frontend.stats.mux, worker.index);
    let handshake = H2ServerConnection::handshake(transport, &preread, &worker.h2);
    let opened = Box::pin(within(&mut timer, deadline, handshake)).await;
    // Only a preface that is none has surely been received.
    let null = preread.is_empty() && !matches!(&opened, Some(Err(error)) if error.is_fault());
    let Some(Ok(mut connection)) = opened else { return log_malformed(&worker, &info, true, null) };
    drop(preread);
    let info = Rc::new(info);
    let mut streams = 0;
    let mut idle_since = Some(now());
    let mut leaving = false;
    let mut sends = 0;
    let mut seat = worker.idle_seat();
    loop {
        let accepted = poll_fn(|cx| {
            loop {
                match connection.poll_accept(cx) {
                    Poll::Ready(Some(Ok(H2Accepted::Request(request)))) => return Poll::Ready(Some(request)),
                    Poll::Ready(Some(Ok(H2Accepted::Malformed(_)))) => {
                        log_malformed(&worker, &info, streams == 0, false);
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => {
                        if error.is_fault() {
                            log_malformed(&worker, &info, streams == 0, false);
                        }
                        return Poll::Ready(None);
                    }
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {}
                }
                // It is polled again soon.
                if turn::waits() {
                    return Poll::Pending;
                }
                if info.dropped.get() {
                    return Poll::Ready(None);
                }
                if !leaving && worker.closes(&info) {
                    leaving = true;
                    connection.graceful_shutdown();
                    continue;
                }
                traffic.tell(connection.counts(), connection.open_streams());
                seat.sit(cx);
                if connection.open_streams() > 0 {
                    idle_since = None;
                    return Poll::Pending;
                }
                // What was answered has to arrive as well: a client that takes some of it now and then is not idle.
                let sending = connection.is_sending();
                if sending && sends != connection.sends() {
                    sends = connection.sends();
                    idle_since = None;
                }
                let since = *idle_since.get_or_insert_with(now);
                let closed = if leaving { None } else { worker.closes_at(&info) };
                let wait = match streams {
                    _ if sending => timeouts.client,
                    0 => timeouts.http_request.or(timeouts.client),
                    _ => timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client),
                };
                // Twice the time for a client that does not take leave itself.
                let wait = if leaving { wait.map(|wait| wait.saturating_mul(2)) } else { wait };
                match timer.poll(cx, earlier(after(since, wait), closed)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) if leaving || sending => return Poll::Ready(None),
                    Poll::Ready(()) => {
                        leaving = true;
                        connection.graceful_shutdown();
                    }
                }
            }
        })
        .await;
        traffic.tell(connection.counts(), connection.open_streams());
        let Some(request) = accepted.filter(|_| !info.dropped.get()) else { return };
        idle_since = None;
        let start = StreamStart { info: Rc::clone(&info), request, earlier: streams, _counted: worker.enter() };
        connection.supply_head(worker.heads.take());
        StreamTasks::run(&worker, start);
        streams += 1;
    }
}

/// What a stream starts with.
pub(super) struct StreamStart {
    info: Rc<ClientInfo>,
    request: Box<H2Request>,
    /// Streams of the connection before this one.
    earlier: u64,
    _counted: SessionGuard,
}

/// One stream.
pub(super) async fn exchange(worker: &Rc<Worker>, start: StreamStart) {
    let (mut end, head) = H2End::of_client(*start.request);
    let now = now();
    let mut stream = Stream::new(worker, &start.info, start.earlier, now, Some(now), head);
    let mut timer = worker.timers.take();
    let mut private = None;
    {
        // Some kilobytes, which `.await` would move.
        let mut run = pin!(stream.run(Side::H2(&mut end), &mut timer, &mut private));
        poll_fn(|cx| run.as_mut().poll(cx)).await;
    }
    worker.timers.give(timer);
}
