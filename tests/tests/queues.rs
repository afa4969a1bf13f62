//! Queues serve as HAProxy's do: in which order, what is logged and counted of them, and what becomes of those who wait
//! for a server that goes. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, Wire, eventually};

/// A server that answers when it is told to.
struct Held {
    origin: Origin,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    /// What it was asked, in order.
    asked: Vec<String>,
    /// Requests that it may still answer.
    permits: usize,
    answered: usize,
}

impl Held {
    fn start() -> Self {
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let shared = Arc::clone(&state);
        let origin = Origin::start(move |visit| {
            while let Some(request) = visit.request() {
                let mut state = shared.0.lock().unwrap();
                state.asked.push(request.target().to_owned());
                let (mut state, late) =
                    shared.1.wait_timeout_while(state, PATIENCE, |state| state.permits == 0).unwrap();
                if late.timed_out() {
                    return;
                }
                state.permits -= 1;
                state.answered += 1;
                drop(state);
                let _ = visit.wire.try_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        Self { origin, state }
    }

    fn asked(&self) -> Vec<String> {
        self.state.0.lock().unwrap().asked.clone()
    }

    fn allow(&self) {
        self.state.0.lock().unwrap().permits += 1;
        self.state.1.notify_all();
    }
}

/// What is done, one after another.
enum Step {
    /// A request with these fields, from a client of its own.
    Ask(&'static str),
    /// The server of this number answers one request, if it has one.
    Answer(usize),
    /// The same of a server that has one, or will have it soon.
    AnswerNext(usize),
    /// A runtime command.
    Command(&'static str),
}

use Step::{Answer, AnswerNext, Ask, Command};

const FIELDS: [&str; 8] = ["qmax", "stot", "lbtot", "econ", "wretr", "wredis", "hrsp_2xx", "hrsp_5xx"];

/// What clients, servers, the log and the counters say of the steps.
fn live_through(binary: Option<&Path>, lines: &str, options: &str, steps: &[Step]) -> BTreeMap<String, String> {
    let (servers, log) = ([Held::start(), Held::start()], LogSink::new());
    let text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats level admin\n log {} local0\ndefaults\n mode http\n log global\n \
         option httplog\n timeout connect 10s\n timeout client 30s\n timeout server 30s\n timeout queue 20s\n\
         http-reuse never\nlisten l\n bind {{listen0}}\n{lines}\n server a {} cookie a {options}\n server b {} cookie b {options}\n",
        log.address(),
        servers[0].origin.address(),
        servers[1].origin.address()
    );
    let side = Side::start(binary, &text, 1);
    let stat = || -> Vec<BTreeMap<String, String>> {
        let text = side.ask("show stat");
        let mut rows = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.trim_start_matches("# ").split(',').map(str::to_owned));
        let columns: Vec<String> = rows.next().unwrap().collect();
        rows.map(|row| columns.iter().cloned().zip(row).collect()).collect()
    };
    let number = |row: &BTreeMap<String, String>, field: &str| row[field].parse::<usize>().unwrap_or(0);
    let refused = || stat().iter().find(|row| row["svname"] == "BACKEND").map_or(0, |row| number(row, "hrsp_5xx"));
    let succeeded = || stat().iter().find(|row| row["svname"] == "BACKEND").map_or(0, |row| number(row, "hrsp_2xx"));
    let mut clients: Vec<Wire> = Vec::new();
    // Everyone is at a server, waits, or has an answer.
    let settled = |clients: usize| {
        eventually("all requests are somewhere", || {
            let waiting: usize = stat().iter().map(|row| number(row, "qcur")).sum();
            servers.iter().map(|server| server.asked().len()).sum::<usize>() + waiting + refused() == clients
        });
    };
    for step in steps {
        match step {
            Ask(fields) => {
                let mut client = side.connect(0);
                client.send(format!("GET /{} HTTP/1.1\r\nHost: x\r\n{fields}\r\n", clients.len()));
                clients.push(client);
                settled(clients.len());
                // Queues count in milliseconds: two requests must not come within one.
                std::thread::sleep(Duration::from_millis(3));
            }
            Answer(index) | AnswerNext(index) => {
                let server = &servers[*index];
                let answered = || server.state.0.lock().unwrap().answered;
                let before = answered();
                if matches!(step, AnswerNext(_)) {
                    eventually("it has a request", || server.asked().len() > before);
                }
                if server.asked().len() > before {
                    server.allow();
                    eventually("it answers", || answered() > before);
                    let all = || servers.iter().map(|server| server.state.0.lock().unwrap().answered).sum::<usize>();
                    eventually("the answer is passed on", || succeeded() == all());
                }
                settled(clients.len());
            }
            Command(command) => {
                side.ask(command);
                settled(clients.len());
            }
        }
    }
    let mut seen = BTreeMap::new();
    for (name, server) in ["a", "b"].iter().zip(&servers) {
        seen.insert(format!("asked of {name}"), server.asked().join(" "));
    }
    for (index, client) in clients.iter_mut().enumerate() {
        seen.insert(format!("client {index}"), client.response().status().to_string());
    }
    for _ in &clients {
        let line = loop {
            let line = log.line();
            if line.status != "-1" && line.request.starts_with("\"GET /") {
                break line;
            }
        };
        let retries = line.counts.rsplit('/').next().unwrap().to_owned();
        let what = format!("{} {} {} {retries} {}", line.backend, line.status, line.flags, line.queues);
        seen.insert(format!("log of {}", line.request), what);
    }
    for row in stat().iter().filter(|row| row["pxname"] == "l") {
        for field in FIELDS {
            seen.insert(format!("{} {field}", row["svname"]), row[field].clone());
        }
    }
    seen
}

#[track_caller]
fn same(lines: &str, options: &str, steps: &[Step]) {
    let Some(binary) = haproxy() else { return };
    let theirs = live_through(Some(&binary), lines, options, steps);
    let ours = live_through(None, lines, options, steps);
    let faults: Vec<String> = theirs
        .iter()
        .filter(|(what, theirs)| ours.get(*what) != Some(theirs))
        .map(|(what, theirs)| format!("{what}: HAProxy {theirs}, lb {:?}", ours.get(what)))
        .collect();
    assert!(faults.is_empty(), "{lines}; {options}:\n{}", faults.join("\n"));
}

const TO_A: &str = "Cookie: S=a\r\n";

/// So many answers of both servers.
fn answers(count: usize) -> Vec<Step> {
    (0..count).flat_map(|_| [Answer(0), Answer(1)]).collect()
}

fn steps(first: Vec<Step>, answered: usize) -> Vec<Step> {
    first.into_iter().chain(answers(answered)).collect()
}

#[test]
fn classes_and_offsets_decide_who_is_next() {
    let lines = " cookie S\n http-request set-priority-class hdr(c) if { hdr(c) -m found }\n \
                 http-request set-priority-offset hdr(o) if { hdr(o) -m found }\n use-server a if TRUE";
    let ask = vec![
        Ask(""),
        Ask(""),
        Ask("c: 5\r\n"),
        Ask("c: -5\r\n"),
        Ask("o: -2000\r\n"),
        Ask("o: 2000\r\n"),
        Ask("c: -5\r\n"),
        Ask("c: 5\r\no: -2000\r\n"),
    ];
    same(lines, "maxconn 1", &steps(ask, 8));
}

/// Who waits for one server and who waits for any are one line of people.
#[test]
fn a_server_takes_from_both_queues_in_order() {
    let ask = vec![Ask(""), Ask(""), Ask(""), Ask(TO_A), Ask(""), Ask(TO_A), Ask(TO_A), Ask("")];
    same(" cookie S\n balance first", "maxconn 1", &steps(ask, 8));
}

#[test]
fn a_full_queue_sends_elsewhere_or_refuses() {
    let ask = || vec![Ask(TO_A), Ask(TO_A), Ask(TO_A), Ask("")];
    for redispatch in ["", "\n option redispatch"] {
        same(&format!(" cookie S\n balance roundrobin{redispatch}"), "maxconn 1 maxqueue 1", &steps(ask(), 4));
    }
}

#[test]
fn nobody_is_lost_who_waits_for_a_server_that_goes() {
    for command in ["set server l/a state maint", "set server l/a state drain", "set server l/a health down"] {
        for redispatch in ["", "\n option redispatch"] {
            let waiting = || vec![Ask(TO_A), Ask(TO_A), Ask(TO_A), Ask(TO_A), Command(command)];
            same(&format!(" cookie S{redispatch}"), "maxconn 1", &steps(waiting(), 6));
        }
    }
}

/// `option persist` and `force-persist` hold for who waits, too.
#[test]
fn who_persists_waits_for_a_server_that_is_down() {
    for command in ["set server l/a state maint", "set server l/a state drain", "set server l/a health down"] {
        for redispatch in ["", "\n option redispatch"] {
            for persist in ["option persist", "force-persist if TRUE"] {
                let before = vec![Ask(TO_A), Ask(TO_A), Command(command), Ask(TO_A), Ask(""), Answer(0), Ask(TO_A)];
                same(&format!(" cookie S insert\n {persist}{redispatch}"), "maxconn 1", &steps(before, 4));
            }
        }
    }
}

/// Those whom a server takes when it comes have no turn of the queue.
#[test]
fn places_in_the_queue_are_counted_by_who_had_a_turn() {
    for [leaves, comes] in [
        ["set server l/a state maint", "set server l/a state ready"],
        ["set server l/a health down", "set server l/a health up"],
    ] {
        let mut before = vec![Command(leaves)];
        before.extend((0..6).map(|_| Ask("")));
        before.push(Command(comes));
        before.extend((0..5).map(|_| AnswerNext(0)));
        before.push(AnswerNext(1));
        same("", "maxconn 1", &before);
    }
}

/// `leastconn` counts who waits for a server with its next session only, so that one queue fills before the other.
#[test]
fn leastconn_with_room_in_queues() {
    for options in ["maxconn 1 maxqueue 2", "maxconn 2 maxqueue 1"] {
        let mut before: Vec<Step> = (0..5).map(|_| Ask("")).collect();
        before.extend([
            Answer(0),
            Ask(""),
            Answer(1),
            Ask(""),
            Answer(1),
            Ask(""),
            Ask(""),
            Ask(""),
            Answer(0),
            Ask(""),
        ]);
        same(" balance leastconn", options, &steps(before, 8));
    }
}

/// A limit that rose with the load is there for the server whose turn it is.
#[test]
fn leastconn_and_first_see_limits_that_follow_the_load() {
    for algorithm in ["leastconn", "first"] {
        let asks = (0..6).map(|_| Ask("")).collect();
        same(&format!(" balance {algorithm}\n fullconn 4"), "minconn 1 maxconn 4", &steps(asks, 6));
    }
}

#[test]
fn retries_wait_in_the_queue_like_others() {
    let ask = vec![Ask(TO_A), Ask(TO_A), Ask(TO_A)];
    same(" cookie S\n retry-on all-retryable-errors\n retries 1", "maxconn 1", &steps(ask, 3));
}
