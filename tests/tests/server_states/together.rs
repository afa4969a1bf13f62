//! Everything at once: checks, agents, tracking, slow start, drain and maintenance of the same servers.

use crate::history::{Ask, Column, Fail, Look, Recover, Say, Until, compare};

#[test]
fn a_day_of_servers() {
    let sections = "
backend a
  option log-health-checks
  server a {up} check inter 40ms rise 2 fall 2 slowstart 1h weight 16
  server b {up} track a/a weight 3 slowstart 1h
  server c {up} check inter 40ms rise 1 fall 1 agent-check agent-port {agent} agent-inter 40ms agent-send x slowstart 1h weight 20
  server d {up} backup
backend b
  server x {up} track a/b
  server y {up} track a/c backup
";
    compare(
        sections,
        &[
            Until("a/a", "UP"),
            Until("a/c", "UP"),
            Column("a/c", "agent_status", "L7OK"),
            Look,
            Ask("set server a/a state drain"),
            Ask("set server a/a weight 8"),
            Look,
            Say("50%\n"),
            Column("a/c", "weight", "10"),
            Look,
            Fail,
            Until("a/a", "DOWN"),
            Until("a/c", "DOWN"),
            Ask("set server a/a state ready"),
            Look,
            Recover,
            Until("a/a", "UP"),
            Until("a/c", "UP"),
            Look,
            Ask("set server a/c agent down"),
            Until("b/y", "DOWN (agent)"),
            Say("drain 100% up\n"),
            Until("a/c", "DRAIN (agent)"),
            Look,
            Ask("set server a/c state maint"),
            Ask("set server a/c weight 30"),
            Say("ready down\n"),
            Until("b/y", "DOWN (agent)"),
            Look,
            Say("up ready\n"),
            Until("b/y", "UP"),
            Look,
            Ask("set server a/b state drain"),
            Ask("set server a/b state maint"),
            Ask("set server b/x state ready"),
            Ask("set server a/b state ready"),
            Ask("set server b/x weight 5"),
            Look,
            Ask("disable health a/a"),
            Ask("set server a/a health down"),
            Look,
            Fail,
            Until("a/c", "DOWN"),
            Ask("set server b/y health up"),
            Ask("set server b/x health up"),
            Look,
            Recover,
            Until("a/c", "UP"),
            Ask("enable health a/a"),
            Until("a/a", "UP"),
            Look,
        ],
    );
}
