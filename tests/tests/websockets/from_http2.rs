//! Tunnels of clients that speak HTTP/2 (extended CONNECT, RFC 8441), through HAProxy and through lb.

use std::path::Path;

use lb_tests::frames::Frames;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, Wire, eventually};

use crate::server::Server;
use crate::{ACCEPT, KEY};

const CHAT: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":authority", "a.test"),
    (":path", "/chat"),
    ("origin", "http://a.test"),
];

/// The same with other values; those that are `None` are left out.
fn chat<'a>(other: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let known = CHAT.into_iter().filter_map(|(name, value)| match other.iter().find(|(of, _)| *of == name) {
        Some((_, other)) => other.map(|other| (name, other)),
        None => Some((name, value)),
    });
    let more = other.iter().filter(|(of, _)| CHAT.iter().all(|(name, _)| name != of));
    known.chain(more.filter_map(|(name, value)| Some((*name, (*value)?)))).collect()
}

/// What a server of HTTP/1 answers by path: it echoes behind an upgrade.
fn origin() -> Origin {
    Origin::start(|visit| {
        while let Some(request) = visit.request_head() {
            let key = request.header("sec-websocket-key").unwrap_or_default().to_owned();
            let protocol = request.header("upgrade").unwrap_or_default().to_owned();
            let proof = match request.target() {
                "/unproven" => String::new(),
                "/wrong" => format!("sec-websocket-accept: {ACCEPT}\r\n"),
                _ if protocol == "websocket" => format!("sec-websocket-accept: {}\r\n", accept_of(&key)),
                _ => String::new(),
            };
            let answer = match request.target() {
                "/refused" => "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno".to_owned(),
                "/plain" => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".to_owned(),
                _ => format!("HTTP/1.1 101 OK\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n{proof}x-a: 1\r\n\r\n"),
            };
            if visit.wire.try_send(&answer).is_err() {
                return;
            }
            if answer.contains(" 101 ") {
                echo(&mut visit.wire);
                return;
            }
        }
    })
}

/// Until the end, or `bye`.
fn echo(wire: &mut Wire) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = wire.read_some(&mut bytes) {
        if bytes.starts_with(b"bye") || wire.try_send(&bytes[..length]).is_err() {
            return;
        }
    }
}

/// RFC 6455, section 4.2.2.
fn accept_of(key: &str) -> String {
    use base64::Engine as _;
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(digest)
}

fn before(haproxy: Option<&Path>, server: &str, log: &LogSink, global: &str, rules: &str) -> Side {
    let text = format!(
        "global
  nbthread 1
  stats socket {{dir}}/stats
  log {} local0
  {global}
defaults
  mode http
  log global
  option httplog
  option dontlognull
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend f
  bind {{listen0}}
  {rules}
  default_backend b
backend b
  server s {server}
",
        log.address()
    );
    Side::start(haproxy, &text, 1)
}

/// lb, and HAProxy where it is installed.
fn sides() -> Vec<Option<std::path::PathBuf>> {
    std::iter::once(None).chain(haproxy().map(Some)).collect()
}

fn logged(log: &LogSink) -> String {
    let line = log.line();
    format!("{} {} {} {}", line.backend, line.status, line.flags, line.request)
}

#[test]
fn support_is_announced_unless_clients_are_bogus() {
    for side in sides() {
        for (global, announced) in [("", Some(1)), ("h2-workaround-bogus-websocket-clients", None)] {
            let (log, origin) = (LogSink::new(), origin());
            let proxy = before(side.as_deref(), &origin.address().to_string(), &log, global, "");
            let mut client = Frames::connect(proxy.address(0));
            assert_eq!(client.setting(8), announced, "{side:?}: {global}");
            // Who does it untold is served.
            client.open(&CHAT, false);
            assert!(client.tell().1.starts_with(":status: 200"), "{side:?}: {global}");
        }
    }
}

