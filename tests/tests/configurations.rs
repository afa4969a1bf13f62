//! Configurations as people run them, with requests: what clients get, what servers see, what is logged and what is counted,
//! through HAProxy and through lb. Skipped where HAProxy is not installed.
//!
//! `configurations/cases.txt` holds them:
//!
//! ```text
//! #### name
//! the configuration, without stats socket and log; {listen0}, {server0}, {dir} stand for addresses and a directory
//! ---- file name
//! a file in the directory
//! ---- steps
//! a GET /path | Name: value | = body    a request on the connection `a` to the first listener, and its response
//! b1 send text\r\n                      bytes on the connection `b` to the second one
//! a end                                 what comes up to the end of the connection
//! a finish                              nothing more will be sent
//! a h2 GET /path | name: value          a request over HTTP/2, and the frames that answer it
//! cli show map                          a command and its answer
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use lb_tests::frames::Frames;
use lb_tests::origin::Visit;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Message, Origin, Side, Wire, columns, eventually};

const CASES: &str = include_str!("configurations/cases.txt");
const LISTENERS: usize = 3;
const SERVERS: usize = 2;

struct Case<'a> {
    name: &'a str,
    configuration: &'a str,
    files: Vec<(&'a str, &'a str)>,
    steps: Vec<&'a str>,
}

fn cases() -> Vec<Case<'static>> {
    CASES
        .split("#### ")
        .skip(1)
        .map(|text| {
            let (name, text) = text.split_once('\n').expect("a name");
            let mut parts = text.split("---- ");
            let configuration = parts.next().unwrap_or_default();
            let mut case = Case { name, configuration, files: Vec::new(), steps: Vec::new() };
            for part in parts {
                let (head, text) = part.split_once('\n').expect("a line");
                match head.strip_prefix("file ") {
                    Some(name) => case.files.push((name, text)),
                    None => case.steps = text.lines().filter(|line| !line.is_empty()).collect(),
                }
            }
            case
        })
        .collect()
}

/// A server that says who it is; paths say what else it does.
fn server(name: &'static str) -> Origin {
    Origin::start(move |visit: &mut Visit| {
        while let Some(request) = visit.request() {
            let path = request.target().split('?').next().unwrap_or_default().to_owned();
            let mut words = path.split('/').skip(1);
            let what = words.next().unwrap_or_default().to_owned();
            let status = words.next().filter(|_| what == "status").unwrap_or("200").to_owned();
            let body = match &*what {
                "echo" => request.text(),
                _ => format!("{name} {}\n", request.target()),
            };
            let more = match &*what {
                "drop" => return,
                "cookie" => "Set-Cookie: SESSION=abc; Path=/; HttpOnly\r\n",
                "leak" => "X-Powered-By: PHP/5\r\nServer: Apache\r\nVia: 1.1 x\r\n",
                "location" => "Location: http://backend.internal:8080/x\r\n",
                _ => "",
            };
            let head =
                format!("HTTP/1.1 {status} Said\r\nX-Server: {name}\r\n{more}Content-Length: {}\r\n\r\n", body.len());
            let body = if request.method() == "HEAD" || status == "204" { "" } else { &body };
            if visit.wire.try_send(head + body).is_err() || request.has_token("connection", "close") {
                return;
            }
        }
    })
}

fn describe(out: &mut String, message: &Message) {
    let _ = writeln!(out, "  {}", message.start);
    for (name, value) in &message.headers {
        let _ = writeln!(out, "  {name}: {value}");
    }
    if !message.body.is_empty() {
        let _ = writeln!(out, "  [{}]", message.text());
    }
}

