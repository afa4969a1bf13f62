//! The typed configuration: what the keyword tables and the builder produce and the data plane is built from.
//!
//! Every time is a [`Duration`], every size is in bytes. `None` means "not set": defaults that depend on other
//! settings are computed when the topology is built, not here, so that `lbd --convert` writes only what was said.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::document::Place;

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
}

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
    /// `zero-warning`.
    pub zero_warning: bool,
    /// `pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `user` or `uid`.
    pub uid: Option<u32>,
    /// `group` or `gid`.
    pub gid: Option<u32>,
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
    /// `h1-case-adjust from to` pairs, `h1-case-adjust-file` included.
    pub h1_case_adjust: Vec<(String, String)>,
    /// `server-state-base`, `server-state-file` are refused until their issue.
    pub tune: Tune,
    /// `ssl-default-*`, `crt-base`, `ca-base`, `ssl-server-verify`.
    pub ssl: GlobalSsl,
    /// `default-path` mode; applied while reading.
    pub default_path: Option<String>,
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
}

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
    /// `description`.
    pub description: Option<String>,
    /// `disabled`.
    pub disabled: bool,
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
    /// `http-request` rules, in order.
    pub http_request_rules: Vec<HttpRule>,
    /// `http-response` rules, in order.
    pub http_response_rules: Vec<HttpRule>,
    /// `timeout ...`.
    pub timeouts: Timeouts,
    /// `option ...` and related switches.
    pub options: ProxyOptions,
    /// `log` targets; `log global` copies the global ones when the topology is built.
    pub logs: Vec<ProxyLog>,
    /// `log-format`, or the format `option httplog`, `tcplog` select.
    pub log_format: LogFormatChoice,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// Error replies by status code.
    pub errors: BTreeMap<u16, ErrorReply>,
    /// `balance`.
    pub balance: Balance,
    /// `server` lines.
    pub servers: Vec<ServerConfig>,
    /// `fullconn`.
    pub fullconn: Option<u32>,
    /// `retries`, default 3.
    pub retries: Option<u32>,
    /// `option redispatch [n]`: 0 or `None` off, negative counts from the last retry.
    pub redispatch: Option<i32>,
    /// `http-reuse`.
    pub http_reuse: Option<HttpReuse>,
    /// `max-keep-alive-queue`.
    pub max_keep_alive_queue: Option<i32>,
    /// `source` of the backend.
    pub source: Option<Source>,
    /// `hash-type`, `cookie`, stick rules and the like come with their issues.
    pub dispatch: Option<SocketAddr>,
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

/// What happens to connections after a response (`option httpclose`, `http-server-close`, `http-keep-alive`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// `option http-keep-alive`, the default.
    #[default]
    KeepAlive,
    /// `option http-server-close`.
    ServerClose,
    /// `option httpclose`.
    Close,
}

/// Switches of a proxy. A field is `None` or `false` where nothing was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyOptions {
    /// `option http-keep-alive`, `http-server-close`, `httpclose`.
    pub connection_mode: Option<ConnectionMode>,
    /// `option forwardfor [except net] [header name] [if-none]`.
    pub forwardfor: Option<ForwardedHeader>,
    /// `option originalto [except net] [header name]`.
    pub originalto: Option<ForwardedHeader>,
    /// `option http-pretend-keepalive`.
    pub http_pretend_keepalive: bool,
    /// `option http-no-delay`: what is always done here.
    pub http_no_delay: bool,
    /// `option http-buffer-request`.
    pub http_buffer_request: bool,
    /// `option http-ignore-probes`.
    pub http_ignore_probes: bool,
    /// `option http-restrict-req-hdr-names`.
    pub http_restrict_req_hdr_names: Option<RestrictHeaderNames>,
    /// `option abortonclose`.
    pub abortonclose: bool,
    /// `option accept-invalid-http-request`.
    pub accept_invalid_http_request: bool,
    /// `option accept-invalid-http-response`.
    pub accept_invalid_http_response: bool,
    /// `option allbackups`.
    pub allbackups: bool,
    /// `option nolinger`.
    pub nolinger: bool,
    /// `option clitcpka`.
    pub clitcpka: bool,
    /// `option srvtcpka`.
    pub srvtcpka: bool,
    /// `clitcpka-cnt`, `clitcpka-idle`, `clitcpka-intvl`.
    pub clitcpka_params: KeepAliveParams,
    /// `srvtcpka-cnt`, `srvtcpka-idle`, `srvtcpka-intvl`.
    pub srvtcpka_params: KeepAliveParams,
    /// `option tcp-smart-accept`.
    pub tcp_smart_accept: bool,
    /// `option tcp-smart-connect`.
    pub tcp_smart_connect: bool,
    /// `option splice-auto`.
    pub splice_auto: bool,
    /// `option splice-request`.
    pub splice_request: bool,
    /// `option splice-response`.
    pub splice_response: bool,
    /// `option dontlognull`.
    pub dontlognull: bool,
    /// `option dontlog-normal`.
    pub dontlog_normal: bool,
    /// `option log-separate-errors`.
    pub log_separate_errors: bool,
    /// `option logasap`.
    pub logasap: bool,
    /// `option log-health-checks`.
    pub log_health_checks: bool,
    /// `option independent-streams`.
    pub independent_streams: bool,
    /// `option h1-case-adjust-bogus-client`.
    pub h1_case_adjust_bogus_client: bool,
    /// `option h1-case-adjust-bogus-server`.
    pub h1_case_adjust_bogus_server: bool,
    /// `option tcp-check`, the plain connect check.
    pub tcp_check: bool,
    /// `option transparent`.
    pub transparent: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
}

