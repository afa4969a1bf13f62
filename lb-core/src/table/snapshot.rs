//! An entry as it was at a moment, for programs and for `show table`.

use std::sync::Arc;
use std::time::Duration;

use super::data::{DataType, Nature};
use super::entry::Entry;
use super::key::TableKey;
use super::store::{Moment, Table};

/// A value that entries of a table have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its type.
    pub kind: DataType,
    /// Which one of an array; 0 for others.
    pub index: u16,
    /// The period of a rate; zero for others.
    pub period: Duration,
}

/// An entry as it was at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// Its key.
    pub key: TableKey,
    /// How many connections and streams track it (`use`).
    pub trackers: u32,
    /// How long it lives if nobody uses it; zero where entries do not expire (`exp`).
    pub expires_in: Duration,
    /// The name or address of the server that a `stick` rule stored (`server_key`).
    pub server_key: Option<Arc<str>>,
    pub(crate) address: usize,
    columns: Arc<[Column]>,
    numbers: Box<[i64]>,
}

impl TableEntry {
    /// A value; `None` where the table does not store it. `index` is 0 but for arrays.
    ///
    /// Rates are events in their period; counters of 64 bits beyond `i64::MAX` are negative, as in filters. Of
    /// `server_key` only [`TableEntry::server_key`] tells.
    pub fn get(&self, kind: DataType, index: u16) -> Option<i64> {
        self.values().find(|(column, _)| column.kind == kind && column.index == index).map(|(_, value)| value)
    }

    /// All values, in the order of `show table`.
    pub fn values(&self) -> impl Iterator<Item = (&Column, i64)> {
        self.columns.iter().zip(self.numbers.iter().copied())
    }
}

impl Table {
    /// What its entries have, in the order of `show table`.
    pub(crate) fn columns(&self) -> Arc<[Column]> {
        let of = |kind: DataType| {
            let period = Duration::from_millis(u64::from(self.layout.period(kind)));
            (0..self.layout.count(kind)).map(move |index| Column { kind, index: index as u16, period })
        };
        DataType::ALL.into_iter().flat_map(of).collect()
    }

    /// An entry as it is at that moment.
    pub(crate) fn snapshot(&self, entry: &Entry, columns: &Arc<[Column]>, now: Moment) -> TableEntry {
        let number =
            |column: &Column| self.number(entry, column.kind, usize::from(column.index), now).unwrap_or_default();
        TableEntry {
            key: self.key_of(entry),
            trackers: entry.trackers(),
            expires_in: self.expires_in(entry, now),
            server_key: self.text(entry, DataType::ServerKey),
            address: entry.address(),
            columns: Arc::clone(columns),
            numbers: columns.iter().map(number).collect(),
        }
    }
}

impl TableEntry {
    /// A line of `show table`.
    pub(crate) fn render(&self, out: &mut String) {
        use std::fmt::Write as _;
        let _ = write!(
            out,
            "{:#x}: key={} use={} exp={}",
            self.address,
            self.key,
            self.trackers,
            self.expires_in.as_millis()
        );
        for (column, value) in self.values() {
            let (name, index, period) = (column.kind.name(), column.index, column.period.as_millis());
            let _ = match (column.kind.nature(), column.kind) {
                (Nature::Text, _) => write!(out, " {name}={}", self.server_key.as_deref().unwrap_or("-")),
                (_, DataType::GpcRate) => write!(out, " gpc{index}_rate({period})={value}"),
                (Nature::Rate, _) => write!(out, " {name}({period})={value}"),
                (Nature::Long, _) => write!(out, " {name}={}", value as u64),
                _ if column.kind.is_array() => write!(out, " {name}{index}={value}"),
                _ => write!(out, " {name}={value}"),
            };
        }
        out.push('\n');
    }
}
