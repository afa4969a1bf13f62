//! Rules do what they do in HAProxy: responses, forwarded heads and log lines of many small configurations are the same.

use lb_tests::process::haproxy;
use lb_tests::rule_cases::{RuleCase, compare, read_cases};

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
