//! Messages that two readers could read differently are refused and never forwarded (RFC 9112, section 11.2).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::{HTTP, Instance, Origin, Wire};

/// What is sent, and the status that answers it; 0 where the connection closes without one.
const REQUESTS: &[(&str, &[u8], u16)] = &[
    // Framing (RFC 9112, sections 6.1 to 6.3).
    (
        "both framings",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "both framings, other order",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("differing lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    ("differing lengths in a list", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab", 400),
    ("empty length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
    ("signed length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
    ("negative length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("hexadecimal length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400),
    ("length with a letter", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1a\r\n\r\na", 400),
    ("two words as length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\na", 400),
    ("length beyond 64 bits", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
    (
        "length far beyond 64 bits",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        400,
    ),
    ("space before the colon of a length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na", 400),
    ("chunked is not last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    ("chunked twice", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    (
        "chunked in two fields",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("chunked in quotes", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    ("chunked with a tail", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", 400),
    (
        "chunked after a vertical tab",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    // RFC 9112 names 501; HAProxy answers 422.
    (
        "chunked behind another coding",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        422,
    ),
    ("identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400),
    ("empty coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400),
    ("chunked in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    // Lines (RFC 9112, section 2.2).
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("bare LF after a field", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    ("bare LF ends the head", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("bare CR in the request line", b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("bare CR in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    ("bare CR in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\rY: a\r\n\r\n", 400),
    ("NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    ("NUL in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", 400),
    ("NUL in the target", b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("folded line", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    ("folded with a tab", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400),
    ("first field folded", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    // Names and values (RFC 9110, section 5).
    ("empty name", b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
    ("space in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400),
    ("space before the colon", b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400),
    ("tab before the colon", b"GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n", 400),
    ("no colon", b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400),
    ("separator in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n", 400),
    ("8-bit byte in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n", 400),
    ("control character in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400),
    ("DEL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400),
    // The request line (RFC 9112, section 3).
    ("no version", b"GET /\r\n\r\n", 400),
    ("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("no method", b" / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("invalid method", b"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("space in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("two spaces", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("tab instead of space", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("trailing space", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    ("8-bit byte in the target", b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("text that claims HTTP/2", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    ("version 1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    ("version 0.9", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400),
    ("lower-case version", b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    ("two-digit version", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    ("another protocol", b"GET / RTSP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    // Host (RFC 9112, section 3.2).
    ("HTTP/1.1 without Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("the URI disagrees with Host", b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("invalid Host", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("Host with a user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("CONNECT whose Host disagrees", b"CONNECT b:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400),
];

/// Bodies that are broken after a head that was fine; the origin may see the head but never a whole request.
const BODIES: &[(&str, &[u8])] = &[
    ("no chunk size", b"\r\n\r\n"),
    ("not a number", b"x\r\n\r\n"),
    ("signed chunk size", b"+1\r\na\r\n0\r\n\r\n"),
    ("chunk size with 0x", b"0x1\r\na\r\n0\r\n\r\n"),
    ("chunk size beyond 64 bits", b"10000000000000000\r\na\r\n0\r\n\r\n"),
    ("chunk size that wraps", b"fffffffffffffffffffffffffffffff1\r\na\r\n0\r\n\r\n"),
    ("bare LF after the size", b"1\na\r\n0\r\n\r\n"),
    ("bare LF after the chunk", b"1\r\na\n0\r\n\r\n"),
    ("chunk longer than it says", b"1\r\nab\r\n0\r\n\r\n"),
    ("bare CR after the size", b"1\rXa\r\n0\r\n\r\n"),
    ("trailer without colon", b"0\r\nnonsense\r\n\r\n"),
    ("trailer with an empty name", b"0\r\n: a\r\n\r\n"),
    ("bare LF in trailers", b"0\r\nX: a\n\r\n"),
    ("folded trailer", b"0\r\nX: a\r\n b\r\n\r\n"),
];

/// Responses that must not reach a client.
const RESPONSES: &[(&str, &[u8])] = &[
    ("nonsense", b"hello\r\n\r\n"),
    ("no version", b"200 OK\r\n\r\n"),
    ("HTTP/2 as text", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("two-digit status", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("four-digit status", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
    ("both framings", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("differing lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("length beyond 64 bits", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n"),
    ("chunked twice", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("bare CR", b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ("NUL", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
    ("empty name", b"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n"),
    ("space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
    ("folded line", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ("no colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n"),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
];

fn instance(origin: &Origin, more: &str) -> Instance {
    Instance::start(&format!("{HTTP}{more}\nlisten fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()))
}

fn status_of(wire: &mut Wire) -> u16 {
    wire.try_response_to("GET").map_or(0, |response| response.status())
}

#[test]
fn malformed_requests_are_refused_and_never_forwarded() {
    let origin = Origin::saying("reached");
    let lb = instance(&origin, "");
    let mut wrong = Vec::new();
    for (what, request, expected) in REQUESTS {
        let mut client = lb.connect();
        client.send(request);
        let status = status_of(&mut client);
        if status != *expected {
            wrong.push(format!("{what}: {status}, not {expected}"));
        } else if client.try_read_to_end().is_ok_and(|rest| !rest.is_empty()) {
            wrong.push(format!("{what}: more came after the {status}"));
        }
    }
    let reached = origin.requests();
    assert!(wrong.is_empty() && reached.is_empty(), "{wrong:#?}\nreached the origin: {reached:#?}");
}

/// Nothing of what follows a refused request is taken for another one.
#[test]
fn nothing_is_served_after_a_refusal() {
    let origin = Origin::saying("reached");
    let lb = instance(&origin, "");
    for (what, request, _) in REQUESTS {
        let mut client = lb.connect();
        let mut bytes = request.to_vec();
        bytes.extend_from_slice(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        client.send(bytes);
        let _ = client.try_read_to_end();
        assert!(origin.requests().is_empty(), "{what}: {:?}", origin.requests());
    }
}

#[test]
fn broken_chunks_never_make_a_whole_request() {
    let origin = Origin::saying("reached");
    let lb = instance(&origin, "");
    let mut wrong = Vec::new();
    for (what, body) in BODIES {
        let mut client = lb.connect();
        let mut bytes = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        client.send(bytes);
        let status = status_of(&mut client);
        if status != 400 {
            wrong.push(format!("{what}: {status}"));
        }
        let _ = client.try_read_to_end();
    }
    let reached = origin.requests();
    assert!(wrong.is_empty() && reached.is_empty(), "{wrong:#?}\nreached the origin: {reached:#?}");
}

#[test]
fn malformed_responses_are_answered_502() {
    for (what, response) in RESPONSES {
        let origin = Origin::answering_once(*response);
        let lb = instance(&origin, "");
        let mut client = lb.connect();
        assert_eq!(client.get("/").status(), 502, "{what}");
    }
}

#[test]
fn the_same_length_repeated_is_one_length() {
    let origin = Origin::echoing();
    let lb = instance(&origin, "");
    let mut client = lb.connect();
    for fields in ["Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2, 2"] {
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\nab"));
        let response = client.response();
        // Either reading is allowed (RFC 9112, section 6.3); HAProxy folds them.
        assert_eq!((response.status(), response.text().as_str()), (200, "ab"), "{fields}");
    }
    assert!(origin.requests().iter().all(|request| request.all("content-length") == ["2"]));
}

#[test]
fn an_absolute_uri_may_agree_with_host() {
    let origin = Origin::saying("ok");
    let lb = instance(&origin, "");
    let mut client = lb.connect();
    for target in ["http://a/", "http://A/", "http://a:80/", "http://a"] {
        let response = client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")).response();
        assert_eq!(response.status(), 200, "{target}");
    }
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let origin = Origin::saying("reached");
    let lb = instance(&origin, "");
    for field in [format!("X: {}", "a".repeat(20_000)), "X: a\r\n".repeat(110), format!("X{}: a", "a".repeat(20_000))] {
        let mut client = lb.connect();
        let _ = client.try_send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", field.trim_end()));
        let status = status_of(&mut client);
        assert_eq!(status, 400, "{}", &field[..20]);
    }
    assert!(origin.requests().is_empty());
}

#[test]
fn relaxed_parsing_takes_what_the_manual_says_and_no_ambiguous_framing() {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n option accept-invalid-http-request\n server s {}\n",
        origin.address()
    ));
    for (head, expected) in [
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n", 200),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ] {
        let mut client = lb.connect();
        client.send(head);
        assert_eq!(status_of(&mut client), expected, "{head:?}");
    }
}