/// TCP keep-alive parameters of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepAliveParams {
    /// Probes before the connection is dropped.
    pub count: Option<u32>,
    /// Idle time before the first probe.
    pub idle: Option<Duration>,
    /// Time between probes.
    pub interval: Option<Duration>,
}

/// `option forwardfor` and `option originalto`.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardedHeader {
    /// Header to add: `X-Forwarded-For` or `X-Original-To` unless `header` said another.
    pub header: String,
    /// `except`: addresses for which nothing is added.
    pub except: Option<Network>,
    /// `if-none`: only where the request has no such header.
    pub if_none: bool,
}

/// An address and a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The address, host bits included as written.
    pub address: IpAddr,
    /// Number of leading bits that count.
    pub prefix: u8,
}

/// `option http-restrict-req-hdr-names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestrictHeaderNames {
    /// Names with other characters than `[a-zA-Z0-9-]` pass.
    Preserve,
    /// Such headers are removed.
    Delete,
    /// Such requests are answered 403.
    Reject,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpReuse {
    /// Idle server connections are never shared between sessions.
    Never,
    /// The first request of a session always goes over its own connection; the default.
    #[default]
    Safe,
    /// The first request may reuse a connection that has been reused before.
    Aggressive,
    /// Any request may use any idle connection.
    Always,
}

/// Where a socket is bound or connected to: HAProxy's address forms (configuration.txt, section 11 and `bind`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// IPv4 or IPv6 with a port.
    Inet(SocketAddr),
    /// `unix@path`.
    Unix(PathBuf),
    /// `abns@name`.
    Abstract(Vec<u8>),
    /// `fd@n`, `sockpair@n` excluded.
    Fd(i32),
}

/// A `bind` line. One line may name several addresses and port ranges; each is one listener.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Where the line stands.
    pub place: Place,
    /// Every address of the line, port ranges expanded, in order.
    pub addresses: Vec<Address>,
    /// The words after the address.
    pub options: BindOptions,
}

/// Options of `bind` (configuration.txt, section 5.1).
#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `maxconn`.
    pub maxconn: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `transparent`.
    pub transparent: bool,
    /// `mss`, negative values as the manual says.
    pub mss: Option<i32>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<Duration>,
    /// `tfo`.
    pub tfo: bool,
    /// `v4v6`.
    pub v4v6: bool,
    /// `v6only`.
    pub v6only: bool,
    /// `mode` of a UNIX socket.
    pub mode: Option<u32>,
    /// `user`, `uid`.
    pub uid: Option<u32>,
    /// `group`, `gid`.
    pub gid: Option<u32>,
    /// `thread` or `process`: threads (from 1) that accept; empty means all.
    pub threads: Vec<u16>,
    /// `shards`: number of sockets; `None` is ours: one per thread.
    pub shards: Option<Shards>,
    /// `proto h2`, `proto h1`.
    pub proto: Option<Proto>,
    /// `ssl` and its words.
    pub ssl: Option<BindSsl>,
}

/// `shards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// This many sockets.
    Count(u16),
    /// `by-thread`.
    ByThread,
}

/// `proto` on `bind` and `server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proto {
    /// HTTP/1.
    H1,
    /// HTTP/2, in clear with prior knowledge or over TLS without negotiation.
    H2,
}

