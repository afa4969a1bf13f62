//! `option ...` and what goes with it.

use std::net::IpAddr;
use std::time::Duration;

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
    /// `option idle-close-on-response`: a soft stop leaves idle connections until their next response.
    pub idle_close_on_response: bool,
    /// `option disable-h2-upgrade`: a client that begins with the preface of HTTP/2 is not understood.
    pub disable_h2_upgrade: bool,
    /// `option http-use-proxy-header`: requests to a proxy are authenticated as such.
    pub http_use_proxy_header: bool,
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
    /// `option checkcache`: responses that caches may store together with their cookies are blocked.
    pub checkcache: bool,
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
    /// `option transparent`.
    pub transparent: bool,
    /// `option socket-stats`.
    pub socket_stats: bool,
    /// `option contstats`: bytes are counted while a stream goes on, not at its end alone.
    pub contstats: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
    /// `persist`: a client with a cookie is sent to its server although that is down.
    pub persist: bool,
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
