//! Stage 8: counters and rates. Workers write their own without synchronisation, readers sum them.
//!
//! `counters` holds what only grows, per worker; `gauge` what goes up and down and is limited process-wide; `rate` how
//! often something happens per second, and the limiters built on it.

pub mod counters;
pub mod gauge;
pub mod limiter;
pub mod rate;
pub mod worker;

pub use counters::{
    BackendCounters, BackendTotals, FrontendCounters, FrontendTotals, ListenerCounters, ListenerTotals, MuxCounters,
    MuxTotals, ProcessCounters, ProcessTotals, ServerCounters, ServerTotals,
};
pub use gauge::Gauge;
pub use limiter::RateLimiter;
pub use rate::Rate;
pub use worker::{Average, Counter, Padded, Peak, PerWorker};
