//! What fetches and converters can see of a stream. Everything is optional: a log line of a connection that never
//! became a request has no request, a check has no client.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Instant;

use super::place::Place;
use super::value::Value;
use super::variable::{Scopes, SharedVariables, VariableName, VariableScope};
use crate::http::message::Head;
use crate::server::Server;
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
    /// The `bind` line: its number and name.
    pub(crate) listener_id: u32,
    /// See `listener_id`.
    pub(crate) listener_name: Option<&'a str>,
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

/// What an expression is evaluated in.
#[derive(Debug, Default)]
pub(crate) struct Context<'a> {
    /// Which rules are being judged.
    pub(crate) place: Place,
    /// Time of the wake-up.
    pub(crate) now: Option<Instant>,
    /// All sections.
    pub(crate) topology: Option<&'a Topology>,
    /// Where the client came in.
    pub(crate) frontend: Option<&'a Frontend>,
    /// Where the stream goes.
    pub(crate) backend: Option<&'a BackendEntry>,
    /// The server that was chosen.
    pub(crate) server: Option<&'a Server>,
    /// The client's connection.
    pub(crate) client: ClientFacts<'a>,
    /// The request's head.
    pub(crate) request: Option<&'a Head>,
    /// The response's head.
    pub(crate) response: Option<&'a Head>,
    /// In HTTP the request's body, in TCP what the client sent.
    pub(crate) request_data: Buffered<'a>,
    /// The same of the response.
    pub(crate) response_data: Buffered<'a>,
    /// The stream's unique identifier, made when first asked for.
    pub(crate) unique_id: Option<&'a [u8]>,
    /// Variables.
    pub(crate) variables: Scopes<'a>,
    /// Variables of the process.
    pub(crate) process: Option<&'a SharedVariables>,
    /// Set by a fetch whose answer more data may change: a rule of an inspection waits then.
    pub(crate) may_change: Cell<bool>,
    /// What was captured by converters: for whoever evaluates to keep.
    pub(crate) captured: RefCell<Vec<Capture>>,
    /// Whether nothing more will be waited for.
    pub(crate) last: bool,
}

impl<'a> Context<'a> {
    /// The value of a variable.
    pub(crate) fn variable(&self, name: &VariableName) -> Option<Value<'static>> {
        match name.scope {
            VariableScope::Proc => self.process?.get(&name.name),
            scope => self.variables.of(scope)?.get(&name.name),
        }
    }

    /// A fetch has nothing to say yet.
    pub(crate) fn wait<T>(&self) -> Option<T> {
        self.may_change.set(true);
        None
    }

    /// The head that goes in the direction of the rules: the response's where there is one.
    pub(crate) fn head(&self) -> Option<&'a Head> {
        match self.place {
            Place::BackendResponse
            | Place::BackendResponseBody
            | Place::BackendResponseContent
            | Place::StickStore
            | Place::FrontendResponse
            | Place::FrontendResponseBody
            | Place::FrontendResponseContent
            | Place::Check => self.response,
            _ => self.request,
        }
    }
}
