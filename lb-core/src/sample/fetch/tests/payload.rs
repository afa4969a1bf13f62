//! Raw bytes of TCP connections.
//!
//! What differs from HAProxy 2.6: a fixed second offset of `payload_lv` counts from the start, as the manual says (HAProxy
//! halves an even one and takes an odd one as relative), and where nothing came yet, all of nothing is waited for.

use super::{Outcome::*, check_bytes, expression};
use crate::http::message::Head;
use crate::sample::context::{Buffered, Context};

#[test]
#[rustfmt::skip]
fn bytes_by_offset() {
    check_bytes(&[
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\t\n", &[
            ("req.payload(0,3)", Value(b"\x01\x02\x03")), ("req.payload(8,2)", Value(b"\t\n")),
            ("req.payload(8,3)", Wait), ("req.payload(0,0)", Value(b"\x01\x02\x03\x04\x05\x06\x07\x08\t\n")),
            ("req.payload(4,0)", Value(b"\x05\x06\x07\x08\t\n")), ("req.payload(9,1)", Value(b"\n")),
            ("req.payload(10,1)", Wait), ("req.payload(10,0)", Nothing), ("req.payload(11,0)", Wait),
            ("req.payload(0,10)", Value(b"\x01\x02\x03\x04\x05\x06\x07\x08\t\n")), ("req.payload(0,11)", Wait),
            ("payload(0,3)", Value(b"\x01\x02\x03")), ("payload(0,0)", Value(b"\x01\x02\x03\x04\x05\x06\x07\x08\t\n")), ("payload(8,3)", Wait),
        ]),
        (b"\x00\x03abcdefgh", &[
            ("req.payload_lv(0,2)", Value(b"abc")), ("req.payload_lv(0,2,5)", Value(b"def")),
            ("req.payload_lv(0,2,0)", Value(b"\x00\x03a")), ("req.payload_lv(0,2,+1)", Value(b"bcd")),
            ("req.payload_lv(0,2,-1)", Value(b"\x03ab")), ("req.payload_lv(0,1)", Nothing),
            ("req.payload_lv(1,1)", Value(b"abc")), ("req.payload_lv(1,1,-1)", Value(b"\x03ab")),
            ("req.payload_lv(0,3)", Wait), ("req.payload_lv(4,1)", Wait), ("req.payload_lv(0,2,7)", Value(b"fgh")),
            ("req.payload_lv(0,2,8)", Wait), ("req.payload_lv(9,1)", Wait), ("req.payload_lv(10,1)", Wait),
            ("req.payload_lv(0,2,+5)", Value(b"fgh")), ("req.payload_lv(0,2,+6)", Wait),
            ("payload_lv(0,2)", Value(b"abc")), ("payload_lv(0,2,+1)", Value(b"bcd")),
        ]),
        (b"\x00\x00abc", &[
            ("req.payload_lv(0,2)", Nothing), ("req.payload_lv(0,1)", Nothing), ("req.payload_lv(0,2,0)", Nothing),
            ("req.payload_lv(0,2,9)", Nothing),
        ]),
    ]);
}

#[test]
fn nothing_is_waited_for_at_the_end() {
    for (complete, full) in [(true, false), (false, true)] {
        let data = Buffered { bytes: b"abc", complete, full, announced: None };
        let context = Context { request_data: data, ..Context::default() };
        for text in ["req.payload(0,4)", "req.payload_lv(3,1)", "req.ssl_hello_type", "req.rdp_cookie"] {
            assert_eq!(expression(text).evaluate(&context), None);
        }
        assert_eq!(expression("req.len").bytes(&context).as_deref(), Some(&b"3"[..]));
        assert!(!context.may_change.get());
    }
}

#[test]
fn a_length_that_may_grow_is_looked_at_again() {
    let data = Buffered { bytes: b"abc", ..Buffered::default() };
    let context = Context { request_data: data, response_data: data, ..Context::default() };
    for text in ["req.len", "res.len", "req.payload(1,0)"] {
        context.may_change.set(false);
        assert!(expression(text).evaluate(&context).is_some());
        assert!(context.may_change.get(), "{text}");
    }
}

#[test]
fn messages_have_no_payload() {
    let head = Head::default();
    let data = Buffered { bytes: b"abc", ..Buffered::default() };
    let context = Context { request: Some(&head), request_data: data, ..Context::default() };
    for text in ["req.payload(0,1)", "payload(0,0)", "req.payload_lv(0,1)", "req.ssl_hello_type", "req.rdp_cookie"] {
        assert_eq!(expression(text).evaluate(&context), None, "{text}");
    }
    assert!(!context.may_change.get());
}
