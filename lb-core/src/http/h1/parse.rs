//! Reading a head: tokens by httparse, then the checks that keep two readers of one message from disagreeing.
//!
//! Strict by default (RFC 9112, sections 2 to 5): lines end with CRLF only, nothing is folded, one Host that agrees
//! with the target. `relaxed` reads what `option accept-invalid-http-request` and
//! `accept-invalid-http-response` let pass.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::relaxed;
use crate::http::host::{HostFault, check_host, normalize};
use crate::http::message::{Head, RawField, RawStart, Version};
use crate::http::uri::Target;

/// Bounds of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `tune.http.maxhdr`: lines of a head, the start line included.
    pub max_headers: usize,
    /// Bytes of a head: `tune.bufsize` without `tune.maxrewrite`.
    pub max_head_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_headers: 101, max_head_size: 16384 - 1024 }
    }
}

impl Limits {
    /// Number of fields that fit.
    pub(super) fn max_fields(&self) -> usize {
        self.max_headers.saturating_sub(1)
    }
}

/// What the bytes read so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole head of `len` bytes, empty lines before it included.
    Complete {
        /// Bytes to drop from the buffer.
        len: usize,
    },
    /// The beginning of a head that may still become valid.
    Partial,
    /// Not a head, and no further byte can make it one.
    Invalid(ParseError),
}

/// Why a head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The request line is not `method SP target SP version`.
    #[error("malformed request line")]
    RequestLine,
    /// The status line is not `version SP 3DIGIT SP [reason]`.
    #[error("malformed status line")]
    StatusLine,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    #[error("unsupported protocol version")]
    Version,
    /// The connection preface of HTTP/2, or a request with its method.
    #[error("HTTP/2 on an HTTP/1 connection")]
    Http2,
    /// A line that ends with LF alone, or a CR that ends none.
    #[error("bare CR or LF")]
    BareLineEnd,
    /// Empty name, a character that is no token character, or white space before the colon or at the line's start.
    #[error("invalid header field name")]
    FieldName,
    /// NUL or another control character in a value.
    #[error("invalid header field value")]
    FieldValue,
    /// More lines than `tune.http.maxhdr`.
    #[error("too many header fields")]
    TooManyFields,
    /// Longer than the buffer.
    #[error("header too large")]
    TooLarge,
    /// A character that no target may hold.
    #[error("invalid character in request target")]
    TargetCharacter,
    /// None of the four forms of RFC 9112, section 3.2, or a form that does not go with the method.
    #[error("invalid request target")]
    Target,
    /// HTTP/1.1 without Host (RFC 9112, section 3.2).
    #[error("missing Host header field")]
    NoHost,
    /// More than one Host.
    #[error("more than one Host header field")]
    RepeatedHost,
    /// A Host that is no `uri-host [ ":" port ]`.
    #[error("invalid Host header field")]
    Host,
    /// Host and the target name different authorities.
    #[error("Host header field disagrees with the request target")]
    HostMismatch,
}

impl ParseError {
    /// Status to answer a request with; what a server sends so is a 502 to its client.
    pub fn status(self) -> u16 {
        400
    }
}

/// How much of the HTTP/2 connection preface (RFC 9113, section 3.4) a buffer begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// Something else: HTTP/1 or garbage.
    No,
    /// Every byte so far matches, more are needed.
    Partial,
    /// All 24 bytes are there.
    Complete,
}

/// Looks for the HTTP/2 preface, to be asked before [`parse_request`] on a listener that speaks both.
pub fn http2_preface(buf: &[u8]) -> Preface {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if buf.starts_with(PREFACE) {
        Preface::Complete
    } else if PREFACE.starts_with(buf) {
        Preface::Partial
    } else {
        Preface::No
    }
}

/// Reads a request head from the start of `buf` into `head`, which is touched only when the head is complete and valid.
///
/// A default port is dropped from an absolute target and its Host, as HAProxy does.
pub fn parse_request(buf: &[u8], limits: &Limits, relaxed: bool, head: &mut Head) -> Parsed {
    let parsed = parse(buf, limits, |bytes| {
        if relaxed {
            relaxed::read_request(bytes, limits, head)
        } else {
            with_headers(limits.max_fields(), |headers| read_request(bytes, headers, head))
        }
    });
    if matches!(parsed, Parsed::Complete { .. }) {
        normalize(head);
    }
    parsed
}

