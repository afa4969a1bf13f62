//! The address that servers see where a field of the request says it (`usesrc hdr_ip`), with HAProxy 2.6 and with lb. Binding
//! to the addresses of others needs root; all of these are the loopback's. Skipped for others.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::process::haproxy;
use lb_tests::{Origin, Side};

/// What stands behind `source`, in the backend or at its server.
const SOURCES: [(&str, &str); 6] = [
    ("127.0.0.9 usesrc hdr_ip(X-Forwarded-For)", ""),
    ("", "127.0.0.9 usesrc hdr_ip(x-forwarded-for,1)"),
    ("127.0.0.9 usesrc hdr_ip(x-forwarded-for,-2)", ""),
    ("127.0.0.9 usesrc hdr_ip(x-rule)", ""),
    ("127.0.0.9 usesrc hdr_ip(x-rule)", "127.0.0.8 usesrc hdr_ip(x-forwarded-for,2)"),
    ("127.0.0.9 usesrc hdr_ip(x-forwarded-for,0)", ""),
];

/// What the field says; `None` where there is none.
const FIELDS: [Option<&str>; 11] = [
    Some("127.0.0.5"),
    Some("127.0.0.5, 127.0.0.6"),
    Some("127.0.0.5,127.0.0.6 ,127.0.0.7"),
    Some("127.0.0.5, bad"),
    Some("127.0.0.5:80"),
    Some("127.0.0.5,,"),
    Some("::1"),
    Some("0.0.0.0"),
    Some(""),
    Some("127.0.0.300"),
    None,
];

/// The address that the server saw, or the status of what did not reach it; for each source each field, with and without
/// `option forwardfor`.
fn seen(binary: Option<&Path>) -> Vec<String> {
    let origin = Origin::start(|visit| {
        let peer = visit.wire.peer_addr().ip().to_string();
        while visit.request().is_some() {
            let length = peer.len();
            visit.wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{peer}"));
        }
    });
    let mut text = String::from(
        "global\n nbthread 1\n stats socket {dir}/stats\ndefaults\n mode http\n timeout connect 9s\n timeout client 9s\n \
         timeout server 9s\n",
    );
    for (index, (backend, server)) in SOURCES.iter().chain(&SOURCES).enumerate() {
        text.push_str(&format!(
            "listen l{index}\n bind {{listen{index}}}\n http-request set-header x-rule 127.0.0.77\n"
        ));
        if index >= SOURCES.len() {
            text.push_str(" option forwardfor\n");
        }
        if !backend.is_empty() {
            text.push_str(&format!(" source {backend}\n"));
        }
        let server = if server.is_empty() { String::new() } else { format!("source {server}") };
        text.push_str(&format!(" server s {} {server}\n", origin.address()));
    }
    let side = Side::start(binary, &text, 2 * SOURCES.len());
    let mut outcomes = Vec::new();
    for listener in 0..2 * SOURCES.len() {
        // One client: whom its requests come from differs, and so must the connections.
        let mut client = side.connect(listener);
        for field in FIELDS {
            let line = field.map(|value| format!("X-Forwarded-For: {value}\r\n")).unwrap_or_default();
            let response = client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n")).response();
            if response.status() == 200 {
                outcomes.push(response.text());
            } else {
                outcomes.push(response.status().to_string());
                client = side.connect(listener);
            }
        }
    }
    outcomes
}

#[test]
fn servers_see_the_address_that_a_field_holds() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: it takes root to bind to foreign addresses");
        return;
    }
    let ours = seen(None);
    let (first, second) = ours.split_at(FIELDS.len());
    let default = "127.0.0.9";
    let last = ["127.0.0.5", "127.0.0.6", "127.0.0.7", default, "127.0.0.5", default, default, default, default];
    assert_eq!(first[..9], last);
    assert_eq!(first[9..], [default, default], "what is no address, or not there, leaves the choice to `source`");
    assert_eq!(second[..4], ["127.0.0.5"; 4]);
    assert!(ours[3 * FIELDS.len()..4 * FIELDS.len()].iter().all(|seen| seen == "127.0.0.77"));
    assert!(ours[5 * FIELDS.len()..6 * FIELDS.len()].iter().all(|seen| seen == default), "0 is none");
    let Some(binary) = haproxy() else { return };
    let theirs = seen(Some(&binary));
    let each = SOURCES.iter().chain(&SOURCES).flat_map(|source| FIELDS.iter().map(move |field| (source, field)));
    let mut equal = 0;
    for ((case, theirs), ours) in each.zip(&theirs).zip(&ours) {
        // HAProxy answers 500 where the field is not there, against its manual, and takes 127.0.0.300 for an address.
        if theirs != "500" && !matches!(case.1, Some("127.0.0.300")) {
            assert_eq!(theirs, ours, "{case:?}");
            equal += 1;
        }
    }
    assert!(equal > 80, "{equal}");
}
