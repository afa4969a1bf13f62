//! What the servers of a backend share: the backend's own queue, the balancer, and the number of its sessions.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use super::queue::Queue;
use crate::balance::Balancer;
use crate::stats::Padded;

/// Enough to keep 64 threads apart most of the time, cheap enough to sum.
const SHARDS: usize = 64;

/// State shared by a backend and each of its servers.
#[derive(Debug)]
pub struct Hub {
    pub(crate) queue: Queue,
    pub(crate) balancer: Balancer,
    /// `option redispatch`: who waits for a server that goes chooses again, rather than wait for it.
    pub(crate) redispatch: bool,
    /// Threads that serve.
    pub(crate) workers: usize,
    /// What times of servers count from.
    pub(crate) started: Instant,
    /// Wakes who lets servers come back slowly: one begins to.
    pub(crate) rising: Notify,
    fullconn: AtomicU32,
    sessions: Box<[Padded<Shard>]>,
    /// The shards from this one on were never used.
    used: AtomicUsize,
    peak: AtomicU32,
}

/// Sessions of some threads.
#[derive(Debug, Default)]
struct Shard {
    current: AtomicU32,
    /// The most it had for about a second.
    record: AtomicU32,
}

impl Hub {
    pub(crate) fn new(balancer: Balancer, fullconn: u32, redispatch: bool, workers: usize) -> Self {
        Self {
            queue: Queue::default(),
            balancer,
            redispatch,
            workers,
            started: Instant::now(),
            rising: Notify::new(),
            fullconn: AtomicU32::new(fullconn),
            sessions: (0..SHARDS).map(|_| Padded::default()).collect(),
            used: AtomicUsize::new(0),
            peak: AtomicU32::new(0),
        }
    }

    pub(crate) fn fullconn(&self) -> u32 {
        self.fullconn.load(Ordering::Relaxed)
    }

    pub(crate) fn set_fullconn(&self, fullconn: u32) {
        self.fullconn.store(fullconn, Ordering::Relaxed);
    }

    /// Sessions of the backend, waiting ones included.
    pub(crate) fn sessions(&self) -> u32 {
        let used = self.sessions.iter().take(self.used.load(Ordering::SeqCst));
        used.fold(0, |sum, shard| sum.wrapping_add(shard.current.load(Ordering::SeqCst)))
    }

    /// The most sessions at the same time. With one worker it is exact; with several, what all of them together reach
    /// is looked at whenever one of them has more than it had for a second, so that it may be seen a little low.
    pub(crate) fn peak(&self) -> u32 {
        self.peak.load(Ordering::Relaxed).max(self.sessions())
    }

    /// Forgets the most sessions.
    pub(crate) fn clear_peak(&self) {
        self.peak.store(0, Ordering::Relaxed);
        for shard in &self.sessions {
            shard.record.store(0, Ordering::Relaxed);
        }
    }

    /// The second of the calling thread's shard is over.
    pub(crate) fn forget_record(&self) {
        if let Some(shard) = self.sessions.get(shard_of_thread() % SHARDS) {
            shard.record.store(shard.current.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Counts a session in; the shard must be given back to [`Hub::leave`].
    pub(crate) fn enter(&self) -> usize {
        let shard = shard_of_thread() % SHARDS;
        if shard >= self.used.load(Ordering::SeqCst) {
            self.used.fetch_max(shard + 1, Ordering::SeqCst);
        }
        if let Some(mine) = self.sessions.get(shard) {
            let current = mine.current.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
            if current > mine.record.load(Ordering::Relaxed) {
                mine.record.store(current, Ordering::Relaxed);
                let all = self.sessions();
                if all > self.peak.load(Ordering::Relaxed) {
                    self.peak.fetch_max(all, Ordering::Relaxed);
                }
            }
        }
        shard
    }

    pub(crate) fn leave(&self, shard: usize) {
        if let Some(shard) = self.sessions.get(shard) {
            shard.current.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// A number per thread, given in order of first use.
fn shard_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    SHARD.with(|shard| *shard)
}
