//! HTTP/2 byte by byte: malformed requests and frames, clients that do not read, and other people's clients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lb_core::http::h2::Reason;
use lb_core::http::h2::frame::{FrameHeader, HEADER, Kind, PREFACE, flags, kind};
use lb_tests::frames::{block, framed};
use lb_tests::{Instance, LogSink, Origin, Wire, eventually};

fn configuration(origin: &Origin, bind: &str) -> String {
    format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         frontend fe\n  bind 127.0.0.1:0 {bind}\n  default_backend be\nbackend be\n  server s1 {}\n",
        origin.address()
    )
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "lb.test"), (":path", "/")];

fn headers(stream: u32, end: bool, fields: &[(&str, &str)]) -> Vec<u8> {
    let end = if end { flags::END_STREAM } else { 0 };
    framed(kind::HEADERS, flags::END_HEADERS | end, stream, &block(fields))
}

/// A client that speaks frames.
struct Client {
    wire: Wire,
}

impl Client {
    fn connect(instance: &Instance) -> Self {
        let mut wire = instance.connect();
        wire.send(PREFACE).send(framed(4, 0, 0, &[]));
        Self { wire }
    }

    /// The next frame that is not about the connection's state; `None` at the end.
    fn next(&mut self) -> Option<(FrameHeader, Vec<u8>)> {
        loop {
            let header = FrameHeader::read(&self.wire.read_exactly(HEADER).ok()?).unwrap();
            let payload = self.wire.read_exactly(header.length).unwrap();
            match header.kind {
                Kind::Settings if !header.has(flags::ACK) => {
                    let _ = self.wire.try_send(framed(4, flags::ACK, 0, &[]));
                }
                Kind::Settings | Kind::WindowUpdate | Kind::Ping => {}
                _ => return Some((header, payload)),
            }
        }
    }

    fn code(payload: &[u8]) -> Reason {
        Reason(u32::from_be_bytes(*payload.last_chunk().unwrap()))
    }

    /// Expects a response; its whole body.
    fn response(&mut self, stream: u32) -> Vec<u8> {
        let (header, _) = self.next().expect("a response");
        assert_eq!((header.kind, header.stream), (Kind::Headers, stream));
        let mut body = Vec::new();
        let mut ended = header.has(flags::END_STREAM);
        while !ended {
            let (header, payload) = self.next().expect("its body");
            assert_eq!((header.kind, header.stream), (Kind::Data, stream));
            body.extend(payload);
            ended = header.has(flags::END_STREAM);
        }
        body
    }
}

/// `option http-buffer-request` and `wait-for-body` see all of a body whose frames come one after the other, also where the
/// window of a stream is smaller than a buffer.
#[test]
fn bodies_in_many_frames_are_waited_for() {
    for lines in ["option http-buffer-request", "http-request wait-for-body time 10s"] {
        let instance = Instance::start(&format!(
            "global\n  nbthread 1\n  tune.h2.initial-window-size 1000\ndefaults\n  mode http\n  timeout client 20s\n\
             frontend fe\n  bind 127.0.0.1:0 proto h2\n  {lines}\n  \
             http-request return content-type text/plain lf-string \"%[req.body_len] %[req.body,sdbm]\"\n"
        ));
        let mut client = Client::connect(&instance);
        let post = [&[(":method", "POST")], &GET[1..]].concat();
        client.wire.send(headers(1, false, &post));
        for _ in 0..12 {
            client.wire.send(framed(kind::DATA, 0, 1, &[b'x'; 500])).send(framed(6, 0, 0, &[0; 8]));
            // What was sent has been looked at once its ping is answered.
            loop {
                let header = FrameHeader::read(&client.wire.read_exactly(HEADER).unwrap()).unwrap();
                client.wire.read_exactly(header.length).unwrap();
                if header.kind == Kind::Ping {
                    break;
                }
                assert!(matches!(header.kind, Kind::Settings | Kind::WindowUpdate), "{header:?} under {lines}");
            }
        }
        client.wire.send(framed(kind::DATA, flags::END_STREAM, 1, b"end"));
        let body = client.response(1);
        assert!(body.starts_with(b"6003 "), "{} under {lines}", String::from_utf8_lossy(&body));
    }
}

