//! What a connection counted; the `h2_*` columns of `show stat` are sums of these.

/// Plain counts of one connection, from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct H2Counts {
    /// HEADERS received.
    pub headers_received: u64,
    /// DATA received.
    pub data_received: u64,
    /// SETTINGS received, acknowledgements included.
    pub settings_received: u64,
    /// RST_STREAM received.
    pub rst_stream_received: u64,
    /// GOAWAY received.
    pub goaway_received: u64,
    /// Errors of the peer that ended the connection.
    pub connection_protocol_errors: u64,
    /// Errors of the peer that ended a stream.
    pub stream_protocol_errors: u64,
    /// RST_STREAM sent.
    pub rst_stream_sent: u64,
    /// GOAWAY sent.
    pub goaway_sent: u64,
    /// Streams opened.
    pub streams: u64,
}