/// Does a step on a connection.
fn step(out: &mut String, wire: &mut Wire, words: &str) {
    if let Some(text) = words.strip_prefix("send ") {
        let _ = wire.try_send(text.replace("\\r", "\r").replace("\\n", "\n"));
        return;
    }
    match words {
        "end" => {
            let text = wire.try_read_to_end().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            // A reset is an end, too: which of both comes depends on what was not read.
            let _ = writeln!(out, "  end {:?}", text.unwrap_or_default());
        }
        "finish" => drop(wire.finish()),
        _ => {
            let mut parts = words.split(" | ");
            let line = parts.next().unwrap_or_default();
            let (mut fields, mut body) = (String::new(), "");
            for part in parts {
                match part.strip_prefix("= ") {
                    Some(text) => body = text,
                    None => fields = fields + part + "\r\n",
                }
            }
            if !fields.to_lowercase().starts_with("host:") && !fields.to_lowercase().contains("\nhost:") {
                fields = "Host: www.example.com\r\n".to_owned() + &fields;
            }
            if !body.is_empty() {
                let _ = write!(fields, "Content-Length: {}\r\n", body.len());
            }
            let request = format!("{line} HTTP/1.1\r\n{fields}\r\n{body}");
            let method = line.split(' ').next().unwrap_or_default();
            match wire.try_send(request).and_then(|()| wire.try_response_to(method)) {
                Ok(response) => describe(out, &response),
                Err(_) => out.push_str("  closed\n"),
            }
        }
    }
}

/// Numbers of a log line that say how long something took, and where its client is.
fn masked(line: &str) -> String {
    let Some((_, rest)) = line.split_once("] ") else { return line.to_owned() };
    let timers = |word: &str| {
        let all = word.split('/').all(|time| time.parse::<i64>().is_ok());
        match all && word.contains('/') && word.split('/').count() != 2 && !word.starts_with('1') {
            true => word.split('/').map(|time| if time == "-1" { time } else { "n" }).collect::<Vec<_>>().join("/"),
            false => word.to_owned(),
        }
    };
    let words: Vec<&str> = rest.split(' ').collect();
    let is_http = words.get(4).is_some_and(|bytes| bytes.parse::<u64>().is_ok());
    let mut out: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    if let Some(times) = out.get_mut(2) {
        *times = timers(times);
    }
    // HAProxy counts bytes of its own form of a message.
    if let Some(bytes) = out.get_mut(if is_http { 4 } else { 3 }).filter(|bytes| *bytes != "0") {
        "n".clone_into(bytes);
    }
    out.join(" ")
}

/// The rows of the statistics without what depends on the moment.
fn counted(csv: &str) -> String {
    let mut lines = csv.lines().filter(|line| !line.is_empty());
    let names: Vec<&str> = lines.next().expect("a header").trim_start_matches("# ").split(',').collect();
    let mut out = String::new();
    for line in lines {
        let cells: BTreeMap<&str, &str> = names.iter().copied().zip(line.split(',')).collect();
        let _ = writeln!(out, "{}/{}", cells["pxname"], cells["svname"]);
        for name in names.iter().filter(|name| !columns::VOLATILE.contains(name) && !columns::SIZES.contains(name)) {
            // Whether a connection is closed before or after the next one comes is a matter of chance; one whose response was
            // replaced is kept by HAProxy. The first SETTINGS count twice there.
            if !matches!(
                *name,
                "smax" | "pid" | "used_conn_cur" | "eint" | "srv_icur" | "h1_open_connections" | "h2_settings_rcvd"
            ) {
                let _ = writeln!(out, "  {name} {}", cells[name]);
            }
        }
    }
    out
}

