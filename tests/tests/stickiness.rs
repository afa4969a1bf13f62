//! Which server a client is led to, through a history of requests and commands: cookies of every kind, stick rules with
//! servers that do not stick and backup servers, `option persist` and `option redispatch`, and what the request says to
//! proxies (`option http-use-proxy-header`). The same history with HAProxy 2.6 and with lb: servers, cookies, log lines and
//! tables must be the same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::origin::ClosedPort;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, Side, Wire};

/// One step of a history.
#[derive(Clone, Copy)]
enum Step {
    /// A command.
    Ask(&'static str),
    /// A request with these fields, in a connection of its own: `X: 1|Y: 2`.
    Get(&'static str),
    /// The same, to that path.
    Path(&'static str, &'static str),
    /// These bytes in a connection of their own, and how many responses come before its end.
    Raw(&'static str),
}

use Step::{Ask, Get, Path as At, Raw};

/// Servers that say their names: a, b, c and d.
struct Servers {
    origins: Vec<Origin>,
    closed: ClosedPort,
}

impl Servers {
    fn start() -> Self {
        let origins = ["a", "b", "c", "d"].map(|name| {
            Origin::start(move |visit| {
                while let Some(request) = visit.request() {
                    let cookie = match request.start.contains("/set") {
                        true => format!("Set-Cookie: S={name}0; path=/app\r\nX-Id: {name}-{}\r\n", request.start.len()),
                        false => String::new(),
                    };
                    let head = format!("HTTP/1.1 200 OK\r\n{cookie}Content-Length: 1\r\n\r\n{name}");
                    if visit.wire.try_send(head).is_err() {
                        return;
                    }
                }
            })
        });
        Self { origins: origins.into(), closed: ClosedPort::new() }
    }

    fn fill(&self, text: &str) -> String {
        let mut text = text.replace("{closed}", &self.closed.address().to_string());
        for (name, origin) in ["{a}", "{b}", "{c}", "{d}"].iter().zip(&self.origins) {
            text = text.replace(name, &origin.address().to_string());
        }
        text
    }

    /// How many requests came, and the last one's head.
    fn last(&self, before: usize) -> String {
        let requests: Vec<_> = self.origins.iter().flat_map(Origin::requests).collect();
        match requests.len() > before {
            true => format!("{} to the server", requests.len() - before),
            false => "nothing to the server".to_owned(),
        }
    }

    fn count(&self) -> usize {
        self.origins.iter().map(|origin| origin.requests().len()).sum()
    }
}

/// What every step came to.
fn history(binary: Option<&Path>, servers: &Servers, lines: &str, steps: &[Step]) -> Vec<String> {
    let logs = LogSink::new();
    let mut text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n log global\n \
         option httplog\n timeout connect 20ms\n timeout client 10s\n timeout server 10s\n timeout http-keep-alive 10s\n\
         listen l\n bind {{listen0}}\n",
        logs.address()
    );
    for line in lines.split(';') {
        text.push_str(&format!(" {}\n", servers.fill(line.trim())));
    }
    let side = Side::start(binary, &text, 1);
    let logged = || {
        let line = logs.line();
        format!("{} {} {} {}", line.backend, line.status, line.flags, line.counts)
    };
    let mut told = Vec::new();
    for step in steps {
        told.push(match step {
            Ask(command) => {
                let answer = side.ask(command);
                // HAProxy makes one change of several that come in one turn of its event loop.
                side.ask("show servers state");
                format!("{command} => {}", without_times(&answer))
            }
            Get(fields) => request(&side, "/", fields) + "; " + &logged(),
            At(path, fields) => request(&side, path, fields) + "; " + &logged(),
            Raw(bytes) => {
                let before = servers.count();
                let mut wire: Wire = side.connect(0);
                wire.send(bytes).finish();
                let got = String::from_utf8_lossy(&wire.read_to_end()).into_owned();
                let heads: Vec<&str> =
                    got.split("\r\n").filter(|line| line.starts_with("HTTP/") || line.contains("onnection")).collect();
                format!("{bytes:?} => {heads:?}, {}; {}", servers.last(before), logged())
            }
        });
    }
    told
}

/// Entries of a table without addresses of memory and times.
fn without_times(answer: &str) -> String {
    let words = answer.split_whitespace().filter(|word| !word.starts_with("0x") && !word.starts_with("exp="));
    words.collect::<Vec<_>>().join(" ")
}

fn request(side: &Side, path: &str, fields: &str) -> String {
    let lines: String =
        fields.split('|').filter(|field| !field.is_empty()).map(|field| format!("{field}\r\n")).collect();
    let mut wire = side.connect(0);
    let response = wire.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n")).response();
    let shown = response.headers.iter().filter(|(name, _)| {
        ["set-cookie", "cache-control", "x-id"].iter().any(|shown| name.eq_ignore_ascii_case(shown))
    });
    let shown: Vec<String> = shown.map(|(name, value)| format!("{}: {value}", name.to_lowercase())).collect();
    let text = if response.status() == 200 { response.text() } else { response.status().to_string() };
    format!("{path} {fields} => {text} {shown:?}")
}

/// Both programs, with the same servers.
#[track_caller]
fn compare(histories: &[(&str, &[Step])]) {
    let Some(binary) = haproxy() else { return };
    let mut faults = Vec::new();
    for (lines, steps) in histories {
        let servers = Servers::start();
        let (theirs, ours) = (history(Some(&binary), &servers, lines, steps), history(None, &servers, lines, steps));
        for (index, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            if theirs != ours {
                faults.push(format!("{lines}\n step {index}: HAProxy: {theirs}\n {:>8}lb:      {ours}", ""));
            }
        }
    }
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn stick_rules_among_servers_that_do_not_stick_and_backup_servers() {
    let steps: &[Step] = &[
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 3"),
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 3"),
        Ask("show table l"),
        Ask("set server l/b state maint"),
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 3"),
        Ask("show table l"),
        Ask("set server l/a state maint"),
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 4"),
        Ask("show table l"),
        Ask("set server l/b state ready"),
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 4"),
        Ask("show table l"),
        Ask("set server l/a state ready"),
        Ask("set server l/b state drain"),
        Get("K: 1"),
        Get("K: 2"),
        Get("K: 4"),
        Get("K: 5"),
        Ask("set server l/b weight 0"),
        Ask("set server l/b state ready"),
        Get("K: 2"),
        Get("K: 6"),
        Ask("show table l"),
        Get(""),
    ];
    compare(&[
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);server a {a};server b {b};server c {c} backup",
            steps,
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);server a {a} non-stick;server b {b};server c {c} backup",
            steps,
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);server a {a};server b {b};server c {c} backup non-stick",
            steps,
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);server a {a};server b {b};server c {c} backup;server d {d} backup;option allbackups",
            steps,
        ),
        (
            "stick-table type integer size 100 expire 1h;stick match hdr(k);stick store-request hdr(k);server a {a} non-stick;server b {b} id 77;server c {c} backup",
            steps,
        ),
        (
            "stick-table type string len 20 size 100 expire 1h srvkey addr;stick on hdr(k);server a {a};server b {b};server c {c} backup",
            &steps[..6],
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);option persist;server a {a};server b {b};server c {c} backup",
            steps,
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);force-persist if { hdr(f) 1 };server a {a};server b {b};server c {c} backup",
            &[
                Get("K: 1"),
                Get("K: 2"),
                Ask("set server l/a state maint"),
                Get("K: 1"),
                Get("K: 1|F: 1"),
                Ask("set server l/a health down"),
                Ask("set server l/a state ready"),
                Get("K: 1|F: 1"),
                Get("K: 2|F: 1"),
                Get("K: 1"),
                Ask("show table l"),
            ],
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick on hdr(k);ignore-persist if { hdr(i) 1 };server a {a};server b {b}",
            &[Get("K: 1"), Get("K: 2"), Get("K: 1|I: 1"), Get("K: 1|I: 1"), Get("K: 1"), Ask("show table l")],
        ),
        (
            "stick-table type string len 20 size 100 expire 1h;stick store-response res.hdr(x-id);stick match hdr(k);server a {a};server b {b} non-stick",
            &[
                At("/set", ""),
                At("/set", ""),
                At("/set", ""),
                Ask("show table l"),
                Get("K: a-17"),
                Get("K: a-17"),
                Get("K: b-17"),
                Get("K: b-17"),
            ],
        ),
    ]);
}

