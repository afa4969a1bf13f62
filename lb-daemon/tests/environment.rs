//! Variables of the environment in addresses (configuration.txt, section 2.3), and descriptors that the process was given:
//! lbd and HAProxy on the same configuration.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lb_tests::cli::ask;
use lb_tests::process::{Running, beside_haproxy};
use lb_tests::{CliAddress, HeldPort, LogSink, Origin, Wire, eventually};

/// lbd, and HAProxy where it is installed.
fn programs() -> Vec<PathBuf> {
    beside_haproxy(env!("CARGO_BIN_EXE_lbd"))
}

const DEFAULTS: &str = "defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 5s
  timeout server 5s
";

#[test]
fn addresses_hold_variables() {
    for program in programs() {
        let directory = tempfile::tempdir().unwrap();
        let (sink, port) = (LogSink::new(), HeldPort::new());
        let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        let file = directory.path().join("test.cfg");
        let socket = directory.path().join("stats");
        let text = format!(
            "global
  stats socket ${{DIRECTORY}}/stats
  log ${{SINK}} local0
{DEFAULTS}frontend f
  bind ${{HOST}}:${{PORT}}
  default_backend b
backend b
  source $HOST
  server s $HOST:${{ORIGIN_PORT}}
"
        );
        std::fs::write(&file, text).unwrap();
        let _running = Running(
            Command::new(&program)
                .args(["-db", "-f"])
                .arg(&file)
                .env("DIRECTORY", directory.path())
                .env("SINK", sink.address().to_string())
                .env("HOST", "127.0.0.1")
                .env("PORT", port.address().port().to_string())
                .env("ORIGIN_PORT", origin.address().port().to_string())
                .spawn()
                .unwrap(),
        );
        eventually("the stats socket is there", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        let program = program.display();
        assert_eq!(Wire::connect(port.address()).get("/").body, b"hi", "{program}");
        assert_eq!(sink.line().backend, "b/s", "{program}");
        assert!(ask(&CliAddress::from(&*socket), "show info").contains("Uptime_sec"), "{program}");
    }
}

fn check(program: &Path, text: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("test.cfg"), text).unwrap();
    let mut command = Command::new(program);
    command.args(["-c", "-f", "test.cfg"]).current_dir(directory.path()).env_remove("NOBODY_SETS_THIS");
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&stderr);
    let alerts = text.lines().filter_map(|line| Some(line.strip_prefix("[ALERT]")?.split_once(" : ")?.1));
    (status.code(), alerts.filter(|alert| alert.contains('[')).collect::<Vec<_>>().join("\n"))
}

#[test]
fn variables_that_are_not_set() {
    for program in programs() {
        for (line, told) in [
            ("bind ${NOBODY_SETS_THIS}:8080", None),
            (
                "bind ${NOBODY_SETS_THIS}",
                Some("'bind' : '${NOBODY_SETS_THIS}' resolves to an empty address (environment variable missing?)"),
            ),
            (
                "bind \"${NOBODY_SETS_THIS}\"",
                Some("'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments."),
            ),
            (
                "log ${NOBODY_SETS_THIS} local0",
                Some("log : '${NOBODY_SETS_THIS}' resolves to an empty address (environment variable missing?)"),
            ),
        ] {
            let (status, alerts) = check(&program, &format!("{DEFAULTS}frontend f\n  {line}\n"));
            let wanted = told.map_or(String::new(), |told| format!("config : parsing [test.cfg:9] : {told}"));
            assert_eq!((status, alerts), (Some(i32::from(told.is_some())), wanted), "{}: {line}", program.display());
        }
    }
}

/// `-c` looks at descriptors as a start does.
#[test]
fn descriptors_that_are_no_listeners() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = tempfile::tempfile().unwrap();
    for socket in [&listener as &dyn std::os::fd::AsFd, &datagrams, &file] {
        rustix::io::fcntl_setfd(socket.as_fd(), rustix::io::FdFlags::empty()).unwrap();
    }
    for program in programs() {
        for (number, told) in [
            (listener.as_raw_fd(), None),
            (datagrams.as_raw_fd(), Some("socket on file descriptor '{}' is of the wrong type.")),
            (file.as_raw_fd(), Some("cannot use file descriptor '{}' : Socket operation on non-socket.")),
            (977, Some("cannot use file descriptor '{}' : Bad file descriptor.")),
        ] {
            let text = format!("{DEFAULTS}frontend f\n  bind fd@{number}\n");
            let (status, alerts) = check(&program, &text);
            let wanted = told.map_or(String::new(), |told| {
                format!("config : parsing [test.cfg:9] : 'bind' : {}", told.replace("{}", &number.to_string()))
            });
            assert_eq!((status, alerts), (Some(i32::from(told.is_some())), wanted), "{}", program.display());
        }
    }
}

/// `-V` and `-d` tell what polls.
#[test]
fn a_verbose_start() {
    for program in programs() {
        for option in ["-V", "-d"] {
            let port = HeldPort::new();
            let directory = tempfile::tempdir().unwrap();
            let (file, output) = (directory.path().join("test.cfg"), directory.path().join("output"));
            std::fs::write(&file, format!("{DEFAULTS}frontend f\n  bind {}\n", port.address())).unwrap();
            let both = std::fs::File::create(&output).unwrap();
            let _running = Running(
                Command::new(&program)
                    .args([option, "-db", "-f"])
                    .arg(&file)
                    .stdout(both.try_clone().unwrap())
                    .stderr(both)
                    .spawn()
                    .unwrap(),
            );
            let told = || std::fs::read_to_string(&output).unwrap();
            eventually("it tells what polls", || told().contains("Using epoll() as the polling mechanism.\n"));
            let told = told();
            assert!(told.contains("Note: setting global.maxconn to "), "{told}");
            assert!(told.contains("Available polling systems :\n      epoll : pref=300,  test result OK\n"), "{told}");
        }
    }
}