/// TLS of a `bind` line.
#[derive(Clone, Debug, Default)]
pub struct BindSsl {
    /// `crt` files or directories, in order; the first certificate is the default one.
    pub crt: Vec<PathBuf>,
    /// `alpn`, in order of preference; empty when not set.
    pub alpn: Vec<String>,
    /// `strict-sni`.
    pub strict_sni: bool,
}

/// TLS of a `server` line.
#[derive(Clone, Debug, Default)]
pub struct ServerSsl {
    /// `verify none` (false) or `verify required` (true, the default).
    pub verify: bool,
    /// `ca-file`; `@system-ca` is refused by name until its issue.
    pub ca_file: Option<PathBuf>,
    /// `verifyhost`.
    pub verifyhost: Option<String>,
    /// `sni str(name)`: a constant name only, until the rule language is there.
    pub sni: Option<String>,
    /// `alpn`.
    pub alpn: Vec<String>,
}

/// `use_backend name` without a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseBackend {
    /// Name of the backend.
    pub backend: String,
    /// Where the line stands.
    pub place: Place,
}

/// A rule of `http-request` or `http-response`.
#[derive(Clone, Debug)]
pub struct HttpRule {
    /// What it does.
    pub action: HttpAction,
    /// Where it stands.
    pub place: Place,
}

/// Actions of HTTP rules that exist so far.
#[derive(Clone, Debug)]
pub enum HttpAction {
    /// `allow`.
    Allow,
    /// `return [status ..] [content-type ..] [file|string|errorfile ..] [hdr ..]`.
    Return(Reply),
    /// `deny [deny_status ..] ...`.
    Deny(Reply),
    /// `tarpit [deny_status ..]`.
    Tarpit(Reply),
    /// `redirect location|prefix|scheme ... [code ..] [drop-query] [append-slash] [set-cookie ..] [clear-cookie ..]`.
    Redirect(Redirect),
}

/// A reply made by the proxy (configuration.txt, `http-request return`).
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Status code; the action's own default when not set.
    pub status: Option<u16>,
    /// `content-type`.
    pub content_type: Option<String>,
    /// Where the body comes from.
    pub body: ReplyBody,
    /// `hdr name value`, in order, as plain text.
    pub headers: Vec<(String, String)>,
}

/// The body of a [`Reply`].
#[derive(Clone, Debug, Default)]
pub enum ReplyBody {
    /// Nothing said: the status' error page (`deny`) or an empty body (`return`).
    #[default]
    Default,
    /// `string` or the contents of `file`, read at load time.
    Bytes(Arc<[u8]>),
    /// `errorfile`, `errorfiles name` or `default-errorfiles`: a whole response.
    Error(ErrorReply),
    /// `default-errorfiles` where the proxy has no page of its own for the status: the built-in page.
    BuiltIn,
}

/// `redirect`.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// What the location is made from.
    pub kind: RedirectKind,
    /// `code`: 301, 302 (default), 303, 307, 308.
    pub code: u16,
    /// `drop-query`.
    pub drop_query: bool,
    /// `append-slash`.
    pub append_slash: bool,
    /// `ignore-empty`.
    pub ignore_empty: bool,
    /// `set-cookie NAME[=value]` or `clear-cookie NAME[=]`: the complete `Set-Cookie` value.
    pub set_cookie: Option<String>,
}

/// The three forms of `redirect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `location`: the value is the location.
    Location(String),
    /// `prefix`: the value is put before the path.
    Prefix(String),
    /// `scheme`: the value replaces the scheme.
    Scheme(String),
}

/// A complete response kept ready for a status code (`errorfile`, `http-error`, `http-errors`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReply {
    /// Status code of the response's status line.
    pub status: u16,
    /// Reason of the status line.
    pub reason: String,
    /// Header fields in order, without framing headers (we compute those).
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Arc<[u8]>,
    /// `errorfile CODE /dev/null`: close the connection without any answer.
    pub silent: bool,
}

/// An `http-errors` section.
#[derive(Clone, Debug, Default)]
pub struct HttpErrors {
    /// Its name.
    pub name: String,
    /// Where its header stands.
    pub place: Place,
    /// Replies by status code.
    pub errors: BTreeMap<u16, ErrorReply>,
}

