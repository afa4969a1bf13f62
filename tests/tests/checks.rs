//! Health checks: the same scripts against the same servers, through HAProxy and through lb. What the server receives,
//! the status, the code, the text and the log line have to be the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "checks/cases.rs"]
mod cases;
#[path = "checks/h2.rs"]
mod h2;
#[path = "checks/h2_cases.rs"]
mod h2_cases;
#[path = "checks/peer.rs"]
mod peer;
#[path = "checks/tls_cases.rs"]
mod tls_cases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::UdpSocket;

use cases::Case;
use lb_tests::peers::certificates::Certificates;
use lb_tests::peers::server::Server;
use lb_tests::process::{Process, haproxy};
use lb_tests::{CliAddress, Instance, LogSink, PATIENCE, cli, eventually};
use peer::Peer;

/// What came of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// What the server received on the first connection.
    received: String,
    /// check_status, check_code and last_chk.
    statistics: String,
    /// The first line about it.
    line: String,
}

/// A configuration with a backend for each case, and the servers behind them.
struct Bench {
    peers: Vec<Peer>,
    _certificates: [Certificates; 2],
    text: String,
    log: UdpSocket,
}

impl Bench {
    fn new(cases: &[Case]) -> Self {
        let log = UdpSocket::bind("127.0.0.1:0").unwrap();
        log.set_read_timeout(Some(PATIENCE)).unwrap();
        let certificates = [&["lb.test"][..], &[]].map(Certificates::new);
        let tls = |case: &Case| case.tls.then(|| certificates[0].server("lb.test", &["http/1.1", "x"]));
        let peers: Vec<Peer> = cases.iter().map(|case| Peer::start(case.acts, tls(case))).collect();
        let mut text = format!(
            "global\n log {} len 8192 local0\n stats socket {{socket}} level admin\n external-check\n \
             insecure-fork-wanted\n node n1\ndefaults\n timeout connect 1s\n timeout server 10s\n timeout client 10s\n \
             log global\n option log-health-checks\n timeout check 800ms\n default-server inter 3s\n",
            log.local_addr().unwrap()
        );
        for (index, (case, peer)) in cases.iter().zip(&peers).enumerate() {
            let port = peer.port().to_string();
            let lines: String = case.lines.split('|').map(|line| format!(" {line}\n")).collect();
            let lines = lines.replace("{port}", &port);
            let [ca, stranger] = [0, 1].map(|at: usize| certificates[at].ca().display().to_string());
            let options = case.options.replace("{port}", &port).replace("{ca}", &ca).replace("{stranger}", &stranger);
            let _ = write!(text, "backend c{index}\n{lines} server s 127.0.0.1:{port} check {options}\n");
        }
        Self { peers, _certificates: certificates, text, log }
    }

    /// Waits for the first result of each case; `ask` runs a command.
    fn watch(&self, ask: impl Fn(&str) -> String) -> Vec<Seen> {
        let mut lines: BTreeMap<String, String> = BTreeMap::new();
        let mut buffer = [0; 16384];
        while lines.len() < self.peers.len() {
            let length = self.log.recv(&mut buffer).expect("a line about every case");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let Some((_, line)) = text.split_once("Health check for server ") else { continue };
            let (name, line) = line.split_once("/s ").unwrap();
            lines.entry(name.to_owned()).or_insert_with(|| without_duration(line.trim_end_matches(['\n', '\0'])));
        }
        let seen = |(index, peer): (usize, &Peer)| {
            let name = format!("c{index}");
            let mut statistics = String::new();
            eventually("no check is under way", || {
                statistics = row(&ask("show stat"), &name);
                !statistics.starts_with('*')
            });
            Seen {
                received: peer.first().replace(&peer.port().to_string(), "PORT"),
                statistics: statistics.replace(&peer.port().to_string(), "PORT"),
                line: lines[&name].replace(&peer.port().to_string(), "PORT"),
            }
        };
        self.peers.iter().enumerate().map(seen).collect()
    }
}

fn without_duration(line: &str) -> String {
    match line.split_once("check duration: ") {
        Some((before, after)) => format!("{before}{}", after.split_once("ms").unwrap().1),
        None => line.to_owned(),
    }
}

