//! TCP.

use lb_tests::Wire;

use super::{Case, ok, one};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "tcp",
        sections: "
frontend fe
  bind {fe}
  mode tcp
  timeout client 500ms
  option socket-stats
  default_backend be
backend be
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            Wire::connect(at[0]).get("/");
        },
        differs: &[],
    },
    Case {
        name: "tcp refused",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {closed}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "tcp, server closes first",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/close"),
        differs: &[],
    },
    Case {
        name: "tcp, client resets",
        sections: "
listen li
  bind {fe}
  mode tcp
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            wire.reset();
        },
        differs: &[],
    },
];
