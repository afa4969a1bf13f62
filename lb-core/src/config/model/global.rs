//! The `global` section.

use std::path::PathBuf;
use std::time::Duration;

use super::bind::{Bind, UnixBind};
use super::log::LogTarget;
use super::tls::TlsOptions;
use crate::config::DefaultPath;
use crate::log::LogFormat;
use crate::sample::Expression;
use crate::sample::variable::VariableName;

/// The `global` section (configuration.txt, section 3).
#[derive(Clone, Debug, Default)]
pub struct Global {
    /// `maxconn`: process-wide limit of client connections.
    pub maxconn: Option<u32>,
    /// `maxconnrate`: client connections per second for the whole process.
    pub maxconnrate: Option<u32>,
    /// `maxsessrate`: sessions per second for the whole process.
    pub maxsessrate: Option<u32>,
    /// `maxsslrate`: connections per second of all listeners with TLS.
    pub maxsslrate: Option<u32>,
    /// `maxpipes`: limit of pipes used by splicing.
    pub maxpipes: Option<u32>,
    /// `nbthread`: worker threads; the number of usable CPUs when not set.
    pub nbthread: Option<u16>,
    /// `cpu-map` lines as thread number (from 1, of group 1) to CPU set.
    pub cpu_map: Vec<CpuMap>,
    /// `ulimit-n`.
    pub ulimit_n: Option<u64>,
    /// `strict-limits` (on unless `no strict-limits`).
    pub strict_limits: Option<bool>,
    /// `daemon`.
    pub daemon: bool,
    /// `quiet`.
    pub quiet: bool,
    /// `expose-experimental-directives`.
    pub expose_experimental_directives: bool,
    /// A directive that needs it is used.
    pub experimental_used: bool,
    /// `zero-warning`.
    pub zero_warning: bool,
    /// `pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `server-state-base`.
    pub server_state_base: Option<PathBuf>,
    /// `server-state-file`.
    pub server_state_file: Option<PathBuf>,
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `user` or `uid`.
    pub uid: Option<u32>,
    /// `group` or `gid`.
    pub gid: Option<u32>,
    /// `unix-bind`, for the lines behind it.
    pub unix_bind: UnixBind,
    /// `identity`.
    pub identity: Identity,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `localpeer`.
    pub localpeer: Option<String>,
    /// `hard-stop-after`.
    pub hard_stop_after: Option<Duration>,
    /// `grace`.
    pub grace: Option<Duration>,
    /// `external-check`.
    pub external_check: bool,
    /// `pp2-never-send-local`.
    pub pp2_never_send_local: bool,
    /// `insecure-fork-wanted`.
    pub insecure_fork_wanted: bool,
    /// `close-spread-time`.
    pub close_spread_time: Option<CloseSpread>,
    /// `spread-checks`, percent.
    pub spread_checks: Option<i32>,
    /// `max-spread-checks`.
    pub max_spread_checks: Option<Duration>,
    /// `log` targets.
    pub logs: Vec<LogTarget>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `log-send-hostname`: `Some("")` means the system's own name.
    pub log_send_hostname: Option<String>,
    /// `nosplice`.
    pub nosplice: bool,
    /// `noreuseport`.
    pub noreuseport: bool,
    /// `h1-accept-payload-with-any-method`.
    pub h1_accept_payload: bool,
    /// `h1-case-adjust from to` pairs, `h1-case-adjust-file` included.
    pub h1_case_adjust: Vec<(String, String)>,
    /// `tune.*`.
    pub tune: Tune,
    /// `set-var`, `set-var-fmt`.
    pub variables: Vec<GlobalVariable>,
    /// `ssl-default-*`, `crt-base`, `ca-base`, `ssl-server-verify`.
    pub ssl: GlobalSsl,
    /// `stats socket` and its limits.
    pub stats: Stats,
    /// `default-path`; paths were resolved by it while they were read.
    pub default_path: DefaultPath,
}

/// `stats` lines: the sockets that take runtime commands (management.txt, section 9.3).
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// `stats socket` lines.
    pub sockets: Vec<Bind>,
    /// `stats timeout`: how long a connection may be silent, default 10 seconds.
    pub timeout: Option<Duration>,
    /// `stats maxconn`: connections of all these sockets at the same time, default 10.
    pub maxconn: Option<u32>,
}

