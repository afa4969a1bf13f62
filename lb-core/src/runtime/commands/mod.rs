//! One file per family of commands: arguments, what they do, what they answer.

mod clear_counters;
mod frontend_state;
mod help;
mod session;
mod set_maxconn;
mod set_rate_limit;
mod show_backend;
mod show_cli_sockets;
mod show_env;
mod show_info;
mod show_stat;
mod show_version;
mod typed;

pub use clear_counters::ClearCounters;
pub use frontend_state::{FrontendChange, SetFrontendState};
pub use help::Help;
pub(super) use help::unknown;
pub use session::SessionCommand;
pub use set_maxconn::{SetMaxconnFrontend, SetMaxconnGlobal};
pub use set_rate_limit::{RateLimited, SetRateLimit};
pub use show_backend::{BackendList, ShowBackend};
pub use show_cli_sockets::{CliSocket, CliSockets, ShowCliSockets};
pub use show_env::{Environment, ShowEnv};
pub use show_info::{Info, ShowInfo};
pub use show_stat::{ProxyFilter, ShowStat, StatFilter, StatTable};
pub use show_version::{ShowVersion, Version};
pub use typed::Format;
