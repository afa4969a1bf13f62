//! Writing a head: names in lower case as HAProxy sends them, framing and connection fields from our own decisions.

use super::connection::ConnectionHeader;
use super::framing::list;
use crate::http::message::{Head, Run, Version};

/// How the body behind a head is delimited, and thus which length field the head gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutFraming {
    /// No length field: no body, or one that ends with the connection.
    #[default]
    None,
    /// `content-length`.
    Length(u64),
    /// `transfer-encoding: chunked`.
    Chunked,
}

impl From<crate::http::message::BodyLength> for OutFraming {
    fn from(body: crate::http::message::BodyLength) -> Self {
        use crate::http::message::BodyLength;
        match body {
            BodyLength::None | BodyLength::UntilClose => Self::None,
            BodyLength::Known(length) => Self::Length(length),
            BodyLength::Chunked => Self::Chunked,
        }
    }
}

/// How to write a head.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncodeOptions<'a> {
    /// The Connection field to add; `close` and `keep-alive` of the message itself are dropped.
    pub connection: ConnectionHeader,
    /// Keep `Upgrade` and its Connection token: the exchange may become (request) or becomes (response) a tunnel.
    pub upgrade: bool,
    /// `h1-case-adjust`, where the proxy has `option h1-case-adjust-bogus-client` or `-server`.
    pub case_adjust: Option<&'a CaseAdjust>,
}

/// The names of `h1-case-adjust` and `h1-case-adjust-file`, ready for look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseAdjust {
    /// Sorted by the lower-case name.
    names: Vec<Adjusted>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Adjusted {
    from: Box<[u8]>,
    to: Box<[u8]>,
}

impl CaseAdjust {
    /// From pairs of lower-case name and name to send.
    pub fn new(pairs: impl IntoIterator<Item = (impl AsRef<[u8]>, impl AsRef<[u8]>)>) -> Self {
        let mut names: Vec<_> = pairs
            .into_iter()
            .map(|(from, to)| Adjusted { from: from.as_ref().into(), to: to.as_ref().into() })
            .collect();
        names.sort();
        Self { names }
    }

    fn adjust(&self, name: &mut [u8]) {
        if let Ok(at) = self.names.binary_search_by(|entry| (*entry.from).cmp(name))
            && let Some(Adjusted { to, .. }) = self.names.get(at)
            && to.len() == name.len()
        {
            name.copy_from_slice(to);
        }
    }
}

/// Appends a request head to `out`.
///
/// HTTP/1.0 stays HTTP/1.0 and every other version becomes HTTP/1.1. Cookie crumbs of an HTTP/2 request are joined
/// (RFC 9113, section 8.2.3), and Host goes first.
pub fn encode_request(head: &Head, framing: OutFraming, options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    out.reserve(head.wire_len() + FRAMING_ROOM);
    out.extend_from_slice(head.method());
    out.push(b' ');
    out.extend_from_slice(origin_form(head));
    match (head.protocol(), head.version()) {
        (Some(protocol), _) => {
            out.push(b' ');
            out.extend_from_slice(protocol);
            out.extend_from_slice(b"\r\n");
        }
        (None, Version::Http10) => out.extend_from_slice(b" HTTP/1.0\r\n"),
        (None, Version::Http11 | Version::Http2) => out.extend_from_slice(b" HTTP/1.1\r\n"),
    }
    encode_fields(head, framing, options, out);
}

/// Appends a response head to `out`.
///
/// The status line keeps the server's version and reason, as HAProxy does; there is no reason in what comes from
/// HTTP/2.
pub fn encode_response(head: &Head, framing: OutFraming, options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    out.reserve(head.wire_len() + FRAMING_ROOM);
    out.extend_from_slice(match head.version() {
        Version::Http10 => b"HTTP/1.0 ",
        Version::Http11 | Version::Http2 => b"HTTP/1.1 ",
    });
    write_decimal(u64::from(head.status()), out);
    out.push(b' ');
    out.extend_from_slice(head.reason());
    out.extend_from_slice(b"\r\n");
    encode_fields(head, framing, options, out);
}

