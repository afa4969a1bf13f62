//! What each side is told about its connection, and what becomes of it after the exchange.
//!
//! Observed on HAProxy for every combination of version, Connection field, mode and body; see the table test.

use super::framing::{RequestFraming, ResponseFraming, list_has};
use crate::config::model::ConnectionMode;
use crate::http::message::{BodyLength, Head, Version};

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
    /// The client's connection ends with this exchange whatever it says: a soft stop is under way.
    pub last: bool,
    /// A rule has told the server that its connection ends with this exchange: see [`says_close`].
    pub server_told: bool,
}

impl ConnectionOptions {
    /// Whether the server's connection may outlive the exchange (configuration.txt, section 4, table of modes).
    pub fn server_keep_alive(&self) -> bool {
        self.frontend == ConnectionMode::KeepAlive && self.backend == ConnectionMode::KeepAlive && !self.server_told
    }
}

/// Whether a rule or a page has put `close` into `Connection`: what a peer says of it is no longer in the head by then.
/// The connection that the head goes to is closed then.
pub fn says_close(head: &Head) -> bool {
    head.values("connection").any(|value| list_has(value, b"close"))
}

/// What to tell the server, before its response is known.
pub fn to_server(options: &ConnectionOptions, request: &RequestFraming) -> ConnectionHeader {
    let keep = options.server_keep_alive() || options.pretend_keepalive;
    match (request.version, keep) {
        (_, _) if request.upgrade => ConnectionHeader::Absent,
        (_, _) if options.server_told => ConnectionHeader::Close,
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
    let client_keep = options.frontend != ConnectionMode::Close
        && !options.last
        && request.keep_alive
        && body != BodyLength::UntilClose;
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

/// Whether a 1xx response may go to this client: HTTP/1.0 knows none (RFC 9110, section 15.2).
pub fn forwards_interim(request: Version) -> bool {
    request != Version::Http10
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{Http10 as V10, Http11 as V11};

    fn options(mode: ConnectionMode, pretend: bool) -> ConnectionOptions {
        ConnectionOptions { frontend: mode, backend: mode, pretend_keepalive: pretend, ..Default::default() }
    }

    /// `listen` with the mode in HAProxy 2.6.12; request version; field sent to the server.
    #[test]
    fn what_the_server_is_told() {
        use ConnectionHeader::*;
        use ConnectionMode as M;
        for (mode, pretend, version, expected) in [
            (M::KeepAlive, false, V11, Absent),
            (M::KeepAlive, false, V10, KeepAlive),
            (M::KeepAlive, true, V11, Absent),
            (M::KeepAlive, true, V10, KeepAlive),
            (M::ServerClose, false, V11, Close),
            (M::ServerClose, false, V10, Absent),
            (M::ServerClose, true, V11, Absent),
            (M::ServerClose, true, V10, KeepAlive),
            (M::Close, false, V11, Close),
            (M::Close, false, V10, Absent),
            (M::Close, true, V11, Absent),
            (M::Close, true, V10, KeepAlive),
            (M::Close, false, Version::Http2, Close),
            (M::KeepAlive, false, Version::Http2, Absent),
        ] {
            let request = RequestFraming { version, keep_alive: true, ..Default::default() };
            assert_eq!(to_server(&options(mode, pretend), &request), expected, "{mode:?} {pretend} {version:?}");
        }
        let upgrade = RequestFraming { version: V11, upgrade: true, ..Default::default() };
        assert_eq!(to_server(&options(M::Close, false), &upgrade), Absent);
    }

    /// Mode; request version, kept by the client; response version, kept by the server, length known; then the field
    /// for the client and who keeps its connection.
    #[test]
    fn what_the_client_is_told() {
        use ConnectionHeader::*;
        use ConnectionMode as M;
        type Row = (M, Version, bool, Version, bool, bool, ConnectionHeader, bool, bool);
        let rows: &[Row] = &[
            (M::KeepAlive, V11, true, V11, true, true, Absent, true, true),
            (M::KeepAlive, V11, true, V11, false, true, Absent, true, false),
            (M::KeepAlive, V11, true, V11, true, false, Close, false, false),
            (M::KeepAlive, V11, true, V10, false, true, KeepAlive, true, false),
            (M::KeepAlive, V11, true, V10, true, true, KeepAlive, true, true),
            (M::KeepAlive, V11, true, V10, true, false, Absent, false, false),
            (M::KeepAlive, V11, false, V11, true, true, Close, false, true),
            (M::KeepAlive, V11, false, V10, true, true, Absent, false, true),
            (M::KeepAlive, V10, false, V11, true, true, Close, false, true),
            (M::KeepAlive, V10, false, V10, false, true, Absent, false, false),
            (M::KeepAlive, V10, true, V11, true, true, KeepAlive, true, true),
            (M::KeepAlive, V10, true, V11, true, false, Close, false, false),
            (M::KeepAlive, V10, true, V10, true, true, KeepAlive, true, true),
            (M::KeepAlive, V10, true, V10, true, false, Absent, false, false),
            (M::ServerClose, V11, true, V11, true, true, Absent, true, false),
            (M::ServerClose, V11, false, V11, true, true, Close, false, false),
            (M::ServerClose, V11, true, V10, false, true, KeepAlive, true, false),
            (M::ServerClose, V10, false, V11, true, true, Close, false, false),
            (M::ServerClose, V10, true, V11, true, true, KeepAlive, true, false),
            (M::Close, V11, true, V11, true, true, Close, false, false),
            (M::Close, V11, true, V10, true, true, Absent, false, false),
            (M::Close, V10, true, V11, true, true, Close, false, false),
            (M::Close, V10, true, V10, true, true, Absent, false, false),
        ];
        for row in rows {
            let (mode, req_version, req_keep, resp_version, resp_keep, known, client_header, client_keep, server_keep) =
                *row;
            let request = RequestFraming { version: req_version, keep_alive: req_keep, ..Default::default() };
            let body = if known { BodyLength::Known(2) } else { BodyLength::UntilClose };
            let keep_alive = resp_keep && known;
            let response = ResponseFraming { version: resp_version, keep_alive, body, ..Default::default() };
            let expected = Outcome { client_header, client_keep, server_keep };
            assert_eq!(outcome(&options(mode, false), &request, &response, body), expected, "{row:?}");
        }
    }

    #[test]
    fn the_frontend_alone_closes_the_client() {
        let options = ConnectionOptions { backend: ConnectionMode::Close, ..Default::default() };
        let request = RequestFraming { version: V11, keep_alive: true, ..Default::default() };
        let response = ResponseFraming { version: V11, keep_alive: true, ..Default::default() };
        let outcome = outcome(&options, &request, &response, BodyLength::None);
        assert!(outcome.client_keep && !outcome.server_keep);
        assert_eq!(to_server(&options, &request), ConnectionHeader::Close);
    }

    #[test]
    fn rules_close_connections() {
        let mut head = Head::response(200, b"OK", V11);
        assert!(!says_close(&head));
        head.add(b"connection", b"x-a, Close");
        assert!(says_close(&head));
        let options = ConnectionOptions { server_told: true, pretend_keepalive: true, ..Default::default() };
        let request = RequestFraming { version: V11, keep_alive: true, ..Default::default() };
        assert_eq!(to_server(&options, &request), ConnectionHeader::Close);
        assert!(!options.server_keep_alive());
    }

    #[test]
    fn http_1_0_gets_no_chunks() {
        assert_eq!(client_body(V10, BodyLength::Chunked), BodyLength::UntilClose);
        assert_eq!(client_body(V11, BodyLength::Chunked), BodyLength::Chunked);
    }
}