/// check_status, check_code and last_chk of a server.
fn row(csv: &str, backend: &str) -> String {
    let fields = |line: &str| -> Vec<String> {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    // A text may hold line ends: whole rows begin with a name.
    let start = format!("{backend},s,");
    let line = csv.split("\n").find(|line| line.starts_with(&start)).unwrap_or_default();
    let fields = fields(line);
    let field = |index: usize| fields.get(index).cloned().unwrap_or_default();
    format!("{} {} {}", field(36), field(37), field(56))
}

fn through_haproxy(binary: &std::path::Path, cases: &[Case]) -> Vec<Seen> {
    let bench = Bench::new(cases);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let text = bench.text.replace("{socket}", &socket.display().to_string());
    let _process = Process::start(binary, &text, 0);
    bench.watch(|command| cli::ask(&CliAddress::Unix(socket.clone()), command))
}

fn through_lb(cases: &[Case]) -> Vec<Seen> {
    let bench = Bench::new(cases);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let lb = Instance::start(&bench.text.replace("{socket}", &socket.display().to_string()));
    bench.watch(|command| lb.proxy().execute(command).expect("an answer"))
}

#[test]
fn scripts_do_what_haproxy_does() {
    let Some(binary) = haproxy() else { return };
    same(&binary, &cases::cases());
}

#[test]
fn scripts_do_over_http2_what_haproxy_does() {
    let Some(binary) = haproxy() else { return };
    same(&binary, &h2_cases::cases());
}

#[test]
fn scripts_do_in_tls_what_haproxy_does() {
    let Some(binary) = haproxy() else { return };
    same(&binary, &tls_cases::cases());
}

fn same(binary: &std::path::Path, cases: &[Case]) {
    let mut faults = Vec::new();
    for batch in cases.chunks(60) {
        let (theirs, ours) = (through_haproxy(binary, batch), through_lb(batch));
        for ((case, theirs), ours) in batch.iter().zip(theirs).zip(ours) {
            if theirs != ours {
                faults.push(format!("{} {}\n  HAProxy: {theirs:#?}\n  lb: {ours:#?}", case.lines, case.options));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Under TLS a check goes over HTTP/2 where ALPN chose it, as the server's answer shows: it speaks nothing else.
#[tokio::test]
async fn alpn_leads_to_http2() {
    let certificates = Certificates::new(&["localhost"]);
    let origin = Server::start(Some(certificates.server("localhost", &["h2"])), true).await;
    let port = origin.address.port();
    let check = move |line: &str, options: &str| {
        let log = LogSink::new();
        let lines = line.replace('|', "\n  ");
        let lb = Instance::start(&format!(
            "backend b\n  mode http\n  option log-health-checks\n  log {} local0\n  {lines}\n  server s 127.0.0.1:{port} check \
             {options}\n",
            log.address()
        ));
        let line = log.text();
        drop(lb);
        without_duration(&line)
    };
    let checks = tokio::task::spawn_blocking(move || {
        [
            check("option httpchk GET /status/200", "ssl verify none check-alpn h2"),
            check("option httpchk GET /status/200", "ssl verify none check-alpn h2,http/1.1"),
            check("option httpchk GET /status/503", "check-ssl verify none check-alpn http/1.1,h2"),
            check("option httpchk GET /status/200|http-check connect ssl alpn h2", "verify none"),
            check("option httpchk GET /status/200", "ssl verify none check-alpn h2 check-proto h1"),
            check("option httpchk GET /status/200", "ssl verify none alpn h2"),
            check("option httpchk GET /status/503|http-check connect default", "ssl verify none alpn h2"),
        ]
    });
    let checks = checks.await.unwrap();
    assert!(checks[0].contains("succeeded, reason: Layer7 check passed, code: 200"), "{checks:#?}");
    assert!(checks[1].contains("succeeded, reason: Layer7 check passed, code: 200"), "{checks:#?}");
    assert!(checks[2].contains("failed, reason: Layer7 wrong status, code: 503"), "{checks:#?}");
    assert!(checks[3].contains("succeeded, reason: Layer7 check passed, code: 200"), "{checks:#?}");
    assert!(checks[4].contains("failed, reason: Layer7 invalid response"), "{checks:#?}");
    assert!(checks[5].contains("succeeded, reason: Layer7 check passed, code: 200"), "{checks:#?}");
    assert!(checks[6].contains("failed, reason: Layer7 wrong status, code: 503"), "{checks:#?}");
}

/// Without HAProxy: a server that answers and one that does not.
#[test]
fn a_script_decides_about_a_server() {
    let cases = [
        Case::new("option redis-check", "", &[peer::Act::Recv, peer::Act::Send(b"+PONG\r\n")]),
        Case::new("option redis-check", "", &[peer::Act::Recv, peer::Act::Send(b"-ERR no\r\n"), peer::Act::Close]),
        Case::new("option httpchk", "check-proto h2", &[peer::Act::Request, peer::Act::Close]),
    ];
    let seen = through_lb(&cases);
    assert_eq!(seen[0].received, r"*1\r\n$4\r\nPING\r\n");
    assert_eq!(seen[0].statistics, "L7OK 0 Redis server is ok");
    assert_eq!(seen[2].received, ":method: OPTIONS; :path: /\n");
    assert_eq!(seen[2].statistics, "L7RSP  TCPCHK got an empty response at step 2");
    assert_eq!(seen[1].line, "failed, reason: Layer7 wrong status, code: 0, info: \"-ERR no\", , status: 0/2 DOWN.");
}