/// RFC 9113, section 8.1.1: a malformed request is an error of its stream; nothing of it reaches the server, and the
/// connection goes on.
#[test]
fn malformed_requests_are_reset_and_do_not_reach_the_server() {
    let origin = Origin::saying("hello");
    for bind in ["proto h2", ""] {
        let instance = Instance::start(&configuration(&origin, bind));
        let with = |name, value| [&GET[..], &[(name, value)]].concat();
        let cases: Vec<Vec<(&str, &str)>> = vec![
            GET[..3].to_vec(),
            GET[1..].to_vec(),
            [&GET[..2], &GET[3..]].concat(),
            with("Upper", "case"),
            with("a b", "c"),
            with("a", "b\r\nx-smuggled: 1"),
            with("a", "\0"),
            with("connection", "close"),
            with("transfer-encoding", "chunked"),
            with("te", "gzip"),
            with("host", "other.test"),
            with("content-length", "5"),
            with("content-length", "x"),
            with(":path", "/again"),
            [&[("x", "first")], &GET[..]].concat(),
            [&GET[..2], &[(":authority", "lb.test/smuggled"), GET[3]]].concat(),
            [&GET[..3], &[(":path", "/ HTTP/1.1\r\nx: y")]].concat(),
            [&[(":method", "GET / HTTP/1.1\r\nx: y")], &GET[1..]].concat(),
        ];
        let mut client = Client::connect(&instance);
        let mut stream = 1;
        for fields in cases {
            client.wire.send(headers(stream, true, &fields));
            let (header, payload) = client.next().unwrap_or_else(|| panic!("{fields:?} ended the connection"));
            assert_eq!((header.kind, header.stream), (Kind::RstStream, stream), "{fields:?}");
            assert_eq!(Client::code(&payload), Reason::PROTOCOL_ERROR, "{fields:?}");
            client.wire.send(headers(stream + 2, true, &GET));
            assert_eq!(client.response(stream + 2), b"hello", "{fields:?}");
            stream += 4;
        }
    }
    for request in origin.requests() {
        assert_eq!((request.start.as_str(), request.headers.len()), ("GET / HTTP/1.1", 1), "{request:?}");
    }
}

