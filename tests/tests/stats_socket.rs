//! The stats socket, byte for byte beside HAProxy 2.6.12, and what holds under load.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command_lines;

use std::path::Path;

use lb_core::config::Config;
use lb_core::proxy::{Proxy, StartOptions};
use lb_core::runtime::{Command, Level, Reply, ShowCliSockets, registry};
use lb_tests::cli::ask;
use lb_tests::process::{Process, haproxy};
use lb_tests::{Cli, CliAddress, HeldPort, eventually};

/// The sockets of the comparison; `{tcp}` and `{frontend}` are bound by whoever starts it.
const CONFIG: &str = "
global
  nbthread 1
  resetenv
  setenv FOO bar
  presetenv FOO no
  setenv SECOND two
  stats socket {dir}/admin.sock mode 600 level admin
  stats socket {dir}/severity.sock level operator severity-output number
  stats socket {dir}/plain.sock
  stats socket {tcp} level user
  stats timeout 20s
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind {frontend}
  default_backend b
frontend off
  bind 127.0.0.1:1
  disabled
backend b
  server s1 127.0.0.1:1 maxconn 10
  server s2 127.0.0.1:1 check inter 1h
backend w
  balance source
  server s1 127.0.0.1:1
backend r
  balance static-rr
  server s1 127.0.0.1:1
";

/// One of the two, with its sockets in the order of the configuration.
struct Side {
    sockets: [CliAddress; 4],
    _running: Box<dyn std::any::Any>,
    directory: tempfile::TempDir,
}

fn sockets(directory: &Path, tcp: std::net::SocketAddr) -> [CliAddress; 4] {
    let unix = |name: &str| CliAddress::from(&*directory.join(name));
    [unix("admin.sock"), unix("severity.sock"), unix("plain.sock"), tcp.into()]
}

fn start_haproxy(binary: &Path) -> Side {
    let directory = tempfile::tempdir().unwrap();
    let text = CONFIG.replace("{dir}", directory.path().to_str().unwrap());
    let text = text.replace("{frontend}", "{listen0}").replace("{tcp}", "{listen1}");
    let process = Process::start(binary, &text, 2);
    let sockets = sockets(directory.path(), process.address(1));
    eventually("HAProxy listens", || directory.path().join("plain.sock").exists());
    Side { sockets, _running: Box::new(process), directory }
}

fn start_lb() -> Side {
    let directory = tempfile::tempdir().unwrap();
    let text = CONFIG.replace("{dir}", directory.path().to_str().unwrap());
    let (frontend, tcp) = (HeldPort::new(), HeldPort::new());
    let text = text.replace("{frontend}", &frontend.address().to_string());
    let text = text.replace("{tcp}", &tcp.address().to_string());
    let proxy = Proxy::start(Config::parse(&text, "lb.cfg").unwrap(), StartOptions::default()).unwrap();
    let sockets = sockets(directory.path(), tcp.address());
    Side { sockets, _running: Box::new((proxy, frontend, tcp)), directory }
}

/// What must not be compared: versions, directories, ports, and which commands there are.
fn normal(text: &str, side: &Side) -> String {
    let text = text.replace(side.directory.path().to_str().unwrap(), "DIR");
    let text = without_tail(&without_tail(&text, "2.6.12", "-+."), "127.0.0.1:", "");
    let kept = text.split_inclusive('\n').filter(|line| {
        let listed = line.starts_with("  ") && line.get(42..44) == Some(": ");
        !listed && !line.starts_with("HAPROXY_CFGFILES=") && !line.starts_with("HAPROXY_CLI=")
    });
    kept.collect()
}

/// The text without what follows each `prefix`: letters, digits and the characters of `more`.
fn without_tail(text: &str, prefix: &str, more: &str) -> String {
    let mut parts = text.split(prefix);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(prefix);
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || more.contains(c)));
    }
    out
}

/// What a client does: sends pieces, waiting for a prompt between them, and perhaps half-closes.
fn script(side: &Side, socket: usize, pieces: &[&[u8]], half_close: bool) -> String {
    let mut cli = Cli::connect(&side.sockets[socket]);
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            text.push_str(&cli.until(if text.ends_with(['>', '+']) { " " } else { "> " }));
        }
        cli.send(piece);
    }
    if half_close {
        cli.finish();
    }
    text.push_str(&cli.rest());
    normal(&text, side)
}

const ADMIN: usize = 0;
const SEVERITY: usize = 1;
const PLAIN: usize = 2;
const TCP: usize = 3;

/// Both answer a script with the same bytes.
#[track_caller]
fn same(theirs: &Side, ours: &Side, socket: usize, pieces: &[&[u8]], half_close: bool) {
    let expected = script(theirs, socket, pieces, half_close);
    let got = script(ours, socket, pieces, half_close);
    let sent = String::from_utf8_lossy(&pieces.concat()).into_owned();
    assert_eq!(got, expected, "{socket} {:?}", sent.get(..sent.len().min(200)));
}

