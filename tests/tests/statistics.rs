//! The counters of HAProxy 2.6.12 and of lb after the same traffic: `show stat` row by row, column by column. Skipped
//! where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::ops::Index;
use std::os::unix::net::UnixStream;
use std::path::Path;

use lb_tests::origin::{ClosedPort, Visit};
use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, Origin, Wire, eventually};

/// Rows by `proxy/service`, columns by name.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// Columns that depend on the moment, or on how fast the machine is.
const VOLATILE: &[&str] = &[
    "rate",
    "rate_max",
    "req_rate",
    "req_rate_max",
    "conn_rate",
    "conn_rate_max",
    "lastchg",
    "downtime",
    "qtime",
    "ctime",
    "rtime",
    "ttime",
    "qtime_max",
    "ctime_max",
    "rtime_max",
    "ttime_max",
    "check_duration",
    "lastsess",
    "addr",
    "need_conn_est",
    "idle_conn_cur",
    "safe_conn_cur",
];

/// Columns in which HAProxy counts its own representation of a message, or heads that each writes in its own way.
const SIZES: &[&str] = &["bin", "bout", "h1_bytes_in", "h1_bytes_out"];

/// A proxy under traffic.
struct Subject<'a> {
    /// Where it listens.
    addresses: [SocketAddr; 2],
    /// The server behind it.
    origin: &'a Origin,
    /// Its `show stat`.
    read: &'a dyn Fn() -> String,
}

impl Subject<'_> {
    /// Waits until the server has read the head of a request.
    fn served(&self) {
        eventually("the server has a request", || !self.origin.requests().is_empty());
    }

    /// Waits until a cell of the statistics has this value.
    fn shows(&self, row: &str, column: &str, value: &str) {
        eventually("the statistics show it", || rows(&(self.read)())[row][column] == value);
    }
}

impl Index<usize> for Subject<'_> {
    type Output = SocketAddr;

    fn index(&self, listener: usize) -> &SocketAddr {
        &self.addresses[listener]
    }
}

/// What clients do with a proxy.
type Traffic = fn(&Subject<'_>);

/// A configuration with its traffic.
struct Case {
    name: &'static str,
    /// Sections; `{fe}`, `{fe2}` stand for listening addresses, `{origin}` and `{closed}` for servers.
    sections: &'static str,
    server: fn(&mut Visit),
    traffic: Traffic,
    /// Columns in which lb differs on purpose.
    differs: &'static [&'static str],
}

fn configuration(case: &Case, binds: &[String], origin: SocketAddr, closed: SocketAddr, global: &str) -> String {
    let sections = case.sections.replace("{fe}", &binds[0]).replace("{fe2}", &binds[1]);
    let sections = sections.replace("{origin}", &origin.to_string()).replace("{closed}", &closed.to_string());
    format!(
        "global
  nbthread 1
  maxconn 1000
{global}
defaults
  mode http
  retries 1
  timeout connect 200ms
  timeout client 10s
  timeout server 10s
{sections}"
    )
}

/// Asks HAProxy.
fn ask(socket: &Path, command: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("the stats socket");
    stream.write_all(format!("{command}\n").as_bytes()).expect("write");
    stream.shutdown(Shutdown::Write).expect("shutdown");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    text
}

fn rows(csv: &str) -> Rows {
    let mut lines = csv.lines().filter(|line| !line.is_empty());
    let header = lines.next().expect("a header").trim_start_matches("# ");
    let names: Vec<&str> = header.split(',').collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), names.len(), "{line}");
            let row = names.iter().zip(&cells).map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned()));
            (format!("{}/{}", cells[0], cells[1]), row.collect())
        })
        .collect()
}

/// Waits until no session is left, and returns the rows.
fn settled(read: impl Fn() -> String) -> Rows {
    let busy = |rows: &Rows| rows.values().any(|row| row["scur"] != "0" || row["h1_open_streams"].as_str() > "0");
    let mut last = rows(&read());
    eventually("all sessions end", || {
        last = rows(&read());
        !busy(&last)
    });
    last
}

fn through_haproxy(case: &Case, binary: &Path) -> Rows {
    let (origin, closed) = (Origin::start(case.server), ClosedPort::new());
    let directory = tempfile::tempdir().expect("directory");
    let socket = directory.path().join("stats");
    let global = format!("  stats socket {} level admin", socket.display());
    let binds = ["{listen0}".to_owned(), "{listen1}".to_owned()];
    let text = configuration(case, &binds, origin.address(), closed.address(), &global);
    let process = Process::start(binary, &text, 2);
    eventually("the stats socket answers", || UnixStream::connect(&socket).is_ok());
    let read = || ask(&socket, "show stat");
    let addresses = [process.address(0), process.address(1)];
    (case.traffic)(&Subject { addresses, origin: &origin, read: &read });
    settled(read)
}

