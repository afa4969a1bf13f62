//! Stage 8: what a stream adds to the counters of its frontend, listener, backend and server.
//!
//! Each thing is counted at the moment and for the proxies HAProxy 2.6.12 was seen to count it (management.txt, section
//! 9.1). A worker writes its own counters only: nothing here is a locked instruction.

use std::time::Duration;

use super::Stream;
use super::local::Answer;
use crate::instant::Instant;
use crate::log::{Cause, Stage};
use crate::server::Server;
use crate::server::observe::Observation;
use crate::session::ClientInfo;
use crate::stats::ListenerStats;
use crate::stats::kept::BYTES_PER_EVENT;
use crate::table::{Moment, Tracking};
use crate::topology::{BackendEntry, Frontend};
use crate::worker::Worker;
use crate::worker::timer::now;

/// For whom the bytes of a stream are counted.
struct Counting<'a> {
    worker: &'a Worker,
    frontend: &'a Frontend,
    /// Of the listener, with `option socket-stats`.
    listener: Option<&'a ListenerStats>,
    backend: Option<&'a BackendEntry>,
    server: Option<&'a Server>,
}

impl Counting<'_> {
    /// Adds bytes that came from and went to the client.
    fn add(&self, from_client: u64, to_client: u64) {
        let worker = self.worker.index;
        let frontend = self.frontend.stats.counters.of(worker);
        frontend.bytes_in.add(from_client);
        frontend.bytes_out.add(to_client);
        if let Some(stats) = self.listener {
            let listener = stats.counters.of(worker);
            listener.bytes_in.add(from_client);
            listener.bytes_out.add(to_client);
        }
        let backends = &self.worker.topology().backends;
        let own = self.frontend.own_backend.and_then(|index| backends.get(index)).map(|backend| &**backend);
        if let Some(backend) = self.backend.or(own) {
            let backend = backend.backend.stats.counters.of(worker);
            backend.bytes_in.add(from_client);
            backend.bytes_out.add(to_client);
        }
        if let Some(server) = self.server {
            let server = server.stats.counters.of(worker);
            server.bytes_in.add(from_client);
            server.bytes_out.add(to_client);
        }
        let process = &self.worker.shared.stats;
        process.counters.of(worker).bytes_out.add(to_client);
        let units = u32::try_from(to_client / BYTES_PER_EVENT).unwrap_or(u32::MAX);
        process.bytes_out_rate.add(worker, self.worker.uptime(now()), units);
    }
}

/// Counts what has moved so far of the streams whose frontends have `option contstats`.
pub(crate) fn count_running(worker: &Worker) {
    let topology = worker.topology();
    if !topology.frontends.iter().any(|frontend| frontend.config.options.contstats) {
        return;
    }
    for entry in worker.streams.in_places(0, worker.streams.places()) {
        let Some((origin, (request, response))) = entry.origin().zip(entry.channels()) else { continue };
        let Some(frontend) = topology.frontends.get(origin.frontend as usize) else { continue };
        if !frontend.config.options.contstats {
            continue;
        }
        let backend = entry.backend().and_then(|index| topology.backends.get(index)).map(|backend| &**backend);
        let servers = backend.map(|backend| backend.backend.servers());
        let server = servers.iter().flat_map(|servers| servers.iter()).find(|server| Some(server.id) == entry.server());
        let mut listeners = worker.shared.listeners.iter();
        let listener = listeners
            .find(|listener| listener.frontend.index == frontend.index && listener.limits.id == origin.listener);
        let (from_client, to_client) = entry.count_bytes(request.flow.bytes, response.flow.bytes);
        Counting {
            worker,
            frontend,
            listener: listener.and_then(|listener| listener.limits.stats.as_ref()),
            backend,
            server: server.map(|server| &**server).filter(|_| entry.holds_server()),
        }
        .add(from_client, to_client);
    }
}

