//! What HAProxy 2.6.12 was seen to do with options, failures and rules, statuses and log flags included.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::origin::ClosedPort;
use lb_tests::{Instance, LogSink, Origin};

/// A frontend and a backend with the lines given, logging to `log`.
fn between(log: &LogSink, frontend: &str, backend: &str, server: &str) -> Instance {
    Instance::start(&format!(
        "global
  nbthread 1
  tune.http.logurilen 40
  h1-case-adjust host HOST
  h1-case-adjust content-length Content-Length
defaults
  mode http
  option httplog
  log {} local0
  timeout connect 30s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:0
  {}
  default_backend b
backend b
  {}
  server s {server}
",
        log.address(),
        frontend.replace(';', "\n  "),
        backend.replace(';', "\n  ")
    ))
}

fn ok() -> Origin {
    Origin::saying("hello")
}

const GET: &str = "GET /ok HTTP/1.1\r\nHost: a\r\n";

#[test]
fn header_names_are_restricted_on_either_side() {
    for (frontend, backend, status, kept) in [
        ("option http-restrict-req-hdr-names preserve", "", 200, true),
        ("option http-restrict-req-hdr-names delete", "option http-restrict-req-hdr-names preserve", 200, false),
        ("", "option http-restrict-req-hdr-names delete", 200, false),
        ("option http-restrict-req-hdr-names reject", "", 403, false),
        ("", "option http-restrict-req-hdr-names reject", 403, false),
    ] {
        let (log, origin) = (LogSink::new(), ok());
        let lb = between(&log, frontend, backend, &origin.address().to_string());
        let mut client = lb.connect();
        assert_eq!(client.send(format!("{GET}X_a: 1\r\nX-b: 2\r\n\r\n")).response().status(), status);
        if status == 200 {
            assert_eq!(origin.request().header("x_a").is_some(), kept, "{frontend} {backend}");
            assert!(origin.request().header("x-b").is_some());
        } else {
            assert_eq!(log.line().flags, "PR--");
        }
    }
}

#[test]
fn response_rules_replace_what_the_server_said() {
    for (frontend, backend, status, flags) in [
        ("", "http-response deny", 502, "PH--"),
        ("http-response deny deny_status 404", "", 404, "PH--"),
        ("http-response deny deny_status 404", "http-response return status 201", 201, "LH--"),
        ("http-response deny deny_status 404", "http-response allow", 404, "PH--"),
        ("", "http-response redirect location /x", 302, "LH--"),
    ] {
        let (log, origin) = (LogSink::new(), ok());
        let lb = between(&log, frontend, backend, &origin.address().to_string());
        let mut client = lb.connect();
        assert_eq!(client.get("/ok").status(), status);
        assert_eq!(client.get("/ok").status(), status, "the client's connection is kept");
        let line = log.line();
        assert_eq!((line.flags.as_str(), line.backend.as_str()), (flags, "b/s"));
        assert!(line.timers.contains("/-1/"), "{}", line.timers);
    }
}

#[test]
fn a_204_of_our_own_has_no_length() {
    let log = LogSink::new();
    let lb = between(&log, "http-request return status 204", "", "127.0.0.1:1");
    assert_eq!(lb.connect().get("/").header("content-length"), None);
}

#[test]
fn a_server_that_redirects_is_never_asked() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = between(&log, "", "", &format!("{} redir http://x.y/p", origin.address()));
    let mut client = lb.connect();
    let response = client.get("/ok?a=b");
    assert_eq!((response.status(), response.header("location")), (302, Some("http://x.y/p/ok?a=b")));
    client.expect_end();
    assert_eq!(log.line().flags, "LC--");
    let post = lb.connect().send("POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").response();
    assert_eq!(post.status(), 200);
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_buffered_request_reaches_the_server_whole_or_not_at_all() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = between(&log, "timeout http-request 50ms", "option http-buffer-request", &origin.address().to_string());
    let post = "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n";
    lb.connect().send(format!("{post}\r\nabc")).finish().expect_end();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str(), line.backend.as_str()), ("-1", "CR--", "b/<NOSRV>"));
    let mut client = lb.connect();
    client.send(format!("{post}Expect: 100-continue\r\n\r\n"));
    assert_eq!(client.head().status(), 100);
    assert_eq!(client.send("abcdef").response().status(), 200);
    assert_eq!(origin.request().header("expect"), None);
    let lb = between(&log, "option http-buffer-request;timeout http-request 50ms", "", &origin.address().to_string());
    let chunked = "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    assert_eq!(lb.connect().send(chunked).response().status(), 408);
    log.line();
    assert_eq!((log.line().flags.as_str(), origin.connections()), ("cR--", 1));
}

#[test]
fn names_are_adjusted_for_bogus_peers() {
    let (log, origin) = (LogSink::new(), ok());
    let client_side = "option h1-case-adjust-bogus-client";
    let server_side = "option h1-case-adjust-bogus-server";
    let lb = between(&log, client_side, server_side, &origin.address().to_string());
    let mut client = lb.connect();
    client.send(format!("{GET}\r\n"));
    let head = client.read_exactly(b"HTTP/1.1 200 OK\r\nContent-Length".len()).unwrap();
    assert!(head.ends_with(b"Content-Length"), "{}", String::from_utf8_lossy(&head));
}

#[test]
fn long_request_lines_are_cut_in_the_log() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = between(&log, "", "", &origin.address().to_string());
    lb.connect().get(&format!("/ok?{}", "a".repeat(100)));
    assert_eq!(log.line().request.len(), 42);
}

