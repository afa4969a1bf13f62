//! How a message's body ends and what its sender wants of the connection (RFC 9112, sections 6 and 9).
//!
//! Anything that two readers could take differently is an error, never a guess.

use crate::http::message::{BodyLength, Head, Version};

/// What a request's fields say besides its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestFraming {
    /// How the body ends; [`BodyLength::None`] where no field announces one.
    pub body: BodyLength,
    /// Whether the client can use the connection again.
    pub keep_alive: bool,
    /// Whether a 101 is a legal answer: `Connection: upgrade` with `Upgrade`, no body, and not to `h2c`.
    pub upgrade: bool,
    /// Whether `Upgrade` names `websocket`.
    pub websocket: bool,
    /// `Expect: 100-continue` of an HTTP/1.1 client that announces a body.
    pub expect_continue: bool,
    /// Whether the method is CONNECT, so that a 2xx opens a tunnel.
    pub connect: bool,
    /// Whether the method is HEAD, so that the response has no body.
    pub is_head: bool,
    /// Whether `Connection` has `close` or `keep-alive` among its members (see [`without_persistence`]).
    pub persistence: bool,
    /// Version of the request; HTTP/2 requests count as HTTP/1.1 towards a server.
    pub version: Version,
}

/// What a response's fields say besides its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseFraming {
    /// How the bytes behind the head end.
    pub body: BodyLength,
    /// What the fields announce: differs from `body` after HEAD and for 304, where they describe another response.
    pub announced: BodyLength,
    /// Whether the server's connection can be used again.
    pub keep_alive: bool,
    /// Whether both directions carry raw bytes from here on (101, or 2xx to CONNECT).
    pub tunnel: bool,
    /// Whether another head follows (1xx but 101).
    pub interim: bool,
    /// Whether `Connection` has `close` or `keep-alive` among its members (see [`without_persistence`]).
    pub persistence: bool,
    /// Version of the response.
    pub version: Version,
}

/// Why a message's framing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// Not `1*DIGIT`, a list with different members, or above 2^63 - 1.
    #[error("invalid Content-Length")]
    ContentLength,
    /// Two Content-Length values that differ.
    #[error("conflicting Content-Length")]
    ConflictingContentLength,
    /// Both Transfer-Encoding and Content-Length.
    #[error("both Transfer-Encoding and Content-Length")]
    BothLengths,
    /// Transfer-Encoding whose last coding is not `chunked`, or that repeats it.
    #[error("invalid Transfer-Encoding")]
    TransferEncoding,
    /// Codings before a final `chunked`, which we do not decode.
    #[error("unsupported transfer coding")]
    UnsupportedCoding,
    /// Transfer-Encoding in a version that does not know it.
    #[error("Transfer-Encoding in HTTP/1.0")]
    CodingInHttp10,
    /// 101 to a request that asked for none.
    #[error("unexpected 101 response")]
    UnexpectedUpgrade,
    /// A WebSocket handshake without the field that proves it to be one: `Sec-WebSocket-Key` of a request, which has
    /// 24 characters, or `Sec-WebSocket-Accept` of a response (RFC 6455, section 4).
    #[error("incomplete WebSocket handshake")]
    WebSocketHandshake,
}

impl FramingError {
    /// Status to answer a request with; what a server sends so is a 502 to its client.
    pub fn status(self) -> u16 {
        match self {
            Self::UnsupportedCoding => 422,
            _ => 400,
        }
    }
}

/// Reads the framing of a request (RFC 9112, section 6.3).
pub fn request_framing(head: &Head) -> Result<RequestFraming, FramingError> {
    let fields = Fields::read(head)?;
    let version = head.version();
    let body = match fields.body(version)? {
        BodyLength::UntilClose => BodyLength::None,
        body => body,
    };
    let has_body = !matches!(body, BodyLength::None | BodyLength::Known(0));
    if fields.connection_upgrade && fields.websocket && !has_body && !fields.websocket_key {
        return Err(FramingError::WebSocketHandshake);
    }
    Ok(RequestFraming {
        body,
        keep_alive: fields.keep_alive(version),
        upgrade: fields.connection_upgrade && fields.upgrade && !fields.h2c && !has_body,
        websocket: fields.websocket,
        expect_continue: fields.expect_continue && has_body && version >= Version::Http11,
        connect: head.method() == b"CONNECT",
        is_head: head.method() == b"HEAD",
        persistence: fields.close || fields.connection_keep_alive,
        version,
    })
}

