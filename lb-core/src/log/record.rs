//! What is known about one stream when its log line is written (configuration.txt, section 8).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::source::RecordSource;

/// Why a stream ended: the first character of the termination state (configuration.txt, section 8.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// `-`: normal.
    #[default]
    Normal = b'-',
    /// `C`: the client closed or reset.
    ClientAbort = b'C',
    /// `c`: a client-side timeout.
    ClientTimeout = b'c',
    /// `S`: the server closed, reset or refused.
    ServerAbort = b'S',
    /// `s`: a server-side timeout.
    ServerTimeout = b's',
    /// `P`: the proxy decided (deny, limit, bad message).
    Proxy = b'P',
    /// `L`: answered locally.
    Local = b'L',
    /// `R`: a resource was exhausted.
    Resource = b'R',
    /// `I`: an internal error.
    Internal = b'I',
    /// `D`: killed because the server went down.
    Down = b'D',
    /// `U`: killed because a better server came up.
    Up = b'U',
    /// `K`: killed by the administrator.
    Killed = b'K',
}

/// Where the stream was when it ended: the second character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// `-`: after the end of the transfer.
    #[default]
    Finished = b'-',
    /// `R`: waiting for the request.
    Request = b'R',
    /// `Q`: in a queue.
    Queue = b'Q',
    /// `C`: connecting to the server.
    Connect = b'C',
    /// `H`: waiting for the response's head.
    Headers = b'H',
    /// `D`: transferring data.
    Data = b'D',
    /// `L`: sending the last data to the client.
    Last = b'L',
    /// `T`: tarpitted.
    Tarpit = b'T',
}

/// Where a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// Over TCP.
    Inet(SocketAddr),
    /// Over a UNIX socket, printed as `unix` and 0.
    Unix,
}

/// Everything a log line may say. Times are `None` where the step was not reached (printed as -1).
#[derive(Clone, Debug, Default)]
pub struct LogRecord {
    /// When the connection was accepted (or, for later requests of a connection, when it became idle), since the epoch.
    pub accept_date: Duration,
    /// When the request's first byte came, since the epoch (`%tr`).
    pub request_date: Duration,
    /// Client address (`%ci:%cp`); `None` for UNIX clients (`unix:1`).
    pub client: Option<SocketAddr>,
    /// Local address of the client connection (`%fi:%fp`).
    pub frontend_address: Option<SocketAddr>,
    /// Address used towards the server (`%bi:%bp`). Found out only where a format prints it.
    pub backend_address: Option<SocketAddr>,
    /// Server address (`%si:%sp`). Likewise.
    pub server_address: Option<ServerAddress>,
    /// Frontend name.
    pub frontend: Arc<str>,
    /// Whether the client connection is TLS (`~` after the frontend's name).
    pub frontend_tls: bool,
    /// Whether the frontend is in `mode http` (the default line says `HTTP` or `TCP`).
    pub frontend_http: bool,
    /// `id` of the listener, printed in place of the ports of UNIX connections (`unix:1`).
    pub listener_id: u32,
    /// Backend name; the frontend's where none was chosen.
    pub backend: Arc<str>,
    /// Server name; `None` prints `<NOSRV>`.
    pub server: Option<Arc<str>>,
    /// `http` mode: whether the record is for an HTTP stream.
    pub http: bool,
    /// Handshakes (`%Th`).
    pub th: Option<Duration>,
    /// Idle before the request (`%Ti`).
    pub ti: Option<Duration>,
    /// To receive the request's head (`%TR`).
    pub tr_request: Option<Duration>,
    /// In queues (`%Tw`).
    pub tw: Option<Duration>,
    /// To connect (`%Tc`).
    pub tc: Option<Duration>,
    /// Until the response's head (`%Tr`).
    pub tr: Option<Duration>,
    /// Data transfer (`%Td`).
    pub td: Option<Duration>,
    /// Active time (`%Ta`), without idle.
    pub ta: Option<Duration>,
    /// Total time (`%Tt`).
    pub tt: Option<Duration>,
    /// With `option logasap`: the line is written early, times and bytes get a `+`.
    pub early: bool,
    /// Status code sent to the client; 0 prints -1.
    pub status: u16,
    /// Bytes sent to the client (`%B`).
    pub bytes_to_client: u64,
    /// Bytes received from the client (`%U`).
    pub bytes_from_client: u64,
    /// First character of the termination state.
    pub cause: Cause,
    /// Second character.
    pub stage: Stage,
    /// Third: persistence cookie of the request, `-` without.
    pub cookie_request: u8,
    /// Fourth: what was done with the response's cookie, `-` without.
    pub cookie_response: u8,
    /// `%ac`: process connections.
    pub actconn: u32,
    /// `%fc`: frontend connections.
    pub feconn: u32,
    /// `%bc`: backend connections.
    pub beconn: u32,
    /// `%sc`: server connections.
    pub srvconn: u32,
    /// `%rc`: retries; printed with `+` when the stream was redispatched.
    pub retries: u32,
    /// Whether it was redispatched to another server.
    pub redispatched: bool,
    /// `%sq`.
    pub server_queue: u32,
    /// `%bq`.
    pub backend_queue: u32,
    /// Request line as received (`%r`): `<BADREQ>` is printed where it is empty.
    pub request_line: Vec<u8>,
    /// `%CC`: the captured request cookie, `name=value`.
    pub cookie_captured_request: Option<Vec<u8>>,
    /// `%CS`: the captured response cookie.
    pub cookie_captured_response: Option<Vec<u8>>,
    /// `%ID`: the unique id.
    pub unique_id: Option<Vec<u8>>,
    /// Captured request headers (`%hr`), already in order; filled by the rules issue.
    pub captured_request: Vec<Option<Vec<u8>>>,
    /// Captured response headers (`%hs`).
    pub captured_response: Vec<Option<Vec<u8>>>,
    /// TLS version and cipher of the client connection.
    pub tls: Option<(&'static str, &'static str)>,
    /// `%rt`: streams of the process before this one. Counted only where a format prints it.
    pub request_counter: u64,
    /// The client sent nothing: what `option dontlognull` keeps out of the logs.
    pub null: bool,
    /// There was no request that could be understood: `error-log-format` is for its line.
    pub refused: bool,
    /// `set-log-level`; the inner `None` is `silent`.
    pub level: Option<Option<u8>>,
}

impl LogRecord {
    /// `%Tq`: handshakes, idle time and the request's head together; unknown without a complete head.
    pub fn query_time(&self) -> Option<Duration> {
        RecordSource::query_time(self)
    }

    /// `%Tu`: total time as the user sees it, without the idle time before the request.
    pub fn user_time(&self) -> Option<Duration> {
        RecordSource::user_time(self)
    }
}
