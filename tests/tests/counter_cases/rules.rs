//! Rules that deny, redirect, answer or change.

use lb_tests::Wire;

use super::{Case, REPLACED, ok, one};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "denied",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  http-request deny
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "denied by the backend",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  http-request deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "denied in a listen section",
        sections: "
listen li
  bind {fe}
  http-request deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a listen section",
        sections: "
listen li
  bind {fe}
  http-request redirect location /x
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a backend",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-request redirect location /x
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected by a server",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin} redir http://x
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &["s smax"],
    },
    Case {
        name: "names rejected",
        sections: "
frontend fe
  bind {fe}
  option http-restrict-req-hdr-names reject
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| {
            let mut wire = Wire::connect(at[0]);
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nX_y: 1\r\nConnection: close\r\n\r\n");
            let _ = wire.try_read_to_end();
        },
        differs: &[],
    },
    Case {
        name: "tarpit",
        sections: "
frontend fe
  bind {fe}
  timeout tarpit 10ms
  http-request tarpit
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "response denied",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  default_backend be
backend be
  http-response deny
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
    Case {
        name: "response denied by the frontend",
        sections: "
frontend fe
  bind {fe}
  option socket-stats
  http-response deny
  default_backend be
backend be
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
    Case {
        name: "answered here",
        sections: "
frontend fe
  bind {fe}
  monitor-uri /up
  http-request return status 200
",
        server: ok,
        traffic: |at| {
            one(at, "/");
            one(at, "/up");
        },
        differs: &[],
    },
    Case {
        name: "answered by the backend",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-request return status 200
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "redirected",
        sections: "
frontend fe
  bind {fe}
  http-request redirect location /x
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: &[],
    },
    Case {
        name: "response replaced",
        sections: "
frontend fe
  bind {fe}
  default_backend be
backend be
  http-response return status 200
  server s {origin}
",
        server: ok,
        traffic: |at| one(at, "/"),
        differs: REPLACED,
    },
];
