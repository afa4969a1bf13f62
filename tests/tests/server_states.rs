//! States of servers through a history of failures, recoveries and commands: the same script with HAProxy 2.6 and with
//! lb. Each reply, the state of every server in `show servers state` and `show stat`, and each line about it must be the
//! same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lb_tests::held_port::Switch;
use lb_tests::origin::ClosedPort;
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, Side, eventually};

/// One step of a history.
enum Step {
    /// A command.
    Ask(&'static str),
    /// The servers' port is closed.
    Fail,
    /// It is open again.
    Recover,
    /// The agent says this from now on.
    Say(&'static str),
    /// Requests are answered by the servers with this status.
    Traffic(u16, usize),
    /// From now on servers answer with this status.
    Status(u16),
    /// Waits until `show stat` has this status for a server.
    Until(&'static str, &'static str),
    /// Looks at the states of all servers.
    Look,
    /// Looks at what a server's weight and its throttle become, until it has come back.
    Rise(&'static str),
    /// Waits until a column of `show stat` has this value for a server.
    Column(&'static str, &'static str, &'static str),
}

use Step::{Ask, Column, Fail, Look, Recover, Rise, Say, Status, Traffic, Until};

/// What servers answer to requests, and what their agent says.
struct Origins {
    status: Arc<AtomicU16>,
    origin: Origin,
    said: Arc<Mutex<&'static str>>,
    agent: Origin,
}

impl Origins {
    fn start() -> Self {
        let (status, said) = (Arc::new(AtomicU16::new(200)), Arc::new(Mutex::new("up\n")));
        let (answer, words) = (Arc::clone(&status), Arc::clone(&said));
        let origin = Origin::start(move |visit| {
            while visit.request().is_some() {
                let status = answer.load(Ordering::SeqCst);
                visit.wire.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
            }
        });
        let agent = Origin::start(move |visit| {
            let mut asked = [0; 8];
            let _ = visit.wire.read_some(&mut asked);
            visit.wire.send(*words.lock().unwrap());
        });
        Self { status, origin, said, agent }
    }
}

/// What became of the servers of a program.
#[derive(Debug, Default, PartialEq)]
struct History {
    /// Answers to commands, and states.
    told: Vec<String>,
    /// Log lines about each server, and each backend; those of different ones may come in another order.
    lines: BTreeMap<String, Vec<String>>,
}

/// The history of a program: what it answered and logged, and the states after each step. In the sections `{up}` stands
/// for the address of a server that can be checked.
fn history(haproxy: Option<&Path>, sections: &str, steps: &[Step]) -> History {
    let (logs, mut switch, origins, closed) = (LogSink::new(), Switch::up(), Origins::start(), ClosedPort::new());
    let configuration = format!(
        "global\n  stats socket {{dir}}/stats level admin\n  log {} local0\ndefaults\n  mode http\n  log global\n  \
         timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n{}",
        logs.address(),
        sections
            .replace("{up}", &switch.address().to_string())
            .replace("{closed}", &closed.address().to_string())
            .replace("{check}", &switch.address().port().to_string())
            .replace("{origin}", &origins.origin.address().to_string())
            .replace("{agent}", &origins.agent.address().port().to_string())
    );
    let side = Side::start(haproxy, &configuration, 1);
    let mut history = History::default();
    for step in steps {
        match step {
            Ask(command) => {
                let ports = origins.origin.address().port().to_string();
                let filled = command.replace("{origin}", &ports);
                let filled = filled.replace("{closed}", &closed.address().port().to_string());
                // What was changed says where to; that is another port each time.
                let answer = if filled == *command {
                    side.ask(command)
                } else {
                    drop(side.ask(&filled));
                    String::new()
                };
                history.told.push(format!("{command} => {}", answer.trim_end()));
                // HAProxy makes one change of several that come in one turn of its event loop.
                side.ask("show servers state");
            }
            Fail => switch.set(false),
            Recover => switch.set(true),
            Say(words) => *origins.said.lock().unwrap() = words,
            Status(status) => origins.status.store(*status, Ordering::SeqCst),
            Traffic(status, requests) => {
                origins.status.store(*status, Ordering::SeqCst);
                for _ in 0..*requests {
                    let response =
                        side.connect(0).send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").response();
                    assert_eq!(response.status(), *status);
                }
            }
            Rise(server) => history.told.extend(rise(&side, server)),
            Column(server, column, value) => {
                let wanted = format!("{column}={value};");
                eventually(&format!("{server} has {wanted}"), || {
                    stat_cells(&side, &[*column]).iter().any(|row| row.0 == *server && row.2.contains(&wanted))
                });
            }
            Until(server, status) => {
                eventually(&format!("{server} is {status}"), || {
                    stat(&side).iter().any(|row| row.0 == *server && row.1 == *status)
                });
            }
            Look => history.told.extend(states(&side)),
        }
    }
    for line in logs.texts(Duration::from_millis(300)) {
        let about = ["Server ", "Backup Server ", "Health check for ", "Agent check for ", "backend ", "proxy "];
        let Some(rest) = about.iter().find_map(|start| line.strip_prefix(start)) else { continue };
        let rest = rest.trim_start_matches("backup ").trim_start_matches("server ");
        let name = rest.split(' ').next().unwrap_or_default().to_owned();
        history.lines.entry(name).or_default().push(without_duration(&line));
    }
    history
}

/// The weights of a server that comes back slowly, as each way to ask says them.
fn rise(side: &Side, server: &str) -> Vec<String> {
    let mut seen: [Vec<String>; 3] = Default::default();
    let (backend, name) = server.split_once('/').expect("backend and server");
    let mut rising = false;
    eventually("it has come back", || {
        let row = stat_cells(side, &["weight", "throttle"]).into_iter().find(|(of, _, _)| of == server);
        let (_, _, row) = row.expect("the server");
        let state = side.ask(&format!("show servers state {backend}"));
        let state: Vec<&str> = state
            .lines()
            .map(|line| line.split(' ').collect())
            .find(|words: &Vec<&str>| words.get(3) == Some(&name))
            .unwrap();
        let said = [
            side.ask(&format!("get weight {server}")).trim_end().to_owned(),
            row.clone(),
            format!("{} {}", state[5], state[7]),
        ];
        let risen = row.ends_with("throttle=;");
        rising |= !risen;
        if !rising {
            return false;
        }
        for (seen, said) in seen.iter_mut().zip(said) {
            if seen.last() != Some(&said) {
                seen.push(said);
            }
        }
        risen && state[5] == "2"
    });
    seen.into_iter().flatten().collect()
}

/// A line without the duration of its check, and without the sessions of its server: an exchange that shows it to be bad
/// is still one of them in HAProxy, which judges at once.
fn without_duration(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((before, rest)) = line.split_once("check duration: ") {
        line = format!("{before}check duration: {}", rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    if let Some((before, rest)) = line.clone().split_once(" sessions active") {
        line = format!("{} n sessions active{rest}", before.trim_end_matches(|c: char| c.is_ascii_digit()));
    }
    line
}

/// Status and other columns of each server.
fn stat(side: &Side) -> Vec<(String, String, String)> {
    let shown =
        ["weight", "slim", "tracked", "chkfail", "chkdown", "hanafail", "agent_health", "agent_rise", "last_agt"];
    stat_cells(side, &shown)
}

fn stat_cells(side: &Side, shown: &[&str]) -> Vec<(String, String, String)> {
    let text = side.ask("show stat");
    let mut rows = text.lines();
    let names: Vec<&str> = rows.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let row = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        let cell = |name: &str| {
            let index = names.iter().position(|other| *other == name).expect("a column");
            cells.get(index).copied().unwrap_or_default()
        };
        // `fullconn` of a backend that no frontend leads to is another number.
        let shown = shown.iter().filter(|name| **name != "slim" || cell("svname") != "BACKEND");
        let more: String = shown.map(|name| format!("{name}={};", cell(name))).collect();
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
            // The port of checks, where they have one of their own.
            if words[21] != "0" {
                words[21] = "port".to_owned();
            }
        }
        words.join(" ")
    };
    let servers = text.lines().map(line);
    // What an agent said is forgotten while it is asked again.
    let lasting = |more: String| more.split("last_agt").next().unwrap_or_default().to_owned();
    let stats = stat(side).into_iter().map(|(name, status, more)| format!("{name}: {status} {}", lasting(more)));
    servers.chain(stats).collect()
}

/// Both programs live through the same.
#[track_caller]
fn compare(sections: &str, steps: &[Step]) {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (history(Some(&binary), sections, steps), history(None, sections, steps));
    for (index, (their, our)) in theirs.told.iter().zip(&ours.told).enumerate() {
        assert_eq!(our, their, "line {index}, after {:#?}", &ours.told[index.saturating_sub(8)..index]);
    }
    for (name, lines) in &theirs.lines {
        assert_eq!(ours.lines.get(name), Some(lines), "lines about {name}");
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
            Look,
            Fail,
            Until("a/a1", "DOWN"),
            Look,
            Ask("set server b/b1 state maint"),
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("b/b2", "DOWN"),
            Look,
            Recover,
            Until("a/a1", "UP"),
            Look,
            Ask("set server a/a1 state maint"),
            Until("b/b2", "MAINT (via b/b1)"),
            Look,
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state maint"),
            Ask("set server a/a1 state ready"),
            Until("a/a1", "UP"),
            Look,
            Ask("set server b/b1 state drain"),
            Until("b/b2", "DRAIN"),
            Look,
            Ask("set server a/a1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "DRAIN"),
            Look,
            Ask("set server a/a1 state maint"),
            Ask("set server b/b1 state drain"),
            Ask("set server a/a1 state ready"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "UP"),
            Look,
            Ask("disable health a/a1"),
            Ask("set server a/a1 health stopping"),
            Until("b/b2", "NOLB"),
            Look,
            Ask("set server a/a1 health up"),
            Ask("set server b/b1 health down"),
            Until("b/b2", "no check"),
            Look,
            Ask("set server c/c3 state ready"),
            Until("c/c3", "MAINT (via c/c2)"),
            Look,
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
            Look,
            Ask("experimental-mode on; del server b/d1"),
        ],
    );
}

#[test]
fn agents() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  option log-health-checks
  server a1 {up} weight 10 maxconn 50 check inter 100ms rise 2 fall 2 agent-check agent-port {agent} agent-inter 100ms agent-send x
  server a2 {up} track a1
backend b
  server b1 {up} weight 10 agent-check agent-port {agent} agent-inter 100ms agent-send x
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Column("a/a1", "last_agt", "via agent : up"),
            Column("b/b1", "last_agt", "via agent : up"),
            Look,
            Say("50%\n"),
            Column("a/a1", "weight", "5"),
            Column("b/b1", "weight", "5"),
            Look,
            Say("down\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Say("up # fine, 100% of it\n"),
            Until("b/b1", "no check"),
            Until("a/a1", "UP"),
            Look,
            Say("drain\n"),
            Until("b/b1", "DRAIN (agent)"),
            Until("a/a1", "DRAIN (agent)"),
            Look,
            Say("maint\n"),
            Until("b/b1", "MAINT"),
            Until("a/a2", "MAINT (via a/a1)"),
            Look,
            Say("ready up 100% maxconn:7\n"),
            Column("a/a1", "slim", "7"),
            Column("b/b1", "slim", "7"),
            Until("b/b1", "no check"),
            Until("a/a1", "UP"),
            Look,
            Say("bogus words\n"),
            Column("a/a1", "last_agt", "agent reports an error : bogus"),
            Column("b/b1", "last_agt", "agent reports an error : bogus"),
            Look,
            Say("stopped # for a while\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Fail,
            Column("a/a1", "chkfail", "2"),
            Say("up\n"),
            Until("b/b1", "no check"),
            Until("a/a1", "DOWN"),
            Look,
            Recover,
            Until("a/a1", "UP"),
            Until("b/b1", "no check"),
            Say("down\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Ask("disable agent a/a1"),
            Until("a/a1", "UP"),
            Ask("disable agent b/b1"),
            Until("b/b1", "DOWN"),
            Look,
            Ask("set server b/b1 health up"),
            Until("b/b1", "no check"),
            Look,
            Ask("set server b/b1 agent down"),
            Ask("set server a/a2 agent-port 5"),
            Ask("enable agent a/a2"),
            Say("100%\n"),
            Ask("enable agent b/b1"),
            Ask("set server b/b1 agent"),
            Ask("set server b/b1 agent x"),
            Ask("set server b/b1 agent-addr"),
            Ask("set server b/b1 agent-addr x.y.z"),
            Ask("set server b/b1 agent-addr 127.0.0.1 port x"),
            Ask("set server b/b1 agent-port"),
            Ask("set server b/b1 agent-port 70000"),
            Ask("set server b/b1 agent-send"),
            Ask("set server b/b1 agent-send x y"),
            Ask("set server b/b1 agent down"),
            Until("b/b1", "DOWN (agent)"),
            Ask("set server b/b1 agent up"),
            Until("b/b1", "no check"),
        ],
    );
}

#[test]
fn traffic_tells_of_health() {
    for (mode, bad) in
        [("fail-check", "UP 1/2"), ("sudden-death", "UP 1/2"), ("mark-down", "DOWN"), ("fastinter", "UP")]
    {
        let sections = format!(
            "
frontend f
  bind {{listen0}}
  default_backend a
backend a
  option log-health-checks
  server a1 {{origin}} check inter 1h rise 2 fall 2 observe layer7 error-limit 3 on-error {mode}
"
        );
        compare(
            &sections,
            &[
                Until("a/a1", "UP"),
                Traffic(500, 2),
                Traffic(404, 1),
                Traffic(503, 2),
                Traffic(501, 1),
                Traffic(505, 1),
                Until("a/a1", "UP"),
                Look,
                Traffic(500, 3),
                Column("a/a1", "hanafail", "1"),
                Until("a/a1", bad),
                Look,
            ],
        );
    }
}

#[test]
fn connections_tell_of_health() {
    for (mode, limit, bad) in [
        ("on-error fail-check", 3, "UP 1/2"),
        ("", 3, "UP 1/2"),
        ("on-error sudden-death", 3, "UP 1/2"),
        ("on-error mark-down", 3, "DOWN"),
        ("on-error fastinter", 3, "UP"),
        ("on-error fail-check", 10, "UP 1/2"),
    ] {
        let sections = format!(
            "
frontend f
  bind {{listen0}}
  default_backend a
backend a
  retries 0
  option log-health-checks
  server a1 {{closed}} check port {{check}} inter 1h rise 2 fall 2 observe layer4 error-limit {limit} {mode}
"
        )
        .replace("error-limit 10 ", "");
        let mut steps = vec![Until("a/a1", "UP"), Traffic(503, limit - 1)];
        steps.extend([
            Until("a/a1", "UP"),
            // One that is established makes up for those before it; its response does not matter.
            Ask("set server a/a1 addr 127.0.0.1 port {origin}"),
            Traffic(500, 1),
            Ask("set server a/a1 addr 127.0.0.1 port {closed}"),
            Traffic(503, limit - 1),
            Until("a/a1", "UP"),
            Look,
            Traffic(503, 1),
            Column("a/a1", "hanafail", "1"),
            Until("a/a1", bad),
            Look,
        ]);
        compare(&sections, &steps);
    }
}

/// Each attempt counts; a server that is down for it is not asked again.
#[test]
fn retries_tell_of_health() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  retries 5
  timeout connect 20ms
  option log-health-checks
  server a1 {closed} check port {check} inter 1h rise 2 fall 1 observe layer4 error-limit 3
backend b
  server b1 {closed} track a/a1
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Traffic(503, 1),
            Column("a/a1", "hanafail", "2"),
            Until("a/a1", "DOWN"),
            Until("b/b1", "DOWN"),
            Look,
        ],
    );
}

#[test]
fn servers_that_come_back_slowly() {
    let sections = "
backend a
  server a1 {up} weight 100 slowstart 4s
  server a2 {up} weight 100
backend b
  balance leastconn
  server b1 {up} weight 37 slowstart 4500ms
backend c
  balance source
  server c1 {up} weight 100 slowstart 2s
backend d
  server d1 {up} weight 16 slowstart 3s check inter 20ms rise 1 fall 1
backend e
  balance source
  hash-type consistent
  server e1 {up} weight 10 slowstart 2s
";
    compare(
        sections,
        &[
            Ask("set server a/a1 state maint"),
            Ask("set server a/a1 state ready"),
            Rise("a/a1"),
            Ask("set server a/a1 health down"),
            Ask("set server a/a1 health up"),
            Ask("set server a/a1 weight 50"),
            Rise("a/a1"),
            Ask("set server b/b1 health down"),
            Ask("set server b/b1 health up"),
            Rise("b/b1"),
            Ask("set server c/c1 health down"),
            Ask("set server c/c1 health up"),
            Rise("c/c1"),
            Fail,
            Until("d/d1", "DOWN"),
            Recover,
            Rise("d/d1"),
            Ask("set server e/e1 health down"),
            Ask("set server e/e1 health up"),
            Rise("e/e1"),
            // Drain is no coming back.
            Ask("set server a/a1 state drain"),
            Ask("set server a/a1 state ready"),
            Look,
        ],
    );
}

/// How far a server is, in the words of `show stat`, whatever else is said of it.
#[test]
fn progress_in_every_state() {
    let sections = "
backend a
  server c {up} check inter 600ms rise 2 fall 4
  server t {up} track c
  server ca {up} check inter 600ms rise 2 fall 4 agent-check agent-port {agent} agent-inter 50ms agent-send x
  server ta {up} track ca
  server ag {up} agent-check agent-port {agent} agent-inter 50ms agent-send x
";
    compare(
        sections,
        &[
            Until("a/c", "UP"),
            Until("a/ca", "UP"),
            Ask("set server a/c state drain"),
            Ask("set server a/ca state drain"),
            Until("a/t", "DRAIN"),
            Until("a/ta", "DRAIN (agent)"),
            Fail,
            Until("a/c", "DRAIN 3/4"),
            Until("a/t", "DRAIN 2/4"),
            Until("a/c", "DRAIN 1/4"),
            Until("a/t", "DOWN"),
            Until("a/ta", "DOWN"),
            Recover,
            Until("a/c", "DOWN 1/2"),
            Until("a/c", "DRAIN"),
            Until("a/ta", "DRAIN (agent)"),
            Look,
            Ask("set server a/c state ready"),
            Ask("set server a/ca state ready"),
            Fail,
            Until("a/t", "UP 3/4"),
            Until("a/ta", "UP 1/4"),
            Until("a/t", "DOWN"),
            Until("a/ta", "DOWN"),
            Say("down\n"),
            Until("a/ca", "DOWN (agent)"),
            Until("a/ta", "DOWN (agent)"),
            Until("a/ag", "DOWN (agent)"),
            Say("up\n"),
            Until("a/ag", "no check"),
            Recover,
            Until("a/t", "UP"),
            Until("a/ta", "UP"),
            // From now on the agent says nothing of it.
            Say("50%\n"),
            Column("a/ca", "weight", "0"),
            Column("a/ag", "weight", "0"),
            Ask("disable health a/c"),
            Ask("disable health a/ca"),
            Until("a/ta", "no check"),
            Ask("set server a/c health down"),
            Ask("set server a/ca health down"),
            Ask("disable agent a/ag"),
            Until("a/t", "DOWN"),
            // Its agent said that it is up.
            Until("a/ta", "DOWN 0/2"),
            Look,
        ],
    );
}

/// Servers that say 404 want no new sessions; those that track them follow.
#[test]
fn servers_that_are_about_to_stop_and_their_followers() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  option httpchk
  http-check disable-on-404
  option log-health-checks
  server a1 {origin} check inter 100ms rise 2 fall 3
  server a2 {origin} track a1
backend b
  http-check disable-on-404
  server b1 {origin} track a/a1 backup
  server b2 {origin} track b1
backend c
  server c1 {origin}
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Look,
            Status(404),
            Until("a/a1", "NOLB"),
            Until("b/b2", "NOLB"),
            Look,
            Ask("set server a/a2 state drain"),
            Ask("set server a/a2 state ready"),
            Ask("set server b/b1 state maint"),
            Until("b/b2", "MAINT (via b/b1)"),
            Ask("set server b/b1 state ready"),
            Until("b/b2", "NOLB"),
            Look,
            Status(200),
            Until("a/a1", "UP"),
            Until("b/b2", "UP"),
            Look,
            Status(404),
            Until("b/b2", "NOLB"),
            Status(500),
            Until("a/a1", "DOWN"),
            Until("b/b2", "DOWN"),
            Look,
            Ask("experimental-mode on; add server b/d1 127.0.0.1:1 track a/a1"),
            Ask("experimental-mode on; add server c/d1 127.0.0.1:1 track a/a1"),
            // Down, a 404 does not bring it back.
            Status(404),
            Column("a/a1", "check_code", "404"),
            Status(200),
            Until("b/b2", "UP"),
            Look,
        ],
    );
}

