//! What fetches and converters can see of a stream. Everything is optional: a log line of a connection that never
//! became a request has no request, a check has no client.

use crate::instant::Instant;
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::arg::Arg;
use super::place::Place;
use super::value::Value;
use super::variable::{Scopes, SharedVariables, VariableName, VariableScope};
use crate::http::h1::parse::{Limits, Parsed, parse_request};
use crate::http::message::{Head, Version};
use crate::pattern::set::Set;
use crate::server::Server;
use crate::table::{Table, Tracking};
use crate::topology::{BackendEntry, Frontend, Topology};

/// Bytes of a message that have been received and not been forwarded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Buffered<'a> {
    /// The bytes, without framing.
    pub(crate) bytes: &'a [u8],
    /// No more will come: the message or the connection has ended.
    pub(crate) complete: bool,
    /// As many as there can be.
    pub(crate) full: bool,
    /// Announced by `Content-Length`, with what has been received already.
    pub(crate) announced: Option<u64>,
}

/// What is known of the client's connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientFacts<'a> {
    /// Where the client says it comes from: the PROXY header's or the connection's address, or `set-src`'s.
    pub(crate) source: Option<SocketAddr>,
    /// Where it wanted to go.
    pub(crate) destination: Option<SocketAddr>,
    /// The connection's own addresses, without `set-src` and `set-dst`.
    pub(crate) connection_source: Option<SocketAddr>,
    /// See `connection_source`.
    pub(crate) connection_destination: Option<SocketAddr>,
    /// TLS version and cipher, where it is TLS.
    pub(crate) tls: Option<(&'a str, &'a str)>,
    /// Whether the addresses came in a PROXY header.
    pub(crate) proxied: bool,
    /// The authority field of the PROXY header (`fc_pp_authority`).
    pub(crate) proxy_authority: Option<&'a [u8]>,
    /// The unique ID field of the PROXY header (`fc_pp_unique_id`).
    pub(crate) proxy_unique_id: Option<&'a [u8]>,
    /// It came over a UNIX socket, which is always local.
    pub(crate) unix: bool,
    /// What went wrong with the connection, as the table of `fc_err_str` numbers it; 0 is success.
    pub(crate) error: u8,
    /// The `bind` line: its number and name.
    pub(crate) listener_id: u32,
    /// See `listener_id`.
    pub(crate) listener_name: Option<&'a str>,
    /// Connections of the `bind` line now, this one included (`dst_conn`).
    pub(crate) listener_connections: u32,
    /// 1 or 2 in HTTP.
    pub(crate) http_major: Option<u8>,
    /// The descriptor of the connection, for TCP_INFO.
    pub(crate) fd: Option<i32>,
    /// Whether this is the connection's first request.
    pub(crate) first_request: bool,
}

/// What a converter wants to be kept of the stream (`capture-req`, `capture-res`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    /// In a slot of the request; else of the response.
    pub(crate) request: bool,
    /// Which slot; there is one.
    pub(crate) slot: usize,
    /// What is kept, as far as the slot is long enough.
    pub(crate) text: Vec<u8>,
}

/// What is known of the connection to the server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerFacts {
    /// From where it was made.
    pub(crate) source: Option<SocketAddr>,
    /// Where it leads.
    pub(crate) destination: Option<SocketAddr>,
    /// 1 or 2 in HTTP.
    pub(crate) http_major: Option<u8>,
    /// What went wrong with the last attempt, as the table of `fc_err_str` numbers it; 0 is success. `None` where no
    /// connection was tried.
    pub(crate) error: Option<u8>,
}

/// What was kept of the messages for the log and for later rules (configuration.txt, `capture`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Captures<'a> {
    /// The request line as received: `GET /a HTTP/1.1`. `None`: as the request's head says it.
    pub(crate) request_line: Option<&'a [u8]>,
    /// Stated version of the request. `None`: as its head says it.
    pub(crate) request_version: Option<Version>,
    /// Stated version of the response. `None`: as its head says it.
    pub(crate) response_version: Option<Version>,
    /// Status of the response that the client gets, also where this program made it. `None`: as its head says it.
    pub(crate) status: Option<u16>,
    /// One for each `capture request` line of the frontend and `declare capture request` slot, in their order.
    pub(crate) request: &'a [Option<Vec<u8>>],
    /// The same of the response.
    pub(crate) response: &'a [Option<Vec<u8>>],
}

/// How busy the stream kept its worker.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Activity {
    /// How often it was run, this time included (`cpu_calls`).
    pub(crate) calls: u64,
    /// How long that took in nanoseconds; 0 where nobody measures (`cpu_ns_tot`).
    pub(crate) cpu_ns: u64,
    /// How long it waited to be run after it was woken up; 0 where nobody measures (`lat_ns_tot`).
    pub(crate) latency_ns: u64,
}