/// Takes `close` and `keep-alive` out of `Connection`: they are about the connection that the message came over, and
/// neither rules nor the other side get to see them, as in HAProxy. A field that has no other members goes.
pub fn without_persistence(head: &mut Head) {
    let is_own = |member: &[u8]| member.eq_ignore_ascii_case(b"close") || member.eq_ignore_ascii_case(b"keep-alive");
    head.remove_if(|name, value| name.eq_ignore_ascii_case(b"connection") && list(value).all(is_own));
    head.map_values("connection", |value| {
        let rest = || list(value).filter(|member| !is_own(member)).collect::<Vec<_>>().join(&b',');
        list(value).any(is_own).then(rest)
    });
}

/// Reads the framing of a response to `request` (RFC 9112, section 6.3).
pub fn response_framing(head: &Head, request: &RequestFraming) -> Result<ResponseFraming, FramingError> {
    let status = head.status();
    let version = head.version();
    let mut framing =
        ResponseFraming { version, interim: (100..200).contains(&status) && status != 101, ..Default::default() };
    if status == 101 {
        if !request.upgrade {
            return Err(FramingError::UnexpectedUpgrade);
        }
        if head.values("upgrade").any(|value| list_has(value, b"websocket"))
            && head.value("sec-websocket-accept").is_none()
        {
            return Err(FramingError::WebSocketHandshake);
        }
        framing.tunnel = true;
        framing.body = BodyLength::UntilClose;
        return Ok(framing);
    }
    let fields = Fields::read(head)?;
    if request.connect && (200..300).contains(&status) {
        // Length fields mean nothing here (RFC 9110, section 9.3.6).
        framing.tunnel = true;
        framing.body = BodyLength::UntilClose;
        return Ok(framing);
    }
    framing.keep_alive = fields.keep_alive(version);
    framing.persistence = fields.close || fields.connection_keep_alive;
    if framing.interim || status == 204 {
        // Neither may carry a length (RFC 9110, sections 8.6 and 15.3.5): what is there is dropped, as HAProxy does.
        framing.keep_alive |= framing.interim;
        return Ok(framing);
    }
    framing.announced = match fields.body(version)? {
        BodyLength::None => BodyLength::UntilClose,
        body => body,
    };
    if request.is_head || status == 304 {
        if framing.announced == BodyLength::UntilClose {
            framing.announced = BodyLength::None;
        }
        return Ok(framing);
    }
    framing.body = framing.announced;
    framing.keep_alive &= framing.body != BodyLength::UntilClose;
    Ok(framing)
}

/// Whether the comma-separated list has this member (any case).
pub fn list_has(value: &[u8], token: &[u8]) -> bool {
    list(value).any(|member| member.eq_ignore_ascii_case(token))
}

/// Members of a comma-separated list, empty ones left out (RFC 9110, section 5.6.1).
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// Without surrounding spaces and tabs.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The fields that frame a message, gathered in one pass.
#[derive(Default)]
struct Fields {
    content_length: Option<u64>,
    coding: Coding,
    close: bool,
    connection_keep_alive: bool,
    connection_upgrade: bool,
    upgrade: bool,
    h2c: bool,
    websocket: bool,
    websocket_key: bool,
    expect_continue: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    Absent,
    Chunked,
    /// Something else than `chunked`.
    Other,
    /// Something else, and then `chunked`.
    OtherThenChunked,
    /// Something behind `chunked`.
    Invalid,
}

