//! The same configuration, clients and servers with HAProxy 2.6 and with lb: what clients and servers see and what the
//! log says must be the same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod exchanges;

use std::fmt::Write;
use std::net::SocketAddr;

use exchanges::Difference::{self, OnPurpose, Open};
use exchanges::http::OK;
use exchanges::http::Server::{self, Closes, Echoes, Keeps};
use exchanges::{http, tcp};
use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, LogSink, Message, Origin, Wire};

fn configuration(case: &http::Case, bind: &str, origin: SocketAddr, log: SocketAddr) -> String {
    format!(
        "global
  nbthread 1
defaults
  mode http
  option httplog
  log {log} local0
  timeout connect 10s
  timeout client 10s
  timeout server 10s
listen fe
  bind {bind}
{}
  server s {origin}
",
        case.settings
    )
}

fn origin(server: Server) -> Origin {
    Origin::start(move |visit| {
        while let Some(request) = visit.request() {
            let target = request.target();
            let answer = match server {
                _ if target == "/probe" || target == "/end" => OK.to_owned(),
                Keeps(answer) | Closes(answer) => answer.to_owned(),
                Echoes => {
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", request.body.len(), request.text())
                }
            };
            if visit.wire.try_send(answer).is_err() || (matches!(server, Closes(_)) && target != "/probe") {
                return;
            }
        }
    })
}

fn describe(out: &mut String, message: &Message) {
    for interim in &message.interim {
        describe(out, interim);
    }
    let _ = writeln!(out, "  {}", message.start);
    for (name, value) in message.headers.iter().chain(&message.trailers) {
        let _ = writeln!(out, "  {name}: {value}");
    }
    if !message.body.is_empty() {
        let _ = writeln!(out, "  [{}]", message.text());
    }
}

/// What the client of a case saw, up to whether its connection serves another request.
fn client(case: &http::Case, address: SocketAddr) -> String {
    let mut out = String::new();
    let mut wire = Wire::connect(address);
    for sent in case.sends {
        let _ = writeln!(out, "> {sent:?}");
        if wire.try_send(sent).is_err() {
            let _ = writeln!(out, "  cannot send");
            return out;
        }
        match wire.try_response_to(sent.split(' ').next().unwrap_or_default()) {
            Ok(response) if response.status() == 101 || sent.starts_with("CONNECT") => {
                describe(&mut out, &response);
                let rest = wire.try_read_to_end();
                let _ = writeln!(out, "  tunnel ended {}", rest.is_ok());
                return out;
            }
            Ok(response) => describe(&mut out, &response),
            Err(error) => {
                let _ = writeln!(out, "  {error}");
                return out;
            }
        }
    }
    let probe = wire.try_send("GET /probe HTTP/1.1\r\nHost: a\r\n\r\n").and_then(|()| wire.try_response_to("GET"));
    let _ = writeln!(out, "then {}", if probe.is_ok() { "open" } else { "closed" });
    out
}

