//! Responses.

use super::check_responses;

#[test]
#[rustfmt::skip]
fn set_cookies() {
    check_responses(&[
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", None), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; Expires=Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", None), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1, b=2; x=y\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", Some(b"2")), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", Some(b"2")),
            ("scook_cnt(b)", Some(b"1")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\"x;y\"; b=2\r\n\r\n", &[
            ("res.cook(a)", Some(b"\"x;y\"")), ("res.cook(b)", None), ("res.cook", Some(b"\"x;y\"")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"\"x;y\"")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\n\r\n", &[
            ("res.cook(a)", None), ("res.cook(b)", None), ("res.cook", None), ("res.cook_cnt(a)", Some(b"0")),
            ("cookie(a)", None), ("scook(b)", None), ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: ; a=1\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", None), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: =1\r\n\r\n", &[
            ("res.cook(a)", None), ("res.cook(b)", None), ("res.cook", Some(b"1")), ("res.cook_cnt(a)", Some(b"0")),
            ("cookie(a)", None), ("scook(b)", None), ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie:  a = 1 ; b\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", None), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=x=y\r\n\r\n", &[
            ("res.cook(a)", Some(b"x=y")), ("res.cook(b)", None), ("res.cook", Some(b"x=y")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"x=y")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=;b=2\r\n\r\n", &[
            ("res.cook(a)", Some(b"")), ("res.cook(b)", None), ("res.cook", Some(b"")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; b=2, c=3\r\n\r\n", &[
            ("res.cook(a)", Some(b"1")), ("res.cook(b)", None), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"1")), ("cookie(a)", Some(b"1")), ("scook(b)", None),
            ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nset-cookie: a=3\r\n\r\n", &[
            ("res.cook(a)", Some(b"3")), ("res.cook(b)", Some(b"2")), ("res.cook", Some(b"1")),
            ("res.cook_cnt(a)", Some(b"2")), ("cookie(a)", Some(b"3")), ("scook(b)", Some(b"2")),
            ("scook_cnt(b)", Some(b"1")), ("res.cook(Path)", None),
        ]),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie2: a=9\r\n\r\n", &[
            ("res.cook(a)", None), ("res.cook(b)", None), ("res.cook", None), ("res.cook_cnt(a)", Some(b"0")),
            ("cookie(a)", None), ("scook(b)", None), ("scook_cnt(b)", Some(b"0")), ("res.cook(Path)", None),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn heads_and_bodies() {
    check_responses(&[
        (b"HTTP/1.1 200 OK\r\nX: a,b\r\nX: c\r\nContent-Length: 2\r\n\r\nhi", &[
            ("status", Some(b"200")), ("res.ver", Some(b"1.1")), ("res.hdr(x)", Some(b"c")),
            ("res.hdr(x,1)", Some(b"a")), ("res.hdr_cnt(x)", Some(b"3")),
            ("res.hdr_names", Some(b"x,x,content-length")),
            ("res.hdrs", Some(b"x: a,b\r\nx: c\r\ncontent-length: 2\r\n\r\n")), ("res.fhdr(x)", Some(b"c")),
            ("hdr(x)", Some(b"c")), ("res.body", Some(b"hi")), ("res.body_len", Some(b"2")),
            ("res.body_size", Some(b"2")), ("res.comp", Some(b"0")), ("res.comp_algo", None),
            ("res.cache_hit", Some(b"0")), ("res.cache_name", None), ("capture.res.ver", Some(b"HTTP/1.1")),
            ("req.proto_http", None), ("hdr", None), ("shdr(x)", Some(b"c")), ("res.hdr_val(y)", None),
            ("res.hdr_ip(z)", None), ("res.hdrs_bin", Some(b"\x01x\x03a,b\x01x\x01c\x0econtent-length\x012\x00\x00")),
        ]),
        (b"HTTP/1.0 404 Nope\r\nY: 12\r\nZ: 1.2.3.4\r\n\r\nbody", &[
            ("status", Some(b"404")), ("res.ver", Some(b"1.0")), ("res.hdr(x)", None), ("res.hdr(x,1)", None),
            ("res.hdr_cnt(x)", Some(b"0")), ("res.hdr_names", Some(b"y,z")),
            ("res.hdrs", Some(b"y: 12\r\nz: 1.2.3.4\r\n\r\n")), ("res.fhdr(x)", None), ("hdr(x)", None),
            ("res.body", Some(b"body")), ("res.body_len", Some(b"4")), ("res.body_size", Some(b"4")),
            ("res.comp", Some(b"0")), ("res.comp_algo", None), ("res.cache_hit", Some(b"0")),
            ("res.cache_name", None), ("capture.res.ver", Some(b"HTTP/1.0")), ("req.proto_http", None), ("hdr", None),
            ("shdr(x)", None), ("res.hdr_val(y)", Some(b"12")), ("res.hdr_ip(z)", Some(b"1.2.3.4")),
            ("res.hdrs_bin", Some(b"\x01y\x0212\x01z\x071.2.3.4\x00\x00")),
        ]),
    ]);
}