/// Errors of the connection end it with a GOAWAY that arrives.
#[test]
fn broken_connections_are_told_why_and_closed() {
    let origin = Origin::saying("hello");
    let instance = Instance::start(&configuration(&origin, "proto h2"));
    let cases: [(&str, Reason, Vec<u8>); 6] = [
        ("DATA without a stream", Reason::PROTOCOL_ERROR, framed(kind::DATA, 0, 0, b"x")),
        ("an even stream", Reason::PROTOCOL_ERROR, headers(2, true, &GET)),
        ("a block that cannot be decoded", Reason::COMPRESSION_ERROR, framed(1, flags::END_HEADERS, 1, &[0xff; 9])),
        ("SETTINGS of five bytes", Reason::FRAME_SIZE_ERROR, framed(4, 0, 0, &[0; 5])),
        ("a window that overflows", Reason::FLOW_CONTROL_ERROR, framed(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("PUSH_PROMISE", Reason::PROTOCOL_ERROR, framed(5, flags::END_HEADERS, 1, &[0, 0, 0, 2])),
    ];
    for (what, reason, bytes) in cases {
        let mut client = Client::connect(&instance);
        client.wire.send(headers(1, false, &GET));
        client.wire.send(bytes);
        let told = std::iter::from_fn(|| client.next()).find(|(header, _)| header.kind == Kind::GoAway);
        let (_, payload) = told.unwrap_or_else(|| panic!("{what}: no GOAWAY"));
        assert_eq!(Client::code(&payload), reason, "{what}");
        while client.next().is_some() {}
        client.wire.expect_gone();
    }
}

/// What a client does not read is not fetched from the server, beyond what buffers hold.
#[test]
fn slow_readers_bound_memory() {
    const BODY: u64 = 64 << 20;
    /// Buffers of both sockets of the kernel, which grow on their own, and ours.
    const BOUND: u64 = 24 << 20;
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let origin = Origin::start(move |visit| {
        while visit.request().is_some() {
            let block = [7; 65536];
            visit.wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n"));
            for _ in 0..BODY / 65536 {
                if visit.wire.try_send(block).is_err() {
                    return;
                }
                counted.fetch_add(65536, Ordering::SeqCst);
            }
        }
    });
    let instance = Instance::start(&configuration(&origin, "proto h2"));
    let mut client = Client::connect(&instance);
    // All the windows that there are.
    client.wire.send(framed(4, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]));
    client.wire.send(framed(8, 0, 0, &[0x7f, 0xff, 0, 0]));
    for stream in 0..4 {
        client.wire.send(headers(2 * stream + 1, true, &GET));
    }
    eventually("the first bytes", || sent.load(Ordering::SeqCst) > 1 << 20);
    let (mut read, mut ended) = (0, 0);
    while ended < 4 {
        let (header, payload) = client.next().expect("the bodies");
        read += payload.len() as u64;
        ended += u64::from(header.kind == Kind::Data && header.has(flags::END_STREAM));
        let ahead = sent.load(Ordering::SeqCst).saturating_sub(read);
        assert!(ahead <= BOUND, "{ahead} bytes were fetched for a client that has read {read}");
    }
    assert!(read >= 4 * BODY);
}

/// A stream whose window is full does not hold up the others.
#[test]
fn a_stream_that_is_not_read_holds_nobody_up() {
    let origin = Origin::answering([&b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"[..], &[7; 300_000]].concat());
    let instance = Instance::start(&configuration(&origin, "proto h2"));
    let mut client = Client::connect(&instance);
    client.wire.send(framed(8, 0, 0, &[0x7f, 0, 0, 0]));
    client.wire.send(headers(1, true, &GET));
    let mut stuck = 0;
    while stuck < 65535 {
        stuck += client.next().filter(|(header, _)| header.kind == Kind::Data).map_or(0, |(_, payload)| payload.len());
    }
    for stream in [3, 5, 7] {
        client.wire.send(framed(8, 0, stream - 2, &[0, 0, 0, 1]).split_off(13));
        client.wire.send(headers(stream, true, &GET));
        client.wire.send(framed(8, 0, stream, &[0, 0x10, 0, 0]));
        assert_eq!(client.response(stream).len(), 300_000);
    }
    client.wire.send(framed(8, 0, 1, &[0, 0x10, 0, 0]));
    let mut rest = 0;
    while rest + stuck < 300_000 {
        rest += client.next().unwrap().1.len();
    }
}

/// A stream that the client resets is logged as one that the client gave up, with the flags of HAProxy.
#[test]
fn resets_are_logged_as_the_clients_doing() {
    let sink = LogSink::new();
    let (asked, waits) = std::sync::mpsc::sync_channel(1);
    let origin = Origin::start(move |visit| {
        visit.request();
        let _ = asked.send(());
        visit.linger();
    });
    let configuration = configuration(&origin, "proto h2")
        .replace("frontend fe\n", &format!("frontend fe\n  log {} local0\n  option httplog\n", sink.address()));
    let instance = Instance::start(&configuration);
    let mut client = Client::connect(&instance);
    client.wire.send(headers(1, true, &GET));
    waits.recv().unwrap();
    client.wire.send(framed(3, 0, 1, &[0, 0, 0, 8]));
    let line = sink.line();
    assert_eq!((line.flags.as_str(), line.request.as_str()), ("CD--", "\"GET http://lb.test/ HTTP/2.0\""));
}

/// A stream beyond `tune.h2.max-concurrent-streams` is refused, and the log tells of it, as in HAProxy.
#[test]
fn streams_beyond_the_limit_are_logged() {
    let sink = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request();
        visit.linger();
    });
    let configuration = configuration(&origin, "proto h2")
        .replace("nbthread 1", "nbthread 1\n  tune.h2.max-concurrent-streams 2")
        .replace("frontend fe\n", &format!("frontend fe\n  log {} local0\n  option httplog\n", sink.address()));
    let instance = Instance::start(&configuration);
    let mut client = Client::connect(&instance);
    for stream in [1, 3, 5] {
        client.wire.send(headers(stream, true, &GET));
    }
    let (header, payload) = client.next().expect("a refusal");
    assert_eq!((header.kind, header.stream), (Kind::RstStream, 5));
    assert_eq!(Client::code(&payload), Reason::REFUSED_STREAM);
    let line = sink.line();
    assert_eq!((line.flags.as_str(), line.request.as_str()), ("PR--", "\"<BADREQ>\""));
}

/// A client that has closed its sending side, and takes nothing of a response, ends it: no window will open.
#[test]
fn closed_windows_of_closed_clients_end_their_streams() {
    let sink = LogSink::new();
    let origin = Origin::saying("hello");
    let configuration = configuration(&origin, "proto h2")
        .replace("frontend fe\n", &format!("frontend fe\n  log {} local0\n  option httplog\n", sink.address()));
    let instance = Instance::start(&configuration);
    let mut client = Client::connect(&instance);
    client.wire.send(framed(4, 0, 0, &[0, 4, 0, 0, 0, 0])).send(headers(1, true, &GET));
    assert_eq!(client.next().map(|(header, _)| header.kind), Some(Kind::Headers));
    client.wire.finish();
    let line = sink.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("200", "CD--"));
}

