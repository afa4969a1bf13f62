//! TLS connections of both sides: how many there are, and what became of their handshakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::counters::{Counted, TlsCounters};
use crate::worker::Worker;

/// A TLS connection, open from the start of its handshake until this is dropped (`CurrSslConns`).
#[derive(Debug)]
pub(crate) struct OpenTls(Arc<AtomicU32>);

impl OpenTls {
    /// A handshake begins.
    pub(crate) fn begin(worker: &Worker) -> Self {
        let stats = &worker.shared.stats;
        stats.counters.of(worker.index).tls_connections.inc();
        stats.tls_connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&stats.tls_connections))
    }
}

impl Drop for OpenTls {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a handshake came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// With a new key.
    Full,
    /// With that of an earlier session.
    Resumed,
    Failed,
}

impl Handshake {
    /// Adds it to the counters of what the connection belongs to.
    pub(crate) fn count<'a>(self, worker: usize, of: impl IntoIterator<Item = &'a Counted<TlsCounters>>) {
        for counters in of {
            let counters = counters.of(worker);
            match self {
                Self::Failed => counters.failed_handshakes.inc(),
                Self::Full => counters.sessions.inc(),
                Self::Resumed => {
                    counters.sessions.inc();
                    counters.resumed.inc();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_session_is_a_session() {
        let (frontend, listener) = (Counted::<TlsCounters>::new(1), Counted::<TlsCounters>::new(1));
        Handshake::Full.count(0, [&frontend, &listener]);
        Handshake::Resumed.count(0, [&frontend]);
        Handshake::Failed.count(0, [&frontend]);
        let totals = frontend.totals();
        assert_eq!((totals.sessions, totals.resumed, totals.failed_handshakes), (2, 1, 1));
        assert_eq!(listener.totals().sessions, 1);
    }
}
