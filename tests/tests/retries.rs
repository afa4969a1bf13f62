//! Retries do what they do in HAProxy: each word of `retry-on` against each way of a server to fail, with and without
//! `option redispatch`, with and without a body. Responses, requests that servers see, log lines and counters are the
//! same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use lb_tests::origin::{ClosedPort, SilentPort, Visit};
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, Wire, eventually};

/// Ways of a server to fail.
const FAILURES: [&str; 9] =
    ["refuses", "accepts", "closes", "breaks off", "junk", "no length", "silence", "503", "404"];

const WORDS: [&str; 9] = [
    "none",
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "0rtt-rejected",
    "503",
    "404 conn-failure",
    "all-retryable-errors",
];

/// What is compared of a server's and of a backend's line of `show stat`.
const FIELDS: [&str; 12] = [
    "stot", "econ", "eresp", "wretr", "wredis", "cli_abrt", "srv_abrt", "hrsp_2xx", "hrsp_4xx", "hrsp_5xx", "lbtot",
    "req_tot",
];

/// Ways of a server to fail which looks at a request in pieces: once it has the head, or once it has the body too.
const FAILURES_IN_PIECES: [&str; 8] = [
    "closes on the head",
    "junk on the head",
    "silence on the head",
    "503 on the head",
    "closes behind the body",
    "junk behind the body",
    "silence behind the body",
    "503 behind the body",
];

/// A section of its own, and the one request that is sent to it.
struct Case {
    name: String,
    failure: &'static str,
    lines: String,
    request: String,
    /// What of the request is sent once a server has seen its head.
    rest: &'static str,
}

impl Case {
    fn new(failure: &'static str, lines: &str, request: &str) -> Self {
        let name = format!("{failure}; {lines}; {}", request.lines().next().unwrap());
        Self { name, failure, lines: lines.to_owned(), request: request.to_owned(), rest: "" }
    }
}

/// What a case came to.
type Outcome = BTreeMap<String, String>;

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn post(target: &str, body: &str) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn fail(how: &'static str) -> impl Fn(&mut Visit) {
    move |visit| {
        if how == "accepts" {
            return;
        }
        while visit.request().is_some() {
            let answer: &[u8] = match how {
                "closes" => return,
                "silence" => return visit.linger(),
                "breaks off" => b"HTTP/1.1 200 OK\r\nContent-Le",
                "junk" => b"SSH-2.0-junk\r\n\r\n",
                "no length" => b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                "503" => b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
                _ => b"HTTP/1.1 404 None\r\nContent-Length: 4\r\n\r\nnone",
            };
            let _ = visit.wire.try_send(answer);
            match how {
                "breaks off" => return,
                "junk" | "no length" => return visit.linger(),
                _ => {}
            }
        }
    }
}

fn fail_in_pieces(how: &'static str) -> impl Fn(&mut Visit) {
    move |visit| {
        let Some(head) = visit.request_head() else { return };
        if let Some(length) = head.content_length().filter(|_| how.ends_with("behind the body")) {
            visit.wire.read_exactly(length as usize).unwrap();
        }
        let answer: &[u8] = match how.split_once(' ').unwrap().0 {
            "closes" => return,
            "junk" => b"SSH-2.0-junk\r\n\r\n",
            "503" => b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
            _ => b"",
        };
        let _ = visit.wire.try_send(answer);
        visit.linger();
    }
}

/// Servers that fail, one for each way, and a good one.
struct Servers {
    failing: BTreeMap<&'static str, Origin>,
    closed: ClosedPort,
    good: Origin,
}

impl Servers {
    fn start() -> Self {
        let mut failing: BTreeMap<_, _> = FAILURES[1..].iter().map(|how| (*how, Origin::start(fail(how)))).collect();
        failing.extend(FAILURES_IN_PIECES.map(|how| (how, Origin::start(fail_in_pieces(how)))));
        Self { failing, closed: ClosedPort::new(), good: Origin::saying("good") }
    }

    fn address(&self, failure: &str) -> std::net::SocketAddr {
        self.failing.get(failure).map_or_else(|| self.closed.address(), Origin::address)
    }
}

