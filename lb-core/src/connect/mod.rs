//! Stage 6: connections to servers: open, reuse, pool, retry.
//!
//! `Connector` carries one stream through its attempts. An attempt yields a `Link`; a link on a new socket is not
//! `established` until its first write succeeded, which costs no system call of its own.

mod addresses;
pub(crate) mod pool;

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use crate::backend::{Assign, AssignRequest, Assignment, Priority, QueueError, ServerSlot, Target, Ticket};
use crate::config::{Address, HttpReuse, Mode, PortKind, Proto, SendProxy};
use crate::http::h1::io::H1Conn;
use crate::http::h2::H2Client;
use crate::log::Stage;
use crate::net::PortLease;
use crate::net::{ConnectTarget, OpenSocket, open_socket};
use crate::proxy_protocol;
use crate::runtime::SessionStage;
use crate::server::Server;
use crate::server::observe::Observation;
use crate::session::ClientInfo;
use crate::stats::h2_traffic::H2Traffic;
use crate::stats::tls::{Handshake, OpenTls};
use crate::stream::count::{count_assigned, count_connection, count_retry};
use crate::stream::error::{End, Kind, StreamError};
use crate::stream::h2_end::H2End;
use crate::stream::live::Entry;
use crate::stream::side::Side;
use crate::tls::{self, Alpn, TlsClientConfig, TlsInfo};
use crate::topology::{BackendEntry, turn_around};
use crate::transport::{Socket, Transport};
use crate::worker::Worker;
use crate::worker::buffers::BufferPool;
use crate::worker::timer::{Timer, after, now};
use pool::Pooled;

pub(crate) use addresses::{Addresses, Route};

/// A connection to a server, or a stream on a shared one.
#[derive(Debug)]
pub(crate) enum ServerConn {
    /// HTTP/1, or bytes.
    H1(Box<H1Conn>),
    /// HTTP/2.
    H2 {
        /// The connection, shared with other streams.
        client: Rc<RefCell<H2Client>>,
        /// Our stream, once its request was written.
        end: Box<H2End>,
    },
}

impl ServerConn {
    /// The end of the exchange.
    pub(crate) fn side(&mut self) -> Side<'_> {
        match self {
            Self::H1(conn) => Side::H1(conn),
            Self::H2 { end, .. } => Side::H2(end),
        }
    }
}

/// A server connection that only one session may use (`http-reuse never`, or bound to the client's address).
#[derive(Debug)]
pub(crate) struct Private(Box<Held>);

#[derive(Debug)]
struct Held {
    conn: Option<Box<H1Conn>>,
    server: Arc<Server>,
    /// The generation of the server that the connection belongs to.
    generation: u32,
    /// The client's addresses that the server was told, where it was: others need another connection.
    told: Option<Route>,
    /// The source port stays taken for as long as the connection lives.
    lease: Option<PortLease>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            pool::close(conn);
        }
    }
}

/// A connection to a server, held by a stream.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) conn: ServerConn,
    /// `None` for `dispatch` and `option transparent`.
    pub(crate) server: Option<Arc<Server>>,
    _slot: Option<ServerSlot>,
    /// The generation of the server that it belongs to.
    generation: u32,
    /// It served a request before this one.
    pub(crate) reused: bool,
    /// Its first write succeeded.
    pub(crate) established: bool,
    /// It must not serve other sessions.
    exclusive: bool,
    /// The client's addresses when it was opened.
    route: Route,
    lease: Option<PortLease>,
}

