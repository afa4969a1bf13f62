//! Options of the HTTP data path that decide what is forwarded, and when.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::{HTTP, Instance, LogSink, Origin, Wire, eventually};

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
    for option in ["option http-no-delay", "option tcp-smart-accept", "option clitcpka"] {
        let origin = Origin::saying("ok");
        let lb = listen(&origin, option);
        let mut client = lb.connect();
        assert_eq!(client.get("/").text(), "ok", "{option}");
        assert_eq!(client.get("/").text(), "ok", "{option}");
    }
}

/// `max-reuse` counts what a connection serves after its first request, shared or not.
#[test]
fn connections_are_reused_so_often() {
    for (policy, reuse, connections) in
        [("safe", "", 1), ("safe", "max-reuse 1", 3), ("never", "max-reuse 2", 2), ("always", "max-reuse 0", 6)]
    {
        let origin = Origin::saying("ok");
        let lb = Instance::start(&format!(
            "{HTTP}listen fe\n bind 127.0.0.1:0\n http-reuse {policy}\n server s {} {reuse}\n",
            origin.address()
        ));
        let mut client = lb.connect();
        for _ in 0..6 {
            assert_eq!(client.get("/").text(), "ok", "{policy} {reuse}");
        }
        assert_eq!(origin.connections(), connections, "{policy} {reuse}");
    }
}

/// As HAProxy: only a connection that the session itself holds makes it prefer a server.
#[test]
fn the_last_server_is_preferred() {
    for (options, wanted) in [
        ("http-reuse never\n option prefer-last-server", "aaaa"),
        ("http-reuse never", "abab"),
        ("option prefer-last-server", "abab"),
    ] {
        let (a, b) = (Origin::saying("a"), Origin::saying("b"));
        let lb = two_servers(&a, &b, options);
        let mut client = lb.connect();
        let got: String = (0..4).map(|_| client.get("/").text()).collect();
        assert_eq!(got, wanted, "{options}");
    }
}

#[test]
fn the_last_server_is_left_when_it_would_have_to_queue() {
    let (a, b) = (Origin::echoing(), Origin::saying("b"));
    let lb = two_servers(&a, &b, "http-reuse never\n option prefer-last-server\n max-keep-alive-queue 0");
    let mut client = lb.connect();
    assert_eq!(client.get("/").text(), "");
    assert_eq!(lb.connect().get("/").text(), "b");
    // The first server is full from here on.
    let mut other = lb.connect();
    other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
    eventually("the request is at the first server", || a.connections() == 2);
    assert_eq!(client.get("/").text(), "b");
    assert_eq!(other.send("y").response().text(), "xy");
}

fn two_servers(a: &Origin, b: &Origin, options: &str) -> Instance {
    Instance::start(&format!(
        "global\n nbthread 1\n{HTTP}listen fe\n bind 127.0.0.1:0\n balance roundrobin\n {options}\n \
         server a {} maxconn 1\n server b {}\n",
        a.address(),
        b.address()
    ))
}

/// A client on a UNIX socket has no address: its listener's number is logged, `id` or the next one that is free.
#[test]
fn unix_clients_are_logged_by_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (origin, log) = (Origin::saying("ok"), LogSink::new());
    let _lb = Instance::start(&format!(
        "{HTTP} log {} local0\n log-format %ci:%cp\nlisten fe\n bind {}\n bind {} id 2\n bind {}\n server s {}\n",
        log.address(),
        path("one").display(),
        path("two").display(),
        path("three").display(),
        origin.address()
    ));
    for (name, wanted) in [("one", "unix:1"), ("two", "unix:2"), ("three", "unix:3")] {
        assert_eq!(Wire::connect_unix(&path(name)).get("/").text(), "ok");
        let line = log.text();
        assert!(line.ends_with(wanted), "{line}");
    }
}

/// What goes to the server does not keep `timeout server` away, with the backend's option.
#[test]
fn a_server_that_only_listens_times_out() {
    let origin = Origin::start(|visit| {
        let mut into = [0; 4096];
        while visit.wire.read_some(&mut into).is_ok_and(|n| n > 0) {}
    });
    let lb = listen(&origin, " timeout server 100ms\n option independent-streams");
    let mut client = lb.connect();
    let mut writer = client.writer();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let sending = std::thread::spawn(move || {
        while writer.try_send("1\r\nx\r\n").is_ok() {
            std::thread::yield_now();
        }
    });
    assert_eq!(client.response().status(), 504);
    client.reset();
    sending.join().unwrap();
}