/// What the server gets, what the client gets, and what is logged.
#[test]
fn websockets_to_http1_servers() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let proxy = before(side.as_deref(), &origin.address().to_string(), &log, "", "");
        let mut client = Frames::connect(proxy.address(0));
        let stream = client.open(&CHAT, false);
        let told = client.tell();
        let request = origin.request();
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert_eq!((request.method(), request.target()), ("GET", "/chat"), "{side:?}");
        assert_eq!(names, ["host", "origin", "upgrade", "connection", "sec-websocket-key"], "{side:?}");
        assert_eq!((request.header("host"), request.header("upgrade")), (Some("a.test"), Some("websocket")));
        let key = request.header("sec-websocket-key").unwrap();
        assert_eq!(key.len(), 24);
        let answer = format!(":status: 200; sec-websocket-accept: {}; x-a: 1", accept_of(key));
        assert_eq!(told, (stream, answer, false), "{side:?}");
        for text in ["ping", "pong"] {
            client.data(stream, text.as_bytes(), false);
            assert_eq!(client.tell(), (stream, text.to_owned(), false), "{side:?}");
        }
        client.data(stream, b"", true);
        assert_eq!(client.tell(), (stream, String::new(), true), "{side:?}");
        assert_eq!(logged(&log), "b/s 101 ---- \"GET http://a.test/chat HTTP/2.0\"", "{side:?}");
    }
}

/// What ends them, and how that is logged.
#[test]
fn ends_of_tunnels_and_their_flags() {
    type End = (&'static str, fn(&mut Option<Frames>, u32), &'static str);
    let ends: [End; 4] = [
        ("the server ends", |client, stream| client.as_mut().unwrap().data(stream, b"bye", false), "----"),
        ("the client ends", |client, stream| client.as_mut().unwrap().data(stream, b"", true), "----"),
        ("the client resets", |client, stream| client.as_mut().unwrap().reset(stream, 8), "CD--"),
        ("the client's connection is closed", |client, _| *client = None, "----"),
    ];
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let server = Server::start(None, true);
        let http2 = format!("{} proto h2", server.address);
        for server in [&origin.address().to_string(), &http2] {
            let proxy = before(side.as_deref(), server, &log, "", "");
            for (end, act, flags) in ends {
                let mut client = Some(Frames::connect(proxy.address(0)));
                let frames = client.as_mut().unwrap();
                let stream = frames.open(&CHAT, false);
                frames.tell();
                frames.data(stream, b"ping", false);
                assert_eq!(frames.tell().1, "ping");
                act(&mut client, stream);
                if end == "the server ends" {
                    assert_eq!(client.as_mut().unwrap().tell(), (stream, String::new(), true), "{side:?}: {server}");
                }
                let line = format!("b/s 101 {flags} \"GET http://a.test/chat HTTP/2.0\"");
                assert_eq!(logged(&log), line, "{side:?}: {server}: {end}");
            }
        }
    }
}

#[test]
fn timeouts_of_tunnels() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        for (rules, flags) in [("timeout client 200ms", "cD--"), ("timeout client 10s", "sD--")] {
            let server = format!("{}\n  timeout server 400ms", origin.address());
            let proxy = before(side.as_deref(), &server, &log, "", rules);
            let mut client = Frames::connect(proxy.address(0));
            let stream = client.open(&CHAT, false);
            client.tell();
            assert_eq!(client.tell(), (stream, String::new(), true), "{side:?}: {rules}");
            assert_eq!(logged(&log), format!("b/s 101 {flags} \"GET http://a.test/chat HTTP/2.0\""), "{side:?}");
        }
    }
}