/// Sends the request of every case, each to its section, and says what came of it.
fn outcomes(binary: Option<&Path>, cases: &[Case]) -> Vec<Outcome> {
    let (servers, log) = (Servers::start(), LogSink::new());
    let mut text = format!(
        "global\n nbthread 1\n maxconn 1000\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n \
         log global\n option httplog\n timeout connect 20ms\n timeout client 10s\n timeout server 100ms\n retries 2\n",
        log.address()
    );
    for (index, case) in cases.iter().enumerate() {
        let (bad, good) = (servers.address(case.failure), servers.good.address());
        write!(text, "listen l{index}\n bind {{listen{index}}}\n").unwrap();
        case.lines.split(';').for_each(|line| writeln!(text, " {}", line.trim()).unwrap());
        write!(text, " server bad {bad} cookie bad\n server good {good} cookie good\n").unwrap();
    }
    let side = Side::start(binary, &text, cases.len());
    let mut outcomes: Vec<Outcome> =
        cases.iter().enumerate().map(|(index, case)| outcome(&side, &servers, &log, index, case)).collect();
    let stat = side.ask("show stat");
    let columns: Vec<&str> = stat.lines().next().unwrap().trim_start_matches("# ").split(',').collect();
    for line in stat.lines().skip(1) {
        let row: BTreeMap<&str, &str> = columns.iter().copied().zip(line.split(',')).collect();
        let Some(index) = row.get("pxname").and_then(|name| name.strip_prefix('l')?.parse::<usize>().ok()) else {
            continue;
        };
        for field in FIELDS {
            // HAProxy counts one failure of a connection that was reset as one, two or three.
            if field != "eresp" || cases[index].failure != "accepts" {
                outcomes[index].insert(format!("{} {field}", row["svname"]), row[field].to_owned());
            }
        }
    }
    outcomes
}

fn outcome(side: &Side, servers: &Servers, log: &LogSink, index: usize, case: &Case) -> Outcome {
    let seen = |origin: &Origin| origin.requests().len();
    let before = (servers.failing.get(case.failure).map(seen), seen(&servers.good));
    let mut client: Wire = side.connect(index);
    client.send(&case.request);
    if !case.rest.is_empty() {
        let head = || servers.failing.get(case.failure).map(seen) > before.0;
        eventually("the server has the head", head);
        client.send(case.rest);
    }
    let response = client.response();
    // Some of the body was never sent: the exchange ends with the connection.
    drop(client);
    let line = loop {
        let line = log.line();
        // The test looks whether the program listens; HAProxy tells of such connections, too.
        if line.backend.starts_with(&format!("l{index}/")) && line.status != "-1" {
            break line;
        }
    };
    let asked = servers.failing.get(case.failure).map(|origin| seen(origin) - before.0.unwrap());
    let bodies: Vec<usize> = servers.good.requests()[before.1..].iter().map(|request| request.body.len()).collect();
    BTreeMap::from([
        ("response".to_owned(), format!("{} {}", response.status(), response.text())),
        ("requests to the bad server".to_owned(), format!("{asked:?}")),
        ("requests to the good server, by length".to_owned(), format!("{bodies:?}")),
        ("log".to_owned(), format!("{} {} {} {} {}", line.backend, line.status, line.flags, line.counts, line.queues)),
    ])
}

