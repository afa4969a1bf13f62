//! Sockets and their options, shared by listeners, server connections and checks.
//!
//! `listen` makes listening sockets, `inherited` holds those that the process was given, `accept` takes connections from them, `connect` opens connections to servers and
//! `options` holds what is set on either. Nothing here waits except [`connect()`].

mod accept;
mod bind_error;
pub(crate) mod client_actions;
mod connect;
mod inherited;
mod listen;
mod local;
mod namespace;
mod options;
mod port_range;
pub(crate) mod socks4;
mod system_option;

pub use accept::{Accepted, AcceptedSocket, AsyncListener, accept_nonblocking};
pub use bind_error::{BindError, BindErrorKind};
pub use connect::{ConnectError, ConnectOptions, ConnectTarget, OpenSocket, connect, open_socket, wait_connected};
pub use inherited::Inherited;
pub use listen::{BoundAddress, ListenSocket, SocketTuning, bind_socket};
pub(crate) use local::is_local;
pub use namespace::Namespace;
pub(crate) use namespace::stream_socket;
pub use options::{ClientOptions, apply_client_options, set_keepalive, set_no_linger, set_quickack};
pub use port_range::{PortLease, PortRange};
pub use system_option::{GetTcpInfo, SetSystemOption, SystemOption, SystemOptions, TcpInfo};

#[cfg(test)]
mod tests;
