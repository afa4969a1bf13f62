//! Options of the HTTP data path that decide what is forwarded, and when.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::{HTTP, Instance, Origin};

fn listen(origin: &Origin, options: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{options}\n server s {}\n", origin.address()))
}

const ODD: &str = "GET / HTTP/1.1\r\nHost: a\r\nX_Y: 1\r\nX-Z: 2\r\n\r\n";

#[test]
fn restricted_header_names() {
    for (option, status, seen) in [
        ("", 200, true),
        ("option http-restrict-req-hdr-names preserve", 200, true),
        ("option http-restrict-req-hdr-names delete", 200, false),
        ("option http-restrict-req-hdr-names reject", 403, false),
    ] {
        let origin = Origin::saying("ok");
        let lb = listen(&origin, option);
        assert_eq!(lb.connect().send(ODD).response().status(), status, "{option}");
        if status == 200 {
            let request = origin.request();
            assert_eq!(request.header("x_y").is_some(), seen, "{option}");
            assert_eq!(request.header("x-z"), Some("2"), "{option}");
        } else {
            assert!(origin.requests().is_empty());
        }
    }
}

/// With `option http-buffer-request` no server is chosen before the body, or a buffer of it, is here.
#[test]
fn a_buffered_request_is_sent_whole() {
    let origin = Origin::echoing();
    let lb = listen(&origin, " option http-buffer-request\n timeout http-request 50ms");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
    assert_eq!(client.response().status(), 408);
    assert_eq!(origin.connections(), 0);
    let lb = listen(&origin, " option http-buffer-request");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell").send("o");
    assert_eq!(client.response().text(), "hello");
    // More than a buffer passes through.
    let body = "x".repeat(100_000);
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    assert_eq!(client.response().text(), body);
}

#[test]
fn accepted_invalid_responses() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nX(Y): 1\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(listen(&origin, "").connect().get("/").status(), 502);
    assert_eq!(listen(&origin, " option accept-invalid-http-response").connect().get("/").status(), 200);
}

/// Options without a visible effect on one connection are accepted and do no harm.
#[test]
fn quiet_options() {
    for option in ["option http-no-delay", "max-keep-alive-queue 1", "option tcp-smart-accept", "option clitcpka"] {
        let origin = Origin::saying("ok");
        let lb = listen(&origin, option);
        let mut client = lb.connect();
        assert_eq!(client.get("/").text(), "ok", "{option}");
        assert_eq!(client.get("/").text(), "ok", "{option}");
    }
}