impl Link {
    /// Our address on it; `None` where it is not one connection's.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match &self.conn {
            ServerConn::H1(conn) => conn.transport.socket().local_addr(),
            ServerConn::H2 { .. } => None,
        }
    }

    /// Tells others of the connection.
    fn show(&self, live: &Entry) {
        match &self.conn {
            ServerConn::H1(conn) => live.set_server_fd(conn.transport.socket().fd(), false),
            ServerConn::H2 { .. } => live.set_server_fd(-1, true),
        }
    }

    /// Its addresses, where somebody wants to know them.
    pub(crate) fn addresses(&self, worker: &Worker, info: &ClientInfo, backend: &BackendEntry) -> Option<Addresses> {
        (worker.wants_addresses(&info.frontend) || backend.looks_at_connections).then(|| {
            // Streams of HTTP/2 share a socket that is not theirs to ask.
            let socket = match &self.conn {
                ServerConn::H1(conn) => Some(conn.transport.socket()),
                ServerConn::H2 { .. } => None,
            };
            Addresses::of(socket, self.route, backend, self.server.as_deref())
        })
    }

    /// Closes the connection after a complete exchange.
    pub(crate) fn close(self) {
        if let ServerConn::H1(conn) = self.conn {
            pool::close(conn);
        }
    }

    /// Keeps the connection for the next request, here or in the pool of its server.
    pub(crate) fn keep(self, worker: &Worker, policy: HttpReuse, private: &mut Option<Private>) {
        // A stream leaves its connection where it is: in the pool.
        let ServerConn::H1(mut conn) = self.conn else { return };
        let current = |server: &Arc<Server>| server.generation() == self.generation;
        let Some(server) = self.server.filter(|s| current(s) && conn.raw().is_empty() && !conn.has_output()) else {
            return pool::close(conn);
        };
        if conn.eof {
            return;
        }
        if server.config.max_reuse.is_some_and(|max| conn.reuses >= max) {
            return pool::close(conn);
        }
        conn.release(&worker.buffers);
        conn.traffic.reset();
        if self.exclusive || policy == HttpReuse::Never {
            let (generation, lease) = (self.generation, self.lease);
            let told = self.exclusive.then_some(self.route);
            *private = Some(Private(Box::new(Held { conn: Some(conn), server, generation, told, lease })));
        } else {
            worker.pools.give(&server, self.generation, conn, self.reused);
        }
    }
}

/// The attempts of one stream to reach a server.
pub(crate) struct Connector<'a> {
    worker: &'a Rc<Worker>,
    info: &'a ClientInfo,
    route: Route,
    /// Its place in queues (`set-priority-class`, `set-priority-offset`).
    pub(crate) priority: Priority,
    /// The server that `use-server` or a cookie chose.
    pub(crate) wanted: Option<Arc<Server>>,
    /// Such a server was chosen: it is left only as `option redispatch` says.
    pub(crate) bound: bool,
    /// `force-persist`: it is not left at all.
    pub(crate) pinned: bool,
    backend: &'a Arc<BackendEntry>,
    policy: HttpReuse,
    first_request: bool,
    exclude: Option<Arc<Server>>,
    force: Option<Arc<Server>>,
    /// The last server was chosen by the balancer, without a wait.
    picked: bool,
    started: Instant,
    attempt_started: Instant,
    /// Failed attempts so far.
    pub(crate) retries: u32,
    /// Another server was chosen after a failure.
    pub(crate) redispatched: bool,
    /// Requests ahead in the server's queue when this one joined it.
    pub(crate) server_queue: u64,
    /// The same for the backend's queue.
    pub(crate) backend_queue: u64,
    /// When a server was chosen and had room.
    pub(crate) assigned_at: Option<Instant>,
    /// Addresses of the last connection, where somebody wants to know them.
    pub(crate) addresses: Option<Addresses>,
    /// The last server chosen.
    pub(crate) server: Option<Arc<Server>>,
    /// Path and query of a request that `redir` of a server may send elsewhere.
    pub(crate) redirect_path: Option<Vec<u8>>,
    /// Where it sends it.
    pub(crate) redirected: Option<Vec<u8>>,
    /// A pooled connection that the server had closed: what comes next is a new one in its place.
    pub(crate) stale: Option<Link>,
    /// What others see of the stream.
    live: Rc<Entry>,
}

impl<'a> Connector<'a> {
    pub(crate) fn new(
        worker: &'a Rc<Worker>,
        info: &'a ClientInfo,
        route: Route,
        backend: &'a Arc<BackendEntry>,
        first_request: bool,
        live: Rc<Entry>,
    ) -> Self {
        let now = now();
        Self {
            worker,
            info,
            route,
            priority: Priority { class: 0, time: i64::try_from(worker.uptime(now).as_millis()).unwrap_or(i64::MAX) },
            wanted: None,
            bound: false,
            pinned: false,
            backend,
            policy: backend.config.http_reuse.unwrap_or_default(),
            first_request,
            exclude: None,
            force: None,
            picked: false,
            started: now,
            attempt_started: now,
            retries: 0,
            redispatched: false,
            server_queue: 0,
            backend_queue: 0,
            assigned_at: None,
            addresses: None,
            server: None,
            redirect_path: None,
            redirected: None,
            stale: None,
            live,
        }
    }

