//! Termination states (configuration.txt, section 8.5), as many as can be brought about from outside: a table, through HAProxy
//! and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use lb_tests::origin::{SilentPort, Visit};
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, eventually};

/// What the client does, one after the other.
#[derive(Clone, Copy)]
enum Act {
    Send(&'static str),
    /// Waits until the server has the head of a request.
    Asked,
    /// Reads the head of a response.
    Head,
    /// Closes its sending side.
    Finish,
    Reset,
}
use Act::{Asked, Finish, Head, Reset, Send};

/// What the server does with a connection.
type Serve = fn(&mut Visit);

struct Case {
    settings: &'static str,
    server: Serve,
    acts: &'static [Act],
    /// Status, state and request.
    logged: &'static str,
}

const fn case(settings: &'static str, server: Serve, acts: &'static [Act], logged: &'static str) -> Case {
    Case { settings, server, acts, logged }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers, and keeps the connection.
fn answers(visit: &mut Visit) {
    while visit.request().is_some() && visit.wire.try_send(OK).is_ok() {}
}

/// Reads, and says nothing.
fn silent(visit: &mut Visit) {
    visit.request_head();
    visit.linger();
}

/// Says so much, and then nothing.
fn stuck(visit: &mut Visit, bytes: &str) {
    visit.request_head();
    let _ = visit.wire.try_send(bytes);
    visit.linger();
}

/// Says so much, and closes.
fn closes(visit: &mut Visit, bytes: &str) {
    visit.request_head();
    let _ = visit.wire.try_send(bytes);
}

/// Says more than anybody takes.
fn floods(visit: &mut Visit) {
    visit.request_head();
    let block = "HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n".to_owned() + &"x".repeat(65536);
    while visit.wire.try_send(&block).is_ok() {}
}

const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";

#[rustfmt::skip]
const HTTP: &[Case] = &[
    case("", answers, &[Send(GET), Head], "200 ---- \"GET / HTTP/1.1\""),
    // The request.
    case("", answers, &[Finish], "400 CR-- \"<BADREQ>\""),
    case("", answers, &[Send("GET / HT"), Finish], "400 CR-- \"<BADREQ>\""),
    case("", answers, &[Send("GET / HT"), Reset], "400 CR-- \"<BADREQ>\""),
    case("timeout http-request 100ms", answers, &[], "408 cR-- \"<BADREQ>\""),
    case("timeout http-request 100ms", answers, &[Send("GET / HT")], "408 cR-- \"<BADREQ>\""),
    case("timeout client 100ms", answers, &[Send("GET / HT")], "408 cR-- \"<BADREQ>\""),
    case("timeout http-request 100ms\n option http-buffer-request", answers, &[Send(POST)], "408 cR-- \"POST / HTTP/1.1\""),
    case("", answers, &[Send("GET\r\n\r\n")], "400 PR-- \"<BADREQ>\""),
    case("http-request deny", answers, &[Send(GET)], "403 PR-- \"GET / HTTP/1.1\""),
    case("http-request redirect location /x", answers, &[Send(GET)], "302 LR-- \"GET / HTTP/1.1\""),
    case("http-request return", answers, &[Send(GET)], "200 LR-- \"GET / HTTP/1.1\""),
    case("http-request tarpit\n timeout tarpit 100ms", answers, &[Send(GET)], "500 PT-- \"GET / HTTP/1.1\""),
    case("http-request tarpit\n timeout tarpit 100ms", answers, &[Send(GET), Finish], "500 PT-- \"GET / HTTP/1.1\""),
    // The response's head.
    case("", |visit| drop(visit.request_head()), &[Send(GET)], "502 SH-- \"GET / HTTP/1.1\""),
    case("", |visit| { visit.request_head(); visit.reset(); }, &[Send(GET)], "502 SH-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "HTTP/1.1 20"), &[Send(GET)], "502 SH-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "HTTP/1.1 200 OK\r\nA: b\r\n"), &[Send(GET)], "502 SH-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "nothing\r\n\r\n"), &[Send(GET)], "502 PH-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "HTTP/1.1 200 OK\r\nA b\r\n\r\n"), &[Send(GET)], "502 PH-- \"GET / HTTP/1.1\""),
    case("", |visit| stuck(visit, "HTTP/1.1 101 No\r\nUpgrade: x\r\n\r\n"), &[Send(GET)], "502 PH-- \"GET / HTTP/1.1\""),
    case("http-response deny", answers, &[Send(GET)], "502 PH-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", silent, &[Send(GET)], "504 sH-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", |visit| stuck(visit, "HTTP/1.1 200"), &[Send(GET)], "504 sH-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", silent, &[Send(POST)], "504 sH-- \"POST / HTTP/1.1\""),
    case("option abortonclose", silent, &[Send(GET), Asked, Finish], "400 CH-- \"GET / HTTP/1.1\""),
    // The request's body.
    case("", silent, &[Send(POST), Asked, Finish], "-1 CD-- \"POST / HTTP/1.1\""),
    case("", silent, &[Send(POST), Asked, Reset], "-1 CD-- \"POST / HTTP/1.1\""),
    case("", silent, &[Send(CHUNKED), Asked, Send("zz\r\n")], "400 PH-- \"POST / HTTP/1.1\""),
    // The response's body.
    case("", |visit| closes(visit, HALF), &[Send(GET)], "200 SD-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf"), &[Send(GET)], "200 SD-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", |visit| stuck(visit, HALF), &[Send(GET)], "200 sD-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", |visit| stuck(visit, "HTTP/1.1 200 OK\r\n\r\nhalf"), &[Send(GET)], "200 sD-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, "HTTP/1.1 200 OK\r\n\r\nall"), &[Send(GET)], "200 ---- \"GET / HTTP/1.1\""),
    case("", floods, &[Send(GET), Head, Reset], "200 CD-- \"GET / HTTP/1.1\""),
    // Tunnels.
    case("timeout tunnel 100ms", |visit| stuck(visit, UPGRADED), &[Send(UPGRADE), Head], "101 cD-- \"GET / HTTP/1.1\""),
    case("timeout server 100ms", |visit| stuck(visit, UPGRADED), &[Send(UPGRADE), Head], "101 sD-- \"GET / HTTP/1.1\""),
    case("", |visit| stuck(visit, UPGRADED), &[Send(UPGRADE), Head, Reset], "101 CD-- \"GET / HTTP/1.1\""),
    case("", |visit| closes(visit, UPGRADED), &[Send(UPGRADE), Head], "101 ---- \"GET / HTTP/1.1\""),
];

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";
const UPGRADED: &str = "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";