impl Stream<'_> {
    /// A request's head is there.
    pub(super) fn count_request(&self) {
        let (worker, stats) = (self.worker.index, &self.info.frontend.stats);
        stats.counters.of(worker).requests.inc();
        stats.request_rate.count(worker, self.worker.uptime(now()));
        self.worker.shared.stats.counters.of(worker).requests.inc();
        self.tracked(Tracking::request);
    }

    /// Counts in the entries that the stream and its connection track.
    pub(super) fn tracked(&self, count: impl FnOnce(&Tracking, Moment)) {
        if let Some(transaction) = &self.transaction
            && let Some(moment) = transaction.tracking.at(now())
        {
            count(&transaction.tracking, moment);
        }
    }

    /// The stream enters a backend.
    pub(super) fn count_backend(&self, backend: &BackendEntry) {
        let (worker, stats) = (self.worker.index, &backend.backend.stats);
        let counters = stats.counters.of(worker);
        counters.sessions.inc();
        stats.session_rate.count(worker, self.worker.uptime(now()));
    }

    /// The stream is over.
    pub(super) fn count_end(&mut self) {
        let (from_client, to_client) = self.live.count_bytes(self.end.bytes_from_client, self.end.bytes_to_client);
        Counting {
            worker: self.worker,
            frontend: &self.info.frontend,
            listener: self.info.slot.limits().stats.as_ref(),
            backend: self.backend.map(|backend| &**backend),
            server: self.server.as_deref(),
        }
        .add(from_client, to_client);
        self.tracked(|tracking, moment| {
            tracking.bytes_in(from_client, moment);
            tracking.bytes_out(to_client, moment);
        });
        if let Some(transaction) = &mut self.transaction
            && let Some(moment) = transaction.tracking.at(now())
        {
            transaction.tracking.end(moment);
        }
        self.count_status();
        self.count_cause();
        self.count_times();
    }

    /// A rule answers the request: one of the frontend, or of `backend`.
    pub(super) fn count_verdict(&self, answer: &Answer, backend: Option<&BackendEntry>) {
        let worker = self.worker.index;
        let frontend = self.info.frontend.stats.counters.of(worker);
        if answer.cause != Cause::Proxy {
            // What a backend's rules answer is not counted as intercepted.
            if backend.is_none() {
                frontend.intercepted.inc();
            }
            return;
        }
        if !answer.malformed {
            return self.count_denied_request(backend);
        }
        frontend.request_errors.inc();
        if let Some(stats) = &self.info.slot.limits().stats {
            stats.counters.of(worker).request_errors.inc();
        }
        self.tracked(Tracking::error);
    }

    /// A request is denied, by the frontend or by `backend`.
    pub(super) fn count_denied_request(&self, backend: Option<&BackendEntry>) {
        let worker = self.worker.index;
        self.info.frontend.stats.counters.of(worker).denied_requests.inc();
        self.tracked(Tracking::error);
        if let Some(stats) = &self.info.slot.limits().stats {
            stats.counters.of(worker).denied_requests.inc();
        }
        if let Some(backend) = backend {
            backend.backend.stats.counters.of(worker).denied_requests.inc();
        }
    }

    /// `tcp-request content` refuses: HAProxy counts it for the frontend alone, unless it is `silent-drop`.
    pub(super) fn count_content_verdict(&self, backend: Option<&BackendEntry>) {
        self.count_denied_request(backend.filter(|_| self.info.dropped.get()));
    }

    /// A rule replaces the response of a server.
    pub(super) fn count_response_verdict(&mut self, answer: &Answer, backend: &BackendEntry) {
        if answer.cause != Cause::Proxy {
            return;
        }
        self.end.denied = true;
        if self.info.dropped.get() {
            return self.count_denied_request(Some(backend));
        }
        let worker = self.worker.index;
        self.info.frontend.stats.counters.of(worker).denied_responses.inc();
        backend.backend.stats.counters.of(worker).denied_responses.inc();
        if let Some(stats) = &self.info.slot.limits().stats {
            stats.counters.of(worker).denied_responses.inc();
        }
        if let Some(server) = &self.server {
            server.stats.counters.of(worker).denied_responses.inc();
        }
    }

    /// The head of a response has come from a server, an interim one or the final one.
    pub(super) fn count_response(&self, server: Option<&Server>) {
        if let Some(server) = server {
            let counters = server.stats.counters.of(self.worker.index);
            counters.response(self.response.status());
            counters.requests.inc();
        }
        let status = self.response.status();
        if let Some(server) = server.filter(|_| status >= 200) {
            server.observe(Observation::of_status(status));
        }
        self.tracked(|tracking, moment| tracking.status(status, moment));
    }

    fn count_status(&self) {
        if !self.http {
            return;
        }
        let (worker, status) = (self.worker.index, self.end.status);
        self.info.frontend.stats.counters.of(worker).response(status);
        if let Some(backend) = self.backend {
            let backend = backend.backend.stats.counters.of(worker);
            backend.requests.inc();
            backend.response(status);
        }
    }

    /// Errors and aborts, by the termination state.
    fn count_cause(&self) {
        let worker = self.worker.index;
        let frontend = self.info.frontend.stats.counters.of(worker);
        let listener = self.info.slot.limits().stats.as_ref().map(|stats| stats.counters.of(worker));
        let backend = self.backend.map(|backend| backend.backend.stats.counters.of(worker));
        let server = self.server.as_ref().map(|server| server.stats.counters.of(worker));
        self.observe_end();
        match (self.end.cause, self.end.stage) {
            (Cause::ClientAbort | Cause::ClientTimeout, Stage::Request) => {
                frontend.request_errors.inc();
                if let Some(listener) = listener {
                    listener.request_errors.inc();
                }
                // In TCP mode the backend is chosen all the same.
                if let (Some(backend), false) = (backend, self.http) {
                    backend.client_aborts.inc();
                }
            }
            (Cause::ClientAbort | Cause::ClientTimeout, _) => {
                if let Some(backend) = backend {
                    backend.client_aborts.inc();
                }
                if let Some(server) = server {
                    server.client_aborts.inc();
                }
            }
            (Cause::ServerAbort | Cause::ServerTimeout, Stage::Connect | Stage::Queue) => {
                if let Some(backend) = backend {
                    backend.connection_errors.inc();
                }
                if let Some(server) = server {
                    server.connection_errors.inc();
                }
            }
            (Cause::ServerAbort | Cause::ServerTimeout | Cause::Proxy, Stage::Headers) if !self.end.denied => {
                if let Some(backend) = backend {
                    backend.response_errors.inc();
                }
                if let Some(server) = server {
                    server.response_errors.inc();
                }
            }
            (Cause::Killed | Cause::Down | Cause::Up, Stage::Headers) => {
                if let Some(backend) = backend {
                    backend.response_errors.inc();
                }
                if let Some(server) = server {
                    server.response_errors.inc();
                }
            }
            (Cause::Killed | Cause::Down | Cause::Up, Stage::Data) if self.http => {
                if let Some(backend) = backend {
                    backend.server_aborts.inc();
                }
                if let Some(server) = server {
                    server.server_aborts.inc();
                }
            }
            // `http-response wait-for-body`: HAProxy counts it nowhere.
            (Cause::ServerTimeout, Stage::Request) => {}
            (cause @ (Cause::ServerAbort | Cause::ServerTimeout), _) => {
                // A server that stops sending is no error of its response.
                let error = cause == Cause::ServerAbort;
                if let Some(backend) = backend {
                    backend.server_aborts.inc();
                    backend.response_errors.add(u64::from(error));
                }
                if let Some(server) = server {
                    server.server_aborts.inc();
                    server.response_errors.add(u64::from(error));
                }
            }
            _ => {}
        }
    }

    /// What the end of the stream shows of its server: a response that did not come.
    fn observe_end(&self) {
        let (Some(server), true, Stage::Headers) = (&self.server, self.http, self.end.stage) else {
            return;
        };
        match self.end.cause {
            Cause::ServerAbort => server.observe(Observation::Closed),
            Cause::ServerTimeout => server.observe(Observation::TimedOut),
            Cause::Proxy if !self.end.denied => server.observe(Observation::InvalidResponse),
            _ => {}
        }
    }

    /// Averages of the times in queues, to connect, to the response and in total.
    fn count_times(&self) {
        let (Some(backend), Some(server), Some(_)) = (self.backend, &self.server, self.times.connected) else { return };
        let worker = self.worker.index;
        let times = &self.times;
        let between = |from: Option<Instant>, to: Option<Instant>| match (from, to) {
            (Some(from), Some(to)) => milliseconds(to.saturating_duration_since(from)),
            _ => 0,
        };
        let queue = between(times.head, times.assigned);
        let connect = between(times.assigned, times.connected);
        let response = between(times.connected, times.response);
        let total = milliseconds(now().saturating_duration_since(times.first_byte));
        let backend = backend.backend.stats.counters.of(worker);
        let server = server.stats.counters.of(worker);
        backend.queue_time.record(queue);
        backend.connect_time.record(connect);
        backend.response_time.record(response);
        backend.total_time.record(total);
        server.queue_time.record(queue);
        server.connect_time.record(connect);
        server.response_time.record(response);
        server.total_time.record(total);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}

