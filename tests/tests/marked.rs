//! What becomes of sessions when a server is marked down or up (`on-marked-down shutdown-sessions`, `on-marked-up
//! shutdown-backup-sessions`): the same servers, sessions and changes with HAProxy 2.6 and with lb. What clients get, and
//! what is logged, must be the same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use lb_tests::held_port::Switch;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, Wire, eventually};

/// What holds responses back until it is opened.
#[derive(Default)]
struct Door {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Door {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        drop(self.changed.wait_timeout_while(self.open.lock().unwrap(), PATIENCE, |open| !*open).unwrap());
    }
}

/// What a client and a server do before the change: the section, what the client sends, what it gets at once, and what it
/// gets when the door opens.
#[derive(Clone, Copy)]
struct Kind {
    mode: &'static str,
    at_once: &'static str,
    later: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind { mode: "http", at_once: "", later: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
    Kind { mode: "http", at_once: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha", later: "lf" },
    Kind { mode: "http", at_once: "HTTP/1.1 200 OK\r\n\r\nto the end", later: " and more" },
    Kind { mode: "tcp", at_once: "hi", later: "bye" },
];

/// What is done to the servers.
enum Change {
    /// This is asked of every section, `{l}` being its name.
    Ask(&'static [&'static str]),
    /// Health checks begin to fail, or to pass again.
    Check(bool),
    /// The agent says this.
    Agent(&'static str),
}

use Change::{Agent, Ask, Check};

/// Servers, changes before there are sessions, the change, whether sessions end by it.
struct Case {
    servers: &'static str,
    before: &'static [Change],
    change: Change,
    /// The status of the server `a`, or another one, after it.
    status: (&'static str, &'static str),
    ends: bool,
}

/// The origin of a case.
fn origin(door: &Arc<Door>) -> Origin {
    let door = Arc::clone(door);
    Origin::start(move |visit| {
        let mut sent = [0; 1024];
        let length = visit.wire.read_some(&mut sent).unwrap_or(0);
        let asked = String::from_utf8_lossy(&sent[..length]).into_owned();
        let kind = asked.find("kind=").and_then(|at| KINDS.get(asked[at + 5..at + 6].parse::<usize>().ok()?));
        let Some(kind) = kind else { return };
        let _ = visit.wire.try_send(kind.at_once);
        door.pass();
        let _ = visit.wire.try_send(kind.later);
    })
}

fn read_exactly(wire: &mut Wire, length: usize) -> String {
    String::from_utf8(wire.read_exactly(length).expect("what is sent at once")).unwrap()
}

/// What a client got, with its end; without dates and the like.
fn end_of(wire: &mut Wire) -> String {
    let mut got = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match wire.read_some(&mut piece) {
            Ok(0) => break,
            Ok(length) => got.extend_from_slice(&piece[..length]),
            // A response that ends with its connection is cut off so that the client knows.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&got)),
        }
    }
    String::from_utf8_lossy(&got).replace("\r\n", "|")
}

/// Goes through a case and says what came of each kind of session.
fn outcome(binary: Option<&Path>, case: &Case) -> Vec<String> {
    let (logs, mut switch, door) = (LogSink::new(), Switch::up(), Arc::new(Door::default()));
    let (a, b) = (origin(&door), origin(&door));
    let said = Arc::new(Mutex::new("ready up\n"));
    let words = Arc::clone(&said);
    let agent = Origin::start(move |visit| drop(visit.wire.try_send(*words.lock().unwrap())));
    let mut text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n log global\n \
         timeout connect 5s\n timeout client 6s\n timeout server 6s\n",
        logs.address()
    );
    for (index, kind) in KINDS.iter().enumerate() {
        text.push_str(&format!("listen l{index}\n bind {{listen{index}}}\n mode {0}\n option {0}log\n", kind.mode));
        for line in case.servers.split(';') {
            let line = line
                .replace("{a}", &a.address().to_string())
                .replace("{b}", &b.address().to_string())
                .replace("{check}", &format!("check inter 50ms rise 1 fall 1 port {}", switch.address().port()))
                .replace("{agent}", &format!("agent-check agent-inter 50ms agent-port {}", agent.address().port()));
            text.push_str(&format!(" {}\n", line.trim()));
        }
    }
    let side = Side::start(binary, &text, KINDS.len());
    let mut make = |change: &Change| match change {
        Ask(commands) => {
            for section in 0..KINDS.len() {
                for command in *commands {
                    side.ask(&command.replace("{l}", &format!("l{section}")));
                }
            }
        }
        Check(passes) => switch.set(*passes),
        Agent(words) => *said.lock().unwrap() = words,
    };
    let settle = |server: &str, status: &str| {
        for section in 0..KINDS.len() {
            let start = format!("l{section},{server},");
            eventually(&format!("{server} is {status}"), || {
                let stat = side.ask("show stat");
                let row = stat.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
                row.split(',').nth(17) == Some(&status.replace("{l}", &format!("l{section}")))
            });
        }
    };
    for change in case.before {
        make(change);
        if matches!(change, Check(_)) {
            settle(case.status.0, "DOWN");
        }
    }
    let clients: Vec<Wire> =
        KINDS.iter().enumerate().map(|(index, kind)| visit(&side, index, kind, [&a, &b])).collect();
    make(&case.change);
    settle(case.status.0, case.status.1);
    if !case.ends {
        door.open();
    }
    let mut got = Vec::new();
    for mut wire in clients {
        if !case.ends {
            // Nobody ends these but the client.
            let _ = wire.finish();
        }
        got.push(end_of(&mut wire));
    }
    let mut lines = vec![String::new(); KINDS.len()];
    while lines.iter().any(String::is_empty) {
        let line = logs.line();
        let index = line.backend.split('/').next().and_then(|name| name.strip_prefix('l')?.parse::<usize>().ok());
        if let Some(logged) = index.and_then(|index| lines.get_mut(index)) {
            // Counts of connections depend on which session is gone first.
            let retries = line.counts.rsplit('/').next().unwrap_or_default();
            *logged = format!("{} {} {} {retries}", line.backend, line.status, line.flags);
        }
    }
    let outcomes = got.iter().zip(&lines).map(|(got, line)| format!("{got}; {line}")).collect();
    door.open();
    outcomes
}

