//! Rules as data: lines of a configuration and the requests sent to them, the same through HAProxy and through lb.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use lb_core::config::Config;

use crate::process::Process;
use crate::{CliAddress, Instance, Origin, Wire, cli, eventually};

/// Lines of a section, and what is sent to it.
#[derive(Clone, Debug, Default)]
pub struct RuleCase {
    /// What it is called.
    pub name: String,
    /// Lines of the frontend.
    pub frontend: Vec<String>,
    /// Lines of the backend.
    pub backend: Vec<String>,
    /// Whole sections besides them.
    pub sections: Vec<String>,
    /// Requests, each on a connection of its own.
    pub requests: Vec<String>,
    /// What the server answers; the head that it got, where there is nothing.
    pub response: Option<String>,
    /// Why the two differ on purpose.
    pub differs: Option<String>,
    /// Tables whose contents are compared at the end.
    pub tables: Vec<String>,
}

/// The request of cases that have none.
pub const REQUEST: &str = "GET /a/b/c.html?x=1&y=two%20words&x=3 HTTP/1.1\r\nHost: www.Example.com:8080\r\n\
                           User-Agent: test/1.0\r\nX-A: one, two\r\nX-A: three\r\nCookie: k=v; sid=abc; z=\"q\"\r\n\
                           Accept-Language: fr;q=0.8, en\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n";

/// Reads cases from text: `== name`, lines of the frontend, then parts that begin with `-- backend`, `-- section`,
/// `-- request`, `-- response` or `-- differs`. In lines of the backend `{origin}`, `{two}` and `{three}` are servers.
///
/// # Panics
/// When a part is unknown.
pub fn read_cases(text: &str) -> Vec<RuleCase> {
    let mut cases: Vec<RuleCase> = Vec::new();
    let mut part = "frontend";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(RuleCase { name: name.to_owned(), ..RuleCase::default() });
            part = "frontend";
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(name) = line.strip_prefix("-- ") {
            part = ["backend", "section", "request", "response", "differs", "frontend"]
                .into_iter()
                .find(|known| *known == name)
                .unwrap_or_else(|| panic!("{}: unknown part {name}", case.name));
            match part {
                "section" => case.sections.push(String::new()),
                "request" => case.requests.push(String::new()),
                "response" => case.response = Some(String::new()),
                _ => {}
            }
            continue;
        }
        match part {
            "backend" if !line.trim().is_empty() => case.backend.push(line.to_owned()),
            "frontend" if !line.trim().is_empty() => case.frontend.push(line.to_owned()),
            "section" => drop(writeln!(case.sections.last_mut().unwrap(), "{line}")),
            "request" => drop(write!(case.requests.last_mut().unwrap(), "{line}\r\n")),
            "response" => drop(write!(case.response.as_mut().unwrap(), "{line}\r\n")),
            "differs" => case.differs = Some(line.to_owned()),
            _ => {}
        }
    }
    for case in &mut cases {
        if case.requests.is_empty() {
            case.requests.push(REQUEST.to_owned());
        }
        for request in &mut case.requests {
            trim_end_of_text(request);
        }
        if let Some(response) = &mut case.response {
            trim_end_of_text(response);
        }
    }
    cases
}

/// A message ends with its body, without a line end of the file, or with the empty line behind its head.
fn trim_end_of_text(text: &mut String) {
    if let Some(head) = text.find("\r\n\r\n").map(|at| at + 4) {
        let body = text[head..].trim_end_matches("\r\n").len();
        text.truncate(head + body);
    } else {
        text.push_str("\r\n");
    }
}

/// What came of a case: responses and log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The bytes of each response, addresses of this run replaced.
    pub responses: Vec<String>,
    /// Log lines.
    pub log: Vec<String>,
    /// Contents of the tables, one line each entry, in order, without addresses and times.
    pub tables: Vec<String>,
}

/// Why lb refuses the lines of a case, if it does.
pub fn refused(case: &RuleCase) -> Option<String> {
    let text = configuration(std::slice::from_ref(case), "", &[vec!["127.0.0.1:1".parse().unwrap(); SERVERS.len()]]);
    let text = text.replace("{listen0}", "127.0.0.1:2");
    let error = Config::parse(&text, "case").err()?;
    let all: Vec<&str> = error.diagnostics.iter().map(|fault| fault.message.as_str()).collect();
    Some(all.join("; "))
}

/// What stands for servers in lines of a backend; cases that name others than the first have so many.
const SERVERS: [&str; 3] = ["{origin}", "{two}", "{three}"];