/// A request that never became a stream was answered with `status`.
pub(super) fn count_refused(worker: &Worker, info: &ClientInfo, status: u16) {
    let stats = &info.frontend.stats;
    let counters = stats.counters.of(worker.index);
    counters.requests.inc();
    counters.request_errors.inc();
    counters.response(status);
    stats.request_rate.count(worker.index, worker.uptime(now()));
    if let Some(stats) = &info.slot.limits().stats {
        stats.counters.of(worker.index).request_errors.inc();
    }
    worker.shared.stats.counters.of(worker.index).requests.inc();
}

/// A stream is sent to a server, for the first time or again.
pub(crate) fn count_assigned(worker: &Worker, backend: &BackendEntry, server: &Server) {
    let index = worker.index;
    let uptime = worker.uptime(now());
    let of_server = server.stats.counters.of(index);
    let of_backend = backend.backend.stats.counters.of(index);
    of_server.sessions.inc();
    server.stats.session_rate.count(index, uptime);
    of_server.last_session.record(uptime.as_secs() + 1);
    of_backend.last_session.record(uptime.as_secs() + 1);
}

/// The balancer chose a server for a stream, which may have to wait for it.
pub(crate) fn count_picked(worker: &Worker, backend: &BackendEntry, server: &Server) {
    server.stats.counters.of(worker.index).picked.inc();
    backend.backend.stats.counters.of(worker.index).picked.inc();
}

