//! `show sess` and `shutdown session` with streams in every stage: what HAProxy 2.6.12 says of them and what lb does,
//! field by field, and the log lines of those that are shut.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use lb_tests::origin::{ClosedPort, SilentPort};
use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, LogSink, PATIENCE, Wire, eventually};

/// The frontends of the configuration, in the order of their listeners.
const FRONTENDS: [&str; 9] = ["plain", "queued", "silent", "refused", "tarpit", "buffer", "tcp", "tcpsilent", "h2"];

/// What runs the streams.
enum Subject {
    Lb(Instance),
    HaProxy(Process, PathBuf),
}

/// A subject with the servers behind it.
struct Bench {
    subject: Subject,
    http: TcpListener,
    bytes: TcpListener,
    log: LogSink,
    _ports: (SilentPort, ClosedPort, tempfile::TempDir),
}

impl Bench {
    fn new(binary: Option<PathBuf>) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (http, bytes, log) = (listen(), listen(), LogSink::new());
        let (silent, closed, folder) = (SilentPort::new(), ClosedPort::new(), tempfile::tempdir().unwrap());
        let (to_http, to_bytes) = (http.local_addr().unwrap(), bytes.local_addr().unwrap());
        let section = |name: &str, lines: &str| {
            let at = FRONTENDS.iter().position(|frontend| *frontend == name).unwrap();
            let proto = if name == "h2" { " proto h2" } else { "" };
            let (bind, proto) =
                if binary.is_some() { (format!("{{listen{at}}}"), proto) } else { ("127.0.0.1:0".into(), proto) };
            format!("listen {name}\n  bind {bind}{proto}\n  {}\n", lines.replace(';', "\n  "))
        };
        let socket = folder.path().join("stats");
        let stats = match &binary {
            Some(_) => format!("\n  stats socket {} level admin", socket.display()),
            None => String::new(),
        };
        let text = format!(
            "global
  nbthread 1{stats}
  log {} local0
defaults
  mode http
  log global
  option httplog
  timeout connect 30s
  timeout client 50s
  timeout server 100s
  timeout queue 40s
  timeout tarpit 20s
{}{}{}{}{}{}{}{}{}",
            log.address(),
            section("plain", &format!("server s {to_http}")),
            section("queued", &format!("server s {to_http} maxconn 1")),
            section("silent", &format!("server s {}", silent.address())),
            section("refused", &format!("server s {}", closed.address())),
            section("tarpit", "http-request tarpit"),
            section("buffer", &format!("option http-buffer-request;server s {to_http}")),
            section("tcp", &format!("mode tcp;option tcplog;server s {to_bytes}")),
            section("tcpsilent", &format!("mode tcp;option tcplog;server s {}", silent.address())),
            section("h2", &format!("server s {to_http}")),
        );
        let subject = match &binary {
            Some(binary) => Subject::HaProxy(Process::start(binary, &text, FRONTENDS.len()), socket.clone()),
            None => Subject::Lb(Instance::start(&text)),
        };
        if binary.is_some() {
            eventually("the stats socket is there", || UnixStream::connect(&socket).is_ok());
        }
        Self { subject, http, bytes, log, _ports: (silent, closed, folder) }
    }

    fn address(&self, frontend: &str) -> SocketAddr {
        let at = FRONTENDS.iter().position(|name| *name == frontend).unwrap();
        match &self.subject {
            Subject::Lb(instance) => instance.address_of(frontend),
            Subject::HaProxy(process, _) => process.address(at),
        }
    }

    fn connect(&self, frontend: &str) -> Wire {
        Wire::connect(self.address(frontend))
    }

    /// A server's end of the next connection.
    fn accept(&self, listener: &TcpListener) -> Wire {
        Wire::of_tcp(listener.accept().unwrap().0)
    }

    /// A connection of a client that asks, and of the server that was asked.
    fn ask(&self, frontend: &str, request: &str) -> (Wire, Wire) {
        let mut client = self.connect(frontend);
        client.send(request);
        let mut server = self.accept(&self.http);
        server.try_head().unwrap();
        (client, server)
    }

    fn command(&self, command: &str) -> String {
        match &self.subject {
            Subject::Lb(instance) => match instance.proxy().execute(command) {
                Ok(text) => text,
                Err(error) => format!("{}\n", error.text()),
            },
            Subject::HaProxy(_, socket) => {
                let mut stream = UnixStream::connect(socket).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.write_all(format!("{command}\n").as_bytes()).unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                text.strip_suffix('\n').unwrap().to_owned()
            }
        }
    }

    /// The lines of all streams but those of the stats socket.
    fn lines(&self) -> Vec<String> {
        let text = self.command("show sess");
        text.lines().filter(|line| !line.contains("fe=GLOBAL")).map(str::to_owned).collect()
    }

    /// Waits until there are streams whose lines hold these words, and nothing else.
    fn lines_with(&self, words: &[&str]) -> Result<Vec<String>, String> {
        let started = std::time::Instant::now();
        loop {
            let lines = self.lines();
            if lines.len() == words.len() && lines.iter().zip(words).all(|(line, word)| line.contains(word)) {
                return Ok(lines);
            }
            if started.elapsed() > PATIENCE / 4 {
                return Err(format!("{words:?} never came: {lines:#?}"));
            }
        }
    }

    /// Shuts a stream.
    fn shut(&self, line: &str) {
        let reply = self.command(&format!("shutdown session {}", line.split_once(':').unwrap().0));
        assert_eq!(reply.trim_end(), "");
    }
}