/// The target as an HTTP/1 server is sent it. An HTTP/2 request states its scheme and authority beside the path; the
/// authority is in Host already.
fn origin_form(head: &Head) -> &[u8] {
    if head.version() != Version::Http2 || head.method() == b"CONNECT" {
        return head.target();
    }
    match crate::http::h2::convert::split_target(head.target()).2 {
        b"" => b"/",
        path => path,
    }
}

/// Bytes that our own fields can add.
const FRAMING_ROOM: usize = 128;

fn encode_fields(head: &Head, framing: OutFraming, options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    let from_http2 = head.version() == Version::Http2 && !head.is_response();
    // 426 must say what to upgrade to (RFC 9110, section 15.5.22).
    let upgrade = options.upgrade || head.status() == 426;
    if from_http2 {
        for host in head.values("host") {
            write_field(b"host", host, options, out);
        }
    }
    let mut cookies_written = false;
    let mut framing_written = false;
    let mut run = Run::default();
    for line in head.lines() {
        let (name, value) = (line.name(), line.value());
        let own = match Own::of(name) {
            Own::Cookie | Own::Host if !from_http2 => Own::No,
            Own::Upgrade if upgrade => Own::No,
            own => own,
        };
        if let Own::No = own {
            if options.case_adjust.is_some() || !run.take(&line, out) {
                write_field(name, value, options, out);
            }
            continue;
        }
        run.write(head, out);
        match own {
            Own::Length => {
                // Ours takes the place of the first one, so that the order of the fields stays.
                if !framing_written {
                    framing_written = true;
                    write_framing(framing, options, out);
                }
            }
            Own::Connection => write_list(name, value, options, out, |member| {
                !member.eq_ignore_ascii_case(b"close")
                    && !member.eq_ignore_ascii_case(b"keep-alive")
                    && (upgrade
                        || !(member.eq_ignore_ascii_case(b"upgrade") || member.eq_ignore_ascii_case(b"http2-settings")))
            }),
            Own::Te => write_list(name, value, options, out, |member| member.eq_ignore_ascii_case(b"trailers")),
            Own::Cookie => {
                if !cookies_written {
                    cookies_written = true;
                    write_cookies(head, options, out);
                }
            }
            Own::No | Own::Host | Own::Upgrade | Own::Http2Settings => {}
        }
    }
    run.write(head, out);
    if !framing_written {
        write_framing(framing, options, out);
    }
    match options.connection {
        ConnectionHeader::Absent => {}
        ConnectionHeader::Close => write_field(b"connection", b"close", options, out),
        ConnectionHeader::KeepAlive => write_field(b"connection", b"keep-alive", options, out),
    }
    out.extend_from_slice(b"\r\n");
}

/// Which fields are not simply copied.
enum Own {
    No,
    Length,
    Connection,
    Te,
    Upgrade,
    Http2Settings,
    Cookie,
    Host,
}

impl Own {
    fn of(name: &[u8]) -> Self {
        match name {
            b"te" => Self::Te,
            b"host" => Self::Host,
            b"cookie" => Self::Cookie,
            b"upgrade" => Self::Upgrade,
            b"connection" => Self::Connection,
            b"content-length" | b"transfer-encoding" => Self::Length,
            b"http2-settings" => Self::Http2Settings,
            _ => Self::No,
        }
    }
}

fn write_name(name: &[u8], options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(name);
    if let (Some(table), Some(written)) = (options.case_adjust, out.get_mut(start..)) {
        table.adjust(written);
    }
    out.extend_from_slice(b": ");
}