/// A connection to a server is opened, or used again.
pub(crate) fn count_connection(worker: &Worker, backend: &BackendEntry, server: Option<&Server>, reused: bool) {
    let index = worker.index;
    let of_backend = backend.backend.stats.counters.of(index);
    let of_server = server.map(|server| server.stats.counters.of(index));
    match reused {
        true => {
            of_backend.reuses.inc();
            if let Some(counters) = of_server {
                counters.reuses.inc();
            }
        }
        false => {
            of_backend.connects.inc();
            if let Some(counters) = of_server {
                counters.connects.inc();
            }
        }
    }
}

/// What a server sent is no response, and the request is sent again.
pub(crate) fn count_junk(worker: &Worker, backend: &BackendEntry, server: Option<&Server>) {
    let index = worker.index;
    backend.backend.stats.counters.of(index).response_errors.inc();
    if let Some(server) = server {
        server.stats.counters.of(index).response_errors.inc();
    }
}

/// An attempt failed and is made again, or goes to another server.
pub(crate) fn count_retry(worker: &Worker, backend: &BackendEntry, server: Option<&Server>, elsewhere: bool) {
    let index = worker.index;
    let of_backend = backend.backend.stats.counters.of(index);
    let of_server = server.map(|server| server.stats.counters.of(index));
    match elsewhere {
        true => {
            of_backend.redispatches.inc();
            if let Some(counters) = of_server {
                counters.redispatches.inc();
            }
        }
        false => {
            of_backend.retries.inc();
            if let Some(counters) = of_server {
                counters.retries.inc();
            }
        }
    }
}
