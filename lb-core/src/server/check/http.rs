//! Requests and responses of `option httpchk`, over HTTP/1.

use super::environment::Environment;
use super::machine::Received;
use super::script::{default_uri, request_defaults};
use crate::config::model::{CheckRequest, CheckText};
use crate::http::h1::chunked::ChunkedDecoder;
use crate::http::h1::framing::{RequestFraming, response_framing};
use crate::http::h1::parse::{Limits, Parsed, parse_response};
use crate::http::message::{BodyLength, Head, Version};
use crate::sample::variable::Variables;

/// A response as far as it is there.
#[derive(Debug)]
pub(crate) struct Answer {
    raw: Vec<u8>,
    request: RequestFraming,
    /// Its head.
    pub(crate) head: Option<Head>,
    /// Its body, without framing.
    pub(crate) body: Vec<u8>,
    /// It is whole.
    pub(crate) complete: bool,
    /// It is no response, or ended too early.
    pub(crate) broken: bool,
    /// What is left of the body.
    left: Left,
}

#[derive(Debug)]
enum Left {
    Nothing,
    Bytes(u64),
    Chunks(Box<ChunkedDecoder>),
    UntilClose,
}

impl Answer {
    /// Nothing yet, to a request of this method.
    pub(crate) fn new(method: &[u8]) -> Self {
        let request = RequestFraming {
            is_head: method == b"HEAD",
            connect: method == b"CONNECT",
            version: Version::Http11,
            ..RequestFraming::default()
        };
        Self {
            raw: Vec::new(),
            request,
            head: None,
            body: Vec::new(),
            complete: false,
            broken: false,
            left: Left::Nothing,
        }
    }

    /// Takes what came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.complete || self.broken {
            return;
        }
        self.raw.extend_from_slice(bytes);
        if self.head.is_none() && !self.read_head() {
            return;
        }
        self.read_body();
    }

    fn read_head(&mut self) -> bool {
        let blank = self.raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.raw.drain(..blank);
        let mut head = Head::default();
        let limits = Limits { max_head_size: usize::MAX, ..Limits::default() };
        let length = match parse_response(&self.raw, &limits, false, &mut head) {
            Parsed::Complete { len } => len,
            Parsed::Partial => return false,
            Parsed::Invalid(_) => {
                self.broken = true;
                return false;
            }
        };
        self.raw.drain(..length.min(self.raw.len()));
        let body = match response_framing(&head, &self.request) {
            Ok(framing) => framing.body,
            // A 1xx is judged as any other status: nothing is waited for behind it.
            Err(_) if head.status() < 200 => BodyLength::None,
            Err(_) => {
                self.broken = true;
                return false;
            }
        };
        self.left = match body {
            BodyLength::None => Left::Nothing,
            BodyLength::Known(length) => Left::Bytes(length),
            BodyLength::Chunked => Left::Chunks(Box::default()),
            BodyLength::UntilClose => Left::UntilClose,
        };
        self.head = Some(head);
        true
    }

    fn read_body(&mut self) {
        match &mut self.left {
            Left::Nothing => self.complete = true,
            Left::UntilClose => self.body.append(&mut self.raw),
            Left::Bytes(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(self.raw.len());
                self.body.extend(self.raw.drain(..take));
                *left -= take as u64;
                self.complete = *left == 0;
            }
            Left::Chunks(decoder) => match decoder.decode(&mut self.raw) {
                Ok(decoded) => {
                    self.body.extend_from_slice(self.raw.get(decoded.payload).unwrap_or_default());
                    self.raw.drain(..decoded.consumed.min(self.raw.len()));
                    self.complete = decoded.done;
                }
                Err(_) => self.broken = true,
            },
        }
    }

    /// The connection ended.
    pub(crate) fn end(&mut self) {
        match (&self.head, &self.left) {
            (None, _) => self.broken = true,
            // A body that is cut short is judged as far as it came.
            (Some(_), _) => self.complete = true,
        }
    }
}

