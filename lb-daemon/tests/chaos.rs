//! A bad day: thousands of idle connections, a burst, and a server that dies and comes back under load.
//!
//! The daemon and HAProxy, where it is installed, go through the same. Neither may show clients an error but for what
//! was on its way to the server that died; clients, the log and the servers count the same; memory and descriptors
//! return to where they were.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod killable;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use killable::Server;
use lb_tests::process::{Process, haproxy};
use lb_tests::{LogLine, PATIENCE, Wire, eventually};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Idle connections where the system allows them.
const IDLE: usize = 10_000;
/// Keep-alive connections of the burst.
const CLIENTS: usize = 64;
/// Requests of the burst.
const REQUESTS: usize = 2000;
/// When the server dies, and when it comes back.
const DEATH: usize = 500;
const RETURN: usize = 1200;
/// What a day may leave in the process: freed memory that the allocator keeps, much less than a buffer per connection.
const REMAINS: u64 = 32 << 20;
/// What a second crowd of idle connections may add to that: nothing but noise.
const NOISE: u64 = 8 << 20;

#[test]
fn idle_crowd_then_a_burst_then_a_server_dies_and_returns() {
    let idle = idle_connections();
    println!("{idle} idle connections");
    a_day(Path::new(env!("CARGO_BIN_EXE_lbd")), idle).check();
    // Only what clients see is compared: HAProxy's own counting is not ours to test.
    if let Some(binary) = haproxy() {
        println!("HAProxy: {:?}", a_day(&binary, 100).seen);
    }
}

/// As many as the limit on descriptors leaves room for: each may need two in the daemon.
fn idle_connections() -> usize {
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).unwrap();
    let hard = usize::try_from(hard.unwrap_or(1 << 20)).unwrap();
    IDLE.min(hard.saturating_sub(1000) / 2)
}

/// What is left of a day.
struct Day {
    /// How often clients saw a status; 0 is a connection that ended instead.
    seen: BTreeMap<u16, usize>,
    log: tempfile::NamedTempFile,
    servers: [Server; 2],
    resident: [u64; 3],
    /// Ended only once its log was read: the last line is written after the last answer.
    _lb: Process,
}

fn a_day(binary: &Path, idle: usize) -> Day {
    let servers = [Server::start(), Server::start()];
    let log = tempfile::NamedTempFile::new().unwrap();
    // Appending: threads that write to one file at the same time must not meet at one offset.
    let output = std::fs::OpenOptions::new().append(true).open(log.path()).unwrap();
    let text = format!(
        "global\n maxconn {}\n nbthread 2\n log stdout format raw local0\n\
         defaults\n mode http\n log global\n option httplog\n option dontlognull\n retries 3\n option redispatch\n \
         timeout connect 1s\n timeout client 60s\n timeout server 30s\n timeout check 5s\n\
         frontend fe\n bind {{listen0}}\n default_backend be\n\
         backend be\n balance roundrobin\n default-server check inter 50ms fall 2 rise 1\n \
         server s1 {}\n server s2 {}\n",
        idle + 300,
        servers[0].address,
        servers[1].address,
    );
    let lb = Process::start_writing(binary, &text, 1, output);
    let tally = Tally::default();
    assert_eq!(tally.ask(&mut lb.connect()), 200);
    let settled = |what: &str| {
        // Without servers there are no connections to them in a pool, and checks end at once.
        servers.iter().for_each(Server::kill);
        eventually(what, || lb.descriptors() < QUIET);
        servers.iter().for_each(Server::restart);
        eventually("a server is up again", || tally.ask(&mut lb.connect()) == 200);
    };
    settled("the descriptors of a start");
    let memory_before = lb.resident();

    let crowd = Crowd::gather(&lb, idle, &tally);
    println!("{} with {idle} idle connections", megabytes(lb.resident()));
    burst(&lb, &servers[0], &tally);
    // The server that returned serves.
    let before = servers[0].answers();
    eventually("the server is back", || {
        tally.ask(&mut lb.connect());
        servers[0].answers() > before
    });
    crowd.still_served(&tally);
    crowd.disperse();
    settled("descriptors return");
    let memory_after = lb.resident();
    Crowd::gather(&lb, idle, &tally).disperse();
    settled("descriptors return again");
    let memory_at_last = lb.resident();
    let resident = [memory_before, memory_after, memory_at_last];
    println!("memory at first, after the day, after another crowd: {:?}", resident.map(megabytes));
    Day { seen: tally.seen(), log, resident, servers, _lb: lb }
}

