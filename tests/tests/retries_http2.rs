//! Requests that are sent again (`retry-on`) where the client, or the server, speaks HTTP/2: the same with HAProxy 2.6
//! and with lb. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use lb_tests::origin::ClosedPort;
use lb_tests::peers::client::{Client, Request, connect};
use lb_tests::peers::server::Server;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side};

/// What a case is made of.
#[derive(Clone)]
struct Case {
    name: String,
    /// Lines of the section.
    lines: &'static str,
    /// Which server comes first.
    bad: &'static str,
    http2_client: bool,
    request: Request,
}

/// Servers that fail over HTTP/1.
const FAILURES: [&str; 6] = ["refuses", "closes", "junk", "silence", "503", "breaks off"];

/// Paths for which the server that speaks HTTP/2 fails.
const PATHS: [&str; 5] = ["/reset", "/silent", "/status/503", "/status/404", "/cut"];

const WORDS: [&str; 6] = [
    "",
    "retry-on none",
    "retry-on conn-failure empty-response",
    "retry-on all-retryable-errors",
    "retry-on 503 404",
    "retry-on response-timeout junk-response",
];

fn failing(how: &'static str) -> Origin {
    Origin::start(move |visit| {
        while visit.request().is_some() {
            let answer: &[u8] = match how {
                "closes" => return,
                "silence" => return visit.linger(),
                "junk" => b"SSH-2.0-junk\r\n\r\n",
                "breaks off" => b"HTTP/1.1 200 OK\r\nContent-Le",
                _ => b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
            };
            let _ = visit.wire.try_send(answer);
            match how {
                "breaks off" => return,
                "junk" => return visit.linger(),
                _ => {}
            }
        }
    })
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for lines in WORDS {
        for bad in FAILURES {
            for request in
                [Request::get("/"), Request::post("/", b"a body".to_vec()), Request::post("/", vec![b'x'; 40_000])]
            {
                let name = format!(
                    "HTTP/2 client, {bad}, {lines}, {} {:?}",
                    request.method,
                    request.body.as_ref().map(Vec::len)
                );
                cases.push(Case { name, lines, bad, http2_client: true, request });
            }
        }
        for path in PATHS {
            for http2_client in [false, true] {
                for request in [Request::get(path), Request::post(path, b"a body".to_vec())] {
                    let name =
                        format!("HTTP/2 server, {path}, {lines}, {} over HTTP/2: {http2_client}", request.method);
                    cases.push(Case { name, lines, bad: "http2", http2_client, request });
                }
            }
        }
    }
    cases
}

/// Sends the request of every case, each to its section, and says what came of it.
fn outcomes(runtime: &tokio::runtime::Runtime, binary: Option<&Path>, cases: &[Case]) -> Vec<String> {
    let (log, closed, good) = (LogSink::new(), ClosedPort::new(), Origin::echoing());
    let failing: Vec<(&str, Origin)> = FAILURES[1..].iter().map(|how| (*how, failing(how))).collect();
    let http2 = runtime.block_on(Server::start(None, true));
    let mut text = format!(
        "global\n nbthread 1\n maxconn 1000\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n \
         log global\n option httplog\n option redispatch 1\n option http-buffer-request\n timeout connect 20ms\n timeout client 10s\n timeout server 300ms\n \
         retries 2\n",
        log.address()
    );
    for (index, case) in cases.iter().enumerate() {
        let (bad, proto) = match case.bad {
            "http2" => (http2.address, "proto h2"),
            how => (
                failing.iter().find(|(name, _)| *name == how).map_or(closed.address(), |(_, origin)| origin.address()),
                "",
            ),
        };
        let bind = if case.http2_client { "proto h2" } else { "" };
        text.push_str(&format!(
            "listen l{index}\n bind {{listen{index}}} {bind}\n {}\n server bad {bad} {proto}\n server good {}\n",
            case.lines,
            good.address()
        ));
    }
    let side = Side::start(binary, &text, cases.len());
    let outcome = |(index, case): (usize, &Case)| {
        let before = good.requests().len();
        let answer = runtime.block_on(async {
            let (stream, _) = connect(side.address(index), None).await?;
            let mut client = match case.http2_client {
                true => Client::http2(stream, "http").await.map_err(std::io::Error::other)?,
                false => Client::http1(stream),
            };
            client.exchange(&case.request).await
        });
        let answer = match answer {
            Ok(answer) => format!("{} with {} bytes", answer.status, answer.body.len()),
            Err(_) => "a broken response".to_owned(),
        };
        // HAProxy gives up some streams of HTTP/2 without a word in its log.
        let patience = if answer.starts_with('a') { Duration::from_millis(300) } else { PATIENCE };
        let line = log.line_within(patience);
        let line = line.map_or_else(
            || "not logged".to_owned(),
            |line| {
                // The client before it may still be leaving, and counts for the process.
                let (_, counts) = line.counts.split_once('/').unwrap_or_default();
                format!("{} {} {} {counts}", line.backend, line.status, line.flags)
            },
        );
        let stat = side.ask("show stat");
        let counts = |server: &str| {
            let row = stat.lines().find(|row| row.starts_with(&format!("l{index},{server},"))).unwrap_or_default();
            let cells: Vec<&str> = row.split(',').collect();
            // HAProxy counts one stream that was reset as one error, as two, or as one although it is sent again.
            let errors = if case.request.path == "/reset" { "-" } else { cells[14] };
            format!("{server} {:?}", [cells[7], cells[13], errors, cells[15], cells[16]])
        };
        let bodies: Vec<usize> = good.requests()[before..].iter().map(|request| request.body.len()).collect();
        format!("{answer}; to the good server: {bodies:?}; {line}; {}, {}", counts("bad"), counts("good"))
    };
    cases.iter().enumerate().map(outcome).collect()
}

#[test]
fn requests_are_sent_again_in_every_protocol() {
    let Some(binary) = haproxy() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut faults = Vec::new();
    let cases = cases();
    for cases in cases.chunks(80) {
        let (theirs, ours) = (outcomes(&runtime, Some(&binary), cases), outcomes(&runtime, None, cases));
        for ((case, theirs), ours) in cases.iter().zip(&theirs).zip(&ours) {
            if theirs.contains("not logged") {
                // HAProxy leaves clients of HTTP/2 without a response, and the log without a line, where a server says
                // nothing to a request: here that is a 502.
                if !ours.contains("502 with") || !ours.contains(" SH-- ") {
                    faults.push(format!("{}:\n lb: {ours}", case.name));
                }
            } else if theirs != ours {
                faults.push(format!("{}:\n HAProxy: {theirs}\n lb:      {ours}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
