//! The head of a request over HTTP/1, as it comes.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::H1Client;
use crate::config::Proto;
use crate::http::h1::parse::{Parsed, Preface, http2_preface, parse_request};
use crate::http::message::Head;
use crate::instant::Instant;
use crate::worker::Worker;
use crate::worker::timer::{after, earlier, now};

/// How reading a request head ended.
pub(super) enum Received {
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

/// Reads until a request head is complete.
pub(super) async fn receive_head(
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
