//! One file per family of commands: arguments, what they do, what they answer.

mod add_server;
mod admin_state;
mod checks;
mod help;
mod maxconn_server;
mod session;
mod set_server;
mod set_server_addr;
mod set_server_check;
mod show_backend;
mod show_cli_sockets;
mod show_env;
mod show_servers;
mod show_version;
mod weight;

pub use add_server::{AddServer, DelServer};
pub use admin_state::SetServerState;
pub use checks::{CheckKind, EnableChecks};
pub use help::Help;
pub(super) use help::unknown;
pub use maxconn_server::SetMaxconnServer;
pub use session::SessionCommand;
pub(super) use set_server::parse_set_server;
pub use set_server::{SetServerHealth, SetServerSsl};
pub use set_server_addr::{Given, SetServerAddr};
pub use set_server_check::SetServerCheck;
pub use show_backend::{BackendList, ShowBackend};
pub use show_cli_sockets::{CliSocket, CliSockets, ShowCliSockets};
pub use show_env::{Environment, ShowEnv};
pub use show_servers::{
    IdleConns, ServerConnLine, ServerConns, ServerStateLine, ServerStates, ShowServersConn, ShowServersState,
};
pub use show_version::{ShowVersion, Version};
pub use weight::{GetWeight, ServerWeight, SetWeight, Weight};
