//! Log lines of more than a hundred kinds of exchanges, with HAProxy 2.6 and with lb: every field must be the same.
//!
//! A kind is data ([`lb_tests::script`]). Both programs go through the same. Times are compared by class, never by value:
//! not reached, at once, waited for; and bytes as none or some, since HAProxy counts those of its own form of a message.
//! A kind whose lines differ is repeated before it counts: a busy machine makes anything wait. Skipped where HAProxy is
//! not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod kinds;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kinds::Difference::{self, Open, Purpose};
use lb_tests::peers::certificates::Certificates;
use lb_tests::process::haproxy;
use lb_tests::script::{Kind, Setting};

/// Where waiting begins, in milliseconds: less than the timeouts that are meant to strike.
const WAITED: i64 = 200;

/// Everything that does not depend on ports and dates. `~` parts fields, which may hold spaces.
const HTTP: &str = "f=%f~ft=%ft~b=%b~s=%s~ST=%ST~ts=%ts~tsc=%tsc~B=%B~U=%U~r=%{+Q}r~HM=%HM~HU=%HU~HP=%HP~HPO=%HPO~HQ=%HQ~\
    HV=%HV~TR=%TR~Tw=%Tw~Tc=%Tc~Tr=%Tr~Td=%Td~Ta=%Ta~Ti=%Ti~Th=%Th~Tq=%Tq~Tt=%Tt~Tu=%Tu~ac=%ac~fc=%fc~bc=%bc~sc=%sc~\
    rc=%rc~sq=%sq~bq=%bq~ci=%ci~fi=%fi~bi=%bi~si=%si:%sp~CC=%CC~CS=%CS~ID=%ID~hr=%hr~hs=%hs~lc=%lc~rt=%rt~sslv=%sslv";

/// The same for `mode tcp`.
const TCP: &str = "f=%f~ft=%ft~b=%b~s=%s~ts=%ts~B=%B~U=%U~Tw=%Tw~Tc=%Tc~Td=%Td~Th=%Th~Tt=%Tt~ac=%ac~fc=%fc~bc=%bc~sc=%sc~\
    rc=%rc~sq=%sq~bq=%bq~ci=%ci~fi=%fi~bi=%bi~si=%si:%sp~lc=%lc~rt=%rt";

/// Severity is part of the line: `short` is `<3>` and the line.
fn head(kind: &Kind) -> String {
    let (mode, format) = if kind.lines.contains("mode tcp") { ("tcp", TCP) } else { ("http", HTTP) };
    format!(
        "global
  nbthread 1
defaults
  mode {mode}
  log {{log}} len 8192 format short local0
  option log-separate-errors
  log-format '{format}'
  retries 0
  timeout connect 20s
  timeout client 20s
  timeout server 20s
"
    )
}

/// A line with its times and byte counts as classes; dates and the client's port of other lines cut off.
fn classes(line: &str) -> String {
    if !line.contains('~') {
        let (level, rest) = line.split_once('>').unwrap_or(("", line));
        return format!("{level}> {}", rest.split_once("] ").map_or(rest, |(_, rest)| rest));
    }
    let class = |field: &str| -> String {
        let Some((name, value)) = field.split_once('=') else { return field.to_owned() };
        let number = value.parse::<i64>();
        match (name, number) {
            ("B" | "U", Ok(1..)) => format!("{name}=n"),
            ("ST" | "s", _) => field.to_owned(),
            (name, Ok(time)) if name.starts_with('T') => match time {
                ..0 => field.to_owned(),
                WAITED.. => format!("{name}=waited"),
                _ => format!("{name}=0"),
            },
            _ => field.to_owned(),
        }
    };
    line.split('~').map(class).collect::<Vec<_>>().join(" ")
}

/// What is not the same, line by line and field by field.
fn differences(theirs: &[String], ours: &[String]) -> String {
    let mut out = String::new();
    for index in 0..theirs.len().max(ours.len()) {
        let line = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
        let (theirs, ours) = (line(theirs), line(ours));
        if theirs == ours {
            continue;
        }
        let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (fields(&theirs), fields(&ours));
        if a.len() == b.len() {
            for (a, b) in a.iter().zip(&b).filter(|(a, b)| a != b) {
                let _ = writeln!(out, "  line {index}: HAProxy {a}, lb {b}");
            }
        } else {
            let _ = writeln!(out, "  line {index}: HAProxy {theirs}\n          lb {ours}");
        }
    }
    out
}

/// Runs a kind until both say the same, a few times at most.
fn compare(kind: &Kind, binary: &Path, certificates: &Certificates) -> String {
    let head = head(kind);
    let mut out = String::new();
    for _ in 0..3 {
        let lines = |haproxy| -> Vec<String> {
            let setting = Setting { haproxy, head: &head, certificates };
            kind.run(&setting).iter().map(|line| classes(line)).collect()
        };
        let (theirs, ours) = (lines(Some(binary)), lines(None));
        out = differences(&theirs, &ours);
        if std::env::var("LB_CASE").is_ok() {
            println!("{}:\n{}", kind.name, theirs.join("\n"));
        }
        if out.is_empty() {
            break;
        }
    }
    out
}

fn chosen(name: &str) -> bool {
    std::env::var("LB_CASE").map_or(true, |only| name.contains(&only))
}

#[test]
fn lines_are_haproxys() {
    let Some(binary) = haproxy() else { return };
    let certificates = Certificates::new(&["lb.test"]);
    let kinds: Vec<&(Kind, Option<Difference>)> = kinds::all().filter(|(kind, _)| chosen(kind.name)).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(String::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((kind, differs)) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = compare(kind, &binary, &certificates);
                    let mut wrong = wrong.lock().unwrap();
                    match (found.is_empty(), differs) {
                        (true, None) => {}
                        (false, Some(Purpose(why))) => println!("{}: differs on purpose: {why}\n{found}", kind.name),
                        (false, Some(Open(why))) => println!("{}: differs, open: {why}\n{found}", kind.name),
                        (true, Some(_)) => drop(writeln!(wrong, "=== {}: does not differ", kind.name)),
                        (false, None) => drop(writeln!(wrong, "=== {}\n{found}", kind.name)),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "of {} kinds:\n{wrong}", kinds.len());
}

#[test]
fn there_are_more_than_a_hundred() {
    let names: std::collections::BTreeSet<&str> = kinds::all().map(|(kind, _)| kind.name).collect();
    assert_eq!(names.len(), kinds::all().count(), "names are not given twice");
    assert!(names.len() > 100, "{}", names.len());
}
