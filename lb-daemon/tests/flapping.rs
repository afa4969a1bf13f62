//! Servers that flap, are added, removed, moved, drained and put into maintenance over the runtime API, under load.
//!
//! The daemon and HAProxy, where it is installed, go through the same. No request may be lost as long as a server is
//! there to take it; in the end counters agree, and no session, descriptor or memory is left. The run takes a number of
//! steps; with `LB_CHAOS_SECONDS=300` it takes that long instead:
//!
//! ```text
//! LB_CHAOS_SECONDS=300 cargo test --workspace --test flapping -- --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod killable;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use killable::Server;
use lb_tests::process::{Process, haproxy};
use lb_tests::{CliAddress, Wire, cli, eventually};

/// Servers of the configuration.
const SERVERS: usize = 20;
/// Servers that are there to move to, and to be added.
const SPARE: usize = 4;
/// Of those, so many live at any time.
const ALIVE: usize = 8;
/// Keep-alive connections of the load.
const CLIENTS: usize = 24;
/// Steps of the short run, each followed by this many requests.
const STEPS: usize = 120;
const REQUESTS: usize = 20;
/// Descriptors of a proxy of two threads without connections: listeners, pollers, logs, the stats socket.
const QUIET: usize = 48;
/// Freed memory that the allocator may keep.
const REMAINS: u64 = 24 << 20;

