//! Commands about servers at run time: the same script with HAProxy 2.6 and with lb. Each reply, the state of every
//! server, the log lines of what changed and where traffic goes must be the same. Skipped where HAProxy is not
//! installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, LogSink, Origin, PATIENCE, Side, Wire, eventually};

/// HAProxy with its stats socket, and lb, on the same configuration.
struct Pair {
    haproxy: Process,
    socket: PathBuf,
    lb: Instance,
    logs: [LogSink; 2],
    _directory: tempfile::TempDir,
}

impl Pair {
    /// `sections` may hold `LISTEN` for the address of the first listener.
    fn start(sections: &str) -> Option<Self> {
        let binary = haproxy()?;
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("stats");
        let logs = [LogSink::new(), LogSink::new()];
        let text = |log: &LogSink, more: &str, listen: &str| {
            format!(
                "global\n  nbthread 1\n  log {} local0\n{more}defaults\n  mode http\n  log global\n  option dontlog-normal\n  \
                 timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n{}",
                log.address(),
                sections.replace("LISTEN", listen)
            )
        };
        let stats = format!("  stats socket {} level admin\n", socket.display());
        let haproxy = Process::start(&binary, &text(&logs[0], &stats, "{listen0}"), 1);
        let lb = Instance::start(&text(&logs[1], "", "127.0.0.1:0"));
        eventually("the stats socket", || UnixStream::connect(&socket).is_ok());
        Some(Self { haproxy, socket, lb, logs, _directory: directory })
    }

    fn ask_haproxy(&self, command: &str) -> String {
        let mut socket = UnixStream::connect(&self.socket).unwrap();
        socket.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        reply.trim_end().to_owned()
    }

    fn ask_lb(&self, command: &str) -> String {
        match self.lb.proxy().execute(command) {
            Ok(text) => text.trim_end().to_owned(),
            Err(error) => error.text().trim_end().to_owned(),
        }
    }

    /// Sends a command to both and expects the same reply.
    #[track_caller]
    fn same(&self, command: &str) -> String {
        let (theirs, ours) = (self.ask_haproxy(command), self.ask_lb(command));
        assert_eq!(ours, theirs, "{command}");
        ours
    }