/// The head and the body of a request.
pub(super) fn build_request(
    request: &CheckRequest,
    send_state: bool,
    environment: &Environment<'_>,
    scopes: (&Variables, &Variables),
) -> (Head, Vec<u8>) {
    let nothing = Received::default();
    let text = |text: &CheckText| match text {
        CheckText::Fixed(text) => text.as_bytes().to_vec(),
        CheckText::Format(format) => environment.text(scopes, &nothing, format),
    };
    let (method, version) = request_defaults(request);
    let version = match version {
        "HTTP/1.0" => Version::Http10,
        version if version.starts_with("HTTP/1.1") || !version.starts_with("HTTP/1.") => Version::Http11,
        _ => Version::Http10,
    };
    let mut target = text(request.uri.as_ref().unwrap_or(&default_uri()));
    let headers: Vec<(&str, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, format)| (name.as_str(), environment.text(scopes, &nothing, format)))
        // What could break the head is left out.
        .filter(|(_, value)| !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)))
        .collect();
    if let Some((_, host)) = headers.iter().find(|(name, _)| *name == "host") {
        target = with_authority(&target, host);
    }
    target.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    let mut head = Head::request(method.as_bytes(), &target, version);
    for (name, value) in &headers {
        head.add(name.as_bytes(), value);
    }
    if send_state {
        head.add(b"x-haproxy-server-state", environment.state().as_bytes());
    }
    (head, request.body.as_ref().map(text).unwrap_or_default())
}

/// An absolute target gets the host for its authority, as HAProxy keeps both the same.
fn with_authority(target: &[u8], host: &[u8]) -> Vec<u8> {
    let Some(at) = target.windows(3).position(|window| window == b"://") else { return target.to_vec() };
    let (scheme, rest) = target.split_at(at + 3);
    let path = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    [scheme, host, rest.get(path..).unwrap_or_default()].concat()
}

/// The bytes of a request for an HTTP/1 server.
pub(super) fn encode(head: &Head, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + body.len());
    let mut add = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
    let version: &[u8] = if head.version() == Version::Http10 { b"HTTP/1.0" } else { b"HTTP/1.1" };
    add(&[head.method(), b" ", head.target(), b" ", version, b"\r\n"]);
    for (name, value) in head.fields() {
        add(&[name, b": ", value, b"\r\n"]);
    }
    if !body.is_empty() {
        add(&[b"content-length: ", body.len().to_string().as_bytes(), b"\r\n"]);
    }
    if head.version() != Version::Http10 && head.value("connection").is_none() {
        add(&[b"connection: close\r\n"]);
    }
    add(&[b"\r\n", body]);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn answer(parts: &[&[u8]], end: bool) -> (Option<u16>, Vec<u8>, bool, bool) {
        let mut answer = Answer::new(b"OPTIONS");
        parts.iter().for_each(|part| answer.feed(part));
        if end {
            answer.end();
        }
        (answer.head.map(|head| head.status()), answer.body, answer.complete, answer.broken)
    }

    #[test]
    fn responses_are_read_as_they_come() {
        let ok = |body: &[u8], complete| (Some(200), body.to_vec(), complete, false);
        assert_eq!(answer(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", b"lo"], false), ok(b"hello", true));
        assert_eq!(answer(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], false), ok(b"hello", false));
        assert_eq!(answer(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], true), ok(b"hello", true));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        assert_eq!(answer(&[chunked], false), ok(b"hello", true));
        let split: Vec<&[u8]> = chunked.chunks(1).collect();
        assert_eq!(answer(&split, false), ok(b"hello", true));
        assert_eq!(answer(&[b"\r\nHTTP/1.0 200 OK\r\n\r\nhel", b"lo"], true), ok(b"hello", true));
        assert_eq!(answer(&[b"HTTP/1.1 200 OK\r\nContent-Len"], true), (None, vec![], false, true));
        assert_eq!(answer(&[b"garbage\r\n\r\n"], false), (None, vec![], false, true));
    }

    #[test]
    fn the_authority_is_the_host() {
        assert_eq!(with_authority(b"http://bar:80/foo", b"foo"), b"http://foo/foo");
        assert_eq!(with_authority(b"/foo", b"foo"), b"/foo");
    }
}
