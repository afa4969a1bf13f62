//! Idle server connections of one worker, per server. Nothing here is shared between threads but the counts.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Instant;

use crate::config::HttpReuse;
use crate::http::h1::io::H1Conn;
use crate::http::h2::H2Client;
use crate::net::set_no_linger;
use crate::server::Server;

/// How often idle connections are looked over: closed ones dropped, unneeded ones purged.
pub(crate) const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

#[derive(Debug)]
struct Idle {
    conn: Box<H1Conn>,
    /// It served more than one session already (what `http-reuse aggressive` asks for).
    reused: bool,
}

#[derive(Debug)]
struct Pool {
    /// The most recently used connection is last.
    idle: Vec<Idle>,
    /// The fewest idle connections since the last purge: that many were not needed.
    spare: usize,
    purged: Instant,
    /// The most streams the server had at once since the last purge: more idle connections than that are of no use.
    peak: u32,
}

/// An HTTP/2 connection to a server.
struct Shared {
    client: Rc<RefCell<H2Client>>,
    /// How many streams it served after the first.
    reuses: u32,
    used: Instant,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("reuses", &self.reuses).finish_non_exhaustive()
    }
}

/// Counts of idle connections that the workers of an instance share.
#[derive(Debug)]
pub(crate) struct PoolCounts {
    /// Idle connections of all servers.
    total: AtomicU32,
    /// Most of them that may be kept: `tune.pool-high-fd-ratio` of the descriptors.
    high: u32,
    /// Per server pool, for `pool-max-conn`.
    per_server: Vec<AtomicU32>,
}

impl PoolCounts {
    pub(crate) fn new(pools: usize, high: u32) -> Self {
        Self { total: AtomicU32::new(0), high, per_server: (0..pools).map(|_| AtomicU32::new(0)).collect() }
    }
}

/// The pools of one worker.
#[derive(Debug)]
pub(crate) struct ServerPools {
    pools: Vec<RefCell<Pool>>,
    /// HTTP/2 connections, each used by many streams.
    shared: Vec<RefCell<Vec<Shared>>>,
    counts: Arc<PoolCounts>,
}

impl ServerPools {
    pub(crate) fn new(counts: Arc<PoolCounts>, now: Instant) -> Self {
        let pool = || RefCell::new(Pool { idle: Vec::new(), spare: 0, purged: now, peak: 0 });
        Self {
            pools: counts.per_server.iter().map(|_| pool()).collect(),
            shared: counts.per_server.iter().map(|_| RefCell::default()).collect(),
            counts,
        }
    }

    /// Offers an HTTP/2 connection to later streams.
    pub(crate) fn share(&self, slot: usize, client: Rc<RefCell<H2Client>>) {
        if let Some(shared) = self.shared.get(slot) {
            shared.borrow_mut().push(Shared { client, reuses: 0, used: Instant::now() });
        }
    }

    /// An HTTP/2 connection with a free stream that `policy` lets this request use.
    pub(crate) fn shared(
        &self,
        slot: usize,
        policy: HttpReuse,
        first: bool,
        max_reuse: Option<u32>,
    ) -> Option<Rc<RefCell<H2Client>>> {
        let mut shared = self.shared.get(slot)?.borrow_mut();
        if shared.is_empty() || policy == HttpReuse::Never || (policy == HttpReuse::Safe && first) {
            return None;
        }
        // One that was used often enough ends with its last stream.
        let worn = |entry: &Shared| max_reuse.is_some_and(|max| entry.reuses >= max);
        shared.retain(|entry| !worn(entry) && entry.client.borrow_mut().is_usable());
        let allowed = |entry: &&mut Shared| policy != HttpReuse::Aggressive || !first || entry.reuses > 0;
        let entry = shared.iter_mut().filter(allowed).find(|entry| entry.client.borrow().available_streams() > 0)?;
        entry.reuses = entry.reuses.saturating_add(1);
        entry.used = Instant::now();
        Some(Rc::clone(&entry.client))
    }

    /// Takes a live idle connection that `policy` lets this request use.
    pub(crate) fn take(&self, slot: usize, policy: HttpReuse, first_request: bool) -> Option<Box<H1Conn>> {
        let mut pool = self.pools.get(slot)?.borrow_mut();
        loop {
            let index = match (policy, first_request) {
                (HttpReuse::Never, _) | (HttpReuse::Safe, true) => return None,
                (HttpReuse::Aggressive, true) => pool.idle.iter().rposition(|idle| idle.reused)?,
                _ => pool.idle.len().checked_sub(1)?,
            };
            let mut idle = pool.idle.remove(index);
            pool.spare = pool.spare.min(pool.idle.len());
            self.count(slot, -1);
            if is_quiet(&mut idle.conn) {
                return Some(idle.conn);
            }
        }
    }

