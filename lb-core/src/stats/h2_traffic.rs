//! What an HTTP/2 connection counts, on its way into the counters of its frontend or backend.

use std::sync::Arc;

use super::counters::{Counted, MuxCounters};
use crate::http::h2::H2Counts;

/// One connection, open until this is dropped.
#[derive(Debug)]
pub(crate) struct H2Traffic {
    mux: Arc<Counted<MuxCounters>>,
    worker: usize,
    /// What the counters know.
    told: H2Counts,
    streams: u64,
}

impl H2Traffic {
    /// A connection begins.
    pub(crate) fn new(mux: &Arc<Counted<MuxCounters>>, worker: usize) -> Self {
        let counters = mux.of(worker);
        counters.h2_connections.inc();
        counters.h2_open_connections.inc();
        Self { mux: Arc::clone(mux), worker, told: H2Counts::default(), streams: 0 }
    }

    /// Tells the counters what the connection has counted since the last time, and its open streams.
    pub(crate) fn tell(&mut self, counts: H2Counts, streams: usize) {
        let streams = streams as u64;
        let counters = self.mux.of(self.worker);
        counters.h2_open_streams.sub(self.streams.wrapping_sub(streams));
        self.streams = streams;
        if counts == self.told {
            return;
        }
        let told = std::mem::replace(&mut self.told, counts);
        counters.h2_headers_received.add(counts.headers_received.wrapping_sub(told.headers_received));
        counters.h2_data_received.add(counts.data_received.wrapping_sub(told.data_received));
        counters.h2_settings_received.add(counts.settings_received.wrapping_sub(told.settings_received));
        counters.h2_rst_stream_received.add(counts.rst_stream_received.wrapping_sub(told.rst_stream_received));
        counters.h2_goaway_received.add(counts.goaway_received.wrapping_sub(told.goaway_received));
        let errors = counts.connection_protocol_errors.wrapping_sub(told.connection_protocol_errors);
        counters.h2_connection_protocol_errors.add(errors);
        let errors = counts.stream_protocol_errors.wrapping_sub(told.stream_protocol_errors);
        counters.h2_stream_protocol_errors.add(errors);
        counters.h2_rst_stream_sent.add(counts.rst_stream_sent.wrapping_sub(told.rst_stream_sent));
        counters.h2_goaway_sent.add(counts.goaway_sent.wrapping_sub(told.goaway_sent));
        counters.h2_streams.add(counts.streams.wrapping_sub(told.streams));
    }
}

impl Drop for H2Traffic {
    fn drop(&mut self) {
        let counters = self.mux.of(self.worker);
        counters.h2_open_streams.sub(self.streams);
        counters.h2_open_connections.sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_told_once() {
        let mux = Arc::new(Counted::<MuxCounters>::new(1));
        let mut traffic = H2Traffic::new(&mux, 0);
        let mut counts = H2Counts { headers_received: 3, streams: 3, ..H2Counts::default() };
        traffic.tell(counts, 2);
        traffic.tell(counts, 1);
        let totals = mux.totals();
        assert_eq!((totals.h2_headers_received, totals.h2_streams, totals.h2_open_streams), (3, 3, 1));
        assert_eq!((totals.h2_connections, totals.h2_open_connections), (1, 1));
        counts.rst_stream_received = 1;
        traffic.tell(counts, 1);
        drop(traffic);
        let totals = mux.totals();
        assert_eq!((totals.h2_headers_received, totals.h2_rst_stream_received), (3, 1));
        assert_eq!((totals.h2_open_streams, totals.h2_open_connections, totals.h2_connections), (0, 0, 1));
    }
}
