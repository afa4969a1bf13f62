//! Servers that are about to stop, and states that outlive a restart.

use lb_tests::Side;
use lb_tests::process::haproxy;

use crate::history::{Ask, Column, Look, Status, Until, compare, states};

/// Servers that say 404 want no new sessions; those that track them follow.
#[test]
fn servers_that_are_about_to_stop_and_their_followers() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  option httpchk
  http-check disable-on-404
  option log-health-checks
  server a1 {origin} check inter 100ms rise 2 fall 3
  server a2 {origin} track a1
backend b
  http-check disable-on-404
  server b1 {origin} track a/a1 backup
  server b2 {origin} track b1
backend c
  server c1 {origin}
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Look,
            Status(404),
            Until("a/a1", "NOLB"),
            Until("b/b2", "NOLB"),
            Look,
            Ask("set server a/a2 state drain"),
            Ask("set server a/a2 state ready"),
            Ask("set server b/b1 state maint"),
            Until("b/b2", "MAINT (via b/b1)"),
            Ask("set server b/b1 state ready"),
            Until("b/b2", "NOLB"),
            Look,
            Status(200),
            Until("a/a1", "UP"),
            Until("b/b2", "UP"),
            Look,
            Status(404),
            Until("b/b2", "NOLB"),
            Status(500),
            Until("a/a1", "DOWN"),
            Until("b/b2", "DOWN"),
            Look,
            Ask("experimental-mode on; add server b/d1 127.0.0.1:1 track a/a1"),
            Ask("experimental-mode on; add server c/d1 127.0.0.1:1 track a/a1"),
            // Down, a 404 does not bring it back.
            Status(404),
            Column("a/a1", "check_code", "404"),
            Status(200),
            Until("b/b2", "UP"),
            Look,
        ],
    );
}

/// The states of one program are those that the other one, or another of its kind, begins with.
#[test]
fn states_outlive_a_restart() {
    let Some(binary) = haproxy() else { return };
    let sections = "
global
  stats socket {dir}/stats level admin
  server-state-file {dir}/states
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  load-server-state-from-file global
backend a
  server a1 127.0.0.1:1 weight 10
  server a2 127.0.0.1:2 weight 10
  server a3 127.0.0.1:3 disabled
  server a4 127.0.0.1:4 weight 20 disabled
  server a5 127.0.0.1:5
  server a6 127.0.0.1:6 agent-check agent-port 1 agent-inter 1h check addr 127.0.0.2 port 1 inter 1h
  server a7 127.0.0.1:7
backend b
  server b1 127.0.0.1:1
";
    let commands = [
        "disable health a/a6",
        "disable agent a/a6",
        "set server a/a1 weight 5",
        "set server a/a1 addr 127.0.0.9 port 99",
        "set server a/a2 state maint",
        "set server a/a3 state ready",
        "set server a/a4 state drain",
        "set server a/a5 state drain",
        "set server a/a7 health down",
        "set server b/b1 health stopping",
    ];
    let mut saved = Vec::new();
    for program in [Some(&*binary), None] {
        let side = Side::start_with(program, sections, 0, &[("states", "1\n")]);
        for command in commands {
            side.ask(command);
        }
        saved.push(side.ask("show servers state"));
    }
    for saved in saved {
        let [theirs, ours] = [Some(&*binary), None].map(|program| {
            let side = Side::start_with(program, sections, 0, &[("states", &format!("{}\n", saved.trim_end()))]);
            states(&side)
        });
        assert_eq!(ours, theirs, "from {saved}");
    }
}
