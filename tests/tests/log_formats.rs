//! Every variable of log formats with every combination of flags, samples among them, structured data, formats of errors
//! and of identifiers: the same through HAProxy and through lb, for requests that are served, refused and broken off.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::UdpSocket;
use std::path::Path;

use lb_tests::origin::ClosedPort;
use lb_tests::process::haproxy;
use lb_tests::side::Side;
use lb_tests::{Origin, PATIENCE, Wire};

/// Variables of both modes (configuration.txt, section 8.2.6).
const ANY: &[&str] = &[
    "B",
    "H",
    "ID",
    "ST",
    "T",
    "Tc",
    "Td",
    "Th",
    "Tl",
    "Ts",
    "Tt",
    "Tu",
    "U",
    "Tw",
    "ac",
    "b",
    "bc",
    "bi",
    "bp",
    "bq",
    "ci",
    "cp",
    "f",
    "fc",
    "fi",
    "fp",
    "ft",
    "hr",
    "hrl",
    "hs",
    "hsl",
    "lc",
    "ms",
    "pid",
    "rc",
    "rt",
    "s",
    "sc",
    "si",
    "sp",
    "sq",
    "sslc",
    "sslv",
    "t",
    "ts",
    "tsc",
    "[src]",
    "[str(\"a\\b c]d\")]",
    "[int(255)]",
    "[bool(true)]",
    "[ipv6(::1)]",
    "[bin(00ff41)]",
    "[var(txn.none)]",
    "[fe_name]",
    "[be_name]",
    "[str(\"x,y;z\")]",
];

/// Those of HTTP alone.
const HTTP: &[&str] = &[
    "CC",
    "CS",
    "HM",
    "HP",
    "HPO",
    "HQ",
    "HU",
    "HV",
    "Ta",
    "Ti",
    "TR",
    "Tq",
    "Tr",
    "r",
    "tr",
    "trg",
    "trl",
    "[capture.req.uri]",
    "[capture.req.hdr(0)]",
    "[capture.res.hdr(0)]",
    "[capture.req.method]",
    "[unique-id]",
    "[last_rule_line]",
];

/// Behind `%`, before the name.
const FLAGS: &[&str] = &["", "{+Q}", "{+X}", "{+E}", "{+Q,+X}", "{+Q,+E}", "{+X,+E}", "{+Q,+X,+E}", "{-Q}"];

/// At the start of the format: they are for all that follows.
const GLOBAL: &[&str] = &["", "%{+Q}o", "%{+E}o", "%{+Q,+E}o", "%{+X}o"];

/// What depends on ports, processes and clocks: only its form is compared.
fn is_volatile(name: &str) -> bool {
    let times = ["T", "Tl", "Ts", "ms", "t", "tr", "trg", "trl"];
    times.contains(&name)
        || name.starts_with('T') && name.len() == 2
        || ["bp", "cp", "fp", "sp", "pid", "ID", "rt", "B", "U", "[unique-id]"].contains(&name)
}

/// Letters of numbers and dates that are other ones in each run.
fn shape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_hexdigit() { 'N' } else { c };
        if !(c == 'N' && out.ends_with('N')) {
            out.push(c);
        }
    }
    out
}

fn format(names: &[&str], flags: &str, global: &str) -> String {
    let fields: Vec<String> = names.iter().map(|name| format!("<{}>=%{flags}{name}", label(name))).collect();
    format!("{global}{}", fields.join("~"))
}

/// Names without what means something in a format.
fn label(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect()
}

/// The lines of one program.
struct Lines {
    log: UdpSocket,
}

impl Lines {
    fn new() -> Self {
        let log = UdpSocket::bind("127.0.0.1:0").unwrap();
        log.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { log }
    }

    fn next(&self) -> String {
        let mut buffer = [0; 65536];
        let length = self.log.recv(&mut buffer).expect("a log line");
        String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned()
    }
}

/// What a client does with its connection.
type Client = fn(&mut Wire);

