//! `-dK`: what the program has, in HAProxy's format. Each line is one of HAProxy's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use lb_core::config::keyword::dump_keywords;
use lb_tests::process;

/// What HAProxy lists under a class, for a configuration that has nothing wrong.
fn theirs(haproxy: &Path, class: &str, config: &Path) -> Vec<String> {
    let output = Command::new(haproxy).args([&format!("-dK{class}"), "-q", "-c", "-f"]).arg(config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn fetches_converters_and_acl_words_are_listed_as_in_haproxy() {
    let Some(haproxy) = process::haproxy() else { return };
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("lb.cfg");
    std::fs::write(
        &config,
        "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n\
         frontend f\n bind 127.0.0.1:1\n",
    )
    .unwrap();
    for class in ["smp", "cnv", "acl"] {
        let theirs = theirs(&haproxy, class, &config);
        let known: BTreeSet<_> = theirs.iter().collect();
        let ours: Vec<_> = dump_keywords(class).lines().map(str::to_owned).collect();
        assert!(ours.len() > 1, "{class}");
        let unknown: Vec<_> = ours.iter().filter(|line| !known.contains(line)).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "{class}");
        // In the same order.
        let mut rest = theirs.iter();
        assert!(ours.iter().all(|line| rest.any(|their| their == line)), "{class}");
    }
}
