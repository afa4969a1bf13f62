//! One file per family of commands: arguments, what they do, what they answer.

mod help;
mod session;
mod show_backend;
mod show_cli_sockets;
mod show_env;
mod show_sess;
mod show_version;
mod shutdown_session;

pub use help::Help;
pub(super) use help::unknown;
pub use session::SessionCommand;
pub use show_backend::{BackendList, ShowBackend};
pub use show_cli_sockets::{CliSocket, CliSockets, ShowCliSockets};
pub use show_env::{Environment, ShowEnv};
pub use show_sess::{SessionList, Sessions, ShowSess};
pub use show_version::{ShowVersion, Version};
pub use shutdown_session::{ShutdownSession, ShutdownSessions};
