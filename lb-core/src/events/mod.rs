//! Beside the path: what happens in an instance, told to whoever listens.
//!
//! ```text
//!   a change of state ─▶ Reports ─▶ log targets of the proxy
//!                                ├▶ the function given at the start (StartOptions::on_event)
//!                                └▶ every subscription ─▶ Events, in the program's own time
//!   a log record ─▶ subscriptions that want them (logs)
//! ```
//!
//! Nobody who listens can hold the instance up: a subscription that is full loses events and counts them.

mod logs;
mod report;
mod subscription;

pub(crate) use logs::LogSubscriptions;
pub(crate) use report::Reports;
pub(crate) use subscription::queue;
pub use subscription::{EventSender, Events, channel};

use std::sync::Arc;

use crate::log::Logged;
use crate::server::ServerEvent;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The instance serves: every listener is open.
    Started,
    /// A server, or by it a backend, changed its state.
    Server(ServerEvent),
    /// A stream was logged, or a connection that failed before there was one. Only subscriptions that ask for log records
    /// get it: [`Proxy::events_and_logs`](crate::proxy::Proxy::events_and_logs), [`EventSender::with_logs`].
    Logged(Arc<Logged>),
    /// The instance accepts no more connections and serves what it has.
    Stopping,
    /// Every thread of the instance has served its last connection.
    Stopped,
}
