//! Stage 8: counters and rates. Workers write their own without synchronisation, readers sum them.
//!
//! `counters` holds what only grows, per worker; `kept` what is kept of each thing; `rate` how often something happens per second. What goes up and down
//! and is limited for the whole process is with its limit: [`crate::listener::limits`], [`crate::server`].

pub(crate) mod collect;
pub mod counters;
pub(crate) mod h2_traffic;
pub mod kept;
mod pools;
pub(crate) mod process;
pub mod rate;
pub mod snapshot;
mod states;
pub(crate) mod tls;
pub(crate) mod traffic;
pub mod worker;

pub use counters::{
    BackendCounters, BackendTotals, Counted, Counters, FrontendCounters, FrontendTotals, ListenerCounters,
    ListenerTotals, MuxCounters, MuxTotals, ProcessCounters, ProcessTotals, ServerCounters, ServerTotals, TlsCounters,
    TlsTotals,
};
pub use kept::{BackendStats, FrontendStats, ListenerStats, ProcessStats, ServerStats};
pub use pools::PoolState;
pub use process::ProcessSnapshot;
pub use rate::Rate;
pub use snapshot::{
    AgentSnapshot, BackendSnapshot, CheckSnapshot, FrontendSnapshot, FrontendStatus, Level, ListenerSnapshot,
    PerSecond, ProxySnapshot, ServerSnapshot, Statistics,
};
pub use states::StateLines;
pub(crate) use traffic::Traffic;
pub use worker::{Average, Counter, Padded, Peak, PerWorker};
