//! Log targets and what lines say, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};
use std::sync::{Arc, Mutex};

use lb_core::config::Config;
use lb_core::log::{Cause, LogEvent, Notice, ServerAddress, Stage};
use lb_core::net::Inherited;
use lb_core::proxy::{Proxy, StartOptions};
use lb_tests::origin::ClosedPort;
use lb_tests::{LogSink, Origin, Wire, eventually};

/// An instance with one frontend on a port that the kernel picks, and options of its own.
fn start(log: &str, lines: &str, options: StartOptions) -> Proxy {
    let text = format!(
        "global
  nbthread 1
defaults
  mode http
  timeout connect 30s
  timeout client 30s
  timeout server 30s
  {log}
listen f
  bind 127.0.0.1:1
  {}
",
        lines.replace(';', "\n  ")
    );
    let mut config = Config::parse(&text, "test.cfg").expect("a right configuration");
    for bind in config.proxies.iter_mut().flat_map(|proxy| &mut proxy.binds) {
        bind.addresses = vec![lb_core::config::Address::Inet(([127, 0, 0, 1], 0).into())];
    }
    Proxy::start(config, options).expect("the instance starts")
}

fn connect(proxy: &Proxy) -> Wire {
    Wire::connect(proxy.listeners()[0].address.unwrap())
}

const ANSWER: &str = "http-request return status 200";

#[test]
fn an_inherited_descriptor_takes_lines() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut inherited = Inherited::default();
    inherited.insert(7, OwnedFd::from(writer));
    let options = StartOptions { inherited, ..StartOptions::default() };
    let proxy = start("log fd@7 format short local0", &format!("{ANSWER};log-format \"%HM %HU\""), options);
    connect(&proxy).get("/one");
    drop(proxy);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "<6>GET /one\n");
}

#[test]
fn an_abstract_socket_takes_lines() {
    let name = format!("lb-test-{}", std::process::id());
    let mut full = [0; 107];
    full[..name.len()].copy_from_slice(name.as_bytes());
    let receiver = UnixDatagram::bind_addr(&UnixAddr::from_abstract_name(full).unwrap()).unwrap();
    receiver.set_read_timeout(Some(lb_tests::PATIENCE)).unwrap();
    let target = format!("log abns@{name} format raw local0");
    let proxy = start(&target, &format!("{ANSWER};log-format \"%HU\""), StartOptions::default());
    connect(&proxy).get("/abstract");
    let mut buffer = [0; 100];
    let n = receiver.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..n], b"/abstract\n");
}

/// A pipe that nobody reads, a full socket, a path without anybody and a descriptor that does not exist: requests are
/// served all the same, every line is either taken or counted, and each failure is told once.
#[test]
fn targets_that_take_nothing_cost_lines_and_nothing_else() {
    const REQUESTS: u64 = 3000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.sock");
    let full = UnixDatagram::bind(&path).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let mut inherited = Inherited::default();
    inherited.insert(7, OwnedFd::from(writer));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let notices = Arc::clone(&told);
    let options = StartOptions {
        inherited,
        on_notice: Some(Arc::new(move |notice: &Notice| notices.lock().unwrap().push(notice.to_string()))),
        ..StartOptions::default()
    };
    let logs = format!(
        "log fd@7 format raw local0\n  log {} format raw local0\n  log /nowhere/at/all local0\n  log fd@99 local0\n  \
         option httplog",
        path.display()
    );
    let proxy = start(&logs, ANSWER, options);
    let mut client = connect(&proxy);
    for _ in 0..REQUESTS {
        assert_eq!(client.get("/").status(), 200);
    }
    let lost = |index: usize| proxy.log_targets()[index].dropped;
    eventually("the lines nobody takes are counted", || lost(2) == REQUESTS && lost(3) == REQUESTS);
    assert!(lost(0) > 0 && lost(0) < REQUESTS, "{}", lost(0));
    let mut taken = 0;
    full.set_nonblocking(true).unwrap();
    while full.recv(&mut [0; 1000]).is_ok() {
        taken += 1;
    }
    assert_eq!(taken + lost(1), REQUESTS);
    let reasons: Vec<String> = told.lock().unwrap().clone();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    // What the pipe holds, and what waits for it, are whole lines.
    let text = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::BufReader::new(reader).read_to_string(&mut text).unwrap();
        text
    });
    let counted = lost(0);
    drop((client, proxy));
    let text = text.join().unwrap();
    assert!(text.lines().all(|line| line.ends_with("\"GET / HTTP/1.1\"")), "whole lines");
    assert!(text.lines().count() as u64 + counted <= REQUESTS);
}

#[test]
fn records_are_given_to_who_listens() {
    let origin = Origin::saying("hello");
    let seen: Arc<Mutex<Vec<(lb_core::log::LogRecord, String)>>> = Arc::default();
    let records = Arc::clone(&seen);
    let on_log = move |event: &LogEvent<'_>| {
        records.lock().unwrap().push((event.record.clone(), String::from_utf8_lossy(event.line).into_owned()));
    };
    let options = StartOptions { on_log: Some(Arc::new(on_log)), ..StartOptions::default() };
    let server = format!("server s {};log-format \"%s %ST\"", origin.address());
    let proxy = start("", &server, options);
    let mut client = connect(&proxy);
    client.get("/listened");
    client.send("bad\r\n\r\n").response();
    eventually("both are told", || seen.lock().unwrap().len() == 2);
    let seen = seen.lock().unwrap();
    let (record, line) = &seen[0];
    assert_eq!((record.status, record.request_line.as_slice()), (200, &b"GET /listened HTTP/1.1"[..]));
    assert_eq!(record.server_address, Some(ServerAddress::Inet(origin.address())));
    assert_eq!((record.cause, record.stage, line.as_str()), (Cause::Normal, Stage::Finished, "s 200"));
    let (record, line) = &seen[1];
    assert_eq!((record.cause, record.refused, line.as_str()), (Cause::Proxy, true, "<NOSRV> 400"));
}

