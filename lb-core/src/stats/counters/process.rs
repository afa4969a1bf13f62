//! Counters of the process (`show info`).

use super::Counters;
use crate::stats::worker::{Counter, PerWorker};

counters! {
    /// Counters of the process, one copy per worker (`show info`).
    ProcessCounters,
    /// Totals of the process over all workers.
    ProcessTotals {
        /// `CumConns`: connections accepted.
        connections,
        /// `CumReq`: requests (HTTP) or sessions (TCP).
        requests,
        /// `CumSslConns`: TLS connections.
        tls_connections,
        /// `TotalBytesOut`.
        bytes_out,
    }
}