fn through_lb(case: &Case) -> Rows {
    let (origin, closed) = (Origin::start(case.server), ClosedPort::new());
    let binds = ["127.0.0.1:0".to_owned(), "127.0.0.1:0".to_owned()];
    let lb = Instance::start(&configuration(case, &binds, origin.address(), closed.address(), ""));
    let address = |index: usize| lb.proxy().listeners().get(index).and_then(|listener| listener.address);
    let first = address(0).expect("a listener");
    let addresses = [first, address(1).unwrap_or(first)];
    let read = || lb.proxy().execute("show stat").expect("show stat");
    (case.traffic)(&Subject { addresses, origin: &origin, read: &read });
    settled(read)
}

/// What differs between two tables, line by line.
fn difference(case: &Case, theirs: &Rows, ours: &Rows) -> String {
    let mut text = String::new();
    let names = |rows: &Rows| rows.keys().cloned().collect::<Vec<_>>();
    if names(theirs) != names(ours) {
        let _ = writeln!(text, "rows: HAProxy {:?}, lb {:?}", names(theirs), names(ours));
    }
    for (name, theirs) in theirs {
        let Some(ours) = ours.get(name) else { continue };
        for (column, theirs) in theirs {
            let ours = &ours[column];
            let name = format!("{name} {column}");
            let excused = case.differs.iter().any(|column| name.ends_with(column));
            let same = match column.as_str() {
                column if VOLATILE.contains(&column) => theirs.is_empty() == ours.is_empty(),
                column if SIZES.contains(&column) => {
                    theirs.is_empty() == ours.is_empty() && (theirs == "0") == (ours == "0")
                }
                _ => theirs == ours,
            };
            if !same && !excused {
                let _ = writeln!(text, "  {name}: HAProxy {theirs:?}, lb {ours:?}");
            }
        }
    }
    text
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// As [`ok`], for requests whose body does not come: it is not waited for.
fn head_only(visit: &mut Visit) {
    if visit.request_head().is_some() {
        visit.linger();
    }
}

fn ok(visit: &mut Visit) {
    while let Some(request) = visit.request() {
        let response = match request.target() {
            "/404" => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "/302" => "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            "/500" => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
            "/100" => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "/700" => "HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n",
            "/bad" => "HTTP/1.1 2xx\r\n\r\n",
            "/close" => return,
            "/short" => {
                visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
                return;
            }
            "/wait" => {
                visit.linger();
                return;
            }
            "/begin" => {
                visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
                visit.linger();
                return;
            }
            _ => OK,
        };
        if visit.wire.try_send(response).is_err() {
            return;
        }
    }
}

const PLAIN: &str = "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin}
";

fn one(at: &Subject<'_>, target: &str) {
    let mut wire = Wire::connect(at[0]);
    wire.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    let _ = wire.try_read_to_end();
}

/// The connection on which a response came that a rule replaced is closed; HAProxy keeps it.
const REPLACED: &[&str] = &["BACKEND h1_open_connections", "s srv_icur"];

/// A client that resets its connection while it waits is told nothing; HAProxy counts the 502 that it does not get.
const ABANDONED: &[&str] = &["bout", "eresp", "hrsp_5xx", "hrsp_other"];

const CASES: &[Case] = &[
    Case { name: "nothing", sections: PLAIN, server: ok, traffic: |_| (), differs: &[] },
    Case {
        name: "statuses",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            for target in ["/", "/404", "/302", "/500", "/100", "/700"] {
                one(at, target);
            }
        },
        differs: &[],
    },
    Case {
        name: "keep-alive",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            for _ in 0..5 {
                wire.get("/");
            }
        },
        differs: &[],
    },
    Case {
        name: "listen, sockets",
        sections: "
listen li
  bind {fe} name one
  bind {fe2}
  option socket-stats
  server s {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            Wire::connect(at[1]).get("/");
        },
        differs: &[],
    },
    Case {
        name: "contstats",
        sections: "
frontend fe
  bind {fe}
  option contstats
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
            for row in ["fe/FRONTEND", "be/BACKEND", "be/s"] {
                eventually("what was sent is counted", || {
                    let row = &rows(&(at.read)())[row];
                    row["bin"] != "0" && row["scur"] == "1"
                });
            }
            wire.send("56789").response();
        },
        differs: &[],
    },
    Case {
        name: "refused",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {closed}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redispatch",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  option redispatch
  retries 3
  server bad {closed}
  server good {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            one(at, "/");
            one(at, "/");
        },
        differs: &[],
    },
    Case {
        name: "no server",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin} disabled
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "no backend",
        sections: "
