//! What rules and streams do with an entry: counters that rules increment, tags that they set, and what is counted of
//! traffic.

use std::net::SocketAddr;

use super::config::ServerKey;
use super::data::{Cell, DataType};
use super::entry::Entry;
use super::store::{Moment, Table};
use super::watch::Change;

/// A general purpose counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpc {
    /// `gpc0`, or the first of the array where the table has that.
    First,
    /// `gpc1`, or the second of the array.
    Second,
    /// One of the array.
    At(usize),
}

/// A general purpose tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpt {
    /// `gpt0`, or the first of the array.
    First,
    /// One of the array.
    At(usize),
}

/// What is counted of traffic: a number, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    count: DataType,
    rate: DataType,
}

impl Traffic {
    pub(crate) const CONNECTION: Self = Self { count: DataType::ConnCnt, rate: DataType::ConnRate };
    pub(crate) const SESSION: Self = Self { count: DataType::SessCnt, rate: DataType::SessRate };
    pub(crate) const REQUEST: Self = Self { count: DataType::HttpReqCnt, rate: DataType::HttpReqRate };
    pub(crate) const ERROR: Self = Self { count: DataType::HttpErrCnt, rate: DataType::HttpErrRate };
    pub(crate) const FAILURE: Self = Self { count: DataType::HttpFailCnt, rate: DataType::HttpFailRate };
    pub(crate) const BYTES_IN: Self = Self { count: DataType::BytesInCnt, rate: DataType::BytesInRate };
    pub(crate) const BYTES_OUT: Self = Self { count: DataType::BytesOutCnt, rate: DataType::BytesOutRate };
}

/// The server that a `stick` rule stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredServer {
    /// Its number; 0 is none.
    pub(crate) id: i32,
    /// Its name or address, as the table's `srvkey` says.
    pub(crate) key: Option<std::sync::Arc<str>>,
}

impl Table {
    /// The place of the first that is stored: arrays take the place of `gpc0` and its kind.
    fn either(&self, single: DataType, array: DataType, index: usize) -> Option<Cell> {
        self.layout.cell(single, 0).or_else(|| self.layout.cell(array, index))
    }

    fn gpc(&self, which: Gpc) -> Option<Cell> {
        match which {
            Gpc::First => self.either(DataType::Gpc0, DataType::Gpc, 0),
            Gpc::Second => self.either(DataType::Gpc1, DataType::Gpc, 1),
            Gpc::At(index) => self.layout.cell(DataType::Gpc, index),
        }
    }

    fn gpc_rate_cell(&self, which: Gpc) -> Option<Cell> {
        match which {
            Gpc::First => self.either(DataType::Gpc0Rate, DataType::GpcRate, 0),
            Gpc::Second => self.either(DataType::Gpc1Rate, DataType::GpcRate, 1),
            Gpc::At(index) => self.layout.cell(DataType::GpcRate, index),
        }
    }

    fn gpt(&self, which: Gpt) -> Option<Cell> {
        match which {
            Gpt::First => self.either(DataType::Gpt0, DataType::Gpt, 0),
            Gpt::At(index) => self.layout.cell(DataType::Gpt, index),
        }
    }

    /// A counter; `None` where it is not stored.
    pub(crate) fn get_gpc(&self, entry: &Entry, which: Gpc) -> Option<u32> {
        self.gpc(which).map(|cell| counter(entry.get(cell)))
    }

    /// How often it is incremented.
    pub(crate) fn gpc_rate(&self, entry: &Entry, which: Gpc, now: Moment) -> Option<u32> {
        self.gpc_rate_cell(which).map(|cell| entry.rate(cell).read(now))
    }

    /// Increments a counter and its rate, whichever is stored. Returns the counter, the rate where only that is stored,
    /// 0 where neither is.
    pub(crate) fn inc_gpc(&self, entry: &Entry, which: Gpc, now: Moment) -> u32 {
        let rate = self.gpc_rate_cell(which).map(|cell| entry.rate(cell).add(1, now));
        let count = self.gpc(which).map(|cell| counter(entry.add(cell, 1)));
        if rate.is_some() || count.is_some() {
            self.touch(entry, now);
            self.tell(entry, Change::Updated);
        }
        count.or(rate).unwrap_or(0)
    }

    /// Makes a counter 0 and returns what it was; `None` where it is not stored.
    pub(crate) fn clear_gpc(&self, entry: &Entry, which: Gpc, now: Moment) -> Option<u32> {
        let was = counter(entry.swap(self.gpc(which)?, 0));
        self.touch(entry, now);
        self.tell(entry, Change::Updated);
        Some(was)
    }

    /// A tag; `None` where it is not stored.
    pub(crate) fn get_gpt(&self, entry: &Entry, which: Gpt) -> Option<u32> {
        self.gpt(which).map(|cell| counter(entry.get(cell)))
    }

    /// Sets a tag; `false` where it is not stored.
    pub(crate) fn set_gpt(&self, entry: &Entry, which: Gpt, value: u32, now: Moment) -> bool {
        let Some(cell) = self.gpt(which) else { return false };
        entry.set(cell, u64::from(value));
        self.touch(entry, now);
        self.tell(entry, Change::Updated);
        true
    }

    /// Counts traffic: what the table stores of it.
    pub(crate) fn count(&self, entry: &Entry, what: Traffic, amount: u64, now: Moment) {
        let count = self.layout.cell(what.count, 0);
        let rate = self.layout.cell(what.rate, 0);
        if let Some(cell) = count {
            entry.add(cell, amount);
        }
        if let Some(cell) = rate {
            entry.rate(cell).add(u32::try_from(amount).unwrap_or(u32::MAX), now);
        }
        if count.is_some() || rate.is_some() {
            self.touch(entry, now);
        }
    }

    /// One more connection (`conn_cnt`), as `src_updt_conn_cnt` counts it: without its rate. `None` where that is not
    /// stored.
    pub(crate) fn count_connection(&self, entry: &Entry, now: Moment) -> Option<u32> {
        let cell = self.layout.cell(DataType::ConnCnt, 0)?;
        let count = counter(entry.add(cell, 1));
        self.touch(entry, now);
        Some(count)
    }

    /// The server that is stored for a key (`stick match`). Its entry lives on.
    pub(crate) fn stored_server(&self, entry: &Entry, now: Moment) -> Option<StoredServer> {
        let cell = self.layout.cell(DataType::ServerId, 0)?;
        self.touch(entry, now);
        let (id, key) = (entry.get(cell) as i32, self.text(entry, DataType::ServerKey));
        (id != 0 || key.is_some()).then_some(StoredServer { id, key })
    }

    /// Stores a server for a key (`stick store-request`, `stick store-response`).
    pub(crate) fn store_server(&self, entry: &Entry, id: u32, name: &str, addr: Option<SocketAddr>, now: Moment) {
        if let Some(cell) = self.layout.cell(DataType::ServerId, 0) {
            entry.set(cell, u64::from(id));
        }
        match (self.config.server_key, addr) {
            (ServerKey::Name, _) => self.set_text(entry, DataType::ServerKey, name),
            (ServerKey::Addr, Some(addr)) => self.set_text(entry, DataType::ServerKey, &addr.to_string()),
            (ServerKey::Addr, None) => {}
        }
        self.touch(entry, now);
        self.tell(entry, Change::Updated);
    }
}

/// Counters stay at their largest value.
fn counter(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
