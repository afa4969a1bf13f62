//! A session of runtime commands over any bytes, in any pieces: never a panic, never more memory than a command may
//! have, every reply whole, and the same answer however the bytes were cut.
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
    let whole = answer(bytes, usize::MAX);
    assert_eq!(whole, answer(bytes, 1));
});
