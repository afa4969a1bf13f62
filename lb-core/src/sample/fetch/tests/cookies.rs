//! Cookies.

use super::check_requests;

#[test]
#[rustfmt::skip]
fn of_requests() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", None), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2; a=3\r\n\r\n", &[
            ("req.cook(a)", Some(b"3")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"2")), ("req.cook_cnt", Some(b"3")), ("req.cook_val(a)", Some(b"3")),
            ("cookie(a)", Some(b"3")), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1;b=\"x;y\"; c=3\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", Some(b"\"x;y\"")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"3")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", Some(b"\"x;y\"")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=\"q r\"; b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"\"q r\"")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"\"q r\"")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("cookie(a)", Some(b"\"q r\"")),
            ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie:  a = 1 ;b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a; b=2\r\n\r\n", &[
            ("req.cook(a)", None), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"2")),
            ("req.cook_cnt(a)", Some(b"0")), ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", None),
            ("cookie(a)", None), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: =1; b=2\r\n\r\n", &[
            ("req.cook(a)", None), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"0")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", None),
            ("cookie(a)", None), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=; b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"0")),
            ("cookie(a)", Some(b"")), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1, b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: ab=1; a=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"2")), ("req.cook(b)", None), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"2")),
            ("cookie(a)", Some(b"2")), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1;;b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a = \"x\" ; b\r\n\r\n", &[
            ("req.cook(a)", Some(b"\"x\"")), ("req.cook(b)", None), ("req.cook", Some(b"\"x\"")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("cookie(a)", Some(b"\"x\"")),
            ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=x=y\r\n\r\n", &[
            ("req.cook(a)", Some(b"x=y")), ("req.cook(b)", None), ("req.cook", Some(b"x=y")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("cookie(a)", Some(b"x=y")),
            ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: $Version=1; a=2; $Path=/\r\n\r\n", &[
            ("req.cook(a)", Some(b"2")), ("req.cook(b)", None), ("req.cook", Some(b"2")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", Some(b"2")),
            ("cookie(a)", Some(b"2")), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: A=1\r\n\r\n", &[
            ("req.cook(a)", None), ("req.cook(b)", None), ("req.cook", Some(b"1")), ("req.cook_cnt(a)", Some(b"0")),
            ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", None), ("cookie(a)", None), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=\"x\r\n\r\n", &[
            ("req.cook(a)", Some(b"\"x")), ("req.cook(b)", None), ("req.cook", Some(b"\"x")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("cookie(a)", Some(b"\"x")),
            ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: \r\n\r\n", &[
            ("req.cook(a)", None), ("req.cook(b)", None), ("req.cook", None), ("req.cook_cnt(a)", Some(b"0")),
            ("req.cook_cnt", Some(b"0")), ("req.cook_val(a)", None), ("cookie(a)", None), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: b=5abc; a=-7\r\n\r\n", &[
            ("req.cook(a)", Some(b"-7")), ("req.cook(b)", Some(b"5abc")), ("req.cook", Some(b"5abc")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("req.cook_val(a)", Some(b"-7")),
            ("cookie(a)", Some(b"-7")), ("cook(b)", Some(b"5abc")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=\"x\\\";y\"; b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"\"x\\\";y\"")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"\"x\\\";y\"")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("cookie(a)", Some(b"\"x\\\";y\"")),
            ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=x\"y;z\"; b=2\r\n\r\n", &[
            ("req.cook(a)", Some(b"x\"y;z\"")), ("req.cook(b)", Some(b"2")), ("req.cook", Some(b"x\"y;z\"")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"2")), ("cookie(a)", Some(b"x\"y;z\"")),
            ("cook(b)", Some(b"2")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: ;a=1\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", None), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1;\r\n\r\n", &[
            ("req.cook(a)", Some(b"1")), ("req.cook(b)", None), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"1")), ("req.cook_cnt", Some(b"1")), ("req.cook_val(a)", Some(b"1")),
            ("cookie(a)", Some(b"1")), ("cook(b)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\ncookie: a=2; b=3\r\n\r\n", &[
            ("req.cook(a)", Some(b"2")), ("req.cook(b)", Some(b"3")), ("req.cook", Some(b"1")),
            ("req.cook_cnt(a)", Some(b"2")), ("req.cook_cnt", Some(b"3")), ("req.cook_val(a)", Some(b"2")),
            ("cookie(a)", Some(b"2")), ("cook(b)", Some(b"3")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("req.cook(a)", None), ("req.cook(b)", None), ("req.cook", None), ("req.cook_cnt(a)", Some(b"0")),
            ("req.cook_cnt", Some(b"0")), ("req.cook_val(a)", None), ("cookie(a)", None), ("cook(b)", None),
        ]),
    ]);
}
