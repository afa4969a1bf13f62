//! HTTP that is looked for in TCP connections.

use super::{Outcome::*, check_bytes};

#[test]
#[rustfmt::skip]
fn http_in_tcp() {
    check_bytes(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: c=d\r\n\r\n", &[
            ("req.proto_http", Value(b"1")), ("method", Value(b"GET")), ("req.ver", Value(b"1.1")),
            ("path", Value(b"/a")), ("req.hdr(host)", Value(b"h")), ("base", Value(b"h/a")),
            ("hdr_cnt(x)", Value(b"0")), ("req.cook", Value(b"d")), ("url", Value(b"/a")), ("req.body", Nothing),
            ("query", Nothing), ("urlp(c)", Nothing), ("http_auth_type", Nothing),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: c=d\r\n", &[
            ("req.proto_http", Wait), ("method", Wait), ("req.ver", Wait), ("path", Wait), ("req.hdr(host)", Wait),
            ("base", Wait), ("hdr_cnt(x)", Wait), ("req.cook", Wait), ("url", Wait), ("req.body", Wait),
            ("query", Wait), ("urlp(c)", Wait), ("http_auth_type", Wait),
        ]),
        (b"\x16\x03", &[
            ("req.proto_http", Nothing), ("method", Nothing), ("req.ver", Nothing), ("path", Nothing),
            ("req.hdr(host)", Nothing), ("base", Nothing), ("hdr_cnt(x)", Nothing), ("req.cook", Nothing),
            ("url", Nothing), ("req.body", Nothing), ("query", Nothing), ("urlp(c)", Nothing),
            ("http_auth_type", Nothing),
        ]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[
            ("req.proto_http", Value(b"1")), ("req.ver", Value(b"2.0")), ("path", Nothing),
            ("req.hdr(host)", Nothing), ("base", Nothing), ("hdr_cnt(x)", Value(b"0")), ("req.cook", Nothing),
            ("url", Value(b"*")), ("req.body", Nothing), ("query", Nothing), ("urlp(c)", Nothing),
            ("http_auth_type", Nothing),
        ]),
        (b"PRI * HT", &[
            ("req.proto_http", Wait), ("req.ver", Wait), ("path", Wait), ("req.hdr(host)", Wait), ("base", Wait),
            ("hdr_cnt(x)", Wait), ("req.cook", Wait), ("url", Wait), ("req.body", Wait), ("query", Wait),
            ("urlp(c)", Wait), ("http_auth_type", Wait),
        ]),
        (b"FOO\r\n", &[
            ("req.proto_http", Nothing), ("method", Nothing), ("req.ver", Nothing), ("path", Nothing),
            ("req.hdr(host)", Nothing), ("base", Nothing), ("hdr_cnt(x)", Nothing), ("req.cook", Nothing),
            ("url", Nothing), ("req.body", Nothing), ("query", Nothing), ("urlp(c)", Nothing),
            ("http_auth_type", Nothing),
        ]),
        (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", &[
            ("req.proto_http", Nothing), ("method", Nothing), ("req.ver", Nothing), ("path", Nothing),
            ("req.hdr(host)", Nothing), ("base", Nothing), ("hdr_cnt(x)", Nothing), ("req.cook", Nothing),
            ("url", Nothing), ("req.body", Nothing), ("query", Nothing), ("urlp(c)", Nothing),
            ("http_auth_type", Nothing),
        ]),
        (b"POST /b?c=d HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", &[
            ("req.proto_http", Value(b"1")), ("method", Value(b"POST")), ("req.ver", Value(b"1.0")),
            ("path", Value(b"/b")), ("req.hdr(host)", Nothing), ("base", Value(b"/b")), ("hdr_cnt(x)", Value(b"0")),
            ("req.cook", Nothing), ("url", Value(b"/b?c=d")), ("req.body", Nothing), ("query", Value(b"c=d")),
            ("urlp(c)", Value(b"d")), ("http_auth_type", Nothing),
        ]),
    ]);
}
