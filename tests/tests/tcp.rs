//! TCP mode: half-closes, resets, UNIX sockets, PROXY headers, volume.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::thread;

use lb_tests::body::{Digest, Random};
use lb_tests::origin::ClosedPort;
use lb_tests::{Instance, LogSink, Origin, TCP, Wire, eventually};

fn listen(origin: &Origin, settings: &str, server: &str) -> Instance {
    Instance::start(&format!(
        "{TCP}listen fe\n bind 127.0.0.1:0\n{settings}\n server s {} {server}\n",
        origin.address()
    ))
}

/// Sends back what it read once the client finished.
fn answering() -> Origin {
    Origin::start(|visit| {
        let got = visit.wire.read_to_end();
        let _ = visit.wire.try_send([b"got ", &got[..]].concat());
    })
}

#[test]
fn the_client_may_finish_first() {
    let origin = answering();
    let lb = listen(&origin, "", "");
    assert_eq!(lb.connect().send("hello").finish().read_to_end(), b"got hello");
}

#[test]
fn the_server_may_finish_first() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let origin = Origin::start(move |visit| {
        visit.wire.send("bye").finish();
        sender.lock().unwrap().send(visit.wire.read_to_end()).unwrap();
    });
    let lb = listen(&origin, "", "");
    let mut client = lb.connect();
    assert_eq!(client.read_to_end(), b"bye");
    client.send("still here").finish();
    assert_eq!(receiver.recv_timeout(lb_tests::PATIENCE).unwrap(), b"still here");
}

#[test]
fn a_server_may_speak_first() {
    let origin = Origin::start(|visit| {
        visit.wire.send("220 hello\r\n");
        let _ = visit.wire.try_read_to_end();
    });
    let lb = listen(&origin, "", "");
    assert_eq!(lb.connect().read_exactly(11).unwrap(), b"220 hello\r\n");
}

#[test]
fn resets_end_the_other_side() {
    let log = LogSink::new();
    let settings = format!(" log {} local0\n option tcplog", log.address());
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let origin = Origin::start(move |visit| {
        visit.wire.send("hi");
        let end = visit.wire.try_read_to_end();
        sender.lock().unwrap().send(end.map_err(|error| error.kind())).unwrap();
    });
    let lb = listen(&origin, &settings, "");
    let mut client = lb.connect();
    client.read_exactly(2).unwrap();
    client.reset();
    receiver.recv_timeout(lb_tests::PATIENCE).unwrap().ok();
    assert_eq!(log.line().flags, "CD");

    let origin = Origin::start(|visit| {
        let _ = visit.wire.read_exactly(2);
        visit.reset();
    });
    let lb = listen(&origin, &settings, "");
    lb.connect().send("hi").expect_gone();
    assert_eq!(log.line().flags, "SD");
}

#[test]
fn no_server_closes_the_client() {
    let (log, closed) = (LogSink::new(), ClosedPort::new());
    let lb = Instance::start(&format!(
        "{TCP}listen fe\n bind 127.0.0.1:0\n log {} local0\n option tcplog\n retries 1\n timeout connect 20ms\n \
         server s {}\n",
        log.address(),
        closed.address()
    ));
    lb.connect().expect_gone();
    let line = log.line();
    assert_eq!((line.flags.as_str(), line.backend.as_str()), ("SC", "fe/s"));
    let lb =
        Instance::start(&format!("{TCP}listen fe\n bind 127.0.0.1:0\n log {} local0\n option tcplog\n", log.address()));
    lb.connect().expect_gone();
    assert_eq!(log.line().backend, "fe/<NOSRV>");
}

/// More than the buffers in both directions at once, with and without splicing.
#[test]
fn volume_in_both_directions() {
    const SIZE: usize = 16 << 20;
    for settings in ["", " option splice-auto", " option splice-request\n option splice-response"] {
        let origin = Origin::start(|visit| {
            let mut writer = visit.wire.writer();
            let sender = thread::spawn(move || {
                writer.send(Random::new(1).bytes(SIZE)).finish();
            });
            let got = visit.wire.read_to_end();
            assert_eq!(Digest::of(&got), Digest::of(&Random::new(2).bytes(SIZE)));
            sender.join().unwrap();
        });
        let lb = listen(&origin, settings, "");
        let mut client = lb.connect();
        let mut writer = client.writer();
        let sender = thread::spawn(move || {
            writer.send(Random::new(2).bytes(SIZE)).finish();
        });
        let got = client.read_to_end();
        assert_eq!(Digest::of(&got), Digest::of(&Random::new(1).bytes(SIZE)), "{settings}");
        sender.join().unwrap();
    }
}

#[test]
fn unix_sockets_on_both_sides() {
    let directory = tempfile::tempdir().unwrap();
    let (front, back) = (directory.path().join("front"), directory.path().join("back"));
    let origin = Origin::start_unix(&back, |visit| {
        let got = visit.wire.read_to_end();
        visit.wire.send([b"unix ", &got[..]].concat());
    });
    let lb = Instance::start(&format!(
        "{TCP}listen fe\n bind unix@{}\n server s unix@{}\n",
        front.display(),
        back.display()
    ));
    assert_eq!(Wire::connect_unix(&front).send("hello").finish().read_to_end(), b"unix hello");
    assert_eq!(origin.connections(), 1);
    drop(lb);
}