    /// Tells those who ask of the connection that is under way.
    pub(crate) fn answer(&self, link: &Link) {
        self.live.answer(|| link.local_addr());
    }

    /// Whether a client that leaves is to be noticed (`option abortonclose`), and what to read it with.
    pub(crate) fn watch(&self) -> (bool, &'a BufferPool) {
        let worker: &'a Worker = self.worker;
        (self.backend.config.options.abortonclose, &worker.buffers)
    }

    /// When the attempt that is under way has failed for lack of an answer.
    pub(crate) fn connect_deadline(&self) -> Option<Instant> {
        after(self.attempt_started, self.backend.config.timeouts.connect)
    }

    /// A link to a server with room: pooled where that is allowed, else on a new socket.
    ///
    /// # Errors
    /// No server, no room in time, or no retry left.
    pub(crate) async fn next(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
        private: &mut Option<Private>,
    ) -> Result<Link, StreamError> {
        if let Some(mut link) = self.stale.take() {
            match self.reopen(&mut link, timer).await {
                Ok(()) => return Ok(link),
                Err(error) => self.failed(link, error, client, timer).await?,
            }
        }
        loop {
            let assignment = match self.backend.backend.target {
                Target::Servers => Some(self.assign(client, timer, self.preferred(private)).await?),
                Target::Dispatch(_) | Target::Transparent => None,
            };
            let now = now();
            // What was lost with another server counts as waiting.
            match self.redispatched {
                true => self.assigned_at = Some(now),
                false => drop(self.assigned_at.get_or_insert(now)),
            }
            self.attempt_started = now;
            self.server = assignment.as_ref().map(|a| Arc::clone(&a.server));
            self.live.set_server(self.server.as_ref().map(|server| server.id), now);
            self.live.enter_phase(SessionStage::Connect, self.connect_deadline());
            if let Some(server) = &self.server {
                count_assigned(self.worker, self.backend, server, self.picked);
            }
            if let (Some(path), Some(server)) = (&self.redirect_path, &self.server)
                && let Some(redir) = &server.config.redir
            {
                self.redirected = Some([redir.as_bytes(), path].concat());
                return Err(refused());
            }
            if let Some(found) = &assignment
                && let Some((conn, generation, lease)) = self.reuse(found, private)
                && let Some(Assignment { server, slot, .. }) = assignment
            {
                count_connection(self.worker, self.backend, Some(&server), true);
                let link = self.attach(conn, generation, lease, server, slot);
                link.show(&self.live);
                self.addresses = link.addresses(self.worker, self.info, self.backend);
                return Ok(link);
            }
            let (server, slot) = match assignment {
                Some(Assignment { server, slot, .. }) => (Some(server), Some(slot)),
                None => (None, None),
            };
            let deadline = self.connect_deadline();
            count_connection(self.worker, self.backend, server.as_deref(), false);
            match open(self.worker, self.info, self.route, self.backend, server.as_deref(), timer, deadline).await {
                Ok(mut opened) => {
                    if let Some(server) = &server {
                        server.observe(Observation::Connected);
                    }
                    count_open(self.worker, self.backend, &mut opened.conn);
                    let exclusive = opened.lease.is_some() || self.is_exclusive(server.as_deref());
                    if let (ServerConn::H2 { client, .. }, Some(server), false) = (&opened.conn, &server, exclusive)
                        && self.policy != HttpReuse::Never
                    {
                        self.worker.pools.share(server, opened.generation, Rc::clone(client));
                    }
                    let link = Link {
                        conn: opened.conn,
                        server,
                        _slot: slot,
                        generation: opened.generation,
                        reused: false,
                        established: opened.established,
                        exclusive,
                        route: self.route,
                        lease: opened.lease,
                    };
                    link.show(&self.live);
                    self.addresses = link.addresses(self.worker, self.info, self.backend);
                    return Ok(link);
                }
                Err(error) => {
                    if let Some(server) = server.as_ref().filter(|_| error.end == End::Server) {
                        server.observe(Observation::NotConnected);
                    }
                    if self.worker.wants_addresses(&self.info.frontend) || self.backend.looks_at_connections {
                        self.addresses = Some(Addresses::of(None, self.route, self.backend, server.as_deref()));
                    }
                    drop(slot);
                    self.after_failure(server, error, client, timer).await?;
                }
            }
        }
    }