#[test]
fn dynamic_cookies_are_those_of_haproxy() {
    let steps: &[Step] = &[
        Get(""),
        Get(""),
        Ask("set dynamic-cookie-key backend l other"),
        Get(""),
        Get(""),
        Ask("disable dynamic-cookie backend l"),
        Get(""),
        Get(""),
        Ask("enable dynamic-cookie backend l"),
        Get(""),
        Get(""),
        Ask("set server l/a addr 127.0.0.2"),
        Ask("set server l/a addr 127.0.0.1"),
        Get(""),
        Get(""),
        Ask("set dynamic-cookie-key backend l"),
        Ask("set dynamic-cookie-key backend x y"),
        Ask("set dynamic-cookie-key"),
        Ask("set dynamic-cookie-key backend"),
        Ask("enable dynamic-cookie"),
        Ask("disable dynamic-cookie backend"),
        Ask("enable dynamic-cookie backend x"),
    ];
    compare(&[
        ("cookie X insert dynamic;dynamic-cookie-key secret;server a {a};server b {b}", steps),
        (
            "cookie X insert indirect nocache dynamic;dynamic-cookie-key secret;server a {a};server b {b} cookie own",
            steps,
        ),
        ("cookie X insert;dynamic-cookie-key secret;server a {a};server b {b} cookie own", steps),
        (
            "cookie S rewrite dynamic;dynamic-cookie-key secret;server a {a};server b {b}",
            &[At("/set", ""), At("/set", ""), Get(""), Get("Cookie: S=none")],
        ),
        (
            "cookie S prefix dynamic;dynamic-cookie-key secret;server a {a};server b {b}",
            &[At("/set", ""), At("/set", ""), Get(""), Get("Cookie: S=none~x")],
        ),
    ]);
}

