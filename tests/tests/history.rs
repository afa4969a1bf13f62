//! One history of traffic and runtime commands, with every command there is, lived through by HAProxy 2.6.12 and by lb:
//! every reply, and after every step `show info`, `show stat`, `show servers state`, `show servers conn` and `show sess`
//! of both. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod history_forms;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use history_forms::{differences, normal};
use lb_core::runtime::registry;
use lb_tests::origin::ClosedPort;
use lb_tests::process::haproxy;
use lb_tests::{Origin, PATIENCE, Side, Wire};

const CONFIG: &str = "
global
  nbthread 1
  maxconn 1000
  node here
  description some text
  resetenv
  setenv FOO bar
  stats socket {dir}/stats level admin
defaults
  mode http
  retries 1
  default-server pool-purge-delay 1h
  timeout connect 10s
  timeout client 1m
  timeout server 1m
frontend f
  bind {listen0} name front
  acl listed path -f {dir}/list
  http-request deny if listed
  http-request deny deny_status 404 if { path,map({dir}/map) -m str gone }
  default_backend b
frontend t
  mode tcp
  stick-table type ip size 1k expire 1h store gpc0,conn_cnt
  tcp-request connection track-sc0 src
  bind {listen1}
  default_backend tb
listen l
  bind {listen2} name one
  option socket-stats
  server s {origin}
listen refused
  retries 0
  bind {listen3}
  server s {closed}
backend b
  balance first
  server s1 {origin}
  server s2 {origin} weight 10 check inter 10m
  server s3 {origin} disabled
  server bk {origin} backup maxconn 5
backend tb
  mode tcp
  id 70
  server s {origin} id 5
";

/// The patterns that the configuration reads.
const FILES: &[(&str, &str)] = &[("list", "/denied\n"), ("map", "/old gone\n/new here\n")];

