//! Stage 1: accept. Listening sockets, limits, PROXY protocol.

mod event;
pub mod fd_limit;
pub mod gate;
pub mod limits;
pub(crate) mod proxy_header;
pub mod rate;

pub use event::{FrontendEvent, FrontendEventKind};
pub use gate::Gate;
