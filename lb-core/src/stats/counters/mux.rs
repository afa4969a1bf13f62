//! Counters of the HTTP connections of a frontend or backend: the last columns of `show stat`.

use super::Counters;
use crate::stats::worker::{Counter, PerWorker};

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
        /// `h2_total_connections`.
        h2_connections,
        /// `h2_backend_total_streams`.
        h2_streams,
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
    gauges {
        /// `h2_open_connections`.
        h2_open_connections,
        /// `h2_backend_open_streams`.
        h2_open_streams,
        /// `h1_open_connections`.
        h1_open_connections,
        /// `h1_open_streams`.
        h1_open_streams,
    }
}
