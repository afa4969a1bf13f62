//! Stage 1: accept. Listening sockets, limits, PROXY protocol.

pub mod fd_limit;
pub mod limits;
pub(crate) mod proxy_header;
pub mod rate;
