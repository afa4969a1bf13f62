//! Constants and states of the process.

use std::time::Duration;

use super::{check, expression};
use crate::sample::context::{Activity, Captures, ClientFacts, Context, Known, ServerFacts, Settings};

fn context() -> Context<'static> {
    Context {
        date: Some(Duration::new(1_700_000_000, 123_456_789)),
        thread: 3,
        facts: Some(Box::leak(Box::new(known()))),
        ..Context::default()
    }
}

fn known() -> Known<'static> {
    Known {
        activity: Activity { calls: 4, cpu_ns: 1000, latency_ns: 18 },
        client: ClientFacts {
            source: Some("[::ffff:192.0.2.1]:1234".parse().unwrap()),
            destination: Some("[2001:db8::1]:443".parse().unwrap()),
            connection_source: Some("127.0.0.1:99".parse().unwrap()),
            connection_destination: Some("192.0.2.2:80".parse().unwrap()),
            proxied: true,
            proxy_authority: Some(b"name"),
            error: 16,
            ..ClientFacts::default()
        },
        connection: ServerFacts { error: Some(0), http_major: Some(2), ..ServerFacts::default() },
        settings: Settings { last_rule: Some(("t.cfg", 7)), ..Settings::default() },
        captures: Captures {
            request_line: Some(b"GET http://h/a?b HTTP/1.1"),
            status: Some(503),
            ..Captures::default()
        },
    }
}

#[test]
fn values() {
    let context = context();
    for (text, value) in [
        ("always_true", Some("1")),
        ("always_false", Some("0")),
        ("bool(true)", Some("1")),
        ("bool(0)", Some("0")),
        ("bin(414243)", Some("ABC")),
        ("int(-5)", Some("-5")),
        ("ipv4(1.2.3.4)", Some("1.2.3.4")),
        ("ipv6(::1)", Some("::1")),
        ("meth(GET)", Some("GET")),
        ("str(a)", Some("a")),
        ("date", Some("1700000000")),
        ("date(-10)", Some("1699999990")),
        ("date(1,ms)", Some("1700000000124")),
        ("date(1,us)", Some("1700000000123457")),
        ("date(0,s)", Some("1700000000")),
        ("date_us", Some("123456")),
        ("rand(1)", Some("0")),
        ("rand(0)", Some("0")),
        ("var(txn.a,b)", Some("b")),
        ("var(txn.a)", None),
        ("env(LB_NO_SUCH_VARIABLE)", None),
        ("cpu_calls", Some("4")),
        ("cpu_ns_tot", Some("1000")),
        ("cpu_ns_avg", Some("250")),
        ("lat_ns_tot", Some("18")),
        ("lat_ns_avg", Some("4")),
        ("nbproc", Some("1")),
        ("proc", Some("1")),
        ("thread", Some("3")),
        ("stopping", Some("0")),
        ("prio_class", Some("0")),
        ("last_rule_file", Some("t.cfg")),
        ("last_rule_line", Some("7")),
        ("unique-id", None),
        ("src", Some("::ffff:192.0.2.1")),
        ("src_port", Some("1234")),
        ("src_is_local", Some("0")),
        ("dst", Some("2001:db8::1")),
        ("dst_port", Some("443")),
        ("fc_src", Some("127.0.0.1")),
        ("fc_src_is_local", Some("1")),
        ("fc_dst", Some("192.0.2.2")),
        ("fc_dst_port", Some("80")),
        ("fc_rcvd_proxy", Some("1")),
        ("fc_pp_authority", Some("name")),
        ("fc_pp_unique_id", None),
        ("fc_err", Some("16")),
        ("fc_err_str", Some("Received an invalid PROXY protocol header")),
        ("fc_http_major", Some("1")),
        ("fc_rtt", None),
        ("bc_err", Some("0")),
        ("bc_err_str", Some("Success")),
        ("bc_http_major", Some("2")),
        ("bc_src", None),
        ("capture.req.method", Some("GET")),
        ("capture.req.uri", Some("/a?b")),
        ("status", Some("503")),
        ("capture.req.hdr(0)", None),
    ] {
        check(&context, text, value.map(str::as_bytes), b"");
    }
}

#[test]
fn chance_and_names() {
    let context = context();
    let number = |text| String::from_utf8(expression(text).bytes(&context).unwrap().into_owned()).unwrap();
    for _ in 0..100 {
        assert!((0..7).contains(&number("rand(7)").parse().unwrap()));
        assert!((0..1 << 32).contains(&number("rand").parse::<i64>().unwrap()));
    }
    assert_ne!(number("uuid"), number("uuid"));
    assert!(!number("hostname").is_empty());
}

#[test]
fn the_end_of_waiting() {
    let mut context = Context::default();
    assert_eq!(expression("wait_end").evaluate(&context), None);
    assert!(context.may_change.get());
    context.last = true;
    check(&context, "wait_end", Some(b"1"), b"");
}

#[test]
fn unix_clients_are_local() {
    let client = ClientFacts { unix: true, ..ClientFacts::default() };
    let known = Known { client, ..Known::default() };
    let context = Context { facts: Some(&known), ..Context::default() };
    check(&context, "src_is_local", Some(b"1"), b"");
    check(&context, "src", None, b"");
    check(&Context::default(), "src_is_local", None, b"");
}

#[test]
fn hashes_with_the_client() {
    let (head, _) = super::request(b"GET /x?y HTTP/1.0\r\n\r\n");
    let context = Context { request: Some(&head), ..context() };
    let mapped = *b"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01";
    check(&context, "base32+src", Some(&[b"\x8b\x85\xce\x0b", &mapped[..]].concat()), b"");
    check(&context, "url32+src", Some(&[b"J\x86\xe7\xae", &mapped[..]].concat()), b"");
}