/// What happens at one moment.
#[derive(Debug)]
enum Step {
    /// A command, whose reply is compared.
    Say(&'static str),
    /// A request to a listener, answered.
    Get(usize, &'static str),
    /// A connection that is kept, and how many requests it is used for.
    Keep(usize, usize),
    /// A request that is under way until its session is shut, before or within its response.
    Hold(usize, &'static str),
    /// `shutdown session` for the one session there is.
    Shut,
    /// Every connection ends.
    Leave,
}

use Step::{Get, Hold, Keep, Leave, Say, Shut};

const HISTORY: &[Step] = &[
    Say("show version"),
    Say("help"),
    Say("show backend"),
    Say("show cli sockets"),
    Say("show cli level"),
    Say("operator; show cli level; set weight b/s1 5"),
    Say("user; show cli level; show env"),
    Say("show env FOO"),
    Say("set severity-output number; get weight b/zz"),
    Say("set timeout cli 1m"),
    Say("expert-mode; expert-mode on; expert-mode"),
    Say("experimental-mode on; experimental-mode"),
    Say("prompt; show cli level; quit"),
    Say("quit"),
    Get(0, "/"),
    Get(0, "/404"),
    Get(1, "/"),
    Get(2, "/"),
    Get(3, "/"),
    Keep(0, 3),
    Keep(2, 1),
    Leave,
    Say("show acl"),
    Say("show map"),
    Say("get var proc.none"),
    Say("get var"),
    Say("set var proc.a int(5)"),
    Say("experimental-mode on; set var proc.a int(5); get var proc.a"),
    Say("experimental-mode on; set var proc.s fmt a%[int(5)]; get var proc.s"),
    Say(
        "experimental-mode on; set var txn.s expr str(zz); set var proc.s foo; set var proc.s; set var proc.s str(a) b",
    ),
    Say("experimental-mode on; set var proc.s src"),
    Say("disable dynamic-cookie backend b; disable dynamic-cookie backend zz; disable dynamic-cookie"),
    Say("set dynamic-cookie-key backend b key; set dynamic-cookie-key backend b"),
    Say("enable dynamic-cookie backend b; disable dynamic-cookie backend b"),
    Say("show table"),
    Say("set table t key 10.0.0.1 data.gpc0 7"),
    Say("show table t data.gpc0 gt 9"),
    Say("clear table t key 10.0.0.1"),
    Say("show table zz"),
    Say("show acl #0"),
    Get(0, "/denied"),
    Say("add acl #0 /denied-too"),
    Say("get acl #0 /denied-too"),
    Get(0, "/denied-too"),
    Say("del acl #0 /denied"),
    Get(0, "/denied"),
    Say("prepare acl #0"),
    Say("add acl @1 #0 /third"),
    Say("commit acl @1 #0"),
    Get(0, "/third"),
    Say("clear acl #0"),
    Get(0, "/third"),
    Get(0, "/old"),
    Say("set map {map} /new gone"),
    Get(0, "/new"),
    Say("del map {map} /old"),
    Say("add map {map} /other gone"),
    Say("get map {map} /other"),
    Say("prepare map {map}"),
    Say("add map @1 {map} /old gone"),
    Say("commit map @1 {map}"),
    Get(0, "/old"),
    Get(0, "/new"),
    Say("clear map {map}"),
    Say("show map {map}"),
    Say("get weight b/s2"),
    Say("set weight b/s2 50%"),
    Say("set server b/s2 weight 8"),
    Get(0, "/"),
    Hold(0, "/wait"),
    Shut,
    Leave,
    Hold(0, "/part"),
    Shut,
    Leave,
    Hold(1, "/part"),
    Shut,
    Leave,
    Say("set server b/s1 state drain"),
    Get(0, "/"),
    Say("set server b/s1 state ready"),
    Say("disable server b/s1"),
    Say("disable server b/s2"),
    Get(0, "/"),
    Hold(0, "/wait"),
    Say("shutdown sessions server b/bk"),
    Leave,
    Say("set maxconn server b/bk 3"),
    Say("enable server b/s1"),
    Say("enable server b/s2"),
    Say("disable health b/s2"),
    Say("enable health b/s2"),
    Say("enable agent b/s2"),
    Say("disable agent b/s2"),
    Say("set server b/s2 health down"),
    Say("set server b/s2 health up"),
    Say("set server b/s2 check-port 5"),
    Say("set server b/s1 addr 127.0.0.1"),
    Say("add server b/new 127.0.0.1:1 pool-max-conn 3 pool-purge-delay 1h"),
    Say("enable server b/new"),
    Say("del server b/new"),
    Say("disable server b/new"),
    Say("del server b/new"),
    Say("set maxconn frontend f 50"),
    Say("set maxconn global 500"),
    Say("set rate-limit connections global 1000"),
    Say("set rate-limit sessions global 1001"),
    Say("set rate-limit ssl-sessions global 1002"),
    Say("set rate-limit http-compression global 3"),
    Get(0, "/"),
    Say("disable frontend t"),
    Say("enable frontend t"),
    Get(1, "/"),
    Say("shutdown frontend t"),
    Say("clear counters"),
    Get(2, "/"),
    Say("clear counters all"),
    Get(0, "/"),
    Say("show info desc"),
    Say("show info typed"),
    Say("show info json"),
    Say("show info float"),
    Say("show events"),
    Say("show resolvers"),
    Say("show stat"),
    Say("show stat desc"),
    Say("show stat typed"),
    Say("show stat typed desc"),
    Say("show stat json"),
    Say("show stat up"),
    Say("show stat no-maint"),
    Say("show stat b 4 1"),
    Say("show servers conn"),
    Say("show servers conn b"),
    Say("show servers state"),
    Say("show servers state tb"),
    Say("show sess all"),
];

/// What is looked at after each step.
const LOOKS: &[&str] = &["show info", "show stat", "show servers state", "show servers conn", "show sess"];

/// A program in the middle of its history.
struct Life {
    side: Side,
    open: Vec<Wire>,
    /// `clear counters` was said: HAProxy forgets the connections that are open then.
    cleared: bool,
    _servers: (Origin, ClosedPort),
}

impl Life {
    fn start(binary: Option<&Path>) -> Self {
        let origin = Origin::start(|visit| {
            while let Some(request) = visit.request() {
                if request.target() == "/part" {
                    visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok");
                }
                if ["/wait", "/part"].contains(&request.target()) {
                    return visit.linger();
                }
                let head = if request.target() == "/404" { "404 Not Found" } else { "200 OK" };
                if visit.wire.try_send(format!("HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\nok")).is_err() {
                    return;
                }
            }
        });
        let closed = ClosedPort::new();
        let text = CONFIG.replace("{origin}", &origin.address().to_string());
        let text = text.replace("{closed}", &closed.address().to_string());
        Self {
            side: Side::start_with(binary, &text, 4, FILES),
            open: Vec::new(),
            cleared: false,
            _servers: (origin, closed),
        }
    }

    /// Does what the step says, and returns the reply to a command.
    fn step(&mut self, step: &Step) -> String {
        match *step {
            Say(command) => {
                self.cleared |= command.starts_with("clear counters");
                let map = self.side.directory().join("map");
                return self.side.ask(&command.replace("{map}", map.to_str().unwrap()));
            }
            Get(listener, target) => {
                let mut wire = self.side.connect(listener);
                wire.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
                // In TCP mode the server keeps the connection.
                wire.response();
            }
            Keep(listener, requests) => {
                let mut wire = self.side.connect(listener);
                (0..requests).for_each(|_| drop(wire.get("/")));
                self.open.push(wire);
            }
            Hold(listener, target) => {
                let mut wire = self.side.connect(listener);
                wire.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
                if target == "/part" {
                    wire.head();
                }
                self.open.push(wire);
                lb_tests::eventually("the session is at its server", || self.session().is_some());
            }
            Shut => {
                let id = self.session().expect("a session");
                return self.side.ask(&format!("shutdown session {id}"));
            }
            Leave => self.open.clear(),
        }
        String::new()
    }

    /// The session that is at a server.
    fn session(&self) -> Option<String> {
        let text = self.side.ask("show sess");
        let line = text.lines().find(|line| !line.contains("fe=GLOBAL") && line.contains(" scb=[8,"))?;
        line.split_once(':').map(|(id, _)| id.to_owned())
    }

    /// An answer without what cannot be the same.
    fn normal(&self, command: &str, reply: &str) -> Vec<String> {
        let mut text = reply.replace(self.side.directory().to_str().unwrap(), "DIR");
        let servers = [(self._servers.0.address(), "ORIGIN"), (self._servers.1.address(), "CLOSED")];
        for (address, name) in servers {
            text = text.replace(&address.to_string(), name).replace(&format!(" {} ", address.port()), " PORT ");
        }
        for listener in 0..4 {
            text = text.replace(&self.side.address(listener).to_string(), &format!("LISTEN{listener}"));
        }
        let mut pieces = normal(command, &text);
        pieces.retain(|piece| !(self.cleared && piece.contains("h1_open_")));
        pieces
    }
}

/// What two programs say, until it is the same or has not become so for a while. Sessions end, and checks begin, in their
/// own time. What was told of before is not waited for again.
fn compare(theirs: &Life, ours: &Life, look: &str, told: &mut HashSet<String>) -> Vec<String> {
    let started = Instant::now();
    loop {
        let (expected, got) = (theirs.normal(look, &theirs.side.ask(look)), ours.normal(look, &ours.side.ask(look)));
        let wrong = differences(&expected, &got);
        if wrong.iter().all(|line| told.contains(line)) {
            return Vec::new();
        }
        if started.elapsed() > PATIENCE / 4 {
            return wrong.into_iter().filter(|line| told.insert(line.clone())).collect();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_history_is_told_as_haproxy_tells_it() {
    let Some(binary) = haproxy() else { return };
    let (mut theirs, mut ours) = (Life::start(Some(&binary)), Life::start(None));
    let (mut wrong, mut told) = (Vec::new(), HashSet::new());
    for (number, step) in HISTORY.iter().enumerate() {
        let name = match step {
            Say(command) => (*command).to_owned(),
            _ => format!("{step:?}"),
        };
        let (expected, got) = (theirs.step(step), ours.step(step));
        let (expected, got) = (theirs.normal(&name, &expected), ours.normal(&name, &got));
        wrong.extend(differences(&expected, &got).into_iter().map(|line| format!("{number} {name}: {line}")));
        for look in LOOKS {
            let lines = compare(&theirs, &ours, look, &mut told);
            wrong.extend(lines.into_iter().map(|line| format!("after {number} {name}: {look}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_history_has_every_command() {
    for entry in registry::ENTRIES {
        let words = entry.words.join(" ");
        let said = HISTORY.iter().any(|step| match step {
            Say(line) => line.split(';').any(|command| command.trim().starts_with(&words)),
            Shut => words == "shutdown session",
            _ => false,
        });
        assert!(said || entry.usage.is_empty() || words == "show sess", "{words}");
    }
}