frontend fe
  bind {fe}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "denied",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  http-request deny
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "denied by the backend",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  http-request deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "denied in a listen section",
        sections: "
listen li
  bind {fe}
  http-request deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a listen section",
        sections: "
listen li
  bind {fe}
  http-request redirect location /x
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a backend",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-request redirect location /x
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a server",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin} redir http://x
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &["s smax"],
    },
    Case {
        name: "names rejected",
        sections: "
frontend fe
  bind {fe}
  option http-restrict-req-hdr-names reject
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nX_y: 1\r\nConnection: close\r\n\r\n");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "tarpit",
        sections: "
frontend fe
  bind {fe}
  timeout tarpit 10ms
  http-request tarpit
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "response denied",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  http-response deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
    Case {
        name: "response denied by the frontend",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  http-response deny
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
    Case {
        name: "answered here",
        sections: "
frontend fe
  bind {fe}
  monitor-uri /up
  http-request return status 200
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            one(at, "/up");
        },
        differs: &[],
    },
    Case {
        name: "answered by the backend",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-request return status 200
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected",
        sections: "
frontend fe
  bind {fe}
  http-request redirect location /x
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "response replaced",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-response return status 200
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
    Case {
        name: "bad requests",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            for bad in ["GET\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nX"] {
                let mut wire = Wire::connect(at[0]);
                wire.send(bad).finish();
                let _ = wire.try_read_to_end();
            }
            let mut wire = Wire::connect(at[0]);
            wire.finish();
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "bad second request",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.get("/");
            wire.send("GET\r\n\r\n");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "request timeouts",
        sections: "
frontend fe
  bind {fe}
  timeout http-request 50ms
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            let _ = wire.try_read_to_end();
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case { name: "bad response", sections: PLAIN, server: ok, traffic: |at| one(at, "/bad"), differs: &[] },
    Case {
        name: "server closes before it answers",
        sections: PLAIN,
        server: ok,
        traffic: |at| one(at, "/close"),
        differs: &[],
    },
    Case {
        name: "server closes within its response",
        sections: PLAIN,
        server: ok,
        traffic: |at| one(at, "/short"),
        differs: &[],
    },
    Case {
        name: "server does not answer",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 50ms
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/wait"),
        differs: &[],
    },
    Case {
        name: "server stops within its response",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 50ms
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/begin"),
        differs: &[],
    },
    Case {
        name: "client resets while it waits",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  option abortonclose
  timeout server 2s
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
            at.served();
            wire.reset();
        },
        differs: ABANDONED,
    },
    Case {
        name: "client resets within the response",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 500ms
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            wire.reset();
        },
        differs: &[],
    },
    Case {
        name: "client leaves within its body",
        sections: PLAIN,
        server: head_only,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
            at.served();
            wire.reset();
        },
        differs: &[],
    },
    Case {
        name: "queue",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout queue 50ms
  timeout server 1s
  server s {origin} maxconn 1
",
        server: ok,
        traffic: |at| {
            let mut first = Wire::connect(at[0]);
            first.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            one(at, "/");
            drop(first);
        },
        differs: &[],
    },
    Case {
        name: "queue, served",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 2s
  server s {origin} maxconn 1
",
        server: ok,
        traffic: |at| {
            let mut first = Wire::connect(at[0]);
            first.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            let mut second = Wire::connect(at[0]);
            second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            at.shows("be/BACKEND", "qcur", "1");
            first.reset();
            second.response();
        },
        differs: &[],
    },
    Case {
        name: "tcp",
        sections: "
frontend fe
  bind {fe}
  mode tcp
  timeout client 500ms
  option socket-stats
  default_backend be
backend be
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            Wire::connect(at[0]).get("/");
        },
        differs: &[],
    },
    Case {
        name: "tcp refused",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {closed}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "tcp, server closes first",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/close"),
        differs: &[],
    },
    Case {
        name: "tcp, client resets",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            wire.reset();
        },
        differs: &[],
    },
    Case {
        name: "idle connections",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-reuse always
  server s {origin}
",
        server: ok,
        traffic: |at| {
            for _ in 0..3 {
                one(at, "/");
            }
        },
        differs: &[],
    },
    Case {
        name: "http-reuse never",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-reuse never
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            for _ in 0..3 {
                wire.get("/");
            }
        },
        differs: &[],
    },
    Case {
        name: "upgrade",
        sections: PLAIN,
        server: |visit| {
            if visit.request_head().is_some() {
                visit.wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello");
                let _ = visit.wire.try_read_to_end();
            }
        },
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").head();
            wire.send("hello").finish();
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
];

