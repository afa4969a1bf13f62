//! `show sess` and `shutdown session` with streams in every stage: what HAProxy 2.6.12 says of them and what lb does,
//! field by field, and the log lines of those that are shut.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "sessions/bench.rs"]
mod bench;
#[path = "sessions/scenarios.rs"]
mod scenarios;

use std::time::Duration;

use lb_tests::process::haproxy;
use lb_tests::{Instance, Wire, eventually};

use bench::{Bench, fields};
use scenarios::{DATA, GET, H2_PREFACE, SCENARIOS, Scenario, h2_request};

/// What differs in the lists of both while a scenario is under way.
fn differences(benches: &[Bench; 2], name: &str, scenario: Scenario) -> Vec<String> {
    let mut wrong = Vec::new();
    let seen = benches.each_ref().map(|bench| {
        let (wires, words) = scenario(bench);
        let lines = bench.lines_with(&words);
        // What would stay for long is not waited for.
        bench.lines().iter().for_each(|line| bench.shut(line));
        drop(wires);
        lines
    });
    for bench in benches {
        eventually("all streams have ended", || bench.lines().iter().all(|line| line.contains("an=200h")));
    }
    let [ours, theirs] = seen;
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        other => {
            wrong.push(format!("{name}: {other:?}"));
            return wrong;
        }
    };
    for (ours, theirs) in ours.iter().map(|line| fields(line)).zip(theirs.iter().map(|line| fields(line))) {
        let differ = theirs.iter().filter(|(key, value)| ours.get(*key) != Some(value));
        // What is left to a client that sends too slowly is told while its server is waited for, and nothing while
        // the server is connected to, when it does not count.
        let differ =
            differ.filter(|(key, _)| !(*key == "rq.rx" && (ours["rp.an"] == "1400000h" || ours["fe"] == "tcpsilent")));
        wrong.extend(differ.map(|(key, value)| format!("{name}: {key}: HAProxy {value:?}, lb {:?}", ours.get(key))));
        assert_eq!(ours.len(), theirs.len());
    }
    wrong
}

