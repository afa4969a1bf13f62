//! Rules about bytes as data: lines of a configuration, what both sides do, and what HAProxy and lb make of it: what either
//! side got, the log, and the statistics.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::side::Side;
use crate::{Origin, PATIENCE, Wire, eventually};

/// Lines of a frontend and a backend, and what happens between a client and the server behind them.
#[derive(Clone, Debug, Default)]
pub struct TcpCase {
    /// What it is called.
    pub name: String,
    /// HTTP mode.
    pub http: bool,
    /// Lines of the frontend.
    pub frontend: Vec<String>,
    /// Lines of the backend.
    pub backend: Vec<String>,
    /// Words behind the server's address.
    pub server_words: String,
    /// What the client does.
    pub client: Vec<Step>,
    /// What the server does on each connection.
    pub server: Vec<Step>,
    /// Why the two differ on purpose.
    pub differs: Option<String>,
}

/// What a side does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this many bytes.
    Flood(usize),
    /// Reads this many bytes.
    Read(usize),
    /// Reads a response, or a request.
    Message,
    /// Reads to the end.
    End,
    /// Says that nothing more will be sent.
    Finish,
    /// Resets the connection.
    Reset,
    /// Gives the proxy time to get to where it waits. Too little of it makes a difference, and a second try.
    Pause,
    /// Waits until the other side tells.
    Wait,
    /// Lets the other side go on.
    Tell,
}

/// Reads cases from text: `== name` or `== name (http)`, lines of the frontend, then parts that begin with `-- backend`,
/// `-- server-words`, `-- client`, `-- server` or `-- differs`. Without its own, a client sends `hello`, says that this
/// was all and reads to the end, and a server reads it and answers `bye`; in HTTP they exchange a request and a response.
///
/// # Panics
/// When something is unknown.
pub fn read_tcp_cases(text: &str) -> Vec<TcpCase> {
    let mut cases: Vec<TcpCase> = Vec::new();
    let mut part = "frontend";
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(TcpCase { name: name.to_owned(), http: name.ends_with("(http)"), ..TcpCase::default() });
            part = "frontend";
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(name) = line.strip_prefix("-- ") {
            part = name;
            continue;
        }
        match part {
            "frontend" => case.frontend.push(line.to_owned()),
            "backend" => case.backend.push(line.to_owned()),
            "server-words" => line.clone_into(&mut case.server_words),
            "client" => case.client.push(step(line)),
            "server" => case.server.push(step(line)),
            "differs" => case.differs = Some(line.to_owned()),
            part => panic!("{}: unknown part {part}", case.name),
        }
    }
    for case in &mut cases {
        let (client, server) = match case.http {
            true => (
                ["send GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "message", "finish", "end"],
                ["message", "send HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"].as_slice(),
            ),
            false => (["send hello", "finish", "end", "end"], ["read 5", "send bye", "end"].as_slice()),
        };
        if case.client.is_empty() {
            case.client = client.map(step).into();
        }
        if case.server.is_empty() {
            case.server = server.iter().map(|line| step(line)).collect();
        }
    }
    cases
}

fn step(line: &str) -> Step {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "send" => Step::Send(rest.replace("\\r", "\r").replace("\\n", "\n").into_bytes()),
        "flood" => Step::Flood(rest.parse().expect("a number")),
        "read" => Step::Read(rest.parse().expect("a number")),
        "message" => Step::Message,
        "end" => Step::End,
        "finish" => Step::Finish,
        "reset" => Step::Reset,
        "pause" => Step::Pause,
        "wait" => Step::Wait,
        "tell" => Step::Tell,
        word => panic!("unknown step {word}"),
    }
}

/// How the two sides know of each other: how often each has told.
#[derive(Debug, Default)]
struct Told {
    counts: Mutex<[usize; 2]>,
    changed: Condvar,
}

impl Told {
    fn tell(&self, side: usize) {
        self.counts.lock().expect("told")[side] += 1;
        self.changed.notify_all();
    }

    fn wait(&self, side: usize, already: usize) {
        let counts = self.counts.lock().expect("told");
        let _ = self.changed.wait_timeout_while(counts, PATIENCE / 4, |counts| counts[1 - side] <= already);
    }
}