#[test]
fn every_reply_about_what_serves_is_haproxys() {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (start_haproxy(&binary), start_lb());
    for line in command_lines::LINES.lines().filter(|line| !line.is_empty()) {
        // The second time a thing is done it may be refused; with a prompt it is seen where a reply ends.
        for text in
            [format!("{line}\n"), format!("prompt\n{line}\nquit\n"), format!("set severity-output string;{line}\n")]
        {
            for socket in [ADMIN, SEVERITY] {
                same(&theirs, &ours, socket, &[text.as_bytes()], true);
            }
        }
    }
}

#[test]
fn every_reply_is_haproxys() {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (start_haproxy(&binary), start_lb());
    let compare = |socket, pieces: &[&[u8]], half_close| same(&theirs, &ours, socket, pieces, half_close);
    for line in LINES {
        for socket in [ADMIN, SEVERITY, PLAIN, TCP] {
            // An interactive session, and one that waits for the end of a line, stay open.
            let open = line.contains("prompt") || line.ends_with('\\');
            compare(socket, &[format!("{line}\n").as_bytes()], open);
            compare(socket, &[format!("{line}\r\n").as_bytes()], true);
            compare(socket, &[format!("prompt\n{line}\nquit\n").as_bytes()], open);
            compare(socket, &[format!("set severity-output string;{line};{line}\n").as_bytes()], true);
        }
    }
    for bytes in BYTES {
        for socket in [ADMIN, TCP] {
            compare(socket, &[bytes], true);
        }
    }
    let steps: [&[&[u8]]; 5] = [
        &[b"prompt\n", b"prompt\n"],
        &[b"prompt\n", b"prompt;show version\n"],
        &[b"prompt\n", b"show version;show cli level\n", b"quit\n"],
        &[b"prompt\n", b"show env FOO\n", b"operator\n", b"user\n", b"show env FOO\n", b"quit\n"],
        &[b"prompt\n", b"\n", b"quit\n"],
    ];
    for pieces in steps {
        compare(ADMIN, pieces, false);
        compare(SEVERITY, pieces, false);
    }
    compare(ADMIN, &[&b"show version;".repeat(1000)], true);
    compare(TCP, &[&b"show version\n".repeat(1000)], true);
    compare(ADMIN, &[&[&b"show env "[..], &[b'a'; 15_000], b"\nshow version\n"].concat()], true);
}

/// One command, or several on a line.
const LINES: &[&str] = &[
    "show version",
    "show version foo",
    "  show\tversion  ",
    "show versions",
    "SHOW VERSION",
    "show\\ version",
    "show version;show cli level",
    "show version\\;show cli level",
    "show version;",
    ";;show version",
    "show version # a;b",
    "show cli",
    "show cli level",
    "show cli level x",
    "show cli sockets",
    "show backend",
    "show env",
    "show env FOO",
    "show env F\\OO",
    "show env FOO x",
    "show env FOO\\",
    "show env FOO\\\\;show version",
    "show env NONE",
    "foo",
    "",
    " ",
    "@1 show version",
    "help",
    "help show version",
    "help prompt",
    "help expert-mode",
    "?",
    "operator",
    "operator;show cli level",
    "user;show cli level;operator;show env FOO;show cli level",
    "set severity-output",
    "set severity-output foo",
    "set severity-output none x;show env NONE",
    "set severity-output string;show env NONE;show version;show env FOO",
    "set timeout",
    "set timeout foo",
    "set timeout cli",
    "set timeout cli x",
    "set timeout cli 0",
    "set timeout cli -1",
    "set timeout cli 5 6",
    "set timeout cli 5s",
    "set timeout cli 99999999",
    "expert-mode",
    "expert-mode on;expert-mode;expert-mode x;expert-mode",
    "experimental-mode",
    "experimental-mode on x;experimental-mode;experimental-mode off;experimental-mode",
    "prompt;show version",
    "prompt;prompt;show version",
    "show version;quit;show version",
    "quit foo",
];