#[test]
fn servers_flap_come_and_go_under_load() {
    let limit = std::env::var("LB_CHAOS_SECONDS").ok().map(|text| Duration::from_secs(text.parse().unwrap()));
    let lost = Day::run(Path::new(env!("CARGO_BIN_EXE_lbd")), limit).check();
    let theirs = haproxy().map(|binary| Day::run(&binary, limit).tell("HAProxy"));
    assert!(lost <= theirs.unwrap_or(0), "{lost} requests lost, HAProxy {theirs:?}");
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Says when it is dropped that the load is to end.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Day {
    lb: Process,
    directory: tempfile::TempDir,
    servers: Vec<Server>,
    /// Memory before and after.
    resident: [u64; 2],
    /// What clients saw, by status; 0 is a connection that ended without an answer.
    seen: Mutex<BTreeMap<u16, usize>>,
    asked: AtomicUsize,
    over: AtomicBool,
}

impl Day {
    fn run(binary: &Path, limit: Option<Duration>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let servers: Vec<Server> = (0..SERVERS + SPARE).map(|_| Server::start()).collect();
        let lines: String = servers[..SERVERS]
            .iter()
            .enumerate()
            .map(|(index, server)| format!(" server s{index} {} check inter 40ms fall 1 rise 1\n", server.address))
            .collect();
        // As many retries as it takes to find one that lives: until a check has seen it, most may be dead at a time.
        let text = format!(
            "global\n maxconn 500\n nbthread 2\n stats socket {}/stats level admin\ndefaults\n mode http\n retries 50\n \
             retry-on all-retryable-errors\n option redispatch 1\n timeout connect 2s\n timeout client 60s\n \
             timeout server 30s\n timeout queue 30s\nfrontend fe\n bind {{listen0}}\n default_backend be\nbackend be\n \
             balance roundrobin\n default-server maxconn 6\n{lines}",
            directory.path().display(),
        );
        let lb = Process::start(binary, &text, 1);
        let day = Self {
            lb,
            directory,
            servers,
            resident: [0; 2],
            seen: Mutex::default(),
            asked: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        };
        day.live(limit)
    }

    fn live(mut self, limit: Option<Duration>) -> Self {
        assert_eq!(self.ask_once(&mut self.lb.connect()), 200);
        self.settle();
        self.resident[0] = self.lb.resident();
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.load());
            }
            // The load ends also where this panics.
            let _over = Over(&self.over);
            self.trouble(limit);
        });
        self.settle();
        self.resident[1] = self.lb.resident();
        self
    }

    /// Everything is well again, and nothing is left of connections.
    fn settle(&self) {
        self.servers.iter().for_each(Server::restart);
        for index in 0..SERVERS {
            let address = self.servers[index].address;
            self.command(&format!("set server be/s{index} addr {} port {}", address.ip(), address.port()));
            self.command(&format!("set server be/s{index} state ready"));
        }
        eventually("all servers are up", || {
            self.stat().iter().filter(|row| row["pxname"] == "be" && row["status"] == "UP").count() > SERVERS
        });
        // Without servers there are no connections to them in a pool.
        self.servers.iter().for_each(Server::kill);
        eventually("descriptors return", || self.lb.descriptors() < QUIET);
        self.servers.iter().for_each(Server::restart);
        eventually("a server is up again", || self.ask_once(&mut self.lb.connect()) == 200);
    }

    /// A client that asks again and again, on a connection that it leaves now and then.
    fn load(&self) {
        let mut wire = self.lb.connect();
        while !self.over.load(Ordering::SeqCst) {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            if self.ask(&mut wire) == 0 || asked.is_multiple_of(17) {
                wire = self.lb.connect();
            }
        }
    }

    fn ask(&self, wire: &mut Wire) -> u16 {
        let status = self.ask_once(wire);
        *self.seen.lock().unwrap().entry(status).or_default() += 1;
        status
    }

    fn ask_once(&self, wire: &mut Wire) -> u16 {
        let answer = wire.try_send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").and_then(|()| wire.try_response_to("GET"));
        match answer {
            Ok(answer) => answer.status(),
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "a client waits for ever");
                0
            }
        }
    }

    /// Kills, restarts and commands, one after another, while requests go on.
    fn trouble(&self, limit: Option<Duration>) {
        let (mut dice, started) = (Dice(4711), Instant::now());
        let mut alive = [true; SERVERS];
        let mut added = [false; SPARE];
        for step in 0.. {
            match limit {
                Some(limit) if started.elapsed() >= limit => break,
                None if step >= STEPS => break,
                _ => {}
            }
            let index = dice.roll(SERVERS);
            let name = format!("be/s{index}");
            let spare = dice.roll(SPARE);
            let to = self.servers[SERVERS + spare].address;
            let own = self.servers[index].address;
            match dice.roll(12) {
                0..=2 if alive[index] && alive.iter().filter(|alive| **alive).count() > ALIVE => {
                    self.servers[index].kill();
                    alive[index] = false;
                }
                0..=5 => {
                    if let Some(dead) = alive.iter().position(|alive| !alive) {
                        self.servers[dead].restart();
                        alive[dead] = true;
                    }
                }
                // Half of the servers are never taken out of service, so that there is always one.
                6 if index % 2 == 0 => self.command(&format!("set server {name} state maint")),
                7 if index % 2 == 0 => self.command(&format!("set server {name} state drain")),
                8 => self.command(&format!("set server {name} weight {}", 1 + dice.roll(200))),
                9 => self.command(&format!("set server {name} addr {} port {}", to.ip(), to.port())),
                10 => self.command(&format!("set server {name} addr {} port {}", own.ip(), own.port())),
                11 => self.add_or_remove(spare, &mut added),
                _ => self.command(&format!("set server {name} state ready")),
            }
            let before = self.asked.load(Ordering::SeqCst);
            eventually("requests go on", || self.asked.load(Ordering::SeqCst) >= before + REQUESTS);
        }
        for spare in (0..SPARE).filter(|spare| added[*spare]).collect::<Vec<_>>() {
            self.add_or_remove(spare, &mut added);
        }
    }

    fn add_or_remove(&self, spare: usize, added: &mut [bool; SPARE]) {
        let (name, address) = (format!("be/new{spare}"), self.servers[SERVERS + spare].address);
        if added[spare] {
            self.command(&format!("set server {name} state maint"));
            // One with sessions stays until they are over.
            eventually("a server is removed", || {
                self.command(&format!("del server {name}"));
                !self.stat().iter().any(|row| format!("{}/{}", row["pxname"], row["svname"]) == name)
            });
        } else {
            self.command(&format!("add server {name} {address} maxconn 6"));
            self.command(&format!("set server {name} state ready"));
        }
        added[spare] = !added[spare];
    }

    fn command(&self, command: &str) {
        cli::ask(&CliAddress::from(&*self.directory.path().join("stats")), command);
    }

    /// `show stat`, each row by its columns.
    fn stat(&self) -> Vec<BTreeMap<String, String>> {
        let text = cli::ask(&CliAddress::from(&*self.directory.path().join("stats")), "show stat");
        let rows = text.lines().filter(|line| !line.is_empty());
        let mut lines = rows.map(|line| line.trim_start_matches("# ").split(',').map(str::to_owned));
        let columns: Vec<String> = lines.next().unwrap().collect();
        lines.map(|line| columns.iter().cloned().zip(line).collect()).collect()
    }

    fn lost(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum()
    }

    fn tell(&self, name: &str) -> usize {
        let stat = self.stat();
        let backend = stat.iter().find(|row| row["pxname"] == "be" && row["svname"] == "BACKEND").unwrap();
        println!(
            "{name}: {:?}, {} answers; retries {}, redispatches {}, errors {}; memory {:?} KB",
            self.seen.lock().unwrap(),
            self.servers.iter().map(Server::answers).sum::<usize>(),
            backend["wretr"],
            backend["wredis"],
            backend["econ"],
            self.resident.map(|bytes| bytes >> 10),
        );
        self.lost()
    }

    /// Nothing is left and all have counted the same.
    fn check(&self) -> usize {
        let lost = self.tell("lb");
        let seen = self.seen.lock().unwrap().get(&200).copied().unwrap_or(0);
        let answers: usize = self.servers.iter().map(Server::answers).sum();
        assert!(answers >= seen, "{answers} answers, {seen} seen");
        let number = |row: &BTreeMap<String, String>, field: &str| row[field].parse::<usize>().unwrap_or(0);
        eventually("sessions return to none", || {
            self.stat().iter().filter(|row| row["pxname"] == "be").all(|row| row["scur"] == "0" && row["qcur"] == "0")
        });
        let stat = self.stat();
        let find = |name: &str| stat.iter().find(|row| row["svname"] == name).unwrap();
        let (frontend, backend) = (find("FRONTEND"), find("BACKEND"));
        let understood = number(frontend, "req_tot") - number(frontend, "ereq");
        assert_eq!(understood, number(backend, "stot"), "requests and streams of the backend");
        assert_eq!(number(frontend, "hrsp_2xx"), number(backend, "hrsp_2xx"));
        assert!(number(backend, "hrsp_2xx") >= seen, "{} counted, {seen} seen", backend["hrsp_2xx"]);
        let [before, after] = self.resident;
        assert!(after < before + REMAINS, "the process grew from {before} to {after}");
        lost
    }
}
