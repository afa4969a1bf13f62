//! What traffic tells of health (`observe`).

use crate::history::{Ask, Column, Look, Traffic, Until, compare};

#[test]
fn traffic_tells_of_health() {
    for (mode, bad) in
        [("fail-check", "UP 1/2"), ("sudden-death", "UP 1/2"), ("mark-down", "DOWN"), ("fastinter", "UP")]
    {
        let sections = format!(
            "
frontend f
  bind {{listen0}}
  default_backend a
backend a
  option log-health-checks
  server a1 {{origin}} check inter 1h rise 2 fall 2 observe layer7 error-limit 3 on-error {mode}
"
        );
        compare(
            &sections,
            &[
                Until("a/a1", "UP"),
                Traffic(500, 2),
                Traffic(404, 1),
                Traffic(503, 2),
                Traffic(501, 1),
                Traffic(505, 1),
                Until("a/a1", "UP"),
                Look,
                Traffic(500, 3),
                Column("a/a1", "hanafail", "1"),
                Until("a/a1", bad),
                Look,
            ],
        );
    }
}

#[test]
fn connections_tell_of_health() {
    for (mode, limit, bad) in [
        ("on-error fail-check", 3, "UP 1/2"),
        ("", 3, "UP 1/2"),
        ("on-error sudden-death", 3, "UP 1/2"),
        ("on-error mark-down", 3, "DOWN"),
        ("on-error fastinter", 3, "UP"),
        ("on-error fail-check", 10, "UP 1/2"),
    ] {
        let sections = format!(
            "
frontend f
  bind {{listen0}}
  default_backend a
backend a
  retries 0
  option log-health-checks
  server a1 {{closed}} check port {{check}} inter 1h rise 2 fall 2 observe layer4 error-limit {limit} {mode}
"
        )
        .replace("error-limit 10 ", "");
        let mut steps = vec![Until("a/a1", "UP"), Traffic(503, limit - 1)];
        steps.extend([
            Until("a/a1", "UP"),
            // One that is established makes up for those before it; its response does not matter.
            Ask("set server a/a1 addr 127.0.0.1 port {origin}"),
            Traffic(500, 1),
            Ask("set server a/a1 addr 127.0.0.1 port {closed}"),
            Traffic(503, limit - 1),
            Until("a/a1", "UP"),
            Look,
            Traffic(503, 1),
            Column("a/a1", "hanafail", "1"),
            Until("a/a1", bad),
            Look,
        ]);
        compare(&sections, &steps);
    }
}

/// Each attempt counts; a server that is down for it is not asked again.
#[test]
fn retries_tell_of_health() {
    let sections = "
frontend f
  bind {listen0}
  default_backend a
backend a
  retries 5
  timeout connect 20ms
  option log-health-checks
  server a1 {closed} check port {check} inter 1h rise 2 fall 1 observe layer4 error-limit 3
backend b
  server b1 {closed} track a/a1
";
    compare(
        sections,
        &[
            Until("a/a1", "UP"),
            Traffic(503, 1),
            Column("a/a1", "hanafail", "2"),
            Until("a/a1", "DOWN"),
            Until("b/b1", "DOWN"),
            Look,
        ],
    );
}