    /// The states of all servers, without the time since their last change, equal on both sides; checks that are
    /// under way are waited for.
    #[track_caller]
    fn same_states(&self, after: &str) {
        let mut states = [String::new(), String::new()];
        let mut equal = || {
            states = [self.ask_haproxy("show servers state"), self.ask_lb("show servers state")].map(|s| timeless(&s));
            states[0] == states[1]
        };
        let started = std::time::Instant::now();
        while started.elapsed() < PATIENCE {
            if equal() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(states[1], states[0], "after {after}");
    }

    /// Which servers answer, the same on both sides; HAProxy does not begin a turn anew when weights change.
    #[track_caller]
    fn same_servers(&self, after: &str) -> Vec<String> {
        let [theirs, ours] = self.traffic(22).map(|answers| answers.into_keys().collect::<Vec<_>>());
        assert_eq!(ours, theirs, "after {after:?}");
        ours
    }

    /// How often each server answers.
    fn traffic(&self, requests: usize) -> [BTreeMap<String, usize>; 2] {
        [self.haproxy.address(0), self.lb.address()].map(|address| {
            let mut answers = BTreeMap::new();
            for _ in 0..requests {
                *answers.entry(answer(address)).or_default() += 1;
            }
            answers
        })
    }

    /// Lines about servers up to one that ends with `last`.
    fn lines(&self, last: &str) -> [Vec<String>; 2] {
        [0, 1].map(|side| {
            let mut lines = Vec::new();
            loop {
                let line = self.logs[side].text();
                if line.ends_with(last) {
                    return lines;
                }
                let about = ["Server ", "Backup Server ", "Health check ", "backend ", "proxy "];
                if about.iter().any(|start| line.starts_with(start)) {
                    lines.push(without_duration(&line));
                }
            }
        })
    }
}

fn answer(address: SocketAddr) -> String {
    let response = Wire::connect(address).send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").response();
    match response.status() {
        200 => response.text(),
        status => status.to_string(),
    }
}

fn timeless(states: &str) -> String {
    let line = |line: &str| {
        let mut words: Vec<_> = line.split(' ').collect();
        if words.len() > 20 && !line.starts_with('#') {
            words[9] = "0";
        }
        words.join(" ")
    };
    states.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn without_duration(line: &str) -> String {
    match line.split_once("check duration: ") {
        Some((before, rest)) => {
            format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    }
}

fn sections(servers: &[&Origin]) -> String {
    let [one, two, three] = servers else { panic!("three origins") };
    let (one, two, three) = (one.address(), two.address(), three.address());
    format!(
        "frontend f
  bind LISTEN
  default_backend app
backend app
  balance roundrobin
  server s1 {one}
  server s2 {two} weight 10 check inter 10s
  server s3 {three} disabled
  server bk {three} backup
backend static
  balance static-rr
  server s1 {one} weight 5
  server s7 {one} id 7
backend odd
  id 77
  balance leastconn
  server u1 unix@/nonexistent/socket
  server p1 127.0.0.1 id 3
  server p2 127.0.0.1:+5
  server m1 127.0.0.1 check port {} inter 10m
  server t1 {one} ssl verify none
  server n1 localhost:81
  server c1 {one} check inter 10s addr 127.0.0.1 port {}
backend empty
  balance first
backend last
  server end {one}
",
        two.port(),
        two.port()
    )
}

/// Words that stand for nothing, or for too little.
const FAULTS: &[&str] = &[
    "add server",
    "add server app",
    "add server app/",
    "add server app/s1",
    "add server nope/s1 127.0.0.1:1",
    "add server app/s1 127.0.0.1:1",
    "add server static/n1 127.0.0.1:1",
    "add server static/n1",
    "add server app/n1 127.0.0.1:1 weight 300",
    "add server app/n1 127.0.0.1:1 wieght 3",
    "add server app/n1 127.0.0.1:1 redir /x",
    "add server app/n1 127.0.0.1:1 cookie x",
    "add server app/n1 127.0.0.1:1 resolvers x",
    "add server app/n1 127.0.0.1:1 no-check",
    "add server app/n1 127.0.0.1:1 max-reuse 3",
    "add server app/n1 127.0.0.1:1 id 0",
    "add server app/n! 127.0.0.1:1",
    "add server app/n1 127.0.0.1:99999",
    "add server app/n1 127.0.0.1:80-90",
    "add server app/n1 127.0.0.1 check",
    "add server app/n1 127.0.0.1:1 ssl",
    "add server app/n1 127.0.0.1:1 ssl ca-file /nonexistent",
    "add server app/n1 127.0.0.1:1 inter 0",
    "add server app/n1 127.0.0.1:1 usesrc clientip",
    "del server",
    "del server app",
    "del server nope/s1",
    "del server app/nope",
    "del server app/s1",
    "enable server",
    "enable server app",
    "enable server app/nope",
    "enable server nope/s1",
    "disable server",
    "disable server app/",
    "disable server #77/#99",
    "disable server #99/#1",
    "enable health app",
    "enable health app/s1",
    "enable health app/nope",
    "disable health app/nope",
    "disable health app/s1",
    "enable agent app/s2",
    "enable agent app",
    "disable agent app/s2",
    "disable agent app/nope",
    "get weight",
    "get weight app/",
    "get weight app/nope",
    "get weight app/#x",
    "get weight /s1",
    "set weight",
    "set weight app/s1",
    "set weight app/nope",
    "set weight app/s1 x",
    "set weight app/s1 5x",
    "set weight app/s1 5%x",
    "set weight app/s1 %",
    "set weight app/s1 1.5",
    "set weight app/s1 -1",
    "set weight app/s1 -5%",
    "set weight app/s1 300",
    "set weight static/s1 3",
    "set weight static/s1 50%",
    "set maxconn server",
    "set maxconn server app/nope",
    "set maxconn server app/s1",
    "set maxconn server app/s1 x",
    "set maxconn server app/s1 10x",
    "set server",
    "set server app",
    "set server app/nope",
    "set server app/s1",
    "set server app/s1 foo",
    "set server nope/s1 weight 1",
    "set server app/s1 weight",
    "set server app/s1 weight 500",
    "set server app/s1 state",
    "set server app/s1 state x",
    "set server app/s1 health",
    "set server app/s1 health x",
    "set server app/s1 agent",
    "set server app/s1 agent up",
    "set server app/s1 agent-addr",
    "set server app/s1 agent-addr 1.2.3.4",
    "set server app/s1 agent-port",
    "set server app/s1 agent-port 5",
    "set server app/s1 agent-send x",
    "set server app/s1 check-addr",
    "set server app/s1 check-addr 127.0.0.1",
    "set server app/s2 check-addr foo",
    "set server app/s2 check-addr 127.0.0.1 port 99999",
    "set server app/s2 check-addr 127.0.0.1 port x",
    "set server app/s1 check-port",
    "set server app/s1 check-port 5",
    "set server app/s2 check-port x",
    "set server app/s2 check-port 99999",
    "set server app/s1 fqdn",
    "set server app/s1 fqdn foo.example",
    "set server app/s1 ssl",
    "set server app/s1 ssl on",
    "set server odd/t1 ssl",
    "set server odd/t1 ssl x",
    "set server app/s1 addr",
    "set server app/s1 addr foo",
    "set server app/s1 addr localhost",
    "set server app/s1 addr /tmp/foo",
    "set server app/s1 addr 127.0.0.1:80",
    "set server app/s1 addr 127.0.0.1 port x",
    "set server app/s1 addr 127.0.0.1 port +5",
    "set server odd/u1 addr 127.0.0.1",
    "show servers state nope",
    "show servers state 77",
    "show servers conn nope",
];

/// What changes something.
const CHANGES: &[&str] = &[
    "get weight app/s2",
    "get weight odd/#3",
    "get weight #77/p1",
    "show servers state app foo",
    "show servers state #77",
    // Administrative state.
    "set server app/s1 state drain",
    "set server app/s1 state drain",
    "set server app/s1 weight 1",
    "set server app/s1 state maint",
    "set server app/s1 state drain",
    "set server app/s1 state maint",
    "set server app/s1 state ready",
    "set server app/s1 state ready",
    "disable server app/s1 extra",
    "set server app/s1 state drain",
    "enable server app/s1",
    "set server app/s1 state drain",
    "disable server app/s1",
    "enable server app/s1",
    "enable server app/s3",
    "set server app/s3 state drain",
    "set server app/s3 state maint",
    "set server app/s3 state ready",
    "disable server app/s3",
    // Health.
    "set server app/s1 health down",
    "set server app/s1 health down",
    "set server app/s1 state drain",
    "set server app/s1 weight 3",
    "set server app/s1 state ready",
    "set server app/s1 state maint",
    "set server app/s1 state ready",
    "set server app/s1 health stopping",
    "set server app/s1 state drain",
    "set server app/s1 state ready",
    "set server app/s1 health up",
    "set server app/s1 state maint",
    "set server app/s1 health up",
    "set server app/s1 health stopping",
    "set server app/s1 state ready",
    "set server app/bk health down",
    "set server app/bk health up",
    "set server app/s2 state drain",
    "set server app/s2 state ready",
    "disable health app/s2",
    "enable health app/s2",
    // Weights.
    "set weight app/s2 5",
    "set weight app/s2 50%",
    "get weight app/s2",
    "set weight app/s2 500%",
    "get weight app/s2",
    "set weight app/s2 10000%",
    "get weight app/s2",
    "set weight app/s2 99%",
    "get weight app/s2",
    "set weight app/s2 0",
    "set weight app/s2 100%",
    "set weight static/s1 0",
    "get weight static/s1",
    "set weight static/s1 100%",
    "set weight static/s1 5",
    "set server #77/#3 weight 3",
    "set server last/end weight 0",
    "set server last/end weight 1",
    // Limits.
    "set maxconn server app/s1 10",
    "set maxconn server app/s1 0",
    // Addresses.
    "set server odd/p1 addr 127.0.0.2",
    "set server odd/p1 addr 127.0.0.2 port 80",
    "set server odd/p1 addr 127.0.0.1 port 81",
    "set server odd/p1 addr 127.0.0.1 port 81",
    "set server odd/p1 addr ::1",
    "set server odd/p1 addr ::1 90",
    "set server odd/p2 addr 127.0.0.1 port 80",
    "set server odd/p2 addr 127.0.0.1 port 8x",
    "set server odd/p2 addr 0.0.0.0 port 0",
    "set server odd/m1 addr 127.0.0.1 port +5",
    "set server odd/m1 addr 127.0.0.1 port +5",
    "set server odd/m1 addr 127.0.0.1 port +0",
    "set server odd/m1 addr 127.0.0.1 port 7",
    "set server odd/t1 ssl off",
    "set server odd/t1 ssl on",
    "set server odd/c1 check-addr 127.0.0.2",
    "set server odd/c1 check-port 55",
    "set server odd/c1 check-addr 127.0.0.3 port 56",
    "set server odd/c1 check-port 0",
    // Servers that come and go.
    "add server empty/n1 127.0.0.1:1",
    "add server empty/n1 127.0.0.1:1",
    "add server empty/n2 127.0.0.1:1 id 9 backup weight 5",
    "add server #77/n4 127.0.0.1:1",
    "enable server #77/n4",
    "add server odd/n5 127.0.0.1:1 disabled",
    "add server odd/n6 127.0.0.1:1 ssl verify none sni str(foo) alpn h2",
    "add server odd/n7 unix@/nonexistent/socket",
    "add server odd/n8 :80 maxconn 7 minconn 3 maxqueue 2",
    "add server odd/n9 127.0.0.1:1 proto h2 send-proxy-v2 proxy-v2-options ssl",
    "add server odd/n10 127.0.0.1:1 check port 5 addr 127.0.0.4 rise 7 fall 8",
    "add server odd/n11 127.0.0.1:1 no-send-proxy no-backup source 127.0.0.1",
    "add server odd/n12 fd@4",
    "del server empty/n1",
    "del server empty/n1",
    "add server empty/n13 127.0.0.1:1",
    "del server odd/n4",
    "disable server odd/n4",
    "del server odd/n4 extra",
    "disable server app/s1",
    "del server app/s1",
    "show servers state app",
];

#[test]
fn the_same_script_has_the_same_answers_as_in_haproxy() {
    let origins = ["one", "two", "three"].map(Origin::saying);
    let Some(pair) = Pair::start(&sections(&origins.each_ref())) else { return };
    pair.same_states("the start");
    for command in FAULTS {
        pair.same(command);
    }
    pair.same_states("what was refused");
    for command in CHANGES {
        if command.starts_with("show servers state") {
            continue;
        }
        pair.same(command);
        pair.same_states(command);
    }
    for command in CHANGES.iter().filter(|command| command.starts_with("show servers state")) {
        let replies = [pair.ask_haproxy(command), pair.ask_lb(command)].map(|states| timeless(&states));
        assert_eq!(replies[1], replies[0], "{command}");
    }
    pair.same("disable server last/end");
    pair.same("enable server last/end");
    let [theirs, ours] = pair.lines("last/end is UP/READY (leaving forced maintenance).");
    assert_eq!(ours, theirs);
}

#[test]
fn traffic_follows_the_commands_as_in_haproxy() {
    let origins = ["one", "two", "three"].map(Origin::saying);
    let Some(pair) = Pair::start(&sections(&origins.each_ref())) else { return };
    pair.same_states("the start");
    let mut seen = Vec::new();
    for commands in [
        "",
        "set weight app/s2 1",
        "enable server app/s3",
        "set server app/s1 state drain",
        "set server app/s2 health down",
        "set server app/s3 state maint",
        "set server app/s2 health stopping",
        "set server app/s2 health up; set server app/s1 state ready",
        "set weight app/s1 0",
        "disable server app/s1; del server app/s1; disable server app/s3; del server app/s3",
        "set server app/bk weight 0; set server app/s2 weight 0",
        "set server app/s2 weight 1",
    ] {
        for command in commands.split("; ").filter(|command| !command.is_empty()) {
            pair.same(command);
        }
        seen.push(pair.same_servers(commands));
    }
    let expected = [
        "one two",
        "one two",
        "one three two",
        "three two",
        "three",
        "three",
        "three",
        "one two",
        "two",
        "two",
        "503",
        "two",
    ];
    assert_eq!(seen.iter().map(|servers| servers.join(" ")).collect::<Vec<_>>(), expected);
    let three = origins[2].address();
    pair.same(&format!("add server app/n1 {three} weight 3"));
    assert_eq!(pair.same_servers("a server in maintenance"), ["two"]);
    pair.same("enable server app/n1");
    let [_, ours] = pair.traffic(8);
    assert_eq!((ours.get("three"), ours.get("two")), (Some(&6), Some(&2)));
    let one = origins[0].address();
    let moved = pair.same(&format!("set server app/n1 addr {} port {}", one.ip(), one.port()));
    assert!(moved.contains("port changed from"), "{moved}");
    assert_eq!(pair.same_servers("another address"), ["one", "two"]);
}

/// The checks of a server that is added begin with `enable health`, also while it is in maintenance.
#[test]
fn checks_begin_and_end_with_servers_as_in_haproxy() {
    let origins = ["one", "two", "three"].map(Origin::saying);
    let Some(pair) = Pair::start(&sections(&origins.each_ref())) else { return };
    let closed = lb_tests::origin::ClosedPort::new();
    let (good, bad) = (origins[0].address(), closed.address());
    pair.same(&format!("add server app/g {good} check inter 50ms"));
    pair.same(&format!("add server app/b {bad} check inter 50ms fall 1"));
    pair.same_states("servers whose checks are not enabled");
    pair.same("enable health app/g");
    pair.same_states("checks in maintenance");
    pair.same("enable health app/b");
    pair.same("enable server app/g");
    pair.same("enable server app/b");
    pair.same_states("checks of a server that is up");
    pair.same("disable server app/b");
    pair.same("del server app/b");
    pair.same("disable health app/g");
    pair.same_states("the end of checks");
    pair.same("disable server last/end");
    let [theirs, ours] = pair.lines("remaining in queue.");
    assert_eq!(ours, theirs);
}

/// Variables in the addresses of `add server`, as the configuration left them.
#[test]
fn addresses_of_added_servers_hold_variables() {
    let Some(binary) = haproxy() else { return };
    let states = |binary: Option<&Path>| {
        let text = "global\n nbthread 1\n stats socket {dir}/stats level admin\n setenv A_HOST 127.0.0.7\n setenv A_PLACE \
                    127.0.0.8:99\ndefaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
                    listen f\n bind {listen0}\nbackend b\n";
        let side = Side::start(binary, text, 1);
        for (number, address) in ["$A_HOST:80", "${A_HOST}:80", "${A_PLACE}", "127.0.0.1:80"].iter().enumerate() {
            let answer = side.ask(&format!("add server b/n{number} {address} source ${{A_HOST}}"));
            assert_eq!(answer.trim(), "New server registered.", "{address}");
        }
        let place = |line: &str| {
            let fields: Vec<&str> = line.split(' ').collect();
            (fields.len() > 18).then(|| format!("{} {} {}", fields[3], fields[4], fields[18]))
        };
        side.ask("show servers state b").lines().skip(2).filter_map(place).collect::<Vec<String>>()
    };
    let (theirs, ours) = (states(Some(&binary)), states(None));
    assert_eq!(theirs[0], "n0 127.0.0.7 80");
    assert_eq!(ours, theirs);
}