pub(crate) fn configuration(cases: &[RuleCase], log: &str, origins: &[Vec<SocketAddr>]) -> String {
    let mut text = format!(
        "global\n  nbthread 1\n{log}defaults\n  mode http\n  log global\n  timeout connect 5s\n  timeout client 10s\n  \
         timeout server 10s\n  timeout tarpit 20ms\n"
    );
    for (index, (case, origins)) in cases.iter().zip(origins).enumerate() {
        for section in &case.sections {
            text.push_str(&section.replace("{case}", &index.to_string()));
        }
        let _ = writeln!(
            text,
            "frontend c{index}\n  bind {{listen{index}}}\n  log-format \"c{index} %ST %tsc %b/%s %rc {{%hrl}} {{%hsl}} %CC \
             %CS %{{+Q}}r\""
        );
        for line in &case.frontend {
            let _ = writeln!(text, "  {}", line.replace("{case}", &index.to_string()));
        }
        if !case.frontend.iter().any(|line| line.starts_with("default_backend")) {
            let _ = writeln!(text, "  default_backend b{index}");
        }
        let _ = writeln!(text, "backend b{index}");
        for line in &case.backend {
            let line = SERVERS
                .iter()
                .zip(origins)
                .fold(line.clone(), |line, (name, origin)| line.replace(name, &origin.to_string()));
            let _ = writeln!(text, "  {}", line.replace("{case}", &index.to_string()));
        }
        if !case.backend.iter().any(|line| line.starts_with("server "))
            && let Some(origin) = origins.first()
        {
            let _ = writeln!(text, "  server s {origin}");
        }
    }
    text
}

/// Starts the servers of the cases.
fn origins(cases: &[RuleCase]) -> Vec<Vec<Origin>> {
    let start = |case: &RuleCase| match &case.response {
        Some(response) => Origin::answering(response.clone()),
        None => Origin::start(|visit| {
            while let Some(request) = visit.request() {
                let fields: Vec<String> =
                    request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                let body = format!("{}\n{}\n{}", request.start, fields.concat(), request.text());
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Res: one, two\r\nX-Res: three\r\nSet-Cookie: rc=abc; \
                     path=/\r\nContent-Type: text/plain\r\n\r\n",
                    body.len()
                );
                if visit.wire.try_send(head + &body).is_err() {
                    return;
                }
            }
        }),
    };
    let is_named = |case: &RuleCase, name: &str| case.backend.iter().any(|line| line.contains(name));
    let wanted = |case: &RuleCase| SERVERS.iter().rposition(|name| is_named(case, name)).unwrap_or(0) + 1;
    cases.iter().map(|case| (0..wanted(case)).map(|_| start(case)).collect()).collect()
}

/// Sends the requests of all cases to a running program.
fn drive(cases: &[RuleCase], addresses: &[SocketAddr], origins: &[Vec<Origin>], log: &UdpSocket) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::default(); cases.len()];
    let mut lines = LogLines::default();
    for ((case, address), (outcome, origins)) in cases.iter().zip(addresses).zip(outcomes.iter_mut().zip(origins)) {
        for request in &case.requests {
            let mut wire = Wire::connect(*address);
            let own = wire.local_addr();
            wire.send(with_close(request));
            let answer = wire.try_read_to_end().unwrap_or_else(|error| format!("({})", error.kind()).into_bytes());
            let text = without_dates(&String::from_utf8_lossy(&answer));
            let servers = origins.iter().map(|origin| (origin.address(), "SERVER"));
            let known: Vec<_> = [(own, "CLIENT"), (*address, "PROXY")].into_iter().chain(servers).collect();
            outcome.responses.push(known.iter().fold(text, |text, (address, name)| {
                text.replace(&format!(":{}", address.port()), &format!(":{name}"))
                    .replace(&address.port().to_string(), name)
            }));
            // A socket holds only so many of them.
            lines.take(log);
        }
    }
    let wanted: usize = cases.iter().flat_map(|case| &case.requests).map(|text| text.matches(" HTTP/1.").count()).sum();
    lines.wait(log, wanted);
    for (case, lines) in lines.by_case {
        if let Some(outcome) = outcomes.get_mut(case) {
            outcome.log = lines;
        }
    }
    outcomes
}

fn with_close(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    if head.to_ascii_lowercase().contains("\r\nconnection:") || head.contains(" HTTP/1.0") {
        return request.to_owned();
    }
    format!("{head}\r\nConnection: close\r\n\r\n{body}")
}

/// Dates of persistence cookies, five digits behind a bar, are other ones in the next run.
fn without_dates(text: &str) -> String {
    let mut parts = text.split('|');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits =
            part.get(..5).filter(|digits| digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/'));
        result.push('|');
        result.push_str(digits.map_or(part, |_| "DATE"));
        result.push_str(digits.and_then(|_| part.get(5..)).unwrap_or_default());
    }
    result
}

/// Log lines by case.
#[derive(Default)]
struct LogLines {
    by_case: BTreeMap<usize, Vec<String>>,
    seen: usize,
}

impl LogLines {
    /// Takes those that are there.
    fn take(&mut self, log: &UdpSocket) {
        log.set_nonblocking(true).expect("nonblocking");
        while self.one(log) {}
        log.set_nonblocking(false).expect("blocking");
    }

