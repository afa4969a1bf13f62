//! Counters of a frontend.

use super::Counters;
use crate::stats::worker::{Counter, PerWorker};

counters! {
    /// Counters of a frontend, one copy per worker.
    FrontendCounters,
    /// Totals of a frontend over all workers.
    FrontendTotals {
        /// `stot`: sessions.
        sessions,
        /// `conn_tot`: connections.
        connections,
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
        /// `hrsp_1xx`.
        responses_1xx,
        /// `hrsp_2xx`.
        responses_2xx,
        /// `hrsp_3xx`.
        responses_3xx,
        /// `hrsp_4xx`.
        responses_4xx,
        /// `hrsp_5xx`.
        responses_5xx,
        /// `hrsp_other`.
        responses_other,
        /// `req_tot`: HTTP requests.
        requests,
        /// `intercepted`: requests answered by the monitor or the statistics.
        intercepted,
    }
}

response_classes!(FrontendCounters);
