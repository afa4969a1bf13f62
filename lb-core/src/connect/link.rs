//! A connection to a server, or a stream on a shared one, as a stream holds it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::{Addresses, Route, pool};
use crate::backend::ServerSlot;
use crate::config::HttpReuse;
use crate::http::h1::io::H1Conn;
use crate::http::h2::H2Client;
use crate::net::PortLease;
use crate::server::Server;
use crate::server::observe::Observation;
use crate::session::ClientInfo;
use crate::stream::h2_end::H2End;
use crate::stream::live::Entry;
use crate::stream::side::Side;
use crate::topology::BackendEntry;
use crate::worker::Worker;

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
pub(crate) struct Private(pub(super) Box<Held>);

#[derive(Debug)]
pub(super) struct Held {
    pub(super) conn: Option<Box<H1Conn>>,
    pub(super) server: Arc<Server>,
    /// The generation of the server that the connection belongs to.
    pub(super) generation: u32,
    /// The client's addresses that the server was told, where it was: others need another connection.
    pub(super) told: Option<Route>,
    /// The source port stays taken for as long as the connection lives.
    pub(super) lease: Option<PortLease>,
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
    pub(super) _slot: Option<ServerSlot>,
    /// The generation of the server that it belongs to.
    pub(super) generation: u32,
    /// It served a request before this one.
    pub(crate) reused: bool,
    /// Its first write succeeded.
    pub(crate) established: bool,
    /// It must not serve other sessions.
    pub(super) exclusive: bool,
    /// The client's addresses when it was opened.
    pub(super) route: Route,
    pub(super) lease: Option<PortLease>,
}

impl Link {
    /// Notes that the server accepted the connection.
    pub(crate) fn establish(&mut self) {
        if !std::mem::replace(&mut self.established, true)
            && let Some(server) = &self.server
        {
            server.observe(Observation::Connected);
        }
    }

    /// Our address on it; `None` where it is not one connection's.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match &self.conn {
            ServerConn::H1(conn) => conn.transport.socket().local_addr(),
            ServerConn::H2 { .. } => None,
        }
    }

    /// Tells others of the connection.
    pub(super) fn show(&self, live: &Entry) {
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