    /// Waits for as many as there were requests; those that are silent by rule never come, and are waited for a moment.
    fn wait(&mut self, log: &UdpSocket, wanted: usize) {
        let mut last = Instant::now();
        log.set_read_timeout(Some(Duration::from_millis(50))).expect("timeout");
        while self.seen < wanted && last.elapsed() < Duration::from_millis(600) {
            if self.one(log) {
                last = Instant::now();
            }
        }
    }

    fn one(&mut self, log: &UdpSocket) -> bool {
        let mut buffer = [0; 65536];
        let Ok(length) = log.recv(&mut buffer) else { return false };
        for line in String::from_utf8_lossy(&buffer[..length]).lines() {
            let case = line.strip_prefix('c').and_then(|rest| rest.split_once(' '));
            let Some((Ok(case), text)) = case.map(|(number, text)| (number.parse::<usize>(), text)) else { continue };
            self.by_case.entry(case).or_default().push(text.to_owned());
            self.seen += 1;
        }
        true
    }
}

fn addresses(origins: &[Vec<Origin>]) -> Vec<Vec<SocketAddr>> {
    origins.iter().map(|origins| origins.iter().map(Origin::address).collect()).collect()
}

fn log_line(log: &UdpSocket) -> String {
    format!("  log {} len 8192 format raw local0\n", log.local_addr().expect("address"))
}

/// Goes through HAProxy.
///
/// # Panics
/// When it does not start; the lines of one of the cases are refused then.
pub fn through_haproxy(binary: &Path, cases: &[RuleCase]) -> Vec<Outcome> {
    let origins = origins(cases);
    let places = addresses(&origins);
    let log = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let directory = tempfile::tempdir().expect("directory");
    let socket = directory.path().join("stats");
    let global = format!("{}  stats socket {} level admin\n", log_line(&log), socket.display());
    let text = configuration(cases, &global, &places);
    let process = Process::start(binary, &text, cases.len());
    let addresses: Vec<SocketAddr> = (0..cases.len()).map(|index| process.address(index)).collect();
    let mut outcomes = drive(cases, &addresses, &origins, &log);
    dump_tables(cases, &mut outcomes, |command| cli::ask(&CliAddress::Unix(socket.clone()), command));
    outcomes
}

/// Looks into the tables once the last stream has left them.
fn dump_tables(cases: &[RuleCase], outcomes: &mut [Outcome], mut ask: impl FnMut(&str) -> String) {
    for (index, (case, outcome)) in cases.iter().zip(outcomes).enumerate() {
        for table in case.tables.iter().map(|table| table.replace("{case}", &index.to_string())) {
            let mut dump = Vec::new();
            eventually("nothing uses the entries", || {
                let text = ask(&format!("show table {table}"));
                dump = text.lines().filter(|line| !line.is_empty()).map(without_times).collect();
                !text.contains("ERROR") && !dump.iter().any(|line| !line.contains("use=0") && line.contains("use="))
            });
            dump.sort();
            outcome.tables.append(&mut dump);
        }
    }
}

/// A line of a table without the address of its entry and the time it has left.
fn without_times(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.starts_with("0x") && !word.starts_with("exp="));
    words.collect::<Vec<_>>().join(" ")
}

/// Goes through lb.
///
/// # Panics
/// When it does not start.
pub fn through_lb(cases: &[RuleCase]) -> Vec<Outcome> {
    let origins = origins(cases);
    let places = addresses(&origins);
    let log = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let mut text = configuration(cases, &log_line(&log), &places);
    for index in 0..cases.len() {
        text = text.replace(&format!("{{listen{index}}}"), "127.0.0.1:0");
    }
    let instance = Instance::start(&text);
    let addresses: Vec<SocketAddr> = (0..cases.len()).map(|index| instance.address_of(&format!("c{index}"))).collect();
    let mut outcomes = drive(cases, &addresses, &origins, &log);
    dump_tables(cases, &mut outcomes, |command| instance.proxy().execute(command).expect("a table"));
    outcomes
}

/// Compares the cases in batches and says what differs.
pub fn compare(binary: &Path, cases: &[RuleCase]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut accepted = Vec::new();
    for case in cases {
        match refused(case) {
            Some(why) if case.differs.is_none() => faults.push(format!("{}: refused: {why}", case.name)),
            Some(_) => {}
            None => accepted.push(case.clone()),
        }
    }
    for batch in accepted.chunks(100) {
        let theirs = through_haproxy(binary, batch);
        let ours = through_lb(batch);
        for ((case, theirs), ours) in batch.iter().zip(theirs).zip(ours) {
            match (&case.differs, theirs == ours) {
                (None, false) => faults.push(format!(
                    "{}:\n  lines: {:?} {:?}\n  HAProxy: {theirs:#?}\n  lb: {ours:#?}",
                    case.name, case.frontend, case.backend
                )),
                (Some(why), true) => faults.push(format!("{}: no longer differs ({why})", case.name)),
                _ => {}
            }
        }
    }
    faults
}