#[test]
fn cookies_through_a_history_of_states() {
    let steps: &[Step] = &[
        Get("Cookie: X=A"),
        Get("Cookie: X=B"),
        Get("Cookie: X=D"),
        Get("Cookie: X=N"),
        Get("Cookie: X="),
        Ask("set server l/a state drain"),
        Get("Cookie: X=A"),
        Get(""),
        Ask("set server l/a state maint"),
        Get("Cookie: X=A"),
        Get("Cookie: X=A|F: 1"),
        Get("Cookie: X=A|I: 1"),
        Ask("set server l/a state ready"),
        Ask("set server l/a health down"),
        Get("Cookie: X=A"),
        Get("Cookie: X=A|F: 1"),
        Ask("set server l/a health stopping"),
        Get("Cookie: X=A"),
        Get("Cookie: X=A|I: 1"),
        Ask("set server l/a health up"),
        Ask("set server l/a weight 0"),
        Get("Cookie: X=A"),
        Ask("set server l/a weight 1"),
        Ask("set server l/b state maint"),
        Get("Cookie: X=D"),
        Get("Cookie: X=B"),
        Ask("set server l/a state maint"),
        Get("Cookie: X=D"),
        Get("Cookie: X=B"),
        Get(""),
        Ask("set server l/c state maint"),
        Get("Cookie: X=D"),
        Get(""),
        Ask("set server l/c state ready"),
        Ask("set server l/c addr {closed}"),
    ];
    let servers = "force-persist if { hdr(f) 1 };ignore-persist if { hdr(i) 1 };server a {a} cookie A;server b {b} cookie B;\
                   server d {d} cookie D backup;server c {c} cookie C backup";
    let mut all: Vec<(String, &[Step])> = Vec::new();
    for cookie in
        ["cookie X insert", "cookie X insert indirect", "cookie X insert preserve", "cookie X insert postonly"]
    {
        for option in
            ["", "option persist;", "option redispatch;", "option persist;option redispatch;", "option allbackups;"]
        {
            all.push((format!("{cookie};{option}{servers}"), &steps[..steps.len() - 1]));
        }
    }
    let all: Vec<(&str, &[Step])> = all.iter().map(|(lines, steps)| (lines.as_str(), *steps)).collect();
    compare(&all);
}

#[test]
fn persistence_and_redispatch_to_servers_that_refuse() {
    let steps: &[Step] = &[
        Get("Cookie: X=A"),
        Get("Cookie: X=B"),
        Get(""),
        Get(""),
        Get("Cookie: X=A|F: 1"),
        Ask("set server l/b state maint"),
        Get("Cookie: X=A"),
        Get("Cookie: X=B"),
        Ask("set server l/a health down"),
        Get("Cookie: X=A"),
        Get("Cookie: X=A|F: 1"),
        Ask("set server l/b state ready"),
        Get("Cookie: X=A"),
        Get("Cookie: X=A|F: 1"),
    ];
    let servers = "force-persist if { hdr(f) 1 };retries 3;cookie X insert;server a {closed} cookie A;server b {b} cookie B;\
                   server c {c} cookie C backup";
    let mut all = Vec::new();
    for persist in ["", "option persist;", "no option persist;"] {
        for redispatch in [
            "",
            "option redispatch;",
            "option redispatch 1;",
            "option redispatch 2;",
            "option redispatch -1;",
            "no option redispatch;",
        ] {
            all.push(format!("{persist}{redispatch}{servers}"));
        }
    }
    let all: Vec<(&str, &[Step])> = all.iter().map(|lines| (lines.as_str(), steps)).collect();
    compare(&all);
}

#[test]
fn what_requests_say_to_proxies() {
    let steps: &[Step] = &[
        Raw("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        Raw("GET / HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n"),
        Raw("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.0\r\nHost: h\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"),
        Raw("GET http://h/ HTTP/1.0\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n"),
        Raw("GET / HTTP/1.0\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n"),
        Raw("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"),
        Raw("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ];
    compare(&[
        ("option http-use-proxy-header;server a {a}", steps),
        ("server a {a}", steps),
        ("option http-use-proxy-header;option httpclose;server a {a}", steps),
        ("option http-use-proxy-header;option http-server-close;server a {a}", steps),
    ]);
}
