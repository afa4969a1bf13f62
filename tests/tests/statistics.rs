//! The counters of HAProxy 2.6.12 and of lb after the same traffic: `show stat` row by row, column by column. Skipped
//! where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod counter_cases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::Path;

use counter_cases::{Case, Subject};
use lb_tests::origin::ClosedPort;
use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, Origin, columns, eventually};

/// Rows by `proxy/service`, columns by name.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

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
                column if columns::VOLATILE.contains(&column) || column == "addr" => {
                    theirs.is_empty() == ours.is_empty()
                }
                column if columns::SIZES.contains(&column) => {
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

fn chosen(case: &Case) -> bool {
    std::env::var("LB_CASE").map_or(true, |only| only == case.name)
}

#[test]
fn counters_are_as_haproxys() {
    let Some(binary) = haproxy() else { return };
    let cases: Vec<&Case> = counter_cases::all().filter(|case| chosen(case)).collect();
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
