//! Rules do what they do in HAProxy: responses, forwarded heads and log lines of many small configurations are the same.

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

#[test]
fn cookies() {
    same(&read_cases(include_str!("rules/cookies.txt")));
}
