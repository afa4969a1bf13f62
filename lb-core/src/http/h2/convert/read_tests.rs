//! Requests, responses and trailers, well-formed and malformed.
#![allow(clippy::unwrap_used)]

use super::*;

fn read(kind: MessageKind, fields: &[(&str, &str)], ended: bool) -> Result<(Head, BodyLength), Malformed> {
    let mut reader = HeadReader::new(20, 4096);
    // What the reader did before must not matter.
    reader.begin(MessageKind::Request, Head::default());
    reader.field(b":method", b"POST");
    reader.field(b"Bad", b"\0");
    reader.begin(kind, Head::response(500, b"old", Version::Http11));
    for (name, value) in fields {
        reader.field(name.as_bytes(), value.as_bytes());
    }
    reader.finish(ended, false)
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/p?q")];

fn with(
    base: &[(&'static str, &'static str)],
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'static str)> {
    base.iter().chain(more).copied().collect()
}

fn request(fields: &[(&str, &str)]) -> Result<(Head, BodyLength), Malformed> {
    read(MessageKind::Request, fields, true)
}

#[test]
fn a_request_in_absolute_form_with_its_host_first() {
    let more = [("accept", " */*\t"), ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("te", "trailers")];
    let (head, length) = request(&with(&GET, &more)).unwrap();
    assert_eq!(
        (head.method(), head.target(), head.version()),
        (&b"GET"[..], &b"https://a.test/p?q"[..], Version::Http2)
    );
    let fields: Vec<_> = head.fields().collect();
    let expected: [(&[u8], &[u8]); 5] =
        [(b"host", b"a.test"), (b"accept", b"*/*"), (b"x", b"y"), (b"te", b"trailers"), (b"cookie", b"a=1; b=2")];
    assert_eq!((fields.as_slice(), length), (&expected[..], BodyLength::None));
    assert!(!head.is_response());
}

#[test]
fn host_in_the_place_of_authority() {
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("x", "y"), ("host", "b.test")];
    let (head, _) = request(&fields).unwrap();
    assert_eq!(head.target(), b"http://b.test/");
    let expected: [(&[u8], &[u8]); 2] = [(b"host", b"b.test"), (b"x", b"y")];
    assert_eq!(head.fields().collect::<Vec<_>>(), expected);
    let (head, _) = request(&with(&GET, &[("host", "A.TEST")])).unwrap();
    assert_eq!(head.value("host"), Some(&b"a.test"[..]));
}

#[test]
fn connect_and_asterisk() {
    let (head, _) = request(&[(":method", "CONNECT"), (":authority", "a.test:443")]).unwrap();
    assert_eq!(head.target(), b"a.test:443");
    let options = [(":method", "OPTIONS"), (":scheme", "http"), (":authority", "a.test"), (":path", "*")];
    assert_eq!(request(&options).unwrap().0.target(), b"*");
}

#[test]
fn lengths() {
    let post = with(&GET, &[("content-length", "5")]);
    assert_eq!(read(MessageKind::Request, &post, false).unwrap().1, BodyLength::Known(5));
    assert_eq!(read(MessageKind::Request, &GET, false).unwrap().1, BodyLength::Chunked);
    assert_eq!(request(&with(&GET, &[("content-length", "0")])).unwrap().1, BodyLength::None);
    let twice = with(&GET, &[("content-length", "5"), ("content-length", "5")]);
    assert_eq!(read(MessageKind::Request, &twice, false).unwrap().1, BodyLength::Known(5));
}

