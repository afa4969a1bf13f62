//! Connections to the stats socket as the commands about them see them: beside HAProxy 2.6.12, field by field.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use lb_tests::process::haproxy;
use lb_tests::{Cli, Side, eventually};

const CONFIG: &str = "
global
  nbthread 1
  stats socket {dir}/stats mode 600 level admin
  stats socket {listen1} name named id 7 level admin
  stats timeout 1m
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind {listen0}
";

/// A line of `show sess`, or a stanza of `show sess all`, without what differs from run to run.
fn normal(text: &str, side: &Side) -> String {
    let text = text.replace(&side.address(1).to_string(), "TCP");
    text.split([' ', '\n', ',', '[']).map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    let Some((name, value)) = word.split_once('=') else {
        // Where a stanza begins: a pointer and a time.
        let begins = word.starts_with("0x") || word.contains("/20");
        return if begins { String::new() } else { word.replace("200h", "0h") };
    };
    let value = match name {
        "epoch" | "age" | "calls" | "rate" | "fd" | "fd.state" | "updt" | "id" | "tmask" | "fd.tmask" => "",
        "lat" | "cpu" | "state" => value.split(']').next().unwrap_or_default(),
        // Whether something came or went since the last step, and whether room was waited for, is told by chance.
        "f" | "(f" | "flags" => return format!("{name}={}", flags(value)),
        "scf" | "scb" | "task" | "co0" | "app1" | "req" | "res" | "buf" | "data" | "target" | "endp" => {
            value.split("0x").next().unwrap_or_default()
        }
        "i" | "o" | "p" | "size" | "total" => "",
        // HAProxy keeps the time in mind, but tells of it only after some steps.
        "rx" | "exp" | "rex" => "",
        "source" | "src" => value.split(':').next().unwrap_or_default(),
        _ => value,
    };
    format!("{name}={value}")
}

fn flags(value: &str) -> String {
    let digits = value.trim_start_matches("0x").trim_end_matches('h');
    format!("{:x}", u32::from_str_radix(digits, 16).unwrap() & !0x202)
}

/// The stream of every other connection than the one that asks.
fn others(side: &Side, command: &str) -> Vec<String> {
    let text = side.ask(command);
    let mut stanzas: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.starts_with("0x") {
            true => stanzas.push(line.to_owned()),
            false => {
                let stanza = stanzas.last_mut().unwrap();
                stanza.push('\n');
                stanza.push_str(line);
            }
        }
    }
    let asking = stanzas.pop().unwrap();
    assert!(asking.contains("=GLOBAL "), "{asking}");
    stanzas
}

/// The numbers of `show info` that connections to the socket are in.
fn counts(side: &Side) -> BTreeMap<String, String> {
    let names = ["Listeners", "Jobs", "CurrConns", "CumConns", "CumReq", "ConnRate", "SessRate", "MaxConnRate"];
    let text = side.ask("show info");
    let fields = text.lines().filter_map(|line| line.split_once(": "));
    fields.filter(|(name, _)| names.contains(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Connections in every state that there is to see. They come one after the other, so that their order is known.
fn visit(side: &Side) -> Vec<Cli> {
    let count = || side.ask("show sess").lines().filter(|line| line.contains("fe=GLOBAL")).count();
    let mut open = vec![side.cli()];
    eventually("one connection", || count() == 2);
    let mut interactive = side.cli();
    interactive.send("prompt\n").until("> ");
    open.push(interactive);
    eventually("two connections", || count() == 3);
    let mut tcp = Cli::connect(&side.address(1).into());
    tcp.send("prompt\n").until("> ");
    tcp.send("show env X <<\n").until("+ ");
    open.push(tcp);
    let mut incomplete = side.cli();
    incomplete.send("show vers");
    open.push(incomplete);
    eventually("all that was sent was taken", || {
        others(side, "show sess all").get(3).is_some_and(|stanza| stanza.contains("total=9)"))
    });
    open
}

#[test]
fn connections_are_listed_as_haproxy_lists_them() {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (Side::start(Some(&binary), CONFIG, 2), Side::start(None, CONFIG, 2));
    let open = (visit(&theirs), visit(&ours));
    for command in ["show sess", "show sess all"] {
        let (expected, got) = (others(&theirs, command), others(&ours, command));
        assert_eq!(expected.len(), 4, "{expected:#?}");
        assert_eq!(got.len(), 4, "{got:#?}");
        for (expected, got) in expected.iter().zip(&got) {
            assert_eq!(normal(got, &ours), normal(expected, &theirs), "\n{got}\n{expected}");
        }
    }
    drop(open);
}

#[test]
fn connections_are_counted_as_haproxy_counts_them() {
    let Some(binary) = haproxy() else { return };
    let difference = |side: &Side| {
        // Three listeners, and the connection that asks.
        let quiet = || eventually("nobody else asks", || counts(side)["Jobs"] == "4");
        quiet();
        let open = (side.cli(), Cli::connect(&side.address(1).into()));
        eventually("they are accepted", || counts(side)["Jobs"] == "6");
        let number = |counts: &BTreeMap<String, String>, name: &str| counts[name].parse::<i64>().unwrap();
        // Those that asked are counted, too: as many as it took.
        let asked = number(&counts(side), "CumConns");
        let after = counts(side);
        assert_eq!(number(&after, "CumConns"), asked + 1);
        assert_eq!(after["CumReq"], after["CumConns"]);
        drop(open);
        quiet();
        ["Jobs", "Listeners", "CurrConns", "ConnRate", "SessRate", "MaxConnRate"].map(|name| after[name].clone())
    };
    let (theirs, ours) = (Side::start(Some(&binary), CONFIG, 2), Side::start(None, CONFIG, 2));
    assert_eq!(difference(&ours), difference(&theirs));
}

#[test]
fn a_connection_is_shut_from_another_one() {
    let side = Side::start(None, CONFIG, 2);
    let mut open = side.cli();
    open.send("prompt\n").until("> ");
    let listed = others(&side, "show sess");
    let id = listed[0].split_once(':').unwrap().0;
    assert_eq!(side.ask(&format!("shutdown session {id}")), "\n");
    assert_eq!(open.rest(), "");
    assert_eq!(side.ask(&format!("shutdown session {id}")), "No such session (use 'show sess').\n\n");
    assert_eq!(others(&side, "show sess").len(), 0);
}