/// The states of one program are those that the other one, or another of its kind, begins with.
#[test]
fn states_outlive_a_restart() {
    let Some(binary) = haproxy() else { return };
    let sections = "
global
  stats socket {dir}/stats level admin
  server-state-file {dir}/states
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  load-server-state-from-file global
backend a
  server a1 127.0.0.1:1 weight 10
  server a2 127.0.0.1:2 weight 10
  server a3 127.0.0.1:3 disabled
  server a4 127.0.0.1:4 weight 20 disabled
  server a5 127.0.0.1:5
  server a6 127.0.0.1:6 agent-check agent-port 1 agent-inter 1h check addr 127.0.0.2 port 1 inter 1h
  server a7 127.0.0.1:7
backend b
  server b1 127.0.0.1:1
";
    let commands = [
        "disable health a/a6",
        "disable agent a/a6",
        "set server a/a1 weight 5",
        "set server a/a1 addr 127.0.0.9 port 99",
        "set server a/a2 state maint",
        "set server a/a3 state ready",
        "set server a/a5 state drain",
        "set server a/a7 health down",
        "set server b/b1 health stopping",
    ];
    let mut saved = Vec::new();
    for program in [Some(&*binary), None] {
        let side = Side::start_with(program, sections, 0, &[("states", "1\n")]);
        for command in commands {
            side.ask(command);
        }
        saved.push(side.ask("show servers state"));
    }
    for saved in saved {
        let [theirs, ours] = [Some(&*binary), None].map(|program| {
            let side = Side::start_with(program, sections, 0, &[("states", &format!("{}\n", saved.trim_end()))]);
            states(&side)
        });
        assert_eq!(ours, theirs, "from {saved}");
    }
}