fn chosen(case: &Case) -> bool {
    std::env::var("LB_CASE").map_or(true, |only| only == case.name)
}

#[test]
fn counters_are_as_haproxys() {
    let Some(binary) = haproxy() else { return };
    let cases: Vec<&Case> = CASES.iter().filter(|case| chosen(case)).collect();
    let check = |case: &&Case| {
        // Some counters move a moment after the last session has ended: what differs once may not differ again.
        let compare = || difference(case, &through_haproxy(case, &binary), &through_lb(case));
        let text = (0..3).map(|_| compare()).find(String::is_empty).unwrap_or_else(compare);
        if text.is_empty() { text } else { format!("=== {}\n{text}", case.name) }
    };
    // Most of the time is spent waiting.
    let wrong: String = std::thread::scope(|scope| {
        let parts: Vec<_> = cases.chunks(cases.len().div_ceil(8).max(1)).collect();
        let threads: Vec<_> =
            parts.into_iter().map(|part| scope.spawn(move || part.iter().map(check).collect::<String>())).collect();
        threads.into_iter().map(|thread| thread.join().expect("a comparison")).collect()
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}

const LOCAL: &str = "global
  nbthread 2
  maxconn 100
frontend fe
  mode http
  timeout client 10s
  bind 127.0.0.1:0
  http-request return status 200
frontend off
  disabled
  bind 127.0.0.1:0
";

#[test]
fn a_frontend_is_paused_resumed_and_stopped() {
    let lb = Instance::start(LOCAL);
    let execute = |command: &str| match lb.proxy().execute(command) {
        Ok(text) => text,
        Err(error) => format!("[{}]: {error}", error.severity() as u8),
    };
    let status = || rows(&execute("show stat fe 1 -1"))["fe/FRONTEND"]["status"].clone();
    let refused = || std::net::TcpStream::connect(lb.address()).is_err();
    let mut open = lb.connect();
    assert_eq!(open.get("/").status(), 200);
    assert_eq!(execute("enable frontend fe"), "[5]: All sockets are already enabled.");
    assert_eq!((execute("disable frontend fe"), status()), (String::new(), "PAUSED".to_owned()));
    assert_eq!(execute("disable frontend fe"), "[5]: All sockets are already disabled.");
    assert!(refused());
    assert_eq!(open.get("/").status(), 200, "what is open is served");
    assert_eq!((execute("enable frontend #2"), status()), (String::new(), "OPEN".to_owned()));
    assert_eq!(lb.connect().get("/").status(), 200);
    assert_eq!((execute("shutdown frontend fe"), status()), (String::new(), "STOP".to_owned()));
    assert!(refused());
    assert_eq!(execute("shutdown frontend fe"), "[5]: Frontend was already shut down.");
    assert_eq!(execute("enable frontend fe"), "[3]: Frontend was previously shut down, cannot enable.");
    assert_eq!(execute("disable frontend off"), "[5]: Frontend was previously shut down, cannot disable.");
    assert_eq!(execute("disable frontend nope"), "[3]: No such frontend.");
    assert_eq!(execute("disable frontend"), "[3]: A frontend name is expected.");
}

#[test]
fn limits_are_set_and_shown() {
    let lb = Instance::start(LOCAL);
    let execute = |command: &str| lb.proxy().execute(command).unwrap_or_else(|error| error.to_string());
    let info = |name: &str| {
        let text = execute("show info");
        text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned)).expect("the field")
    };
    assert_eq!((info("Name"), info("Product"), info("Maxconn")), ("HAProxy".into(), "lb".into(), "100".into()));
    assert_eq!(execute("set maxconn global 50"), "");
    assert_eq!((info("Maxconn"), info("Hard_maxconn")), ("50".into(), "100".into()));
    assert_eq!(execute("set maxconn global 1000"), "Value out of range.");
    assert_eq!(execute("set maxconn frontend fe 7"), "");
    assert_eq!(rows(&execute("show stat fe 1 -1"))["fe/FRONTEND"]["slim"], "7");
    assert_eq!(execute("set rate-limit connections global 12"), "");
    assert_eq!(info("ConnRateLimit"), "12");
    assert_eq!(execute("show stat nope -1 -1"), "No such proxy.");
    lb.connect().get("/");
    assert_eq!((info("CumConns"), info("CumReq")), ("1".into(), "1".into()));
    assert_eq!(execute("clear counters all"), "");
    assert_eq!(rows(&execute("show stat"))["fe/FRONTEND"]["req_tot"], "0");
}
