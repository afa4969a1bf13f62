//! Rules do what they do in HAProxy: responses, forwarded heads and log lines of many small configurations are the same.

#![allow(clippy::expect_used)]

use lb_tests::families::{Family, compare_families, conditions, converters, count, counters, fetches, maps};
use lb_tests::process::haproxy;
use lb_tests::rule_cases::{RuleCase, compare, read_cases};
use lb_tests::tcp_cases::{compare_tcp, read_tcp_cases};

/// Compares cases with HAProxy, where it is installed.
fn same(cases: &[RuleCase]) {
    let Some(binary) = haproxy() else { return };
    let faults = compare(&binary, cases);
    let shown: Vec<&str> = faults.iter().take(40).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {} cases differ:\n{}", faults.len(), cases.len(), shown.join("\n"));
}

#[test]
fn actions() {
    same(&read_cases(include_str!("rules/actions.txt")));
}

#[test]
fn connections_sessions_and_contents() {
    let Some(binary) = haproxy() else { return };
    let cases = read_tcp_cases(include_str!("rules/tcp.txt"));
    let chosen = std::env::var("LB_CASE").unwrap_or_default();
    let cases: Vec<_> = cases.into_iter().filter(|case| case.name.contains(&chosen)).collect();
    let faults = compare_tcp(&binary, &cases);
    assert!(faults.is_empty(), "{} of {} cases differ:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Generated lines, by family.
fn same_families(families: &[Family], least: usize) {
    let lines = count(families);
    assert!(lines >= least, "{lines} lines");
    println!("{lines} lines");
    let Some(binary) = haproxy() else { return };
    let faults = compare_families(&binary, families);
    let shown: Vec<&str> = faults.iter().take(200).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} differences in {lines} lines:\n{}", faults.len(), shown.join("\n"));
}

#[test]
fn fetches() {
    let mut families = vec![fetches::requests(), fetches::backend_requests()];
    families.append(&mut fetches::responses());
    same_families(&families, 600);
}

#[test]
fn converters_of_constants() {
    same_families(&[converters::converters(), converters::chains()], 1000);
}

#[test]
fn conditions_and_maps() {
    let files = tempfile::tempdir().expect("directory");
    let files = files.path();
    same_families(&[conditions::texts(), conditions::others(files), maps::maps(files)], 1000);
}

#[test]
fn tables_and_what_is_tracked() {
    let mut families = counters::tracked();
    families.push(counters::arrays());
    families.append(&mut counters::stick_rules());
    same_families(&families, 600);
}

#[test]
fn cookies() {
    same(&read_cases(include_str!("rules/cookies.txt")));
}