#[test]
fn the_list_says_what_haproxy_says() {
    let Some(binary) = haproxy() else { return };
    let benches = [Bench::new(None), Bench::new(Some(binary))];
    // What a busy machine keeps one of them from showing in time is looked for again.
    let wrong: Vec<String> = SCENARIOS
        .iter()
        .flat_map(|(name, scenario)| {
            let faults = |_| differences(&benches, name, *scenario);
            (0..3).map(faults).find(Vec::is_empty).unwrap_or_else(|| differences(&benches, name, *scenario))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The lines of the detail without what differs from run to run: ids, pointers, times, counts of wake-ups, ports.
fn detail(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.split(' ').map(|word| {
            let name = word.trim_start_matches('(').split_once('=').map_or("", |(name, _)| name);
            match name {
                "source" => "source=".to_owned(),
                "scf" | "scb" | "co0" | "co1" | "task" | "txn" | "req" | "res" | "buf" | "htx" => format!("{name}="),
                "calls" | "rate" | "age" | "age)" | "exp" | "conn_exp" | "an_exp" | "rex" | "wex" | "srv_conn"
                | "pend_pos" | "epoch" | "fd" | "fd.state" | "addr" | "updt" | "data" | "size" | "extra" | "total"
                | "o" | "p" | "i" | "sub" | "used" => format!("{name}="),
                "target" | "endp" => word.split(':').next().unwrap().split(',').next().unwrap().to_owned(),
                _ => word.to_owned(),
            }
        });
        let words: Vec<_> = words.collect();
        match words[0].starts_with("0x") {
            true => lines.push(words[3..].join(" ")),
            false => lines.push(words.join(" ")),
        }
    }
    lines
}

#[test]
fn the_detail_has_the_lines_of_haproxys() {
    let Some(binary) = haproxy() else { return };
    let benches = [Bench::new(None), Bench::new(Some(binary))];
    let mut wrong = Vec::new();
    let wanted = ["waiting for its server", "connects", "server holds it up", "TCP both ways", "in a queue", "HTTP/2"];
    let wanted = |name: &str| wanted.iter().any(|part| name.contains(part));
    for (name, scenario) in SCENARIOS.iter().filter(|(name, _)| wanted(name)) {
        let [ours, theirs] = benches.each_ref().map(|bench| {
            let (_wires, words) = scenario(bench);
            let lines = bench.lines_with(&words).unwrap();
            let of = |line: &String| detail(&bench.command(&format!("show sess {}", line.split_once(':').unwrap().0)));
            let details: Vec<_> = lines.iter().map(of).collect();
            bench.lines().iter().for_each(|line| bench.shut(line));
            details
        });
        for bench in &benches {
            eventually("all streams have ended", || bench.lines().is_empty());
        }
        for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()).filter(|(ours, theirs)| ours != theirs)
        {
            wrong.push(format!("{name}:\n  HAProxy {theirs}\n  lb      {ours}"));
        }
        assert_eq!(ours.iter().flatten().count(), theirs.iter().flatten().count(), "{name}: {ours:#?} {theirs:#?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why lb does something else when a stream is shut.
const ON_PURPOSE: &[(&str, &str, &str)] = &[
    // Name of the scenario, what lb says, why.
    ("a request in a queue", "KQ--", "HAProxy lets it wait on"),
    ("a request in a tarpit", "KT--", "HAProxy lets it wait on"),
    ("TCP whose client has closed", "K-", "HAProxy lets it go on until its server closes"),
];

/// What the log says and what the client got of a stream that is shut.
fn shut(bench: &Bench, scenario: Scenario, by_server: bool) -> (String, String) {
    let (mut wires, words) = scenario(bench);
    let lines = bench.lines_with(&words).unwrap();
    let line = lines.last().unwrap();
    if by_server {
        let name = fields(line)["be"].clone();
        assert_eq!(bench.command(&format!("shutdown sessions server {name}/s")).trim_end(), "");
    } else {
        bench.shut(line);
    }
    let log = bench.log.line();
    let client = if words.len() > 1 { wires.pop().unwrap() } else { wires.remove(0) };
    let mut client = client;
    // One that may ask again is left open.
    if let lb_tests::wire::Socket::Tcp(socket) = client.socket() {
        let _ = socket.shutdown(std::net::Shutdown::Write);
    }
    let got = client.try_read_to_end().unwrap_or_default();
    let got = String::from_utf8_lossy(&got);
    (
        format!("{} {} {} {}", log.backend, log.status, log.flags, log.timers.matches("-1").count()),
        got.lines().next().unwrap_or_default().to_owned(),
    )
}

#[test]
fn shut_streams_are_logged_as_haproxy_logs_them() {
    let Some(binary) = haproxy() else { return };
    let benches = [Bench::new(None), Bench::new(Some(binary))];
    let mut wrong = Vec::new();
    for (name, scenario) in SCENARIOS {
        // Nothing to shut; several streams; what HAProxy lets wait on; a body that would have to be read.
        let skipped =
            ["said nothing", "half a head", "HTTP/2", "queue", "tarpit", "does not take", "client has closed"];
        if skipped.iter().any(|part| name.contains(part)) {
            continue;
        }
        let by_server = [false, true];
        // A server is attached to while it is connected to or used.
        for by_server in by_server.into_iter().filter(|by| !*by || !name.contains("another try")) {
            let [ours, theirs] = benches.each_ref().map(|bench| shut(bench, *scenario, by_server));
            if ours != theirs {
                wrong.push(format!("{name} (by server: {by_server}): HAProxy {theirs:?}, lb {ours:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (name, flags, _) in ON_PURPOSE {
        let (_, scenario) = SCENARIOS.iter().find(|(scenario, _)| scenario == name).unwrap();
        let (wires, words) = scenario(&benches[0]);
        let lines = benches[0].lines_with(&words).unwrap();
        benches[0].shut(lines.last().unwrap());
        assert_eq!(benches[0].log.line().flags, *flags, "{name}");
        drop(wires);
        eventually("all streams have ended", || benches[0].lines().is_empty());
        benches[0].log.drain(Duration::from_millis(1));
    }
}

#[test]
fn a_truncated_body_never_looks_complete() {
    let bench = Bench::new(None);
    // Until close: a reset. HAProxy closes in order.
    let (mut client, mut server) = bench.ask("plain", GET);
    server.send("HTTP/1.1 200 OK\r\n\r\nabc");
    client.head();
    client.read_exactly(3).unwrap();
    bench.shut(&bench.lines_with(&[DATA]).unwrap()[0]);
    assert!(client.try_read_to_end().is_err());
    assert_eq!(bench.log.line().flags, "K---");
}

#[test]
fn what_cannot_be_done_is_said_in_haproxys_words() {
    let commands = [
        "shutdown session",
        "shutdown session abc",
        "shutdown session 0",
        "shutdown session 0x1234567",
        "shutdown session 12345",
        "shutdown sessions server",
        "shutdown sessions server plain",
        "shutdown sessions server plain/x",
        "shutdown sessions server x/s",
        "shutdown sessions server plain/s",
        "show sess 0x1234567",
    ];
    let Some(binary) = haproxy() else { return };
    let benches = [Bench::new(None), Bench::new(Some(binary))];
    for command in commands {
        let [ours, theirs] = benches.each_ref().map(|bench| bench.command(command));
        // The socket adds the empty line.
        assert_eq!(ours.trim_end(), theirs.trim_end(), "{command}");
    }
}

#[test]
fn ten_thousand_streams_are_listed_while_traffic_goes_on() {
    let origin = lb_tests::Origin::saying("hello");
    let lb = Instance::start(&format!(
        "global
  nbthread 2
defaults
  mode http
  timeout connect 30s
  timeout client 100s
  timeout server 100s
  timeout tarpit 100s
listen held
  bind 127.0.0.1:0
  http-request tarpit
listen traffic
  bind 127.0.0.1:0
  server s {}
",
        origin.address()
    ));
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut client = lb.connect();
        let frames: Vec<u8> = (0..100).flat_map(|stream| h2_request(stream * 2 + 1, true)).collect();
        client.send([H2_PREFACE, &frames].concat());
        held.push(client);
    }
    let count = |text: &str| text.lines().filter(|line| line.contains(" fe=held ")).count();
    eventually("all are there", || count(&lb.proxy().execute("show sess").unwrap()) == 10_000);
    let done = std::sync::atomic::AtomicBool::new(false);
    let served = std::thread::scope(|scope| {
        let traffic: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Wire::connect(lb.address_of("traffic"));
                    let mut served = 0;
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        assert_eq!(client.get("/").text(), "hello");
                        served += 1;
                    }
                    served
                })
            })
            .collect();
        for form in ["show sess", "show sess all", "show sess 0", "show sess susp"].repeat(3) {
            let text = lb.proxy().execute(form).unwrap();
            match form {
                "show sess" => assert_eq!(count(&text), 10_000),
                "show sess susp" => assert_eq!(text, ""),
                _ => assert_eq!(text.lines().filter(|line| line.contains("frontend=held ")).count(), 10_000),
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        traffic.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert!(served > 0);
    // Each has a name of its own, and is ended by it.
    let sessions = lb.proxy().sessions().unwrap();
    let names: std::collections::HashSet<_> = sessions.iter().map(|session| session.id).collect();
    assert_eq!(names.len(), sessions.len());
    for session in sessions.iter().filter(|session| &*session.frontend.name == "held").take(1000) {
        lb.proxy().shutdown_session(session.id).unwrap();
        assert!(lb.proxy().shutdown_session(session.id).is_err() || lb.proxy().session(session.id).is_ok());
    }
    eventually("they are gone", || count(&lb.proxy().execute("show sess").unwrap()) == 9_000);
    for session in lb.proxy().sessions().unwrap() {
        lb.proxy().shutdown_session(session.id).unwrap();
    }
    drop(held);
    eventually("all are gone", || count(&lb.proxy().execute("show sess").unwrap()) == 0);
}
