//! Limits on client connections, shared by all workers: process, frontend and listener `maxconn`, and rates.
//!
//! A worker takes a [`ConnectionSlot`] before it accepts. When there is none, it stops accepting and waits for what the
//! [`Refused`] names: a release (no polling, the release wakes it) or a delay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::rate::RateCounter;
use crate::clock::Tick;
use crate::stats::{ListenerStats, Padded};

/// A number of connections and its limit.
#[derive(Debug)]
pub struct Gauge {
    current: Padded<AtomicU32>,
    peak: AtomicU32,
    limit: AtomicU32,
    waiting: AtomicU32,
    released: Notify,
}

impl Gauge {
    /// A gauge that refuses above `limit`; 0 is no limit.
    pub fn new(limit: u32) -> Self {
        Self {
            current: Padded::default(),
            peak: AtomicU32::new(0),
            limit: AtomicU32::new(limit),
            waiting: AtomicU32::new(0),
            released: Notify::new(),
        }
    }

    /// Connections now.
    pub fn current(&self) -> u32 {
        self.current.0.load(Ordering::Relaxed)
    }

    /// Most connections at the same time.
    pub fn peak(&self) -> u32 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Forgets the most connections (`clear counters`).
    pub fn clear_peak(&self) {
        self.peak.store(0, Ordering::Relaxed);
    }

    /// The limit; 0 is none.
    pub fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Changes the limit (`set maxconn`). Connections above a lower one stay.
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::SeqCst);
        self.wake();
    }

    /// Whether a connection would be refused now.
    pub fn is_full(&self) -> bool {
        let limit = self.limit();
        limit != 0 && self.current.0.load(Ordering::SeqCst) >= limit
    }

    /// Waits until there may be room. Cancel safe. Another worker may be faster: try again afterwards.
    pub async fn room(&self) {
        let mut released = std::pin::pin!(self.released.notified());
        // Counted first and looked at afterwards; a release does it in the opposite order, so none is missed.
        let _waiting = Waiting::new(&self.waiting);
        released.as_mut().enable();
        if self.is_full() {
            released.await;
        }
    }

    fn acquire(&self) -> bool {
        let limit = self.limit();
        let taken = if limit == 0 {
            Ok(self.current.0.fetch_add(1, Ordering::SeqCst))
        } else {
            let more = |current: u32| (current < limit).then_some(current.saturating_add(1));
            self.current.0.fetch_update(Ordering::SeqCst, Ordering::Relaxed, more)
        };
        taken.is_ok()
    }

    /// Counts a connection that holds room.
    fn accepted(&self) {
        let current = self.current();
        if current > self.peak() {
            self.peak.fetch_max(current, Ordering::Relaxed);
        }
    }

    fn release(&self) {
        self.current.0.fetch_sub(1, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.released.notify_waiters();
        }
    }
}

/// Counts a worker among those that wait for as long as it does.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Limits of the whole instance (`global`).
#[derive(Debug)]
pub struct ProcessLimits {
    /// `maxconn`.
    pub connections: Gauge,
    /// Connections per second, limited by `maxconnrate`.
    pub connection_rate: RateCounter,
    /// Sessions per second, limited by `maxsessrate`.
    pub session_rate: RateCounter,
    /// TLS connections per second, limited by `maxsslrate`.
    pub tls_rate: RateCounter,
    maxconnrate: AtomicU32,
    maxsessrate: AtomicU32,
    maxsslrate: AtomicU32,
    maxcomprate: AtomicU32,
}

impl ProcessLimits {
    /// Limits; 0 is none.
    pub fn new(maxconn: u32, maxconnrate: u32, maxsessrate: u32, maxsslrate: u32) -> Arc<Self> {
        Arc::new(Self {
            connections: Gauge::new(maxconn),
            connection_rate: RateCounter::default(),
            session_rate: RateCounter::default(),
            maxconnrate: AtomicU32::new(maxconnrate),
            tls_rate: RateCounter::default(),
            maxsessrate: AtomicU32::new(maxsessrate),
            maxsslrate: AtomicU32::new(maxsslrate),
            maxcomprate: AtomicU32::new(0),
        })
    }

