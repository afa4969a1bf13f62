//! Decoded header lists to heads.

use std::ops::Range;

use super::{Malformed, is_target_byte, is_value, lower};
use crate::http::h2::hpack::list_size;
use crate::http::host::normalize;
use crate::http::uri::{Authority, Target};
use crate::http::{BodyLength, Head, Version};

/// What a header block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// The head of a request.
    #[default]
    Request,
    /// The head of a response, final or interim.
    Response,
    /// Fields behind a body.
    Trailers,
}

/// Builds one head after the other; what it needs meanwhile is allocated once.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    kind: MessageKind,
    max_fields: usize,
    max_list: usize,
    head: Head,
    /// Pseudo-header fields of a request.
    text: Vec<u8>,
    method: Option<Range<usize>>,
    scheme: Option<Range<usize>>,
    authority: Option<Range<usize>>,
    path: Option<Range<usize>>,
    /// What a stream is to be made a tunnel for (RFC 8441, section 4).
    protocol: Option<Range<usize>>,
    status: Option<u16>,
    /// A regular field has come.
    started: bool,
    host: bool,
    /// The authority has a port, which may say nothing.
    port: bool,
    crumbs: Vec<u8>,
    content_length: Option<u64>,
    fields: usize,
    list: usize,
    fault: Option<Malformed>,
}

impl HeadReader {
    /// A reader of heads with at most so many fields, and so many bytes as RFC 9113, section 6.5.2 counts them.
    pub(crate) fn new(max_fields: usize, max_list: usize) -> Self {
        Self { max_fields, max_list, ..Self::default() }
    }

    /// Starts a message. `head` is overwritten.
    pub(crate) fn begin(&mut self, kind: MessageKind, head: Head) {
        self.kind = kind;
        self.head = head;
        self.head.clear();
        self.text.clear();
        self.crumbs.clear();
        (self.method, self.scheme, self.authority, self.path, self.protocol) = (None, None, None, None, None);
        (self.status, self.content_length, self.fault) = (None, None, None);
        (self.started, self.host, self.port) = (false, false, false);
        (self.fields, self.list) = (0, 0);
    }

