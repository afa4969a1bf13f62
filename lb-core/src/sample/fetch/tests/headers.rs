//! Header fields.

use super::check_requests;

#[test]
#[rustfmt::skip]
fn values_and_occurrences() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n\r\n", &[
            ("req.hdr(x)", Some(b"a")), ("req.hdr(x,1)", Some(b"a")), ("req.hdr(x,2)", None),
            ("req.hdr(x,0)", Some(b"a")), ("req.hdr(x,-1)", Some(b"a")), ("req.hdr(x,-2)", None),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"a")), ("req.fhdr(x,1)", Some(b"a")),
            ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"1")), ("req.fhdr_cnt(x)", Some(b"1")),
            ("hdr(X)", Some(b"a")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a, b,c\r\n\r\n", &[
            ("req.hdr(x)", Some(b"c")), ("req.hdr(x,1)", Some(b"a")), ("req.hdr(x,2)", Some(b"b")),
            ("req.hdr(x,0)", Some(b"c")), ("req.hdr(x,-1)", Some(b"c")), ("req.hdr(x,-2)", Some(b"b")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"a, b,c")),
            ("req.fhdr(x,1)", Some(b"a, b,c")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"3")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"c")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\nX:  b , c \r\n\r\n", &[
            ("req.hdr(x)", Some(b"c")), ("req.hdr(x,1)", Some(b"a")), ("req.hdr(x,2)", Some(b"b")),
            ("req.hdr(x,0)", Some(b"c")), ("req.hdr(x,-1)", Some(b"c")), ("req.hdr(x,-2)", Some(b"b")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"b , c")),
            ("req.fhdr(x,1)", Some(b"a")), ("req.fhdr(x,-2)", Some(b"a")), ("req.hdr_cnt(x)", Some(b"3")),
            ("req.fhdr_cnt(x)", Some(b"2")), ("hdr(X)", Some(b"c")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX:\r\n\r\n", &[
            ("req.hdr(x)", Some(b"")), ("req.hdr(x,1)", Some(b"")), ("req.hdr(x,2)", None),
            ("req.hdr(x,0)", Some(b"")), ("req.hdr(x,-1)", Some(b"")), ("req.hdr(x,-2)", None),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"")), ("req.fhdr(x,1)", Some(b"")),
            ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"1")), ("req.fhdr_cnt(x)", Some(b"1")),
            ("hdr(X)", Some(b"")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: ,a,,b,\r\n\r\n", &[
            ("req.hdr(x)", Some(b"")), ("req.hdr(x,1)", Some(b"")), ("req.hdr(x,2)", Some(b"a")),
            ("req.hdr(x,0)", Some(b"")), ("req.hdr(x,-1)", Some(b"")), ("req.hdr(x,-2)", Some(b"b")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b",a,,b,")),
            ("req.fhdr(x,1)", Some(b",a,,b,")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"5")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \"a,b\", c\r\n\r\n", &[
            ("req.hdr(x)", Some(b"c")), ("req.hdr(x,1)", Some(b"\"a,b\"")), ("req.hdr(x,2)", Some(b"c")),
            ("req.hdr(x,0)", Some(b"c")), ("req.hdr(x,-1)", Some(b"c")), ("req.hdr(x,-2)", Some(b"\"a,b\"")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"\"a,b\", c")),
            ("req.fhdr(x,1)", Some(b"\"a,b\", c")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"2")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"c")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a;q=\"x,y\",b\r\n\r\n", &[
            ("req.hdr(x)", Some(b"b")), ("req.hdr(x,1)", Some(b"a;q=\"x,y\"")), ("req.hdr(x,2)", Some(b"b")),
            ("req.hdr(x,0)", Some(b"b")), ("req.hdr(x,-1)", Some(b"b")), ("req.hdr(x,-2)", Some(b"a;q=\"x,y\"")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"a;q=\"x,y\",b")),
            ("req.fhdr(x,1)", Some(b"a;q=\"x,y\",b")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"2")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"b")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \"a\\\",b\",c\r\n\r\n", &[
            ("req.hdr(x)", Some(b"c")), ("req.hdr(x,1)", Some(b"\"a\\\",b\"")), ("req.hdr(x,2)", Some(b"c")),
            ("req.hdr(x,0)", Some(b"c")), ("req.hdr(x,-1)", Some(b"c")), ("req.hdr(x,-2)", Some(b"\"a\\\",b\"")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"\"a\\\",b\",c")),
            ("req.fhdr(x,1)", Some(b"\"a\\\",b\",c")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"2")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"c")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\\,b,c\r\n\r\n", &[
            ("req.hdr(x)", Some(b"c")), ("req.hdr(x,1)", Some(b"a\\")), ("req.hdr(x,2)", Some(b"b")),
            ("req.hdr(x,0)", Some(b"c")), ("req.hdr(x,-1)", Some(b"c")), ("req.hdr(x,-2)", Some(b"b")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"a\\,b,c")),
            ("req.fhdr(x,1)", Some(b"a\\,b,c")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"3")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"c")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nx: q\r\nY: z\r\n\r\n", &[
            ("req.hdr(x)", Some(b"q")), ("req.hdr(x,1)", Some(b"q")), ("req.hdr(x,2)", None),
            ("req.hdr(x,0)", Some(b"q")), ("req.hdr(x,-1)", Some(b"q")), ("req.hdr(x,-2)", None),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"q")), ("req.fhdr(x,1)", Some(b"q")),
            ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"1")), ("req.fhdr_cnt(x)", Some(b"1")),
            ("hdr(X)", Some(b"q")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 'a,b'\r\n\r\n", &[
            ("req.hdr(x)", Some(b"b'")), ("req.hdr(x,1)", Some(b"'a")), ("req.hdr(x,2)", Some(b"b'")),
            ("req.hdr(x,0)", Some(b"b'")), ("req.hdr(x,-1)", Some(b"b'")), ("req.hdr(x,-2)", Some(b"'a")),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"'a,b'")),
            ("req.fhdr(x,1)", Some(b"'a,b'")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"2")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"b'")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nXy: a\r\nX: b\r\n\r\n", &[
            ("req.hdr(x)", Some(b"b")), ("req.hdr(x,1)", Some(b"b")), ("req.hdr(x,2)", None),
            ("req.hdr(x,0)", Some(b"b")), ("req.hdr(x,-1)", Some(b"b")), ("req.hdr(x,-2)", None),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"b")), ("req.fhdr(x,1)", Some(b"b")),
            ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"1")), ("req.fhdr_cnt(x)", Some(b"1")),
            ("hdr(X)", Some(b"b")), ("req.hdr_val(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \"a,b\r\n\r\n", &[
            ("req.hdr(x)", Some(b"\"a,b")), ("req.hdr(x,1)", Some(b"\"a,b")), ("req.hdr(x,2)", None),
            ("req.hdr(x,0)", Some(b"\"a,b")), ("req.hdr(x,-1)", Some(b"\"a,b")), ("req.hdr(x,-2)", None),
            ("req.hdr(x,-10)", None), ("req.hdr", None), ("req.fhdr(x)", Some(b"\"a,b")),
            ("req.fhdr(x,1)", Some(b"\"a,b")), ("req.fhdr(x,-2)", None), ("req.hdr_cnt(x)", Some(b"1")),
            ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"\"a,b")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1,2,3,4,5,6,7,8,9,10,11\r\n\r\n", &[
            ("req.hdr(x)", Some(b"11")), ("req.hdr(x,1)", Some(b"1")), ("req.hdr(x,2)", Some(b"2")),
            ("req.hdr(x,0)", Some(b"11")), ("req.hdr(x,-1)", Some(b"11")), ("req.hdr(x,-2)", Some(b"10")),
            ("req.hdr(x,-10)", Some(b"2")), ("req.hdr", None), ("req.fhdr(x)", Some(b"1,2,3,4,5,6,7,8,9,10,11")),
            ("req.fhdr(x,1)", Some(b"1,2,3,4,5,6,7,8,9,10,11")), ("req.fhdr(x,-2)", None),
            ("req.hdr_cnt(x)", Some(b"11")), ("req.fhdr_cnt(x)", Some(b"1")), ("hdr(X)", Some(b"11")),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn whole_heads() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("req.hdr_cnt", Some(b"1")), ("req.fhdr_cnt", Some(b"1")), ("req.hdr_names", Some(b"host")),
            ("req.hdr_names(;)", Some(b"host")), ("req.hdr_names(;x)", Some(b"host")),
            ("req.hdrs", Some(b"host: h\r\n\r\n")), ("hdr_cnt(x)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n\r\n", &[
            ("req.hdr_cnt", Some(b"2")), ("req.fhdr_cnt", Some(b"2")), ("req.hdr_names", Some(b"host,x")),
            ("req.hdr_names(;)", Some(b"host;x")), ("req.hdr_names(;x)", Some(b"host;x")),
            ("req.hdrs", Some(b"host: h\r\nx: a\r\n\r\n")), ("hdr_cnt(x)", Some(b"1")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX:\r\nyY: b, c\r\n\r\n", &[
            ("req.hdr_cnt", Some(b"4")), ("req.fhdr_cnt", Some(b"3")), ("req.hdr_names", Some(b"host,x,yy")),
            ("req.hdr_names(;)", Some(b"host;x;yy")), ("req.hdr_names(;x)", Some(b"host;x;yy")),
            ("req.hdrs", Some(b"host: h\r\nx: \r\nyy: b, c\r\n\r\n")), ("hdr_cnt(x)", Some(b"1")),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn heads_with_lengths() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x00\x00")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x01x\x01a\x00\x00")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX:\r\nyY: b, c\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x01x\x00\x02yy\x04b, c\x00\x00")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x01x\xefvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\x00\x00")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x01x\xf0\x00vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\x00\x00")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n\r\n", &[
            ("req.hdrs_bin", Some(b"\x04host\x01h\x01x\xfc\x03vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\x00\x00")),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn addresses() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"1.2.3.4")), ("req.hdr_ip(x,1)", Some(b"1.2.3.4")),
            ("hdr_ip(x)", Some(b"1.2.3.4")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:80\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"1.2.3.4")), ("req.hdr_ip(x,1)", Some(b"1.2.3.4")),
            ("hdr_ip(x)", Some(b"1.2.3.4")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:65535\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"1.2.3.4")), ("req.hdr_ip(x,1)", Some(b"1.2.3.4")),
            ("hdr_ip(x)", Some(b"1.2.3.4")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:65536\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:80a\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: ::1\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"::1")), ("req.hdr_ip(x,1)", Some(b"::1")), ("hdr_ip(x)", Some(b"::1")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: [::1]\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: [::1]:80\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: ::ffff:1.2.3.4\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"::ffff:1.2.3.4")), ("req.hdr_ip(x,1)", Some(b"::ffff:1.2.3.4")),
            ("hdr_ip(x)", Some(b"::ffff:1.2.3.4")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \"1.2.3.4\"\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: foo\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4, foo\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", Some(b"1.2.3.4")), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: foo, 1.2.3.4\r\n\r\n", &[
            ("req.hdr_ip(x)", Some(b"1.2.3.4")), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", Some(b"1.2.3.4")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4 5\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 256.1.1.1\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: fe80::1%lo\r\n\r\n", &[
            ("req.hdr_ip(x)", None), ("req.hdr_ip(x,1)", None), ("hdr_ip(x)", None),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn numbers() {
    check_requests(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 12\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"12")), ("hdr_val(x,1)", Some(b"12")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: -5\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"-5")), ("hdr_val(x,1)", Some(b"-5")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 12abc\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"12")), ("hdr_val(x,1)", Some(b"12")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"0")), ("hdr_val(x,1)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 0\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"0")), ("hdr_val(x,1)", Some(b"0")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 007\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"7")), ("hdr_val(x,1)", Some(b"7")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1,2\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"2")), ("hdr_val(x,1)", Some(b"1")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: abc\r\n\r\n", &[
            ("req.hdr_val(x)", Some(b"0")), ("hdr_val(x,1)", Some(b"0")),
        ]),
    ]);
}