    /// `maxconnrate`; 0 is none.
    pub fn maxconnrate(&self) -> u32 {
        self.maxconnrate.load(Ordering::Relaxed)
    }

    /// `maxsessrate`; 0 is none.
    pub fn maxsessrate(&self) -> u32 {
        self.maxsessrate.load(Ordering::Relaxed)
    }

    /// `maxsslrate`; 0 is none.
    pub fn maxsslrate(&self) -> u32 {
        self.maxsslrate.load(Ordering::Relaxed)
    }

    /// Kilobytes per second that responses may be compressed to (`set rate-limit http-compression global`); 0 is no
    /// limit. Compression is to look at it.
    pub fn maxcomprate(&self) -> u32 {
        self.maxcomprate.load(Ordering::Relaxed)
    }

    /// Changes it.
    pub fn set_maxcomprate(&self, limit: u32) {
        self.maxcomprate.store(limit, Ordering::Relaxed);
    }

    /// Forgets the largest rates (`clear counters`).
    pub fn clear_max(&self) {
        for rate in [&self.connection_rate, &self.session_rate, &self.tls_rate] {
            rate.clear_max();
        }
    }

    /// Changes `maxconnrate` (`set rate-limit connections global`).
    pub fn set_maxconnrate(&self, limit: u32) {
        self.maxconnrate.store(limit, Ordering::Relaxed);
    }

    /// Changes `maxsessrate` (`set rate-limit sessions global`).
    pub fn set_maxsessrate(&self, limit: u32) {
        self.maxsessrate.store(limit, Ordering::Relaxed);
    }

    /// Changes `maxsslrate` (`set rate-limit ssl-sessions global`).
    pub fn set_maxsslrate(&self, limit: u32) {
        self.maxsslrate.store(limit, Ordering::Relaxed);
    }
}

/// Limits of a frontend.
#[derive(Debug)]
pub struct FrontendLimits {
    /// `maxconn`.
    pub connections: Gauge,
    /// Sessions per second, limited by `rate-limit sessions`.
    pub session_rate: RateCounter,
    rate_limit: AtomicU32,
}

impl FrontendLimits {
    /// Limits; 0 is none.
    pub fn new(maxconn: u32, rate_limit_sessions: u32) -> Arc<Self> {
        Arc::new(Self {
            connections: Gauge::new(maxconn),
            session_rate: RateCounter::default(),
            rate_limit: AtomicU32::new(rate_limit_sessions),
        })
    }

    /// `rate-limit sessions`; 0 is none.
    pub fn rate_limit(&self) -> u32 {
        self.rate_limit.load(Ordering::Relaxed)
    }

    /// Forgets the most connections and the largest rate (`clear counters`).
    pub fn clear_max(&self) {
        self.connections.clear_peak();
        self.session_rate.clear_max();
    }

    /// Changes `rate-limit sessions`.
    pub fn set_rate_limit(&self, limit: u32) {
        self.rate_limit.store(limit, Ordering::Relaxed);
    }
}

/// Limits of one listener (all the sockets of one address), with those above it.
#[derive(Debug)]
pub struct ListenerLimits {
    /// The instance's.
    pub process: Arc<ProcessLimits>,
    /// The frontend's.
    pub frontend: Arc<FrontendLimits>,
    /// `maxconn` of the `bind` line.
    pub connections: Gauge,
    /// Number of the listener in its frontend: `id` of the `bind` line, or the next free one.
    pub id: u32,
    /// Whether it speaks TLS, which has a rate of its own.
    pub tls: bool,
    /// `name` of the `bind` line.
    pub name: Option<Box<str>>,
    /// Counters of the listener alone (`option socket-stats`).
    pub stats: Option<ListenerStats>,
}

