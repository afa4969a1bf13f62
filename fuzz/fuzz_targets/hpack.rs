//! Header blocks, and those we write ourselves: never a panic, and what is written reads back as it was.
#![no_main]

use lb_core::http::h2::hpack::{Decoder, Encoder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut theirs = Decoder::new(4096, 16384);
    let mut encoder = Encoder::default();
    let mut ours = Decoder::new(4096, 16384);
    for block in data.split(|byte| *byte == 0xff) {
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut size = 0;
        let decoded = theirs.decode(block, |name, value| {
            size += name.len() + value.len();
            if size < 65536 {
                fields.push((name.to_vec(), value.to_vec()));
            }
        });
        if decoded.is_err() {
            return;
        }
        if block.first().is_some_and(|byte| byte % 16 == 0) {
            encoder.set_max(block.len() * 16);
        }
        let mut out = Vec::new();
        encoder.begin(&mut out);
        fields.iter().for_each(|(name, value)| encoder.field(name, value, &mut out));
        let mut again = Vec::new();
        ours.decode(&out, |name, value| again.push((name.to_vec(), value.to_vec())))
            .expect("what we write can be read");
        assert_eq!(fields, again);
    }
});