impl Day {
    /// Memory returns, and clients, the log and the servers agree.
    fn check(&self) {
        println!("{:?}", self.seen);
        let [at_first, after, at_last] = self.resident;
        assert!(after < at_first + REMAINS, "the process grew");
        assert!(at_last < after + NOISE, "idle connections leak");

        // A connection that is closed for the client to ask again is not logged.
        let asked: usize = self.seen.iter().filter(|(status, _)| **status != 0).map(|(_, count)| count).sum();
        let read_log = || -> Vec<LogLine> {
            std::fs::read_to_string(self.log.path()).unwrap().lines().filter_map(LogLine::parse).collect()
        };
        let started = Instant::now();
        while read_log().len() < asked && started.elapsed() < PATIENCE {
            thread::yield_now();
        }
        let lines = read_log();
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let odd: Vec<&str> =
            text.lines().filter(|line| LogLine::parse(line).is_none_or(|line| line.flags != "----")).collect();
        let answers = self.servers.each_ref().map(Server::answers);
        let logged = statuses(&lines);
        assert_eq!(lines.len(), asked, "log lines and requests: {:?}, {logged:?}, {answers:?}\n{odd:#?}", self.seen);
        let count = |which: &dyn Fn(&LogLine) -> bool| lines.iter().filter(|line| which(line)).count();
        for (status, seen) in self.seen.iter().filter(|(status, _)| **status != 0) {
            assert_eq!(count(&|line| line.status == status.to_string()), *seen, "logged as {status}");
        }
        for (server, name) in self.servers.iter().zip(["be/s1", "be/s2"]) {
            let logged = count(&|line| line.backend == name && line.status == "200");
            assert_eq!(logged, server.answers(), "answers of {name}");
        }
    }
}

fn statuses(lines: &[LogLine]) -> BTreeMap<String, usize> {
    lines.iter().fold(BTreeMap::new(), |mut counts, line| {
        *counts.entry(format!("{} {} {}", line.backend, line.status, line.flags)).or_default() += 1;
        counts
    })
}

/// Descriptors of a proxy of two threads without connections: listeners, pollers, logs.
const QUIET: usize = 40;

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))
}

/// A number of keep-alive connections send requests; one server dies and returns meanwhile.
fn burst(lb: &Process, server: &Server, tally: &Tally) {
    let sent = AtomicUsize::new(0);
    let lost = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut wire = lb.connect();
                loop {
                    match sent.fetch_add(1, Ordering::SeqCst) {
                        DEATH => server.kill(),
                        RETURN => server.restart(),
                        n if n >= REQUESTS => return,
                        _ => {}
                    }
                    match tally.ask(&mut wire) {
                        200 => {}
                        // The request was on a connection that the server reset; it must not be sent twice.
                        0 | 502 => {
                            lost.fetch_add(1, Ordering::SeqCst);
                            wire = lb.connect();
                        }
                        status => panic!("a client saw {status}"),
                    }
                }
            });
        }
    });
    let lost = lost.into_inner();
    println!("{lost} of {REQUESTS} requests were lost on connections that the server reset");
    assert!(lost <= CLIENTS, "more than what was on its way: {lost}");
}

/// Connections that are open and silent.
struct Crowd(Vec<Wire>);

impl Crowd {
    /// Every eighth was used once.
    fn gather(lb: &Process, size: usize, tally: &Tally) -> Self {
        let mut crowd = Vec::with_capacity(size);
        for i in 0..size {
            let mut wire = lb.connect();
            if i % 8 == 0 {
                assert_eq!(tally.ask(&mut wire), 200);
            }
            crowd.push(wire);
        }
        eventually("all are accepted", || lb.descriptors() >= size);
        Self(crowd)
    }

    fn still_served(&self, tally: &Tally) {
        for wire in self.0.iter().step_by(100) {
            assert_eq!(tally.ask(&mut wire.writer()), 200);
        }
    }

    /// Half of them leaves with a reset.
    fn disperse(self) {
        for (i, wire) in self.0.into_iter().enumerate() {
            if i % 2 == 0 { wire.reset() } else { drop(wire) }
        }
    }
}

/// What clients saw.
#[derive(Default)]
struct Tally(Mutex<BTreeMap<u16, usize>>);

impl Tally {
    fn ask(&self, wire: &mut Wire) -> u16 {
        let answer = wire.try_send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").and_then(|()| wire.try_response_to("GET"));
        let status = match answer {
            Ok(answer) => answer.status(),
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "a client waits for ever");
                0
            }
        };
        *self.0.lock().unwrap().entry(status).or_default() += 1;
        status
    }

    fn seen(&self) -> BTreeMap<u16, usize> {
        self.0.lock().unwrap().clone()
    }
}
