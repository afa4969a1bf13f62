//! The request line.

use super::check_requests;

#[test]
#[rustfmt::skip]
fn targets() {
    check_requests(&[
        (b"GET /a/b?c=d HTTP/1.1\r\nHost: Www.h:8080\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/a/b")), ("pathq", Some(b"/a/b?c=d")), ("query", Some(b"c=d")),
            ("url", Some(b"/a/b?c=d")), ("url_ip", None), ("url_port", None), ("base", Some(b"Www.h:8080/a/b")),
            ("baseq", Some(b"Www.h:8080/a/b?c=d")), ("base32", Some(b"3013074927")), ("url32", Some(b"1739919163")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/a/b?c=d")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/")), ("pathq", Some(b"/")), ("query", None),
            ("url", Some(b"/")), ("url_ip", None), ("url_port", None), ("base", Some(b"h/")), ("baseq", Some(b"h/")),
            ("base32", Some(b"1983837113")), ("url32", Some(b"1983837113")), ("req.ver", Some(b"1.1")),
            ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET http://h:8080/p?q HTTP/1.1\r\nHost: h:8080\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/p")), ("pathq", Some(b"/p?q")), ("query", Some(b"q")),
            ("url", Some(b"http://h:8080/p?q")), ("url_ip", None), ("url_port", None), ("base", Some(b"h:8080/p")),
            ("baseq", Some(b"h:8080/p?q")), ("base32", Some(b"3075466979")), ("url32", Some(b"718830124")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/p?q")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET http://1.2.3.4:99/p HTTP/1.1\r\nHost: 1.2.3.4:99\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/p")), ("pathq", Some(b"/p")), ("query", None),
            ("url", Some(b"http://1.2.3.4:99/p")), ("url_ip", Some(b"1.2.3.4")), ("url_port", Some(b"99")),
            ("base", Some(b"1.2.3.4:99/p")), ("baseq", Some(b"1.2.3.4:99/p")), ("base32", Some(b"2819763120")),
            ("url32", Some(b"2819763120")), ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")),
            ("capture.req.method", Some(b"GET")), ("capture.req.uri", Some(b"/p")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET http://1.2.3.4 HTTP/1.1\r\nHost: 1.2.3.4\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", None), ("pathq", None), ("query", None),
            ("url", Some(b"http://1.2.3.4")), ("url_ip", Some(b"1.2.3.4")), ("url_port", Some(b"80")),
            ("base", Some(b"1.2.3.4")), ("baseq", Some(b"1.2.3.4")), ("base32", Some(b"3264276115")),
            ("url32", Some(b"3264276115")), ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")),
            ("capture.req.method", Some(b"GET")), ("capture.req.uri", None), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET https://1.2.3.4/ HTTP/1.1\r\nHost: 1.2.3.4\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/")), ("pathq", Some(b"/")), ("query", None),
            ("url", Some(b"https://1.2.3.4/")), ("url_ip", Some(b"1.2.3.4")), ("url_port", Some(b"443")),
            ("base", Some(b"1.2.3.4/")), ("baseq", Some(b"1.2.3.4/")), ("base32", Some(b"840663255")),
            ("url32", Some(b"840663255")), ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")),
            ("capture.req.method", Some(b"GET")), ("capture.req.uri", Some(b"/")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET http://[::1]:8/ HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/")), ("pathq", Some(b"/")), ("query", None),
            ("url", Some(b"http://[::1]:8/")), ("url_ip", None), ("url_port", None), ("base", Some(b"[::1]:8/")),
            ("baseq", Some(b"[::1]:8/")), ("base32", Some(b"3793915222")), ("url32", Some(b"3793915222")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/")), ("req.proto_http", Some(b"1")),
        ]),
        (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"OPTIONS")), ("path", None), ("pathq", None), ("query", None), ("url", Some(b"*")),
            ("url_ip", None), ("url_port", None), ("base", Some(b"h")), ("baseq", Some(b"h")),
            ("base32", Some(b"1228821030")), ("url32", Some(b"1228821030")), ("req.ver", Some(b"1.1")),
            ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"OPTIONS")),
            ("capture.req.uri", None), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET /a?b?c HTTP/1.0\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/a")), ("pathq", Some(b"/a?b?c")), ("query", Some(b"b?c")),
            ("url", Some(b"/a?b?c")), ("url_ip", None), ("url_port", None), ("base", Some(b"h/a")),
            ("baseq", Some(b"h/a?b?c")), ("base32", Some(b"4103165788")), ("url32", Some(b"1464681865")),
            ("req.ver", Some(b"1.0")), ("capture.req.ver", Some(b"HTTP/1.0")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/a?b?c")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET /? HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/")), ("pathq", Some(b"/?")), ("query", Some(b"")),
            ("url", Some(b"/?")), ("url_ip", None), ("url_port", None), ("base", Some(b"h/")),
            ("baseq", Some(b"h/?")), ("base32", Some(b"1983837113")), ("url32", Some(b"4272121319")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/?")), ("req.proto_http", Some(b"1")),
        ]),
        (b"POST /a;x?y HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"POST")), ("path", Some(b"/a;x")), ("pathq", Some(b"/a;x?y")), ("query", Some(b"y")),
            ("url", Some(b"/a;x?y")), ("url_ip", None), ("url_port", None), ("base", Some(b"h/a;x")),
            ("baseq", Some(b"h/a;x?y")), ("base32", Some(b"711855702")), ("url32", Some(b"2980139377")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"POST")),
            ("capture.req.uri", Some(b"/a;x?y")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET //a/b HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"//a/b")), ("pathq", Some(b"//a/b")), ("query", None),
            ("url", Some(b"//a/b")), ("url_ip", None), ("url_port", None), ("base", Some(b"h//a/b")),
            ("baseq", Some(b"h//a/b")), ("base32", Some(b"3105610510")), ("url32", Some(b"3105610510")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"//a/b")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", None), ("pathq", None), ("query", None), ("url", Some(b"http://h")),
            ("url_ip", None), ("url_port", None), ("base", Some(b"h")), ("baseq", Some(b"h")),
            ("base32", Some(b"1228821030")), ("url32", Some(b"1228821030")), ("req.ver", Some(b"1.1")),
            ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")), ("capture.req.uri", None),
            ("req.proto_http", Some(b"1")),
        ]),
        (b"GET /a/http://1.2.3.4/b HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/a/http://1.2.3.4/b")), ("pathq", Some(b"/a/http://1.2.3.4/b")),
            ("query", None), ("url", Some(b"/a/http://1.2.3.4/b")), ("url_ip", None), ("url_port", None),
            ("base", Some(b"h/a/http://1.2.3.4/b")), ("baseq", Some(b"h/a/http://1.2.3.4/b")),
            ("base32", Some(b"1546553427")), ("url32", Some(b"1546553427")), ("req.ver", Some(b"1.1")),
            ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/a/http://1.2.3.4/b")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET ftp://1.2.3.4/x HTTP/1.1\r\nHost: 1.2.3.4\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/x")), ("pathq", Some(b"/x")), ("query", None),
            ("url", Some(b"ftp://1.2.3.4/x")), ("url_ip", None), ("url_port", None), ("base", Some(b"1.2.3.4/x")),
            ("baseq", Some(b"1.2.3.4/x")), ("base32", Some(b"1127023013")), ("url32", Some(b"1127023013")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/x")), ("req.proto_http", Some(b"1")),
        ]),
        (b"CONNECT 1.2.3.4:8443 HTTP/1.1\r\nHost: 1.2.3.4:8443\r\n\r\n", &[
            ("method", Some(b"CONNECT")), ("path", None), ("pathq", None), ("query", None),
            ("url", Some(b"1.2.3.4:8443")), ("url_ip", None), ("url_port", None), ("base", Some(b"1.2.3.4:8443")),
            ("baseq", Some(b"1.2.3.4:8443")), ("base32", Some(b"4248148039")), ("url32", Some(b"4248148039")),
            ("req.ver", Some(b"1.1")), ("capture.req.ver", Some(b"HTTP/1.1")),
            ("capture.req.method", Some(b"CONNECT")), ("capture.req.uri", None), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET /x?y HTTP/1.0\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/x")), ("pathq", Some(b"/x?y")), ("query", Some(b"y")),
            ("url", Some(b"/x?y")), ("url_ip", None), ("url_port", None), ("base", Some(b"/x")),
            ("baseq", Some(b"/x?y")), ("base32", Some(b"2340802059")), ("url32", Some(b"1250355118")),
            ("req.ver", Some(b"1.0")), ("capture.req.ver", Some(b"HTTP/1.0")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/x?y")), ("req.proto_http", Some(b"1")),
        ]),
        (b"GET /x HTTP/1.0\r\nHost:\r\n\r\n", &[
            ("method", Some(b"GET")), ("path", Some(b"/x")), ("pathq", Some(b"/x")), ("query", None),
            ("url", Some(b"/x")), ("url_ip", None), ("url_port", None), ("base", Some(b"/x")), ("baseq", Some(b"/x")),
            ("base32", Some(b"2340802059")), ("url32", Some(b"2340802059")), ("req.ver", Some(b"1.0")),
            ("capture.req.ver", Some(b"HTTP/1.0")), ("capture.req.method", Some(b"GET")),
            ("capture.req.uri", Some(b"/x")), ("req.proto_http", Some(b"1")),
        ]),
    ]);
}
