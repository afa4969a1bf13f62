//! Mails about servers: the same history through HAProxy and through lb, and what mailers are told of it, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "email_alerts/sink.rs"]
mod sink;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use lb_tests::origin::ClosedPort;
use lb_tests::process::haproxy;
use lb_tests::{Instance, LogSink, Side, eventually};
use sink::{Act, Sink, Twist};

const GLOBAL: &str = "global
  nbthread 1
  stats socket {dir}/stats level admin
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
";

/// Every kind of change that a command makes.
const HISTORY: &[&str] = &[
    "set server b/s health down",
    "set server b/s health up",
    "set server b/s health stopping",
    "set server b/s health up",
    "set server b/s state drain",
    "set server b/s health down",
    "set server b/s health up",
    "set server b/s state ready",
    "set server b/s state maint",
    "set server b/s state ready",
    "set server b/s health down",
    "set server b/s state drain",
    "set server b/s state ready",
    "set server b/s state maint",
    "set server b/s state ready",
    "set server b/s health up",
    "set server b/s weight 0",
    "set server b/s health down",
    "set server b/s health up",
    "set server b/s weight 1",
    "set server b/k health down",
    "set server b/k health up",
    "set server b/last health down",
];

fn mailers(sinks: &[&Sink], lines: &str) -> String {
    let sinks = sinks.iter().enumerate();
    let list: String = sinks.map(|(index, sink)| format!("  mailer m{index} {}\n", sink.address())).collect();
    format!("mailers m\n{lines}{list}")
}

/// What two mailers are told of the history; the first mails are about a check that fails.
fn through(haproxy: Option<&Path>, level: &str) -> [Vec<String>; 2] {
    let (closed, first, second) = (ClosedPort::new(), Sink::start(None), Sink::start(None));
    let text = format!(
        "{GLOBAL}{}backend b
  email-alert mailers m
  email-alert from lb@example.com
  email-alert to ops@example.com
  email-alert level {level}
  option log-health-checks
  server s 127.0.0.1:1
  server k 127.0.0.1:1 backup
  server last 127.0.0.1:1
  server checked {} check inter 1h fall 1
",
        mailers(&[&first, &second], ""),
        closed.address()
    );
    let side = Side::start(haproxy, &text, 0);
    eventually("the check has failed", || side.ask("show servers state b").contains(" checked 127.0.0.1 0 "));
    for command in HISTORY {
        side.ask(command);
    }
    let port = closed.address().port().to_string();
    [&first, &second]
        .map(|sink| sink.told_last("Server b/last is DOWN").iter().map(|told| told.replace(&port, "PORT")).collect())
}

#[test]
fn mailers_are_told_what_haproxy_tells_them() {
    let Some(binary) = haproxy() else { return };
    for level in ["alert", "warning", "notice", "info", "debug"] {
        let (theirs, ours) = (through(Some(&binary), level), through(None, level));
        assert_eq!(theirs, ours, "level {level}");
        assert_eq!(theirs[0], theirs[1]);
    }
}

/// What a mailer with an oddity is told of three changes.
fn twisted(haproxy: Option<&Path>, twist: Twist) -> Vec<String> {
    let sink = Sink::start(Some(twist));
    let text = format!(
        "{GLOBAL}{}backend b
  email-alert mailers m
  email-alert from lb@example.com
  email-alert to ops@example.com
  email-alert myhostname lb.example.com
  server s 127.0.0.1:1
  server t 127.0.0.1:1
  server u 127.0.0.1:1
",
        mailers(&[&sink], "  timeout mail 300ms\n")
    );
    let side = Side::start(haproxy, &text, 0);
    for server in ["s", "t", "u"] {
        side.ask(&format!("set server b/{server} health down"));
    }
    // Each is tried once, in a connection of its own, whatever came of the one before it.
    sink.told(3)
}