    /// Keeps a connection for later, unless a limit says that it must be closed.
    pub(crate) fn give(&self, slot: usize, mut conn: Box<H1Conn>, reused: bool, server: &Server) {
        let Some(pool) = self.pools.get(slot) else { return };
        let config = &server.config;
        let held = self.counts.per_server.get(slot).map_or(0, |count| count.load(Ordering::Relaxed));
        let kept = {
            let mut pool = pool.borrow_mut();
            pool.peak = pool.peak.max(server.current());
            pool.idle.len() < pool.peak.max(config.pool_low_conn) as usize
        };
        if !kept
            || config.pool_purge_delay.is_some_and(|delay| delay.is_zero())
            || config.pool_max_conn.is_some_and(|max| held >= max)
            // From here on the event loop tells whether the server closes it.
            || conn.transport.socket_mut().register().is_err()
        {
            return close(conn);
        }
        if self.counts.total.load(Ordering::Relaxed) >= self.counts.high {
            // Room for the newest: it is the likeliest to be used again.
            let mut pool = pool.borrow_mut();
            if pool.idle.is_empty() {
                return close(conn);
            }
            close(pool.idle.remove(0).conn);
            self.count(slot, -1);
        }
        pool.borrow_mut().idle.push(Idle { conn, reused });
        self.count(slot, 1);
    }

    fn count(&self, slot: usize, change: i32) {
        let add = |count: &AtomicU32| {
            if change > 0 {
                count.fetch_add(change.unsigned_abs(), Ordering::Relaxed);
            } else {
                count.fetch_sub(change.unsigned_abs(), Ordering::Relaxed);
            }
        };
        add(&self.counts.total);
        if let Some(count) = self.counts.per_server.get(slot) {
            add(count);
        }
    }

    /// Drops connections that servers closed and, every `pool-purge-delay`, half of those that were not needed
    /// meanwhile, but never below `pool-low-conn`.
    pub(crate) fn sweep(&self, now: Instant, server_of: impl Fn(usize) -> Option<Arc<crate::server::Server>>) {
        for (slot, shared) in self.shared.iter().enumerate() {
            let delay = server_of(slot).and_then(|server| server.config.pool_purge_delay);
            let delay = delay.unwrap_or(std::time::Duration::from_secs(5));
            shared.borrow_mut().retain(|entry| {
                let mut client = entry.client.borrow_mut();
                let busy = client.open_streams() > 0 || now.saturating_duration_since(entry.used) < delay;
                busy && client.is_usable()
            });
        }
        for (slot, pool) in self.pools.iter().enumerate() {
            let mut pool = pool.borrow_mut();
            if pool.idle.is_empty() {
                continue;
            }
            let before = pool.idle.len();
            pool.idle.retain_mut(|idle| is_quiet(&mut idle.conn));
            pool.spare = pool.spare.min(pool.idle.len());
            if let Some(server) = server_of(slot) {
                let delay = server.config.pool_purge_delay.unwrap_or(std::time::Duration::from_secs(5));
                if now.saturating_duration_since(pool.purged) >= delay {
                    let keep = server.config.pool_low_conn as usize;
                    let unneeded = pool.spare.div_ceil(2).min(pool.idle.len().saturating_sub(keep));
                    pool.idle.drain(..unneeded).for_each(|idle| close(idle.conn));
                    pool.spare = pool.idle.len();
                    pool.purged = now;
                    pool.peak = server.current();
                }
            }
            for _ in pool.idle.len()..before {
                self.count(slot, -1);
            }
        }
    }

    /// Whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.pools.iter().all(|pool| pool.borrow().idle.is_empty())
            && self.shared.iter().all(|shared| shared.borrow().is_empty())
    }

    /// Closes everything.
    pub(crate) fn clear(&self) {
        self.shared.iter().for_each(|shared| shared.borrow_mut().clear());
        for (slot, pool) in self.pools.iter().enumerate() {
            for idle in std::mem::take(&mut pool.borrow_mut().idle) {
                close(idle.conn);
                self.count(slot, -1);
            }
        }
    }
}

impl Drop for ServerPools {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Closes a connection on which nothing is under way. It is reset: closing in good order would leave a port behind in
/// TIME_WAIT each time, on the one side that has few of them. HAProxy does the same.
pub(crate) fn close(conn: Box<H1Conn>) {
    if !conn.eof {
        set_no_linger(conn.transport.socket());
    }
}

/// Whether an idle connection is still open and silent. Costs no system call: the event loop knows.
pub(crate) fn is_quiet(conn: &mut H1Conn) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    !conn.transport.holds_input() && conn.transport.socket_mut().poll_read_ready(&mut cx).is_pending()
}