    /// Replaces a pooled connection that the server had closed by a new one, which has the whole `timeout connect`.
    ///
    /// # Errors
    /// As opening a connection.
    async fn reopen(&mut self, link: &mut Link, timer: &mut Timer) -> Result<(), StreamError> {
        let (worker, info, backend): (&Worker, _, _) = (self.worker, self.info, self.backend);
        self.attempt_started = now();
        self.server.clone_from(&link.server);
        let deadline = self.connect_deadline();
        self.live.enter_phase(SessionStage::Connect, deadline);
        count_connection(worker, backend, link.server.as_deref(), false);
        let mut opened = open(worker, info, self.route, backend, link.server.as_deref(), timer, deadline).await?;
        count_open(worker, backend, &mut opened.conn);
        link.conn = opened.conn;
        link.lease = opened.lease;
        link.established = opened.established;
        link.generation = opened.generation;
        link.reused = false;
        if let (ServerConn::H2 { client, .. }, Some(server)) = (&link.conn, &link.server)
            && !link.exclusive
            && self.policy != HttpReuse::Never
        {
            worker.pools.share(server, link.generation, Rc::clone(client));
        }
        link.show(&self.live);
        // A server that died rather than closed an idle connection has no new address: the old ones stay.
        self.addresses = link.addresses(worker, info, backend).or(self.addresses);
        Ok(())
    }

    /// Notes that an attempt failed and waits before the next one where that is right.
    ///
    /// # Errors
    /// The failure itself, when no retry is left.
    pub(crate) async fn failed(
        &mut self,
        link: Link,
        error: StreamError,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let server = link.server.clone();
        // The slot goes first: the next attempt may want the same server.
        drop(link);
        self.after_failure(server, error, client, timer).await
    }

    async fn after_failure(
        &mut self,
        server: Option<Arc<Server>>,
        error: StreamError,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let allowed = self.backend.config.retries.unwrap_or(3);
        if self.retries >= allowed {
            return Err(error);
        }
        self.retries += 1;
        self.live.set_retries(self.retries, self.redispatched);
        if self.redispatches_now(allowed) {
            count_retry(self.worker, self.backend, server.as_deref(), true);
            self.exclude = server;
            self.force = None;
            self.redispatched = true;
            self.bound = false;
            self.live.set_retries(self.retries, true);
        } else {
            count_retry(self.worker, self.backend, server.as_deref(), false);
            self.force = server;
            if error.kind == Kind::Closed {
                let until = now() + turn_around(&self.backend.config.timeouts);
                self.live.enter_phase(SessionStage::TurnAround, Some(until));
                let (watch, pool) = (self.backend.config.options.abortonclose, &self.worker.buffers);
                let gone = poll_fn(|cx| {
                    if watch && client.poll_closed(cx, pool).is_ready() {
                        return Poll::Ready(true);
                    }
                    timer.poll(cx, Some(until)).map(|()| false)
                })
                .await;
                if gone {
                    // There is no connection any more, and not yet another one.
                    self.addresses = None;
                    return Err(StreamError::new(End::Client, Stage::Connect, Kind::Closed));
                }
            }
        }
        Ok(())
    }

    /// Whether this retry may go to another server (configuration.txt, `option redispatch`): every `n`th one, or,
    /// with a negative number, the ones counted from the last. HAProxy counts only where the algorithm binds a client
    /// to a server; elsewhere every retry goes to the next one, at once.
    fn redispatches_now(&self, allowed: u32) -> bool {
        match self.backend.config.redispatch {
            None | Some(0) => false,
            _ if self.pinned => false,
            Some(_) if !self.bound && !self.backend.backend.is_deterministic() => true,
            Some(every) if every > 0 => self.retries.is_multiple_of(every.unsigned_abs()),
            // Once, so many retries before there are none left.
            Some(from_last) if self.bound => allowed - self.retries + 1 == from_last.unsigned_abs(),
            Some(from_last) => {
                let left = allowed - self.retries;
                left.is_multiple_of(from_last.unsigned_abs())
            }
        }
    }