/// A program that speaks HTTP/2, where it is installed.
fn program(name: &str) -> Option<Command> {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("skipped: {name} is not installed");
        return None;
    }
    Some(Command::new(name))
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn curl() {
    let Some(mut curl) = program("curl") else { return };
    let origin = Origin::echoing();
    let instance = Instance::start(&configuration(&origin, ""));
    let url = format!("http://{}/", instance.address());
    let body = "x".repeat(300_000);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &body).unwrap();
    let data = format!("@{}", file.path().display());
    curl.args(["-sS", "--max-time", "20", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}\n"]);
    let answer = output(curl.arg(&url));
    assert_eq!(answer, "\n2 200\n");
    let Some(mut curl) = program("curl") else { return };
    curl.args(["-sS", "--max-time", "20", "--http2-prior-knowledge", "--data-binary", &data]);
    let answer = output(curl.arg(&url));
    assert_eq!(answer.matches('x').count(), body.len());
}

#[test]
fn nghttp() {
    let Some(mut nghttp) = program("nghttp") else { return };
    let origin = Origin::echoing();
    let instance = Instance::start(&configuration(&origin, "proto h2"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "y".repeat(200_000)).unwrap();
    let data = file.path().display().to_string();
    let url = format!("http://{}/", instance.address());
    // Small windows, padding, trailers and a table that changes its size.
    nghttp.args(["-v", "-t", "20", "-w", "10", "-W", "12", "-b", "100", "-m", "5", "-c", "1000"]);
    let answer = output(nghttp.args(["--trailer", "x-sum: 1", "-d", &data, &url]));
    assert_eq!(answer.matches(":status: 200").count(), 5, "{answer}");
    assert!(!answer.contains("RST_STREAM"), "{answer}");
}

#[test]
fn h2load() {
    let Some(mut h2load) = program("h2load") else { return };
    let origin = Origin::saying("hello");
    let instance = Instance::start(&configuration(&origin, ""));
    let url = format!("http://{}/", instance.address());
    let answer = output(h2load.args(["-n", "2000", "-c", "4", "-m", "50", &url]));
    assert!(answer.contains("2000 succeeded, 0 failed"), "{answer}");
}

/// As HAProxy: a listener in clear understands clients that begin with the preface, unless it must not.
#[test]
fn the_preface_is_a_bad_request_where_the_upgrade_is_disabled() {
    let origin = Origin::saying("ok");
    let text = configuration(&origin, "").replace("default_backend", "option disable-h2-upgrade\n  default_backend");
    let instance = Instance::start(&text);
    let mut wire = instance.connect();
    wire.send(PREFACE);
    assert_eq!(wire.response().status(), 400);
    assert_eq!(instance.connect().get("/").status(), 200);
}