/// As what the statistics introduce the process (`identity`, which HAProxy does not know).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// `haproxy`: management tools that look for HAProxy find it, and the product in fields of its own.
    #[default]
    HaProxy,
    /// `lb`: with its own name and version.
    Lb,
}

/// One `cpu-map` line, expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuMap {
    /// Thread number, from 1.
    pub thread: u16,
    /// CPUs it may run on.
    pub cpus: Vec<u16>,
}

/// `tune.*` keywords that have a meaning here (configuration.txt, section 3.2).
#[derive(Clone, Debug, Default)]
pub struct Tune {
    /// `tune.bufsize`, default 16384.
    pub bufsize: Option<u32>,
    /// `tune.maxrewrite`, default 1024.
    pub maxrewrite: Option<u32>,
    /// `tune.http.maxhdr`, default 101.
    pub http_maxhdr: Option<u32>,
    /// `tune.http.cookielen`: most bytes of a cookie that are captured, default 63.
    pub http_cookielen: Option<u32>,
    /// `tune.http.logurilen`, default 1024.
    pub http_logurilen: Option<u32>,
    /// `tune.maxaccept`.
    pub maxaccept: Option<i32>,
    /// `tune.pool-high-fd-ratio`, percent.
    pub pool_high_fd_ratio: Option<u32>,
    /// `tune.rcvbuf.client`.
    pub rcvbuf_client: Option<u32>,
    /// `tune.rcvbuf.server`.
    pub rcvbuf_server: Option<u32>,
    /// `tune.sndbuf.client`.
    pub sndbuf_client: Option<u32>,
    /// `tune.sndbuf.server`.
    pub sndbuf_server: Option<u32>,
    /// `tune.vars.*`.
    pub vars: VariableLimits,
    /// `tune.pipesize`.
    pub pipesize: Option<u32>,
    /// `tune.h2.header-table-size`.
    pub h2_header_table_size: Option<u32>,
    /// `tune.h2.initial-window-size`.
    pub h2_initial_window_size: Option<u32>,
    /// `tune.h2.max-concurrent-streams`.
    pub h2_max_concurrent_streams: Option<u32>,
    /// `tune.h2.max-frame-size`.
    pub h2_max_frame_size: Option<u32>,
    /// `h2-workaround-bogus-websocket-clients`.
    pub h2_hide_connect_protocol: bool,
}

/// How many bytes variables may take by scope, what is within it included; 0 is no limit (configuration.txt,
/// `tune.vars.global-max-size`). A variable that does not fit is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VariableLimits {
    /// `global`: all of them.
    pub global: u64,
    /// `proc`.
    pub proc: u64,
    /// `sess`.
    pub sess: u64,
    /// `txn`.
    pub txn: u64,
    /// `reqres`: `req` and `res`, each by itself.
    pub reqres: u64,
    /// `check`: those of a health check.
    pub check: u64,
}

/// A `set-var` or `set-var-fmt` line of `global`: a variable of the process that has a value from the start.
#[derive(Clone, Debug)]
pub struct GlobalVariable {
    pub(crate) name: VariableName,
    pub(crate) value: GlobalValue,
}

/// What it is.
#[derive(Clone, Debug)]
pub(crate) enum GlobalValue {
    /// `set-var`.
    Expression(Expression),
    /// `set-var-fmt`.
    Format(LogFormat),
}

/// Global TLS settings.
#[derive(Clone, Debug, Default)]
pub struct GlobalSsl {
    /// `crt-base`.
    pub crt_base: Option<PathBuf>,
    /// `ca-base`.
    pub ca_base: Option<PathBuf>,
    /// `ssl-server-verify none`.
    pub server_verify_none: bool,
    /// `tune.ssl.cachesize`.
    pub cachesize: Option<u32>,
    /// `tune.ssl.lifetime`.
    pub lifetime: Option<Duration>,
    /// `ssl-default-bind-*`.
    pub bind_defaults: TlsOptions,
    /// `ssl-default-server-*`.
    pub server_defaults: TlsOptions,
}

/// `close-spread-time`: how a soft stop closes client connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseSpread {
    /// Each at a moment of its own within this time.
    Within(Duration),
    /// `infinite`: none before its timeout.
    Never,
}
