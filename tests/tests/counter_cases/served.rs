//! What is served, and connections that wait for the next request.

use lb_tests::{Wire, eventually};

use super::{Case, PLAIN, ok, one};
use crate::rows;

pub(super) const CASES: &[Case] = &[
    Case { name: "nothing", sections: PLAIN, server: ok, traffic: |_| (), differs: &[] },
    Case {
        name: "statuses",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            for target in ["/", "/404", "/302", "/500", "/100", "/700"] {
                one(at, target);
            }
        },
        differs: &[],
    },
    Case {
        name: "keep-alive",
        sections: PLAIN,
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            for _ in 0..5 {
                wire.get("/");
            }
        },
        differs: &[],
    },
    Case {
        name: "listen, sockets",
        sections: "
listen li
  bind {fe} name one
  bind {fe2}
  option socket-stats
  server s {origin}
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            Wire::connect(at[1]).get("/");
        },
        differs: &[],
    },
    Case {
        name: "contstats",
        sections: "
frontend fe
  bind {fe}
  option contstats
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
            for row in ["fe/FRONTEND", "be/BACKEND", "be/s"] {
                eventually("what was sent is counted", || {
                    let row = &rows(&(at.read)())[row];
                    row["bin"] != "0" && row["scur"] == "1"
                });
            }
            wire.send("56789").response();
        },
        differs: &[],
    },
    Case {
        name: "idle connections",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-reuse always
  server s {origin}
",
        server: ok,
        traffic: |at| {
            for _ in 0..3 {
                one(at, "/");
            }
        },
        differs: &[],
    },
    Case {
        name: "http-reuse never",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-reuse never
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            for _ in 0..3 {
                wire.get("/");
            }
        },
        differs: &[],
    },
    Case {
        name: "upgrade",
        sections: PLAIN,
        server: |visit| {
            if visit.request_head().is_some() {
                visit.wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello");
                let _ = visit.wire.try_read_to_end();
            }
        },
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").head();
            wire.send("hello").finish();
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
];