#[test]
fn mailers_that_refuse_are_treated_as_haproxy_treats_them() {
    let Some(binary) = haproxy() else { return };
    let twist = |at, act| Twist { at, act };
    let mut twists = Vec::new();
    for at in ["greeting", "HELO", "MAIL", "RCPT", "DATA", "text", "QUIT"] {
        twists.extend([twist(at, Act::Say("550 no\r\n")), twist(at, Act::Close)]);
    }
    for at in ["greeting", "RCPT", "QUIT"] {
        twists.extend([twist(at, Act::Silence), twist(at, Act::Reset)]);
    }
    twists.push(twist("greeting", Act::Say("220-a\r\n220 b\r\n")));
    twists.push(twist("HELO", Act::Say("250-a\r\n250-b\r\n250 c\r\n")));
    for twist in twists {
        assert_eq!(twisted(Some(&binary), twist), twisted(None, twist), "{twist:?}");
    }
}

fn failing(log: &LogSink, mailers: &str) -> Instance {
    Instance::start(&format!(
        "{mailers}backend b\n mode tcp\n log {} local0\n email-alert mailers m\n email-alert from a\n email-alert to b\n \
         server s 127.0.0.1:1\n",
        log.address()
    ))
}

#[test]
fn what_is_not_delivered_is_logged() {
    let (log, closed) = (LogSink::new(), ClosedPort::new());
    let lb = failing(&log, &format!("mailers m\n mailer a {}\n", closed.address()));
    lb.proxy().execute("set server b/s health down").unwrap();
    let refused = "Email alert [b] not delivered to mailer m/a: Connection refused.";
    eventually("a warning", || log.text() == refused);

    let (log, sink) = (LogSink::new(), Sink::start(Some(Twist { at: "RCPT", act: Act::Say("550 who?\r\n") })));
    let lb = failing(&log, &mailers(&[&sink], ""));
    lb.proxy().execute("set server b/s health down").unwrap();
    let refused = "Email alert [b] not delivered to mailer m/m0: it answered '550 who?' to RCPT TO.";
    eventually("a warning", || log.text() == refused);
}

#[test]
fn a_mailer_that_hangs_holds_a_bounded_number_of_mails() {
    let (log, sink) = (LogSink::new(), Sink::start(Some(Twist { at: "greeting", act: Act::Silence })));
    let lb = failing(&log, &mailers(&[&sink], " timeout mail 1h\n"));
    let mut told = Vec::new();
    for _ in 0..1026 {
        lb.proxy().execute("set server b/s health down").unwrap();
        lb.proxy().execute("set server b/s health up").unwrap();
        while !log.is_empty() {
            told.push(log.text());
        }
    }
    let lost = "Email alert [b] lost: 1024 wait for mailer m/m0 already.";
    eventually("a warning", || told.iter().any(|line| line == lost) || log.text() == lost);
}

/// As in HAProxy: the mail that a mailer is being told is told to its end, those behind it are not.
#[test]
fn a_soft_stop_waits_for_the_mail_that_is_under_way() {
    let mailer = TcpListener::bind("127.0.0.1:0").unwrap();
    let lb = Instance::start(&format!(
        "mailers m\n mailer a {}\nlisten b\n mode tcp\n bind 127.0.0.1:0\n email-alert mailers m\n email-alert from a\n \
         email-alert to b\n server s 127.0.0.1:1\n",
        mailer.local_addr().unwrap()
    ));
    lb.proxy().execute("set server b/s health down").unwrap();
    lb.proxy().execute("set server b/s health up").unwrap();
    let mut connection = mailer.accept().unwrap().0;
    lb.proxy().soft_stop();
    eventually("it listens no more", || TcpStream::connect(lb.address()).is_err());
    std::thread::scope(|scope| {
        scope.spawn(|| lb.proxy().wait());
        let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
        let mut reply = |code: &str| connection.write_all(format!("{code} x\r\n").as_bytes()).unwrap();
        reply("220");
        for (command, code) in [("HELO", "250"), ("MAIL", "250"), ("RCPT", "250"), ("DATA", "354"), (".", "250")] {
            let told = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(command));
            assert!(told.is_some(), "{command}");
            reply(code);
        }
        assert_eq!(lines.next().unwrap().unwrap(), "QUIT");
        reply("221");
    });
    mailer.set_nonblocking(true).unwrap();
    assert!(mailer.accept().is_err());
}