/// Whose limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `global`.
    Process,
    /// The frontend.
    Frontend,
    /// The `bind` line.
    Listener,
}

/// Why no connection may be accepted now, and what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A `maxconn` is reached: wait with [`ListenerLimits::room`].
    Full(Scope),
    /// A rate is reached: wait this long.
    Rate(Scope, Duration),
}

impl ListenerLimits {
    /// Limits of a listener; `maxconn` 0 is none.
    pub fn new(process: Arc<ProcessLimits>, frontend: Arc<FrontendLimits>, maxconn: u32, id: u32, tls: bool) -> Self {
        let (name, stats) = (None, None);
        Self { process, frontend, connections: Gauge::new(maxconn), id, tls, name, stats }
    }

    /// Takes room for one connection before it is accepted. Dropping the slot gives the room back.
    ///
    /// # Errors
    /// [`Refused`]: stop accepting and wait.
    pub fn acquire(self: &Arc<Self>, now: Tick) -> Result<ConnectionSlot, Refused> {
        self.check_rates(now)?;
        let gauges = [
            (Scope::Process, &self.process.connections),
            (Scope::Frontend, &self.frontend.connections),
            (Scope::Listener, &self.connections),
        ];
        for (taken, (scope, gauge)) in gauges.iter().enumerate() {
            if !gauge.acquire() {
                gauges.iter().take(taken).for_each(|(_, gauge)| gauge.release());
                return Err(Refused::Full(*scope));
            }
        }
        Ok(ConnectionSlot { limits: self.clone() })
    }

    /// Waits until the gauge of `scope` may have room. Cancel safe.
    pub async fn room(&self, scope: Scope) {
        match scope {
            Scope::Process => self.process.connections.room().await,
            Scope::Frontend => self.frontend.connections.room().await,
            Scope::Listener => self.connections.room().await,
        }
    }

    fn check_rates(&self, now: Tick) -> Result<(), Refused> {
        let rates = [
            (Scope::Process, &self.process.connection_rate, &self.process.maxconnrate),
            (Scope::Process, &self.process.session_rate, &self.process.maxsessrate),
            (Scope::Frontend, &self.frontend.session_rate, &self.frontend.rate_limit),
            (Scope::Process, &self.process.tls_rate, &self.process.maxsslrate),
        ];
        for (scope, counter, limit) in rates.into_iter().take(if self.tls { 4 } else { 3 }) {
            let limit = limit.load(Ordering::Relaxed);
            if limit != 0
                && let Some(delay) = counter.delay(now, limit)
            {
                return Err(Refused::Rate(scope, delay));
            }
        }
        Ok(())
    }
}

/// Room for one client connection; give it to the connection and drop it with it.
#[derive(Debug)]
pub struct ConnectionSlot {
    limits: Arc<ListenerLimits>,
}

impl ConnectionSlot {
    /// Counts the connection that became a session in the rates of sessions.
    pub fn session(&self, now: Tick) {
        let limits = &*self.limits;
        limits.process.session_rate.count(now);
        limits.frontend.session_rate.count(now);
    }

    /// Counts the connection that was really accepted in the rates and totals of connections.
    pub fn accepted(&self, now: Tick) {
        let limits = &*self.limits;
        limits.process.connection_rate.count(now);
        if limits.tls {
            limits.process.tls_rate.count(now);
        }
        for gauge in [&limits.process.connections, &limits.frontend.connections, &limits.connections] {
            gauge.accepted();
        }
    }

