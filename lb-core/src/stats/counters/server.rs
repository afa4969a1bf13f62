//! Counters of a server.

use super::Counters;
use crate::stats::worker::{Average, Counter, Peak, PerWorker};

counters! {
    /// Counters of a server, one copy per worker.
    ServerCounters,
    /// Totals of a server over all workers.
    ServerTotals {
        /// `stot`: sessions.
        sessions,
        /// `bin`: bytes from clients.
        bytes_in,
        /// `bout`: bytes to clients.
        bytes_out,
        /// `dresp`: responses denied.
        denied_responses,
        /// `econ`: errors when connecting.
        connection_errors,
        /// `eresp`: response errors.
        response_errors,
        /// `wretr`: connections tried again.
        retries,
        /// `wredis`: requests that went to another server instead.
        redispatches,
        /// `lbtot`: how often it was picked.
        picked,
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
        /// `req_tot` of the typed output: HTTP requests.
        requests,
        /// `cli_abrt`: transfers aborted by the client.
        client_aborts,
        /// `srv_abrt`: transfers aborted by the server.
        server_aborts,
        /// `connect`: attempts to connect.
        connects,
        /// `reuse`: connections reused.
        reuses,
    }
    peaks {
        /// `lastsess` comes from it: second in which the last session was assigned, plus one; 0 is never.
        last_session,
    }
    averages {
        /// `qtime`, milliseconds in the queue.
        queue_time, queue_time_max,
        /// `ctime`, milliseconds to connect.
        connect_time, connect_time_max,
        /// `rtime`, milliseconds to the response; 0 for TCP.
        response_time, response_time_max,
        /// `ttime`, milliseconds in total.
        total_time, total_time_max,
    }
}

response_classes!(ServerCounters);
