//! Requests and responses that fail on the way.

use lb_tests::Wire;

use super::{ABANDONED, Case, PLAIN, head_only, ok, one};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "bad requests",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            for bad in ["GET\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nX"] {
                let mut wire = Wire::connect(at[0]);
                wire.send(bad).finish();
                let _ = wire.try_read_to_end();
            }
            let mut wire = Wire::connect(at[0]);
            wire.finish();
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "bad second request",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.get("/");
            wire.send("GET\r\n\r\n");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "request timeouts",
        sections: "
frontend fe
  bind {fe}
  timeout http-request 50ms
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            let _ = wire.try_read_to_end();
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case { name: "bad response", sections: PLAIN, server: ok, traffic: |at| one(at, "/bad"), differs: &[] },
    Case {
        name: "server closes before it answers",
        sections: PLAIN,
        server: ok,
        traffic: |at| one(at, "/close"),
        differs: &[],
    },
    Case {
        name: "server closes within its response",
        sections: PLAIN,
        server: ok,
        traffic: |at| one(at, "/short"),
        differs: &[],
    },
    Case {
        name: "server does not answer",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 50ms
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/wait"),
        differs: &[],
    },
    Case {
        name: "server stops within its response",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 50ms
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/begin"),
        differs: &[],
    },
    Case {
        name: "client resets while it waits",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  option abortonclose
  timeout server 2s
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
            at.served();
            wire.reset();
        },
        differs: ABANDONED,
    },
    Case {
        name: "client resets within the response",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  timeout server 500ms
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
    Case {
        name: "client leaves within its body",
        sections: PLAIN,
        server: head_only,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
            at.served();
            wire.reset();
        },
        differs: &[],
    },
];
