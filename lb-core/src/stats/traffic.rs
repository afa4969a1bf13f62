//! Bytes and messages of one HTTP/1 connection, on their way into the counters of its frontend or backend.

use std::sync::Arc;

use super::counters::{Counted, MuxCounters};

/// What a connection has carried. A connection that is counted tells its counters at the end of each message and when
/// it is dropped; a byte on its way costs no more than an addition. Small: every idle connection has one.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Bytes read since the last reset, as they were on the wire.
    pub(crate) received: u64,
    /// Bytes written since the last reset.
    pub(crate) sent: u64,
    /// What the counters know of them.
    told: (u64, u64),
    counters: Option<Arc<Counted<MuxCounters>>>,
    worker: u32,
    /// A message is under way.
    busy: bool,
}

impl Traffic {
    /// Counts the connection from now on, with what it has carried already.
    pub(crate) fn count(&mut self, mux: &Arc<Counted<MuxCounters>>, worker: usize) {
        let counters = mux.of(worker);
        counters.h1_connections.inc();
        counters.h1_open_connections.inc();
        self.counters = Some(Arc::clone(mux));
        self.worker = u32::try_from(worker).unwrap_or_default();
    }

    fn counters(&self) -> Option<&MuxCounters> {
        self.counters.as_ref().map(|counters| counters.of(self.worker as usize))
    }

    /// A request begins.
    pub(crate) fn begin(&mut self) {
        let begun = std::mem::replace(&mut self.busy, true);
        if let Some(counters) = self.counters() {
            counters.h1_streams.inc();
            if !begun {
                counters.h1_open_streams.inc();
            }
        }
    }

    /// The request and its response are over.
    pub(crate) fn end(&mut self) {
        self.tell();
        if std::mem::take(&mut self.busy)
            && let Some(counters) = self.counters()
        {
            counters.h1_open_streams.sub(1);
        }
    }

    /// Tells the counters of the bytes since it did so last.
    pub(crate) fn tell(&mut self) {
        if let Some(counters) = self.counters() {
            counters.h1_bytes_in.add(self.received - self.told.0);
            counters.h1_bytes_out.add(self.sent - self.told.1);
        }
        self.told = (self.received, self.sent);
    }

    /// Bytes were read into a pipe.
    pub(crate) fn spliced_in(&mut self, bytes: u64) {
        self.received += bytes;
        if let Some(counters) = self.counters() {
            counters.h1_spliced_bytes_in.add(bytes);
        }
    }

    /// Bytes were written from a pipe.
    pub(crate) fn spliced_out(&mut self, bytes: u64) {
        self.sent += bytes;
        if let Some(counters) = self.counters() {
            counters.h1_spliced_bytes_out.add(bytes);
        }
    }

    /// Starts over: the connection is kept for another stream.
    pub(crate) fn reset(&mut self) {
        self.end();
        (self.received, self.sent, self.told) = (0, 0, (0, 0));
    }

    /// The connection is not one of HTTP/1 any more.
    pub(crate) fn uncount(&mut self) {
        self.end();
        if let Some(counters) = self.counters() {
            counters.h1_open_connections.sub(1);
        }
        self.counters = None;
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.uncount();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_once() {
        let mux = Arc::new(Counted::<MuxCounters>::new(1));
        let mut traffic = Traffic::default();
        traffic.received = 7;
        traffic.count(&mux, 0);
        traffic.begin();
        assert_eq!((mux.totals().h1_open_streams, mux.totals().h1_open_connections), (1, 1));
        traffic.received += 3;
        traffic.spliced_out(5);
        traffic.tell();
        traffic.sent += 2;
        traffic.end();
        traffic.end();
        traffic.reset();
        traffic.received += 4;
        drop(traffic);
        let totals = mux.totals();
        assert_eq!((totals.h1_bytes_in, totals.h1_bytes_out, totals.h1_spliced_bytes_out), (14, 7, 5));
        assert_eq!((totals.h1_connections, totals.h1_streams), (1, 1));
        assert_eq!((totals.h1_open_connections, totals.h1_open_streams), (0, 0));
    }
}
