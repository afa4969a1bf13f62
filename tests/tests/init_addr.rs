//! `init-addr` beside a file of server states: which address a server with a name begins with, as in HAProxy. Skipped
//! where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::Side;
use lb_tests::process::haproxy;

const METHODS: [&str; 9] = [
    "last,none",
    "last,libc,none",
    "libc,last,none",
    "none,last",
    "127.0.0.9,last",
    "last,127.0.0.9",
    "libc,none",
    "none",
    "libc,127.0.0.9",
];

/// Address, operational and administrative state of an earlier run.
const SAVED: [(&str, u8, u8); 5] =
    [("127.0.0.5", 2, 0), ("-", 2, 0), ("::5", 2, 0), ("127.0.0.5", 0, 1), ("127.0.0.5", 0, 32)];

/// The system knows the first and not the second, of which it need not ask anybody.
const NAMES: [&str; 2] = ["localhost", "no_such_host_"];

fn states(binary: Option<&Path>) -> Vec<String> {
    let mut text = "global\n nbthread 1\n stats socket {dir}/stats level admin\n server-state-file {dir}/state\ndefaults\n mode http\n \
                    load-server-state-from-file global\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
                    listen web\n bind {listen0}\nbackend b\n"
        .to_owned();
    let mut state = "1\n# header\n".to_owned();
    let mut id = 0;
    for methods in METHODS {
        for (address, operational, admin) in SAVED {
            for name in NAMES {
                id += 1;
                text.push_str(&format!(" server s{id} {name}:8080 init-addr {methods}\n"));
                state.push_str(&format!(
                    "3 b {id} s{id} {address} {operational} {admin} 1 1 5 1 0 0 0 0 0 0 {name} 8080 - 0 0 - - 0\n"
                ));
            }
        }
    }
    let side = Side::start_with(binary, &text, 1, &[("state", &state)]);
    let answer = side.ask("show servers state b");
    let servers = answer.lines().skip(2).filter(|line| !line.is_empty());
    // All but how long ago the state changed.
    let told = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let (before, behind) = (&fields[3..9], &fields[10..]);
        format!("{before:?} {behind:?}")
    };
    servers.map(told).collect()
}

#[test]
fn the_first_address_is_the_one_that_haproxy_takes() {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (states(Some(&binary)), states(None));
    assert_eq!(theirs.len(), METHODS.len() * SAVED.len() * NAMES.len());
    assert_eq!(ours.len(), theirs.len());
    let faults: Vec<String> = theirs
        .iter()
        .zip(&ours)
        .enumerate()
        .filter(|(_, (theirs, ours))| theirs != ours)
        .map(|(index, (theirs, ours))| {
            let (methods, saved) = (METHODS[index / 10], SAVED[index / 2 % 5]);
            format!("{methods} {saved:?} {}: HAProxy {theirs}, lb {ours}", NAMES[index % 2])
        })
        .collect();
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}