#[test]
fn addresses_and_numbers_are_real() {
    let (log, origin, closed) = (LogSink::new(), Origin::saying("hello"), ClosedPort::new());
    let target = format!("log {} format raw local0", log.address());
    let format = "log-format \"%si:%sp %bi:%bp %rt %lc %U %B %ts\"";
    let proxy = start(&target, &format!("{format};server s {}", origin.address()), StartOptions::default());
    let mut client = connect(&proxy);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    // The second one is here already when the first is answered: it is not counted with it.
    client.send([request, request].concat());
    client.response();
    client.response();
    let (first, second) = (log.text(), log.text());
    let fields: Vec<&str> = first.split(' ').collect();
    assert_eq!(fields[0], origin.address().to_string());
    let local: std::net::SocketAddr = fields[1].parse().unwrap();
    assert!(local.ip().is_loopback() && local.port() != 0);
    let bytes = request.len().to_string();
    assert_eq!(fields[2..], ["0", "0", &bytes, "43", "--"], "{first}");
    assert!(second.ends_with(&format!(" 1 1 {bytes} 43 --")), "{second}");
    let refused = start(&target, &format!("{format};retries 0;server s {}", closed.address()), StartOptions::default());
    connect(&refused).get("/");
    let line = log.text();
    assert!(line.starts_with(&format!("{} 127.0.0.1:", closed.address())) && line.ends_with(" SC"), "{line}");
}

#[test]
fn what_is_known_at_the_start_is_logged_at_the_start() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        let _ = visit.wire.try_read_to_end();
    });
    let target = format!("log {} format raw local0", log.address());
    for format in ["", "log-format \"from %ci on %f\";"] {
        let lines = format!("mode tcp;{format}server s {}", origin.address());
        let proxy = start(&target, &lines, StartOptions::default());
        let _open = connect(&proxy);
        let line = log.text();
        assert!(line.starts_with("Connect from 127.0.0.1:") || line == "from 127.0.0.1 on f", "{line}");
    }
}

#[test]
fn what_is_refused_has_a_format_of_its_own() {
    let log = LogSink::new();
    let target = format!("log {} format rfc5424 local0", log.address());
    let lines =
        format!("{ANSWER};log-format \"%HU\";error-log-format \"refused %ST %ts\";log-format-sd \"[a@1 m=%HM]\"");
    let proxy = start(&target, &lines, StartOptions::default());
    connect(&proxy).get("/fine");
    connect(&proxy).send("bad\r\n\r\n").response();
    let end = |line: String| line.split_once(" - [").map(|(_, rest)| rest.to_owned()).unwrap();
    assert_eq!(end(log.text()), "a@1 m=GET] /fine");
    assert_eq!(end(log.text()), "a@1 m=<BADREQ>] refused 400 PR");
}

/// Of HAProxy, where it is installed, and of lb: what the log says when a soft stop begins.
#[test]
fn proxies_say_that_they_stop() {
    const SECTIONS: &str = "frontend f
  bind {listen0}
  default_backend b
listen l
  bind {listen1}
  server s {server}
backend b
  server s {server}
listen quiet
  no log
  bind {listen2}
  server s {server}
";
    let origin = Origin::saying("hello");
    let text = |log: &LogSink| {
        format!(
            "global\n  nbthread 1\n  log {} format short local0\n{}  log global\n{SECTIONS}",
            log.address(),
            lb_tests::HTTP.split_once("nbthread 1\n").unwrap().1
        )
        .replace("{server}", &origin.address().to_string())
    };
    let lines = |log: &LogSink| -> Vec<String> {
        let lines = std::iter::repeat_with(|| log.text()).filter(|line| line.contains("Proxy "));
        lines.take(3).collect()
    };
    let expected = [
        "<4>Proxy f stopped (cumulated conns: FE: 1, BE: 0).",
        "<4>Proxy l stopped (cumulated conns: FE: 2, BE: 2).",
        "<4>Proxy b stopped (cumulated conns: FE: 0, BE: 1).",
    ];
    let use_it = |addresses: [std::net::SocketAddr; 2]| {
        let mut first = Wire::connect(addresses[0]);
        first.get("/");
        Wire::connect(addresses[1]).get("/");
        Wire::connect(addresses[1]).get("/");
        first
    };
    let log = LogSink::new();
    let local = text(&log).replace("{listen0}", "127.0.0.1:0").replace("{listen1}", "127.0.0.1:0");
    let lb = lb_tests::Instance::start(&local.replace("{listen2}", "127.0.0.1:0"));
    let _open = use_it([lb.address_of("f"), lb.address_of("l")]);
    lb.proxy().soft_stop();
    assert_eq!(lines(&log), expected);
    let Some(binary) = lb_tests::process::haproxy() else { return };
    let log = LogSink::new();
    let haproxy = lb_tests::process::Process::start(&binary, &text(&log), 3);
    let _open = use_it([haproxy.address(0), haproxy.address(1)]);
    haproxy.signal(rustix::process::Signal::USR1);
    assert_eq!(lines(&log), expected);
}
