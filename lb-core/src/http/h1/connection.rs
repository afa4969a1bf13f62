//! What each side is told about its connection, and what becomes of it after the exchange.
//!
//! Observed on HAProxy for every combination of version, Connection field, mode and body; see the table test.

use super::framing::{RequestFraming, ResponseFraming};
use crate::config::model::ConnectionMode;
use crate::http::message::{BodyLength, Version};

/// The Connection field that we add to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionHeader {
    /// None: the version says it.
    #[default]
    Absent,
    /// `connection: close`.
    Close,
    /// `connection: keep-alive`.
    KeepAlive,
}

/// The options that decide, already merged where both sides have a say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// The frontend's mode, which alone decides about the client (configuration.txt, `option httpclose`).
    pub frontend: ConnectionMode,
    /// The backend's mode.
    pub backend: ConnectionMode,
    /// `option http-pretend-keepalive`.
    pub pretend_keepalive: bool,
}

impl ConnectionOptions {
    /// Whether the server's connection may outlive the exchange (configuration.txt, section 4, table of modes).
    pub fn server_keep_alive(&self) -> bool {
        self.frontend == ConnectionMode::KeepAlive && self.backend == ConnectionMode::KeepAlive
    }
}

/// What to tell the server, before its response is known.
pub fn to_server(options: &ConnectionOptions, request: &RequestFraming) -> ConnectionHeader {
    let keep = options.server_keep_alive() || options.pretend_keepalive;
    match (request.version, keep) {
        (_, _) if request.upgrade => ConnectionHeader::Absent,
        (Version::Http10, true) => ConnectionHeader::KeepAlive,
        (Version::Http10, false) | (_, true) => ConnectionHeader::Absent,
        (_, false) => ConnectionHeader::Close,
    }
}

/// What becomes of both connections after a final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The field for the client.
    pub client_header: ConnectionHeader,
    /// Whether the client may send another request.
    pub client_keep: bool,
    /// Whether the server's connection may be reused once the response is complete.
    pub server_keep: bool,
}

/// Decides about both connections. `body` is how the response's body will end towards the client.
pub fn outcome(
    options: &ConnectionOptions,
    request: &RequestFraming,
    response: &ResponseFraming,
    body: BodyLength,
) -> Outcome {
    if response.tunnel {
        return Outcome { client_header: ConnectionHeader::Absent, client_keep: false, server_keep: false };
    }
    if response.interim {
        return Outcome { client_header: ConnectionHeader::Absent, client_keep: true, server_keep: true };
    }
    let client_keep = options.frontend != ConnectionMode::Close && request.keep_alive && body != BodyLength::UntilClose;
    Outcome {
        client_header: to_client(request.version, response.version, client_keep),
        client_keep,
        server_keep: options.server_keep_alive() && response.keep_alive,
    }
}

/// The field for the client, for a response with this version on its status line.
pub fn to_client(request: Version, response: Version, keep: bool) -> ConnectionHeader {
    match (response, keep) {
        (Version::Http10, true) => ConnectionHeader::KeepAlive,
        (Version::Http10, false) => ConnectionHeader::Absent,
        (_, true) if request == Version::Http10 => ConnectionHeader::KeepAlive,
        (_, true) => ConnectionHeader::Absent,
        (_, false) => ConnectionHeader::Close,
    }
}

/// How a response's body ends towards a client of HTTP/1.
///
/// HTTP/1.0 knows no chunks (RFC 9112, section 6.1): there the body ends with the connection.
pub fn client_body(request: Version, body: BodyLength) -> BodyLength {
    match body {
        BodyLength::Chunked if request == Version::Http10 => BodyLength::UntilClose,
        body => body,
    }
}
