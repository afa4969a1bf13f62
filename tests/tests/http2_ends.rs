//! How connections and streams of HTTP/2 clients end before their time, and what is logged of it; through HAProxy and through
//! lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use lb_tests::frames::{Frames, framed};
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, eventually};

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")];

/// lb, and HAProxy where it is installed.
fn sides() -> Vec<Option<PathBuf>> {
    std::iter::once(None).chain(haproxy().map(Some)).collect()
}

/// Answers each request when told to.
fn patient() -> (Origin, Sender<()>) {
    let (sender, told) = channel();
    let told = Mutex::new(told);
    let origin = Origin::start(move |visit| {
        while visit.request().is_some() {
            let answers = told.lock().unwrap().recv_timeout(PATIENCE).is_ok();
            if !answers || visit.wire.try_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    });
    (origin, sender)
}

fn before(haproxy: Option<&Path>, origin: &Origin, log: &LogSink, options: &str) -> Side {
    let text = format!(
        "global
  nbthread 1
  stats socket {{dir}}/stats
  log {} local0
defaults
  mode http
  log global
  option httplog
  option dontlognull
  {options}
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend f
  bind {{listen0}}
  default_backend b
backend b
  server s {}
",
        log.address(),
        origin.address()
    );
    Side::start(haproxy, &text, 1)
}

fn logged(log: &LogSink) -> String {
    let line = log.line();
    format!("{} {} {} {}", line.backend, line.status, line.flags, line.request)
}

const BADREQ: &str = "f/<NOSRV> 0 PR-- \"<BADREQ>\"";

#[test]
fn malformed_requests_are_logged() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        let proxy = before(side.as_deref(), &origin, &log, "");
        let mut client = Frames::connect(proxy.address(0));
        for bad in [("te", "gzip"), ("X-Upper", "a"), ("connection", "close")] {
            let mut fields = GET.to_vec();
            fields.push(bad);
            let stream = client.open(&fields, true);
            assert_eq!(client.tell(), (stream, "reset 1".to_owned(), true), "{side:?}: {bad:?}");
            assert_eq!(logged(&log), BADREQ, "{side:?}: {bad:?}");
        }
        let stream = client.open(&GET, true);
        assert_eq!(client.tell().0, stream, "{side:?}");
        assert_eq!(logged(&log), "b/s 200 ---- \"GET http://a.test/ HTTP/2.0\"", "{side:?}");
    }
}

#[test]
fn broken_connections_are_logged() {
    let frames = [
        ("PING of 4 bytes", framed(6, 0, 0, b"1234")),
        ("an index of 0", framed(1, 5, 1, &[0x80])),
        ("SETTINGS of 3 bytes", framed(4, 0, 0, b"abc")),
        ("CONTINUATION alone", framed(9, 4, 1, b"")),
    ];
    for side in sides() {
        for (what, frame) in &frames {
            let (log, origin) = (LogSink::new(), Origin::answering(""));
            let proxy = before(side.as_deref(), &origin, &log, "");
            let mut client = Frames::connect(proxy.address(0));
            client.raw(frame);
            assert!(client.tell().1.starts_with("goaway "), "{side:?}: {what}");
            assert_eq!(logged(&log), BADREQ, "{side:?}: {what}");
        }
    }
}

/// A client that has closed its sending side has still asked.
#[test]
fn a_request_is_answered_after_the_end_of_its_connection() {
    for side in sides() {
        let (log, (origin, answer)) = (LogSink::new(), patient());
        let proxy = before(side.as_deref(), &origin, &log, "");
        let mut client = Frames::connect(proxy.address(0));
        let stream = client.open(&GET, true);
        eventually("the server has the request", || origin.requests().len() == 1);
        client.finish();
        answer.send(()).unwrap();
        assert_eq!(client.tell(), (stream, ":status: 200; content-length: 2".to_owned(), false), "{side:?}");
        assert_eq!(logged(&log), "b/s 200 ---- \"GET http://a.test/ HTTP/2.0\"", "{side:?}");
    }
}

#[test]
fn streams_that_are_given_up() {
    for side in sides() {
        for (options, resets, line) in [
            ("option abortonclose", false, "b/s 400 CH-- \"GET http://a.test/ HTTP/2.0\""),
            ("option abortonclose", true, "b/s -1 CD-- \"GET http://a.test/ HTTP/2.0\""),
            ("", true, "b/s -1 CD-- \"GET http://a.test/ HTTP/2.0\""),
        ] {
            let (log, (origin, answer)) = (LogSink::new(), patient());
            let proxy = before(side.as_deref(), &origin, &log, options);
            let mut client = Frames::connect(proxy.address(0));
            let stream = client.open(&GET, true);
            eventually("the server has the request", || origin.requests().len() == 1);
            if resets {
                client.reset(stream, 8)
            } else {
                client.finish()
            }
            assert_eq!(logged(&log), line, "{side:?}: {options}, {resets}");
            drop(answer);
        }
    }
}

/// A client that says so has no more to ask.
#[test]
fn a_client_goes_away() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        let proxy = before(side.as_deref(), &origin, &log, "");
        let mut client = Frames::connect(proxy.address(0));
        client.open(&GET, true);
        client.raw(&framed(7, 0, 0, &[0; 8]));
        let mut told = Vec::new();
        while told.last().is_none_or(|line| line != "closed") {
            told.push(client.tell().1);
        }
        assert_eq!(told[0], ":status: 200; content-length: 0", "{side:?}");
    }
}

/// `Content-Length: 0` is no body that would have to come before what an upgrade opens.
#[test]
fn an_upgrade_may_announce_an_empty_body() {
    for side in sides() {
        let log = LogSink::new();
        let origin = Origin::start(|visit| {
            visit.request_head();
            visit.wire.send("HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n");
            let bytes = visit.wire.read_exactly(4).unwrap_or_default();
            visit.wire.send(bytes);
        });
        let proxy = before(side.as_deref(), &origin, &log, "");
        let mut client = proxy.connect(0);
        client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.head().status(), 101, "{side:?}");
        assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping", "{side:?}");
    }
}