/// Reads a response head from the start of `buf` into `head`, which is touched only when the head is complete and valid.
pub fn parse_response(buf: &[u8], limits: &Limits, relaxed: bool, head: &mut Head) -> Parsed {
    parse(buf, limits, |bytes| {
        if relaxed {
            relaxed::read_response(bytes, limits, head)
        } else {
            with_headers(limits.max_fields(), |headers| read_response(bytes, headers, head))
        }
    })
}

type Headers<'h, 'b> = &'h mut [MaybeUninit<httparse::Header<'b>>];

/// Runs `read` behind the empty lines that may stand before a start line (RFC 9112, section 2.2).
fn parse(buf: &[u8], limits: &Limits, read: impl FnOnce(&[u8]) -> Result<Option<usize>, ParseError>) -> Parsed {
    let mut skipped = 0;
    let mut bytes = buf;
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
        skipped += 2;
    }
    if skipped >= limits.max_head_size.max(2) {
        return Parsed::Invalid(ParseError::TooLarge);
    }
    if bytes.is_empty() || bytes == b"\r" {
        return Parsed::Partial;
    }
    match read(bytes) {
        Ok(Some(len)) if len > limits.max_head_size => Parsed::Invalid(ParseError::TooLarge),
        Ok(Some(len)) => Parsed::Complete { len: skipped + len },
        Ok(None) if bytes.len() >= limits.max_head_size => Parsed::Invalid(ParseError::TooLarge),
        Ok(None) => Parsed::Partial,
        Err(error) => Parsed::Invalid(error),
    }
}

/// Fields that fit in the stack array; `tune.http.maxhdr` above that costs an allocation per head.
const STACK_FIELDS: usize = 128;

fn with_headers<'b, T>(max: usize, read: impl FnOnce(Headers<'_, 'b>) -> T) -> T {
    if max <= STACK_FIELDS {
        let mut array = [const { MaybeUninit::uninit() }; STACK_FIELDS];
        read(array.get_mut(..max).unwrap_or_default())
    } else {
        let mut vec = Vec::with_capacity(max);
        read(vec.spare_capacity_mut().get_mut(..max).unwrap_or_default())
    }
}

fn read_request<'b>(bytes: &'b [u8], headers: Headers<'_, 'b>, head: &mut Head) -> Result<Option<usize>, ParseError> {
    let mut request = httparse::Request::new(&mut []);
    let len = match request.parse_with_uninit_headers(bytes, headers) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => {
            check_partial_start(bytes)?;
            return check_line_ends(bytes).map(|()| None);
        }
        Err(error) => return Err(request_error(error, bytes)),
    };
    check_line_ends(bytes.get(..len).unwrap_or_default())?;
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(ParseError::RequestLine);
    };
    let version = if version == 0 { Version::Http10 } else { Version::Http11 };
    check_request(
        method.as_bytes(),
        target.as_bytes(),
        version,
        false,
        request.headers.iter().map(|h| (h.name.as_bytes(), h.value)),
    )?;
    let start = RawStart::Request {
        method: offsets(bytes, method.as_bytes()),
        target: offsets(bytes, target.as_bytes()),
        version,
    };
    head.fill_iter(bytes.get(..len).unwrap_or_default(), start, raw_fields(bytes, request.headers));
    Ok(Some(len))
}

fn read_response<'b>(bytes: &'b [u8], headers: Headers<'_, 'b>, head: &mut Head) -> Result<Option<usize>, ParseError> {
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let len = match config.parse_response_with_uninit_headers(&mut response, bytes, headers) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return check_line_ends(bytes).map(|()| None),
        Err(error) => return Err(response_error(error)),
    };
    check_line_ends(bytes.get(..len).unwrap_or_default())?;
    let (Some(status), Some(version)) = (response.code, response.version) else {
        return Err(ParseError::StatusLine);
    };
    if status < 100 {
        return Err(ParseError::StatusLine);
    }
    // httparse hides a reason with bytes above 127; they are legal (RFC 9112, section 4), so it is found again here.
    let end = memchr::memchr(b'\r', bytes).unwrap_or(len);
    let start = RawStart::Response {
        status,
        reason: "HTTP/1.1 200 ".len().min(end)..end,
        version: if version == 0 { Version::Http10 } else { Version::Http11 },
    };
    head.fill_iter(bytes.get(..len).unwrap_or_default(), start, raw_fields(bytes, response.headers));
    Ok(Some(len))
}

