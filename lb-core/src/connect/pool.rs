//! Idle server connections of one worker, per server. Nothing here is shared between threads but the counts.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::config::HttpReuse;
use crate::http::h1::io::H1Conn;
use crate::http::h2::H2Client;
use crate::instant::Instant;
use crate::net::set_no_linger;
use crate::server::Server;
use crate::worker::timer::now;

/// How often idle connections are looked over: closed ones dropped, unneeded ones purged.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Default of `pool-purge-delay`.
pub(crate) const DEFAULT_PURGE_DELAY: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Idle {
    conn: Box<H1Conn>,
    /// It served more than one session already (what `http-reuse aggressive` asks for).
    reused: bool,
}

/// The connections of one server that are open and not in use, as far as this worker made them.
#[derive(Debug)]
struct Pool {
    /// As long as there is a pool, no other server gets the number.
    server: Arc<Server>,
    /// The worker that it belongs to.
    worker: usize,
    /// The generation of the server that its connections belong to.
    generation: u32,
    /// The most recently used connection is last.
    idle: Vec<Idle>,
    /// How many of them were used again already.
    reused: u32,
    /// The fewest idle connections since the last purge: that many were not needed.
    spare: usize,
    purged: Instant,
    /// The most streams the server had at once since the last purge: more idle connections than that are of no use.
    peak: u32,
    /// HTTP/2 connections, each used by many streams.
    shared: Vec<Shared>,
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

/// Counts of idle connections that the workers of an instance share; those of one server are in the server.
#[derive(Debug)]
pub(crate) struct PoolCounts {
    /// Idle connections of all servers.
    total: AtomicU32,
    /// Most of them that may be kept: `tune.pool-high-fd-ratio` of the descriptors.
    high: u32,
}

impl PoolCounts {
    pub(crate) fn new(high: u32) -> Self {
        Self { total: AtomicU32::new(0), high }
    }
}

/// A connection out of a pool.
pub(crate) enum Pooled {
    /// It serves nobody else.
    H1(Box<H1Conn>),
    /// It has a stream to spare.
    H2(Rc<RefCell<H2Client>>),
}

impl Pool {
    fn new(server: Arc<Server>, worker: usize) -> Self {
        let generation = server.generation();
        let now = Instant::now();
        Self {
            server,
            worker,
            generation,
            idle: Vec::new(),
            reused: 0,
            spare: 0,
            purged: now,
            peak: 0,
            shared: Vec::new(),
        }
    }

    /// Whether its connections may still be used: neither the address nor the state of the server changed so that
    /// they must not.
    fn is_current(&self) -> bool {
        self.generation == self.server.generation()
    }

    /// An HTTP/2 connection with a free stream that `policy` lets this request use.
    fn take_shared(&mut self, policy: HttpReuse, first: bool) -> Option<Rc<RefCell<H2Client>>> {
        if self.shared.is_empty() || policy == HttpReuse::Never || (policy == HttpReuse::Safe && first) {
            return None;
        }
        // One that was used often enough ends with its last stream.
        let max_reuse = self.server.config.max_reuse;
        let worn = |entry: &Shared| max_reuse.is_some_and(|max| entry.reuses >= max);
        self.shared.retain(|entry| !worn(entry) && entry.client.borrow().is_usable());
        let allowed = |entry: &&mut Shared| policy != HttpReuse::Aggressive || !first || entry.reuses > 0;
        let mut usable = self.shared.iter_mut().filter(allowed);
        let entry = usable.find(|entry| entry.client.borrow().available_streams() > 0)?;
        entry.reuses = entry.reuses.saturating_add(1);
        entry.used = now();
        Some(Rc::clone(&entry.client))
    }

