//! `option checkcache`: responses that caches may store together with their cookies are blocked, the same ones as in
//! HAProxy. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, Side, Wire};

/// Sections: lines beside `option checkcache`.
const SECTIONS: [&str; 9] = [
    "",
    "cookie SRV insert",
    "cookie SRV insert nocache",
    "cookie SRV insert indirect",
    "cookie SRV rewrite",
    "http-response del-header Set-Cookie",
    "http-response add-header Set-Cookie A=b",
    "http-response set-header Cache-Control private",
    "http-response set-status 302",
];

const COOKIES: [&str; 4] = ["", "Set-Cookie: A=b\r\n", "Set-Cookie2: A=b\r\n", "Set-Cookie: SRV=x\r\n"];

const CACHING: [&str; 24] = [
    "",
    "ETag: \"x\"\r\n",
    "Last-Modified: Thu, 01 Dec 1994 16:00:00 GMT\r\n",
    "Expires: 0\r\n",
    "Age: 3\r\n",
    "Cache-Control: max-age=10\r\n",
    "Cache-Control: s-maxage=10\r\n",
    "Cache-Control: max-age=0\r\nETag: x\r\n",
    "Cache-Control: s-maxage=0\r\nETag: x\r\n",
    "Cache-Control: public\r\n",
    "Cache-Control: public, max-age=10\r\n",
    "Cache-Control: max-age=10\r\nCache-Control: public\r\n",
    "Cache-Control: private, max-age=10\r\n",
    "Cache-Control: private, public, max-age=10\r\n",
    "Cache-Control: private=\"x\", max-age=10\r\n",
    "Cache-Control: no-store\r\nETag: x\r\n",
    "Cache-Control: no-cache\r\nETag: x\r\n",
    "Cache-Control: no-cache=\"set-cookie\"\r\nETag: x\r\n",
    "Cache-Control: no-cache=\"set-cookie, x\"\r\nETag: x\r\n",
    "Cache-Control: no-cache=\"x, private\", max-age=10\r\n",
    "Cache-Control: must-revalidate, immutable\r\nETag: x\r\n",
    "Pragma: no-cache\r\nCache-Control: public, max-age=10\r\n",
    "Pragma: x, no-cache\r\nETag: x\r\n",
    "Cache-Control: MAX-AGE=00\r\n",
];

/// What blocks or not, in all combinations of these, and of statuses and methods with some.
fn requests() -> Vec<(usize, &'static str, u16, String)> {
    let mut requests = Vec::new();
    for section in 0..SECTIONS.len() {
        for cookie in COOKIES {
            for caching in CACHING.iter().take(if section == 0 { CACHING.len() } else { 3 }) {
                requests.push((section, "GET", 200, format!("{cookie}{caching}")));
            }
        }
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "POST", "DELETE", "X"] {
        for status in [200, 201, 203, 204, 206, 300, 301, 302, 304, 400, 404, 405, 410, 414, 500, 501, 503] {
            for caching in ["ETag: x\r\n", "Cache-Control: public, max-age=10\r\n"] {
                requests.push((0, method, status, format!("Set-Cookie: A=b\r\n{caching}")));
            }
        }
    }
    requests
}

fn outcomes(binary: Option<&Path>, requests: &[(usize, &str, u16, String)]) -> Vec<String> {
    let log = LogSink::new();
    // The target says what to answer.
    let origin = Origin::start(|visit| {
        while let Some(request) = visit.request() {
            let index: usize = request.target().trim_start_matches('/').parse().unwrap();
            let (_, _, status, fields) = &self::requests()[index];
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nFrom: server\r\n{fields}\r\n");
            visit.wire.try_send(answer).unwrap();
        }
    });
    let mut text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n log global\n \
         log-format \"%b/%s %tsc\"\n timeout connect 10s\n timeout client 10s\n timeout server 10s\n option checkcache\n",
        log.address()
    );
    for (index, lines) in SECTIONS.iter().enumerate() {
        text.push_str(&format!(
            "listen l{index}\n bind {{listen{index}}}\n {lines}\n server s {} cookie s\n",
            origin.address()
        ));
    }
    let side = Side::start(binary, &text, SECTIONS.len());
    let mut outcomes: Vec<String> = requests
        .iter()
        .enumerate()
        .map(|(index, (section, method, ..))| {
            let mut client: Wire = side.connect(*section);
            client.send(format!("{method} /{index} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
            let passed = client.head().header("from").is_some();
            let mut lines = Vec::new();
            // The line about a blocked response comes before that of the stream.
            loop {
                let line = log.text();
                let ends = line.starts_with(&format!("l{section}/s "));
                lines.push(line);
                if ends {
                    break;
                }
            }
            format!("passed {passed}, {lines:?}")
        })
        .collect();
    let stat = side.ask("show stat");
    let columns: Vec<&str> = stat.lines().next().unwrap().trim_start_matches("# ").split(',').collect();
    let denied = columns.iter().position(|column| *column == "dresp").unwrap();
    outcomes.extend(stat.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{}/{} dresp {}", cells[0], cells[1], cells[denied])
    }));
    outcomes
}

#[test]
fn the_same_responses_are_blocked() {
    let Some(binary) = haproxy() else { return };
    let requests = requests();
    let (theirs, ours) = (outcomes(Some(&binary), &requests), outcomes(None, &requests));
    let faults: Vec<String> = theirs
        .iter()
        .zip(&ours)
        .enumerate()
        .filter(|(_, (theirs, ours))| theirs != ours)
        .map(|(index, (theirs, ours))| format!("{:?}: HAProxy {theirs}, lb {ours}", requests.get(index)))
        .collect();
    assert_eq!(theirs.len(), ours.len());
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
    let blocked = ours.iter().filter(|outcome| outcome.contains("Blocking cacheable cookie")).count();
    assert!(blocked > 50, "{blocked}");
}

/// As the manual says; HAProxy answers with its page for the status of the server where it has one, and with 500 else.
#[test]
fn what_is_blocked_is_answered_502() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: A=b\r\nETag: x\r\n\r\nok");
    let log = LogSink::new();
    let text = format!(
        "global\n stats socket {{dir}}/stats\n log {} local0\ndefaults\n mode http\n timeout connect 10s\n timeout client 10s\n \
         timeout server 10s\n log global\n option httplog\nlisten web\n bind {{listen0}}\n option checkcache\n server s {}\n",
        log.address(),
        origin.address()
    );
    let side = Side::start(None, &text, 1);
    assert_eq!(side.connect(0).get("/").status(), 502);
    assert_eq!(log.text(), "Blocking cacheable cookie in response from instance web, server s.");
    let line = log.line();
    assert_eq!((&*line.status, &*line.flags), ("502", "PH--"));
}
