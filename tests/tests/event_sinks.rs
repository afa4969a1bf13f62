//! `show events -w`: what is written to an event sink is told until there is input; HAProxy and lb on the same input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use lb_tests::process::haproxy;
use lb_tests::{PATIENCE, Side};

const CONFIG: &str = "global
  stats socket {dir}/stats level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend f
  bind {listen0}
  http-request set-var(txn.a) path,debug(NAME,buf0)
  http-request return status 200
";

/// The line without its time, which stands in front.
fn text(line: &str) -> String {
    assert!(line.starts_with("<0>20"), "{line}");
    line.split_once(' ').map(|(_, text)| text.to_owned()).unwrap_or_default()
}

/// What is told of the events of that name, and behind them. The sink is one for all that runs in this process.
fn watch(binary: Option<&Path>, name: &str, last: Option<&[u8]>) -> Vec<String> {
    let side = Side::start(binary, &CONFIG.replace("NAME", name), 1);
    let own = format!("{name}:");
    side.connect(0).get("/before");
    let mut stream = UnixStream::connect(side.directory().join("stats")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"show events buf0 -w\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut told = Vec::new();
    let mut next = |wanted: &str| {
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the end, before {wanted}");
            let line = text(&line);
            let found = line.contains(&own) && line.contains(wanted);
            if line.contains(&own) {
                told.push(line);
            }
            if found {
                return;
            }
        }
    };
    next("</before>");
    side.connect(0).get("/after");
    next("</after>");
    match last {
        Some(bytes) => stream.write_all(bytes).unwrap(),
        None => stream.shutdown(Shutdown::Write).unwrap(),
    }
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    told.push(rest.lines().last().map(str::to_owned).unwrap_or_default());
    told
}

#[test]
fn events_are_told_as_they_come() {
    let run = |binary: Option<&Path>| watch(binary, "told", None);
    let ours = run(None);
    assert_eq!(
        ours,
        ["[debug] told: type=str </before>\n", "[debug] told: type=str </after>\n", ""].map(str::to_owned)
    );
    let Some(binary) = haproxy() else { return };
    assert_eq!(ours, run(Some(&binary)));
}

/// As the manual says; HAProxy 2.6.12 hangs.
#[test]
fn input_ends_it() {
    let told = watch(None, "ended", Some(b"x"));
    assert_eq!(told.last().map(String::as_str), Some(""));
}
