//! Stage 6: connections to servers: open, reuse, pool, retry.
//!
//! `Connector` carries one stream through its attempts. An attempt yields a `Link`; a link on a new socket is not
//! `established` until its first write succeeded, which costs no system call of its own.

mod addresses;
mod assign;
mod link;
mod open;
pub(crate) mod pool;
mod retry;

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::backend::{Assignment, Priority, ServerSlot, Target};
use crate::config::{HttpReuse, Proto};
use crate::http::message::Head;
use crate::instant::Instant;
use crate::net::PortLease;
use crate::runtime::SessionStage;
use crate::sample::fetch::address;
use crate::server::Server;
use crate::server::observe::Observation;
use crate::session::ClientInfo;
use crate::stream::count::{count_assigned, count_connection};
use crate::stream::error::StreamError;
use crate::stream::h2_end::H2End;
use crate::stream::live::Entry;
use crate::stream::side::Side;
use crate::topology::BackendEntry;
use crate::worker::Worker;
use crate::worker::buffers::BufferPool;
use crate::worker::timer::{Timer, after, now};
use open::{Ask, count_open, open, refused};
use pool::Pooled;

pub(crate) use addresses::{Addresses, Route};
pub(crate) use link::{Link, Private, ServerConn};
pub(crate) use open::within;

/// The attempts of one stream to reach a server.
pub(crate) struct Connector<'a> {
    worker: &'a Rc<Worker>,
    info: &'a ClientInfo,
    route: Route,
    /// Its place in queues (`set-priority-class`, `set-priority-offset`).
    pub(crate) priority: Priority,
    /// What was made of the key that `balance` names.
    pub(crate) hash: Option<u64>,
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
    started: Instant,
    attempt_started: Instant,
    /// The request's body, where it is kept to be sent again; then it is no more in the client's buffer.
    pub(crate) kept: Option<Bytes>,
    /// Whether the body is to be kept; settled once, when the first connection is begun.
    pub(crate) may_keep: bool,
    /// The request was sent already, and is sent again.
    replayed: bool,
    /// Failed attempts so far.
    pub(crate) retries: u32,
    /// Another server was chosen after a failure.
    pub(crate) redispatched: bool,
    /// The server that is to be left for another one, if there is one.
    leaving: Option<Arc<Server>>,
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
    /// The request asks for a websocket.
    pub(crate) websocket: bool,
    /// The request, where servers are to see an address that it holds (`usesrc hdr_ip`).
    pub(crate) request: Option<Box<Head>>,
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
            hash: None,
            wanted: None,
            bound: false,
            pinned: false,
            backend,
            policy: backend.config.http_reuse.unwrap_or_default(),
            first_request,
            exclude: None,
            force: None,
            started: now,
            attempt_started: now,
            kept: None,
            may_keep: false,
            replayed: false,
            retries: 0,
            redispatched: false,
            leaving: None,
            server_queue: 0,
            backend_queue: 0,
            assigned_at: None,
            addresses: None,
            server: None,
            websocket: false,
            redirect_path: None,
            request: None,
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
                Target::Servers => {
                    let assignment = self.assign(client, timer, self.preferred(private)).await;
                    self.note_redispatch(assignment.as_ref().ok().map(|found| &found.server));
                    Some(assignment?)
                }
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
                count_assigned(self.worker, self.backend, server);
            }
            if let (Some(path), Some(server)) = (&self.redirect_path, &self.server)
                && let Some(redir) = &server.config.redir
            {
                self.redirected = Some([redir.as_bytes(), path].concat());
                return Err(refused());
            }
            self.route.imitated = self.imitated();
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
            match open(self.ask(server.as_deref()), timer, deadline).await {
                Ok(mut opened) => {
                    if let (Some(server), true) = (&server, opened.established) {
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
        let mut opened = open(self.ask(link.server.as_deref()), timer, deadline).await?;
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

    /// What a new connection is opened for.
    fn ask<'s>(&'s self, server: Option<&'s Server>) -> Ask<'s> {
        let own = server.and_then(|server| self.own_proto(server));
        Ask { worker: self.worker, info: self.info, route: self.route, backend: self.backend, server, own }
    }

    /// The address that the server is to see, where the request says it. What is not one leaves the choice to `source`.
    fn imitated(&self) -> Option<IpAddr> {
        let request = self.request.as_ref()?;
        let dial = self.server.as_ref().map_or(&self.backend.dial, |server| &server.dial);
        let (name, occurrence) = dial.options.header_source().filter(|(_, occurrence)| *occurrence != 0)?;
        address(request, name, occurrence).filter(|ip| !ip.is_unspecified())
    }

    /// What this stream has to be spoken in, where others to the server need not.
    fn own_proto(&self, server: &Server) -> Option<Proto> {
        if self.websocket { server.config.websockets() } else { None }
    }

    /// A connection that is already open, where `http-reuse` lets this request use it.
    fn reuse(
        &self,
        assignment: &Assignment,
        private: &mut Option<Private>,
    ) -> Option<(ServerConn, u32, Option<PortLease>)> {
        // A server to which no connection could be opened gets a new one; another one is as good as at the first try.
        if self.retries > 0 && !self.redispatched && !self.replayed {
            return None;
        }
        let own = self.own_proto(&assignment.server);
        if own == Some(Proto::H2) {
            // Idle connections speak something else.
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
        let first = self.first_request && !self.backend.config.retry_on.unwrap_or_default().covers_reuse();
        let (pooled, generation) = self.worker.pools.take(&assignment.server, self.policy, first, own.is_some())?;
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

    /// Whether connections to this server are for nobody else: they carry a client's address or a PROXY header.
    fn is_exclusive(&self, server: Option<&Server>) -> bool {
        let Some(server) = server else { return true };
        let source = server.config.source.as_ref().or(self.backend.config.source.as_ref());
        // One that was opened for websockets alone speaks what others do not ask for.
        let own = self.own_proto(server) == Some(Proto::H2);
        own || server.config.send_proxy.is_some() || source.is_some_and(|source| source.usesrc.is_some())
    }
}
