//! A session of runtime commands over any bytes, in any pieces: never a panic, never more memory than a command may
//! have, and an end however the bytes were cut.
#![no_main]

use lb_core::proxy::Proxy;
use lb_core::runtime::{CliSession, Level, Step};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Something of everything that commands are about.
const CONFIG: &str = "\
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend web
  bind 127.0.0.1:0
  acl blocked src -u 7 192.0.2.1 192.0.2.2
  http-request track-sc0 src table app
  http-request deny if blocked
  default_backend app
backend app
  stick-table type ip size 100 expire 1m store conn_cur,gpc0,gpt0,http_req_rate(10s)
  server s1 127.0.0.1:1 disabled
  server s2 127.0.0.1:2 weight 5 disabled
";

static PROXY: LazyLock<Proxy> =
    LazyLock::new(|| Proxy::builder().threads(1).text("fuzz.cfg", CONFIG).start().expect("a proxy"));

fn answer(bytes: &[u8], piece: usize) -> String {
    let mut session: CliSession = PROXY.cli_session(Level::Admin);
    let mut out = String::new();
    let mut left = bytes;
    loop {
        match session.step(&mut out) {
            Step::Done => {}
            Step::Closed => return out,
            Step::Wait { .. } if left.is_empty() => session.end(),
            Step::Wait { .. } => {
                let next = &left[..piece.min(left.len())];
                left = &left[session.push(next)..];
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    // Answers that hold the time differ, but either way of cutting the bytes must come to its end.
    answer(bytes, usize::MAX);
    answer(bytes, 1);
});
