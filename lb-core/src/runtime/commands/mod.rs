//! One file per family of commands: arguments, what they do, what they answer.

mod show_backend;
mod show_env;
mod show_version;

pub use show_backend::{BackendList, ShowBackend};
pub use show_env::{Environment, ShowEnv};
pub use show_version::{ShowVersion, Version};
