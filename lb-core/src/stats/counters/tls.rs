//! Counters of TLS connections.

use super::Counters;
use crate::stats::worker::{Counter, PerWorker};

counters! {
    /// Counters of the TLS connections of a frontend, listener, backend or server, one copy per worker.
    TlsCounters,
    /// Totals of TLS connections over all workers.
    TlsTotals {
        /// `ssl_sess`: sessions established.
        sessions,
        /// `ssl_reused_sess`: sessions resumed.
        resumed,
        /// `ssl_failed_handshake`: handshakes that failed.
        failed_handshakes,
    }
}
