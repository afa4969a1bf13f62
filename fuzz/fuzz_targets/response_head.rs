//! What a server sends as a response head: never a panic, and what we write reads back as the same message.
#![no_main]

use lb_core::http::Head;
use lb_core::http::h1::{
    EncodeOptions, Limits, OutFraming, Parsed, RequestFraming, encode_response, parse_response, response_framing,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((flags, data)) = data.split_first() else { return };
    let request = RequestFraming {
        is_head: flags & 1 != 0,
        connect: flags & 2 != 0,
        upgrade: flags & 4 != 0,
        ..Default::default()
    };
    let relaxed = flags & 8 != 0;
    let limits = Limits::default();
    let mut head = Head::default();
    let Parsed::Complete { len } = parse_response(data, &limits, relaxed, &mut head) else { return };
    assert!(len <= data.len());
    let Ok(framing) = response_framing(&head, &request) else { return };
    let mut out = Vec::new();
    let options = EncodeOptions { upgrade: framing.tunnel, ..Default::default() };
    encode_response(&head, OutFraming::from(framing.announced), &options, &mut out);

    let mut again = Head::default();
    let limits = Limits { max_headers: limits.max_headers + 2, max_head_size: limits.max_head_size * 2 };
    assert_eq!(parse_response(&out, &limits, relaxed, &mut again), Parsed::Complete { len: out.len() });
    assert_eq!((head.status(), head.reason(), head.version()), (again.status(), again.reason(), again.version()));
    let second = response_framing(&again, &request).expect("we write no ambiguous framing");
    assert_eq!((framing.body, framing.announced), (second.body, second.announced));
});