#[test]
fn answers_that_open_no_tunnel() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let proxy = before(side.as_deref(), &origin.address().to_string(), &log, "", "");
        for (path, status, line) in [
            ("/refused", "403; content-length: 2", "b/s 403 ---- "),
            ("/plain", "200; content-length: 2", "b/s 200 ---- "),
            ("/wrong", "502; content-length: 107; cache-control: no-cache; content-type: text/html", "b/s 502 PH-- "),
            (
                "/unproven",
                "502; content-length: 107; cache-control: no-cache; content-type: text/html",
                "b/s 502 PH-- ",
            ),
        ] {
            let mut client = Frames::connect(proxy.address(0));
            client.open(&chat(&[(":path", Some(path))]), false);
            assert_eq!(client.tell().1, format!(":status: {status}"), "{side:?}: {path}");
            assert!(logged(&log).starts_with(line), "{side:?}: {path}");
        }
    }
}

#[test]
fn keys_and_other_protocols() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let proxy = before(side.as_deref(), &origin.address().to_string(), &log, "", "");
        let mut client = Frames::connect(proxy.address(0));
        client.open(&chat(&[("sec-websocket-key", Some(KEY))]), false);
        assert_eq!(client.tell().1, format!(":status: 200; sec-websocket-accept: {ACCEPT}; x-a: 1"), "{side:?}");
        let stream = client.open(&chat(&[(":protocol", Some("foo"))]), false);
        assert_eq!(client.tell(), (stream, ":status: 200; x-a: 1".to_owned(), false), "{side:?}");
        client.data(stream, b"ping", false);
        assert_eq!(client.tell().1, "ping");
        let request = origin.requests().remove(1);
        assert_eq!((request.header("upgrade"), request.header("sec-websocket-key")), (Some("foo"), None), "{side:?}");
    }
}

#[test]
fn tunnels_to_http2_servers() {
    for side in sides() {
        let (log, server) = (LogSink::new(), Server::start(None, true));
        let proxy = before(side.as_deref(), &format!("{} proto h2", server.address), &log, "", "");
        let mut client = Frames::connect(proxy.address(0));
        let stream = client.open(&CHAT, false);
        assert_eq!(client.tell(), (stream, ":status: 200".to_owned(), false), "{side:?}");
        client.data(stream, b"ping", false);
        assert_eq!(client.tell().1, "ping", "{side:?}");
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "HTTP/2 /chat", "{side:?}");
        drop(client);
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "end", "{side:?}");
    }
    // HAProxy resets the stream, as if it had not looked at it.
    let (log, server) = (LogSink::new(), Server::start(None, false));
    let proxy = before(None, &format!("{} proto h2", server.address), &log, "", "");
    let mut client = Frames::connect(proxy.address(0));
    client.open(&CHAT, false);
    assert!(client.tell().1.starts_with(":status: 502;"));
    assert_eq!(logged(&log), "b/s 502 PH-- \"GET http://a.test/chat HTTP/2.0\"");
}

/// An upgrade of HTTP/1 to something else than a websocket.
#[test]
fn upgrades_of_http1_to_http2_servers() {
    let upgrade = "GET /any HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo, bar\r\n\r\n";
    for side in sides() {
        let (log, server) = (LogSink::new(), Server::start(None, true));
        let proxy = before(side.as_deref(), &format!("{} proto h2", server.address), &log, "", "");
        let mut client = proxy.connect(0);
        let response = client.send(upgrade).response();
        assert_eq!((response.status(), response.header("upgrade")), (101, Some("foo")), "{side:?}");
        assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
    }
    // It may be left aside (RFC 9110, section 7.8), which HAProxy does not.
    let (log, server) = (LogSink::new(), Server::start(None, false));
    let proxy = before(None, &format!("{} proto h2", server.address), &log, "", "");
    assert_eq!(proxy.connect(0).send(upgrade).response().status(), 200);
    assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "HTTP/2 /any");
}