/// Until the first bytes, and then what is given.
fn then(visit: &mut Visit, act: fn(&mut Visit)) {
    let mut space = [0; 64];
    if visit.wire.read_some(&mut space).is_ok() {
        let _ = visit.wire.try_send("hello");
        act(visit);
    }
}

const LONG: &str = "tcp-request inspect-delay 10s\n tcp-request content accept if { req.len gt 10 }";
const SHORT: &str =
    "tcp-request inspect-delay 100ms\n tcp-request content accept if { req.len gt 10 }\n tcp-request content reject";

#[rustfmt::skip]
const TCP: &[Case] = &[
    case("", |visit| then(visit, |_| {}), &[Send("hi"), Finish], "--"),
    case("", |visit| then(visit, Visit::linger), &[Send("hi"), Head, Reset], "CD"),
    case("", |visit| { let _ = visit.wire.read_some(&mut [0; 64]); visit.reset(); }, &[Send("hi")], "SD"),
    case("timeout client 100ms\n timeout server 400ms", |visit| then(visit, Visit::linger), &[Send("hi")], "cD"),
    case("timeout server 100ms\n timeout client 400ms", |visit| then(visit, Visit::linger), &[Send("hi")], "sD"),
    case("timeout tunnel 100ms", |visit| then(visit, Visit::linger), &[Send("hi")], "cD"),
    case("tcp-request content reject", |_| {}, &[Send("hi")], "PR"),
    case(SHORT, |_| {}, &[Send("hi")], "PR"),
    case(LONG, |_| {}, &[Send("hi"), Reset], "CR"),
];

/// A section with a server and these settings.
fn configuration(log: &LogSink, mode: &str, server: SocketAddr, settings: &str) -> String {
    format!(
        "global
 nbthread 1
 stats socket {{dir}}/stats
 log {} local0
defaults
 mode {mode}
 log global
 option {mode}log
 timeout connect 10s
 timeout client 10s
 timeout server 10s
listen l
 bind {{listen0}}
 server s {server}
 {settings}
",
        log.address()
    )
}

/// What is logged of a case.
fn run(haproxy: Option<&Path>, mode: &str, case: &Case) -> String {
    let log = LogSink::new();
    let origin = Origin::start(case.server);
    let text = configuration(&log, mode, origin.address(), case.settings);
    let side = Side::start(haproxy, &text, 1);
    let mut client = Some(side.connect(0));
    for act in case.acts {
        let Some(wire) = &mut client else { break };
        match act {
            Send(bytes) => drop(wire.send(bytes)),
            Asked => eventually("the server is asked", || !origin.requests().is_empty()),
            Head if mode == "tcp" => drop(wire.read_exactly(5).unwrap()),
            Head => drop(wire.head()),
            Finish => drop(wire.finish()),
            Reset => client.take().into_iter().for_each(lb_tests::Wire::reset),
        }
    }
    let Some(line) = log.line_within(PATIENCE) else { return "nothing".to_owned() };
    if mode == "tcp" { line.flags } else { format!("{} {} {}", line.status, line.flags, line.request) }
}

/// Some at a time: they wait more than they work.
fn compare(mode: &str, cases: &[Case]) {
    let haproxy = haproxy();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for side in std::iter::once(None).chain(haproxy.as_deref().map(Some)) {
                        let told = run(side, mode, case);
                        assert_eq!(told, case.logged, "{side:?}: {}", case.settings);
                    }
                }
            });
        }
    });
}

#[test]
fn over_http() {
    compare("http", HTTP);
}

#[test]
fn over_tcp() {
    compare("tcp", TCP);
}

/// Connections that do not come about: nobody listens, or nobody answers; and queues.
#[test]
fn before_there_is_a_server() {
    let silent = SilentPort::new();
    let refused = lb_tests::HeldPort::new();
    let haproxy = haproxy();
    for side in std::iter::once(None).chain(haproxy.as_deref().map(Some)) {
        for (server, settings, mode, flags) in [
            (refused.address(), "retries 0", "http", "503 SC--"),
            (refused.address(), "retries 0", "tcp", "SC"),
            (silent.address(), "retries 0\n timeout connect 100ms", "http", "503 sC--"),
            (silent.address(), "retries 0\n timeout connect 100ms", "tcp", "sC"),
        ] {
            let log = LogSink::new();
            let text = configuration(&log, mode, server, settings);
            let proxy = Side::start(side, &text, 1);
            let mut client = proxy.connect(0);
            client.send(GET);
            let line = log.line();
            let told = if mode == "tcp" { line.flags } else { format!("{} {}", line.status, line.flags) };
            assert_eq!(told, flags, "{side:?}: {settings}");
        }
    }
}
