//! [`Head`] to and from the types of the `http` crate, as HTTP/2 wants them (RFC 9113, section 8).
//!
//! Order is kept per name. What arrives is judged strictly: the h2 crate has refused bad names, connection-specific
//! fields and misplaced pseudo-header fields already; here follow authority against Host, lengths and counts.

use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri, uri};

use crate::http::{BodyLength, Head, Version};

/// Why a received head is malformed (RFC 9113, section 8.1.1).
pub type Malformed = &'static str;

/// A received request. The target is in absolute form, as the peer's pseudo-header fields state it; CONNECT has its
/// authority. A `host` field always stands first.
pub(super) fn request_head(
    parts: &http::request::Parts,
    ended: bool,
    max_headers: usize,
) -> Result<(Head, BodyLength), Malformed> {
    let fields = &parts.headers;
    if fields.len() > max_headers {
        return Err("too many header fields");
    }
    let authority = authority(parts.uri.authority(), fields)?;
    let connect = parts.method == Method::CONNECT;
    let mut head = Head::request(parts.method.as_str().as_bytes(), b"", Version::Http2);
    if connect {
        if parts.uri.scheme().is_some() {
            return Err("extended CONNECT is not enabled");
        }
        head.set_target(authority);
    } else {
        let scheme = parts.uri.scheme_str().ok_or("no :scheme")?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        if path == "*" {
            head.set_target(b"*");
        } else {
            let mut target = Vec::with_capacity(scheme.len() + 3 + authority.len() + path.len());
            target.extend_from_slice(scheme.as_bytes());
            target.extend_from_slice(b"://");
            target.extend_from_slice(authority);
            target.extend_from_slice(path.as_bytes());
            head.set_target(&target);
        }
    }
    head.add(b"host", authority);
    let mut crumbs = Vec::new();
    for (name, value) in fields {
        match *name {
            http::header::HOST => {}
            http::header::COOKIE => {
                if !crumbs.is_empty() {
                    crumbs.extend_from_slice(b"; ");
                }
                crumbs.extend_from_slice(value.as_bytes());
            }
            _ => head.add(name.as_str().as_bytes(), value.as_bytes()),
        }
    }
    // RFC 9113, section 8.2.3: one field towards anything that is not HTTP/2.
    if !crumbs.is_empty() {
        head.add(b"cookie", &crumbs);
    }
    let length = match (content_length(fields)?, ended) {
        (Some(_), _) if connect => return Err("CONNECT with content-length"),
        (Some(1..), true) => return Err("content-length without a body"),
        (_, true) => BodyLength::None,
        (Some(length), false) => BodyLength::Known(length),
        (None, false) => BodyLength::Chunked,
    };
    Ok((head, length))
}

/// The one authority of a request: `:authority` and Host must not contradict each other.
fn authority<'a>(pseudo: Option<&'a uri::Authority>, fields: &'a HeaderMap) -> Result<&'a [u8], Malformed> {
    let mut hosts = fields.get_all(http::header::HOST).iter().map(HeaderValue::as_bytes);
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err("more than one host field");
    }
    match (pseudo.map(|pseudo| pseudo.as_str().as_bytes()), host) {
        (Some(pseudo), Some(host)) if !pseudo.eq_ignore_ascii_case(host) => Err(":authority and host disagree"),
        (Some(pseudo), _) if pseudo.contains(&b'@') => Err("userinfo in :authority"),
        (Some(pseudo), _) => Ok(pseudo),
        (None, Some(host)) => {
            let valid = uri::Authority::try_from(host).is_ok_and(|host| !host.as_str().contains('@'));
            if valid { Ok(host) } else { Err("invalid host field") }
        }
        (None, None) => Err("neither :authority nor host"),
    }
}

/// A received response head, final or informational.
pub(super) fn response_head(
    parts: &http::response::Parts,
    ended: bool,
    max_headers: usize,
) -> Result<(Head, BodyLength), Malformed> {
    if parts.headers.len() > max_headers {
        return Err("too many header fields");
    }
    let mut head = Head::response(parts.status.as_u16(), b"", Version::Http2);
    for (name, value) in &parts.headers {
        head.add(name.as_str().as_bytes(), value.as_bytes());
    }
    let length = match (content_length(&parts.headers)?, ended) {
        (_, true) => BodyLength::None,
        (Some(length), false) => BodyLength::Known(length),
        (None, false) => BodyLength::Chunked,
    };
    Ok((head, length))
}

/// Received trailers: a head without a start line.
pub(super) fn trailers_head(trailers: &HeaderMap) -> Head {
    let mut head = Head::default();
    for (name, value) in trailers {
        head.add(name.as_str().as_bytes(), value.as_bytes());
    }
    head
}