#[test]
fn monitor_uri_answers_without_a_line_and_keeps_the_connection() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = between(&log, "monitor-uri /mon", "", &origin.address().to_string());
    let mut client = lb.connect();
    assert_eq!(client.get("/mon").status(), 200);
    assert_eq!(client.get("http://test/mon").text(), client.get("/mon").text());
    assert_eq!(client.get("/mon?x").text(), "hello");
    assert_eq!(log.line().request, "\"GET /mon?x HTTP/1.1\"");
}

#[test]
fn logasap_writes_the_line_with_the_head() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = between(&log, "option logasap", "", &origin.address().to_string());
    lb.connect().get("/ok");
    let line = log.line();
    assert!(line.bytes.starts_with('+') && line.timers.contains('+'), "{line:?}");
}

#[test]
fn aborted_uploads_are_told_nothing() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request();
    });
    let lb = between(&log, "", "", &origin.address().to_string());
    lb.connect().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nabc").finish().expect_end();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.bytes.as_str(), line.flags.as_str()), ("-1", "0", "CD--"));
    // Behind a complete response the upload is still logged as broken off.
    let early = Origin::start(|visit| {
        visit.request_head();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let _ = visit.wire.try_read_to_end();
    });
    let lb = between(&log, "", "", &early.address().to_string());
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nabc");
    assert_eq!(client.response().status(), 200);
    client.finish();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("200", "CD--"));
}

#[test]
fn a_client_that_says_nothing_is_told_and_logged() {
    let log = LogSink::new();
    let lb = between(&log, "", "", "127.0.0.1:1");
    assert_eq!(lb.connect().finish().response().status(), 400);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str(), line.request.as_str()), ("400", "CR--", "\"<BADREQ>\""));
    let lb = between(&log, "timeout client 50ms", "", "127.0.0.1:1");
    assert_eq!(lb.connect().send("GET / HT").response().status(), 408);
    assert_eq!(log.line().flags, "cR--");
    let lb = between(&log, "option http-ignore-probes", "", "127.0.0.1:1");
    lb.connect().finish().expect_end();
    assert_eq!(lb.connect().send("bad\r\n\r\n").response().status(), 400);
    assert_eq!(log.line().flags, "PR--", "the probe has no line");
}

#[test]
fn a_request_that_cannot_be_repeated_ends_with_its_idle_connection() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        visit.request();
    });
    let lb = between(&log, "", "", &origin.address().to_string());
    let mut client = lb.connect();
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(client.send(post).response().status(), 200);
    client.send(post).expect_end();
}

#[test]
fn abortonclose_ends_every_wait() {
    let log = LogSink::new();
    let closed = ClosedPort::new();
    let lb = between(&log, "", "option abortonclose", &closed.address().to_string());
    lb.connect().send(format!("{GET}\r\n")).finish().expect_end();
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("-1", "CC--"));
    let origin = Origin::start(|visit| {
        visit.request();
        let _ = visit.wire.try_read_to_end();
    });
    let lb = between(&log, "", "option abortonclose", &origin.address().to_string());
    assert_eq!(lb.connect().send(format!("{GET}\r\n")).finish().response().status(), 400);
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("400", "CH--"));
}

#[test]
fn redispatch_goes_to_the_next_server_at_once() {
    let (log, origin, closed) = (LogSink::new(), ok(), ClosedPort::new());
    let more = format!("option redispatch 2;server dead {}", closed.address());
    let lb = between(&log, "", &more, &origin.address().to_string());
    assert_eq!(lb.connect().get("/ok").status(), 200);
    let line = log.line();
    assert!(line.counts.ends_with("/+1"), "{}", line.counts);
}

#[test]
fn a_tunnel_starts_with_what_came_behind_its_head() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request_head();
        visit.wire.send("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nfirst");
    });
    let lb = between(&log, "", "", &origin.address().to_string());
    let mut client = lb.connect();
    client.send(format!("{GET}Upgrade: x\r\nConnection: Upgrade\r\n\r\n"));
    assert_eq!(client.head().status(), 101);
    assert_eq!(client.read_exactly(5).unwrap(), b"first");
}

#[test]
fn proxy_headers_say_who_the_client_is() {
    let (log, origin) = (LogSink::new(), ok());
    let lb = Instance::start(&format!(
        "global
  nbthread 1
defaults
  mode http
  option httplog
  log {} local0
  timeout connect 30s
  timeout client 30s
  timeout server 30s
listen f
  bind 127.0.0.1:0 accept-proxy
  option forwardfor
  server s {}
",
        log.address(),
        origin.address()
    ));
    let mut client = lb.connect();
    client.send(format!("PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n{GET}\r\n"));
    assert_eq!(client.response().status(), 200);
    assert_eq!(origin.request().header("x-forwarded-for"), Some("1.2.3.4"));
    assert!(log.text().starts_with("1.2.3.4:111 ["));
    lb.connect().send(format!("{GET}\r\n")).expect_gone();
    let text = log.text();
    assert!(text.ends_with("] f/1: Received something which does not look like a PROXY protocol header"), "{text}");
}

#[test]
fn checks_run_and_are_logged() {
    let (log, closed) = (LogSink::new(), ClosedPort::new());
    let _lb = between(&log, "", "", &format!("{} check inter 20ms fall 1", closed.address()));
    let text = log.text();
    assert!(text.starts_with("Server b/s is DOWN, reason: Layer4 connection problem, info: \"Connection refused\""));
    assert_eq!(log.text(), "backend b has no server available!");
}