/// What is not whole lines.
const BYTES: &[&[u8]] = &[
    b"show version",
    b"show version;show cli lev",
    b"show version\nshow cli lev",
    b"show version\nshow cli level\n",
    b"show version\r\nshow cli level\r\n",
    b"show version\r;show cli level\r\n",
    b"show version\r\r\n",
    b"show version\0 x\n",
    b"show ver\0sion\nshow version\n",
    b"prompt\nshow version\nprompt;show version\nshow version\n",
    b"prompt\nquit;show version\nshow version\n",
    b"show version <<\nk v\n\nshow cli level\n",
    b"show version <<\r\nk v\r\n\r\nshow cli level\r\n",
    b"show version <<\n\nshow cli level\n",
    b"show version <<\n \n;\n\nshow cli level\n",
    b"show version <<\nk v\n",
    b"show version<<\nk v\n\n",
    b"show env FOO<<\nk v\n\n",
    b"show version << \nshow cli level\n",
    b"show version <<foo\nshow cli level\n",
    b"show version <<;show cli level\n\n",
    b"show cli level;show version <<\nk v\n\n",
    b"<<\nk v\n\n",
    b"prompt\nshow version <<\nk v\na b\n\nshow cli level\n",
];

fn lb(global: &str) -> (Proxy, CliAddress) {
    let proxy = Proxy::builder().threads(1).global(global).stats_socket("127.0.0.1:0", Level::Admin).start().unwrap();
    let Ok(Reply::CliSockets(sockets)) = proxy.run(&Command::ShowCliSockets(ShowCliSockets)) else { panic!() };
    let address: std::net::SocketAddr = sockets.0[0].address.strip_prefix("ipv4@").unwrap().parse().unwrap();
    (proxy, address.into())
}

#[test]
fn a_command_needs_its_level() {
    let (proxy, _) = lb("maxconn 10");
    for entry in registry::ENTRIES {
        let words = entry.words.join(" ");
        for level in [Level::User, Level::Operator, Level::Admin] {
            let mut session = proxy.cli_session(level);
            session.push(format!("{words}\n").as_bytes());
            let mut text = String::new();
            session.step(&mut text);
            assert_eq!(text == "Permission denied\n\n", level < entry.level, "{words} at {}", level.word());
        }
    }
}

#[test]
fn five_hundred_idle_and_a_hundred_busy_connections_are_served() {
    let (_proxy, address) = lb("stats maxconn 1000");
    let mut idle: Vec<Cli> = (0..500)
        .map(|_| {
            let mut cli = Cli::connect(&address);
            assert_eq!(cli.send("prompt\nset timeout cli 1h\n").until("> \n> "), "\n> \n> ");
            cli
        })
        .collect();
    let mut busy: Vec<Cli> = (0..100).map(|_| Cli::connect(&address)).collect();
    let commands = "show version\n".repeat(100);
    for cli in &mut busy {
        cli.send(&commands).finish();
    }
    for cli in &mut busy {
        assert_eq!(cli.rest().matches("\n\n").count(), 100);
    }
    for cli in &mut idle {
        assert_eq!(cli.send("show cli level\n").until("> "), "admin\n\n> ");
    }
}

#[test]
fn connections_beyond_the_limit_wait() {
    let (_proxy, address) = lb("stats maxconn 2");
    let mut holders: Vec<Cli> = (0..2).map(|_| Cli::connect(&address)).collect();
    for cli in &mut holders {
        cli.send("prompt\n").until("> ");
    }
    let mut third = Cli::connect(&address);
    third.send("show cli level\n").finish();
    assert_eq!(holders[0].send("show cli level\n").until("> "), "admin\n\n> ");
    drop(holders);
    assert_eq!(third.rest(), "admin\n\n");
}

#[test]
fn a_reader_that_is_stuck_holds_up_nobody() {
    let (_proxy, address) = lb("stats timeout 1h");
    let mut stuck = Cli::connect(&address);
    stuck.send("prompt\n").until("> ");
    // Replies that nobody reads, until the system takes no more commands.
    let CliAddress::Tcp(target) = &address else { panic!() };
    let flood = std::net::TcpStream::connect(target).unwrap();
    flood.set_nonblocking(true).unwrap();
    let commands = "help\n".repeat(1000);
    eventually("the flood is not taken any more", || {
        use std::io::Write;
        (&flood).write(commands.as_bytes()).is_err()
    });
    assert_eq!(ask(&address, "show cli level"), "admin\n\n");
    assert_eq!(stuck.send("show cli level\n").until("> "), "admin\n\n> ");
}

#[test]
fn silence_ends_a_session() {
    let (_proxy, address) = lb("stats timeout 50ms");
    assert_eq!(Cli::connect(&address).rest(), "");
    assert_eq!(Cli::connect(&address).send("prompt\n").rest(), "\n> ");
}

#[test]
fn the_path_is_there_while_the_instance_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lb.sock");
    let start = || Proxy::builder().stats_socket(path.to_str().unwrap(), Level::User).start().unwrap();
    let address = CliAddress::from(&*path);
    let first = start();
    assert_eq!(ask(&address, "show cli level"), "user\n\n");
    // The next one takes the path over; the end of the first does not remove what is no longer its own.
    let second = start();
    drop(first);
    assert_eq!(ask(&address, "show cli level"), "user\n\n");
    drop(second);
    assert!(!path.exists());
}