impl Fields {
    fn read(head: &Head) -> Result<Self, FramingError> {
        let mut fields = Self::default();
        for (name, value) in head.fields() {
            match name {
                b"expect" => {
                    fields.expect_continue |= value.eq_ignore_ascii_case(b"100-continue");
                }
                b"upgrade" => {
                    fields.upgrade |= list(value).next().is_some();
                    fields.h2c |= list_has(value, b"h2c");
                    fields.websocket |= list_has(value, b"websocket");
                }
                b"connection" => {
                    for member in list(value) {
                        fields.close |= member.eq_ignore_ascii_case(b"close");
                        fields.connection_keep_alive |= member.eq_ignore_ascii_case(b"keep-alive");
                        fields.connection_upgrade |= member.eq_ignore_ascii_case(b"upgrade");
                    }
                }
                b"content-length" => fields.add_content_length(value)?,
                b"sec-websocket-key" => fields.websocket_key |= value.len() == 24,
                b"transfer-encoding" => fields.add_coding(value),
                _ => {}
            }
        }
        Ok(fields)
    }

    /// Equal values in a list or in several fields count once (RFC 9112, section 6.3, rule 5).
    fn add_content_length(&mut self, value: &[u8]) -> Result<(), FramingError> {
        for member in value.split(|byte| *byte == b',') {
            let length = parse_length(trim(member)).ok_or(FramingError::ContentLength)?;
            if self.content_length.is_some_and(|known| known != length) {
                return Err(FramingError::ConflictingContentLength);
            }
            self.content_length = Some(length);
        }
        Ok(())
    }

    fn add_coding(&mut self, value: &[u8]) {
        for member in value.split(|byte| *byte == b',').map(trim) {
            let chunked = member.eq_ignore_ascii_case(b"chunked");
            self.coding = match (self.coding, chunked) {
                (Coding::Absent, true) => Coding::Chunked,
                (Coding::Absent | Coding::Other, false) => Coding::Other,
                (Coding::Other, true) => Coding::OtherThenChunked,
                _ => Coding::Invalid,
            };
        }
    }

    /// [`BodyLength::None`] where nothing is announced.
    fn body(&self, version: Version) -> Result<BodyLength, FramingError> {
        match (self.coding, self.content_length) {
            (Coding::Absent, None) => Ok(BodyLength::None),
            (Coding::Absent, Some(length)) => Ok(BodyLength::Known(length)),
            (_, Some(_)) => Err(FramingError::BothLengths),
            _ if version == Version::Http10 => Err(FramingError::CodingInHttp10),
            (Coding::Chunked, None) => Ok(BodyLength::Chunked),
            (Coding::OtherThenChunked, None) => Err(FramingError::UnsupportedCoding),
            (Coding::Other | Coding::Invalid, None) => Err(FramingError::TransferEncoding),
        }
    }

    /// RFC 9112, section 9.3: `close` wins, then the version decides.
    fn keep_alive(&self, version: Version) -> bool {
        !self.close && (version >= Version::Http11 || self.connection_keep_alive)
    }
}