/// Runs both programs on the cases.
fn same(cases: &[Case]) {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (outcomes(Some(&binary), cases), outcomes(None, cases));
    let mut faults = Vec::new();
    for ((case, theirs), ours) in cases.iter().zip(&theirs).zip(&ours) {
        for (what, theirs) in theirs {
            let ours = ours.get(what).map_or("", String::as_str);
            if theirs != ours {
                faults.push(format!("{}: {what}: HAProxy {theirs}, lb {ours}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} differences in {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn every_word_against_every_failure() {
    let mut cases = Vec::new();
    for failure in FAILURES {
        for word in WORDS {
            cases.push(Case::new(failure, &format!("retry-on {word}"), &get("/")));
            cases.push(Case::new(failure, &format!("retry-on {word};option redispatch"), &get("/")));
        }
        cases.push(Case::new(failure, "option redispatch 2", &post("/", "a body")));
        cases.push(Case::new(failure, "retry-on all-retryable-errors;retries 0", &get("/")));
    }
    same(&cases);
}

#[test]
fn a_request_is_sent_again_with_its_body() {
    let mut cases = Vec::new();
    for failure in ["closes", "junk", "silence", "503", "refuses"] {
        let lines = "retry-on all-retryable-errors;option redispatch";
        cases.push(Case::new(failure, lines, &post("/", "a body")));
        cases.push(Case::new(failure, lines, &post("/", &"x".repeat(12_000))));
        // Too large for the buffer.
        cases.push(Case::new(failure, lines, &post("/", &"x".repeat(20_000))));
        let chunked =
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        cases.push(Case::new(failure, lines, chunked));
        cases.push(Case::new(failure, &format!("{lines};http-request disable-l7-retry"), &get("/")));
        let some = format!("{lines};http-request disable-l7-retry if METH_POST");
        cases.push(Case::new(failure, &some, &post("/", "a body")));
        cases.push(Case::new(failure, &some, &get("/")));
    }
    same(&cases);
}

#[test]
fn persistence_is_left_as_redispatch_says() {
    let mut cases = Vec::new();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nCookie: S=bad\r\n\r\n";
    for failure in ["refuses", "closes", "503"] {
        for redispatch in ["", " 1", " 2", " 3", " -1", " -2", " -3"] {
            let lines =
                format!("retry-on all-retryable-errors;retries 3;option redispatch{redispatch};cookie S insert");
            cases.push(Case::new(failure, &lines, request));
            cases.push(Case::new(failure, &format!("{lines};option persist"), request));
            cases.push(Case::new(failure, &format!("{lines};force-persist if TRUE"), request));
        }
        cases.push(Case::new(failure, "retry-on all-retryable-errors;cookie S insert", request));
    }
    same(&cases);
}

#[test]
fn a_body_that_comes_in_pieces_is_sent_once() {
    let mut cases = Vec::new();
    let whole = post("/", "a body");
    let (head, body) = whole.split_at(whole.len() - "a body".len());
    for failure in FAILURES_IN_PIECES {
        // What fails on the head may be gone before more of the body is sent.
        let rest = |rest| if failure.ends_with("on the head") { "" } else { rest };
        for word in ["conn-failure", "all-retryable-errors", "empty-response", "junk-response response-timeout", "503"]
        {
            let lines = format!("retry-on {word};option redispatch");
            cases.push(Case::new(failure, &lines, &whole));
            cases.push(Case { rest: rest("a body"), ..Case::new(failure, &lines, head) });
            let first = format!("{head}{}", &body[..2]);
            cases.push(Case { rest: rest("body"), ..Case::new(failure, &lines, &first) });
        }
    }
    same(&cases);
}

/// Whether a request is kept is settled when its first connection is begun: what came while it was queued counts.
#[test]
fn a_body_that_comes_in_the_queue_is_sent_again() {
    let Some(binary) = haproxy() else { return };
    let outcome = |binary: Option<&Path>, pieces: [&str; 2]| {
        let log = LogSink::new();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Mutex::new(gate);
        let origin = Origin::start(move |visit| {
            visit.request();
            if visit.index == 0 {
                let _ = gate.lock().unwrap().recv_timeout(PATIENCE);
            }
            if visit.index != 1 {
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood";
                let _ = visit.wire.try_send(answer);
            }
        });
        let text = format!(
            "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n log global\n \
             option httplog\n timeout connect 10s\n timeout client 10s\n timeout server 10s\n\
             listen web\n bind {{listen0}}\n retry-on all-retryable-errors\n server only {} maxconn 1\n",
            log.address(),
            origin.address()
        );
        let side = Side::start(binary, &text, 1);
        let mut first = side.connect(0);
        first.send(get("/"));
        eventually("the first request holds the server", || origin.requests().len() == 1);
        let mut second = side.connect(0);
        second.send(pieces[0]);
        let waits = || side.ask("show stat").lines().any(|line| line.starts_with("web,BACKEND,1,"));
        eventually("the second one waits", waits);
        second.send(pieces[1]);
        release.send(()).unwrap();
        assert_eq!(first.response().status(), 200);
        (second.response().status(), origin.requests().len())
    };
    let whole = post("/", "a body");
    let (head, body) = whole.split_at(whole.len() - 4);
    for pieces in [[&*whole, ""], [head, body]] {
        assert_eq!(outcome(Some(&binary), pieces), (200, 3), "HAProxy, {pieces:?}");
        assert_eq!(outcome(None, pieces), (200, 3), "lb, {pieces:?}");
    }
}

/// What comes later is not kept, however long a connection takes to fail.
#[test]
fn a_body_that_comes_while_a_connection_is_tried_is_sent_once() {
    let Some(binary) = haproxy() else { return };
    let outcome = |binary: Option<&Path>, pieces: [&str; 2]| {
        let log = LogSink::new();
        let full = SilentPort::new();
        let (closing, good) = (Origin::start(fail("closes")), Origin::saying("good"));
        let text = format!(
            "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n log global\n \
             option httplog\n timeout connect 300ms\n timeout client 10s\n timeout server 10s\n option redispatch 1\n\
             listen web\n bind {{listen0}}\n retry-on all-retryable-errors\n server full {}\n server closing {}\n server good {}\n",
            log.address(),
            full.address(),
            closing.address(),
            good.address()
        );
        let side = Side::start(binary, &text, 1);
        let mut client = side.connect(0);
        client.send(pieces[0]);
        eventually("a connection is tried", || {
            side.ask("show stat").lines().any(|line| line.starts_with("web,full,0,0,1,"))
        });
        client.send(pieces[1]);
        (client.response().status(), closing.requests().len(), good.requests().len())
    };
    let whole = post("/", "a body");
    let (head, body) = whole.split_at(whole.len() - 4);
    for (pieces, expected) in [([&*whole, ""], (200, 1, 1)), ([head, body], (502, 1, 0))] {
        assert_eq!(outcome(Some(&binary), pieces), expected, "HAProxy, {pieces:?}");
        assert_eq!(outcome(None, pieces), expected, "lb, {pieces:?}");
    }
}
