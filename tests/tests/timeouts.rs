//! Timeouts: what happens when they strike, and what the log says (configuration.txt, section 8.5). How long it took is
//! never looked at.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Mutex, mpsc};

use lb_tests::origin::{SilentPort, Visit};
use lb_tests::{Instance, LogSink, Origin};

/// A `listen` section of its own timeouts that logs to `log`; what is not set lasts longer than the test.
fn listen(log: &LogSink, mode: &str, settings: &str) -> Instance {
    let format = if mode == "tcp" { "tcplog" } else { "httplog" };
    Instance::start(&format!(
        "global
  nbthread 1
defaults
  mode {mode}
  option {format}
  log {} local0
  timeout connect 30s
  timeout client 30s
  timeout server 30s
listen fe
 bind 127.0.0.1:0
{settings}
",
        log.address()
    ))
}

/// An origin that reads what comes and never says a word, until the peer goes.
fn silent(visit: &mut Visit) {
    let _ = visit.wire.try_read_to_end();
}

#[test]
fn server_timeout_before_a_response_is_504() {
    let log = LogSink::new();
    let origin = Origin::start(silent);
    let lb = listen(&log, "http", &format!(" timeout server 50ms\n server s {}", origin.address()));
    assert_eq!(lb.connect().get("/").status(), 504);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str(), line.backend.as_str()), ("504", "sH--", "fe/s"));
}

#[test]
fn server_timeout_within_a_response_cuts_it_off() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request_head();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        silent(visit);
    });
    let lb = listen(&log, "http", &format!(" timeout server 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_response_to("GET").is_err());
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("200", "sD--"));
}

