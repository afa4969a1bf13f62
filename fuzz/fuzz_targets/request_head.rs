//! What a client sends as a request head: never a panic, and what we write reads back as the same message.
#![no_main]

use lb_core::http::Head;
use lb_core::http::h1::{EncodeOptions, Limits, OutFraming, Parsed, encode_request, parse_request, request_framing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    for relaxed in [false, true] {
        let mut head = Head::default();
        let Parsed::Complete { len } = parse_request(data, &limits, relaxed, &mut head) else { continue };
        assert!(len <= data.len());
        let Ok(framing) = request_framing(&head) else { continue };
        let mut out = Vec::new();
        let options = EncodeOptions { upgrade: framing.upgrade, ..Default::default() };
        encode_request(&head, OutFraming::from(framing.body), &options, &mut out);

        let mut again = Head::default();
        // What we add can push a head over the limits of the next reader, so these are wider.
        let limits = Limits { max_headers: limits.max_headers + 2, max_head_size: limits.max_head_size * 2 };
        assert_eq!(parse_request(&out, &limits, relaxed, &mut again), Parsed::Complete { len: out.len() });
        assert_eq!((head.method(), head.target(), head.version()), (again.method(), again.target(), again.version()));
        let second = request_framing(&again).expect("we write no ambiguous framing");
        assert_eq!(framing.body, second.body);
        assert_eq!(framing.upgrade, second.upgrade);
    }
});
