//! Chunked bodies: never a panic, and where the windows are cut changes nothing.
#![no_main]

use lb_core::http::h1::{ChunkError, ChunkedDecoder};
use libfuzzer_sys::fuzz_target;

fn decode(raw: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), ChunkError> {
    let mut decoder = ChunkedDecoder::new();
    let mut payload = Vec::new();
    let mut at = 0;
    while at < raw.len() && !decoder.is_done() {
        let end = raw.len().min(at + step);
        let mut window = raw[at..end].to_vec();
        let decoded = decoder.decode(&mut window)?;
        payload.extend_from_slice(&window[decoded.payload]);
        assert!(decoded.done || decoded.consumed == window.len());
        at += decoded.consumed;
    }
    Ok((payload, at, decoder.is_done()))
}

fuzz_target!(|data: &[u8]| {
    let Some((step, raw)) = data.split_first() else { return };
    let whole = decode(raw, raw.len().max(1));
    assert_eq!(whole, decode(raw, usize::from(*step).max(1)));
    assert_eq!(whole, decode(raw, 1));
});
