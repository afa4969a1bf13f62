//! Beside the path: stick tables (configuration.txt, `stick-table` in section 4.2).
//!
//! ```text
//!   stick-table line ─▶ TableConfig ─▶ Table ─▶ shards: index by key, queue by deadline   (a lock each, held briefly)
//!                                        └────▶ Entry: words that are read and changed without a lock
//!   track-sc0 … ─▶ Tracking (session, stream) ─▶ Entry     counts what the stream reports to it
//!   sc_*, src_*, table_* (sample/fetch/table, sample/convert/table), actions, stick rules ─▶ Entry
//! ```
//!
//! A table reads no clock and runs nothing of its own: each call is given the time, what has expired is not found any
//! more and is removed by the calls that follow. `config` reads the line, `key` makes keys of samples, `data` says
//! what can be stored and where it stands in an entry, `store` is the table.

pub(crate) mod action;
pub(crate) mod config;
pub(crate) mod counters;
mod data;
pub(crate) mod entry;
mod key;
mod names;
mod queue;
mod rate;
mod shard;
mod snapshot;
pub(crate) mod stick;
pub(crate) mod store;
pub(crate) mod tracking;
mod watch;

#[cfg(test)]
mod tests;

pub use action::ScAction;
pub use config::{ServerKey, TableConfig};
pub use counters::{Gpc, Gpt};
pub use data::{DataType, Stored};
pub(crate) use entry::Entry;
pub use key::{Key, KeyType, TableKey};
pub use snapshot::{Column, TableEntry};
pub use store::{Moment, Table};
pub(crate) use tracking::Slots;
pub use tracking::{TrackScope, Tracking};
pub use watch::{Change, Removal, TableChange};