#[test]
fn malformed_requests() {
    let long = "x".repeat(5000);
    let many = vec![("x", "y"); 21];
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![], "no :method"),
        (GET[1..].to_vec(), "no :method"),
        (with(&[GET[0]], &GET[2..]), "no :scheme"),
        (GET[..3].to_vec(), "no :path"),
        (with(&GET[..2], &GET[3..]), "neither :authority nor host"),
        (with(&GET, &GET[..1]), "repeated pseudo-header field"),
        (with(&GET, &[(":status", "200")]), "unknown pseudo-header field"),
        (with(&GET, &[(":protocol", "websocket")]), ":protocol without CONNECT"),
        (with(&with(&GET[..3], &[("x", "y")]), &GET[3..]), "no :path"),
        (with(&GET, &[("x", "y"), (":path", "/")]), "pseudo-header field behind a regular one"),
        (with(&GET, &[("X", "y")]), "invalid field name"),
        (with(&GET, &[("", "y")]), "invalid field name"),
        (with(&GET, &[("a b", "y")]), "invalid field name"),
        (with(&GET, &[("a", "y\r\nb: c")]), "invalid field value"),
        (with(&GET, &[("a", "\0")]), "invalid field value"),
        (with(&GET, &[("a", "y\u{b}z")]), "invalid field value"),
        (with(&GET, &[("a", "y\r\n")]), "invalid field value"),
        (with(&GET, &[("connection", "close")]), "connection-specific field"),
        (with(&GET, &[("transfer-encoding", "chunked")]), "connection-specific field"),
        (with(&GET, &[("upgrade", "h2c")]), "connection-specific field"),
        (with(&GET, &[("te", "gzip")]), "te other than trailers"),
        (with(&GET, &[("host", "b.test")]), ":authority and host disagree"),
        (with(&GET, &[("host", "a.test"), ("host", "a.test")]), "more than one host field"),
        (with(&GET, &[("content-length", "5")]), "content-length without a body"),
        (with(&GET, &[("content-length", "")]), "invalid content-length"),
        (with(&GET, &[("content-length", "+5")]), "invalid content-length"),
        (with(&GET, &[("content-length", "5, 5")]), "invalid content-length"),
        (with(&GET, &[("content-length", "18446744073709551616")]), "content-length overflows"),
        (with(&GET, &[("content-length", "5"), ("content-length", "6")]), "contradicting content-length fields"),
        (with(&GET[1..], &[(":method", "G T")]), "invalid :method"),
        (with(&GET[..3], &[(":path", "p")]), "invalid :path"),
        (with(&GET[..3], &[(":path", "")]), "invalid :path"),
        (with(&GET[..3], &[(":path", "/a b")]), "invalid character in :path"),
        (with(&GET[..3], &[(":path", "/a#b")]), "invalid character in :path"),
        (with(&GET[..3], &[(":path", "*")]), "invalid :path"),
        (with(&[GET[0], GET[1], GET[3]], &[(":authority", "u@a.test")]), "invalid authority"),
        (with(&[GET[0], GET[1], GET[3]], &[(":authority", "")]), "invalid authority"),
        (with(&[GET[0], GET[1], GET[3]], &[(":authority", "a/b")]), "invalid authority"),
        (with(&[GET[0], GET[2], GET[3]], &[(":scheme", "ht tp")]), "invalid :scheme"),
        (vec![(":method", "CONNECT"), GET[2], GET[3]], "CONNECT with :scheme or :path"),
        (vec![(":method", "CONNECT"), GET[2]], "invalid request target"),
        (vec![(":method", "CONNECT"), (":authority", "a:1"), ("content-length", "0")], "CONNECT with content-length"),
        (with(&GET, &many), "too many header fields"),
    ];
    for (fields, fault) in cases {
        assert_eq!(request(&fields).map(|_| ()), Err(fault), "{fields:?}");
    }
    let mut large = GET.to_vec();
    large.push(("x", &long));
    assert_eq!(request(&large).map(|_| ()), Err("header list too large"));
}

const UPGRADE: [(&str, &str); 5] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":authority", "a.test"),
    (":path", "/chat"),
];

