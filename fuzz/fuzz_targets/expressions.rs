//! Expressions and formats of any text, for every fetch, evaluated for bytes that may be HTTP at every place where rules
//! stand: never a panic.
#![no_main]

use lb_core::sample::fuzzing::evaluate_any;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &str, &[u8])| {
    let (number, text, bytes) = input;
    evaluate_any((number != 0).then_some(usize::from(number)), text, bytes);
});
