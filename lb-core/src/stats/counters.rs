//! What only grows, per worker: the cumulative columns of `show stat` and `show info` (management.txt, section 9).
//!
//! Each struct is kept once per worker ([`PerWorker`]); the totals are summed when somebody asks.
//! What goes up and down and its largest value is a [`Gauge`](super::Gauge), what is per second a
//! [`Rate`](super::Rate).

use super::worker::{Average, Counter, Peak, PerWorker};

/// Writes a struct of counters, a struct of their totals, and the sum from one to the other.
macro_rules! counters {
    ($(#[$about:meta])* $counters:ident, $(#[$about_totals:meta])* $totals:ident {
        $($(#[$doc:meta])* $field:ident,)*
    } $(peaks { $($(#[$peak_doc:meta])* $peak:ident,)* })? $(averages { $($(#[$average_doc:meta])* $average:ident, $max:ident,)* })?) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $counters {
            $($(#[$doc])* pub $field: Counter,)*
            $($($(#[$peak_doc])* pub $peak: Peak,)*)?
            $($($(#[$average_doc])* pub $average: Average,)*)?
        }

        $(#[$about_totals])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $totals {
            $($(#[$doc])* pub $field: u64,)*
            $($($(#[$peak_doc])* pub $peak: u64,)*)?
            $($($(#[$average_doc])* pub $average: u64,
                /// The largest of it.
                pub $max: u64,)*)?
        }

        impl $counters {
            /// The totals over all workers.
            pub fn sum(workers: &PerWorker<Self>) -> $totals {
                let mut totals = $totals::default();
                for worker in workers.iter() {
                    $(totals.$field = totals.$field.wrapping_add(worker.$field.get());)*
                    $($(totals.$peak = totals.$peak.max(worker.$peak.get());)*)?
                    $($(totals.$max = totals.$max.max(worker.$average.max());)*)?
                }
                $($(totals.$average = Average::of(workers.iter().map(|worker| &worker.$average));)*)?
                totals
            }

            /// Sets this worker's share back to zero (`clear counters all`).
            pub fn clear(&self) {
                $(self.$field.clear();)*
                $($(self.$average.clear_max();)*)?
            }
        }
    };
}

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
        /// `comp_in`: bytes fed to the compressor.
        compressor_in,
        /// `comp_out`: bytes the compressor emitted.
        compressor_out,
        /// `comp_byp`: bytes that bypassed it.
        compressor_bypassed,
        /// `comp_rsp`: responses compressed.
        compressed_responses,
        /// `intercepted`: requests answered by the monitor or the statistics.
        intercepted,
        /// `dcon`: connections denied by `tcp-request connection`.
        denied_connections,
        /// `dses`: sessions denied by `tcp-request session`.
        denied_sessions,
        /// `wrew`: header rewrites that failed.
        failed_rewrites,
        /// `cache_lookups`.
        cache_lookups,
        /// `cache_hits`.
        cache_hits,
        /// `eint`: internal errors.
        internal_errors,
        /// `ssl_sess`: TLS sessions established.
        tls_sessions,
        /// `ssl_reused_sess`: TLS sessions resumed.
        tls_reused_sessions,
        /// `ssl_failed_handshake`: handshakes that failed.
        tls_failed_handshakes,
    }
}

counters! {
    /// Counters of a backend, one copy per worker.
    BackendCounters,
    /// Totals of a backend over all workers.
    BackendTotals {
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
        /// `econ`: requests that met an error when connecting to a server.
        connection_errors,
        /// `eresp`: response errors.
        response_errors,
        /// `wretr`: connections tried again.
        retries,
        /// `wredis`: requests sent to another server.
        redispatches,
        /// `lbtot`: how often a server was picked.
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
        /// `req_tot`: HTTP requests.
        requests,
        /// `cli_abrt`: transfers aborted by the client.
        client_aborts,
        /// `srv_abrt`: transfers aborted by the server.
        server_aborts,
        /// `comp_in`: bytes fed to the compressor.
        compressor_in,
        /// `comp_out`: bytes the compressor emitted.
        compressor_out,
        /// `comp_byp`: bytes that bypassed it.
        compressor_bypassed,
        /// `comp_rsp`: responses compressed.
        compressed_responses,
        /// `intercepted`: requests answered by the statistics.
        intercepted,
        /// `wrew`: header rewrites that failed.
        failed_rewrites,
        /// `connect`: attempts to connect.
        connects,
        /// `reuse`: connections reused.
        reuses,
        /// `cache_lookups`.
        cache_lookups,
        /// `cache_hits`.
        cache_hits,
        /// `eint`: internal errors.
        internal_errors,
        /// `ssl_sess`: TLS sessions established.
        tls_sessions,
        /// `ssl_reused_sess`: TLS sessions resumed.
        tls_reused_sessions,
        /// `ssl_failed_handshake`: handshakes that failed.
        tls_failed_handshakes,
    }
    peaks {
        /// `lastsess` comes from it: second in which the last session was assigned, plus one; 0 is never.
        last_session,
    }
    averages {
        /// `qtime`, milliseconds in queues.
        queue_time, queue_time_max,
        /// `ctime`, milliseconds to connect.
        connect_time, connect_time_max,
        /// `rtime`, milliseconds to the response; 0 for TCP.
        response_time, response_time_max,
        /// `ttime`, milliseconds in total.
        total_time, total_time_max,
    }
}

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
        /// `wrew`: header rewrites that failed.
        failed_rewrites,
        /// `connect`: attempts to connect.
        connects,
        /// `reuse`: connections reused.
        reuses,
        /// `eint`: internal errors.
        internal_errors,
        /// `ssl_sess`: TLS sessions established.
        tls_sessions,
        /// `ssl_reused_sess`: TLS sessions resumed.
        tls_reused_sessions,
        /// `ssl_failed_handshake`: handshakes that failed.
        tls_failed_handshakes,
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
        /// `ereq`: request errors.
        request_errors,
        /// `dcon`: connections denied by `tcp-request connection`.
        denied_connections,
        /// `dses`: sessions denied by `tcp-request session`.
        denied_sessions,
        /// `wrew`: header rewrites that failed.
        failed_rewrites,
        /// `eint`: internal errors.
        internal_errors,
    }
}

counters! {
    /// Counters of HTTP/1 and HTTP/2 connections of a frontend or backend, one copy per worker: the last columns of
    /// `show stat`. Open connections and streams are counted up and down.
    MuxCounters,
    /// Totals of HTTP connections over all workers.
    MuxTotals {
        /// `h2_headers_rcvd`.
        h2_headers_received,
        /// `h2_data_rcvd`.
        h2_data_received,
        /// `h2_settings_rcvd`.
        h2_settings_received,
        /// `h2_rst_stream_rcvd`.
        h2_rst_stream_received,
        /// `h2_goaway_rcvd`.
        h2_goaway_received,
        /// `h2_detected_conn_protocol_errors`.
        h2_connection_protocol_errors,
        /// `h2_detected_strm_protocol_errors`.
        h2_stream_protocol_errors,
        /// `h2_rst_stream_resp`: RST_STREAM sent.
        h2_rst_stream_sent,
        /// `h2_goaway_resp`: GOAWAY sent.
        h2_goaway_sent,
        /// `h2_open_connections`.
        h2_open_connections,
        /// `h2_backend_open_streams`.
        h2_open_streams,
        /// `h2_total_connections`.
        h2_connections,
        /// `h2_backend_total_streams`.
        h2_streams,
        /// `h1_open_connections`.
        h1_open_connections,
        /// `h1_open_streams`.
        h1_open_streams,
        /// `h1_total_connections`.
        h1_connections,
        /// `h1_total_streams`.
        h1_streams,
        /// `h1_bytes_in`.
        h1_bytes_in,
        /// `h1_bytes_out`.
        h1_bytes_out,
        /// `h1_spliced_bytes_in`.
        h1_spliced_bytes_in,
        /// `h1_spliced_bytes_out`.
        h1_spliced_bytes_out,
    }
}

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
        /// `TotalSplicdedBytesOut`.
        spliced_bytes_out,
        /// `SslCacheLookups`.
        tls_cache_lookups,
        /// `SslCacheMisses`.
        tls_cache_misses,
        /// `CompressBpsIn` is the rate of it.
        compressor_in,
        /// `CompressBpsOut` is the rate of it.
        compressor_out,
        /// `FailedResolutions`.
        failed_resolutions,
        /// `CumRecvLogs`.
        received_logs,
    }
}

impl FrontendCounters {
    /// Counts a response by the class of its status code.
    pub fn response(&self, status: u16) {
        match status / 100 {
            1 => self.responses_1xx.inc(),
            2 => self.responses_2xx.inc(),
            3 => self.responses_3xx.inc(),
            4 => self.responses_4xx.inc(),
            5 => self.responses_5xx.inc(),
            _ => self.responses_other.inc(),
        }
    }
}

impl BackendCounters {
    /// Counts a response by the class of its status code.
    pub fn response(&self, status: u16) {
        match status / 100 {
            1 => self.responses_1xx.inc(),
            2 => self.responses_2xx.inc(),
            3 => self.responses_3xx.inc(),
            4 => self.responses_4xx.inc(),
            5 => self.responses_5xx.inc(),
            _ => self.responses_other.inc(),
        }
    }
}

impl ServerCounters {
    /// Counts a response by the class of its status code.
    pub fn response(&self, status: u16) {
        match status / 100 {
            1 => self.responses_1xx.inc(),
            2 => self.responses_2xx.inc(),
            3 => self.responses_3xx.inc(),
            4 => self.responses_4xx.inc(),
            5 => self.responses_5xx.inc(),
            _ => self.responses_other.inc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_summed_peaks_and_averages_combined() {
        let workers = PerWorker::<BackendCounters>::new(3);
        workers.get(0).bytes_in.add(10);
        workers.get(2).bytes_in.add(5);
        workers.get(1).response(204);
        workers.get(2).response(600);
        workers.get(0).last_session.record(7);
        workers.get(1).last_session.record(9);
        workers.get(0).queue_time.record(10);
        workers.get(1).queue_time.record(30);
        let totals = BackendCounters::sum(&workers);
        assert_eq!((totals.bytes_in, totals.responses_2xx, totals.responses_other), (15, 1, 1));
        assert_eq!(totals.last_session, 9);
        assert_eq!((totals.queue_time, totals.queue_time_max), (20, 30));
        workers.iter().for_each(BackendCounters::clear);
        let totals = BackendCounters::sum(&workers);
        assert_eq!((totals.bytes_in, totals.queue_time_max, totals.queue_time), (0, 0, 20));
    }

    #[test]
    fn each_thread_writes_its_own() {
        let workers = PerWorker::<FrontendCounters>::new(4);
        std::thread::scope(|scope| {
            for index in 0..4 {
                let mine = workers.get(index);
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        mine.requests.inc();
                    }
                });
            }
        });
        assert_eq!(FrontendCounters::sum(&workers).requests, 40_000);
    }
}
