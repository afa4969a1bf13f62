//! Counters of a listener (`option socket-stats`).

use super::Counters;
use crate::stats::worker::{Counter, PerWorker};

counters! {
    /// Counters of a listener (`option socket-stats`), one copy per worker.
    ListenerCounters,
    /// Totals of a listener over all workers.
    ListenerTotals {
        /// `stot`: sessions.
        sessions,
        /// `bin`: bytes from clients.
        bytes_in,
        /// `bout`: bytes to clients.
        bytes_out,
        /// `dreq`: requests denied.
        denied_requests,
        /// `dresp`: responses denied.
        denied_responses,
        /// `dcon`: connections refused by `tcp-request connection`.
        denied_connections,
        /// `dses`: sessions refused by `tcp-request session`.
        denied_sessions,
        /// `ereq`: request errors.
        request_errors,
    }
}
