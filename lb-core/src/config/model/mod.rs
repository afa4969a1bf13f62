//! The typed configuration: what the keyword tables and the builder produce and the data plane is built from.
//!
//! Every time is a [`Duration`](std::time::Duration), every size is in bytes. `None` means "not set": defaults that depend on other
//! settings are computed when the topology is built, not here, so that `lbd --convert` writes only what was said.

mod balance;
mod bind;
mod check;
mod global;
mod http;
mod log;
mod mailers;
mod options;
mod persistence;
mod proxy;
mod resolvers;
mod retry;
mod rule_lists;
mod rules;
mod server;
mod server_state;
mod tls;
mod userlist;

use super::environment::Environment;
use crate::sample::names::Names;

pub use balance::*;
pub use bind::*;
pub use check::*;
pub use global::*;
pub use http::*;
pub use log::*;
pub use mailers::*;
pub use options::*;
pub use persistence::*;
pub use proxy::*;
pub use resolvers::*;
pub use retry::*;
pub use rule_lists::*;
pub use rules::*;
pub use server::*;
pub use server_state::*;
pub use tls::*;
pub use userlist::*;

/// A whole configuration, checked and with every name resolvable.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The `global` section.
    pub global: Global,
    /// Frontends, backends and listen sections in order of appearance.
    pub proxies: Vec<ProxyConfig>,
    /// `userlist` sections.
    pub userlists: Vec<Userlist>,
    /// `http-errors` sections.
    pub http_errors: Vec<HttpErrors>,
    /// `resolvers` sections, and the one that is made of `/etc/resolv.conf`.
    pub resolvers: Vec<ResolversConfig>,
    /// `mailers` sections.
    pub mailers: Vec<MailersConfig>,
    /// The environment after `setenv` and its likes, as `show env` prints it; that of the process where the
    /// configuration was not read but built by calls.
    pub environment: Option<Environment>,
    /// No name of a server has to resolve (`-dr`).
    pub(crate) unresolved_names: bool,
    /// What expressions may refer to, and the files of patterns that they read.
    pub(crate) names: std::sync::Arc<Names>,
}
