//! Parameters of queries and forms, and bodies.

use super::check_requests;

#[test]
#[rustfmt::skip]
fn of_queries() {
    check_requests(&[
        (b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", None), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=1&y=2 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", Some(b"2")), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", Some(b"2")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?y=2;x=3 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"3")), ("urlp(y)", Some(b"2")), ("urlp", Some(b"2")), ("urlp(x,;)", Some(b"3")),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"3")),
            ("url_param(x)", Some(b"3")), ("urlp(y,?)", Some(b"2")), ("urlp(x,;!)", Some(b"3")),
        ]),
        (b"GET /a?x HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", None), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x= HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"")), ("urlp(y)", None), ("urlp", Some(b"")), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"0")), ("url_param(x)", Some(b"")),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?=1 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", Some(b"1")), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=1&x=2 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", None), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a;x=5 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", None), ("urlp(x,;)", Some(b"5")), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", Some(b"5")),
        ]),
        (b"GET /a;x=5?x=6 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"6")), ("urlp(y)", None), ("urlp", Some(b"6")), ("urlp(x,;)", Some(b"5?x=6")),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"6")),
            ("url_param(x)", Some(b"6")), ("urlp(y,?)", None), ("urlp(x,;!)", Some(b"5?x=6")),
        ]),
        (b"GET /a?y=1&xx=2&x=3 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"3")), ("urlp(y)", Some(b"1")), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"3")),
            ("url_param(x)", Some(b"3")), ("urlp(y,?)", Some(b"1")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", None), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a? HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", None), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=%20a+b HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"%20a+b")), ("urlp(y)", None), ("urlp", Some(b"%20a+b")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("url_param(x)", Some(b"%20a+b")),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=1;y=2&z=3 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", Some(b"2")), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", Some(b"2")), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", Some(b"2")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?&x=1 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", None), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x&y=2 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", Some(b"2")), ("urlp", Some(b"2")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None),
            ("url_param(x)", None), ("urlp(y,?)", Some(b"2")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?X=1 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", Some(b"1")), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=a=b HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"a=b")), ("urlp(y)", None), ("urlp", Some(b"a=b")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"0")),
            ("url_param(x)", Some(b"a=b")), ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?y=x=1 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", Some(b"x=1")), ("urlp", Some(b"x=1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", None),
            ("url_param(x)", None), ("urlp(y,?)", Some(b"x=1")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=1?y=2 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"1")), ("urlp(y)", Some(b"2")), ("urlp", Some(b"1")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"1")),
            ("url_param(x)", Some(b"1")), ("urlp(y,?)", Some(b"2")), ("urlp(x,;!)", None),
        ]),
        (b"GET /a!x=1!y=2?z=3 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", None), ("urlp(y)", None), ("urlp", Some(b"3")), ("urlp(x,;)", None), ("urlp(y,;)", None),
            ("urlp(x,!)", Some(b"1")), ("urlp(y,!)", Some(b"2?z=3")), ("urlp_val(x)", None), ("url_param(x)", None),
            ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=12abc HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"12abc")), ("urlp(y)", None), ("urlp", Some(b"12abc")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"12")),
            ("url_param(x)", Some(b"12abc")), ("urlp(y,?)", None), ("urlp(x,;!)", None),
        ]),
        (b"GET /a?x=-5&y=3 HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("urlp(x)", Some(b"-5")), ("urlp(y)", Some(b"3")), ("urlp", Some(b"-5")), ("urlp(x,;)", None),
            ("urlp(y,;)", None), ("urlp(x,!)", None), ("urlp(y,!)", None), ("urlp_val(x)", Some(b"-5")),
            ("url_param(x)", Some(b"-5")), ("urlp(y,?)", Some(b"3")), ("urlp(x,;!)", None),
        ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn of_bodies() {
    check_requests(&[
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\nx=1&y=2", &[
            ("req.body", Some(b"x=1&y=2")), ("req.body_len", Some(b"7")), ("req.body_size", Some(b"7")),
            ("req.body_param(x)", Some(b"1")), ("req.body_param(y)", Some(b"2")), ("req.body_param", Some(b"1")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", &[
            ("req.body", Some(b"")), ("req.body_len", Some(b"0")), ("req.body_size", Some(b"0")),
            ("req.body_param(x)", None), ("req.body_param(y)", None), ("req.body_param", None),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", &[
            ("req.body", Some(b"x")), ("req.body_len", Some(b"1")), ("req.body_size", Some(b"1")),
            ("req.body_param(x)", None), ("req.body_param(y)", None), ("req.body_param", None),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx=", &[
            ("req.body", Some(b"x=")), ("req.body_len", Some(b"2")), ("req.body_size", Some(b"2")),
            ("req.body_param(x)", Some(b"")), ("req.body_param(y)", None), ("req.body_param", Some(b"")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\na=1&x=2&x=3", &[
            ("req.body", Some(b"a=1&x=2&x=3")), ("req.body_len", Some(b"11")), ("req.body_size", Some(b"11")),
            ("req.body_param(x)", Some(b"2")), ("req.body_param(y)", None), ("req.body_param", Some(b"1")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\nx=1;y=2", &[
            ("req.body", Some(b"x=1;y=2")), ("req.body_len", Some(b"7")), ("req.body_size", Some(b"7")),
            ("req.body_param(x)", Some(b"1")), ("req.body_param(y)", Some(b"2")), ("req.body_param", Some(b"1")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nxx=1&x=2", &[
            ("req.body", Some(b"xx=1&x=2")), ("req.body_len", Some(b"8")), ("req.body_size", Some(b"8")),
            ("req.body_param(x)", Some(b"2")), ("req.body_param(y)", None), ("req.body_param", Some(b"1")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n=5&x=1", &[
            ("req.body", Some(b"=5&x=1")), ("req.body_len", Some(b"6")), ("req.body_size", Some(b"6")),
            ("req.body_param(x)", Some(b"1")), ("req.body_param(y)", None), ("req.body_param", Some(b"5")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx=12a", &[
            ("req.body", Some(b"x=12a")), ("req.body_len", Some(b"5")), ("req.body_size", Some(b"5")),
            ("req.body_param(x)", Some(b"12a")), ("req.body_param(y)", None), ("req.body_param", Some(b"12a")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx&y=1", &[
            ("req.body", Some(b"x&y=1")), ("req.body_len", Some(b"5")), ("req.body_size", Some(b"5")),
            ("req.body_param(x)", None), ("req.body_param(y)", Some(b"1")), ("req.body_param", Some(b"1")),
            ("req.payload(0,3)", None),
        ]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\nx=1?y=2", &[
            ("req.body", Some(b"x=1?y=2")), ("req.body_len", Some(b"7")), ("req.body_size", Some(b"7")),
            ("req.body_param(x)", Some(b"1?y=2")), ("req.body_param(y)", None), ("req.body_param", Some(b"1?y=2")),
            ("req.payload(0,3)", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("req.body", Some(b"")), ("req.body_len", Some(b"0")), ("req.body_size", Some(b"0")),
            ("req.body_param(x)", None), ("req.body_param(y)", None), ("req.body_param", None),
            ("req.payload(0,3)", None),
        ]),
    ]);
}
