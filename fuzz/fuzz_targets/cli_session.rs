//! A session of runtime commands over any bytes, in any pieces: never a panic, never more memory than a command may
//! have, and an end however the bytes were cut.
#![no_main]

use lb_core::proxy::{Backend, Frontend, Proxy};
use lb_core::runtime::{CliSession, Level, Step};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Something of everything that commands are about.
static PROXY: LazyLock<Proxy> = LazyLock::new(|| {
    let web = Frontend::http("web")
        .bind("127.0.0.1:0")
        .line("acl blocked src -u 7 192.0.2.1 192.0.2.2")
        .line("http-request track-sc0 src table app")
        .line("http-request deny if blocked")
        .default_backend("app");
    let app = Backend::new("app")
        .line("stick-table type ip size 100 expire 1m store conn_cur,gpc0,gpt0,http_req_rate(10s)")
        .line("server s1 127.0.0.1:1 disabled")
        .line("server s2 127.0.0.1:2 weight 5 disabled");
    Proxy::builder().threads(1).frontend(web).backend(app).start().expect("a proxy")
});

fn answer(bytes: &[u8], piece: usize) -> String {
    let mut session: CliSession = PROXY.cli_session(Level::Admin);
    let mut out = String::new();
    let mut left = bytes;
    loop {
        match session.step(&mut out) {
            Step::Done => {}
            Step::Closed => return out,
            Step::Wait { .. } | Step::Watch if left.is_empty() => session.end(),
            Step::Wait { .. } | Step::Watch => {
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
