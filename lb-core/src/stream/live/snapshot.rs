//! From what a stream wrote down to what is told of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Channel as Moved, Entry, Flow, Origin};
use crate::config::{Address, PortKind, ProxyConfig};
use crate::http::message::BodyLength;
use crate::instant::Instant;
use crate::runtime::{
    Channel, ClientEnd, HttpExchange, ProxyRef, ServerEnd, ServerRef, SessionId, SessionInfo, SessionProtocol,
    SessionStage,
};
use crate::server::Server;
use crate::topology::BackendEntry;
use crate::worker::Worker;
use crate::worker::timer::{after, earlier};

/// A deadline that passed this long ago should have ended what it was for.
const OVERDUE: Duration = Duration::from_secs(2);

/// Wake-ups in a second above which a stream is doing something else than moving bytes.
const SPINNING: u32 = 100_000;

/// Whether something is wrong with a stream: a deadline that passed and had no effect, wake-ups without end, or a server
/// connection that is held although both directions have come to their end.
fn is_suspicious(entry: &Entry, deadline: Option<Instant>, now: Instant) -> bool {
    let overdue = deadline.is_some_and(|deadline| now.saturating_duration_since(deadline) > OVERDUE);
    let idle = |moved: Moved, now: Instant| now.saturating_duration_since(moved.flow.read.max(moved.flow.written));
    let ended = entry.channels().is_some_and(|(request, response)| {
        request.flow.finished
            && response.flow.finished
            && request.flow.pending + response.flow.pending == 0
            && idle(request, now).min(idle(response, now)) > OVERDUE
    });
    overdue || ended || entry.calls(now).1 > SPINNING
}

impl Entry {
    /// What is known of the stream, `None` where the entry has none.
    pub(crate) fn snapshot(&self, worker: &Worker, now: Instant, wall: Duration) -> Option<SessionInfo> {
        let origin = self.origin().filter(|_| self.number() != 0)?;
        let frontend = worker.topology().frontends.get(origin.frontend as usize)?;
        let backend = self.backend().and_then(|index| worker.topology().backends.get(index));
        let server = self.server_of(backend);
        let deadlines = Deadlines::of(self, &frontend.config, backend.map(|backend| &*backend.config));
        let left = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        let age = now.saturating_duration_since(self.started());
        let workers = worker.shared.handoffs.len().max(1) as u64;
        Some(SessionInfo {
            id: SessionId::new(worker.index, self.number()),
            number: (self.number() - 1).saturating_mul(workers).saturating_add(worker.index as u64),
            thread: u32::try_from(worker.index + 1).unwrap_or(u32::MAX),
            client: client(&origin, worker),
            frontend: proxy(&frontend.name, &frontend.config),
            // The frontend half of a `listen` section leads to its other half unless a rule says else.
            backend: match backend {
                Some(backend) => Some(proxy(&backend.name, &backend.config)),
                None if frontend.config.kind.is_backend() => Some(proxy(&frontend.name, &frontend.config)),
                None => None,
            },
            server_end: self.server_end(&origin, server.as_ref()),
            server: server.map(|server| ServerRef {
                name: Arc::clone(&server.name),
                id: server.id,
                address: address(&server, origin.destination),
            }),
            stage: self.phase(),
            http: origin.http.then(|| HttpExchange {
                method: origin.method,
                status: match self.status() {
                    0 => None,
                    status => Some(status),
                },
                later: origin.later || origin.multiplexed,
                body: origin.body,
                chunked: self.is_chunked(),
            }),
            request: deadlines.request(self, &origin, now),
            response: deadlines.response(self, &origin, now),
            started: wall.saturating_sub(age),
            age,
            epoch: self.epoch(),
            calls: self.calls(now),
            retries: self.retries().0,
            redispatched: self.retries().1,
            stage_expires: left(self.deadline()),
            expires: left(deadlines.first()),
            buffer_size: worker.settings.bufsize,
            suspicious: is_suspicious(self, deadlines.first(), now),
        })
    }

    /// The server of the stream; of a queue, none yet.
    fn server_of(&self, backend: Option<&Arc<BackendEntry>>) -> Option<Arc<Server>> {
        let id = self.server()?;
        backend?.backend.servers().iter().find(|server| server.id == id).cloned()
    }

    fn server_end(&self, origin: &Origin, server: Option<&Arc<Server>>) -> Option<ServerEnd> {
        let (fd, h2) = self.server_fd();
        let connected = matches!(
            self.phase(),
            SessionStage::Connect | SessionStage::Response | SessionStage::Data | SessionStage::Tunnel
        );
        connected.then(|| ServerEnd {
            local: self.local(),
            fd,
            tls: server.is_some_and(|server| server.config.ssl.is_some()),
            protocol: match (origin.http, h2) {
                (false, _) => SessionProtocol::Tcp,
                (true, false) => SessionProtocol::Http1,
                (true, true) => SessionProtocol::Http2,
            },
        })
    }
}