/// What rules and the configuration decided about the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings<'a> {
    /// File and line of the rule that ended a rule set (`last_rule_file`).
    pub(crate) last_rule: Option<(&'a str, u32)>,
    /// `set-priority-class`.
    pub(crate) priority_class: i64,
    /// `set-priority-offset`.
    pub(crate) priority_offset: i64,
    /// `timeout server` of the stream, where `set-timeout` or the backend gives one.
    pub(crate) server_timeout: Option<Duration>,
    /// The same of `timeout tunnel`.
    pub(crate) tunnel_timeout: Option<Duration>,
}

/// What few expressions ask for: it is put together when they do.
pub(crate) trait Facts {
    /// The client's connection.
    fn client(&self) -> ClientFacts<'_>;

    /// The connection to the server.
    fn connection(&self) -> ServerFacts {
        ServerFacts::default()
    }

    /// What was captured.
    fn captures(&self) -> Captures<'_> {
        Captures::default()
    }

    /// What was decided about the stream.
    fn settings(&self) -> Settings<'_> {
        Settings::default()
    }

    /// How busy the stream kept its worker.
    fn activity(&self) -> Activity {
        Activity::default()
    }
}

/// Facts that are there already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) client: ClientFacts<'a>,
    pub(crate) connection: ServerFacts,
    pub(crate) captures: Captures<'a>,
    pub(crate) settings: Settings<'a>,
    pub(crate) activity: Activity,
}

impl Facts for Known<'_> {
    fn client(&self) -> ClientFacts<'_> {
        self.client
    }

    fn connection(&self) -> ServerFacts {
        self.connection
    }

    fn captures(&self) -> Captures<'_> {
        self.captures
    }

    fn settings(&self) -> Settings<'_> {
        self.settings
    }

    fn activity(&self) -> Activity {
        self.activity
    }
}

impl fmt::Debug for dyn Facts + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("client", &self.client()).finish_non_exhaustive()
    }
}

/// The head of a request that is looked for among the first bytes of a TCP connection. It is kept once it is whole, as is
/// that there is none: more bytes only follow those that were looked at.
#[derive(Debug, Default)]
pub(crate) struct Peek(OnceCell<Option<Box<Head>>>);

impl Peek {
    /// The head; `Ok(None)` where more bytes are needed.
    fn read(&self, bytes: &[u8], limits: &Limits) -> Result<Option<&Head>, NotHttp> {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        if self.0.get().is_none() {
            let mut head = Head::default();
            let found = if PREFACE.starts_with(bytes) && bytes.len() < PREFACE.len() {
                return Ok(None);
            } else if bytes.starts_with(PREFACE) {
                Some(Head::request(b"PRI", b"*", Version::Http2))
            } else {
                match parse_request(bytes, limits, false, &mut head) {
                    Parsed::Complete { .. } => Some(head),
                    Parsed::Partial => return Ok(None),
                    Parsed::Invalid(_) => None,
                }
            };
            let _ = self.0.set(found.map(Box::new));
        }
        self.0.get().and_then(Option::as_deref).map(Some).ok_or(NotHttp)
    }
}

/// The bytes are no request.
struct NotHttp;

/// What an expression is evaluated in.
#[derive(Debug, Default)]
pub(crate) struct Context<'a> {
    /// Which rules are being judged.
    pub(crate) place: Place,
    /// Time of the wake-up.
    pub(crate) now: Option<Instant>,
    /// Wall-clock time since the epoch, of the same wake-up. `None`: the system is asked.
    pub(crate) date: Option<Duration>,
    /// Time since the start of the instance, in which rates are counted.
    pub(crate) since_start: Duration,
    /// Number of the worker.
    pub(crate) thread: usize,
    /// Whether the instance is about to stop.
    pub(crate) stopping: bool,
    /// All sections.
    pub(crate) topology: Option<&'a Topology>,
    /// Where the client came in.
    pub(crate) frontend: Option<&'a Frontend>,
    /// Where the stream goes.
    pub(crate) backend: Option<&'a BackendEntry>,
    /// The server that was chosen.
    pub(crate) server: Option<&'a Server>,
    /// What is seldom asked for.
    pub(crate) facts: Option<&'a dyn Facts>,
    /// The request's head. In TCP there is none: see `peek`.
    pub(crate) request: Option<&'a Head>,
    /// In TCP, where HTTP is looked for in `request_data`.
    pub(crate) peek: Option<&'a Peek>,
    /// Bounds of the head that is looked for.
    pub(crate) limits: Limits,
    /// The response's head.
    pub(crate) response: Option<&'a Head>,
    /// In HTTP the request's body, in TCP what the client sent.
    pub(crate) request_data: Buffered<'a>,
    /// The same of the response.
    pub(crate) response_data: Buffered<'a>,
    /// The stream's unique identifier, made when first asked for.
    pub(crate) unique_id: Option<&'a [u8]>,
    /// What the stream and its connection track.
    pub(crate) tracking: Option<&'a Tracking>,
    /// Stick tables by the number of their section.
    pub(crate) tables: &'a [Option<Arc<Table>>],
    /// Variables.
    pub(crate) variables: Scopes<'a>,
    /// Patterns of ACLs and maps, where they are not the instance's.
    pub(crate) own_sets: Option<&'a [Arc<Set>]>,
    /// Variables of the process.
    pub(crate) process: Option<&'a SharedVariables>,
    /// Set by a fetch whose answer more data may change: a rule of an inspection waits then.
    pub(crate) may_change: Cell<bool>,
    /// What was captured by converters: for whoever evaluates to keep.
    pub(crate) captured: Option<&'a RefCell<Vec<Capture>>>,
    /// Whether nothing more will be waited for: the inspection's time is over, or these rules never wait.
    pub(crate) last: bool,
}