/// Digits only, at most 2^63 - 1: HAProxy refuses more, and so does every peer that counts in signed numbers.
fn parse_length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let length = digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })?;
    (length <= i64::MAX as u64).then_some(length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use BodyLength as B;
    use FramingError as E;
    use Version::{Http10 as V10, Http11 as V11};

    fn request(version: Version, fields: &[(&str, &str)]) -> Result<RequestFraming, E> {
        let mut head = Head::request(b"POST", b"/", version);
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        request_framing(&head)
    }

    fn response(method: &str, status: u16, version: Version, fields: &[(&str, &str)]) -> Result<ResponseFraming, E> {
        let request = RequestFraming {
            connect: method == "CONNECT",
            is_head: method == "HEAD",
            upgrade: method == "UPGRADE",
            ..Default::default()
        };
        let mut head = Head::response(status, b"", version);
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        response_framing(&head, &request)
    }

    type Named<'a> = &'a [(&'a str, &'a str)];

    const CL: &str = "content-LENGTH";
    const TE: &str = "Transfer-Encoding";

    /// Fields that frame any message, in either direction.
    #[test]
    fn lengths_and_codings() {
        let rows: &[(Named<'_>, Result<B, E>)] = &[
            (&[(CL, "2")], Ok(B::Known(2))),
            (&[(CL, "0")], Ok(B::Known(0))),
            (&[(CL, "002")], Ok(B::Known(2))),
            (&[(CL, "9223372036854775807")], Ok(B::Known(i64::MAX as u64))),
            (&[(CL, "2"), (CL, "2")], Ok(B::Known(2))),
            (&[(CL, "2, 2,2")], Ok(B::Known(2))),
            (&[(CL, "2"), (CL, "3")], Err(E::ConflictingContentLength)),
            (&[(CL, "2, 3")], Err(E::ConflictingContentLength)),
            (&[(CL, "2,")], Err(E::ContentLength)),
            (&[(CL, "")], Err(E::ContentLength)),
            (&[(CL, "+2")], Err(E::ContentLength)),
            (&[(CL, "-2")], Err(E::ContentLength)),
            (&[(CL, "0x2")], Err(E::ContentLength)),
            (&[(CL, "2 2")], Err(E::ContentLength)),
            (&[(CL, "2;")], Err(E::ContentLength)),
            (&[(CL, "\u{662}")], Err(E::ContentLength)),
            (&[(CL, "9223372036854775808")], Err(E::ContentLength)),
            (&[(CL, "18446744073709551616")], Err(E::ContentLength)),
            (&[(CL, "99999999999999999999999999")], Err(E::ContentLength)),
            (&[(TE, "chunked")], Ok(B::Chunked)),
            (&[(TE, "CHUNKED")], Ok(B::Chunked)),
            (&[(TE, "chunked"), (CL, "2")], Err(E::BothLengths)),
            (&[(CL, "2"), (TE, "identity")], Err(E::BothLengths)),
            (&[(TE, "gzip")], Err(E::TransferEncoding)),
            (&[(TE, "identity")], Err(E::TransferEncoding)),
            (&[(TE, "")], Err(E::TransferEncoding)),
            (&[(TE, "gzip, chunked")], Err(E::UnsupportedCoding)),
            (&[(TE, "gzip"), (TE, "chunked")], Err(E::UnsupportedCoding)),
            (&[(TE, "chunked, gzip")], Err(E::TransferEncoding)),
            (&[(TE, "chunked, chunked")], Err(E::TransferEncoding)),
            (&[(TE, "chunked"), (TE, "chunked")], Err(E::TransferEncoding)),
            (&[(TE, "chunked, gzip, chunked")], Err(E::TransferEncoding)),
            (&[(TE, "chunked,")], Err(E::TransferEncoding)),
            (&[(TE, ",chunked")], Err(E::UnsupportedCoding)),
            (&[(TE, "chunked;q=1")], Err(E::TransferEncoding)),
            (&[(TE, "\"chunked\"")], Err(E::TransferEncoding)),
            (&[(TE, "xchunked")], Err(E::TransferEncoding)),
        ];
        for (fields, expected) in rows {
            assert_eq!(request(V11, fields).map(|framing| framing.body), *expected, "{fields:?}");
            assert_eq!(response("GET", 200, V11, fields).map(|framing| framing.body), *expected, "{fields:?}");
        }
        assert_eq!(request(V10, &[(TE, "chunked")]), Err(E::CodingInHttp10));
        assert_eq!(response("GET", 200, V10, &[(TE, "chunked")]), Err(E::CodingInHttp10));
        assert_eq!(request(V11, &[]).unwrap().body, B::None);
        assert_eq!((E::UnsupportedCoding.status(), E::BothLengths.status()), (422, 400));
    }

    #[test]
    fn responses_without_a_body() {
        let length = &[(CL, "5")][..];
        type Row<'a> = (&'a str, u16, Named<'a>, B, B, bool);
        let rows: &[Row<'_>] = &[
            ("GET", 200, length, B::Known(5), B::Known(5), true),
            ("GET", 200, &[], B::UntilClose, B::UntilClose, false),
            ("GET", 205, &[], B::UntilClose, B::UntilClose, false),
            ("HEAD", 200, length, B::None, B::Known(5), true),
            ("HEAD", 200, &[(TE, "chunked")], B::None, B::Chunked, true),
            ("HEAD", 200, &[], B::None, B::None, true),
            ("GET", 304, length, B::None, B::Known(5), true),
            ("GET", 304, &[], B::None, B::None, true),
            ("GET", 204, length, B::None, B::None, true),
            ("GET", 204, &[(TE, "chunked")], B::None, B::None, true),
            ("GET", 100, length, B::None, B::None, true),
            ("GET", 103, &[("Connection", "close")], B::None, B::None, true),
            ("CONNECT", 200, length, B::UntilClose, B::None, false),
            ("CONNECT", 403, length, B::Known(5), B::Known(5), true),
            ("UPGRADE", 101, &[], B::UntilClose, B::None, false),
            ("UPGRADE", 200, length, B::Known(5), B::Known(5), true),
        ];
        for (method, status, fields, body, announced, keep_alive) in rows {
            let framing = response(method, *status, V11, fields).unwrap();
            assert_eq!((framing.body, framing.announced), (*body, *announced), "{method} {status}");
            assert_eq!(framing.keep_alive, *keep_alive, "{method} {status}");
            assert_eq!(framing.tunnel, *body == B::UntilClose && *announced == B::None, "{method} {status}");
            assert_eq!(framing.interim, (100..200).contains(status) && *status != 101);
        }
        assert_eq!(response("GET", 101, V11, &[]), Err(E::UnexpectedUpgrade));
        assert_eq!(response("GET", 304, V11, &[(CL, "x")]), Err(E::ContentLength));
    }

    #[test]
    fn persistence() {
        for (version, value, expected) in [
            (V11, "", true),
            (V11, "close", false),
            (V11, "CLOSE", false),
            (V11, "x, Close ,y", false),
            (V11, "keep-alive", true),
            (V11, "keep-alive, close", false),
            (V11, "closed", true),
            (V10, "", false),
            (V10, "keep-alive", true),
            (V10, "x,Keep-Alive", true),
            (V10, "close", false),
            (Version::Http2, "", true),
        ] {
            assert_eq!(request(version, &[("Connection", value)]).unwrap().keep_alive, expected, "{version:?} {value}");
        }
        let both = &[("Connection", "keep-alive"), ("connection", "close")];
        assert!(!request(V11, both).unwrap().keep_alive);
    }

    #[test]
    fn upgrades() {
        let asks = ("Connection", "keep-alive, Upgrade");
        let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (fields, upgrade, websocket) in [
            (&[asks, ("Upgrade", "WebSocket"), key][..], true, true),
            (&[asks, ("Upgrade", "foo/1, websocket"), key], true, true),
            (&[asks, ("Upgrade", "foo")], true, false),
            (&[asks, ("Upgrade", "")], false, false),
            (&[asks], false, false),
            (&[("Upgrade", "foo")], false, false),
            // A tunnel of HTTP/2 would pass every rule by.
            (&[asks, ("Upgrade", "h2c")], false, false),
            (&[asks, ("Upgrade", "websocket, h2c"), key], false, true),
            (&[asks, ("Upgrade", "foo"), (CL, "0")], true, false),
            // The body would have to end before the tunnel begins.
            (&[asks, ("Upgrade", "foo"), (CL, "2")], false, false),
        ] {
            let framing = request(V11, fields).unwrap();
            assert_eq!((framing.upgrade, framing.websocket), (upgrade, websocket), "{fields:?}");
        }
    }

    #[test]
    fn expectations() {
        let expect = ("Expect", "100-Continue");
        assert!(request(V11, &[expect, (CL, "2")]).unwrap().expect_continue);
        assert!(request(V11, &[expect, (TE, "chunked")]).unwrap().expect_continue);
        assert!(!request(V11, &[expect, (CL, "0")]).unwrap().expect_continue);
        assert!(!request(V10, &[expect, (CL, "2")]).unwrap().expect_continue);
        assert!(!request(V11, &[("Expect", "x"), (CL, "2")]).unwrap().expect_continue);
    }

    #[test]
    fn persistence_is_taken_out_of_connection() {
        for (value, expected) in [
            ("close", None),
            ("Keep-Alive", None),
            ("close, x", Some("x")),
            ("keep-alive, x, close,y", Some("x,y")),
            (",close,,x", Some("x")),
            ("closed,close", Some("closed")),
            ("close;q", Some("close;q")),
        ] {
            let mut head = Head::request(b"GET", b"/", Version::Http11);
            head.add(b"Connection", value.as_bytes());
            without_persistence(&mut head);
            assert_eq!(head.value("connection"), expected.map(str::as_bytes), "{value}");
        }
    }
}