#[test]
fn client_timeout_within_a_request_body() {
    let log = LogSink::new();
    let origin = Origin::start(silent);
    let lb = listen(&log, "http", &format!(" timeout client 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    assert_eq!(client.response().status(), 408);
    client.expect_gone();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("408", "cD--"));
}

#[test]
fn client_timeout_within_a_response() {
    let log = LogSink::new();
    // More than the kernel's buffers of both sides hold.
    let origin = Origin::start(|visit| {
        visit.request_head();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        let block = vec![b'x'; 1 << 20];
        while visit.wire.try_send(&block).is_ok() {}
    });
    let lb = listen(&log, "http", &format!(" timeout client 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("200", "cD--"));
}

#[test]
fn http_request_timeout_is_408() {
    let log = LogSink::new();
    let origin = Origin::saying("reached");
    let lb = listen(&log, "http", &format!(" timeout http-request 50ms\n server s {}", origin.address()));
    for part in ["", "GET / HTTP/1.1\r\nHo"] {
        let mut client = lb.connect();
        client.send(part);
        assert_eq!(client.response().status(), 408, "{part:?}");
        client.expect_end();
        let line = log.line();
        assert_eq!((line.status.as_str(), line.flags.as_str()), ("408", "cR--"), "{part:?}");
        assert_eq!((line.backend.as_str(), line.request.as_str()), ("fe/<NOSRV>", "\"<BADREQ>\""), "{part:?}");
    }
    assert!(origin.requests().is_empty());
}

#[test]
fn a_whole_request_is_not_limited_by_http_request() {
    let log = LogSink::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |visit| {
        visit.request().unwrap();
        // The answer comes after another connection's time was up.
        wait.lock().unwrap().recv_timeout(lb_tests::PATIENCE).unwrap();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let lb = listen(&log, "http", &format!(" timeout http-request 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut late = lb.connect();
    late.send("GET");
    assert_eq!(late.response().status(), 408);
    go.send(()).unwrap();
    assert_eq!(client.response().status(), 200);
}

#[test]
fn keep_alive_timeout_closes_in_silence() {
    let log = LogSink::new();
    let origin = Origin::saying("ok");
    let lb = listen(&log, "http", &format!(" timeout http-keep-alive 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.get("/");
    client.expect_end();
    log.line();
    // The idle time is not a request: no second line. A new connection's is the next.
    lb.connect().get("/next");
    assert!(log.line().request.contains("/next"));
}

#[test]
fn connect_timeout_is_503() {
    let log = LogSink::new();
    let silent = SilentPort::new();
    let lb = listen(&log, "http", &format!(" timeout connect 50ms\n retries 1\n server s {}", silent.address()));
    assert_eq!(lb.connect().get("/").status(), 503);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("503", "sC--"));
    assert!(line.counts.ends_with("/1"), "{line:?}");
}

/// The server closes a kept connection on the second request, and does not take another one.
#[test]
fn connect_timeout_after_a_stale_connection_is_503() {
    let log = LogSink::new();
    let mut port = SilentPort::open();
    let lb = listen(&log, "http", &format!(" timeout connect 50ms\n retries 1\n server s {}", port.address()));
    let mut client = lb.connect();
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut server = port.accept();
    server.try_request().unwrap().unwrap();
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().status(), 200);
    log.line();
    port.fill();
    client.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    server.try_request().unwrap().unwrap();
    drop(server);
    assert_eq!(client.response().status(), 503);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("503", "sC--"));
    assert!(line.counts.ends_with("/1"), "{line:?}");
}

#[test]
fn queue_timeout_is_503() {
    let log = LogSink::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |visit| {
        while visit.request().is_some() {
            wait.lock().unwrap().recv_timeout(lb_tests::PATIENCE).unwrap();
            visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let lb = listen(&log, "http", &format!(" timeout queue 50ms\n server s {} maxconn 1", origin.address()));
    let mut first = lb.connect();
    first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    lb_tests::eventually("the first request is at the origin", || origin.requests().len() == 1);
    assert_eq!(lb.connect().get("/second").status(), 503);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str(), line.backend.as_str()), ("503", "sQ--", "fe/<NOSRV>"));
    go.send(()).unwrap();
    assert_eq!(first.response().status(), 200);
}

#[test]
fn tarpit_holds_and_then_answers_500() {
    let log = LogSink::new();
    let lb = listen(&log, "http", " timeout tarpit 50ms\n http-request tarpit");
    assert_eq!(lb.connect().get("/").status(), 500);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("500", "PT--"));
}

#[test]
fn tcp_timeouts_name_the_silent_side() {
    for (settings, flags) in [(" timeout client 50ms", "cD"), (" timeout server 50ms", "sD")] {
        let log = LogSink::new();
        let origin = Origin::start(silent);
        let lb = listen(&log, "tcp", &format!("{settings}\n server s {}", origin.address()));
        let mut client = lb.connect();
        client.send("hello");
        client.expect_gone();
        // As with HAProxy, the stream ends when its other side has too.
        drop(client);
        assert_eq!(log.line().flags, flags, "{settings}");
    }
}

#[test]
fn tunnel_timeout_replaces_both() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request_head();
        visit.wire.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
        silent(visit);
    });
    let lb = listen(&log, "http", &format!(" timeout tunnel 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    assert_eq!(client.response().status(), 101);
    client.expect_gone();
    let line = log.line();
    assert_eq!(line.status, "101");
    assert!(["sD--", "cD--"].contains(&line.flags.as_str()), "{line:?}");
}

/// A side that was told of the end has its own, shorter time to end too.
#[test]
fn half_closed_sides_have_their_own_timeouts() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        silent(visit);
        visit.linger();
    });
    let lb = listen(&log, "tcp", &format!(" timeout server-fin 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("hello").finish();
    assert_eq!(log.line().flags, "sD");

    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.wire.send("bye").finish();
        silent(visit);
    });
    let lb = listen(&log, "tcp", &format!(" timeout client-fin 50ms\n server s {}", origin.address()));
    let mut client = lb.connect();
    assert_eq!(client.read_exactly(3).unwrap(), b"bye");
    assert_eq!(log.line().flags, "cD");
}

#[test]
fn tcp_connect_timeout() {
    let log = LogSink::new();
    let silent = SilentPort::new();
    let lb = listen(&log, "tcp", &format!(" timeout connect 50ms\n retries 0\n server s {}", silent.address()));
    lb.connect().expect_gone();
    let line = log.line();
    assert_eq!((line.flags.as_str(), line.backend.as_str()), ("sC", "fe/s"));
}