/// `balance`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Nothing said: HAProxy uses round robin (and says `roundrobin`).
    #[default]
    Unset,
    /// `roundrobin`.
    RoundRobin,
    /// `static-rr`.
    StaticRr,
    /// `leastconn`.
    LeastConn,
    /// `first`.
    First,
    /// `source`.
    Source,
    /// `random` or `random(draws)`.
    Random {
        /// How many servers are drawn before the least loaded one is kept, from 1; default 2.
        draws: u32,
    },
}

/// A `server` line with its `default-server` merged in (configuration.txt, section 5.2).
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name, unique in the backend.
    pub name: String,
    /// Where the line stands.
    pub place: Place,
    /// Where to connect.
    pub address: Address,
    /// How the port was written.
    pub port: PortKind,
    /// `id`, or the number given automatically.
    pub id: u32,
    /// `weight`, default 1.
    pub weight: u32,
    /// `backup`.
    pub backup: bool,
    /// `disabled`.
    pub disabled: bool,
    /// `maxconn`, 0 is unlimited.
    pub maxconn: u32,
    /// `minconn`.
    pub minconn: u32,
    /// `maxqueue`, 0 is unlimited.
    pub maxqueue: u32,
    /// `max-reuse`, -1 (default, `None`) is unlimited.
    pub max_reuse: Option<u32>,
    /// `pool-max-conn`, `None` or negative is unlimited.
    pub pool_max_conn: Option<u32>,
    /// `pool-low-conn`.
    pub pool_low_conn: u32,
    /// `pool-purge-delay`, default 5 s.
    pub pool_purge_delay: Option<Duration>,
    /// `check`.
    pub check: bool,
    /// `inter`, default 2 s.
    pub inter: Option<Duration>,
    /// `fastinter`.
    pub fastinter: Option<Duration>,
    /// `downinter`.
    pub downinter: Option<Duration>,
    /// `rise`, default 2.
    pub rise: Option<u32>,
    /// `fall`, default 3.
    pub fall: Option<u32>,
    /// `addr` for checks.
    pub check_addr: Option<IpAddr>,
    /// `port` for checks.
    pub check_port: Option<u16>,
    /// `check-send-proxy`.
    pub check_send_proxy: bool,
    /// `send-proxy` and `send-proxy-v2`.
    pub send_proxy: Option<SendProxy>,
    /// `source`.
    pub source: Option<Source>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<Duration>,
    /// `tfo`.
    pub tfo: bool,
    /// `proto`.
    pub proto: Option<Proto>,
    /// `ssl` and its words.
    pub ssl: Option<ServerSsl>,
    /// `log-proto`, `redir`, `cookie` and the rest come with their issues; `redir` of a server.
    pub redir: Option<String>,
}

/// How the port of a `server` address was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortKind {
    /// A fixed port.
    #[default]
    Fixed,
    /// No port (or 0): the port the client connected to.
    Client,
    /// `+n` or `-n`: the client's port plus this.
    Offset(i32),
}

/// `send-proxy`, `send-proxy-v2` and `proxy-v2-options`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendProxy {
    /// Version 1 or 2.
    pub version: u8,
    /// `set-proxy-v2-tlv-fmt` is newer than 2.6; options of `proxy-v2-options`:
    pub v2: ProxyV2Options,
}

/// Words of `proxy-v2-options`, and what `send-proxy-v2-ssl[-cn]` sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyV2Options {
    /// `ssl`.
    pub ssl: bool,
    /// `cert-cn`.
    pub cert_cn: bool,
    /// `ssl-cipher`.
    pub ssl_cipher: bool,
    /// `cert-sig`.
    pub cert_sig: bool,
    /// `cert-key`.
    pub cert_key: bool,
    /// `authority`.
    pub authority: bool,
    /// `crc32c`.
    pub crc32c: bool,
    /// `unique-id`.
    pub unique_id: bool,
}

/// `source` of a backend or a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Address to bind to; port 0 lets the kernel choose.
    pub address: Option<SocketAddr>,
    /// Last port of a range that starts at the address' port.
    pub port_high: Option<u16>,
    /// `usesrc`.
    pub usesrc: Option<UseSrc>,
    /// `interface`.
    pub interface: Option<String>,
}

/// `usesrc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSrc {
    /// `client`: the client's address and port.
    Client,
    /// `clientip`: the client's address.
    ClientIp,
    /// A fixed address.
    Address(SocketAddr),
}

/// A `log` line of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyLog {
    /// `log global`.
    Global,
    /// A target of its own.
    Target(LogTarget),
}

