//! Idle connections to a server: how many each worker keeps, and which of them may not be used again.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Server;

/// Idle connections of a worker to a server.
#[derive(Debug, Default)]
pub(super) struct IdleCount {
    once: AtomicU32,
    reused: AtomicU32,
}

impl IdleCount {
    fn sum(&self) -> u32 {
        self.once.load(Ordering::Relaxed) + self.reused.load(Ordering::Relaxed)
    }
}

impl Server {
    /// Idle connections of all workers (`idle_conn_cur`).
    pub fn idle_connections(&self) -> u32 {
        self.idle.iter().map(IdleCount::sum).sum()
    }

    /// Idle connections of each worker: those that served one session so far, and those that served more.
    pub fn idle_by_worker(&self) -> Vec<(u32, u32)> {
        let counts = self.idle.iter();
        counts.map(|idle| (idle.once.load(Ordering::Relaxed), idle.reused.load(Ordering::Relaxed))).collect()
    }

    /// How many idle connections a worker has; only that worker may call it.
    pub(crate) fn set_idle(&self, worker: usize, once: u32, reused: u32) {
        let idle = self.idle.get(worker);
        idle.once.store(once, Ordering::Relaxed);
        idle.reused.store(reused, Ordering::Relaxed);
    }

    /// Connections opened in an earlier generation must not be used for another request.
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Lets no connection that is open now serve another request. Workers close their idle ones when they come across
    /// them.
    pub(crate) fn renounce_connections(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}
