//! Frontends, backends and listen sections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::balance::{Balance, HashType};
use super::bind::Bind;
use super::check::CheckConfig;
use super::http::ErrorReply;
use super::log::{LogFormatChoice, ProxyLog};
use super::mailers::EmailAlert;
use super::options::{HttpReuse, ProxyOptions};
use super::persistence::{CookieConfig, PersistRule};
use super::retry::RetryOn;
use super::rule_lists::{Captures, Rules};
use super::rules::StickRule;
use super::server::{ServerConfig, Source};
use super::server_state::LoadServerState;
use crate::acl::{Acl, Condition};
use crate::balance::OwnBalance;
use crate::config::document::Place;
use crate::log::LogFormat;
use crate::table::TableConfig;

/// What a proxy section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// `frontend`: accepts connections.
    Frontend,
    /// `backend`: has servers.
    Backend,
    /// `listen`: both.
    Listen,
}

impl ProxyKind {
    /// Whether the section accepts client connections.
    pub fn is_frontend(self) -> bool {
        matches!(self, Self::Frontend | Self::Listen)
    }

    /// Whether the section has servers.
    pub fn is_backend(self) -> bool {
        matches!(self, Self::Backend | Self::Listen)
    }
}

/// `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes are relayed as they come.
    #[default]
    Tcp,
    /// Requests and responses are parsed.
    Http,
}

/// A frontend, backend or listen section (configuration.txt, section 4) with its defaults merged in.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Section name, unique among frontends and among backends.
    pub name: String,
    /// Which section it is.
    pub kind: ProxyKind,
    /// Where its header stands.
    pub place: Place,
    /// `id`, or the number given automatically.
    pub id: u32,
    /// Whether the section says `id`.
    pub forced_id: bool,
    /// `description`.
    pub description: Option<String>,
    /// `disabled`.
    pub disabled: bool,
    /// `load-server-state-from-file`.
    pub load_server_state: LoadServerState,
    /// `server-state-file-name`; `None` is the name of the section.
    pub server_state_file_name: Option<PathBuf>,
    /// `mode`.
    pub mode: Mode,
    /// `bind` lines, port ranges and address lists not yet expanded.
    pub binds: Vec<Bind>,
    /// `maxconn` of the frontend.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `rate-limit sessions`.
    pub rate_limit_sessions: Option<u32>,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// `use_backend` lines (unconditional or, once rules have conditions, conditional), then `default_backend`.
    pub use_backend: Vec<UseBackend>,
    /// `default_backend`, by name.
    pub default_backend: Option<String>,
    /// `acl` lines, by name in order of appearance.
    pub acls: Vec<Acl>,
    /// `http-request` and all other rules.
    pub rules: Rules,
    /// `monitor fail`: conditions of which one makes `monitor-uri` answer 503.
    pub monitor_fail: Vec<Condition>,
    /// `capture` and `declare capture`.
    pub captures: Captures,
    /// `unique-id-format`.
    pub unique_id_format: Option<LogFormat>,
    /// `unique-id-header`.
    pub unique_id_header: Option<String>,
    /// `http-send-name-header`.
    pub send_name_header: Option<String>,
    /// `use-server` lines.
    pub use_server: Vec<UseServer>,
    /// `stick` rules, in order.
    pub sticks: Vec<StickRule>,
    /// `timeout ...`.
    pub timeouts: Timeouts,
    /// `option ...` and related switches.
    pub options: ProxyOptions,
    /// `log` targets; `log global` copies the global ones when the topology is built.
    pub logs: Vec<ProxyLog>,
    /// `log-format`, or the format `option httplog`, `tcplog` select.
    pub log_format: LogFormatChoice,
    /// `error-log-format`: the line of a connection that failed before there was a request.
    pub error_log_format: Option<String>,
    /// `log-format-sd`: the structured data of targets in RFC 5424's format.
    pub log_format_sd: Option<String>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// Error replies by status code.
    pub errors: BTreeMap<u16, ErrorReply>,
    /// `balance`.
    pub balance: Balance,
    /// An algorithm of the embedding program, in place of `balance`.
    pub own_balance: Option<OwnBalance>,
    /// `hash-type`.
    pub hash_type: HashType,
    /// `hash-balance-factor`: percent of the average load that a server may have, 0 for any.
    pub hash_balance_factor: u32,
    /// `server` lines.
    pub servers: Vec<ServerConfig>,
    /// `fullconn`.
    pub fullconn: Option<u32>,
    /// `retries`, default 3.
    pub retries: Option<u32>,
    /// `option redispatch [n]`: how many retries it takes to leave a server that persistence chose, never with 0,
    /// counted from the last with a negative number.
    pub redispatch: Option<i32>,
    /// `retry-on`, default `conn-failure`.
    pub retry_on: Option<RetryOn>,
    /// `http-reuse`.
    pub http_reuse: Option<HttpReuse>,
    /// `max-keep-alive-queue`.
    pub max_keep_alive_queue: Option<i32>,
    /// `source` of the backend.
    pub source: Option<Source>,
    /// `dispatch`.
    pub dispatch: Option<SocketAddr>,
    /// What checks say and expect.
    pub checks: CheckConfig,
    /// `cookie`.
    pub cookie: Option<CookieConfig>,
    /// `dynamic-cookie-key`.
    pub dynamic_cookie_key: Option<String>,
    /// `force-persist` and `ignore-persist`, in order.
    pub persist_rules: Vec<PersistRule>,
    /// `persist rdp-cookie`: the name of the cookie.
    pub persist_rdp_cookie: Option<String>,
    /// `stick-table`.
    pub stick_table: Option<TableConfig>,
    /// `email-alert`.
    pub email_alert: EmailAlert,
}