    /// `option prefer-last-server`: the server to which the session still holds a connection, unless more requests
    /// wait for it than `max-keep-alive-queue` lets.
    fn preferred(&self, private: &Option<Private>) -> Option<Arc<Server>> {
        let config = &self.backend.config;
        let Private(held) = private.as_ref()?;
        if !config.options.prefer_last_server || self.retries > 0 || self.backend.backend.is_deterministic() {
            return None;
        }
        let server = &held.server;
        if held.conn.is_none() || !self.backend.backend.owns(server) || !server.is_usable() {
            return None;
        }
        let most = config.max_keep_alive_queue.and_then(|most| u32::try_from(most).ok());
        (!server.is_full() || most.is_none_or(|most| server.queued() < most)).then(|| Arc::clone(server))
    }

    async fn assign(
        &mut self,
        client: &mut Side<'_>,
        timer: &mut Timer,
        preferred: Option<Arc<Server>>,
    ) -> Result<Assignment, StreamError> {
        let request = AssignRequest {
            source: self.route.source.map(|s| s.ip()),
            exclude: self.exclude.clone(),
            force: self.force.clone().or_else(|| self.wanted.take()).or(preferred),
            priority: self.priority,
        };
        let assign = self.backend.backend.try_assign(&request);
        self.picked = request.force.is_none() && matches!(assign, Assign::Server(_));
        match assign {
            Assign::Server(assignment) => Ok(assignment),
            Assign::Queue(ticket) => self.wait_in_queue(ticket, client, timer).await,
            Assign::QueueFull(server) => {
                self.server = Some(server);
                Err(StreamError::new(End::Server, Stage::Queue, Kind::Closed))
            }
            Assign::None => Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed)),
        }
    }

    async fn wait_in_queue(
        &mut self,
        mut ticket: Ticket,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> Result<Assignment, StreamError> {
        let timeouts = &self.backend.config.timeouts;
        let deadline = after(self.started, timeouts.queue.or(timeouts.connect));
        let watch = self.backend.config.options.abortonclose;
        let pool = &self.worker.buffers;
        self.live.enter_phase(SessionStage::Queue, deadline);
        let assignment = poll_fn(|cx| {
            let waiting = std::pin::pin!(ticket.wait(None));
            if let Poll::Ready(result) = waiting.poll(cx) {
                return Poll::Ready(result.map_err(|error| match error {
                    QueueError::Timeout => StreamError::new(End::Server, Stage::Queue, Kind::Timeout),
                    QueueError::NoServer => StreamError::new(End::Server, Stage::Connect, Kind::Closed),
                }));
            }
            if watch && client.poll_closed(cx, pool).is_ready() {
                return Poll::Ready(Err(StreamError::new(End::Client, Stage::Queue, Kind::Closed)));
            }
            timer.poll(cx, deadline).map(|()| Err(StreamError::new(End::Server, Stage::Queue, Kind::Timeout)))
        })
        .await;
        let assignment = match assignment {
            Ok(assignment) => assignment,
            Err(error) => {
                // The time and the place in the queue are logged as if it had been left in order.
                self.assigned_at = Some(Instant::now());
                (self.server_queue, self.backend_queue) = ticket.position();
                self.server = ticket.server().cloned();
                return Err(error);
            }
        };
        self.server_queue = assignment.server_queue;
        self.backend_queue = assignment.backend_queue;
        Ok(assignment)
    }

    /// A connection that is already open, where `http-reuse` lets this request use it.
    fn reuse(
        &self,
        assignment: &Assignment,
        private: &mut Option<Private>,
    ) -> Option<(ServerConn, u32, Option<PortLease>)> {
        // The same server again gets a connection of its own; another one is as good as at the first try.
        if self.retries > 0 && !self.redispatched {
            return None;
        }
        if let Some(Private(mut held)) = private.take()
            && Arc::ptr_eq(&held.server, &assignment.server)
            && held.generation == assignment.server.generation()
            && held.told.is_none_or(|told| told == self.route)
            && let Some(mut conn) = held.conn.take()
            && pool::is_quiet(&mut conn)
        {
            conn.reuses = conn.reuses.saturating_add(1);
            return Some((ServerConn::H1(conn), held.generation, held.lease.take()));
        }
        let (pooled, generation) = self.worker.pools.take(&assignment.server, self.policy, self.first_request)?;
        let conn = match pooled {
            Pooled::H1(mut conn) => {
                conn.reuses = conn.reuses.saturating_add(1);
                ServerConn::H1(conn)
            }
            Pooled::H2(client) => ServerConn::H2 { client, end: Box::new(H2End::unopened()) },
        };
        Some((conn, generation, None))
    }

    fn attach(
        &self,
        mut conn: ServerConn,
        generation: u32,
        lease: Option<PortLease>,
        server: Arc<Server>,
        slot: ServerSlot,
    ) -> Link {
        if let ServerConn::H1(conn) = &mut conn {
            conn.traffic.begin();
        }
        Link {
            conn,
            exclusive: self.is_exclusive(Some(&server)),
            route: self.route,
            generation,
            server: Some(server),
            _slot: Some(slot),
            reused: true,
            established: true,
            lease,
        }
    }

    /// Whether connections to this server carry something of one client: its address or a PROXY header.
    fn is_exclusive(&self, server: Option<&Server>) -> bool {
        let Some(server) = server else { return true };
        let source = server.config.source.as_ref().or(self.backend.config.source.as_ref());
        server.config.send_proxy.is_some() || source.is_some_and(|source| source.usesrc.is_some())
    }
}

