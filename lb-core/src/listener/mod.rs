//! Stage 1: accept. Listening sockets, limits, PROXY protocol.

pub mod fd_limit;
pub mod gate;
pub mod limits;
pub(crate) mod proxy_header;
pub mod rate;

pub use gate::Gate;