    /// A live idle connection that `policy` lets this request use.
    fn take_idle(&mut self, policy: HttpReuse, first: bool, counts: &PoolCounts) -> Option<Box<H1Conn>> {
        loop {
            let index = match (policy, first) {
                (HttpReuse::Never, _) | (HttpReuse::Safe, true) => return None,
                (HttpReuse::Aggressive, true) => self.idle.iter().rposition(|idle| idle.reused)?,
                _ => self.idle.len().checked_sub(1)?,
            };
            let mut idle = self.remove(index, counts);
            self.spare = self.spare.min(self.idle.len());
            if is_quiet(&mut idle.conn) {
                return Some(idle.conn);
            }
        }
    }

    /// Drops what the server closed, and what was not needed for long.
    fn sweep(&mut self, now: Instant, counts: &PoolCounts) {
        let config = &self.server.config;
        let delay = config.pool_purge_delay.unwrap_or(DEFAULT_PURGE_DELAY);
        self.shared.retain(|entry| {
            let client = entry.client.borrow();
            let busy = client.open_streams() > 0 || now.saturating_duration_since(entry.used) < delay;
            busy && client.is_usable()
        });
        if self.idle.is_empty() {
            return;
        }
        let before = self.idle.len();
        self.idle.retain_mut(|idle| is_quiet(&mut idle.conn));
        self.spare = self.spare.min(self.idle.len());
        if now.saturating_duration_since(self.purged) >= delay {
            let keep = config.pool_low_conn as usize;
            let unneeded = self.spare.div_ceil(2).min(self.idle.len().saturating_sub(keep));
            self.idle.drain(..unneeded).for_each(|idle| close(idle.conn));
            self.spare = self.idle.len();
            self.purged = now;
            self.peak = self.server.current();
            self.server.estimate_need(self.peak);
        }
        self.reused = u32::try_from(self.idle.iter().filter(|idle| idle.reused).count()).unwrap_or(u32::MAX);
        self.counted(counts, before);
    }

    fn clear(&mut self, counts: &PoolCounts) {
        self.shared.clear();
        self.spare = 0;
        let before = self.idle.len();
        std::mem::take(&mut self.idle).into_iter().for_each(|idle| close(idle.conn));
        self.reused = 0;
        self.counted(counts, before);
    }

    fn remove(&mut self, index: usize, counts: &PoolCounts) -> Idle {
        let before = self.idle.len();
        let idle = self.idle.remove(index);
        self.reused -= u32::from(idle.reused);
        self.counted(counts, before);
        idle
    }

    fn push(&mut self, idle: Idle, counts: &PoolCounts) {
        let before = self.idle.len();
        self.reused += u32::from(idle.reused);
        self.idle.push(idle);
        self.counted(counts, before);
    }

    /// The number of idle connections was `before`.
    fn counted(&self, counts: &PoolCounts, before: usize) {
        let len = self.idle.len();
        let change = u32::try_from(len.abs_diff(before)).unwrap_or(u32::MAX);
        if len >= before {
            counts.total.fetch_add(change, Ordering::Relaxed);
        } else {
            counts.total.fetch_sub(change, Ordering::Relaxed);
        }
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.server.set_idle(self.worker, len.saturating_sub(self.reused), self.reused);
    }
}

/// The pools of one worker, by number of their server; each is made when its server gets its first connection.
#[derive(Debug)]
pub(crate) struct ServerPools {
    worker: usize,
    pools: RefCell<Vec<Option<Pool>>>,
    counts: Arc<PoolCounts>,
}

impl ServerPools {
    pub(crate) fn new(worker: usize, counts: Arc<PoolCounts>) -> Self {
        Self { worker, pools: RefCell::default(), counts }
    }

    /// Offers an HTTP/2 connection of this generation of its server to later streams.
    pub(crate) fn share(&self, server: &Arc<Server>, generation: u32, client: Rc<RefCell<H2Client>>) {
        self.with_pool(server, |pool| {
            if pool.generation == generation {
                pool.shared.push(Shared { client, reuses: 0, used: now() });
            }
        });
    }