#[test]
fn http_over_unix_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let (front, back) = (directory.path().join("front"), directory.path().join("back"));
    let origin = Origin::start_unix(&back, |visit| {
        while visit.request().is_some() {
            visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let _lb = Instance::start(&format!(
        "{}listen fe\n bind {}\n option forwardfor\n server s {}\n",
        lb_tests::HTTP,
        front.display(),
        back.display()
    ));
    let mut client = Wire::connect_unix(&front);
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn proxy_protocol_to_the_server() {
    for (option, v2) in [("send-proxy", false), ("send-proxy-v2", true)] {
        let origin = answering();
        let lb = listen(&origin, "", option);
        let mut client = lb.connect();
        let local = client.local_addr();
        let got = client.send("hello").finish().read_to_end();
        let got = got.strip_prefix(b"got ").unwrap();
        let header = if v2 {
            let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01".to_vec();
            header.extend_from_slice(&local.port().to_be_bytes());
            header.extend_from_slice(&lb.address().port().to_be_bytes());
            header
        } else {
            format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", local.port(), lb.address().port()).into_bytes()
        };
        assert_eq!(got, [&header[..], b"hello"].concat(), "{option}");
    }
}

/// Headers a client may send, and the line that a server behind `send-proxy` sees.
#[test]
fn proxy_protocol_from_the_client() {
    let v2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x03\xe8\x07\xd0";
    let v2_local: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for (header, seen) in [
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 1000 2000\r\n".to_vec(), Some("PROXY TCP4 10.0.0.1 10.0.0.2 1000 2000\r\n")),
        (b"PROXY TCP6 ::1 ::2 1 2\r\n".to_vec(), Some("PROXY TCP6 ::1 ::2 1 2\r\n")),
        (v2.to_vec(), Some("PROXY TCP4 10.0.0.1 10.0.0.2 1000 2000\r\n")),
        (v2_local.to_vec(), None),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
    ] {
        let origin = answering();
        let lb = Instance::start(&format!(
            "{TCP}listen fe\n bind 127.0.0.1:0 accept-proxy\n server s {} send-proxy\n",
            origin.address()
        ));
        let mut client = lb.connect();
        let local = client.local_addr().port();
        let own = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {local} {}\r\n", lb.address().port());
        let expected = format!("got {}hello", seen.unwrap_or(&own));
        // In pieces, as a network may deliver it.
        for byte in header {
            client.send([byte]);
        }
        let got = client.send("hello").finish().read_to_end();
        assert_eq!(String::from_utf8_lossy(&got), expected);
    }
}

#[test]
fn a_broken_proxy_header_never_reaches_the_server() {
    let origin = answering();
    let lb =
        Instance::start(&format!("{TCP}listen fe\n bind 127.0.0.1:0 accept-proxy\n server s {}\n", origin.address()));
    for header in
        ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 1.2.3.4\r\n", "PROXY TCP4 a b c d\r\n", "\r\n\r\n\0\r\nQUIT\nXXXX"]
    {
        let mut client = lb.connect();
        client.send(header);
        client.expect_gone();
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn proxy_protocol_in_http() {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!(
        "{}listen fe\n bind 127.0.0.1:0 accept-proxy\n option forwardfor\n server s {}\n",
        lb_tests::HTTP,
        origin.address()
    ));
    let mut client = lb.connect();
    client.send("PROXY TCP4 10.0.0.1 10.0.0.2 1000 2000\r\n");
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(origin.request().header("x-forwarded-for"), Some("10.0.0.1"));
}

#[test]
fn queued_connections_are_served_in_turn() {
    let origin = answering();
    let lb = listen(&origin, "", "maxconn 1");
    let mut first = lb.connect();
    first.send("one");
    eventually("the first is at the server", || origin.connections() == 1);
    let mut second = lb.connect();
    second.send("two").finish();
    assert_eq!(first.finish().read_to_end(), b"got one");
    assert_eq!(second.read_to_end(), b"got two");
}

#[test]
fn rules_find_http_among_the_first_bytes() {
    let origin = answering();
    let rules = " tcp-request inspect-delay 10s\n tcp-request content reject unless HTTP\n \
                 tcp-request content reject unless { req.hdr(host) -i here }\n";
    let lb = listen(&origin, rules, "");
    let request = "GET / HTTP/1.1\r\nHost: Here\r\n\r\n";
    let mut client = lb.connect();
    client.send(&request[..20]);
    client.send(&request[20..]);
    assert_eq!(client.finish().read_to_end(), format!("got {request}").into_bytes());
    for refused in ["GET / HTTP/1.1\r\nHost: there\r\n\r\n", "\x01\x02\x03\x04 no request\r\n\r\n"] {
        let mut client = lb.connect();
        client.send(refused);
        assert!(client.try_read_to_end().unwrap_or_default().is_empty(), "{refused:?}");
    }
}