    /// Takes the next field. After a fault the rest is only decoded.
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) {
        self.list = self.list.saturating_add(list_size(name, value));
        if self.fault.is_some() {
            return;
        }
        let taken = if self.list > self.max_list {
            Err("header list too large")
        } else if name.first() == Some(&b':') {
            self.pseudo(name, value)
        } else {
            self.regular(name, value)
        };
        self.fault = taken.err();
    }

    fn pseudo(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        if self.started {
            return Err("pseudo-header field behind a regular one");
        }
        let place = match (self.kind, name) {
            (MessageKind::Request, b":method") => &mut self.method,
            (MessageKind::Request, b":scheme") => &mut self.scheme,
            (MessageKind::Request, b":authority") => &mut self.authority,
            (MessageKind::Request, b":path") => &mut self.path,
            (MessageKind::Request, b":protocol") => &mut self.protocol,
            (MessageKind::Response, b":status") => {
                let status = match value {
                    [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                        u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
                    }
                    _ => return Err("invalid :status"),
                };
                // RFC 9113, section 8.6.
                if status == 101 {
                    return Err("101 over HTTP/2");
                }
                return if self.status.replace(status).is_some() {
                    Err("repeated pseudo-header field")
                } else {
                    Ok(())
                };
            }
            _ => return Err("unknown pseudo-header field"),
        };
        let start = self.text.len();
        self.text.extend_from_slice(value);
        if place.replace(start..self.text.len()).is_some() {
            return Err("repeated pseudo-header field");
        }
        Ok(())
    }

    fn regular(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        if !self.started {
            self.start()?;
        }
        if name.is_empty() || !name.iter().all(|byte| lower(*byte) == *byte && *byte != 0) {
            return Err("invalid field name");
        }
        // RFC 9113, section 8.2.1 forbids blanks around a value; HAProxy lets them pass, and without them nobody can
        // take the value for another.
        let value = trim_blanks(value);
        if !is_value(value) {
            return Err("invalid field value");
        }
        self.fields += 1;
        if self.fields > self.max_fields {
            return Err("too many header fields");
        }
        let request = self.kind == MessageKind::Request;
        match name {
            b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
                return Err("connection-specific field");
            }
            b"te" if !value.eq_ignore_ascii_case(b"trailers") => return Err("te other than trailers"),
            b"host" if request => return self.host(value),
            b"cookie" if request => {
                if !self.crumbs.is_empty() {
                    self.crumbs.extend_from_slice(b"; ");
                }
                self.crumbs.extend_from_slice(value);
                return Ok(());
            }
            b"content-length" if self.kind != MessageKind::Trailers => self.length(value)?,
            _ => {}
        }
        self.head.add_lower_case(name, value);
        Ok(())
    }

    /// The start line, once all pseudo-header fields are here.
    fn start(&mut self) -> Result<(), Malformed> {
        self.started = true;
        match self.kind {
            MessageKind::Trailers => Ok(()),
            MessageKind::Response => {
                let status = self.status.ok_or("no :status")?;
                self.head.start_response(status, b"", Version::Http2);
                Ok(())
            }
            MessageKind::Request => {
                let method = slice(&self.text, self.method.as_ref()).ok_or("no :method")?;
                if method.is_empty() || !method.iter().all(|byte| lower(*byte) != 0) {
                    return Err("invalid :method");
                }
                let method = match self.protocol.is_some() {
                    true => self.upgraded(method)?,
                    false => method,
                };
                self.head.start_request(method, b"", Version::Http2);
                if self.authority.is_some() {
                    self.target()?;
                }
                let authority = slice(&self.text, self.authority.as_ref()).unwrap_or_default();
                self.head.add(b"host", authority);
                Ok(())
            }
        }
    }

    /// Extended CONNECT becomes the request of HTTP/1 that asks for the same: GET, with the protocol in `Upgrade` once all
    /// fields are here.
    fn upgraded(&self, method: &[u8]) -> Result<&'static [u8], Malformed> {
        let protocol = slice(&self.text, self.protocol.as_ref()).unwrap_or_default();
        if method != b"CONNECT" {
            return Err(":protocol without CONNECT");
        }
        if self.authority.is_none() {
            return Err("extended CONNECT without :authority");
        }
        // RFC 9110, section 7.8; one of them, of which HTTP/2 itself is none.
        let mut parts = protocol.split(|byte| *byte == b'/');
        let is_token = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| lower(*byte) != 0);
        if !parts.by_ref().take(2).all(is_token) || parts.next().is_some() || protocol.eq_ignore_ascii_case(b"h2c") {
            return Err("invalid :protocol");
        }
        Ok(b"GET")
    }

    /// Whether the message is an extended CONNECT.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.protocol.is_some()
    }

    /// The request target: in absolute form, or the authority for CONNECT, or `*`.
    fn target(&mut self) -> Result<(), Malformed> {
        let authority = slice(&self.text, self.authority.as_ref()).ok_or("neither :authority nor host")?;
        if self.head.method() == b"CONNECT" {
            if self.scheme.is_some() || self.path.is_some() {
                return Err("CONNECT with :scheme or :path");
            }
            self.head.set_target(authority);
            self.port = true;
            return Target::parse(b"CONNECT", authority).map(drop).map_err(|_| "invalid request target");
        }
        let scheme = slice(&self.text, self.scheme.as_ref()).ok_or("no :scheme")?;
        let path = slice(&self.text, self.path.as_ref()).ok_or("no :path")?;
        if !is_scheme(scheme) {
            return Err("invalid :scheme");
        }
        // By itself: put together, a part of it could be taken for the path.
        let parsed = Authority::parse(authority).filter(|it| !it.host.is_empty()).ok_or("invalid authority")?;
        self.port = parsed.port.is_some();
        if !path.iter().all(is_target_byte) {
            return Err("invalid character in :path");
        }
        match path.first() {
            Some(b'/') => self.head.set_target_of(&[scheme, b"://", authority, path]),
            Some(b'*') if path.len() == 1 && self.head.method() == b"OPTIONS" => self.head.set_target(path),
            _ => return Err("invalid :path"),
        }
        Ok(())
    }

    /// The one authority of a request: `:authority` and Host must not contradict each other.
    fn host(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if std::mem::replace(&mut self.host, true) {
            return Err("more than one host field");
        }
        match slice(&self.text, self.authority.as_ref()) {
            Some(authority) if authority.eq_ignore_ascii_case(value) => Ok(()),
            Some(_) => Err(":authority and host disagree"),
            None => {
                let start = self.text.len();
                self.text.extend_from_slice(value);
                self.authority = Some(start..self.text.len());
                self.target()?;
                self.head.replace_value("host", value);
                Ok(())
            }
        }
    }

    /// All content-length fields have to agree; what goes on is the first.
    fn length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut length: u64 = 0;
        if value.is_empty() {
            return Err("invalid content-length");
        }
        for byte in value {
            if !byte.is_ascii_digit() {
                return Err("invalid content-length");
            }
            let added = length.checked_mul(10).and_then(|length| length.checked_add(u64::from(byte - b'0')));
            length = added.ok_or("content-length overflows")?;
        }
        match self.content_length.replace(length) {
            Some(known) if known != length => Err("contradicting content-length fields"),
            _ => Ok(()),
        }
    }

    /// The head and how its body ends. `ended`: the block ended the stream. `bodiless`: the response to HEAD.
    pub(crate) fn finish(&mut self, ended: bool, bodiless: bool) -> Result<(Head, BodyLength), Malformed> {
        if self.fault.is_none() && !self.started {
            self.fault = self.start().err();
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.kind == MessageKind::Request && self.authority.is_none() {
            return Err("neither :authority nor host");
        }
        if self.port {
            normalize(&mut self.head);
        }
        // RFC 9113, section 8.2.3: one field towards anything that is not HTTP/2.
        if !self.crumbs.is_empty() {
            self.head.add(b"cookie", &self.crumbs);
        }
        if let Some(protocol) = slice(&self.text, self.protocol.as_ref()) {
            self.head.add(b"upgrade", protocol);
            self.head.add(b"connection", b"upgrade");
        }
        let connect = self.kind == MessageKind::Request && (self.is_upgrade() || self.head.method() == b"CONNECT");
        let bodiless = bodiless || matches!(self.status, Some(100..200 | 204 | 304));
        let length = match (self.content_length, ended) {
            (Some(_), _) if connect => return Err("CONNECT with content-length"),
            (Some(1..), true) if !bodiless => return Err("content-length without a body"),
            (_, true) => BodyLength::None,
            (Some(length), false) => BodyLength::Known(length),
            (None, false) => BodyLength::Chunked,
        };
        Ok((std::mem::take(&mut self.head), length))
    }

    /// The head that nothing became of, for its memory.
    pub(crate) fn take_back(&mut self) -> Head {
        std::mem::take(&mut self.head)
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(scheme: &[u8]) -> bool {
    let follows = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(follows)
}

/// A value without spaces and tabs around it.
fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn slice<'a>(text: &'a [u8], range: Option<&Range<usize>>) -> Option<&'a [u8]> {
    text.get(range?.clone())
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