    /// A connection that `policy` lets this request use, and its generation. `h1_only`: none of HTTP/2.
    pub(crate) fn take(
        &self,
        server: &Arc<Server>,
        policy: HttpReuse,
        first_request: bool,
        h1_only: bool,
    ) -> Option<(Pooled, u32)> {
        let mut pools = self.pools.borrow_mut();
        let pool = pools.get_mut(server.number())?.as_mut()?;
        if !pool.is_current() {
            return None;
        }
        let generation = pool.generation;
        if !h1_only && let Some(client) = pool.take_shared(policy, first_request) {
            return Some((Pooled::H2(client), generation));
        }
        let conn = pool.take_idle(policy, first_request, &self.counts)?;
        Some((Pooled::H1(conn), generation))
    }

    /// Keeps a connection of this generation for later, unless a limit says that it must be closed.
    pub(crate) fn give(&self, server: &Arc<Server>, generation: u32, mut conn: Box<H1Conn>, reused: bool) {
        self.with_pool(server, |pool| {
            let config = &server.config;
            pool.peak = pool.peak.max(server.current());
            if server.connections_needed() < pool.peak {
                server.estimate_need(pool.peak);
            }
            if pool.generation != generation
                || pool.idle.len() >= pool.peak.max(config.pool_low_conn) as usize
                || config.pool_purge_delay.is_some_and(|delay| delay.is_zero())
                || config.pool_max_conn.is_some_and(|max| server.idle_connections() >= max)
                // From here on the event loop tells whether the server closes it.
                || conn.transport.socket_mut().register().is_err()
            {
                return close(conn);
            }
            if self.counts.total.load(Ordering::Relaxed) >= self.counts.high {
                // Room for the newest: it is the likeliest to be used again.
                if pool.idle.is_empty() {
                    return close(conn);
                }
                close(pool.remove(0, &self.counts).conn);
            }
            pool.push(Idle { conn, reused }, &self.counts);
        });
    }

    /// The pool of a server, without what must not be used any more.
    fn with_pool(&self, server: &Arc<Server>, work: impl FnOnce(&mut Pool)) {
        let mut pools = self.pools.borrow_mut();
        let number = server.number();
        if number >= pools.len() {
            pools.resize_with(number + 1, || None);
        }
        let Some(entry) = pools.get_mut(number) else { return };
        let pool = entry.get_or_insert_with(|| Pool::new(Arc::clone(server), self.worker));
        if !pool.is_current() {
            pool.clear(&self.counts);
            pool.generation = server.generation();
        }
        work(pool);
    }

    /// Drops connections that servers closed and, every `pool-purge-delay`, half of those that were not needed
    /// meanwhile, but never below `pool-low-conn`; and all that must not be used any more.
    pub(crate) fn sweep(&self, now: Instant) {
        for entry in self.pools.borrow_mut().iter_mut() {
            match entry {
                Some(pool) if pool.is_current() => pool.sweep(now, &self.counts),
                Some(pool) => {
                    pool.clear(&self.counts);
                    *entry = None;
                }
                None => {}
            }
        }
    }

    /// Closes what must not be used any more.
    pub(crate) fn drop_renounced(&self) {
        for entry in self.pools.borrow_mut().iter_mut() {
            if let Some(pool) = entry.as_mut().filter(|pool| !pool.is_current()) {
                pool.clear(&self.counts);
                *entry = None;
            }
        }
    }

    /// Closes everything.
    pub(crate) fn clear(&self) {
        for mut pool in std::mem::take(&mut *self.pools.borrow_mut()).into_iter().flatten() {
            pool.clear(&self.counts);
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

/// Whether an idle connection is still open and silent. Costs no system call where the event loop knows.
pub(crate) fn is_quiet(conn: &mut H1Conn) -> bool {
    !conn.transport.holds_input() && conn.transport.socket_mut().is_silent()
}
