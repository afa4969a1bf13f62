//! A session of runtime commands over any bytes, in any pieces: never a panic, never more memory than a command may
//! have, and an end however the bytes were cut.
#![no_main]

use lb_core::proxy::Proxy;
use lb_core::runtime::{CliSession, Level, Step};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PROXY: LazyLock<Proxy> = LazyLock::new(|| Proxy::builder().threads(1).start().expect("a proxy"));

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