/// A log target (configuration.txt, `log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// Where lines go.
    pub destination: LogDestination,
    /// `len`, default 1024.
    pub length: u32,
    /// `format`; the destination's default when not set.
    pub format: Option<LogTargetFormat>,
    /// `sample ranges:size`: the ranges (from 1, inclusive) and the size.
    pub sample: Option<LogSample>,
    /// Facility number 0 to 23.
    pub facility: u8,
    /// Most verbose level that is sent, 0 (emerg) to 7 (debug, the default).
    pub level: u8,
    /// Most severe level that is sent as itself; default 0.
    pub minlevel: u8,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogDestination {
    /// `stdout`.
    Stdout,
    /// `stderr`.
    Stderr,
    /// `fd@n`.
    Fd(i32),
    /// UDP.
    Udp(SocketAddr),
    /// UNIX datagram socket.
    Unix(PathBuf),
}

/// `format` of a log target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTargetFormat {
    /// `local`.
    Local,
    /// `rfc3164`, the default of sockets.
    Rfc3164,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`.
    Priority,
    /// `short`.
    Short,
    /// `timed`.
    Timed,
    /// `iso`.
    Iso,
    /// `raw`, the default of stdout and stderr.
    Raw,
}

/// `sample` of a log target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSample {
    /// Inclusive ranges, from 1, in increasing order.
    pub ranges: Vec<(u32, u32)>,
    /// Cycle length.
    pub size: u32,
}

/// Which log format a frontend uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogFormatChoice {
    /// Nothing said: the default "Connect from" line.
    #[default]
    Default,
    /// `option tcplog`.
    Tcp,
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    Clf,
    /// `log-format` text.
    Custom(String),
}

/// A `userlist` section.
#[derive(Clone, Debug, Default)]
pub struct Userlist {
    /// Its name.
    pub name: String,
    /// Where its header stands.
    pub place: Place,
    /// Users in order.
    pub users: Vec<User>,
    /// Groups by name, with the users named on the `group` line.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// A user of a userlist.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password, and whether it is a crypt(3) hash (`password`) or plain (`insecure-password`).
    pub password: Option<UserPassword>,
    /// Groups named on the `user` line.
    pub groups: Vec<String>,
}

/// A user's password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserPassword {
    /// crypt(3) hash.
    Hash(String),
    /// Plain text.
    Plain(String),
}

impl ProxyConfig {
    /// An empty section: what HAProxy makes of one without any line.
    pub fn new(name: String, kind: ProxyKind) -> Self {
        Self {
            name,
            kind,
            place: Default::default(),
            id: Default::default(),
            description: Default::default(),
            disabled: Default::default(),
            mode: Default::default(),
            binds: Default::default(),
            maxconn: Default::default(),
            backlog: Default::default(),
            rate_limit_sessions: Default::default(),
            monitor_uri: Default::default(),
            use_backend: Default::default(),
            default_backend: Default::default(),
            http_request_rules: Default::default(),
            http_response_rules: Default::default(),
            timeouts: Default::default(),
            options: Default::default(),
            logs: Default::default(),
            log_format: Default::default(),
            log_tag: Default::default(),
            errors: Default::default(),
            balance: Default::default(),
            servers: Default::default(),
            fullconn: Default::default(),
            retries: Default::default(),
            redispatch: Default::default(),
            http_reuse: Default::default(),
            max_keep_alive_queue: Default::default(),
            source: Default::default(),
            dispatch: Default::default(),
        }
    }
}

impl ServerConfig {
    /// A server with every option at its default and no address yet.
    pub fn new(name: String) -> Self {
        Self {
            name,
            place: Default::default(),
            address: Address::Inet(SocketAddr::from(([0, 0, 0, 0], 0))),
            port: Default::default(),
            id: Default::default(),
            weight: 1,
            backup: Default::default(),
            disabled: Default::default(),
            maxconn: Default::default(),
            minconn: Default::default(),
            maxqueue: Default::default(),
            max_reuse: Default::default(),
            pool_max_conn: Default::default(),
            pool_low_conn: Default::default(),
            pool_purge_delay: Default::default(),
            check: Default::default(),
            inter: Default::default(),
            fastinter: Default::default(),
            downinter: Default::default(),
            rise: Default::default(),
            fall: Default::default(),
            check_addr: Default::default(),
            check_port: Default::default(),
            check_send_proxy: Default::default(),
            send_proxy: Default::default(),
            source: Default::default(),
            tcp_user_timeout: Default::default(),
            tfo: Default::default(),
            proto: Default::default(),
            ssl: Default::default(),
            redir: Default::default(),
        }
    }
}