/// RFC 8441, section 4.
#[test]
fn extended_connect_is_an_upgrade() {
    let (head, length) = read(MessageKind::Request, &with(&UPGRADE, &[("origin", "x")]), false).unwrap();
    assert_eq!((head.method(), head.target(), length), (&b"GET"[..], &b"https://a.test/chat"[..], BodyLength::Chunked));
    let fields: Vec<_> = head.fields().map(|(name, value)| [name, b": ", value].concat()).collect();
    assert_eq!(fields, [&b"host: a.test"[..], b"origin: x", b"upgrade: websocket", b"connection: upgrade"]);
    for protocol in ["a", "TLS/1.0", "!#$%&'*+-.^_`|~"] {
        let fields = with(&with(&UPGRADE[..1], &[(":protocol", protocol)]), &UPGRADE[2..]);
        assert_eq!(request(&fields).unwrap().0.value("upgrade"), Some(protocol.as_bytes()));
    }
}

#[test]
fn malformed_extended_connects() {
    for protocol in ["", "a b", "a,b", "a\t", "a/", "/a", "a/b/c", "h2c", "H2C", "a\r\nb: c", "\u{e9}"] {
        let fields = with(&with(&UPGRADE[..1], &[(":protocol", protocol)]), &UPGRADE[2..]);
        assert_eq!(request(&fields).map(|_| ()), Err("invalid :protocol"), "{protocol:?}");
    }
    for (fields, fault) in [
        (UPGRADE[1..].to_vec(), "no :method"),
        (with(&UPGRADE[..2], &UPGRADE[3..]), "no :scheme"),
        (with(&UPGRADE[..3], &UPGRADE[4..]), "extended CONNECT without :authority"),
        (with(&with(&UPGRADE[..3], &UPGRADE[4..]), &[("host", "a.test")]), "extended CONNECT without :authority"),
        (UPGRADE[..4].to_vec(), "no :path"),
        (with(&UPGRADE[..4], &[(":path", "*")]), "invalid :path"),
        (with(&UPGRADE, &UPGRADE[1..2]), "repeated pseudo-header field"),
        (with(&UPGRADE, &[("content-length", "0")]), "CONNECT with content-length"),
        (with(&UPGRADE, &[("upgrade", "websocket")]), "connection-specific field"),
        (with(&UPGRADE, &[("x", "y"), (":protocol", "z")]), "pseudo-header field behind a regular one"),
    ] {
        assert_eq!(request(&fields).map(|_| ()), Err(fault), "{fields:?}");
    }
}

#[test]
fn responses() {
    let response = |fields: &[(&str, &str)], ended| read(MessageKind::Response, fields, ended);
    let (head, length) = response(&[(":status", "404"), ("set-cookie", "a"), ("set-cookie", "b")], false).unwrap();
    assert_eq!((head.status(), head.values("set-cookie").count(), length), (404, 2, BodyLength::Chunked));
    assert_eq!(response(&[(":status", "304"), ("content-length", "5")], true).unwrap().1, BodyLength::None);
    for (fields, fault) in [
        (vec![], "no :status"),
        (vec![("x", "y")], "no :status"),
        (vec![(":status", "20")], "invalid :status"),
        (vec![(":status", "2000")], "invalid :status"),
        (vec![(":status", "099")], "invalid :status"),
        (vec![(":status", "101")], "101 over HTTP/2"),
        (vec![(":status", "200"), (":status", "200")], "repeated pseudo-header field"),
        (vec![(":path", "/")], "unknown pseudo-header field"),
        (vec![(":status", "200"), ("content-length", "5")], "content-length without a body"),
        (vec![(":status", "200"), ("connection", "x")], "connection-specific field"),
    ] {
        assert_eq!(response(&fields, true).map(|_| ()), Err(fault), "{fields:?}");
    }
}

#[test]
fn trailers_have_no_pseudo_header_fields() {
    let (head, _) = read(MessageKind::Trailers, &[("x-sum", "1"), ("content-length", "x")], true).unwrap();
    assert_eq!(head.len(), 2);
    assert!(read(MessageKind::Trailers, &[(":status", "200")], true).is_err());
}
