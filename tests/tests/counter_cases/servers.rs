//! Servers that are not there, and queues.

use lb_tests::Wire;

use super::{Case, ok, one};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "refused",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {closed}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redispatch",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  option redispatch
  retries 3
  server bad {closed}
  server good {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            one(at, "/");
            one(at, "/");
        },
        differs: &[],
    },
    Case {
        name: "no server",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin} disabled
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "no backend",
        sections: "
frontend fe
  bind {fe}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "queue",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout queue 50ms
  timeout server 1s
  server s {origin} maxconn 1
",
        server: ok,
        traffic: |at| {
            let mut first = Wire::connect(at[0]);
            first.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            one(at, "/");
            drop(first);
        },
        differs: &[],
    },
    Case {
        name: "queue, served",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 2s
  server s {origin} maxconn 1
",
        server: ok,
        traffic: |at| {
            let mut first = Wire::connect(at[0]);
            first.send("GET /begin HTTP/1.1\r\nHost: a\r\n\r\n").head();
            let mut second = Wire::connect(at[0]);
            second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            at.shows("be/BACKEND", "qcur", "1");
            first.reset();
            second.response();
        },
        differs: &[],
    },
];
