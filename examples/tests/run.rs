//! Each example starts, serves and ends.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use lb_tests::HeldPort;
use lb_tests::origin::ClosedPort;

/// A program of `examples/`, which cargo builds beside the tests.
fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let program: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an example and waits for its first line, which says where it listens.
fn start(command: &mut Command) -> (Running, SocketAddr, BufReader<ChildStdout>) {
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.split_once("Some(").and_then(|(_, rest)| rest.split_once(')')).expect(&line).0;
    (running, address.parse().unwrap(), output)
}

/// A server that answers `count` connections one after the other.
fn server(count: usize, answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for _ in 0..count {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn get(address: SocketAddr) -> String {
    get_with(address, "")
}

/// The same with more fields.
fn get_with(address: SocketAddr, fields: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn embed_http() {
    let server = server(1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    let (_running, address, _) = start(example("embed_http").args(["127.0.0.1:0", &server.to_string()]));
    let response = get(address);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nhello"), "{response}");
}

#[test]
fn embed_tcp() {
    let server = server(1, "from the server");
    let (mut running, address, _) = start(example("embed_tcp").args(["127.0.0.1:0", &server.to_string()]));
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"to the server").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "from the server");
    drop(client);
    drop(running.0.stdin.take());
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn own_balance() {
    let answer = |body: &'static str| -> &'static str {
        if body == "a" {
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nb"
        }
    };
    let servers = [server(64, answer("a")), server(64, answer("b"))].map(|server| server.to_string());
    let (_running, address, _) = start(example("own_balance").arg("127.0.0.1:0").args(servers));
    let mut seen = Vec::new();
    for tenant in 0..16 {
        let ask = || get_with(address, &format!("X-Tenant: {tenant}\r\n")).pop().unwrap();
        let first = ask();
        assert_eq!([ask(), ask()], [first, first], "{tenant}");
        seen.push(first);
    }
    assert!(seen.contains(&'a') && seen.contains(&'b'), "{seen:?}");
}

#[test]
fn load_config() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lb.toml");
    let text = "[[defaults]]\nmode = \"http\"\ntimeout.client = \"10s\"\n\n[[listen]]\nname = \"demo\"\n\
                bind = \"ADDRESS\"\nhttp-request = 'return status 200 content-type text/plain string \"hello\"'\n";
    let held = HeldPort::new();
    std::fs::write(&file, text.replace("ADDRESS", &held.address().to_string())).unwrap();
    let (_running, address, _) = start(example("load_config").arg(&file));
    assert!(get(address).ends_with("\r\n\r\nhello"));

    std::fs::write(&file, "[global]\nmaxcon = 5\n").unwrap();
    let output = example("load_config").arg(&file).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown keyword 'maxcon'"), "{output:?}");
}

#[test]
fn two_instances() {
    let inner = HeldPort::new();
    let output = example("two_instances").args(["127.0.0.1:0", &inner.address().to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(text, "both run: HTTP/1.1 200 OK\none runs: HTTP/1.1 503 Service Unavailable\n");
}

/// The next line that a program writes.
fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn add_servers() {
    let first = server(1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfirst");
    let (mut running, address, mut output) = start(example("add_servers").arg("127.0.0.1:0"));
    assert!(get(address).starts_with("HTTP/1.1 503 "));
    let mut input = running.0.stdin.take().unwrap();
    writeln!(input, "add {first}").unwrap();
    assert_eq!(line(&mut output), "s1 serves");
    assert!(get(address).ends_with("\r\n\r\nfirst"));
    writeln!(input, "del s1").unwrap();
    assert_eq!(line(&mut output), "s1 is gone");
    assert!(get(address).starts_with("HTTP/1.1 503 "));
    drop(input);
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn stick_table() {
    let mut running = Running(example("stick_table").spawn().unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut input = running.0.stdin.take().unwrap();
    for (said, answers) in [
        ("block 192.0.2.1", &["192.0.2.1: Created", "192.0.2.1: Updated"][..]),
        ("list", &["192.0.2.1 for 1800 s"]),
        ("free 192.0.2.1", &["192.0.2.1: Removed(Removed)"]),
        ("list", &[]),
        ("?", &["block ADDRESS, free ADDRESS, or list"]),
    ] {
        writeln!(input, "{said}").unwrap();
        answers.iter().for_each(|answer| assert_eq!(line(&mut output), *answer));
    }
    drop(input);
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn events() {
    let server = ClosedPort::new();
    let mut running = Running(example("events").arg(server.address().to_string()).spawn().unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let down = line(&mut output);
    assert!(down.starts_with("Server app/s1 is DOWN, reason: Layer4 connection problem"), "{down}");
    assert_eq!(line(&mut output), "backend app has no server available!");
    drop(running.0.stdin.take());
    assert_eq!(line(&mut output), "stopped");
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn runtime_commands() {
    let server = ClosedPort::new();
    let arguments = ["127.0.0.1:0".to_owned(), server.address().to_string()];
    let (mut running, _, mut output) = start(example("runtime_commands").args(arguments));
    let mut input = running.0.stdin.take().unwrap();
    writeln!(input, "get weight app/s1\nset weight app/s1 50%\nget weight app/s2").unwrap();
    assert_eq!(line(&mut output), "10 (initial 10)");
    assert_eq!(line(&mut output), "error 4: No such server.");
    drop(input);
    assert_eq!(line(&mut output), "in the end app/s1 weighs 5");
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn extensions() {
    let (mut running, address, _) = start(example("extensions").arg("127.0.0.1:0"));
    for left in [2, 1, 0] {
        assert!(get(address).ends_with(&format!("\r\n\r\nl********: {left} left\n")));
    }
    assert!(get(address).starts_with("HTTP/1.1 429 "));
    drop(running.0.stdin.take());
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn report_health() {
    let mut running = Running(example("report_health").arg("127.0.0.1:1").spawn().unwrap());
    let reports = "failed\nfailed\nfailed queue is full\npassed\npassed\ndown\nup\n";
    running.0.stdin.take().unwrap().write_all(reports.as_bytes()).unwrap();
    let mut told = String::new();
    running.0.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(running.0.wait().unwrap().success(), "{told}");
    // Two results of three do not take it down, one of two does not bring it back.
    let starts = [
        "Server app/s1 is DOWN, reason: Layer7 wrong status, code: 0, info: \"queue is full\".",
        "backend app has no server available!",
        "Server app/s1 is UP, reason: Layer7 check passed, code: 0.",
        "Server app/s1 is DOWN, changed from CLI.",
        "backend app has no server available!",
        "Server app/s1 is UP, changed from CLI.",
    ];
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), starts.len(), "{told}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line} rather than {start}");
    }
}
