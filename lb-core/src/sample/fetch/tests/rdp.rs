//! RDP cookies.

use super::{Outcome::*, check_bytes};

#[test]
#[rustfmt::skip]
fn cookies_of_connections() {
    check_bytes(&[
        (b"\x03\x00\x00\"\x1d\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00&!\xe0\x00\x00\x00\x00\x00Cookie: MSTS=123.456.0000\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Value(b"123.456.0000")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")),
            ("rdp_cookie(msts)", Value(b"123.456.0000")),
        ]),
        (b"\x03\x00\x00 \x1b\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x1d\x18\xe0\x00\x00\x00\x00\x00Cookie: mstshash\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"0")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x17\x12\xe0\x00\x00\x00\x00\x00Cookie: =x\r\n", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Value(b"x")), ("req.rdp_cookie_cnt", Value(b"1")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Wait),
        ]),
        (b"\x03\x00\x00!\x1c\xe0\x00\x00\x00\x00\x00Cookie:mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00$\x1f\xe0\x00\x00\x00\x00\x00cookie:   mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x1e\x19\xe0\x00\x00\x00\x00\x00Cookie: mstshash=\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"1")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00/*\xe0\x00\x00\x00\x00\x00Cookie: mstshash=u\r\nCookie: msts=2\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"u")), ("req.rdp_cookie", Value(b"u")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\"\x1d\xe0\x00\x00\x00\x00\x00Cookie: m", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Wait),
        ]),
        (b"\x03\x00\x00\"\x1d\xd0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x1f\x1a\xe0\x00\x00\x00\x00\x00Foo: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"0")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00*%\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n\x01\x00\x08\x00\x03\x00\x00\x00", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x1d\x18\xe0\x00\x00\x00\x00\x00Cookie: a b=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00#\x1e\xe0\x00\x00\x00\x00\x00Cookie: mstshash=us er\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"us er")), ("req.rdp_cookie", Value(b"us er")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Wait),
        ]),
        (b"\x04\x00\x00\x10aaaaaaaaaaaaaaaaaaaaa", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"0")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00!\x1c\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\n", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00!\x1c\xe0\x00\x00\x00\x00\x00Cookie: mstshash=a=b\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"a=b")), ("req.rdp_cookie", Value(b"a=b")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00!\x1c\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00#\x1e\xe0\x00\x00\x00\x00\x00Cookie: mstshash=us\rer\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"0")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x1c\x17\xe0\x00\x00\x00\x00\x00Cookie: msts\n=a\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Nothing), ("req.rdp_cookie_cnt", Value(b"0")),
            ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")), ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\"\x1d\xe0\x00\x00\x00\x00\x00Cookie:\tmstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Nothing), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"0")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x01\x00\x05\x1d\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x01\x00\x1d\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\"\x10\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n", &[
            ("req.rdp_cookie(mstshash)", Value(b"user")), ("req.rdp_cookie", Value(b"user")),
            ("req.rdp_cookie_cnt", Value(b"1")), ("req.rdp_cookie_cnt(MSTSHASH)", Value(b"1")),
            ("rdp_cookie(msts)", Nothing),
        ]),
        (b"\x03\x00\x00\x0f\n\xe0\x00\x00\x00\x00\x00Cook", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Wait),
        ]),
        (b"\x03", &[
            ("req.rdp_cookie(mstshash)", Wait), ("req.rdp_cookie", Wait), ("req.rdp_cookie_cnt", Wait),
            ("req.rdp_cookie_cnt(MSTSHASH)", Wait), ("rdp_cookie(msts)", Wait),
        ]),
    ]);
}
