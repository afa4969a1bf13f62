//! Sessions on a server: how many there are, and how many there may be (configuration.txt, `maxconn`, `minconn`,
//! `fullconn`, `maxqueue`).

use std::sync::atomic::Ordering;

use super::Server;
use crate::config::model::ServerConfig;

impl Server {
    /// Sessions that hold a slot now (`scur`).
    pub fn current(&self) -> u32 {
        self.served.load(Ordering::SeqCst)
    }

    /// The most sessions that held a slot at the same time (`smax`).
    pub fn peak(&self) -> u32 {
        self.max_sessions.load(Ordering::Relaxed)
    }

    /// Sessions that wait in this server's own queue (`qcur`).
    pub fn queued(&self) -> u32 {
        self.queue.pending()
    }

    /// How many connections it is thought to need: the most sessions at the same time of late (`need_conn_est`).
    pub fn connections_needed(&self) -> u32 {
        self.needed.load(Ordering::Relaxed)
    }

    /// A few seconds are over: the estimate of needed connections follows what was used.
    pub(crate) fn estimate_need(&self, used: u32) {
        self.needed.store(used, Ordering::Relaxed);
    }

    /// The configured `maxconn`; 0 is unlimited.
    pub fn maxconn(&self) -> u32 {
        self.maxconn.load(Ordering::Relaxed)
    }

    /// Changes the limit of sessions; a limit that does not depend on the load stays so.
    pub(crate) fn set_maxconn(&self, maxconn: u32) {
        if self.minconn.load(Ordering::Relaxed) == self.maxconn.swap(maxconn, Ordering::Relaxed) {
            self.minconn.store(maxconn, Ordering::Relaxed);
        }
        self.room_changed();
    }

    /// How many sessions may be open now; `None` is unlimited (configuration.txt, `minconn`, `fullconn` and
    /// `slowstart`).
    pub fn session_limit(&self) -> Option<u32> {
        self.limit_by_load().map(|limit| self.slowstart.limit(limit))
    }

    fn limit_by_load(&self) -> Option<u32> {
        let maxconn = self.maxconn.load(Ordering::Relaxed);
        let minconn = self.minconn.load(Ordering::Relaxed);
        if maxconn == 0 {
            return None;
        }
        if minconn >= maxconn {
            return Some(maxconn);
        }
        let fullconn = self.hub.fullconn();
        if fullconn == 0 {
            return Some(maxconn);
        }
        let sessions = self.hub.sessions();
        if sessions >= fullconn {
            return Some(maxconn);
        }
        let ramp = u64::from(maxconn) * u64::from(sessions) / u64::from(fullconn);
        Some(minconn.max(u32::try_from(ramp).unwrap_or(maxconn)))
    }

    /// Whether a new session would have to wait.
    pub fn is_full(&self) -> bool {
        self.session_limit().is_some_and(|limit| self.current() >= limit)
    }

    /// Whether it is full whatever the load of the backend: a limit that follows it moves without a word.
    pub(crate) fn is_at_maxconn(&self) -> bool {
        let maxconn = self.maxconn();
        maxconn != 0 && self.current() >= maxconn
    }

    /// Whether this server's own queue takes one more (configuration.txt, `maxqueue`).
    pub fn queue_has_room(&self) -> bool {
        self.config.maxqueue == 0 || self.queue.pending() < self.config.maxqueue
    }

    /// Takes one session slot if the limit allows. The balancer is to be told ([`Server::load_changed`]).
    pub(crate) fn try_take(&self) -> bool {
        let taken = match self.session_limit() {
            None => Some(self.served.fetch_add(1, Ordering::SeqCst)),
            Some(limit) => self
                .served
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |served| (served < limit).then_some(served + 1))
                .ok(),
        };
        if let Some(before) = taken {
            let now = before.saturating_add(1);
            // A plain load first: the maximum rarely moves and its line stays shared.
            if now > self.max_sessions.load(Ordering::Relaxed) {
                self.max_sessions.fetch_max(now, Ordering::Relaxed);
            }
            self.hub.balancer.session_begins();
        }
        taken.is_some()
    }

    /// Gives one slot back, without looking at the queues. The balancer is to be told.
    pub(crate) fn untake(&self) {
        self.served.fetch_sub(1, Ordering::SeqCst);
        self.hub.balancer.session_ends();
    }

    /// Tells the balancer that the number of sessions changed.
    pub(crate) fn load_changed(&self) {
        self.hub.balancer.load_changed(self);
    }

    /// Tells the balancer that the limit of sessions or the number of waiters changed.
    pub(crate) fn room_changed(&self) {
        self.hub.balancer.room_changed(self);
    }
}

/// `minconn` alone sets `maxconn` too; a `minconn` above `maxconn` is lowered to it.
pub(super) fn effective_limits(config: &ServerConfig) -> (u32, u32) {
    match (config.minconn, config.maxconn) {
        (0, maxconn) => (maxconn, maxconn),
        (minconn, 0) => (minconn, minconn),
        (minconn, maxconn) if minconn > maxconn => (maxconn, maxconn),
        limits => limits,
    }
}
