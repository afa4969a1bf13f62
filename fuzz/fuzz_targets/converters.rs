//! Converters over any bytes: each of them with any arguments, and chains of them. Never a panic, whatever they are told.
#![no_main]

use lb_core::sample::fuzzing::{convert_any, convert_by};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (number, text, bytes) = input;
    convert_by(usize::from(number), text, bytes);
    convert_any(text, bytes);
});