/// Does the steps and says what was received, and how it ended.
fn perform(steps: &[Step], mut wire: Wire, side: usize, told: &Told) -> (String, Option<Wire>) {
    let (mut got, mut heard) = (String::new(), 0);
    for step in steps {
        let received = match step {
            Step::Send(bytes) => {
                let _ = wire.try_send(bytes);
                continue;
            }
            Step::Flood(bytes) => {
                let _ = wire.try_send(vec![b'a'; *bytes]);
                continue;
            }
            Step::Finish => {
                if let crate::wire::Socket::Tcp(tcp) = wire.socket() {
                    let _ = tcp.shutdown(std::net::Shutdown::Write);
                }
                continue;
            }
            Step::Pause => {
                std::thread::sleep(std::time::Duration::from_millis(60));
                continue;
            }
            Step::Tell => {
                told.tell(side);
                continue;
            }
            Step::Wait => {
                told.wait(side, heard);
                heard += 1;
                continue;
            }
            Step::Reset => {
                wire.reset();
                return (got, None);
            }
            Step::Read(bytes) => wire.read_exactly(*bytes),
            Step::End => wire.try_read_to_end().map(|mut bytes| {
                bytes.extend_from_slice(b"<END>");
                bytes
            }),
            Step::Message if side == 0 => {
                wire.try_response_to("GET").map(|message| format!("<{}>", message.start).into_bytes())
            }
            Step::Message => {
                let shown = |head: Option<crate::Message>| match head {
                    None => "<END>".to_owned(),
                    Some(head) => {
                        let field = |name: &str| format!(" {name}={}", head.header(name).unwrap_or("-"));
                        format!("<{}{}{}>", head.start, field("x-forwarded-for"), field("x-v"))
                    }
                };
                wire.try_request().map(|head| shown(head).into_bytes())
            }
        };
        match received {
            Ok(bytes) if bytes.len() > 200 => got.push_str(&format!("<{} bytes>", bytes.len())),
            Ok(bytes) => got.push_str(&String::from_utf8_lossy(&bytes)),
            Err(_) => got.push_str("<BROKEN>"),
        }
    }
    (got, Some(wire))
}

const LAST: &str = "THE END";

/// The columns of the statistics that are compared; those in capitals as none or some.
const COLUMNS: &[&str] = &[
    "stot",
    "bin",
    "bout",
    "dreq",
    "dresp",
    "ereq",
    "econ",
    "eresp",
    "cli_abrt",
    "srv_abrt",
    "hrsp_1xx",
    "hrsp_2xx",
    "hrsp_4xx",
    "hrsp_5xx",
    "hrsp_other",
    "req_tot",
    "conn_tot",
    "dcon",
    "dses",
    "lbtot",
    "wretr",
    "intercepted",
];

impl TcpCase {
    fn configuration(&self, log: &str, server: &str) -> String {
        let own = match self.http {
            true => "%TR/%Tw/%Tc/%Tr/%Ta %ST %tsc %hr %{+Q}r",
            false => "%Tw/%Tc/%Tt %ts %hr",
        };
        let format = format!(
            "~%ci:%cp~%fi:%fp~%b/%s~{own}~B=%B~U=%U~v=%[var(sess.v)]~t=%[var(txn.v)]~s=%[src]:%[src_port]~d=%[dst]"
        );
        let indent = |lines: &[String]| lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
        format!(
            "global\n  nbthread 1\n  log {log} local0\n  stats socket {{dir}}/stats level admin\ndefaults\n  mode {}\n  \
             log global\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\nfrontend fe\n  \
             bind {{listen0}}\n  log-format \"{format}\"\n  default_backend be\n{}backend be\n  server s {server} {}\n{}\
             backend other\n  server s {server}\nlisten last\n  mode http\n  bind {{listen1}}\n  monitor-uri /ready\n  \
             log-format \"{LAST}\"\n  http-request return status 200\n",
            if self.http { "http" } else { "tcp" },
            indent(&self.frontend),
            self.server_words,
            indent(&self.backend),
        )
    }

