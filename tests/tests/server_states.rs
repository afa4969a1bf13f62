//! States of servers through a history of failures, recoveries and commands: the same script with HAProxy 2.6 and with
//! lb. Each reply, the state of every server in `show servers state` and `show stat`, and each line about it must be the
//! same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use lb_tests::process::haproxy;
use lb_tests::{HeldPort, LogSink, Side, eventually};

/// A port that somebody listens on, or nobody.
struct Switch {
    port: HeldPort,
    listener: Option<TcpListener>,
}

impl Switch {
    fn up() -> Self {
        let mut switch = Self { port: HeldPort::new(), listener: None };
        switch.set(true);
        switch
    }

    fn set(&mut self, up: bool) {
        self.listener = up.then(|| {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.set_reuse_address(true).unwrap();
            socket.set_reuse_port(true).unwrap();
            socket.bind(&self.port.address().into()).unwrap();
            socket.listen(1024).unwrap();
            socket.into()
        });
    }
}

/// One step of a history.
enum Step {
    /// A command.
    Ask(&'static str),
    /// The servers' port is closed.
    Fail,
    /// It is open again.
    Recover,
    /// Waits until `show stat` has this status for a server.
    Until(&'static str, &'static str),
}

use Step::{Ask, Fail, Recover, Until};

/// The history of a program: what it answered and logged, and the states after each step. In the sections `{up}` stands
/// for the address of a server that can be checked.
fn history(haproxy: Option<&Path>, sections: &str, steps: &[Step]) -> Vec<String> {
    let (logs, mut switch) = (LogSink::new(), Switch::up());
    let configuration = format!(
        "global\n  stats socket {{dir}}/stats level admin\n  log {} local0\ndefaults\n  mode http\n  log global\n  \
         timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n{}",
        logs.address(),
        sections.replace("{up}", &switch.port.address().to_string())
    );
    let side = Side::start(haproxy, &configuration, 0);
    let mut told = Vec::new();
    for step in steps {
        match step {
            Ask(command) => told.push(format!("{command} => {}", side.ask(command).trim_end())),
            Fail => switch.set(false),
            Recover => switch.set(true),
            Until(server, status) => {
                eventually(&format!("{server} is {status}"), || {
                    stat(&side).iter().any(|row| row.0 == *server && row.1 == *status)
                });
                lines(&logs, &mut told);
                told.extend(states(&side));
            }
        }
    }
    told
}

/// Lines about servers, until none comes for a while.
fn lines(logs: &LogSink, into: &mut Vec<String>) {
    for line in logs.texts(Duration::from_millis(150)) {
        let about = ["Server ", "Backup Server ", "Health check ", "Agent check ", "backend ", "proxy "];
        if about.iter().any(|start| line.starts_with(start)) {
            into.push(without_duration(&line));
        }
    }
}

fn without_duration(line: &str) -> String {
    let Some((before, rest)) = line.split_once("check duration: ") else { return line.to_owned() };
    format!("{before}check duration: {}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Status and other columns of each server.
fn stat(side: &Side) -> Vec<(String, String, String)> {
    let text = side.ask("show stat");
    let mut rows = text.lines();
    let names: Vec<&str> = rows.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let shown = ["weight", "tracked", "chkfail", "chkdown", "hanafail", "check_rise", "agent_health", "agent_rise"];
    let row = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        let cell = |name: &str| {
            let index = names.iter().position(|other| *other == name).expect("a column");
            cells.get(index).copied().unwrap_or_default()
        };
        let more = shown.map(|name| format!("{name}={}", cell(name))).join(" ");
        (cell("svname") != "FRONTEND" && cells.len() > 20)
            .then(|| (format!("{}/{}", cell("pxname"), cell("svname")), cell("status").to_owned(), more))
    };
    rows.filter_map(row).collect()
}

/// States without times and ports, and without the mark of a check under way.
fn states(side: &Side) -> Vec<String> {
    let text = side.ask("show servers state");
    let line = |line: &str| {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        if words.len() > 20 && !line.starts_with('#') {
            words[9].clear();
            for mask in [13, 14] {
                let bits: u32 = words[mask].parse().unwrap();
                // The result is unknown as well, meanwhile.
                words[mask] = (bits & !1).to_string();
            }
            words[11].clear();
            words[18].clear();
            words[24].clear();
        }
        words.join(" ")
    };
    let servers = text.lines().map(line);
    servers.chain(stat(side).into_iter().map(|(name, status, more)| format!("{name}: {status} {more}"))).collect()
}

/// Both programs live through the same.
#[track_caller]
fn compare(sections: &str, steps: &[Step]) {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (history(Some(&binary), sections, steps), history(None, sections, steps));
    for (index, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(ours, theirs, "line {index}");
    }
    assert_eq!(ours, theirs);
}

#[test]
fn servers_that_track_others() {
    let sections = "
backend a
  option log-health-checks
  server a1 {up} check inter 100ms rise 2 fall 2
  server a2 {up} track a1
backend b
  server b1 {up} track a/a1
  server b2 {up} track b1 backup
backend c
  server c1 {up} disabled check inter 1h
  server c2 {up} track c1
  server c3 {up} track c/c2 disabled
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Fail,
            Until("a/a1", "DOWN"),
            Ask("set server b/b1 state maint"),
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("b/b2", "DOWN"),
            Recover,
            Until("a/a1", "UP"),
            Ask("set server a/a1 state maint"),
            Until("b/b2", "MAINT (via b/b1)"),
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state maint"),
            Ask("set server a/a1 state ready"),
            Until("a/a1", "UP"),
            Ask("set server b/b1 state drain"),
            Until("b/b2", "DRAIN"),
            Ask("set server a/a1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "DRAIN"),
            Ask("set server a/a1 state maint"),
            Ask("set server b/b1 state drain"),
            Ask("set server a/a1 state ready"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "UP"),
            Ask("disable health a/a1"),
            Ask("set server a/a1 health stopping"),
            Until("b/b2", "NOLB"),
            Ask("set server a/a1 health up"),
            Ask("set server b/b1 health down"),
            Until("b/b2", "no check"),
            Ask("set server c/c3 state ready"),
            Until("c/c3", "MAINT (via c/c2)"),
            Ask("enable health b/b1"),
            Ask("experimental-mode on; add server b/d1 127.0.0.1:1 track b/b1"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track d1"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track a/nope"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track x/nope"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track d2"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track a/a1 check"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track"),
            Ask("experimental-mode on; del server a/a1"),
            Ask("set server a/a1 state maint"),
            Until("b/d1", "MAINT (via b/b1)"),
            Ask("experimental-mode on; del server b/d1"),
        ],
    );
}
