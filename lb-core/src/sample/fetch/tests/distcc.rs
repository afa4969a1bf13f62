//! Tokens of distcc.

use super::{Outcome::*, check_bytes};

#[test]
#[rustfmt::skip]
fn tokens() {
    check_bytes(&[
        (b"DIST00000001ARGC00000002ARGV00000003gccARGV00000002-cDOTI00000010xxxxxxxxxxxxxxxxDONE0000000a", &[
            ("distcc_param(DIST)", Value(b"1")), ("distcc_param(ARGC)", Value(b"2")), ("distcc_param(ARGV)", Value(b"3")),
            ("distcc_param(ARGV,0)", Value(b"3")), ("distcc_param(ARGV,1)", Value(b"3")), ("distcc_param(ARGV,2)", Value(b"2")),
            ("distcc_param(ARGV,3)", Wait), ("distcc_param(ARGV,-1)", Nothing), ("distcc_param(DOTI)", Value(b"16")),
            ("distcc_body(ARGV)", Value(b"gcc")), ("distcc_body(ARGV,2)", Value(b"-c")), ("distcc_body(DIST)", Nothing),
            ("distcc_body(DOTI)", Value(b"xxxxxxxxxxxxxxxx")), ("distcc_param(DONE)", Value(b"10")),
            ("distcc_body(DONE)", Nothing), ("distcc_param(ZZZZ)", Wait),
        ]),
        (b"DOTI00000010xxxxx", &[
            ("distcc_body(DOTI)", Value(b"xxxxx")), ("distcc_param(DOTI)", Value(b"16")), ("distcc_param(DONE)", Wait),
        ]),
        (b"DIST0000000", &[("distcc_param(DIST)", Wait)]),
        (b"DIST0000000g", &[("distcc_param(DIST)", Nothing)]),
        (b"dist00000001x", &[("distcc_param(DIST)", Wait)]),
        (b"ARGVffffffffabc", &[("distcc_param(ARGV)", Value(b"4294967295")), ("distcc_param(ARGV,2)", Wait)]),
        (b"ARGV00000000ARGV00000001x", &[("distcc_body(ARGV)", Nothing), ("distcc_body(ARGV,2)", Value(b"x"))]),
    ]);
}