fn raw_fields(bytes: &[u8], headers: &[httparse::Header<'_>]) -> impl Iterator<Item = RawField> {
    headers
        .iter()
        .map(|header| RawField { name: offsets(bytes, header.name.as_bytes()), value: offsets(bytes, header.value) })
}

/// Where `part`, a subslice of `whole`, lies in it.
pub(super) fn offsets(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if start > whole.len() {
        // An empty value may point anywhere.
        return 0..0;
    }
    start..start + part.len()
}

/// httparse takes a lone LF for a line end; we do not (RFC 9112, section 2.2 lets us choose).
pub(super) fn check_line_ends(bytes: &[u8]) -> Result<(), ParseError> {
    // One pass without a branch: a search for each line end would cost more than all of a short head.
    let behind = bytes.get(1..).unwrap_or_default();
    let bare = |before: u8, byte: u8| (byte == b'\n') & (before != b'\r');
    let found = bytes.iter().zip(behind).fold(false, |found, (before, byte)| found | bare(*before, *byte));
    if found || bytes.first() == Some(&b'\n') { Err(ParseError::BareLineEnd) } else { Ok(()) }
}

/// Refuses at once what httparse would only refuse at the end of the request line.
fn check_partial_start(bytes: &[u8]) -> Result<(), ParseError> {
    let line = bytes.get(..memchr::memchr(b'\r', bytes).unwrap_or(bytes.len())).unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let Some(target) = words.next() else { return Ok(()) };
    if method == b"PRI" {
        return Err(ParseError::Http2);
    }
    if target.iter().all(|byte| is_target_byte(*byte)) { Ok(()) } else { Err(ParseError::TargetCharacter) }
}

/// Everything about a request that the tokens alone do not tell.
pub(super) fn check_request<'a>(
    method: &[u8],
    target: &[u8],
    version: Version,
    relaxed: bool,
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<(), ParseError> {
    if method == b"PRI" {
        return Err(ParseError::Http2);
    }
    let valid = |byte: &u8| is_target_byte(*byte) || (relaxed && (*byte == b'#' || *byte > 0x7f));
    if !target.iter().all(valid) {
        return Err(ParseError::TargetCharacter);
    }
    let target = Target::parse(method, target).map_err(|_| ParseError::Target)?;
    let mut host = None;
    for (name, value) in fields {
        if name.len() == 4 && name.eq_ignore_ascii_case(b"host") && host.replace(value).is_some() {
            return Err(ParseError::RepeatedHost);
        }
    }
    match host {
        None if version == Version::Http10 => Ok(()),
        None => Err(ParseError::NoHost),
        Some(host) => check_host(host, &target).map_err(|fault| match fault {
            HostFault::Syntax => ParseError::Host,
            HostFault::Mismatch => ParseError::HostMismatch,
        }),
    }
}

/// What HAProxy lets pass: visible ASCII without `#`. RFC 3986 knows less, but browsers send `|`, `^`, `{` as they are.
fn is_target_byte(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && byte != b'#'
}

fn request_error(error: httparse::Error, bytes: &[u8]) -> ParseError {
    match error {
        httparse::Error::HeaderName => ParseError::FieldName,
        httparse::Error::HeaderValue => ParseError::FieldValue,
        httparse::Error::NewLine => ParseError::BareLineEnd,
        httparse::Error::TooManyHeaders => ParseError::TooManyFields,
        httparse::Error::Version if bytes.starts_with(b"PRI ") => ParseError::Http2,
        httparse::Error::Version => ParseError::Version,
        _ => ParseError::RequestLine,
    }
}

fn response_error(error: httparse::Error) -> ParseError {
    match error {
        httparse::Error::HeaderName => ParseError::FieldName,
        httparse::Error::HeaderValue => ParseError::FieldValue,
        httparse::Error::NewLine => ParseError::BareLineEnd,
        httparse::Error::TooManyHeaders => ParseError::TooManyFields,
        httparse::Error::Version => ParseError::Version,
        _ => ParseError::StatusLine,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