    /// The limits it was taken from.
    pub fn limits(&self) -> &Arc<ListenerLimits> {
        &self.limits
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.limits.connections.release();
        self.limits.frontend.connections.release();
        self.limits.process.connections.release();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn limits(process: u32, frontend: u32, listener: u32) -> Arc<ListenerLimits> {
        Arc::new(ListenerLimits::new(
            ProcessLimits::new(process, 0, 0, 0),
            FrontendLimits::new(frontend, 0),
            listener,
            1,
            false,
        ))
    }

    fn now() -> Tick {
        Tick::from_nanos(5_000_000_000)
    }

    #[test]
    fn the_scope_that_is_full_is_named_and_nothing_leaks() {
        for (limits, scope) in
            [(limits(2, 0, 0), Scope::Process), (limits(0, 2, 0), Scope::Frontend), (limits(9, 9, 2), Scope::Listener)]
        {
            let held = [limits.acquire(now()).unwrap(), limits.acquire(now()).unwrap()];
            assert_eq!(limits.acquire(now()).unwrap_err(), Refused::Full(scope));
            assert_eq!(limits.process.connections.current(), 2);
            held.iter().for_each(|slot| slot.accepted(now()));
            drop(held);
            let gauges = [&limits.process.connections, &limits.frontend.connections, &limits.connections];
            assert!(gauges.iter().all(|gauge| gauge.current() == 0 && gauge.peak() == 2));
        }
    }

    #[test]
    fn rates_refuse_with_a_delay() {
        let process = ProcessLimits::new(0, 2, 0, 0);
        let limits = Arc::new(ListenerLimits::new(process, FrontendLimits::new(0, 0), 0, 1, false));
        for _ in 0..2 {
            let slot = limits.acquire(now()).unwrap();
            slot.accepted(now());
            slot.session(now());
        }
        let Err(Refused::Rate(Scope::Process, delay)) = limits.acquire(now()) else { unreachable!() };
        assert!(limits.acquire(now() + delay + Duration::from_millis(2)).is_ok());
        limits.process.set_maxconnrate(0);
        assert!(limits.acquire(now()).is_ok());
        limits.frontend.set_rate_limit(1);
        assert!(matches!(limits.acquire(now()), Err(Refused::Rate(Scope::Frontend, _))));
    }

    #[test]
    fn tls_has_a_rate_of_its_own() {
        let process = ProcessLimits::new(0, 0, 0, 1);
        let tls = Arc::new(ListenerLimits::new(process.clone(), FrontendLimits::new(0, 0), 0, 1, true));
        let clear = Arc::new(ListenerLimits::new(process, FrontendLimits::new(0, 0), 0, 2, false));
        clear.acquire(now()).unwrap().accepted(now());
        tls.acquire(now()).unwrap().accepted(now());
        assert!(matches!(tls.acquire(now()), Err(Refused::Rate(Scope::Process, _))));
        assert!(clear.acquire(now()).is_ok());
        tls.process.set_maxsslrate(0);
        assert!(tls.acquire(now()).is_ok());
    }

    #[test]
    fn a_release_wakes_workers_on_other_threads() {
        const WORKERS: u32 = 4;
        const ROUNDS: u32 = 2_000;
        let limits = limits(2, 0, 0);
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(async {
                        for _ in 0..ROUNDS {
                            let slot = loop {
                                match limits.acquire(now()) {
                                    Ok(slot) => break slot,
                                    Err(Refused::Full(scope)) => limits.room(scope).await,
                                    Err(Refused::Rate(..)) => unreachable!(),
                                }
                            };
                            tokio::task::yield_now().await;
                            slot.accepted(now());
                        }
                    });
                });
            }
        });
        assert!(limits.process.connections.peak() <= 2);
        assert_eq!(limits.process.connections.current(), 0);
    }

    #[tokio::test]
    async fn raising_the_limit_wakes() {
        let limits = limits(1, 0, 0);
        let slot = limits.acquire(now()).unwrap();
        let raise = async { limits.process.connections.set_limit(2) };
        tokio::join!(limits.room(Scope::Process), raise);
        assert!(limits.acquire(now()).is_ok());
        drop(slot);
    }
}
