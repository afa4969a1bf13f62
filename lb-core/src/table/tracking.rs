//! Which entries a connection and a stream track (`track-sc0` and its kind), and what they count in them.
//!
//! There are three counters, `sc0` to `sc2`. One that a `tcp-request connection` or `tcp-request session` rule tracks is
//! tracked as long as the connection; one of the other rules as long as the request and its response. Whoever comes first
//! has the counter: a later rule for it does nothing.
//!
//! What a stream reports is counted in all entries that it and its connection track. The figures are those of HAProxy:
//!
//! - tracking counts a connection (`conn_cnt`, `conn_rate`), and one more at the same time (`conn_cur`) until it ends;
//!   rules that run while a request is there count that request at once (`http_req_cnt`, `http_req_rate`);
//! - a connection that the layer 4 rules accepted counts `sess_cnt` and `sess_rate` in what it tracks itself;
//! - a request counts in what the connection tracks when it begins, also where it turns out to be none;
//! - `http_err_*` counts broken and refused requests, and answers 4xx of servers; `http_fail_*` broken answers, and
//!   answers 5xx of servers but for 501 and 505.

use crate::instant::Instant;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::counters::Traffic;
use super::data::DataType;
use super::entry::Entry;
use super::key::Key;
use super::store::{Moment, Table};

/// How many counters there are.
pub(crate) const SLOTS: usize = 3;

/// An entry that is tracked, until this is dropped.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// Its table.
    pub(crate) table: Arc<Table>,
    /// The entry.
    pub(crate) entry: Entry,
}

impl Tracked {
    /// Begins to track. `None` where the table has no room.
    fn begin(table: &Arc<Table>, key: &Key, now: Moment) -> Option<Self> {
        let entry = table.track(key, now)?;
        table.touch(&entry, now);
        table.count(&entry, Traffic::CONNECTION, 1, now);
        if let Some(cell) = table.layout.cell(DataType::ConnCur, 0) {
            entry.add(cell, 1);
        }
        Some(Self { table: Arc::clone(table), entry })
    }

    fn count(&self, what: Traffic, amount: u64, now: Moment) {
        self.table.count(&self.entry, what, amount, now);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(cell) = self.table.layout.cell(DataType::ConnCur, 0) {
            self.entry.decrement(cell);
        }
        self.table.untrack(&self.entry);
    }
}

/// The counters of a connection or of a stream.
#[derive(Debug, Default)]
pub(crate) struct Slots([OnceCell<Tracked>; SLOTS]);

impl Slots {
    fn get(&self, slot: usize) -> Option<&Tracked> {
        self.0.get(slot)?.get()
    }

    fn all(&self) -> impl Iterator<Item = &Tracked> {
        self.0.iter().filter_map(OnceCell::get)
    }
}

/// Which rules track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackScope {
    /// `tcp-request connection` and `tcp-request session`.
    Connection,
    /// `tcp-request content` and others in TCP.
    Content,
    /// `http-request`, `http-response`, and `tcp-request content` in HTTP: there is a request.
    Request,
}

/// What a stream tracks, and its connection.
///
/// A stream has one of its own; it takes the connection's part from `Tracking::connection` of the one that the
/// connection's rules filled. A connection that tracks nothing holds nothing but a pointer's room.
#[derive(Debug, Default)]
pub struct Tracking {
    connection: OnceCell<Rc<Slots>>,
    stream: Slots,
}

impl Tracking {
    /// For a stream of a connection that tracks these.
    pub(crate) fn new(connection: Option<&Rc<Slots>>) -> Self {
        let cell = OnceCell::new();
        if let Some(slots) = connection {
            let _ = cell.set(Rc::clone(slots));
        }
        Self { connection: cell, stream: Slots::default() }
    }

    /// What the connection tracks.
    pub(crate) fn connection(&self) -> Option<&Rc<Slots>> {
        self.connection.get()
    }

