use super::*;
use ParseError as E;

fn request(text: &[u8], relaxed: bool) -> (Parsed, Head) {
    let mut head = Head::default();
    (parse_request(text, &Limits::default(), relaxed, &mut head), head)
}

fn response(text: &[u8], relaxed: bool) -> (Parsed, Head) {
    let mut head = Head::default();
    (parse_response(text, &Limits::default(), relaxed, &mut head), head)
}

fn with_host(line: &str, fields: &str) -> Vec<u8> {
    format!("{line}\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

#[test]
fn reads_a_request() {
    let text = b"\r\n\r\nGET /x?y HTTP/1.1\r\nHost: a:8\r\nX-Long:  a b\t\r\nEmpty:\r\nx-long: \xff\r\n\r\nrest";
    for relaxed in [false, true] {
        let (parsed, head) = request(text, relaxed);
        assert_eq!(parsed, Parsed::Complete { len: text.len() - 4 });
        assert_eq!((head.method(), head.target(), head.version()), (&b"GET"[..], &b"/x?y"[..], Version::Http11));
        let fields: Vec<_> = head.fields().collect();
        assert_eq!(fields[..2], [(&b"host"[..], &b"a:8"[..]), (&b"x-long"[..], &b"a b"[..])]);
        assert_eq!(fields[2..], [(&b"empty"[..], &b""[..]), (&b"x-long"[..], &b"\xff"[..])]);
    }
}

#[test]
fn reads_a_response() {
    for (line, status, reason) in [
        (&b"HTTP/1.1 200 OK"[..], 200, &b"OK"[..]),
        (b"HTTP/1.1 404 Not  here\xff", 404, b"Not  here\xff"),
        (b"HTTP/1.1 200 ", 200, b""),
        (b"HTTP/1.1 200", 200, b""),
        (b"HTTP/1.1 999 x", 999, b"x"),
    ] {
        for relaxed in [false, true] {
            let text = [line, b"\r\nA: b\r\n\r\nbody"].concat();
            let (parsed, head) = response(&text, relaxed);
            assert_eq!(parsed, Parsed::Complete { len: text.len() - 4 });
            assert!(head.is_response());
            assert_eq!((head.status(), head.reason()), (status, reason));
            assert_eq!(head.value("a"), Some(&b"b"[..]));
        }
    }
}

/// What is refused, strictly and with `accept-invalid-http-request`; `None` where that lets it pass.
#[test]
fn refuses_malformed_requests() {
    let get = "GET / HTTP/1.1";
    let no_host = |text: &str| text.as_bytes().to_vec();
    let rows: Vec<(Vec<u8>, E, Option<E>)> = vec![
        // Line ends.
        (no_host("GET / HTTP/1.1\nHost: a\r\n\r\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        (no_host("GET / HTTP/1.1\r\nHost: a\n\r\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        (no_host("GET / HTTP/1.1\r\nHost: a\r\n\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        (no_host("GET / HTTP/1.1\nHost: a\n\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        (no_host("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        (with_host("GET / HTTP/1.1\r", ""), E::BareLineEnd, Some(E::BareLineEnd)),
        (with_host(get, "X: a\rb\r\n"), E::FieldValue, Some(E::BareLineEnd)),
        (with_host(get, "X\ry: a\r\n"), E::FieldName, Some(E::BareLineEnd)),
        (with_host(get, "\rX: a\r\n"), E::BareLineEnd, Some(E::BareLineEnd)),
        // Folded lines.
        (with_host(get, "X: a\r\n b\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, "X: a\r\n\tb: c\r\n"), E::FieldName, Some(E::FieldName)),
        (no_host("GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"), E::FieldName, Some(E::FieldName)),
        // Names and values.
        (with_host(get, "X : a\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, "X\t: a\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, ": a\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, "X\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, "X\0: a\r\n"), E::FieldName, Some(E::FieldName)),
        (with_host(get, "X: a\0b\r\n"), E::FieldValue, Some(E::FieldValue)),
        (with_host(get, "X: \0\r\n"), E::FieldValue, Some(E::FieldValue)),
        (with_host(get, "X: a\x01b\r\n"), E::FieldValue, Some(E::FieldValue)),
        (with_host(get, "X: a\x7fb\r\n"), E::FieldValue, Some(E::FieldValue)),
        (with_host(get, "X(y: a\r\n"), E::FieldName, None),
        (with_host(get, "X y: a\r\n"), E::FieldName, None),
        (with_host(get, "X\u{e9}: a\r\n"), E::FieldName, None),
        // Host.
        (no_host("GET / HTTP/1.1\r\n\r\n"), E::NoHost, Some(E::NoHost)),
        (with_host(get, "Host: a\r\n"), E::RepeatedHost, Some(E::RepeatedHost)),
        (with_host(get, "host: b\r\n"), E::RepeatedHost, Some(E::RepeatedHost)),
        (no_host("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), E::RepeatedHost, Some(E::RepeatedHost)),
        (no_host("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: [a]\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n"), E::Host, Some(E::Host)),
        (no_host("GET / HTTP/1.1\r\nHost: \u{e9}\r\n\r\n"), E::Host, Some(E::Host)),
        (with_host("GET http://b/ HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (with_host("GET http://a:81/ HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (with_host("GET https://a:80/ HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (with_host("GET ftp://a:80/ HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (with_host("CONNECT b:443 HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (with_host("CONNECT a:8443 HTTP/1.1", ""), E::HostMismatch, Some(E::HostMismatch)),
        (no_host("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"), E::HostMismatch, Some(E::HostMismatch)),
        (no_host("GET http://a/ HTTP/1.1\r\n\r\n"), E::NoHost, Some(E::NoHost)),
        (no_host("CONNECT a:443 HTTP/1.1\r\n\r\n"), E::NoHost, Some(E::NoHost)),
        // Targets.
        (with_host("GET /x#y HTTP/1.1", ""), E::TargetCharacter, None),
        (with_host("GET /\u{e9} HTTP/1.1", ""), E::TargetCharacter, None),
        (with_host("GET /\x01 HTTP/1.1", ""), E::RequestLine, Some(E::TargetCharacter)),
        (with_host("GET /\x7f HTTP/1.1", ""), E::RequestLine, Some(E::TargetCharacter)),
        (with_host("GET /\0 HTTP/1.1", ""), E::RequestLine, Some(E::TargetCharacter)),
        (with_host("GET /a\tb HTTP/1.1", ""), E::RequestLine, Some(E::TargetCharacter)),
        (with_host("GET foo HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("GET a:80 HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("GET foo:bar HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("GET * HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("GET http:///x HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("GET http://u:p@a/x HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("CONNECT a HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("CONNECT a: HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("CONNECT /x HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("CONNECT :80 HTTP/1.1", ""), E::Target, Some(E::Target)),
        (with_host("CONNECT http://a:80/ HTTP/1.1", ""), E::Target, Some(E::Target)),
        // The request line.
        (with_host(" GET / HTTP/1.1", ""), E::RequestLine, Some(E::RequestLine)),
        (with_host("GET  / HTTP/1.1", ""), E::RequestLine, Some(E::RequestLine)),
        (with_host("GET /  HTTP/1.1", ""), E::Version, Some(E::RequestLine)),
        (with_host("GET / HTTP/1.1 ", ""), E::BareLineEnd, Some(E::RequestLine)),
        (with_host("GET\t/ HTTP/1.1", ""), E::RequestLine, Some(E::RequestLine)),
        (with_host("GET /\tHTTP/1.1", ""), E::RequestLine, Some(E::TargetCharacter)),
        (with_host("GET / x HTTP/1.1", ""), E::Version, Some(E::RequestLine)),
        (with_host("GE(T / HTTP/1.1", ""), E::RequestLine, Some(E::RequestLine)),
        // Versions.
        (no_host("GET /\r\n\r\n"), E::RequestLine, None),
        (no_host("GET / \r\n\r\n"), E::Version, None),
        (with_host("GET / HTTP/2.0", ""), E::Version, Some(E::Version)),
        (with_host("GET / HTTP/2", ""), E::Version, Some(E::Version)),
        (with_host("GET / HTTP/3.0", ""), E::Version, Some(E::Version)),
        (with_host("GET / HTTP/1.2", ""), E::Version, None),
        (with_host("GET / HTTP/0.9", ""), E::Version, None),
        (with_host("GET / HTTP/1", ""), E::Version, Some(E::Version)),
        (with_host("GET / HTTP/1.", ""), E::Version, Some(E::Version)),
        (with_host("GET / HTTP/01.01", ""), E::Version, None),
        (with_host("GET / HTTP/11.1", ""), E::Version, Some(E::Version)),
        (with_host("GET / http/1.1", ""), E::Version, Some(E::Version)),
        (with_host("GET / RTSP/1.0", ""), E::Version, None),
        (with_host("PRI * HTTP/2.0", ""), E::Http2, Some(E::Version)),
        (no_host("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), E::Http2, Some(E::Version)),
        (with_host("PRI / HTTP/1.1", ""), E::Http2, Some(E::Http2)),
    ];
    for (text, strict, relaxed) in rows {
        let shown = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(request(&text, false).0, Parsed::Invalid(strict), "{shown:?}");
        let expected = relaxed.map_or(Parsed::Complete { len: text.len() }, Parsed::Invalid);
        assert_eq!(request(&text, true).0, expected, "relaxed {shown:?}");
        assert_eq!(strict.status(), 400);
    }
}

#[test]
fn accepts_what_is_legal_or_usual() {
    for text in [
        &b"GET / HTTP/1.0\r\n\r\n"[..],
        b"GET http://a/ HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [v1.a:b]\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a_b.c:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a%41\r\n\r\n",
        b"GET HTTP://A/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/x HTTP/1.1\r\nHost: a:80\r\n\r\n",
        b"GET https://a:443/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"M!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\"<>\\^`{|}[]%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        for relaxed in [false, true] {
            let shown = String::from_utf8_lossy(text).into_owned();
            assert_eq!(request(text, relaxed).0, Parsed::Complete { len: text.len() }, "{relaxed} {shown:?}");
        }
    }
}

#[test]
fn refuses_malformed_responses() {
    for (line, strict, relaxed) in [
        ("HTTP/1.1  200 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1\t200 OK", E::Version, Some(E::Version)),
        ("HTTP/1.1 20 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1 2000 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1 099 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1 000 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1 2a0 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1 -20 OK", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/1.1", E::Version, Some(E::StatusLine)),
        ("HTTP/1.1 200 a\0b", E::StatusLine, Some(E::StatusLine)),
        ("HTTP/2.0 200 OK", E::Version, Some(E::Version)),
        ("HTTP/01.01 200 OK", E::Version, None),
        ("RTSP/1.0 200 OK", E::Version, Some(E::Version)),
        ("ICY 200 OK", E::Version, Some(E::Version)),
        ("HTTP/1.1 200 OK\nA: b", E::BareLineEnd, Some(E::BareLineEnd)),
        ("HTTP/1.1 200 OK\r\nA : b", E::FieldName, Some(E::FieldName)),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c", E::FieldName, Some(E::FieldName)),
        ("HTTP/1.1 200 OK\r\nA(: b", E::FieldName, None),
        ("HTTP/1.1 200 OK\r\nA: b\0", E::FieldValue, Some(E::FieldValue)),
    ] {
        let text = format!("{line}\r\n\r\n").into_bytes();
        assert_eq!(response(&text, false).0, Parsed::Invalid(strict), "{line:?}");
        let expected = relaxed.map_or(Parsed::Complete { len: text.len() }, Parsed::Invalid);
        assert_eq!(response(&text, true).0, expected, "relaxed {line:?}");
    }
}

#[test]
fn garbage_is_refused_before_the_head_ends() {
    for text in [
        &b"\x16\x03\x01\x02"[..],
        b"abc\x01",
        b"GET /x\x01",
        b"GET /x#",
        b"GET / HTTP/2",
        b"PRI *",
        b"GET / HTTP/1.1\r\nX(",
        b"GET / HTTP/1.1\r\nHost: a\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n ",
    ] {
        assert!(matches!(request(text, false).0, Parsed::Invalid(_)), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn every_prefix_of_a_head_is_partial() {
    let text = b"\r\nGET http://a.b:8/x?y HTTP/1.1\r\nHost: a.b:8\r\nX: a b\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK then\r\nX: a b\r\n\r\n";
    for relaxed in [false, true] {
        for len in 0..text.len() {
            assert_eq!(request(&text[..len], relaxed).0, Parsed::Partial, "{relaxed} {len}");
        }
        for len in 0..answer.len() {
            assert_eq!(response(&answer[..len], relaxed).0, Parsed::Partial, "{relaxed} {len}");
        }
    }
}

#[test]
fn limits_count_lines_and_bytes() {
    let head = |fields: usize| with_host("GET / HTTP/1.1", &"x: y\r\n".repeat(fields));
    for relaxed in [false, true] {
        assert!(matches!(request(&head(99), relaxed).0, Parsed::Complete { .. }));
        assert_eq!(request(&head(100), relaxed).0, Parsed::Invalid(E::TooManyFields));
        let limits = Limits { max_headers: 1000, max_head_size: 2000 };
        let mut out = Head::default();
        let parsed = parse_request(&head(200), &limits, relaxed, &mut out);
        assert!(matches!(parsed, Parsed::Complete { .. }));
        assert_eq!(out.len(), 201);
        assert_eq!(parse_request(&head(400), &limits, relaxed, &mut out), Parsed::Invalid(E::TooLarge));
        let partial = &head(400)[..2000];
        assert_eq!(parse_request(partial, &limits, relaxed, &mut out), Parsed::Invalid(E::TooLarge));
        assert_eq!(parse_request(&b"\r\n".repeat(1000), &limits, relaxed, &mut out), Parsed::Invalid(E::TooLarge));
    }
}

#[test]
fn relaxed_keeps_other_protocols() {
    let (_, head) = request(b"DESCRIBE rtsp://a/ RTSP/1.0\r\nHost: a\r\n\r\n", true);
    assert_eq!(head.protocol(), Some(&b"RTSP/1.0"[..]));
    assert_eq!(head.version(), Version::Http10);
}

#[test]
fn preface() {
    let all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(http2_preface(b""), Preface::Partial);
    assert_eq!(http2_preface(&all[..10]), Preface::Partial);
    assert_eq!(http2_preface(&[&all[..], b"x"].concat()), Preface::Complete);
    assert_eq!(http2_preface(b"PUT"), Preface::No);
}

proptest::proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, relaxed: bool) {
        let _ = request(&bytes, relaxed);
        let _ = response(&bytes, relaxed);
        let _ = request(&[b"GET / HTTP/1.1\r\nHost: ", &bytes[..]].concat(), relaxed);
    }
}
