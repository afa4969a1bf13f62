//! What the servers of a backend share: the backend's own queue, the balancer, and the number of its sessions.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::queue::Queue;
use crate::balance::Balancer;
use crate::server::Padded;

/// Enough to keep 64 threads apart most of the time, cheap enough to sum.
const SHARDS: usize = 64;

/// State shared by a backend and each of its servers.
#[derive(Debug)]
pub struct Hub {
    pub(crate) queue: Queue,
    pub(crate) balancer: Balancer,
    /// `option redispatch`: who waits for a server that goes chooses again, rather than wait for it.
    pub(crate) redispatch: bool,
    fullconn: AtomicU32,
    sessions: Box<[Padded<AtomicU32>]>,
}

impl Hub {
    pub(crate) fn new(balancer: Balancer, fullconn: u32, redispatch: bool) -> Self {
        Self {
            queue: Queue::default(),
            balancer,
            redispatch,
            fullconn: AtomicU32::new(fullconn),
            sessions: (0..SHARDS).map(|_| Padded::default()).collect(),
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
        self.sessions.iter().fold(0, |sum, shard| sum.wrapping_add(shard.load(Ordering::SeqCst)))
    }

    /// Counts a session in; the shard must be given back to [`Hub::leave`].
    pub(crate) fn enter(&self) -> usize {
        let shard = shard_of_thread() % SHARDS;
        if let Some(count) = self.sessions.get(shard) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        shard
    }

    pub(crate) fn leave(&self, shard: usize) {
        if let Some(count) = self.sessions.get(shard) {
            count.fetch_sub(1, Ordering::SeqCst);
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