    /// What a counter tracks: the stream's own, or else the connection's.
    pub(crate) fn get(&self, slot: usize) -> Option<&Tracked> {
        self.stream.get(slot).or_else(|| self.connection.get()?.get(slot))
    }

    /// Tracks the entry of a key in a table, which is made if there is none. Does nothing where the counter is taken,
    /// or the table has no room.
    pub fn track(&self, scope: TrackScope, slot: usize, table: &Arc<Table>, key: &Key, now: Moment) {
        if self.get(slot).is_some() {
            return;
        }
        let place = match scope {
            TrackScope::Connection => self.connection.get_or_init(Rc::default).0.get(slot),
            TrackScope::Content | TrackScope::Request => self.stream.0.get(slot),
        };
        let (Some(place), Some(tracked)) = (place, Tracked::begin(table, key, now)) else { return };
        if scope == TrackScope::Request {
            tracked.count(Traffic::REQUEST, 1, now);
        }
        let _ = place.set(tracked);
    }

    /// The time of the tables that are tracked; `None` where none is, and there is nothing to count.
    pub(crate) fn at(&self, now: Instant) -> Option<Moment> {
        self.all().next().map(|tracked| tracked.table.at(now))
    }

    fn all(&self) -> impl Iterator<Item = &Tracked> {
        self.stream.all().chain(self.connection.get().into_iter().flat_map(|slots| slots.all()))
    }

    fn count(&self, what: Traffic, amount: u64, now: Moment) {
        self.all().for_each(|tracked| tracked.count(what, amount, now));
    }

    /// The layer 4 rules accepted the connection.
    pub fn session(&self, now: Moment) {
        let slots = self.connection.get();
        slots.into_iter().flat_map(|slots| slots.all()).for_each(|tracked| tracked.count(Traffic::SESSION, 1, now));
    }

    /// A request begins, or what was to be one. What a rule about it tracks has counted it already.
    pub fn request(&self, now: Moment) {
        let slots = self.connection.get();
        slots.into_iter().flat_map(|slots| slots.all()).for_each(|tracked| tracked.count(Traffic::REQUEST, 1, now));
    }

    /// The client is at fault: a broken or refused request, an answer 4xx of a server.
    pub fn error(&self, now: Moment) {
        self.count(Traffic::ERROR, 1, now);
    }

    /// The server is at fault: a broken answer, or one of 5xx but 501 and 505.
    pub fn failure(&self, now: Moment) {
        self.count(Traffic::FAILURE, 1, now);
    }

    /// The status of a server's answer.
    pub fn status(&self, status: u16, now: Moment) {
        match status {
            400..=499 => self.error(now),
            501 | 505 => {}
            500..=599 => self.failure(now),
            _ => {}
        }
    }

    /// Bytes from the client.
    pub fn bytes_in(&self, bytes: u64, now: Moment) {
        if bytes > 0 {
            self.count(Traffic::BYTES_IN, bytes, now);
        }
    }

    /// Bytes to the client.
    pub fn bytes_out(&self, bytes: u64, now: Moment) {
        if bytes > 0 {
            self.count(Traffic::BYTES_OUT, bytes, now);
        }
    }

    /// The stream ends: what it tracks is used until now.
    pub fn end(&mut self, now: Moment) {
        for slot in &mut self.stream.0 {
            if let Some(tracked) = slot.take() {
                end(&tracked, now);
            }
        }
    }

    /// The connection ends.
    pub fn end_connection(&mut self, now: Moment) {
        self.end(now);
        if let Some(slots) = self.connection.take() {
            slots.all().for_each(|tracked| end(tracked, now));
        }
    }
}