/// Rules see what an upgrade is in HTTP/1, and the answer to it.
#[test]
fn rules_see_an_upgrade() {
    let rules = "http-request return status 418 hdr m \"%[method] %[path] %[url] %[req.ver] %[req.hdr_names]\" if { path /rule }
  http-response set-header x-rule %[status]
  http-after-response set-header x-after 1";
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let proxy = before(side.as_deref(), &origin.address().to_string(), &log, "", rules);
        let mut client = Frames::connect(proxy.address(0));
        client.open(&chat(&[(":path", Some("/rule"))]), false);
        let told = client.tell().1;
        assert!(
            told.starts_with(":status: 418; m: GET /rule http://a.test/rule 2.0 host,origin,upgrade,connection; "),
            "{side:?}: {told}"
        );
        let mut client = Frames::connect(proxy.address(0));
        client.open(&chat(&[("sec-websocket-key", Some(KEY))]), false);
        let told = format!(":status: 200; sec-websocket-accept: {ACCEPT}; x-a: 1; x-rule: 101; x-after: 1");
        assert_eq!(client.tell().1, told, "{side:?}");
        // Those of HTTP/1 likewise.
        let mut client = proxy.connect(0);
        let response = client
            .send(format!(
                "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
            ))
            .response();
        assert_eq!((response.header("x-rule"), response.header("x-after")), (Some("101"), Some("1")), "{side:?}");
        assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
    }
}

/// HAProxy answers 500, or takes `:protocol` for nothing.
#[test]
fn what_comes_too_early_waits_and_what_is_malformed_is_reset() {
    let (log, origin) = (LogSink::new(), origin());
    let proxy = before(None, &origin.address().to_string(), &log, "", "");
    let mut client = Frames::connect(proxy.address(0));
    let stream = client.open(&CHAT, false);
    client.data(stream, b"early", false);
    assert!(client.tell().1.starts_with(":status: 200;"));
    assert_eq!(client.tell(), (stream, "early".to_owned(), false));
    let long = "x".repeat(100);
    for fields in [
        chat(&[(":method", Some("GET"))]),
        chat(&[(":scheme", None)]),
        chat(&[(":path", None)]),
        chat(&[(":authority", None), ("host", Some("a.test"))]),
        chat(&[(":protocol", Some(""))]),
        chat(&[(":protocol", Some("a b"))]),
        chat(&[(":protocol", Some("websocket, h2c"))]),
        chat(&[(":protocol", Some("h2c"))]),
        chat(&[("content-length", Some("5"))]),
        chat(&[("upgrade", Some("foo"))]),
    ] {
        let stream = client.open(&fields, false);
        assert_eq!(client.tell(), (stream, "reset 1".to_owned(), true), "{fields:?}");
    }
    let stream = client.open(&chat(&[(":protocol", Some(&long))]), false);
    assert!(client.tell().1.starts_with(":status: 200;"));
    client.data(stream, b"still here", false);
    assert_eq!(client.tell(), (stream, "still here".to_owned(), false));
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn a_hundred_tunnels_on_one_connection() {
    for side in sides() {
        let (log, origin) = (LogSink::new(), origin());
        let proxy = before(side.as_deref(), &origin.address().to_string(), &log, "", "");
        let mut client = Frames::connect(proxy.address(0));
        let streams: Vec<u32> = (0..100).map(|_| client.open(&CHAT, false)).collect();
        for _ in &streams {
            assert!(client.tell().1.starts_with(":status: 200;"), "{side:?}");
        }
        for stream in &streams {
            client.data(*stream, format!("I am {stream}").as_bytes(), false);
        }
        for _ in &streams {
            let (stream, text, _) = client.tell();
            assert_eq!(text, format!("I am {stream}"), "{side:?}");
        }
        // One that is reset leaves the others alone.
        client.reset(streams[50], 8);
        client.data(streams[51], b"on", false);
        assert_eq!(client.tell(), (streams[51], "on".to_owned(), false), "{side:?}");
        drop(client);
        eventually("all are logged", || log.line().status == "101" && log.is_empty());
    }
}
