//! Variables of `global` and the memory that variables may take, the same through HAProxy and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;

use lb_tests::PATIENCE;
use lb_tests::process::haproxy;
use lb_tests::side::Side;

/// Lines of `global`, lines of the frontend, and whether HAProxy answers with what it did not write.
type Case = (&'static str, &'static str, bool);

const CASES: &[Case] = &[
    (
        "set-var proc.a int(3),add(4)\n  set-var proc.b str(x)\n  set-var-fmt proc.b \"<%[var(proc.a)]%[var(proc.b)]>\"",
        "",
        false,
    ),
    ("tune.vars.txn-max-size 79", "set-var(txn.a) int(1)", false),
    ("tune.vars.txn-max-size 80", "set-var(txn.a) int(1);set-var(txn.b) int(2)", false),
    ("tune.vars.txn-max-size 160", "set-var(txn.a) int(1);set-var(txn.b) int(2)", false),
    ("tune.vars.txn-max-size 165", "set-var(txn.a) str(12345);set-var(txn.b) int(2)", false),
    ("tune.vars.txn-max-size 164", "set-var(txn.a) str(12345);set-var(txn.b) int(2)", false),
    ("tune.vars.txn-max-size 84", "set-var(txn.a) str(12345)", true),
    ("tune.vars.txn-max-size 90", "set-var(txn.a) str(1);set-var(txn.a) str(1234567890)", false),
    ("tune.vars.txn-max-size 80", "set-var(txn.a) int(1);unset-var(txn.a);set-var(txn.b) int(2)", false),
    ("tune.vars.txn-max-size 80", "set-var(txn.a) method", false),
    ("tune.vars.txn-max-size 80", "set-var(req.a) int(1);set-var(txn.b) int(2)", false),
    ("tune.vars.sess-max-size 161", "set-var(sess.a) int(1);set-var(txn.b) str(x)", false),
    ("tune.vars.sess-max-size 80", "set-var(sess.a) int(1);set-var(txn.b) int(1)", false),
    ("tune.vars.reqres-max-size 79", "set-var(req.a) int(1);set-var(txn.b) int(1)", false),
    ("tune.vars.global-max-size 240", "set-var(sess.a) int(1);set-var(txn.b) int(1)", false),
    ("tune.vars.proc-max-size 320", "set-var(sess.a) int(1);set-var(txn.b) int(1)", false),
    ("tune.vars.proc-max-size 319", "set-var(sess.a) int(1);set-var(txn.b) int(1)", false),
    ("tune.vars.txn-max-size 84", "set-header x-out \"<%[str(abcd),set-var(txn.a)]>\"", false),
    ("tune.vars.txn-max-size 80", "set-header x-out \"<%[int(5),set-var(txn.a)]%[int(6),set-var(txn.b)]>\"", false),
    (
        "tune.vars.txn-max-size 0\n  tune.vars.sess-max-size\n  tune.vars.proc-max-size -1",
        "set-var(txn.a) int(1)",
        false,
    ),
];

/// What variables hold for each of three requests of one connection. What a header cannot show is left out.
fn seen(haproxy: Option<&Path>, (global, rules, _): &Case) -> Vec<Vec<String>> {
    let rules: String =
        rules.split(';').filter(|rule| !rule.is_empty()).map(|rule| format!("  http-request {rule}\n")).collect();
    let names = ["proc.a", "proc.b", "sess.a", "sess.b", "txn.a", "txn.b", "req.a", "req.b"];
    let fields: String = names.iter().map(|name| format!(" hdr x-{name} \"<%[var({name})]>\"")).collect();
    let side = Side::start(
        haproxy,
        &format!(
            "global\n  nbthread 1\n  stats socket {{dir}}/stats level admin\n  {global}\ndefaults\n  mode http\n  timeout \
             client 20s\nfrontend web\n  bind {{listen0}}\n{rules}  http-request return status 200{fields} hdr x-out \
             %[req.hdr(x-out)]\n"
        ),
        1,
    );
    let mut client = side.connect(0);
    let answers = (0..3).map(|_| {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.response();
        let all = names.iter().map(|name| format!("x-{name}")).chain(["x-out".to_owned()]);
        all.map(|name| format!("{name} {}", answer.header(&name).unwrap_or_default())).collect()
    });
    answers.collect()
}

#[test]
fn what_fits_is_set() {
    let Some(binary) = haproxy() else { return };
    for case in CASES {
        let (theirs, ours) = (seen(Some(&binary), case), seen(None, case));
        if case.2 {
            assert!(ours.iter().all(|answer| answer.contains(&"x-txn.a <>".to_owned())), "{case:?}: {ours:?}");
        } else {
            assert_eq!(ours, theirs, "{case:?}");
        }
    }
}

#[test]
fn variables_of_global_have_their_values_from_the_start() {
    let ours = seen(None, &CASES[0]);
    assert!(ours.iter().all(|answer| answer[..2] == ["x-proc.a <7>", "x-proc.b <<7x>>"]), "{ours:?}");
}

/// A limit, and what a check sets. In what HAProxy does not write itself the two cannot be compared.
const CHECKS: &[(&str, &str)] = &[
    ("check-max-size 100", "set-var(check.a) str(aaaaaaaaaaaaaaaaaaaa)"),
    ("check-max-size 100", "set-var(check.a) int(1);set-var(check.b) int(2)"),
    ("check-max-size 100", "set-var(check.a) int(1);set-var(sess.b) int(2)"),
    ("check-max-size 0", "set-var(check.a) int(1);set-var(check.b) int(2)"),
    ("sess-max-size 100", "set-var(check.a) str(aaaaaaaaaaaaaaaaaaaa)"),
    ("sess-max-size 100", "set-var(check.a) int(1);set-var(check.b) int(2)"),
    ("sess-max-size 100", "set-var(check.a) int(1);set-var(sess.b) int(2)"),
    ("proc-max-size 100", "set-var(check.a) int(1)"),
    ("txn-max-size 10", "set-var(check.a) int(1)"),
];

/// What a health check sends of its variables.
fn sent(haproxy: Option<&Path>, (limit, rules): &(&str, &str)) -> String {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let rules: String = rules.split(';').map(|rule| format!("  tcp-check {rule}\n")).collect();
    let text = format!(
        "global\n  nbthread 1\n  stats socket {{dir}}/stats level admin\n  tune.vars.{limit}\ndefaults\n  mode tcp\n  timeout \
         connect 5s\n  timeout server 5s\n  timeout client 5s\nlisten be\n  bind {{listen0}}\n  option tcp-check\n  tcp-check \
         connect\n{rules}  tcp-check send-lf \"<%[var(check.a)]%[var(check.b)]%[var(sess.b)]>\"\n  server s {} check\n",
        server.local_addr().unwrap()
    );
    let _side = Side::start(haproxy, &text, 1);
    let (mut client, _) = server.accept().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut sent = Vec::new();
    while !sent.ends_with(b">") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        sent.extend(byte);
    }
    String::from_utf8_lossy(&sent).into_owned()
}

#[test]
fn variables_of_checks_count_for_their_session() {
    let Some(binary) = haproxy() else { return };
    for case in CHECKS {
        assert_eq!(sent(None, case), sent(Some(&binary), case), "{case:?}");
    }
}
