//! Servers behind a SOCKS4 proxy (`socks4`): what the proxy is asked, what clients get, what is logged and counted, with
//! HAProxy 2.6 and with lb. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use lb_tests::origin::{ClosedPort, Visit};
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, Side};

/// What a proxy was asked for, request by request.
type Asked = Arc<Mutex<Vec<String>>>;

const GRANTED: &[u8] = b"\0\x5a\0\0\0\0\0\0";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How a proxy behaves, and words of the server's line.
const CASES: [(&str, &str); 15] = [
    ("grants", ""),
    ("grants", "send-proxy"),
    ("grants", "send-proxy-v2"),
    ("grants in pieces", ""),
    ("grants with an address", ""),
    ("refuses 5b", ""),
    ("refuses 5c", ""),
    ("refuses 5d", ""),
    ("answers version 5", ""),
    ("closes", ""),
    ("resets", ""),
    ("says nothing", ""),
    ("is not there", ""),
    ("grants and closes", ""),
    ("grants and says more at once", ""),
];

/// A proxy; what it was asked, up to the request that follows, goes into `asked`.
fn proxy(how: &'static str, tcp: bool, asked: Asked) -> Origin {
    Origin::start(move |visit| {
        let Some(request) = until(visit, b"\0") else { return };
        asked.lock().unwrap().push(request.escape_ascii().to_string());
        let answer: &[u8] = match how {
            "grants in pieces" => {
                let _ = visit.wire.try_send(&GRANTED[..3]);
                std::thread::sleep(std::time::Duration::from_millis(20));
                &GRANTED[3..]
            }
            "grants with an address" => b"\0\x5a\x12\x34\x7f\0\0\x01",
            "refuses 5b" => b"\0\x5b\0\0\0\0\0\0",
            "refuses 5c" => b"\0\x5c\0\0\0\0\0\0",
            "refuses 5d" => b"\0\x5d\0\0\0\0\0\0",
            "answers version 5" => b"\x05\x5a\0\0\0\0\0\0",
            "closes" => return,
            "resets" => return visit.reset(),
            "says nothing" => return visit.linger(),
            "grants and closes" => return drop(visit.wire.try_send(GRANTED)),
            _ => GRANTED,
        };
        let more = if tcp && how.ends_with("at once") { &b"early"[..] } else { b"" };
        let _ = visit.wire.try_send([answer, more].concat());
        let end: &[u8] = if tcp { b"hello" } else { b"\r\n\r\n" };
        let Some(request) = until(visit, end) else { return };
        let shown = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
        // A PROXY header has the client's port.
        let shown: Vec<&str> =
            shown.split(' ').filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).collect();
        asked.lock().unwrap().push(shown.join(" "));
        let _ = visit.wire.try_send(if tcp { b"bye" } else { RESPONSE });
        if !tcp {
            visit.linger();
        }
    })
}

/// Reads until what came ends so.
fn until(visit: &mut Visit, end: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    // The port and the address of a request to the proxy may hold a NUL, too.
    while !all.ends_with(end) || (end == b"\0" && all.len() < 9) {
        let mut byte = [0];
        if visit.wire.read_some(&mut byte).ok()? == 0 {
            return None;
        }
        all.push(byte[0]);
    }
    Some(all)
}

fn outcomes(binary: Option<&Path>, tcp: bool) -> Vec<String> {
    let (logs, closed) = (LogSink::new(), ClosedPort::new());
    let mode = if tcp { "tcp" } else { "http" };
    let mut text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode {mode}\n log global\n \
         option {mode}log\n retries 1\n timeout connect 150ms\n timeout client 10s\n timeout server 10s\n",
        logs.address()
    );
    let mut proxies = Vec::new();
    for (index, (how, words)) in CASES.iter().enumerate() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let origin = proxy(how, tcp, Arc::clone(&asked));
        let address = if *how == "is not there" { closed.address() } else { origin.address() };
        text.push_str(&format!(
            "listen l{index}\n bind {{listen{index}}}\n server s 127.0.0.9:4321 socks4 {address} {words}\n"
        ));
        proxies.push((origin, asked));
    }
    let side = Side::start(binary, &text, CASES.len());
    let outcome = |(index, (_, asked)): (usize, &(Origin, Asked))| {
        let mut client = side.connect(index);
        let got = match tcp {
            true => client.send("hello").try_read_to_end().unwrap_or_default().escape_ascii().to_string(),
            false => {
                let response = client.get("/");
                format!("{} {}", response.status(), response.text().lines().next().unwrap_or_default())
            }
        };
        drop(client);
        let line = loop {
            let line = logs.line();
            if line.backend.starts_with(&format!("l{index}/")) {
                break line;
            }
        };
        let stat = side.ask("show stat");
        let row = stat.lines().find(|row| row.starts_with(&format!("l{index},s,"))).unwrap_or_default();
        let cells: Vec<&str> = row.split(',').collect();
        let asked = asked.lock().unwrap();
        format!(
            "{got}; {} {} {} {}; asked {asked:?}; stot, econ, eresp, wretr: {:?}",
            line.backend,
            line.status,
            line.flags,
            line.counts,
            [cells[7], cells[13], cells[14], cells[15]]
        )
    };
    proxies.iter().enumerate().map(outcome).collect()
}

#[track_caller]
fn compare(tcp: bool) {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (outcomes(Some(&binary), tcp), outcomes(None, tcp));
    let mut faults = Vec::new();
    for ((case, theirs), ours) in CASES.iter().zip(&theirs).zip(&ours) {
        if theirs != ours {
            faults.push(format!("{case:?}:\n HAProxy: {theirs}\n lb:      {ours}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn requests_through_a_proxy() {
    compare(false);
}

#[test]
fn connections_through_a_proxy() {
    compare(true);
}
