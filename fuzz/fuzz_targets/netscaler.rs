//! NetScaler's Client IP insertion: never a panic, bytes behind a header do not count, and every beginning of a header is
//! one.
#![no_main]

use lb_core::netscaler::{MAX_HEADER, Parsed, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(magic) = data.first_chunk::<4>() else { return };
    let magic = u32::from_be_bytes(*magic);
    let found = parse(magic, data);
    let Parsed::Complete { len, source, destination } = found else { return };
    assert!(len <= data.len() && len <= MAX_HEADER);
    assert_eq!(source.is_ipv4(), destination.is_ipv4());
    assert_eq!(parse(magic, &data[..len]), found);
    for end in 0..len {
        assert_eq!(parse(magic, &data[..end]), Parsed::Partial);
    }
});
