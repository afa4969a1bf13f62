//! Servers that come back: `slowstart`, and how far they are.

use crate::history::{Ask, Column, Fail, Look, Recover, Rise, Say, Until, compare};

#[test]
fn servers_that_come_back_slowly() {
    let sections = "
backend a
  server a1 {up} weight 100 slowstart 4s
  server a2 {up} weight 100
backend b
  balance leastconn
  server b1 {up} weight 37 slowstart 4500ms
backend c
  balance source
  server c1 {up} weight 100 slowstart 2s
backend d
  server d1 {up} weight 16 slowstart 3s check inter 20ms rise 1 fall 1
backend e
  balance source
  hash-type consistent
  server e1 {up} weight 10 slowstart 2s
";
    compare(
        sections,
        &[
            Ask("set server a/a1 state maint"),
            Ask("set server a/a1 state ready"),
            Rise("a/a1"),
            Ask("set server a/a1 health down"),
            Ask("set server a/a1 health up"),
            Ask("set server a/a1 weight 50"),
            Rise("a/a1"),
            Ask("set server b/b1 health down"),
            Ask("set server b/b1 health up"),
            Rise("b/b1"),
            Ask("set server c/c1 health down"),
            Ask("set server c/c1 health up"),
            Rise("c/c1"),
            Fail,
            Until("d/d1", "DOWN"),
            Recover,
            Rise("d/d1"),
            Ask("set server e/e1 health down"),
            Ask("set server e/e1 health up"),
            Rise("e/e1"),
            // Drain is no coming back.
            Ask("set server a/a1 state drain"),
            Ask("set server a/a1 state ready"),
            Look,
        ],
    );
}

/// What is set in maintenance shows when that ends; who was about to stop comes back slowly, too.
#[test]
fn weights_that_have_to_wait() {
    let sections = "
backend a
  server a1 {up} weight 7 check inter 1h
  server a2 {up} weight 20 slowstart 1h check inter 1h
  server a3 {up} weight 4 track a1
  server a4 {up} weight 5
";
    let mut steps = vec![Column("a/a1", "check_status", "L4OK")];
    for state in ["set server a/a1 state maint", "set server a/a2 state maint", "set server a/a2 health stopping"] {
        let (server, back) = match state {
            "set server a/a1 state maint" => ("a1", "state ready"),
            "set server a/a2 state maint" => ("a2", "state ready"),
            _ => ("a2", "health up"),
        };
        let set = |what: &str| Ask(Box::leak(format!("set server a/{server} {what}").into_boxed_str()));
        for step in [Ask(state), set("weight 9"), set("weight 50%"), set(back), set("weight 6")] {
            steps.extend([step, Look]);
        }
    }
    for command in [
        "set server a/a2 health down",
        "set server a/a2 health stopping",
        "set server a/a2 health up",
        "set server a/a2 state drain",
        "set server a/a2 health stopping",
        "set server a/a2 health up",
        "set server a/a2 state ready",
    ] {
        steps.extend([Ask(command), Look]);
    }
    compare(sections, &steps);
}

/// What tracks a server that comes back slowly does so only where it says so itself.
#[test]
fn servers_that_track_one_that_comes_back_slowly() {
    let sections = "
backend a
  server a1 {up} weight 16 slowstart 1h check inter 1h
  server a2 {up} weight 3 track a1
backend b
  balance roundrobin
  server b1 {up} weight 32 track a/a1 slowstart 1h
  server b2 {up} track b/b1
";
    let mut steps = vec![Column("a/a1", "check_status", "L4OK")];
    for command in [
        "set server a/a1 health down",
        "set server a/a1 health up",
        "set server a/a1 health stopping",
        "set server a/a1 health up",
        "set server b/b1 state maint",
        "set server b/b1 state ready",
        "set server a/a1 state drain",
        "set server a/a1 state ready",
        "set server a/a1 state maint",
        "set server a/a1 state ready",
    ] {
        steps.extend([Ask(command), Look]);
    }
    compare(sections, &steps);
}

/// Servers that come at run time: their weight is in use, and they come back slowly, from the end of their maintenance
/// on; their checks may be enabled before that and run at once.
#[test]
fn servers_that_come_at_run_time() {
    let sections = "
backend a
  balance roundrobin
  server a1 {up}
";
    compare(
        sections,
        &[
            Ask("add server a/d 127.0.0.1:{origin} check inter 20ms weight 3 slowstart 1h rise 1 fall 1"),
            Look,
            Ask("enable health a/d"),
            Column("a/d", "check_status", "L4OK"),
            Look,
            Ask("set server a/d state ready"),
            Look,
            Ask("add server a/e 127.0.0.1:{origin} check inter 20ms weight 32 slowstart 1h rise 1 fall 1"),
            Ask("set server a/e state ready"),
            Look,
            Ask("enable health a/e"),
            Column("a/e", "check_status", "L4OK"),
            Look,
        ],
    );
}

/// How far a server is, in the words of `show stat`, whatever else is said of it.
#[test]
fn progress_in_every_state() {
    let sections = "
backend a
  server c {up} check inter 600ms rise 2 fall 4
  server t {up} track c
  server ca {up} check inter 600ms rise 2 fall 4 agent-check agent-port {agent} agent-inter 50ms agent-send x
  server ta {up} track ca
  server ag {up} agent-check agent-port {agent} agent-inter 50ms agent-send x
";
    compare(
        sections,
        &[
            Until("a/c", "UP"),
            Until("a/ca", "UP"),
            Ask("set server a/c state drain"),
            Ask("set server a/ca state drain"),
            Until("a/t", "DRAIN"),
            Until("a/ta", "DRAIN (agent)"),
            Fail,
            Until("a/c", "DRAIN 3/4"),
            Until("a/t", "DRAIN 2/4"),
            Until("a/c", "DRAIN 1/4"),
            Until("a/t", "DOWN"),
            Until("a/ta", "DOWN"),
            Recover,
            Until("a/c", "DOWN 1/2"),
            Until("a/c", "DRAIN"),
            Until("a/ta", "DRAIN (agent)"),
            Look,
            Ask("set server a/c state ready"),
            Ask("set server a/ca state ready"),
            Fail,
            Until("a/t", "UP 3/4"),
            Until("a/ta", "UP 1/4"),
            Until("a/t", "DOWN"),
            Until("a/ta", "DOWN"),
            Say("down\n"),
            Until("a/ca", "DOWN (agent)"),
            Until("a/ta", "DOWN (agent)"),
            Until("a/ag", "DOWN (agent)"),
            Say("up\n"),
            Until("a/ag", "no check"),
            Recover,
            Until("a/t", "UP"),
            Until("a/ta", "UP"),
            // From now on the agent says nothing of it.
            Say("50%\n"),
            Column("a/ca", "weight", "0"),
            Column("a/ag", "weight", "0"),
            Ask("disable health a/c"),
            Ask("disable health a/ca"),
            Until("a/ta", "no check"),
            Ask("set server a/c health down"),
            Ask("set server a/ca health down"),
            Ask("disable agent a/ag"),
            Until("a/t", "DOWN"),
            // Its agent said that it is up.
            Until("a/ta", "DOWN 0/2"),
            Look,
        ],
    );
}
