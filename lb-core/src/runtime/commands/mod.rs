//! One file per family of commands: arguments, what they do, what they answer.
mod add_server;
mod admin_state;
mod change_patterns;
mod checks;
mod clear_counters;
mod dynamic_cookie;
mod frontend_state;
mod get_patterns;
mod help;
mod maxconn_server;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod pattern_tests;
mod pattern_versions;
mod session;
mod set_maxconn;
mod set_rate_limit;
mod set_server;
mod set_server_addr;
mod set_server_agent;
mod set_server_check;
mod set_server_fqdn;
mod show_backend;
mod show_cli_sockets;
mod show_env;
mod show_events;
mod show_info;
mod show_patterns;
mod show_resolvers;
mod show_servers;
mod show_sess;
mod show_stat;
mod show_version;
mod shutdown_session;
mod table;
mod typed;
mod variables;
mod weight;

pub use add_server::{AddServer, DelServer};
pub use admin_state::SetServerState;
pub use change_patterns::{AddPatterns, ClearPatterns, DelPatterns, SetMap};
pub use checks::{CheckKind, EnableChecks};
pub use clear_counters::ClearCounters;
pub use dynamic_cookie::{DynamicCookieChange, SetDynamicCookie};
pub use frontend_state::{FrontendChange, SetFrontendState};
pub use get_patterns::{GetPatterns, PatternLookups};
pub use help::Help;
pub(super) use help::unknown;
pub use maxconn_server::SetMaxconnServer;
pub use pattern_versions::{CommitPatterns, PreparePatterns};
pub use session::SessionCommand;
pub use set_maxconn::{SetMaxconnFrontend, SetMaxconnGlobal};
pub use set_rate_limit::{RateLimited, SetRateLimit};
pub(super) use set_server::parse_set_server;
pub use set_server::{SetServerHealth, SetServerSsl};
pub use set_server_addr::{Given, SetServerAddr};
pub use set_server_agent::{AgentChange, SetServerAgent};
pub use set_server_check::SetServerCheck;
pub use set_server_fqdn::SetServerFqdn;
pub use show_backend::{BackendList, ShowBackend};
pub use show_cli_sockets::{CliSocket, CliSockets, ShowCliSockets};
pub use show_env::{Environment, ShowEnv};
pub(crate) use show_events::render_lines;
pub use show_events::{EventSinks, ShowEvents};
pub use show_info::{Info, ShowInfo};
pub use show_patterns::{PatternEntries, PatternKind, PatternList, PatternLists, ShowPatterns};
pub use show_resolvers::{NameserverNumbers, ResolversCounters, ResolversList, ResolversTable, ShowResolvers};
pub use show_servers::{
    IdleConns, ServerConnLine, ServerConns, ServerStateLine, ServerStates, ShowServersConn, ShowServersState,
};
pub use show_sess::{SessionList, Sessions, ShowSess};
pub use show_stat::{ProxyFilter, ShowStat, StatFilter, StatTable};
pub use show_version::{ShowVersion, Version};
pub use shutdown_session::{ShutdownSession, ShutdownSessions};
pub(crate) use table::find as find_table;
pub use table::{
    ClearTable, KeyArgument, SetTable, ShowTable, TableContents, TableFilter, TableInfo, TableList, TableOperator,
    TableSelection,
};
pub use typed::Format;
pub use variables::{GetVar, SetVar, VarValue, Variable};
pub(crate) use weight::weight_by_percent;
pub use weight::{GetWeight, ServerWeight, SetWeight, Weight};
