//! What `-d` shows of traffic: lbd and HAProxy with the same configuration and clients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lb_tests::process::{Running, haproxy};
use lb_tests::{HeldPort, Origin, Wire, eventually};

/// A line without ports and descriptors, which are others in each run; the number of its stream apart.
fn without_numbers(line: &str) -> (usize, String) {
    let (number, line) = line.split_at(8);
    let number = usize::from_str_radix(number, 16).expect("the number of a stream");
    let line = match line.split_once('[') {
        Some((event, _)) if event.contains(".accept(") => {
            format!("{} ALPN{}", event.split('(').next().unwrap(), line.split("ALPN").nth(1).unwrap())
        }
        Some((event, rest)) => format!("{event}{}", rest.split_once(']').unwrap().1),
        None => line.to_owned(),
    };
    (number, line)
}

/// What is told of each stream. Which end closes first is a matter of time.
fn shown(program: &Path) -> Vec<Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let (http, tcp) = (HeldPort::new(), HeldPort::new());
    let origin = Origin::answering("HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-From: origin\r\n\r\nhi");
    let file = directory.path().join("test.cfg");
    let text = format!(
        "defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind {}
  http-request deny if {{ path /denied }}
  http-request set-header x-added yes
  http-response set-header x-added yes
  use_backend none if {{ path /none }}
  default_backend app
backend app
  server s1 {}
backend none
frontend bytes
  bind {}
  mode tcp
  default_backend bytes
backend bytes
  mode tcp
  server s1 {}
",
        http.address(),
        origin.address(),
        tcp.address(),
        origin.address()
    );
    std::fs::write(&file, text).unwrap();
    let mut child = Command::new(program)
        .args(["-d", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _running = Running(child);
    // A connection without a request shows nothing.
    eventually("it listens", || std::net::TcpStream::connect(http.address()).is_ok());
    let mut client = Wire::connect(http.address());
    for path in ["/first?x=1", "/second", "/denied", "/none"] {
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nX-A:  b \r\nX-A: c\r\n\r\n"))
            .response();
    }
    let mut client = Wire::connect(http.address());
    client.send("POST /body HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc").response();
    Wire::connect(tcp.address()).send("GET /tcp HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").response();
    let streams = 6;
    let mut told = vec![Vec::new(); streams];
    let mut ended = 0;
    for line in lines.map(Result::unwrap).skip_while(|line| !line.contains(".accept(")) {
        ended += usize::from(line.contains(".closed["));
        let (number, line) = without_numbers(&line);
        told[number].push(line);
        if ended == streams {
            break;
        }
    }
    for stream in &mut told {
        let ends = stream.iter().position(|line| line.contains("cls")).unwrap();
        stream[ends..].sort();
    }
    told
}

#[test]
fn events_are_those_of_haproxy() {
    let own = shown(Path::new(env!("CARGO_BIN_EXE_lbd")));
    let request = |path: &str| {
        let mut lines = vec![":web.accept ALPN=<none>".to_owned(), format!(":web.clireq: GET {path} HTTP/1.1")];
        lines.extend(["host: a", "user-agent: t", "x-a: b", "x-a: c"].map(|field| format!(":web.clihdr: {field}")));
        lines
    };
    let response = [":app.srvrep: HTTP/1.1 200 Fine", ":app.srvhdr: content-length: 2", ":app.srvhdr: x-from: origin"];
    let ends = [":app.clicls", ":app.closed", ":app.srvcls"];
    let second: Vec<_> =
        request("/second").into_iter().chain(response.into_iter().chain(ends).map(str::to_owned)).collect();
    assert_eq!(own[1], second);
    if let Some(haproxy) = haproxy() {
        let theirs = shown(&haproxy);
        assert_eq!(own, theirs);
    }
}
