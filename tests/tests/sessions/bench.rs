//! A program with servers behind it, and what `show sess` says, made comparable.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use lb_tests::origin::{ClosedPort, SilentPort};
use lb_tests::process::Process;
use lb_tests::{Instance, LogSink, PATIENCE, Wire, eventually};

/// The frontends of the configuration, in the order of their listeners.
pub(crate) const FRONTENDS: [&str; 9] =
    ["plain", "queued", "silent", "refused", "tarpit", "buffer", "tcp", "tcpsilent", "h2"];

/// What runs the streams.
pub(crate) enum Subject {
    Lb(Instance),
    HaProxy(Process, PathBuf),
}

/// A subject with the servers behind it.
pub(crate) struct Bench {
    pub(crate) subject: Subject,
    pub(crate) http: TcpListener,
    pub(crate) bytes: TcpListener,
    pub(crate) log: LogSink,
    _ports: (SilentPort, ClosedPort, tempfile::TempDir),
}

impl Bench {
    pub(crate) fn new(binary: Option<PathBuf>) -> Self {
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

    pub(crate) fn address(&self, frontend: &str) -> SocketAddr {
        let at = FRONTENDS.iter().position(|name| *name == frontend).unwrap();
        match &self.subject {
            Subject::Lb(instance) => instance.address_of(frontend),
            Subject::HaProxy(process, _) => process.address(at),
        }
    }

    pub(crate) fn connect(&self, frontend: &str) -> Wire {
        Wire::connect(self.address(frontend))
    }

    /// A server's end of the next connection.
    pub(crate) fn accept(&self, listener: &TcpListener) -> Wire {
        Wire::of_tcp(listener.accept().unwrap().0)
    }

    /// A connection of a client that asks, and of the server that was asked.
    pub(crate) fn ask(&self, frontend: &str, request: &str) -> (Wire, Wire) {
        let mut client = self.connect(frontend);
        client.send(request);
        let mut server = self.accept(&self.http);
        server.try_head().unwrap();
        (client, server)
    }

    pub(crate) fn command(&self, command: &str) -> String {
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
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = self.command("show sess");
        text.lines().filter(|line| !line.contains("fe=GLOBAL")).map(str::to_owned).collect()
    }

    /// Waits until there are streams whose lines hold these words, and nothing else.
    pub(crate) fn lines_with(&self, words: &[&str]) -> Result<Vec<String>, String> {
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
    pub(crate) fn shut(&self, line: &str) {
        let reply = self.command(&format!("shutdown session {}", line.split_once(':').unwrap().0));
        assert_eq!(reply.trim_end(), "");
    }
}

/// The fields of a line, with what differs from run to run taken out of them.
pub(crate) fn fields(line: &str) -> BTreeMap<String, String> {
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

pub(crate) fn normal(name: &str, value: &str) -> String {
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
pub(crate) fn bucket(left: &str) -> String {
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
