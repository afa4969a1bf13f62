//! Which values an ACL looks at.

use super::{everything, expression, request, response};
use crate::sample::context::Context;
use crate::sample::{Expression, Place};

fn all(expression: &Expression, context: &Context<'_>) -> Vec<String> {
    let mut values = Vec::new();
    let found = expression.any(context, &mut |value| {
        values.push(String::from_utf8(value.into_bytes().into_owned()).unwrap());
        false
    });
    assert!(!found);
    values
}

/// Each value that haproxy 2.6.12 matched with `-m str` and those that it did not.
#[test]
fn of_requests() {
    let post = b"POST /a?x=1&x=2&y=3 HTTP/1.1\r\nHost: h\r\nX: a, b,c\r\nX: 5\r\nI: foo, 1.2.3.4:80, ::1, 9.9.9.9\r\n\
        Cookie: a=1; b=2\r\nCookie: a=3\r\nContent-Length: 11\r\n\r\na=1&b=2&a=3";
    let (head, body) = request(post);
    let context = Context { request: Some(&head), request_data: everything(body), ..Context::default() };
    for (text, values) in [
        ("req.hdr(x)", &["a", "b", "c", "5"][..]),
        ("req.hdr(x,0)", &["a", "b", "c", "5"]),
        ("req.hdr(x,1)", &["a"]),
        ("req.hdr(x,-1)", &["5"]),
        ("req.hdr(x,9)", &[]),
        ("req.hdr", &[]),
        ("hdr(x)", &["a", "b", "c", "5"]),
        ("req.fhdr(x)", &["a, b,c", "5"]),
        ("req.fhdr", &[]),
        ("req.hdr_ip(i)", &["1.2.3.4", "::1", "9.9.9.9"]),
        ("req.hdr_ip(i,1)", &[]),
        ("req.hdr_val(x)", &["0", "0", "0", "5"]),
        ("req.hdr_cnt(x)", &["4"]),
        ("req.cook(a)", &["1", "3"]),
        ("req.cook", &["1", "2", "3"]),
        ("req.cook_val(a)", &["1", "3"]),
        ("cookie(a)", &["1", "3"]),
        ("urlp(x)", &["1", "2"]),
        ("urlp", &["1", "2", "3"]),
        ("urlp_val(x)", &["1", "2"]),
        ("req.body_param(a)", &["1", "3"]),
        ("req.body_param", &["1", "2", "3"]),
        ("path", &["/a"]),
    ] {
        assert_eq!(all(&expression(text), &context), values, "{text}");
    }
}

#[test]
fn of_responses() {
    let (head, _) =
        response(b"HTTP/1.1 200 OK\r\nX: a,b\r\nX: c\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: a=2\r\n\r\n");
    let context = Context { place: Place::FrontendResponse, response: Some(&head), ..Context::default() };
    for (text, values) in [
        ("res.hdr(x)", &["a", "b", "c"][..]),
        ("shdr(x)", &["a", "b", "c"]),
        ("hdr(x)", &["a", "b", "c"]),
        ("res.fhdr(x)", &["a,b", "c"]),
        ("res.cook(a)", &["1", "2"]),
        // HAProxy takes attributes for cookies where no name is given.
        ("res.cook", &["1", "2"]),
        ("res.cook_cnt", &["2"]),
        ("cookie(a)", &["1", "2"]),
    ] {
        assert_eq!(all(&expression(text), &context), values, "{text}");
    }
}

#[test]
fn nothing_is_looked_at_behind_a_match() {
    let (head, _) = request(b"GET / HTTP/1.0\r\nX: a,b,c\r\nX: d\r\n\r\n");
    let context = Context { request: Some(&head), ..Context::default() };
    let mut seen = 0;
    assert!(expression("req.hdr(x)").any(&context, &mut |value| {
        seen += 1;
        value.into_bytes() == &b"b"[..]
    }));
    assert_eq!(seen, 2);
}
