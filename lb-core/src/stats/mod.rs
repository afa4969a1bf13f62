//! Stage 8: counters and rates. Workers write their own without synchronisation, readers sum them.
//!
//! `counters` holds what only grows, per worker; `kept` what is kept of each thing; `rate` how often something happens per second. What goes up and down
//! and is limited for the whole process is with its limit: [`crate::listener::limits`], [`crate::server`].

pub mod counters;
pub mod kept;
pub mod rate;
pub(crate) mod traffic;
pub mod worker;

pub use counters::{
    BackendCounters, BackendTotals, Counted, Counters, FrontendCounters, FrontendTotals, ListenerCounters,
    ListenerTotals, MuxCounters, MuxTotals, ProcessCounters, ProcessTotals, ServerCounters, ServerTotals, TlsCounters,
    TlsTotals,
};
pub use kept::{BackendStats, FrontendStats, ListenerStats, ProcessStats, ServerStats};
pub use rate::Rate;
pub(crate) use traffic::Traffic;
pub use worker::{Average, Counter, Padded, Peak, PerWorker};