/// A new connection.
struct Opened {
    conn: ServerConn,
    lease: Option<PortLease>,
    /// The generation of the server before its address was read.
    generation: u32,
    /// Handshakes are done; else the first write says whether the server is there.
    established: bool,
}

/// Counts an HTTP connection to a server and the stream that begins on it.
fn count_open(worker: &Worker, backend: &BackendEntry, conn: &mut ServerConn) {
    if let (ServerConn::H1(conn), Mode::Http) = (conn, backend.config.mode) {
        conn.traffic.count(&backend.backend.stats.mux, worker.index);
        conn.traffic.begin();
    }
}

/// Opens a connection to a server, or to where `dispatch` and `option transparent` lead. Waits only where a handshake
/// comes before the first request.
async fn open(
    worker: &Worker,
    info: &ClientInfo,
    route: Route,
    backend: &BackendEntry,
    server: Option<&Server>,
    timer: &mut Timer,
    deadline: Option<Instant>,
) -> Result<Opened, StreamError> {
    let generation = server.map_or(0, Server::generation);
    let OpenSocket { socket, lease, .. } = start(route, backend, server)?;
    let tls = server.and_then(Server::tls);
    let proto = server.and_then(|server| server.config.proto);
    let mut conn = Box::new(H1Conn::new(Transport::Plain(socket)));
    write_proxy_header(&mut conn, info, route, server);
    if tls.is_none() && proto != Some(Proto::H2) {
        return Ok(Opened { conn: ServerConn::H1(conn), lease, generation, established: false });
    }
    let conn = match Box::pin(within(timer, deadline, handshakes(worker, backend, server, *conn))).await {
        Some(result) => result?,
        None => return Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)),
    };
    Ok(Opened { conn, lease, generation, established: true })
}

fn refused() -> StreamError {
    StreamError::new(End::Server, Stage::Connect, Kind::Closed)
}

/// The TCP, PROXY, TLS and HTTP/2 starts of a connection, as far as they apply.
async fn handshakes(
    worker: &Worker,
    backend: &BackendEntry,
    server: Option<&Server>,
    mut conn: H1Conn,
) -> Result<ServerConn, StreamError> {
    let proto = server.and_then(|server| server.config.proto);
    poll_fn(|cx| conn.transport.socket_mut().poll_connected(cx)).await.map_err(|_| refused())?;
    poll_fn(|cx| conn.poll_flush(cx)).await.map_err(|_| refused())?;
    match (server.and_then(|server| Some((server, server.tls()?))), conn.transport) {
        (Some((server, config)), Transport::Plain(socket)) => {
            let (transport, session) = secure(worker, backend, server, config, socket).await?;
            match proto == Some(Proto::H2) || (proto.is_none() && session.alpn == Alpn::H2) {
                true => Ok(start_h2(worker, backend, transport, true)),
                false => Ok(ServerConn::H1(Box::new(H1Conn::new(transport)))),
            }
        }
        (_, transport) => Ok(start_h2(worker, backend, transport, false)),
    }
}

