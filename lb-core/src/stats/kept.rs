//! What is kept of a frontend, listener, backend, server and of the process: its counters and its rates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::counters::{
    BackendCounters, Counted, FrontendCounters, ListenerCounters, MuxCounters, ProcessCounters, ServerCounters,
    TlsCounters,
};
use super::rate::Rate;

/// Counters and rates of a frontend. Its current sessions and their rate are with its limits
/// ([`crate::listener::limits`]).
#[derive(Debug)]
pub struct FrontendStats {
    /// What only grows.
    pub counters: Counted<FrontendCounters>,
    /// Its HTTP connections.
    pub mux: Arc<Counted<MuxCounters>>,
    /// Its TLS connections.
    pub tls: Counted<TlsCounters>,
    /// Connections per second.
    pub connection_rate: Rate,
    /// HTTP requests per second.
    pub request_rate: Rate,
}

impl FrontendStats {
    /// For this many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            counters: Counted::new(workers),
            mux: Arc::new(Counted::new(workers)),
            tls: Counted::new(workers),
            connection_rate: Rate::new(workers),
            request_rate: Rate::new(workers),
        }
    }

    /// `clear counters`, with `all` or without.
    pub fn clear(&self, all: bool) {
        clear(&self.counters, all);
        self.mux.clear();
        self.tls.clear();
        self.connection_rate.clear_max();
        self.request_rate.clear_max();
    }
}

/// Counters of a listener (`option socket-stats`).
#[derive(Debug)]
pub struct ListenerStats {
    /// What only grows.
    pub counters: Counted<ListenerCounters>,
    /// Its TLS connections.
    pub tls: Counted<TlsCounters>,
}

impl ListenerStats {
    /// For this many workers.
    pub fn new(workers: usize) -> Self {
        Self { counters: Counted::new(workers), tls: Counted::new(workers) }
    }

    /// `clear counters`, with `all` or without.
    pub fn clear(&self, all: bool) {
        clear(&self.counters, all);
        self.tls.clear();
    }
}

/// Counters and rate of a backend.
#[derive(Debug)]
pub struct BackendStats {
    /// What only grows.
    pub counters: Counted<BackendCounters>,
    /// HTTP connections to its servers.
    pub mux: Arc<Counted<MuxCounters>>,
    /// TLS connections to its servers.
    pub tls: Counted<TlsCounters>,
    /// Sessions per second.
    pub session_rate: Rate,
}

impl BackendStats {
    /// For this many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            counters: Counted::new(workers),
            mux: Arc::new(Counted::new(workers)),
            tls: Counted::new(workers),
            session_rate: Rate::new(workers),
        }
    }

    /// `clear counters`, with `all` or without.
    pub fn clear(&self, all: bool) {
        clear(&self.counters, all);
        self.mux.clear();
        self.tls.clear();
        self.session_rate.clear_max();
    }
}

/// Counters and rate of a server.
#[derive(Debug)]
pub struct ServerStats {
    /// What only grows.
    pub counters: Counted<ServerCounters>,
    /// TLS connections to it.
    pub tls: Counted<TlsCounters>,
    /// Sessions per second.
    pub session_rate: Rate,
}

impl ServerStats {
    /// For this many workers.
    pub fn new(workers: usize) -> Self {
        Self { counters: Counted::new(workers), tls: Counted::new(workers), session_rate: Rate::new(workers) }
    }

    /// `clear counters`, with `all` or without.
    pub fn clear(&self, all: bool) {
        clear(&self.counters, all);
        self.tls.clear();
        self.session_rate.clear_max();
    }
}

/// Bytes of one event of [`ProcessStats::bytes_out_rate`]: a second may carry more bytes than 32 bits count.
pub const BYTES_PER_EVENT: u64 = 32;

/// Counters and rates of the process. Its connections and their rates are with its limits.
#[derive(Debug)]
pub struct ProcessStats {
    /// What only grows.
    pub counters: Counted<ProcessCounters>,
    /// Bytes sent to clients per second, in units of [`BYTES_PER_EVENT`].
    pub bytes_out_rate: Rate,
    /// Full TLS handshakes with clients per second.
    pub tls_frontend_keys: Rate,
    /// The same with servers.
    pub tls_backend_keys: Rate,
    /// Open TLS connections of both sides.
    pub(crate) tls_connections: Arc<AtomicU32>,
}

impl ProcessStats {
    /// For this many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            counters: Counted::new(workers),
            bytes_out_rate: Rate::new(workers),
            tls_frontend_keys: Rate::new(workers),
            tls_backend_keys: Rate::new(workers),
            tls_connections: Arc::default(),
        }
    }

    /// `CurrSslConns`.
    pub fn open_tls(&self) -> u32 {
        self.tls_connections.load(Ordering::Relaxed)
    }

    /// `clear counters`: nothing but the largest rates goes back.
    pub fn clear_max(&self) {
        self.bytes_out_rate.clear_max();
        self.tls_frontend_keys.clear_max();
        self.tls_backend_keys.clear_max();
    }
}

fn clear<C: super::counters::Counters>(counted: &Counted<C>, all: bool) {
    if all { counted.clear() } else { counted.clear_max() }
}