/// The one length that all content-length fields agree on.
fn content_length(fields: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut length = None;
    for value in fields.get_all(http::header::CONTENT_LENGTH) {
        let value = value.as_bytes();
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err("invalid content-length");
        }
        let parsed = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
        let parsed = parsed.ok_or("content-length overflows")?;
        if length.is_some_and(|known| known != parsed) {
            return Err("contradicting content-length fields");
        }
        length = Some(parsed);
    }
    Ok(length)
}

/// A request to send. `tls` tells the scheme when the target is not in absolute form.
pub(super) fn request_parts(head: &Head, tls: bool) -> Result<http::Request<()>, Malformed> {
    let method = Method::from_bytes(head.method()).map_err(|_| "method that HTTP/2 cannot carry")?;
    let connect = method == Method::CONNECT;
    let target = head.target();
    let host = head.value("host").unwrap_or_default();
    let mut parts = uri::Parts::default();
    if connect {
        parts.authority = Some(uri::Authority::try_from(target).map_err(|_| "invalid CONNECT authority")?);
    } else {
        let (scheme, authority, path) = split_target(target);
        let default = if tls { uri::Scheme::HTTPS } else { uri::Scheme::HTTP };
        parts.scheme = Some(match scheme {
            Some(scheme) => uri::Scheme::try_from(scheme).map_err(|_| "invalid scheme")?,
            None => default,
        });
        // A rewritten Host wins: it names what the server shall see.
        let authority = if host.is_empty() { authority.unwrap_or_default() } else { host };
        // RFC 9113, section 8.3.1: never empty, so a request without any host carries a place holder.
        let authority = if authority.is_empty() { b"localhost" } else { authority };
        parts.authority = Some(uri::Authority::try_from(authority).map_err(|_| "invalid authority")?);
        let path = if path.is_empty() { b"/" } else { path };
        let path = uri::PathAndQuery::try_from(path).map_err(|_| "target that HTTP/2 cannot carry")?;
        parts.path_and_query = Some(path);
    }
    let uri = Uri::from_parts(parts).map_err(|_| "target that HTTP/2 cannot carry")?;
    let mut request = http::Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = fields(head, true)?;
    Ok(request)
}

/// Cuts a request target into scheme, authority and path with query.
///
/// Servers over HTTP/1 are sent the third part: HTTP/2 requests carry all three.
pub fn split_target(target: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    if target.first().is_none_or(|first| matches!(first, b'/' | b'*')) {
        return (None, None, target);
    }
    let Some(colon) = memchr::memmem::find(target, b"://") else { return (None, None, target) };
    let (scheme, rest) = target.split_at(colon);
    let rest = rest.get(3..).unwrap_or_default();
    let path = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    (Some(scheme), Some(authority), path)
}

/// A response to send.
pub(super) fn response_parts(head: &Head) -> Result<http::Response<()>, Malformed> {
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.status()).map_err(|_| "invalid status")?;
    *response.version_mut() = http::Version::HTTP_2;
    *response.headers_mut() = fields(head, false)?;
    Ok(response)
}

/// Trailers to send.
pub(super) fn trailers_map(head: &Head) -> Result<HeaderMap, Malformed> {
    fields(head, false)
}

/// Every field that may travel over HTTP/2, names in lower case. All values share one allocation.
fn fields(head: &Head, request: bool) -> Result<HeaderMap, Malformed> {
    let mut values = BytesMut::with_capacity(head.fields().map(|(_, value)| value.len()).sum());
    for (_, value) in head.fields() {
        values.extend_from_slice(value);
    }
    let mut values: Bytes = values.freeze();
    let nominated = head.value("connection").is_some();
    let mut map = HeaderMap::with_capacity(head.len());
    for (name, value) in head.fields() {
        let value = values.split_to(value.len());
        let name = HeaderName::from_bytes(name).map_err(|_| "field name that HTTP/2 cannot carry")?;
        let dropped = is_connection_specific(&name, &value)
            || (request && name == http::header::HOST)
            || (nominated && is_nominated(head, name.as_str()));
        if !dropped {
            let value = HeaderValue::from_maybe_shared(value).map_err(|_| "field value that HTTP/2 cannot carry")?;
            map.append(name, value);
        }
    }
    Ok(map)
}

/// RFC 9113, section 8.2.2.
fn is_connection_specific(name: &HeaderName, value: &[u8]) -> bool {
    match *name {
        http::header::CONNECTION | http::header::TRANSFER_ENCODING | http::header::UPGRADE => true,
        http::header::TE => !value.eq_ignore_ascii_case(b"trailers"),
        _ => matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings"),
    }
}

/// Whether a Connection field names this one. What a message needs to be understood cannot be named away.
fn is_nominated(head: &Head, name: &str) -> bool {
    let essential = matches!(name, "content-length" | "host" | "te" | "cookie" | "set-cookie" | "authorization");
    !essential
        && head
            .values("connection")
            .flat_map(|list| list.split(|byte| *byte == b','))
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}
