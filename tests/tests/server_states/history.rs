//! Histories: scripts that both programs live through, and what is compared of them.

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
pub(crate) enum Step {
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

pub(crate) use Step::{Ask, Column, Fail, Look, Recover, Rise, Say, Status, Traffic, Until};

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
            // Who asked may be gone: a check has its time.
            let words = *words.lock().unwrap();
            let _ = visit.wire.try_send(words);
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
pub(crate) fn states(side: &Side) -> Vec<String> {
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
pub(crate) fn compare(sections: &str, steps: &[Step]) {
    let Some(binary) = haproxy() else { return };
    // Side by side: they wait more than they work.
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| history(Some(&binary), sections, steps));
        let ours = history(None, sections, steps);
        (theirs.join().expect("HAProxy's history"), ours)
    });
    for (index, (their, our)) in theirs.told.iter().zip(&ours.told).enumerate() {
        assert_eq!(our, their, "line {index}, after {:#?}", &ours.told[index.saturating_sub(8)..index]);
    }
    for (name, lines) in &theirs.lines {
        assert_eq!(ours.lines.get(name), Some(lines), "lines about {name}");
    }
    assert_eq!(ours, theirs);
}
