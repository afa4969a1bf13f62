//! `http-request early-hint`: interim responses over HTTP/1 and HTTP/2, the same through HAProxy and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::frames::Frames;
use lb_tests::process::haproxy;
use lb_tests::{Origin, Side};

/// Rules of the frontend and of the backend, separated by `|`, each ended by `;`.
const CASES: &[&str] = &[
    "early-hint Link \"</a.css>; rel=preload; as=style\"",
    "early-hint link a;early-hint LINK b;early-hint X-Other c",
    "early-hint link a if { path /no }",
    "early-hint link a if { path /no };early-hint link b if { path / }",
    "early-hint link %[path]-%[req.hdr(x-none)]",
    "early-hint link a;set-header x-a 1",
    "early-hint link a|early-hint link b",
    "|early-hint link b",
    "early-hint link a;deny",
    "early-hint link a;return status 200 content-type a string b",
    "early-hint link a;redirect location /x",
    "allow if { path / };early-hint link a",
];

fn configuration(origin: &Origin, case: &str) -> String {
    let (frontend, backend) = case.split_once('|').unwrap_or((case, ""));
    let rules = |text: &str| -> String {
        text.split(';')
            .fold((String::new(), String::new()), |(done, open), part| {
                // A semicolon in quotes ends nothing.
                let rule = if open.is_empty() { part.to_owned() } else { format!("{open};{part}") };
                let complete = rule.matches('"').count() % 2 == 0;
                match (complete, rule.is_empty()) {
                    (true, false) => (format!("{done}  http-request {rule}\n"), String::new()),
                    (true, true) => (done, String::new()),
                    (false, _) => (done, rule),
                }
            })
            .0
    };
    format!(
        "global\n  nbthread 1\n  stats socket {{dir}}/stats level admin\ndefaults\n  mode http\n  timeout connect 5s\n  timeout \
         client 20s\n  timeout server 20s\nfrontend web\n  bind {{listen0}}\n  bind {{listen1}} proto h2\n{}  default_backend \
         be\nbackend be\n{}  server s {}\n",
        rules(frontend),
        rules(backend),
        origin.address()
    )
}

/// What clients get: over HTTP/1 all bytes, over HTTP/2 all frames.
fn seen(haproxy: Option<&Path>, case: &str) -> Vec<String> {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-S: 1\r\n\r\nok");
    let side = Side::start(haproxy, &configuration(&origin, case), 2);
    let mut told = Vec::new();
    for (protocol, connection) in [("1.1", "Connection: close\r\n"), ("1.0", "")] {
        let mut wire = side.connect(0);
        wire.send(format!("GET / HTTP/{protocol}\r\nHost: lb.test\r\n{connection}\r\n"));
        told.push(String::from_utf8_lossy(&wire.read_to_end()).into_owned());
    }
    let get = [(":method", "GET"), (":scheme", "http"), (":authority", "lb.test"), (":path", "/")];
    told.push(Frames::connect(side.address(1)).request(&get).join("\n"));
    told
}

#[test]
fn hints_come_before_the_response() {
    let Some(binary) = haproxy() else { return };
    let mut faults = Vec::new();
    for case in CASES {
        let (theirs, ours) = (seen(Some(&binary), case), seen(None, case));
        for (theirs, ours) in theirs.iter().zip(&ours) {
            if theirs != ours {
                faults.push(format!("{case}\nHAProxy {theirs:?}\n     lb {ours:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// HAProxy makes a response of its own of those behind another rule.
#[test]
fn hints_are_one_response() {
    let case = "early-hint link a;set-var(txn.x) int(1);early-hint link b if { var(txn.x) -m int 1 };early-hint link c if \
                { var(txn.x) -m int 2 };set-header x-a 1;early-hint link d";
    let ours = seen(None, case);
    assert!(
        ours[0].starts_with("HTTP/1.1 103 Early Hints\r\nlink: a\r\nlink: b\r\nlink: d\r\n\r\nHTTP/1.1 200"),
        "{ours:?}"
    );
    assert!(ours[2].starts_with(":status: 103; link: a; link: b; link: d\n:status: 200"), "{ours:?}");
}