/// What client and server of a case saw, and the log lines.
fn transcript(case: &http::Case, origin: &Origin, log: &LogSink, address: SocketAddr) -> String {
    let mut out = client(case, address);
    let mut lines = Vec::new();
    if out.contains("tunnel ended") {
        // A tunnel's line comes when both sides of it are closed, which nobody sees from outside.
        lines.push(log.line());
    }
    // Another connection's line marks the end of the log.
    let mut last = Wire::connect(address);
    last.send("GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let _ = last.try_response_to("GET");
    loop {
        let line = log.line();
        if line.request.contains(" /end ") {
            break;
        }
        lines.push(line);
    }
    for request in origin.requests().iter().filter(|request| request.target() != "/end") {
        let _ = writeln!(out, "< server saw");
        describe(&mut out, request);
    }
    let _ = writeln!(out, "server connections {}", origin.connections());
    for line in lines {
        let timers: Vec<&str> = line.timers.split('/').map(|t| if t == "-1" { "-1" } else { "n" }).collect();
        let _ = writeln!(
            out,
            "log {} {} {} {} {} {} {} {} {}",
            line.frontend,
            line.backend,
            timers.join("/"),
            line.status,
            // HAProxy counts bytes of its own form of a message, lb those on the wire.
            if line.bytes == "0" { "0" } else { "n" },
            line.flags,
            line.counts,
            line.queues,
            line.request
        );
    }
    // Their ports are not the same.
    out.replace(&address.to_string(), "PROXY").replace(&origin.address().to_string(), "ORIGIN")
}

fn through_lb(case: &http::Case) -> String {
    let (origin, log) = (origin(case.server), LogSink::new());
    let lb = Instance::start(&configuration(case, "127.0.0.1:0", origin.address(), log.address()));
    transcript(case, &origin, &log, lb.address())
}

fn through_haproxy(case: &http::Case, binary: &std::path::Path) -> String {
    let (origin, log) = (origin(case.server), LogSink::new());
    let text = configuration(case, "{listen0}", origin.address(), log.address());
    let haproxy = Process::start(binary, &text, 1);
    transcript(case, &origin, &log, haproxy.address(0))
}

fn tcp_configuration(case: &tcp::Case, bind: &str, origin: SocketAddr, log: SocketAddr) -> String {
    format!(
        "global
  nbthread 1
defaults
  mode tcp
  option tcplog
  log {log} local0
  timeout connect 10s
  timeout client 1s
  timeout server 1s
listen fe
  bind {bind}
{}
  server s {origin}
",
        case.settings
    )
}

/// What the client saw and the log says; the client's connection is open until the line has come.
fn tcp_transcript(case: &tcp::Case, log: &LogSink, address: SocketAddr) -> String {
    let wire = Wire::connect(address);
    let _open = wire.writer();
    let seen = if case.name.contains("resets") {
        drop(_open);
        (case.client)(wire)
    } else {
        (case.client)(wire)
    };
    let line = log.line();
    format!("{seen}\nlog {} {} {} {}\n", line.backend, line.bytes, line.flags, line.counts)
}

fn check(outcomes: impl Iterator<Item = (&'static str, Option<Difference>, String, String)>) {
    let mut wrong = String::new();
    for (name, differs, theirs, ours) in outcomes {
        match (theirs == ours, differs) {
            (true, None) => {}
            (false, Some(OnPurpose(why))) => println!("{name}: differs on purpose: {why}"),
            (false, Some(Open(why))) => println!("{name}: differs, open: {why}"),
            (true, Some(Open(_))) => println!("{name}: does not differ any more"),
            (true, Some(OnPurpose(_))) => {
                let _ = writeln!(wrong, "=== {name}: does not differ any more");
            }
            (false, None) => {
                let _ = writeln!(wrong, "=== {name}\n--- HAProxy\n{theirs}--- lb\n{ours}");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn chosen(name: &str) -> bool {
    std::env::var("LB_CASE").is_ok_and(|only| only == name) || std::env::var("LB_CASE").is_err()
}

#[test]
fn http_is_as_haproxys() {
    let Some(binary) = haproxy() else { return };
    check(
        http::CASES
            .iter()
            .filter(|case| chosen(case.name))
            .map(|case| (case.name, case.differs, through_haproxy(case, &binary), through_lb(case))),
    );
}

#[test]
fn tcp_is_as_haproxys() {
    let Some(binary) = haproxy() else { return };
    check(tcp::CASES.iter().filter(|case| chosen(case.name)).map(|case| {
        let (origin, log) = (Origin::start(case.server), LogSink::new());
        let text = tcp_configuration(case, "{listen0}", origin.address(), log.address());
        let haproxy = Process::start(&binary, &text, 1);
        let theirs = tcp_transcript(case, &log, haproxy.address(0));
        let (origin, log) = (Origin::start(case.server), LogSink::new());
        let lb = Instance::start(&tcp_configuration(case, "127.0.0.1:0", origin.address(), log.address()));
        let ours = tcp_transcript(case, &log, lb.address());
        (case.name, case.differs, theirs, ours)
    }));
}