/// A change of `conn_cur` is a use.
fn end(tracked: &Tracked, now: Moment) {
    if tracked.table.layout.cell(DataType::ConnCur, 0).is_some() {
        tracked.table.touch(&tracked.entry, now);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::instant::Instant;
    use std::time::Duration;

    use super::*;
    use crate::sample::Value;
    use crate::table::{KeyType, Stored, TableConfig};

    const COUNTED: [DataType; 9] = [
        DataType::ConnCnt,
        DataType::ConnCur,
        DataType::SessCnt,
        DataType::HttpReqCnt,
        DataType::HttpErrCnt,
        DataType::HttpFailCnt,
        DataType::BytesInCnt,
        DataType::BytesOutCnt,
        DataType::Gpc0,
    ];

    fn table(expire: Option<u64>) -> Arc<Table> {
        let mut config = TableConfig::new(KeyType::Integer, 10);
        config.expire = expire.map(Duration::from_millis);
        config.stored = COUNTED.into_iter().map(Stored::plain).collect();
        config.stored.push(Stored::rate(DataType::HttpReqRate, Duration::from_secs(100)));
        Arc::new(Table::new("t", &config, Instant::now()))
    }

    fn key(table: &Table) -> Key {
        table.key(Value::Sint(1)).unwrap()
    }

    /// The counted values, trackers last.
    fn shown(table: &Table) -> [i64; 10] {
        let entry = table.get(&key(table), 0).unwrap();
        let mut values = [0; 10];
        for (value, kind) in values.iter_mut().zip(COUNTED) {
            *value = table.number(&entry, kind, 0, 0).unwrap();
        }
        values[9] = i64::from(entry.trackers());
        values
    }

    #[test]
    fn a_connection_and_its_requests() {
        let table = table(None);
        let mut connection = Tracking::default();
        assert!(connection.get(0).is_none());
        connection.track(TrackScope::Connection, 0, &table, &key(&table), 0);
        connection.session(0);
        assert_eq!(shown(&table), [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]);
        for _ in 0..2 {
            let mut stream = Tracking::new(connection.connection());
            stream.request(0);
            // Taken.
            stream.track(TrackScope::Request, 0, &table, &key(&table), 0);
            stream.bytes_in(38, 0);
            stream.bytes_out(0, 0);
            stream.status(200, 0);
            stream.end(0);
        }
        assert_eq!(shown(&table), [1, 1, 1, 2, 0, 0, 76, 0, 0, 1]);
        connection.end_connection(0);
        assert_eq!(shown(&table), [1, 0, 1, 2, 0, 0, 76, 0, 0, 0]);
    }

    #[test]
    fn a_request_that_tracks_counts_itself() {
        let table = table(None);
        let connection = Tracking::default();
        for status in [200, 404, 500, 501, 505, 503] {
            let stream = Tracking::new(connection.connection());
            stream.track(TrackScope::Request, 1, &table, &key(&table), 0);
            stream.track(TrackScope::Request, 2, &table, &key(&table), 0);
            assert!(stream.get(0).is_none() && stream.get(1).is_some() && stream.get(3).is_none());
            stream.status(status, 0);
        }
        assert_eq!(shown(&table), [12, 0, 0, 12, 2, 4, 0, 0, 0, 0]);
        let entry = table.get(&key(&table), 0).unwrap();
        assert_eq!(table.number(&entry, DataType::HttpReqRate, 0, 0), Some(12));
        let stream = Tracking::default();
        stream.track(TrackScope::Content, 0, &table, &key(&table), 0);
        assert_eq!(shown(&table)[..4], [13, 1, 0, 12]);
    }

    #[test]
    fn an_entry_outlives_its_time_while_it_is_tracked() {
        let table = table(Some(100));
        let mut stream = Tracking::default();
        stream.track(TrackScope::Content, 0, &table, &key(&table), 0);
        assert_eq!(table.len(500), 1);
        stream.end(500);
        assert_eq!((table.len(599), table.len(600)), (1, 0));
        let stream = Tracking::default();
        stream.track(TrackScope::Content, 0, &table, &key(&table), 1000);
        table.sweep(2000);
        drop(stream);
        assert_eq!(table.len(2000), 0);
    }
}
