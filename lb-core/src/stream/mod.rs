//! One request/response exchange; `run` names every stage in order.

mod actions;
mod balance_key;
pub(crate) mod count;
mod debug;
mod early;
pub(crate) mod error;
pub(crate) mod exchange;
mod extension;
mod finish;
pub(crate) mod h2_end;
mod inspect;
pub(crate) mod live;
mod local;
mod lookup;
mod password;
mod persist;
pub(crate) mod pump;
mod receive;
mod record;
mod rules;
mod run;
pub(crate) mod samples;
mod send;
mod shut;
pub(crate) mod side;
mod sticking;
mod switching;
pub(crate) mod tcp;
mod transaction;
mod tunnel;
pub(crate) mod upgrade;
mod variables;
mod websocket;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::backend::BackendSession;
use crate::config::Mode;
use crate::connect::Addresses;
use crate::http::h1::framing::RequestFraming;
use crate::http::message::{Head, Version};
use crate::instant::Instant;
use crate::log::{Cause, Stage};
use crate::runtime::HttpMethod;
use crate::server::Server;
use crate::session::ClientInfo;
use crate::topology::BackendEntry;
use crate::worker::Worker;
use crate::worker::timer::now;

use live::{Live, Origin};

pub(crate) use finish::{connection_record, log_connection_error, log_malformed, refuse};
pub(crate) use variables::{assign, unset};

/// A stream: what it was asked, where it goes, and when it got how far.
pub(crate) struct Stream<'a> {
    worker: &'a Rc<Worker>,
    info: &'a ClientInfo,
    /// Requests of the session before this one.
    earlier: u64,
    request: Head,
    response: Head,
    framing: RequestFraming,
    /// Streams of the process before this one (`%rt`).
    number: u64,
    backend: Option<&'a Arc<BackendEntry>>,
    session: Option<BackendSession>,
    server: Option<Arc<Server>>,
    /// Where `redir` of the chosen server sends the client.
    redirected: Option<Vec<u8>>,
    times: Times,
    end: End,
    /// What others see of it.
    live: Live<'a>,
    /// The name of the disabled backend that it should go to.
    nowhere: Option<Arc<str>>,
    /// What persistence has made of it.
    persistence: persist::Persistence,
    /// It is one of messages, not of bytes.
    http: bool,
    /// The frontend's `tcp-request content` rules were judged on its bytes.
    inspected: bool,
    /// Its backend was chosen before its request was read.
    chosen: Option<usize>,
    /// What rules have made of it.
    transaction: Option<Box<transaction::Transaction>>,
}

/// When a stream reached each of its stages.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// The connection was accepted, or its previous response ended.
    start: Instant,
    /// The request's first byte came.
    first_byte: Instant,
    /// Its head was complete.
    head: Option<Instant>,
    /// A server was chosen and had room.
    assigned: Option<Instant>,
    /// The connection to it was there.
    connected: Option<Instant>,
    /// The response's head was complete.
    response: Option<Instant>,
    /// The client was held this long by `tarpit`.
    held: Option<std::time::Duration>,
}

/// How a stream ended, for the log and the counters.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    status: u16,
    cause: Cause,
    stage: Stage,
    retries: u32,
    redispatched: bool,
    /// Connections of the server without this one, when it was given back.
    srvconn: Option<u32>,
    server_queue: u64,
    backend_queue: u64,
    /// The response's body ends with the client's connection.
    until_close: bool,
    /// Bytes the client's connection had carried when the response's head was queued.
    sent_before: u64,
    bytes_to_client: u64,
    bytes_from_client: u64,
    reused: bool,
    /// A rule replaced the response.
    denied: bool,
    /// Of the server's connection, where somebody wants to know them.
    addresses: Option<Addresses>,
    /// Its backend is disabled, or there is none.
    nowhere: bool,
    /// The request could not be understood.
    refused: bool,
    /// The access line was written, or there is none.
    logged: bool,
    /// Its beginning was told to those who watch what comes and goes.
    shown: bool,
}

impl End {
    /// The first cause is the one that counts.
    fn terminate(&mut self, cause: Cause, stage: Stage) {
        if self.cause == Cause::Normal {
            self.cause = cause;
            self.stage = stage;
        }
    }
}

impl<'a> Stream<'a> {
    /// A stream whose request head was just received.
    pub(crate) fn new(
        worker: &'a Rc<Worker>,
        info: &'a ClientInfo,
        earlier: u64,
        start: Instant,
        first_byte: Option<Instant>,
        request: Head,
    ) -> Self {
        let now = now();
        let times = Times {
            start,
            first_byte: first_byte.unwrap_or(now),
            head: Some(now),
            assigned: None,
            connected: None,
            response: None,
            held: None,
        };
        Self {
            worker,
            info,
            earlier,
            http: info.frontend.config.mode == Mode::Http || !request.method().is_empty(),
            inspected: false,
            chosen: None,
            request,
            response: worker.heads.take(),
            framing: RequestFraming::default(),
            number: worker.count_stream(),
            backend: None,
            session: None,
            server: None,
            redirected: None,
            times,
            end: End::default(),
            live: worker.streams.enter(),
            nowhere: None,
            persistence: persist::Persistence::default(),
            transaction: info.tracked().map(|_| Box::new(transaction::Transaction::new(info))),
        }
    }

    /// Whether this is the first request of its connection, which `http-reuse safe` sends over a new one: a client of HTTP/2
    /// can tell which of its requests were not looked at, and has none, as in HAProxy.
    fn is_first(&self) -> bool {
        self.earlier == 0 && self.request.version() != Version::Http2
    }

    /// Tells others what the stream is, once its request is understood.
    fn show(&self) {
        let info = self.info;
        let limits = info.slot.limits();
        let http = self.http;
        self.live.begin(
            Origin {
                source: info.source,
                destination: info.destination,
                frontend: u32::try_from(info.frontend.index).unwrap_or(u32::MAX),
                listener: limits.id,
                fd: info.fd,
                tls: info.tls.is_some(),
                multiplexed: self.request.version() == Version::Http2,
                later: self.earlier > 0,
                http,
                method: HttpMethod::of(self.request.method()),
                body: self.framing.body,
            },
            self.times.first_byte,
            self.worker.shared.listings.load(Ordering::Relaxed),
        );
    }
}