impl ProxyConfig {
    /// An empty section: what HAProxy makes of one without any line.
    pub fn new(name: String, kind: ProxyKind) -> Self {
        Self {
            name,
            kind,
            place: Default::default(),
            id: Default::default(),
            forced_id: Default::default(),
            description: Default::default(),
            disabled: Default::default(),
            load_server_state: Default::default(),
            server_state_file_name: Default::default(),
            mode: Default::default(),
            binds: Default::default(),
            maxconn: Default::default(),
            backlog: Default::default(),
            rate_limit_sessions: Default::default(),
            monitor_uri: Default::default(),
            use_backend: Default::default(),
            default_backend: Default::default(),
            acls: Default::default(),
            rules: Default::default(),
            monitor_fail: Default::default(),
            captures: Default::default(),
            unique_id_format: Default::default(),
            unique_id_header: Default::default(),
            send_name_header: Default::default(),
            use_server: Default::default(),
            sticks: Default::default(),
            timeouts: Default::default(),
            options: Default::default(),
            logs: Default::default(),
            log_format: Default::default(),
            error_log_format: Default::default(),
            log_format_sd: Default::default(),
            log_tag: Default::default(),
            errors: Default::default(),
            balance: Default::default(),
            own_balance: Default::default(),
            hash_type: Default::default(),
            hash_balance_factor: Default::default(),
            servers: Default::default(),
            fullconn: Default::default(),
            retries: Default::default(),
            redispatch: Default::default(),
            retry_on: Default::default(),
            http_reuse: Default::default(),
            max_keep_alive_queue: Default::default(),
            source: Default::default(),
            dispatch: Default::default(),
            checks: Default::default(),
            cookie: Default::default(),
            dynamic_cookie_key: Default::default(),
            persist_rules: Default::default(),
            persist_rdp_cookie: Default::default(),
            stick_table: Default::default(),
            email_alert: Default::default(),
        }
    }
}

/// Timeouts of a proxy (`timeout ...`). `None` is "no timeout" unless the manual names another default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// `timeout client`.
    pub client: Option<Duration>,
    /// `timeout client-fin`.
    pub client_fin: Option<Duration>,
    /// `timeout server`.
    pub server: Option<Duration>,
    /// `timeout server-fin`.
    pub server_fin: Option<Duration>,
    /// `timeout connect`.
    pub connect: Option<Duration>,
    /// `timeout queue`; `timeout connect` when not set.
    pub queue: Option<Duration>,
    /// `timeout tunnel`.
    pub tunnel: Option<Duration>,
    /// `timeout http-request`.
    pub http_request: Option<Duration>,
    /// `timeout http-keep-alive`; `timeout http-request` when not set.
    pub http_keep_alive: Option<Duration>,
    /// `timeout check`.
    pub check: Option<Duration>,
    /// `timeout tarpit`; `timeout connect` when not set.
    pub tarpit: Option<Duration>,
}

/// `use_backend`.
#[derive(Clone, Debug)]
pub struct UseBackend {
    /// Where to.
    pub backend: Target,
    /// When; always where there is none.
    pub condition: Option<Condition>,
    /// Where the line stands.
    pub place: Place,
}

/// `use-server`.
#[derive(Clone, Debug)]
pub struct UseServer {
    /// Which server.
    pub server: Target,
    /// When.
    pub condition: Option<Condition>,
    /// Where the line stands.
    pub place: Place,
}

/// A name that a rule chooses.
#[derive(Clone, Debug)]
pub enum Target {
    /// Always this one.
    Name(String),
    /// Whatever the format comes to; the rule is passed over where there is nothing of that name.
    Format(LogFormat),
}