impl<'a> Context<'a> {
    /// The client's connection.
    pub(crate) fn client(&self) -> ClientFacts<'a> {
        self.facts.map(Facts::client).unwrap_or_default()
    }

    /// The connection to the server.
    pub(crate) fn connection(&self) -> ServerFacts {
        self.facts.map(Facts::connection).unwrap_or_default()
    }

    /// What was captured.
    pub(crate) fn captures(&self) -> Captures<'a> {
        self.facts.map(Facts::captures).unwrap_or_default()
    }

    /// What was decided about the stream.
    pub(crate) fn settings(&self) -> Settings<'a> {
        self.facts.map(Facts::settings).unwrap_or_default()
    }

    /// How busy the stream kept its worker.
    pub(crate) fn activity(&self) -> Activity {
        self.facts.map(Facts::activity).unwrap_or_default()
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &VariableName) -> Option<Value<'static>> {
        match name.scope {
            VariableScope::Proc => self.process?.get(&name.name),
            scope => self.variables.of(scope)?.get(&name.name),
        }
    }

    /// Patterns of ACLs and maps.
    pub(crate) fn sets(&self) -> &'a [Arc<Set>] {
        self.own_sets.or_else(|| self.topology.map(|topology| &*topology.sets)).unwrap_or_default()
    }

    /// A fetch has nothing to say yet.
    pub(crate) fn wait<T>(&self) -> Option<T> {
        self.may_change.set(true);
        None
    }

    /// The same, where there may be more bytes in `data`.
    pub(crate) fn wait_for<T>(&self, data: &Buffered<'_>) -> Option<T> {
        if !data.complete && !data.full {
            self.may_change.set(true);
        }
        None
    }

    /// The request's head. In TCP it is read from what the client sent, if that is HTTP/1.
    pub(crate) fn request_head(&self) -> Option<&'a Head> {
        if self.request.is_some() {
            return self.request;
        }
        match self.peek?.read(self.request_data.bytes, &self.limits) {
            Ok(Some(head)) => Some(head),
            Ok(None) => self.wait_for(&self.request_data),
            Err(NotHttp) => None,
        }
    }

    /// The head that goes in the direction of the rules.
    pub(crate) fn head(&self) -> Option<&'a Head> {
        if self.is_response() { self.response } else { self.request_head() }
    }

    /// The data that goes in the direction of the rules.
    pub(crate) fn data(&self) -> &Buffered<'a> {
        if self.is_response() { &self.response_data } else { &self.request_data }
    }

    /// Whether these rules judge a response.
    pub(crate) fn is_response(&self) -> bool {
        matches!(
            self.place,
            Place::BackendResponse
                | Place::BackendResponseBody
                | Place::BackendResponseContent
                | Place::StickStore
                | Place::FrontendResponse
                | Place::FrontendResponseBody
                | Place::FrontendResponseContent
                | Place::Check
        )
    }

    /// The backend that an argument names.
    pub(crate) fn backend_of(&self, arg: Option<&Arg>) -> Option<&'a BackendEntry> {
        let Some(Arg::Proxy(number)) = arg else { return None };
        let topology = self.topology?;
        topology.backends.get(topology.numbered.get(*number)?.backend?).map(|entry| &**entry)
    }

    /// The frontend that an argument names.
    pub(crate) fn frontend_of(&self, arg: Option<&Arg>) -> Option<&'a Frontend> {
        let Some(Arg::Proxy(number)) = arg else { return None };
        let topology = self.topology?;
        topology.frontends.get(topology.numbered.get(*number)?.frontend?).map(|frontend| &**frontend)
    }

    /// Wall-clock time since the epoch.
    pub(crate) fn date(&self) -> Duration {
        let asked = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        self.date.unwrap_or_else(asked)
    }
}