    /// Goes through a program and says what came of it.
    fn run(&self, haproxy: Option<&Path>) -> Vec<String> {
        let told = Arc::new(Told::default());
        let log = UdpSocket::bind("127.0.0.1:0").expect("bind");
        log.set_read_timeout(Some(PATIENCE)).expect("timeout");
        let (steps, shared, got) = (self.server.clone(), Arc::clone(&told), Arc::new(Mutex::new(Vec::new())));
        let results = Arc::clone(&got);
        let origin = Origin::start(move |visit| {
            let wire = visit.wire.writer();
            let (received, _wire) = perform(&steps, wire, 1, &shared);
            results.lock().expect("results").push(received);
        });
        let log_address = log.local_addr().expect("address").to_string();
        let text = self.configuration(&log_address, &origin.address().to_string());
        let side = Side::start(haproxy, &text, 2);
        Wire::connect(side.address(1)).send("GET /ready HTTP/1.0\r\n\r\n").read_to_end();
        // A connection may be reset before its client knows that there is one.
        let (received, client) = match std::net::TcpStream::connect(side.address(0)) {
            Ok(socket) => {
                let client = socket.local_addr().expect("address").port().to_string();
                (perform(&self.client, Wire::of_tcp(socket), 0, &told).0, client)
            }
            Err(_) => ("<BROKEN>".to_owned(), "none".to_owned()),
        };
        eventually("the session is over", || {
            let rows = statistics(&side);
            rows.iter().all(|row| !row.starts_with("fe/FRONTEND") || row.contains(" scur=0 "))
        });
        let _ = Wire::connect(side.address(1)).try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut lines = vec![format!("client got {received}")];
        let mut buffer = [0; 65536];
        while let Ok(n) = log.recv(&mut buffer) {
            let line = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
            if line.ends_with(LAST) {
                break;
            }
            let front = side.address(0).port().to_string();
            let shown = line.split_once(": ").map_or(line.as_str(), |(_, rest)| rest);
            let shown = shown.replace(&client, "CLIENT").replace(&front, "FRONT");
            lines.push(format!("log {}", without_times(&shown, self.http)));
        }
        let rows = statistics(&side);
        lines.extend(rows.iter().map(|row| plain(row, self.http)));
        let front = side.address(0).port().to_string();
        drop(side);
        eventually("the server is done", || got.lock().expect("results").len() == origin.connections());
        let told = got.lock().expect("results").clone();
        let ports = |text: &str| text.replace(&client, "CLIENT").replace(&front, "FRONT");
        lines.extend(told.iter().map(|text| format!("server got {}", ports(text))));
        lines
    }
}

/// Timers by class: not reached, at once, waited for; bytes of HTTP as none or some.
fn without_times(line: &str, http: bool) -> String {
    let class = |number: &str| match number.parse::<i64>() {
        Ok(number) if number < 0 => "-".to_owned(),
        Ok(number) if number < 200 => "0".to_owned(),
        Ok(_) => "W".to_owned(),
        Err(_) => number.to_owned(),
    };
    let fields = line.split('~').enumerate().map(|(index, field)| match (index, field.split_once('=')) {
        (4, _) => {
            let (times, rest) = field.split_once(' ').unwrap_or((field, ""));
            let times: Vec<String> = times.split('/').map(class).collect();
            format!("{} {rest}", times.join("/"))
        }
        (_, Some((name @ ("B" | "U"), number))) if http && number != "0" => format!("{name}=some"),
        _ => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join(" ~ ")
}

/// Rows of `show stat`: `fe/FRONTEND scur=0 stot=1...`.
fn statistics(side: &Side) -> Vec<String> {
    let text = side.ask("show stat");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let value = |fields: &[&str], name: &str| {
        let at = header.iter().position(|known| *known == name);
        at.and_then(|at| fields.get(at)).map_or("", |value| value).to_owned()
    };
    let rows = lines.map(|line| line.split(',').collect::<Vec<_>>());
    let wanted = rows.filter(|fields| matches!(fields.first(), Some(&"fe" | &"be" | &"other")));
    wanted
        .map(|fields| {
            let mut row = format!("{}/{} scur={} ", fields[0], fields[1], value(&fields, "scur"));
            for column in COLUMNS {
                let number = value(&fields, column);
                if !matches!(number.as_str(), "" | "0") {
                    row.push_str(&format!("{column}={number} "));
                }
            }
            row
        })
        .collect()
}

fn plain(row: &str, http: bool) -> String {
    let words = row.split(' ').map(|word| match word.split_once('=') {
        Some((name @ ("bin" | "bout"), _)) if http => format!("{name}=some"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// What differs between HAProxy and lb, by case; a case that differs is tried again before it counts.
pub fn compare_tcp(haproxy: &Path, cases: &[TcpCase]) -> Vec<String> {
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fault = compare_one(haproxy, case);
                    faults.lock().expect("faults").extend(fault);
                }
            });
        }
    });
    faults.into_inner().expect("faults")
}

fn compare_one(haproxy: &Path, case: &TcpCase) -> Option<String> {
    let mut shown = String::new();
    for _ in 0..3 {
        let (theirs, ours) = (case.run(Some(haproxy)), case.run(None));
        shown = differences(&theirs, &ours);
        if shown.is_empty() != case.differs.is_some() {
            break;
        }
    }
    match (shown.is_empty(), &case.differs) {
        (true, None) => None,
        (false, Some(why)) => {
            println!("{}: differs on purpose: {why}\n{shown}", case.name);
            None
        }
        (true, Some(_)) => Some(format!("== {}: does not differ", case.name)),
        (false, None) => Some(format!("== {}\n{shown}", case.name)),
    }
}

fn differences(theirs: &[String], ours: &[String]) -> String {
    let only = |these: &[String], those: &[String], mark: &str| {
        let lines = these.iter().filter(|line| !those.contains(line));
        lines.map(|line| format!("  {mark} {line}\n")).collect::<String>()
    };
    only(theirs, ours, "haproxy") + &only(ours, theirs, "lb     ")
}