/// What clients do.
const CLIENTS: &[(&str, Client)] = &[
    ("served", |wire| {
        wire.send(
            "GET /a%20b/c?d=e&f=%22 HTTP/1.1\r\nHost: h\r\nX-A: say \"hi\" \\o/ ]}\r\nCookie: sid=a\\b; z=1\r\nConnection: \
             close\r\n\r\n",
        );
        wire.read_to_end();
    }),
    ("a body", |wire| {
        wire.send("POST http://h/x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
        wire.read_to_end();
    }),
    ("denied", |wire| {
        wire.send("GET /denied HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        wire.read_to_end();
    }),
    ("without a server", |wire| {
        wire.send("GET /down HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        wire.read_to_end();
    }),
    ("no request", |wire| {
        wire.send("GET \"\\ HTTP/1.1\r\nHost h\r\n\r\n");
        wire.read_to_end();
    }),
    ("broken off", |wire| {
        wire.send("GET /broken HTTP/1.1\r\nHo").finish();
        wire.read_to_end();
    }),
];

/// One frontend for each format.
fn configuration(formats: &[String], log: &UdpSocket, origin: &Origin, closed: &ClosedPort) -> String {
    let mut text = format!(
        "global\n  nbthread 1\n  stats socket {{dir}}/stats level admin\n  log {} len 32768 format raw local0\ndefaults\n  mode \
         http\n  log global\n  retries 0\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\nbackend app\n  \
         server s1 {}\nbackend down\n  server s1 {}\n",
        log.local_addr().unwrap(),
        origin.address(),
        closed.address()
    );
    for (index, lines) in formats.iter().enumerate() {
        text.push_str(&format!(
            "frontend f{index}\n  bind {{listen{index}}}\n  capture request header X-A len 64\n  capture response header X-R \
             len 64\n  capture cookie sid= len 32\n  unique-id-format \"%{{+X}}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid\"\n  \
             http-request deny if {{ path /denied }}\n  use_backend down if {{ path /down }}\n  default_backend \
             app\n{lines}"
        ));
    }
    text
}

/// The lines of every client for every format.
fn run(haproxy: Option<&Path>, formats: &[String]) -> Vec<String> {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-R: \"quoted\" \\ and ] more\r\nSet-Cookie: sid=c\\d; path=/\r\n\r\nok",
    );
    let closed = ClosedPort::new();
    let lines = Lines::new();
    let text = configuration(formats, &lines.log, &origin, &closed);
    let side = Side::start(haproxy, &text, formats.len());
    let mut seen = Vec::new();
    for listener in 0..formats.len() {
        for (_, client) in CLIENTS {
            let mut wire = side.connect(listener);
            client(&mut wire);
            drop(wire);
            seen.push(lines.next());
        }
    }
    seen
}

/// Fields by name; what is volatile by its form.
fn fields(line: &str) -> Vec<(String, String)> {
    line.split("~<")
        .map(|field| {
            let (name, value) = field.split_once(">=").unwrap_or((field, ""));
            let name = name.trim_start_matches('<').to_owned();
            let value = if is_volatile(&name) || name == "uniqueid" { shape(value) } else { value.to_owned() };
            (name, value)
        })
        .collect()
}

#[test]
fn variables_with_flags() {
    let Some(binary) = haproxy() else { return };
    let names: Vec<&str> = ANY.iter().chain(HTTP).copied().collect();
    let formats: Vec<(String, String)> = FLAGS
        .iter()
        .map(|flags| (*flags, ""))
        .chain(GLOBAL.iter().map(|global| ("", *global)))
        .chain([("{-Q}", "%{+Q}o"), ("{+X}", "%{+Q,+E}o"), ("{-E}", "%{+Q,+E}o")])
        .map(|(flags, global)| (format!("{global} {flags}"), format(&names, flags, global)))
        .collect();
    let quoted = |text: &str| text.replace('\'', "");
    let lines: Vec<String> = formats.iter().map(|(_, text)| format!("  log-format '{}'\n", quoted(text))).collect();
    let (theirs, ours) = (run(Some(&binary), &lines), run(None, &lines));
    let mut faults = Vec::new();
    for (index, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let (flags, client) = (&formats[index / CLIENTS.len()].0, CLIENTS[index % CLIENTS.len()].0);
        let (theirs, ours) = (fields(theirs), fields(ours));
        if theirs.len() != ours.len() {
            faults.push(format!("{flags} {client}:\n  HAProxy {theirs:?}\n  lb {ours:?}"));
            continue;
        }
        let different = theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours);
        faults.extend(
            different.map(|(theirs, ours)| {
                format!("{flags} {client} %{}: HAProxy {:?}, lb {:?}", theirs.0, theirs.1, ours.1)
            }),
        );
    }
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), theirs.len() * names.len(), faults.join("\n"));
}

