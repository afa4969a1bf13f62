//! What an operator gets who sends a signal: the states of servers (SIGHUP) beside HAProxy 2.6.12, memory (SIGQUIT).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use lb_tests::cli::ask;
use lb_tests::process::{Process, haproxy};
use lb_tests::{CliAddress, LogSink, Wire, eventually};
use rustix::process::Signal;

const CONFIG: &str = "
global
  nbthread 1
  stats socket {dir}/stats level admin
  log {log} local0
defaults
  mode http
  log global
  timeout connect 10s
  timeout client 1m
  timeout server 1m
frontend f
  bind {listen0}
  default_backend queue
backend queue
  server s1 {server} maxconn 1
backend b
  server s1 {server}
  server s2 {server} backup
  server s3 {server} disabled
listen l
  mode tcp
  bind {listen1}
  server a {server}
backend quiet
  no log
  server a {server}
backend weightless
  server a {server} weight 0
backend empty
";

/// The name of the last section, whose line ends a dump.
const LAST: &str = "Proxy empty has no servers.";

/// A daemon whose error output is kept.
struct Subject {
    process: Process,
    log: LogSink,
    directory: tempfile::TempDir,
    // Nothing is accepted there: whoever is connected waits.
    _server: TcpListener,
}

impl Subject {
    fn start(binary: &Path) -> Self {
        let (log, directory) = (LogSink::new(), tempfile::tempdir().unwrap());
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = CONFIG
            .replace("{dir}", directory.path().to_str().unwrap())
            .replace("{log}", &log.address().to_string())
            .replace("{server}", &server.local_addr().unwrap().to_string());
        let errors = File::create(directory.path().join("errors")).unwrap();
        let process = Process::start_with(binary, &text, 2, Stdio::null(), errors.into());
        let subject = Self { process, log, directory, _server: server };
        let socket = subject.directory.path().join("stats");
        eventually("it takes commands", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        subject
    }

    fn ask(&self, command: &str) -> String {
        ask(&CliAddress::from(&*self.directory.path().join("stats")), command)
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("errors")).unwrap()
    }

    /// What standard error and the logs say after a SIGHUP.
    fn dump(&self) -> (Vec<String>, Vec<String>) {
        let before = self.errors().len();
        self.process.signal(Signal::HUP);
        let told = || self.errors().get(before..).unwrap_or_default().to_owned();
        eventually("the last proxy is told of", || told().contains(LAST));
        let mut logged = Vec::new();
        while !logged.last().is_some_and(|line: &String| line.contains(LAST)) {
            let line = self.log.text();
            if line.contains("SIGHUP") {
                logged.push(line);
            }
        }
        (told().lines().filter_map(normal).collect(), logged.iter().filter_map(|line| normal(line)).collect())
    }
}

/// A line without the number of the process; HAProxy has a proxy of its own that we have not, and how often it was
/// asked is not told by the script.
fn normal(line: &str) -> Option<String> {
    if line.contains("<HTTPCLIENT>") || !line.contains("SIGHUP") {
        return None;
    }
    let line = match line.split_once(") : ") {
        Some((label, rest)) => format!("{} {rest}", label.split('(').next().unwrap()),
        None => line.to_owned(),
    };
    Some(if line.contains("GLOBAL") { line.split(" act(").next().unwrap().to_owned() } else { line })
}

/// Dumps the states after each step of a script.
fn history(binary: &Path) -> Vec<(Vec<String>, Vec<String>)> {
    let subject = Subject::start(binary);
    let mut dumps = vec![subject.dump()];
    let _clients: Vec<Wire> = (0..3)
        .map(|_| {
            let mut client = Wire::connect(subject.process.address(0));
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            client
        })
        .collect();
    eventually("one is at the server, two wait", || {
        let row = subject.ask("show stat queue 2 -1");
        row.lines().any(|line| line.starts_with("queue,BACKEND,2,2,3,"))
    });
    dumps.push(subject.dump());
    for commands in [
        "set server b/s1 state drain; set server l/a health stopping; disable frontend f",
        "set server b/s1 state maint; set server l/a health down; set server b/s3 state ready",
        "set server b/s3 state maint; set server b/s2 state maint; set server quiet/a weight 0",
    ] {
        subject.ask(commands);
        dumps.push(subject.dump());
    }
    dumps
}

#[test]
fn states_are_dumped_as_haproxy_dumps_them() {
    let Some(binary) = haproxy() else { return };
    let (expected, got) = (history(&binary), history(Path::new(env!("CARGO_BIN_EXE_lbd"))));
    for (step, (expected, got)) in expected.iter().zip(&got).enumerate() {
        assert_eq!(got, expected, "step {step}");
    }
}

#[test]
fn memory_is_told_and_given_back() {
    let subject = Subject::start(Path::new(env!("CARGO_BIN_EXE_lbd")));
    subject.process.signal(Signal::QUIT);
    eventually("the sum is told", || subject.errors().contains("\nTotal: 6 pools, "));
    let told = subject.errors();
    assert!(
        told.contains("Dumping pools usage. Use SIGQUIT to flush them.\n  - Pool buffer (16384 bytes) : "),
        "{told}"
    );
    // It goes on.
    assert!(subject.ask("show info").contains("Stopping: 0"));
}

/// Nobody reads standard error any more.
#[test]
fn a_closed_error_output_ends_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let text = CONFIG
        .replace("{dir}", directory.path().to_str().unwrap())
        .replace("{log}", "127.0.0.1:9")
        .replace("{server}", "127.0.0.1:9");
    let binary = Path::new(env!("CARGO_BIN_EXE_lbd"));
    let process = Process::start_with(binary, &text, 2, Stdio::null(), writer.into());
    let socket = directory.path().join("stats");
    eventually("it takes commands", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    drop(reader);
    process.signal(Signal::HUP);
    for command in ["disable server b/s1", "disable frontend f", "enable frontend f"] {
        assert_eq!(ask(&CliAddress::from(&*socket), command), "\n", "{command}");
    }
    assert!(ask(&CliAddress::from(&*socket), "show info").contains("Stopping: 0"));
}
