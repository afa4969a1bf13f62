//! One file per family of commands: arguments, what they do, what they answer.

mod help;
mod session;
mod show_backend;
mod show_cli_sockets;
mod show_env;
mod show_version;

pub use help::Help;
pub(super) use help::unknown;
pub use session::SessionCommand;
pub use show_backend::{BackendList, ShowBackend};
pub use show_cli_sockets::{CliSocket, CliSockets, ShowCliSockets};
pub use show_env::{Environment, ShowEnv};
pub use show_version::{ShowVersion, Version};