/// The fields of a line, with what differs from run to run taken out of them.
fn fields(line: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let (id, rest) = line.split_once(": ").unwrap();
    assert!(id.starts_with("0x"), "{line}");
    for word in rest.split(' ') {
        let (name, value) = word.split_once('=').unwrap();
        if !value.contains('[') && !word.contains('[') {
            fields.insert(name.to_owned(), normal(name, value));
            continue;
        }
        let (name, inner) = word.split_once('[').unwrap();
        let name = name.trim_end_matches('=');
        for (at, part) in inner.trim_end_matches(']').split(',').enumerate() {
            let (key, value) = part.split_once('=').map_or((at.to_string(), part), |(k, v)| (k.to_owned(), v));
            fields.insert(format!("{name}.{key}"), normal(&key, value));
        }
    }
    fields
}

fn normal(name: &str, value: &str) -> String {
    match name {
        "src" => value.rsplit_once(':').unwrap().0.to_owned(),
        // How often a stream is woken, and what its buffers hold, is the program's own affair.
        "epoch" | "age" | "calls" | "rate" | "i" | "exp" => String::new(),
        "fd" => if value == "-1" { value } else { "some" }.to_owned(),
        "rx" | "wx" | "ax" | "c_exp" => bucket(value),
        _ => value.to_owned(),
    }
}

/// A time that is left, rounded up to the timeout it is what is left of.
fn bucket(left: &str) -> String {
    if left.is_empty() {
        return String::new();
    }
    let mut seconds = 0;
    let mut number = 0;
    for c in left.chars() {
        match c {
            'm' => seconds += std::mem::take(&mut number) * 60,
            's' => seconds += std::mem::take(&mut number),
            digit => number = number * 10 + digit.to_digit(10).unwrap(),
        }
    }
    let timeout = [1, 20, 30, 40, 50, 100].into_iter().find(|timeout| seconds <= *timeout).unwrap();
    format!("of {timeout}")
}

