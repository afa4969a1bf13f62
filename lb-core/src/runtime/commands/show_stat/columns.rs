//! The columns of `show stat`: HAProxy 2.6.12's, in its order, with what the typed and described forms say of them.

use super::super::typed::Tags;

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Origin, nature and scope of its values.
    pub(super) tags: Tags,
    /// What `desc` says.
    pub(super) about: &'static str,
}

/// Writes the columns and their names here.
macro_rules! columns {
    ($($field:ident $name:literal $tags:literal $about:literal,)*) => {
        /// A column, by its number. Some belong to what cannot be configured yet.
        #[allow(dead_code, reason = "the columns are those of HAProxy, whether or not something fills them")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Field {
            $($field,)*
        }

        /// Every column.
        pub(super) static COLUMNS: &[Column] = &[
            $(Column { name: $name, tags: Tags(*$tags), about: $about },)*
        ];
    };
}

/// The last column of the proxies' own; in CSV a column named `-` divides it from those of their connections.
pub(super) const LAST_OF_PROXY: Field = Field::AggCheckStatus;

#[rustfmt::skip]
columns! {
    Pxname "pxname" b"KNS" "Proxy name",
    Svname "svname" b"KNS" "Server name",
    Qcur "qcur" b"MGP" "Number of current queued connections",
    Qmax "qmax" b"MMP" "Highest value of queued connections encountered since process started",
    Scur "scur" b"MGP" "Number of current sessions on the frontend, backend or server",
    Smax "smax" b"MMP" "Highest value of current sessions encountered since process started",
    Slim "slim" b"CLP" "Frontend/listener/server's maxconn, backend's fullconn",
    Stot "stot" b"MCP" "Total number of sessions since process started",
    Bin "bin" b"MCP" "Total number of request bytes since process started",
    Bout "bout" b"MCP" "Total number of response bytes since process started",
    Dreq "dreq" b"MCP" "Total number of denied requests since process started",
    Dresp "dresp" b"MCP" "Total number of denied responses since process started",
    Ereq "ereq" b"MCP" "Total number of invalid requests since process started",
    Econ "econ" b"MCP" "Total number of failed connections to server since the worker process started",
    Eresp "eresp" b"MCP" "Total number of invalid responses since the worker process started",
    Wretr "wretr" b"MCP" "Total number of server connection retries since the worker process started",
    Wredis "wredis" b"MCP" "Total number of server redispatches due to connection failures since the worker process started",
    Status "status" b"SGP" "Frontend/listen status: OPEN/WAITING/FULL/STOP; backend: UP/DOWN; server: last check status",
    Weight "weight" b"MaP" "Server's effective weight, or sum of active servers' effective weights for a backend",
    Act "act" b"SGP" "Total number of active UP servers with a non-zero weight",
    Bck "bck" b"SGP" "Total number of backup UP servers with a non-zero weight",
    Chkfail "chkfail" b"MCP" "Total number of failed individual health checks per server/backend, since the worker process started",
    Chkdown "chkdown" b"MCP" "Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started",
    Lastchg "lastchg" b"MAP" "How long ago the last server state changed, in seconds",
    Downtime "downtime" b"MCP" "Total time spent in DOWN state, for server or backend",
    Qlimit "qlimit" b"CGS" "Limit on the number of connections in queue, for servers only (maxqueue argument)",
    Pid "pid" b"KGP" "Relative worker process number (1)",
    Iid "iid" b"KGS" "Frontend or Backend numeric identifier ('id' setting)",
    Sid "sid" b"KGS" "Server numeric identifier ('id' setting)",
    Throttle "throttle" b"SGP" "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)",
    Lbtot "lbtot" b"MCP" "Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)",
    Tracked "tracked" b"CNS" "Name of the other server this server tracks for its state",
    Type "type" b"CGS" "Type of the object (Listener, Frontend, Backend, Server)",
    Rate "rate" b"MRP" "Total number of sessions processed by this object over the last second (sessions for listeners/frontends, requests for backends/servers)",
    RateLim "rate_lim" b"CLP" "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)",
    RateMax "rate_max" b"MMP" "Highest value of sessions per second observed since the worker process started",
    CheckStatus "check_status" b"MOP" "Status report of the server's latest health check, prefixed with '*' if a check is currently in progress",
    CheckCode "check_code" b"MOP" "HTTP/SMTP/LDAP status code reported by the latest server health check",
    CheckDuration "check_duration" b"MDP" "Total duration of the latest server health check, in milliseconds",
    Hrsp1xx "hrsp_1xx" b"MCP" "Total number of HTTP responses with status 100-199 returned by this object since the worker process started",
    Hrsp2xx "hrsp_2xx" b"MCP" "Total number of HTTP responses with status 200-299 returned by this object since the worker process started",
    Hrsp3xx "hrsp_3xx" b"MCP" "Total number of HTTP responses with status 300-399 returned by this object since the worker process started",
    Hrsp4xx "hrsp_4xx" b"MCP" "Total number of HTTP responses with status 400-499 returned by this object since the worker process started",
    Hrsp5xx "hrsp_5xx" b"MCP" "Total number of HTTP responses with status 500-599 returned by this object since the worker process started",
    HrspOther "hrsp_other" b"MCP" "Total number of HTTP responses with status <100, >599 returned by this object since the worker process started (error -1 included)",
    Hanafail "hanafail" b"MCP" "",
    ReqRate "req_rate" b"MRP" "Number of HTTP requests processed over the last second on this object",
    ReqRateMax "req_rate_max" b"MMP" "Highest value of http requests observed since the worker process started",
    ReqTot "req_tot" b"MCP" "Total number of HTTP requests processed by this object since the worker process started",
    CliAbrt "cli_abrt" b"MCP" "Total number of requests or connections aborted by the client since the worker process started",
    SrvAbrt "srv_abrt" b"MCP" "Total number of requests or connections aborted by the server since the worker process started",
    CompIn "comp_in" b"MCP" "Total number of bytes submitted to the HTTP compressor for this object since the worker process started",
    CompOut "comp_out" b"MCP" "Total number of bytes emitted by the HTTP compressor for this object since the worker process started",
    CompByp "comp_byp" b"MCP" "Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)",
    CompRsp "comp_rsp" b"MCP" "Total number of HTTP responses that were compressed for this object since the worker process started",
    Lastsess "lastsess" b"MAP" "How long ago some traffic was seen on this object on this worker process, in seconds",
    LastChk "last_chk" b"MOP" "Short description of the latest health check report for this server (see also check_desc)",
    LastAgt "last_agt" b"MOP" "Short description of the latest agent check report for this server (see also agent_desc)",
    Qtime "qtime" b"MaP" "Time spent in the queue, in milliseconds, averaged over the 1024 last requests (backend/server)",
    Ctime "ctime" b"MaP" "Time spent waiting for a connection to complete, in milliseconds, averaged over the 1024 last requests (backend/server)",
    Rtime "rtime" b"MaP" "Time spent waiting for a server response, in milliseconds, averaged over the 1024 last requests (backend/server)",
    Ttime "ttime" b"MaP" "Total request+response time (request+queue+connect+response+processing), in milliseconds, averaged over the 1024 last requests (backend/server)",
    AgentStatus "agent_status" b"MOP" "Status report of the server's latest agent check, prefixed with '*' if a check is currently in progress",
    AgentCode "agent_code" b"MOP" "Status code reported by the latest server agent check",
    AgentDuration "agent_duration" b"MDP" "Total duration of the latest server agent check, in milliseconds",
    CheckDesc "check_desc" b"MOP" "Textual description of the latest health check report for this server",
    AgentDesc "agent_desc" b"MOP" "Textual description of the latest agent check report for this server",
    CheckRise "check_rise" b"CGS" "Number of successful health checks before declaring a server UP (server 'rise' setting)",
    CheckFall "check_fall" b"CGS" "Number of failed health checks before declaring a server DOWN (server 'fall' setting)",
    CheckHealth "check_health" b"CGS" "Current server health check level (0..fall-1=DOWN, fall..rise-1=UP)",
    AgentRise "agent_rise" b"CGS" "Number of successful agent checks before declaring a server UP (server 'rise' setting)",
    AgentFall "agent_fall" b"CGS" "Number of failed agent checks before declaring a server DOWN (server 'fall' setting)",
    AgentHealth "agent_health" b"CGS" "Current server agent check level (0..fall-1=DOWN, fall..rise-1=UP)",
    Addr "addr" b"CGS" "Server's address:port, shown only if show-legends is set, or at levels oper/admin for the CLI",
    Cookie "cookie" b"CNS" "Backend's cookie name or Server's cookie value, shown only if show-legends is set, or at levels oper/admin for the CLI",
    Mode "mode" b"CGS" "'mode' setting (tcp/http/health/cli)",
    Algo "algo" b"CGS" "Backend's load balancing algorithm, shown only if show-legends is set, or at levels oper/admin for the CLI",
    ConnRate "conn_rate" b"MRP" "Number of new connections accepted over the last second on the frontend for this worker process",
    ConnRateMax "conn_rate_max" b"MMP" "Highest value of connections per second observed since the worker process started",
    ConnTot "conn_tot" b"MCP" "Total number of new connections accepted on this frontend since the worker process started",
    Intercepted "intercepted" b"MCP" "Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started",
    Dcon "dcon" b"MCP" "Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started",
    Dses "dses" b"MCP" "Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started",
    Wrew "wrew" b"MCP" "Total number of failed HTTP header rewrites since the worker process started",
    Connect "connect" b"MCP" "Total number of outgoing connection attempts on this backend/server since the worker process started",
    Reuse "reuse" b"MCP" "Total number of reused connection on this backend/server since the worker process started",
    CacheLookups "cache_lookups" b"MCP" "Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started",
    CacheHits "cache_hits" b"MCP" "Total number of HTTP requests not found in the cache on this frontend/backend since the worker process started",
    SrvIcur "srv_icur" b"MGP" "Current number of idle connections available for reuse on this server",
    SrcIlim "src_ilim" b"CLP" "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)",
    QtimeMax "qtime_max" b"MMP" "Maximum observed time spent in the queue, in milliseconds (backend/server)",
    CtimeMax "ctime_max" b"MMP" "Maximum observed time spent waiting for a connection to complete, in milliseconds (backend/server)",
    RtimeMax "rtime_max" b"MMP" "Maximum observed time spent waiting for a server response, in milliseconds (backend/server)",
    TtimeMax "ttime_max" b"MMP" "Maximum observed total request+response time (request+queue+connect+response+processing), in milliseconds (backend/server)",
    Eint "eint" b"MCP" "Total number of internal errors since process started",
    IdleConnCur "idle_conn_cur" b"MGP" "Current number of unsafe idle connections",
    SafeConnCur "safe_conn_cur" b"MGP" "Current number of safe idle connections",
    UsedConnCur "used_conn_cur" b"MGP" "Current number of connections in use",
    NeedConnEst "need_conn_est" b"MGP" "Estimated needed number of connections",
    Uweight "uweight" b"MaP" "Server's user weight, or sum of active servers' user weights for a backend",
    AggServerStatus "agg_server_status" b"MGP" "Backend's aggregated gauge of servers' status",
    AggServerCheckStatus "agg_server_check_status" b"MGP" "Backend's aggregated gauge of servers' state check status",
    AggCheckStatus "agg_check_status" b"MGP" "Backend's aggregated gauge of servers' state check status",
    SslSess "ssl_sess" b"MCP" "Total number of ssl sessions established",
    SslReusedSess "ssl_reused_sess" b"MCP" "Total number of ssl sessions reused",
    SslFailedHandshake "ssl_failed_handshake" b"MCP" "Total number of failed handshake",
    H2HeadersRcvd "h2_headers_rcvd" b"MCP" "Total number of received HEADERS frames",
    H2DataRcvd "h2_data_rcvd" b"MCP" "Total number of received DATA frames",
    H2SettingsRcvd "h2_settings_rcvd" b"MCP" "Total number of received SETTINGS frames",
    H2RstStreamRcvd "h2_rst_stream_rcvd" b"MCP" "Total number of received RST_STREAM frames",
    H2GoawayRcvd "h2_goaway_rcvd" b"MCP" "Total number of received GOAWAY frames",
    H2DetectedConnProtocolErrors "h2_detected_conn_protocol_errors" b"MCP" "Total number of connection protocol errors",
    H2DetectedStrmProtocolErrors "h2_detected_strm_protocol_errors" b"MCP" "Total number of stream protocol errors",
    H2RstStreamResp "h2_rst_stream_resp" b"MCP" "Total number of RST_STREAM sent on detected error",
    H2GoawayResp "h2_goaway_resp" b"MCP" "Total number of GOAWAY sent on detected error",
    H2OpenConnections "h2_open_connections" b"MGP" "Count of currently open connections",
    H2BackendOpenStreams "h2_backend_open_streams" b"MGP" "Count of currently open streams",
    H2TotalConnections "h2_total_connections" b"MCP" "Total number of connections",
    H2BackendTotalStreams "h2_backend_total_streams" b"MCP" "Total number of streams",
    H1OpenConnections "h1_open_connections" b"MGP" "Count of currently open connections",
    H1OpenStreams "h1_open_streams" b"MGP" "Count of currently open streams",
    H1TotalConnections "h1_total_connections" b"MCP" "Total number of connections",
    H1TotalStreams "h1_total_streams" b"MCP" "Total number of streams",
    H1BytesIn "h1_bytes_in" b"MCP" "Total number of bytes received",
    H1BytesOut "h1_bytes_out" b"MCP" "Total number of bytes send",
    H1SplicedBytesIn "h1_spliced_bytes_in" b"MCP" "Total number of bytes received using kernel splicing",
    H1SplicedBytesOut "h1_spliced_bytes_out" b"MCP" "Total number of bytes sendusing kernel splicing",
}