/// Formats beside the usual one, whole lines.
#[test]
fn other_formats() {
    let Some(binary) = haproxy() else { return };
    let lines: Vec<String> = [
        "  error-log-format 'E %ci %ST %ts %{+Q}r %f %b/%s %[src] %[fc_err] %{+Q}[fc_err_str]'\n  log-format 'L %ci %ST %ts'\n",
        "  error-log-format '%{+Q,+E}o %f %hr %hs %CC %CS'\n  log-format '%ST%ts'\n",
        "  log-format 'a  b %ST   c  %[var(txn.none)] %hr  d'\n",
        "  log-format '%ST %% %%ci 100%%'\n",
        "  log-format '%(named)ST %(x){+Q}ci %(y)[src]'\n",
        "  option httplog\n",
        "  option httplog clf\n",
        "  option tcplog\n",
        "  option log-separate-errors\n  log-format '%ST %ts'\n",
        "  option dontlog-normal\n  log-format '%ST %ts'\n  no option dontlog-normal\n",
    ]
    .iter()
    .map(|lines| (*lines).to_owned())
    .collect();
    let mask = |line: &str| shape_of_line(line);
    let (theirs, ours) = (run(Some(&binary), &lines), run(None, &lines));
    let faults: Vec<String> = theirs
        .iter()
        .zip(&ours)
        .enumerate()
        .filter(|(_, (theirs, ours))| mask(theirs) != mask(ours))
        .map(|(index, (theirs, ours))| {
            format!(
                "{} {}\n  HAProxy {theirs}\n  lb      {ours}",
                lines[index / CLIENTS.len()],
                CLIENTS[index % CLIENTS.len()].0
            )
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A line without its numbers, which are other ones in each run, but for the status: the first that may be one and is no
/// part of a date, an address or a list of times.
fn shape_of_line(line: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    let mut found = false;
    for c in line.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let part = out.ends_with(['.', ':', '/']);
        let status = !found && !part && ["200", "400", "403", "503"].contains(&digits.as_str());
        found |= status;
        out.push_str(if digits.is_empty() || status { &digits } else { "N" });
        digits.clear();
        out.push(c);
    }
    out
}

#[test]
fn structured_data() {
    let Some(binary) = haproxy() else { return };
    let lines: Vec<String> = [
        "  log-format-sd '[exampleSDID@1234 bytes=\"%B\" status=\"%ST\" ci=\"%{+E}ci\" r=\"%{+E}r\" hr=\"%{+E}hr\" u=\"%{+E}HU\"]'\n  log-format 'm %ST'\n",
        "  log-format-sd '%{+E}o [a@1 x=\"%hr\" y=\"%[str(\"q]\\\"z\")]\"]'\n  log-format 'm %ST'\n",
        "  log-format-sd '%{+Q,+E}o [a@1 x=%hr y=%CC]'\n  log-format 'm %ST'\n",
    ]
    .iter()
    .map(|lines| (*lines).to_owned())
    .collect();
    let run = |haproxy: Option<&Path>| -> Vec<String> {
        let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let (closed, log) = (ClosedPort::new(), Lines::new());
        let text = configuration(&lines, &log.log, &origin, &closed).replace("format raw", "format rfc5424");
        let side = Side::start(haproxy, &text, lines.len());
        let mut seen = Vec::new();
        for listener in 0..lines.len() {
            for (_, client) in CLIENTS {
                client(&mut side.connect(listener));
                let line = log.next();
                // Behind version, date, host, program, process and message.
                seen.push(line.splitn(7, ' ').last().unwrap_or_default().replace("bytes=\"1", "bytes=\"N").to_owned());
            }
        }
        seen
    };
    let bytes = |line: &str| {
        let (before, rest) = line.split_once("bytes=\"").unwrap_or((line, ""));
        format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == 'N'))
    };
    let (theirs, ours) = (run(Some(&binary)), run(None));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(bytes(ours), bytes(theirs));
    }
}