fn write_field(name: &[u8], value: &[u8], options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    write_name(name, options, out);
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes the members that `keep` lets through, and no field when none is left.
fn write_list(
    name: &[u8],
    value: &[u8],
    options: &EncodeOptions<'_>,
    out: &mut Vec<u8>,
    mut keep: impl FnMut(&[u8]) -> bool,
) {
    let mut any = false;
    for member in list(value).filter(|member| keep(member)) {
        if any {
            out.extend_from_slice(b", ");
        } else {
            write_name(name, options, out);
            any = true;
        }
        out.extend_from_slice(member);
    }
    if any {
        out.extend_from_slice(b"\r\n");
    }
}

fn write_cookies(head: &Head, options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    write_name(b"cookie", options, out);
    for (index, crumb) in head.values("cookie").enumerate() {
        if index > 0 {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(crumb);
    }
    out.extend_from_slice(b"\r\n");
}

fn write_framing(framing: OutFraming, options: &EncodeOptions<'_>, out: &mut Vec<u8>) {
    match framing {
        OutFraming::None => {}
        OutFraming::Length(length) => {
            write_name(b"content-length", options, out);
            write_decimal(length, out);
            out.extend_from_slice(b"\r\n");
        }
        OutFraming::Chunked => write_field(b"transfer-encoding", b"chunked", options, out),
    }
}

fn write_decimal(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut count = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
        count += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse::{Limits, Parsed, parse_request, parse_response};
    use super::*;
    use proptest::prelude::*;

    fn request(text: &[u8]) -> Head {
        let mut head = Head::default();
        assert!(matches!(parse_request(text, &Limits::default(), false, &mut head), Parsed::Complete { .. }));
        head
    }

    fn encoded(head: &Head, framing: OutFraming, options: &EncodeOptions<'_>) -> String {
        let mut out = Vec::new();
        if head.is_response() {
            encode_response(head, framing, options, &mut out);
        } else {
            encode_request(head, framing, options, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_of_ours_replace_those_received() {
        let head = request(
            b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: x-foo, keep-alive, Upgrade, HTTP2-Settings\r\nX-Foo: 1\r\n\
              Upgrade: h2c\r\nHTTP2-Settings: AA\r\nTE: trailers, gzip\r\nTransfer-Encoding: chunked\r\n\
              Keep-Alive: 300\r\nProxy-Connection: close\r\nTrailer: Q\r\nContent-Length: 7\r\n\r\n",
        );
        let rest = "x-foo: 1\r\nte: trailers\r\nFRAMINGkeep-alive: 300\r\nproxy-connection: close\r\ntrailer: Q\r\n";
        let start = "POST /x HTTP/1.1\r\nhost: a\r\nconnection: x-foo\r\n";
        let options = EncodeOptions { connection: ConnectionHeader::Close, ..Default::default() };
        assert_eq!(
            encoded(&head, OutFraming::Chunked, &options),
            format!("{start}{rest}connection: close\r\n\r\n").replace("FRAMING", "transfer-encoding: chunked\r\n")
        );
        assert_eq!(
            encoded(&head, OutFraming::Length(18446744073709551615), &EncodeOptions::default()),
            format!("{start}{rest}\r\n").replace("FRAMING", "content-length: 18446744073709551615\r\n")
        );
        assert_eq!(
            encoded(&head, OutFraming::None, &EncodeOptions::default()),
            format!("{start}{rest}\r\n").replace("FRAMING", "")
        );
    }

    #[test]
    fn lists_that_become_empty_disappear() {
        let head = request(b"GET / HTTP/1.0\r\nConnection: close\r\nTE: gzip\r\nConnection:\r\n\r\n");
        let options = EncodeOptions { connection: ConnectionHeader::KeepAlive, ..Default::default() };
        assert_eq!(encoded(&head, OutFraming::None, &options), "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    }

    #[test]
    fn upgrades_stay_where_wanted() {
        let head = request(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n");
        let options = EncodeOptions { upgrade: true, ..Default::default() };
        assert_eq!(
            encoded(&head, OutFraming::None, &options),
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
        );
        assert_eq!(encoded(&head, OutFraming::None, &EncodeOptions::default()), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        let mut required = Head::response(426, b"No", Version::Http11);
        required.add(b"Connection", b"Upgrade");
        required.add(b"Upgrade", b"foo");
        assert_eq!(
            encoded(&required, OutFraming::Length(0), &EncodeOptions::default()),
            "HTTP/1.1 426 No\r\nconnection: Upgrade\r\nupgrade: foo\r\ncontent-length: 0\r\n\r\n"
        );
    }

    #[test]
    fn case_is_adjusted_for_bogus_peers() {
        let table = CaseAdjust::new([("content-length", "Content-Length"), ("x-a", "X-A"), ("host", "HOST")]);
        let head = request(b"GET / HTTP/1.1\r\nHost: a\r\nx-A: 1\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n");
        let options = EncodeOptions { case_adjust: Some(&table), ..Default::default() };
        assert_eq!(
            encoded(&head, OutFraming::Length(0), &options),
            "GET / HTTP/1.1\r\nHOST: a\r\nX-A: 1\r\nx-b: 2\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn from_http_2() {
        let mut head = Head::request(b"GET", b"/x", Version::Http2);
        for (name, value) in [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("host", "h")] {
            head.add(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(
            encoded(&head, OutFraming::None, &EncodeOptions::default()),
            "GET /x HTTP/1.1\r\nhost: h\r\ncookie: a=1; b=2\r\nx: y\r\n\r\n"
        );
        let head = Head::response(404, b"", Version::Http2);
        assert_eq!(encoded(&head, OutFraming::None, &EncodeOptions::default()), "HTTP/1.1 404 \r\n\r\n");
    }

    #[test]
    fn other_protocols_keep_their_name() {
        let mut head = Head::default();
        let text = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
        assert!(matches!(parse_request(text, &Limits::default(), true, &mut head), Parsed::Complete { .. }));
        let expected = "OPTIONS * RTSP/1.0\r\ncseq: 1\r\n\r\n";
        assert_eq!(encoded(&head, OutFraming::None, &EncodeOptions::default()), expected);
    }

    fn name() -> impl Strategy<Value = String> {
        // Names of our own fields are shorter or do not start with x.
        "x[a-z0-9!#$%&'*+.^_`|~-]{0,20}"
    }

    fn value() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![4 => 0x21u8..0x7f, 1 => 0x80u8..=0xff, 1 => Just(b' ')], 0..40)
            .prop_map(|bytes| super::super::framing::trim(&bytes).to_vec())
    }

    fn fields(head: &Head) -> Vec<(Vec<u8>, Vec<u8>)> {
        head.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            method in "[A-Z]{1,8}",
            path in "/[!-\"$-~]{0,60}",
            added in prop::collection::vec((name(), value()), 0..30),
            relaxed: bool,
        ) {
            prop_assume!(method != "PRI" && method != "CONNECT");
            let mut head = Head::request(method.as_bytes(), path.as_bytes(), Version::Http11);
            head.add(b"host", b"a");
            let mut answer = Head::response(200, b"Fine", Version::Http10);
            for (name, value) in &added {
                head.add(name.as_bytes(), value);
                answer.add(name.as_bytes(), value);
            }
            let mut out = Vec::new();
            encode_request(&head, OutFraming::None, &EncodeOptions::default(), &mut out);
            let mut back = Head::default();
            let parsed = parse_request(&out, &Limits::default(), relaxed, &mut back);
            prop_assert_eq!(parsed, Parsed::Complete { len: out.len() });
            prop_assert_eq!((back.method(), back.target(), back.version()), (head.method(), head.target(), head.version()));
            prop_assert_eq!(fields(&back), fields(&head));

            out.clear();
            encode_response(&answer, OutFraming::None, &EncodeOptions::default(), &mut out);
            let parsed = parse_response(&out, &Limits::default(), relaxed, &mut back);
            prop_assert_eq!(parsed, Parsed::Complete { len: out.len() });
            prop_assert_eq!((back.status(), back.reason(), back.version()), (200, &b"Fine"[..], Version::Http10));
            prop_assert_eq!(fields(&back), fields(&answer));
        }
    }
}