/// All that is seen of a case from outside.
fn transcript(case: &Case<'_>, binary: Option<&Path>) -> String {
    let (servers, log) = ([server("s0"), server("s1")], LogSink::new());
    let mut addresses = Vec::new();
    let mut fill = |text: &str| {
        let text = text.replace("{log}", &log.address().to_string());
        addresses = servers.iter().map(|server| server.address().to_string()).collect();
        (0..SERVERS).fold(text, |text, index| text.replace(&format!("{{server{index}}}"), &addresses[index]))
    };
    let configuration = format!(
        "global\n  nbthread 1\n  maxconn 1000\n  stats socket {{dir}}/stats level admin\n  log {{log}} local0\n{}",
        case.configuration
    );
    let configuration = fill(&configuration);
    let files: Vec<(&str, String)> = case.files.iter().map(|(name, text)| (*name, fill(text))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    let side = Side::start_with(binary, &configuration, LISTENERS, &files);
    let mut out = String::new();
    let mut wires: BTreeMap<&str, Wire> = BTreeMap::new();
    let mut clients: BTreeMap<&str, Frames> = BTreeMap::new();
    for line in &case.steps {
        let _ = writeln!(out, "> {line}");
        let (name, words) = line.split_once(' ').expect("two words");
        if name == "cli" {
            let command = words.replace("{dir}", side.directory().to_str().expect("UTF-8"));
            out.push_str(&side.ask(&command));
            continue;
        }
        let listener = name.trim_start_matches(|c: char| c.is_ascii_lowercase()).parse().unwrap_or(0);
        if let Some(words) = words.strip_prefix("h2 ") {
            let mut parts = words.split(" | ");
            let (method, path) = parts.next().and_then(|line| line.split_once(' ')).expect("a method and a path");
            let mut fields =
                vec![(":method", method), (":scheme", "http"), (":authority", "www.example.com"), (":path", path)];
            fields.extend(parts.filter_map(|part| part.split_once(": ")));
            let frames = clients.entry(name).or_insert_with(|| Frames::connect(side.address(listener)));
            for frame in frames.request(&fields) {
                let _ = writeln!(out, "  {frame}");
            }
            continue;
        }
        let wire = wires.entry(name).or_insert_with(|| side.connect(listener));
        step(&mut out, wire, words);
    }
    drop((wires, clients));
    let mut rows = String::new();
    eventually("all sessions end", || {
        rows = counted(&side.ask("show stat"));
        !rows.contains("  scur ")
            || !rows.lines().any(|line| line.starts_with("  scur ") && !line.ends_with([' ', '0']))
    });
    for (index, server) in servers.iter().enumerate() {
        for request in server.requests() {
            let _ = writeln!(out, "< s{index}");
            describe(&mut out, &request);
        }
    }
    let lines: BTreeSet<String> = log.texts(Duration::from_millis(100)).iter().map(|line| masked(line)).collect();
    for line in lines.iter().filter(|line| !line.starts_with("Proxy ")) {
        let _ = writeln!(out, "log {line}");
    }
    out += &rows;
    let directory = side.directory().to_str().expect("UTF-8").to_owned();
    let mut out = out.replace(&directory, "DIR");
    for index in 0..LISTENERS {
        out = out.replace(&side.address(index).to_string(), &format!("LISTEN{index}"));
        out = out.replace(&side.address(index).port().to_string(), &format!("PORT{index}"));
    }
    for (index, address) in addresses.iter().enumerate() {
        out = out.replace(address, &format!("SERVER{index}"));
    }
    out
}

fn first_difference(one: &str, other: &str) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let at = one.iter().zip(&other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    let from = at.saturating_sub(8);
    let show = |lines: &[&str]| lines[from.min(lines.len())..(at + 8).min(lines.len())].join("\n");
    format!("haproxy\n{}\nlb\n{}", show(&one), show(&other))
}

#[test]
fn configurations_do_as_in_haproxy() {
    let Some(binary) = haproxy() else { return };
    let mut failed = String::new();
    for case in cases() {
        // How far things are when others happen is a matter of chance: a difference is looked at again.
        let mut difference = String::new();
        let same = (0..3).any(|_| {
            let (theirs, ours) = (transcript(&case, Some(&binary)), transcript(&case, None));
            difference = first_difference(&theirs, &ours);
            theirs == ours
        });
        if !same {
            let _ = writeln!(failed, "== {}\n{difference}", case.name);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
