//! Agents, and servers that follow others.

use crate::history::{Ask, Column, Fail, Look, Recover, Say, Until, compare};

#[test]
fn servers_that_track_others() {
    let sections = "
backend a
  option log-health-checks
  server a1 {up} check inter 100ms rise 2 fall 2
  server a2 {up} track a1
backend b
  server b1 {up} track a/a1
  server b2 {up} track b1 backup
backend c
  server c1 {up} disabled check inter 1h
  server c2 {up} track c1
  server c3 {up} track c/c2 disabled
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Look,
            Fail,
            Until("a/a1", "DOWN"),
            Look,
            Ask("set server b/b1 state maint"),
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("b/b2", "DOWN"),
            Look,
            Recover,
            Until("a/a1", "UP"),
            Look,
            Ask("set server a/a1 state maint"),
            Until("b/b2", "MAINT (via b/b1)"),
            Look,
            Ask("set server b/b1 state ready"),
            Ask("set server b/b1 state maint"),
            Ask("set server a/a1 state ready"),
            Until("a/a1", "UP"),
            Look,
            Ask("set server b/b1 state drain"),
            Until("b/b2", "DRAIN"),
            Look,
            Ask("set server a/a1 state drain"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "DRAIN"),
            Look,
            Ask("set server a/a1 state maint"),
            Ask("set server b/b1 state drain"),
            Ask("set server a/a1 state ready"),
            Ask("set server b/b1 state ready"),
            Until("a/a1", "UP"),
            Look,
            Ask("disable health a/a1"),
            Ask("set server a/a1 health stopping"),
            Until("b/b2", "NOLB"),
            Look,
            Ask("set server a/a1 health up"),
            Ask("set server b/b1 health down"),
            Until("b/b2", "no check"),
            Look,
            Ask("set server c/c3 state ready"),
            Until("c/c3", "MAINT (via c/c2)"),
            Look,
            Ask("enable health b/b1"),
            Ask("experimental-mode on; add server b/d1 127.0.0.1:1 track b/b1"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track d1"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track a/nope"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track x/nope"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track d2"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track a/a1 check"),
            Ask("experimental-mode on; add server b/d2 127.0.0.1:1 track"),
            Ask("experimental-mode on; del server a/a1"),
            Ask("set server a/a1 state maint"),
            Until("b/d1", "MAINT (via b/b1)"),
            Look,
            Ask("experimental-mode on; del server b/d1"),
        ],
    );
}

#[test]
fn agents() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  option log-health-checks
  server a1 {up} weight 10 maxconn 50 check inter 100ms rise 2 fall 2 agent-check agent-port {agent} agent-inter 100ms agent-send x
  server a2 {up} track a1
backend b
  server b1 {up} weight 10 agent-check agent-port {agent} agent-inter 100ms agent-send x
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Column("a/a1", "last_agt", "via agent : up"),
            Column("b/b1", "last_agt", "via agent : up"),
            Look,
            Say("50%\n"),
            Column("a/a1", "weight", "5"),
            Column("b/b1", "weight", "5"),
            Look,
            Say("down\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Say("up # fine, 100% of it\n"),
            Until("b/b1", "no check"),
            Until("a/a1", "UP"),
            Look,
            Say("drain\n"),
            Until("b/b1", "DRAIN (agent)"),
            Until("a/a1", "DRAIN (agent)"),
            Look,
            Say("maint\n"),
            Until("b/b1", "MAINT"),
            Until("a/a2", "MAINT (via a/a1)"),
            Look,
            Say("ready up 100% maxconn:7\n"),
            Column("a/a1", "slim", "7"),
            Column("b/b1", "slim", "7"),
            Until("b/b1", "no check"),
            Until("a/a1", "UP"),
            Look,
            Say("bogus words\n"),
            Column("a/a1", "last_agt", "agent reports an error : bogus"),
            Column("b/b1", "last_agt", "agent reports an error : bogus"),
            Look,
            Say("stopped # for a while\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Fail,
            Column("a/a1", "chkfail", "2"),
            Say("up\n"),
            Until("b/b1", "no check"),
            Until("a/a1", "DOWN"),
            Look,
            Recover,
            Until("a/a1", "UP"),
            Until("b/b1", "no check"),
            Say("down\n"),
            Until("b/b1", "DOWN (agent)"),
            Until("a/a1", "DOWN (agent)"),
            Look,
            Ask("disable agent a/a1"),
            Until("a/a1", "UP"),
            Ask("disable agent b/b1"),
            Until("b/b1", "DOWN"),
            Look,
            Ask("set server b/b1 health up"),
            Until("b/b1", "no check"),
            Look,
            Ask("set server b/b1 agent down"),
            Ask("set server a/a2 agent-port 5"),
            Ask("enable agent a/a2"),
            Say("100%\n"),
            Ask("enable agent b/b1"),
            Ask("set server b/b1 agent"),
            Ask("set server b/b1 agent x"),
            Ask("set server b/b1 agent-addr"),
            Ask("set server b/b1 agent-addr x.y.z"),
            Ask("set server b/b1 agent-addr 127.0.0.1 port x"),
            Ask("set server b/b1 agent-port"),
            Ask("set server b/b1 agent-port 70000"),
            Ask("set server b/b1 agent-send"),
            Ask("set server b/b1 agent-send x y"),
            Ask("set server b/b1 agent down"),
            Until("b/b1", "DOWN (agent)"),
            Ask("set server b/b1 agent up"),
            Until("b/b1", "no check"),
        ],
    );
}