/// One or more streams held in some stage: opens them and says what words their lines hold then.
type Scenario = fn(&Bench) -> (Vec<Wire>, Vec<&'static str>);

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc";

fn large_body(wire: &mut Wire) {
    // More than all buffers on the way take; what is left over is of no interest.
    let lb_tests::wire::Socket::Tcp(socket) = wire.socket() else { unreachable!() };
    socket.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    while wire.try_send([b'x'; 65536]).is_ok() {}
}

fn h2_request(stream: u8, end: bool) -> Vec<u8> {
    let block = b"\x82\x86\x84\x41\x01a";
    let mut frame = vec![0, 0, block.len() as u8, 1, 4 | u8::from(end), 0, 0, 0, stream];
    frame.extend_from_slice(block);
    frame
}

const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const WAITING: &str = "an=1400000h";
const DATA: &str = "an=4000000h";

/// A TCP connection through the proxy that is established on both sides, and was not used.
fn tcp(bench: &Bench) -> (Wire, Wire) {
    let client = bench.connect("tcp");
    let server = bench.accept(&bench.bytes);
    bench.lines_with(&["rp[f=80008000h"]).unwrap();
    (client, server)
}

/// What both are to agree on.
const SCENARIOS: &[(&str, Scenario)] = &[
    ("a connection that said nothing", |bench| (vec![bench.connect("plain")], vec![])),
    ("half a head", |bench| {
        let mut client = bench.connect("plain");
        client.send("GET / HT");
        (vec![client], vec![])
    }),
    ("a request waiting for its server", |bench| {
        let (client, server) = bench.ask("plain", GET);
        (vec![client, server], vec![WAITING])
    }),
    ("an upload that its client holds up", |bench| {
        let (client, server) = bench.ask("plain", POST);
        (vec![client, server], vec![WAITING])
    }),
    ("a complete upload", |bench| {
        let mut client = bench.connect("plain");
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        let mut server = bench.accept(&bench.http);
        server.try_request().unwrap();
        (vec![client, server], vec![WAITING])
    }),
    ("an upload that its server does not take", |bench| {
        let (mut client, server) =
            bench.ask("plain", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
        large_body(&mut client);
        (vec![client, server], vec!["870282"])
    }),
    ("a response whose server holds it up", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        (vec![client, server], vec![DATA])
    }),
    ("a second piece of it", |bench| {
        let (mut client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        client.head();
        client.read_exactly(3).unwrap();
        bench.lines_with(&[DATA]).unwrap();
        server.send("def");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["80040202h"])
    }),
    ("a chunked response", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        (vec![client, server], vec![DATA])
    }),
    ("a response that its client does not take", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        large_body(&mut server);
        (vec![client, server], vec!["80070202"])
    }),
    ("a tunnel", |bench| {
        let (mut client, mut server) =
            bench.ask("plain", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        server.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        client.head();
        (vec![client, server], vec!["88048000h"])
    }),
    ("a tunnel that was used", |bench| {
        let (mut client, mut server) =
            bench.ask("plain", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        server.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        client.head();
        bench.lines_with(&["88048000h"]).unwrap();
        server.send("abc");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["88048202h"])
    }),
    ("a CONNECT tunnel", |bench| {
        let (mut client, mut server) = bench.ask("plain", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\n\r\n");
        client.response_to("CONNECT");
        (vec![client, server], vec!["88048000h"])
    }),
    ("a request in a queue", |bench| {
        let (first, server) = bench.ask("queued", GET);
        bench.lines_with(&[WAITING]).unwrap();
        let mut second = bench.connect("queued");
        second.send(GET);
        (vec![first, server, second], vec![WAITING, "scb=[2,"])
    }),
    ("a request that connects", |bench| {
        let mut client = bench.connect("silent");
        client.send(GET);
        (vec![client], vec!["scb=[5,"])
    }),
    ("a request that waits for another try", |bench| {
        let mut client = bench.connect("refused");
        client.send(GET);
        (vec![client], vec!["scb=[3,"])
    }),
    ("TCP before a byte", |bench| {
        let (client, server) = tcp(bench);
        (vec![client, server], vec!["rp[f=80008000h"])
    }),
    ("TCP from the client", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc");
        server.read_exactly(3).unwrap();
        (vec![client, server], vec!["rq[f=848202h"])
    }),
    ("TCP both ways", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc");
        server.read_exactly(3).unwrap();
        server.send("abc");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["rp[f=80048202h"])
    }),
    ("TCP whose client has closed", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc").finish();
        server.read_exactly(3).unwrap();
        (vec![client, server], vec!["rq[f=84a020h"])
    }),
    ("TCP whose server has closed", |bench| {
        let (mut client, mut server) = tcp(bench);
        server.send("abc").finish();
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["rp[f=8004a020h"])
    }),
    ("TCP that its client does not take", |bench| {
        let (client, mut server) = tcp(bench);
        large_body(&mut server);
        (vec![client, server], vec!["rp[f=80078202h"])
    }),
    ("TCP that its server does not take", |bench| {
        let (mut client, server) = tcp(bench);
        large_body(&mut client);
        (vec![client, server], vec!["rq[f=878202h"])
    }),
    ("TCP that connects", |bench| (vec![bench.connect("tcpsilent")], vec!["scb=[5,"])),
    ("HTTP/2 without a stream", |bench| {
        let mut client = bench.connect("h2");
        client.send(H2_PREFACE);
        (vec![client], vec![])
    }),
    ("two streams of HTTP/2", |bench| {
        let mut client = bench.connect("h2");
        client.send([H2_PREFACE, &h2_request(1, true), &h2_request(3, false)].concat());
        let (one, two) = (bench.accept(&bench.http), bench.accept(&bench.http));
        (vec![client, one, two], vec![WAITING, WAITING])
    }),
    // HAProxy leaves it there when it is shut: the last one.
    ("a request in a tarpit", |bench| {
        let mut client = bench.connect("tarpit");
        client.send(GET);
        (vec![client], vec!["an=200h"])
    }),
];

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