/// The TLS handshake with a server.
async fn secure(
    worker: &Worker,
    backend: &BackendEntry,
    server: &Server,
    config: &TlsClientConfig,
    socket: Socket,
) -> Result<(Transport, TlsInfo), StreamError> {
    let open = OpenTls::begin(worker);
    let secured = tls::connect(config, socket).await;
    let outcome = match &secured {
        Ok((_, session)) if session.resumed => Handshake::Resumed,
        Ok(_) => Handshake::Full,
        Err(_) => Handshake::Failed,
    };
    outcome.count(worker.index, [&backend.backend.stats.tls, &server.stats.tls]);
    if outcome == Handshake::Full {
        worker.shared.stats.tls_backend_keys.count(worker.index, worker.uptime(now()));
    }
    let (mut transport, session) = secured.map_err(|_| refused())?;
    transport.hold(open);
    Ok((transport, session))
}

fn start_h2(worker: &Worker, backend: &BackendEntry, transport: Transport, tls: bool) -> ServerConn {
    let (client, mut driver) = H2Client::handshake(transport, &worker.h2, tls);
    let mut traffic = H2Traffic::new(&backend.backend.stats.mux, worker.index);
    tokio::task::spawn_local(async move {
        poll_fn(|cx| {
            // Its streams report what went wrong.
            let over = Pin::new(&mut driver).poll(cx).map(drop);
            traffic.tell(driver.counts(), driver.open_streams());
            over
        })
        .await;
    });
    ServerConn::H2 { client: Rc::new(RefCell::new(client)), end: Box::new(H2End::unopened()) }
}

/// Runs `work` until `deadline`; `None` when it was not done by then.
pub(crate) async fn within<T>(
    timer: &mut Timer,
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.poll(cx, deadline).map(|()| None),
    })
    .await
}

fn start(route: Route, backend: &BackendEntry, server: Option<&Server>) -> Result<OpenSocket, StreamError> {
    let (target, options) = match server {
        Some(server) => {
            let endpoint = server.endpoint();
            let address = with_port(&endpoint.address, endpoint.port, route.destination);
            (ConnectTarget::from_address(&address), &server.dial.options)
        }
        None => {
            let target = match backend.backend.target {
                Target::Dispatch(address) => Some(address),
                _ => route.destination,
            };
            (target.map(ConnectTarget::Inet), &backend.dial.options)
        }
    };
    open_socket(&target.ok_or_else(refused)?, options, route.source).map_err(|_| refused())
}

/// The address with the port the client used, where the server's was written so.
fn with_port(address: &Address, port: PortKind, client: Option<SocketAddr>) -> Address {
    let client_port = client.map_or(0, |client| client.port());
    match (address, port) {
        (Address::Inet(inet), PortKind::Client) => Address::Inet(SocketAddr::new(inet.ip(), client_port)),
        (Address::Inet(inet), PortKind::Offset(by)) => {
            // Out of range wraps as the kernel's 16 bits do.
            let port = (i32::from(client_port) + by).rem_euclid(65536) as u16;
            Address::Inet(SocketAddr::new(inet.ip(), port))
        }
        _ => address.clone(),
    }
}

/// `send-proxy`: the header goes out before the first byte of the stream.
fn write_proxy_header(conn: &mut H1Conn, info: &ClientInfo, route: Route, server: Option<&Server>) {
    if let Some(config) = server.and_then(|server| server.config.send_proxy.as_ref()) {
        proxy_header(config, info, route, &mut conn.output);
    }
}

/// Appends the PROXY header of a client connection.
pub(crate) fn proxy_header(config: &SendProxy, info: &ClientInfo, route: Route, out: &mut Vec<u8>) {
    let context = proxy_protocol::SendContext {
        source: route.source,
        destination: route.destination,
        ssl: info.tls.as_deref().map(|&(version, cipher)| proxy_protocol::SslClient {
            version: version.as_bytes(),
            cipher: Some(cipher.as_bytes()),
            ..proxy_protocol::SslClient::default()
        }),
        ..proxy_protocol::SendContext::default()
    };
    proxy_protocol::write(out, config, &context);
}