/// A client that the server has heard of.
fn visit(side: &Side, index: usize, kind: &Kind, origins: [&Origin; 2]) -> Wire {
    let connections = || origins.iter().map(|origin| origin.connections()).sum::<usize>();
    let before = connections();
    let mut wire = side.connect(index);
    wire.send(format!("GET /?kind={index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    eventually("the server is asked", || connections() > before);
    if kind.mode == "tcp" {
        assert_eq!(read_exactly(&mut wire, kind.at_once.len()), kind.at_once);
    } else if !kind.at_once.is_empty() {
        wire.head();
    }
    wire
}

#[track_caller]
fn compare(cases: &[Case]) {
    let Some(binary) = haproxy() else { return };
    let mut faults = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (theirs, ours) = (outcome(Some(&binary), case), outcome(None, case));
        for (kind, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            if theirs != ours {
                faults.push(format!(
                    "case {number}, kind {kind}, {}:\n HAProxy: {theirs}\n lb:      {ours}",
                    case.servers
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

const DOWN: &str = "server a {a} on-marked-down shutdown-sessions; server b {b} backup";

fn down(change: Change, status: &'static str, ends: bool) -> Case {
    Case { servers: DOWN, before: &[], change, status: ("a", status), ends }
}

#[test]
fn sessions_of_a_server_that_goes_down_are_shut() {
    compare(&[
        down(Ask(&["set server {l}/a health down"]), "DOWN", true),
        down(Ask(&["set server {l}/a state maint"]), "MAINT", true),
        down(Ask(&["disable server {l}/a"]), "MAINT", true),
        Case {
            servers: "server a {a} {check} on-marked-down shutdown-sessions; server b {b} backup",
            change: Check(false),
            ..down(Ask(&[]), "DOWN", true)
        },
        Case {
            servers: "server a {a} {agent} on-marked-down shutdown-sessions; server b {b} backup",
            change: Agent("down\n"),
            ..down(Ask(&[]), "DOWN (agent)", true)
        },
        // The one that tracks says what becomes of its own sessions.
        Case {
            servers: "server x {b} backup check inter 1h; server a {a} track x on-marked-down shutdown-sessions",
            change: Ask(&["set server {l}/x health down"]),
            ..down(Ask(&[]), "DOWN", true)
        },
        Case {
            servers: "server x {b} backup check inter 1h; server a {a} track x on-marked-down shutdown-sessions",
            change: Ask(&["set server {l}/x state maint"]),
            ..down(Ask(&[]), "MAINT (via {l}/x)", true)
        },
    ]);
}

#[test]
fn sessions_stay_where_nothing_says_that_they_go() {
    compare(&[
        down(Ask(&["set server {l}/a state drain"]), "DRAIN", false),
        down(Ask(&["set server {l}/a health stopping"]), "NOLB", false),
        down(Ask(&["set server {l}/a weight 0"]), "no check", false),
        Case { servers: "server a {a}", ..down(Ask(&["set server {l}/a health down"]), "DOWN", false) },
        Case { servers: "server a {a}", ..down(Ask(&["set server {l}/a state maint"]), "MAINT", false) },
        Case {
            servers: "server a {a} on-marked-down shutdown-sessions; server b {b} on-marked-down shutdown-sessions",
            before: &[Ask(&["set server {l}/b state maint"])],
            change: Ask(&["set server {l}/b state ready"]),
            status: ("b", "no check"),
            ends: false,
        },
    ]);
}

#[test]
fn sessions_of_backup_servers_are_shut_when_another_comes_up() {
    let up = |before, change, status, ends| Case {
        servers: "server a {a} on-marked-up shutdown-backup-sessions; server b {b} backup",
        before,
        change,
        status: ("a", status),
        ends,
    };
    compare(&[
        up(&[Ask(&["set server {l}/a health down"])], Ask(&["set server {l}/a health up"]), "no check", true),
        up(&[Ask(&["set server {l}/a state maint"])], Ask(&["set server {l}/a state ready"]), "no check", true),
        up(&[Ask(&["set server {l}/a state drain"])], Ask(&["set server {l}/a state ready"]), "no check", false),
        up(&[Ask(&["set server {l}/a weight 0"])], Ask(&["set server {l}/a weight 1"]), "no check", false),
        Case {
            servers: "server a {a} {check} on-marked-up shutdown-backup-sessions; server b {b} backup",
            ..up(&[Check(false)], Check(true), "UP", true)
        },
        // Drained it takes over nothing, and yet they are shut.
        up(
            &[Ask(&["set server {l}/a state drain", "set server {l}/a health down"])],
            Ask(&["set server {l}/a health up"]),
            "DRAIN",
            true,
        ),
        up(&[Ask(&["set server {l}/a state maint"])], Ask(&["set server {l}/a state drain"]), "DRAIN", true),
        // Sessions of servers that are no backup stay.
        Case {
            servers: "server a {a} on-marked-up shutdown-backup-sessions; server b {b}",
            ..up(&[Ask(&["set server {l}/a health down"])], Ask(&["set server {l}/a health up"]), "no check", false)
        },
    ]);
}
