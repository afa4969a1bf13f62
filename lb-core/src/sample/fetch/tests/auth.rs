//! Credentials.

use super::{Expected, check, everything, expression, request};
use crate::config::Config;
use crate::net::{Inherited, SystemOptions};
use crate::sample::context::Context;
use crate::topology::Topology;

fn topology() -> Topology {
    let text = "userlist l\n group g users u\n group e users u\n user u insecure-password b\n";
    let config = Config::parse(text, "t.cfg").unwrap();
    Topology::new(&config, 100, 1, &SystemOptions::default(), &Inherited::default()).unwrap()
}

fn check_with_userlist(cases: &[(&'static [u8], Expected)]) {
    let topology = topology();
    for (bytes, expected) in cases {
        let (head, body) = request(bytes);
        let context = Context {
            request: Some(&head),
            request_data: everything(body),
            topology: Some(&topology),
            ..Context::default()
        };
        for (text, value) in *expected {
            check(&context, text, *value, bytes);
        }
    }
}

#[test]
fn an_acl_looks_at_the_groups_of_the_user() {
    let topology = topology();
    let groups = |credentials: &[u8]| {
        let (head, _) = request(&[b"GET / HTTP/1.0\r\nAuthorization: Basic ", credentials, b"\r\n\r\n"].concat());
        let context = Context { request: Some(&head), topology: Some(&topology), ..Context::default() };
        let mut groups = Vec::new();
        let expression = expression("http_auth_group(l)");
        expression.any(&context, &mut |value| {
            groups.push(String::from_utf8(value.into_bytes().into_owned()).unwrap());
            false
        });
        groups
    };
    assert_eq!(groups(b"dTpi"), ["e", "g"]);
    assert_eq!(groups(b"dTpj"), [""; 0]);
}

/// HAProxy yields an empty text where the header is missing, and stops reading a password at a NUL.
#[test]
fn a_missing_header_holds_no_token_and_a_password_may_not_be_cut_short() {
    check_with_userlist(&[
        (b"GET / HTTP/1.0\r\n\r\n", &[("http_auth_bearer(x)", None)]),
        (
            b"GET / HTTP/1.0\r\nX: Bearer ab\r\n\r\n",
            &[("http_auth_bearer(x)", Some(b"ab")), ("http_auth_bearer", None)],
        ),
        (b"GET / HTTP/1.0\r\nAuthorization: Basic dTpiAGM=\r\n\r\n", &[("http_auth(l)", Some(b"0"))]),
    ]);
}

#[test]
#[rustfmt::skip]
fn credentials() {
    check_with_userlist(&[
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpi\r\n\r\n", &[
            ("http_auth(l)", Some(b"1")), ("http_auth_group(l)", Some(b"u")), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"b")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpj\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"c")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpiOmM=\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"b:c")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dQ==\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: basic dTpi\r\n\r\n", &[
            ("http_auth(l)", Some(b"1")), ("http_auth_group(l)", Some(b"u")), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"b")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer tok.en\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", Some(b"tok.en")),
            ("http_auth_bearer(authorization)", Some(b"tok.en")), ("http_auth_pass", None),
            ("http_auth_type", Some(b"Bearer")), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: bearer tok\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", Some(b"tok")),
            ("http_auth_bearer(authorization)", Some(b"tok")), ("http_auth_pass", None),
            ("http_auth_type", Some(b"Bearer")), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer  tok \r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", Some(b"tok")),
            ("http_auth_bearer(authorization)", Some(b"tok")), ("http_auth_pass", None),
            ("http_auth_type", Some(b"Bearer")), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Digest x=y\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic !!!\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic  dTpi\r\n\r\n", &[
            ("http_auth(l)", Some(b"1")), ("http_auth_group(l)", Some(b"u")), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"b")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: \r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic Og==\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTo=\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic OmI=\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"b")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Token abc\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a b\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", Some(b"a b")),
            ("http_auth_bearer(authorization)", Some(b"a b")), ("http_auth_pass", None),
            ("http_auth_type", Some(b"Bearer")), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpi extra\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpib\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpiYg=\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpiYg==\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"bb")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpiYmI=\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"bbb")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"u")),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpiYmI\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", None), ("http_auth_type", None), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX: Bearer ab\r\nAuthorization: Bearer cd\r\n\r\n", &[
            ("http_auth(l)", None), ("http_auth_group(l)", None), ("http_auth_bearer", Some(b"cd")),
            ("http_auth_bearer(authorization)", Some(b"cd")), ("http_auth_pass", None),
            ("http_auth_type", Some(b"Bearer")), ("http_auth_user", None),
        ]),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic djp3\r\nAuthorization: Basic dTpi\r\n\r\n", &[
            ("http_auth(l)", Some(b"0")), ("http_auth_group(l)", None), ("http_auth_bearer", None),
            ("http_auth_pass", Some(b"w")), ("http_auth_type", Some(b"Basic")), ("http_auth_user", Some(b"v")),
        ]),
    ]);
}