/// When each direction is given up.
#[derive(Default)]
struct Deadlines {
    request_read: Option<Instant>,
    request_written: Option<Instant>,
    response_read: Option<Instant>,
    response_written: Option<Instant>,
    stage: Option<Instant>,
}

impl Deadlines {
    fn of(entry: &Entry, frontend: &ProxyConfig, backend: Option<&ProxyConfig>) -> Self {
        let mut deadlines = Self { stage: entry.deadline(), ..Self::default() };
        let Some((request, response)) = entry.channels() else { return deadlines };
        let backend_timeouts = backend.map(|backend| &backend.timeouts);
        let tunnel = backend_timeouts.and_then(|timeouts| timeouts.tunnel);
        let tunnel = tunnel.filter(|_| entry.phase() == SessionStage::Tunnel);
        let half = entry.phase() == SessionStage::Tunnel && (request.flow.finished || response.flow.finished);
        let fin = |fin: Option<Duration>| fin.filter(|_| half);
        let client = fin(frontend.timeouts.client_fin).or(tunnel).or(frontend.timeouts.client);
        let server = fin(backend_timeouts.and_then(|timeouts| timeouts.server_fin))
            .or(tunnel)
            .or(backend_timeouts.and_then(|timeouts| timeouts.server));
        let reads = |flow: &Flow, timeout| after(flow.read, timeout).filter(|_| flow.wants_data && !flow.finished);
        let writes = |flow: &Flow, timeout| after(flow.written, timeout).filter(|_| flow.wants_room);
        deadlines.request_read = reads(&request.flow, client);
        deadlines.request_written = writes(&request.flow, server);
        deadlines.response_read = reads(&response.flow, server);
        deadlines.response_written = writes(&response.flow, client);
        deadlines
    }

    fn first(&self) -> Option<Instant> {
        let request = earlier(self.request_read, self.request_written);
        let response = earlier(self.response_read, self.response_written);
        earlier(self.stage, earlier(request, response))
    }

    fn request(&self, entry: &Entry, origin: &Origin, now: Instant) -> Channel {
        let left = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        let held = (entry.phase() == SessionStage::Tarpit).then_some(self.stage).flatten();
        let buffering = (entry.phase() == SessionStage::Buffering).then_some(self.stage).flatten();
        let before = Channel {
            // Before it moves, a request is complete where there is nothing but its head.
            finished: origin.http && matches!(origin.body, BodyLength::None | BodyLength::Known(0)),
            read_expires: left(buffering),
            analyse_expires: left(held),
            ..Channel::default()
        };
        let Some((request, _)) = entry.channels() else { return before };
        let read = left(self.request_read);
        channel(request, if origin.http { 1 } else { 0 }, read, left(self.request_written))
    }

    fn response(&self, entry: &Entry, origin: &Origin, now: Instant) -> Channel {
        let left = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        let Some((_, response)) = entry.channels() else { return Channel::default() };
        // What comes with the head is the stream's own step.
        let own = u32::from(origin.http && entry.phase() == SessionStage::Data);
        channel(response, own, left(self.response_read), left(self.response_written))
    }
}

fn channel(moved: Moved, own_moves: u32, read: Option<Duration>, written: Option<Duration>) -> Channel {
    Channel {
        total: moved.flow.bytes,
        pending: moved.flow.pending,
        finished: moved.flow.finished,
        active: moved.moves > own_moves,
        blocked: moved.flow.wants_room,
        read_expires: read,
        write_expires: written,
        analyse_expires: None,
    }
}

fn client(origin: &Origin, worker: &Worker) -> ClientEnd {
    let listeners = &worker.shared.listeners;
    let named = listeners
        .iter()
        .find(|listener| listener.frontend.index == origin.frontend as usize && listener.limits.id == origin.listener);
    ClientEnd {
        source: origin.source,
        destination: origin.destination,
        listener: origin.listener,
        listener_name: named.and_then(|listener| listener.options.name.clone()),
        fd: origin.fd,
        tls: origin.tls,
        protocol: match (origin.http, origin.multiplexed) {
            (false, _) => SessionProtocol::Tcp,
            (true, false) => SessionProtocol::Http1,
            (true, true) => SessionProtocol::Http2,
        },
    }
}

fn proxy(name: &Arc<str>, config: &ProxyConfig) -> ProxyRef {
    ProxyRef { name: Arc::clone(name), id: config.id, mode: config.mode }
}

fn address(server: &Server, destination: Option<SocketAddr>) -> Option<SocketAddr> {
    let endpoint = server.endpoint();
    let Address::Inet(mut address) = endpoint.address else { return None };
    let client = destination.map_or(0, |destination| destination.port());
    match endpoint.port {
        PortKind::Client => address.set_port(client),
        PortKind::Offset(by) => address.set_port((i32::from(client) + by).rem_euclid(65536) as u16),
        _ => {}
    }
    Some(address)
}
