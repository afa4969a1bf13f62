//! Arguments that are refused, in HAProxy's words.

use super::parse;

#[test]
fn texts_are_those_of_haproxy() {
    let occurrence = "header occurrence must be >= -10";
    for (text, message) in [
        ("req.hdr(x,-11)", occurrence),
        ("req.fhdr(x,-11)", occurrence),
        ("res.hdr(x,-11)", occurrence),
        ("hdr(x,-11)", occurrence),
        ("req.hdr_ip(x,-11)", occurrence),
        ("req.hdr_val(x,-11)", occurrence),
        ("req.payload_lv(0,0)", "payload length must be > 0"),
        ("req.payload_lv(-1,1)", "payload offset1 must be positive"),
        ("req.payload_lv(0,2,a)", "payload offset2 is not a number"),
        ("req.payload_lv(0,2,-4)", "payload offset2 too negative"),
        ("date(1,x)", "expects 's', 'ms' or 'us', got 'x'"),
        ("date(1,)", "expects 's', 'ms' or 'us', got ''"),
        ("uuid(1)", "Unsupported UUID version: '1'"),
        ("bool(x)", "Expects 'true', 'false', '0' or '1'"),
        ("bool(2)", "Expects 'true', 'false', '0' or '1'"),
        ("bin(0)", "an even number of hex digit is expected"),
        ("bin(zz)", "an hex digit is expected (found 'z')"),
        ("fc_rtt(x)", "expects 'us' or 'ms', got 'x'"),
        ("fc_rttvar(x)", "expects 'us' or 'ms', got 'x'"),
        // HAProxy crashes later.
        ("req.payload(-1,2)", "payload offset must be positive"),
        ("req.payload(0,-1)", "payload length must be >= 0"),
        ("req.payload_lv(0,-1)", "payload length must be > 0"),
        // HAProxy warns and goes on without it.
        ("fc_lost(x)", "no argument supported for 'fc_*' sample expressions returning counters"),
    ] {
        let name = text.split('(').next().unwrap();
        assert_eq!(parse(text).unwrap_err(), format!("invalid args in fetch method '{name}' : {message}"), "{text}");
    }
}

#[test]
fn what_is_taken() {
    for text in [
        "req.hdr(x,-10)",
        "req.payload_lv(0,2,-1)",
        "req.payload_lv(3,2,-5)",
        "req.payload_lv(0,2,)",
        "req.payload_lv(0,9)",
        "urlp(x,ab)",
        "urlp(x,)",
        "date",
        "date(1,ms)",
        "rand(0)",
        "rand(-1)",
        "uuid",
        "uuid(4)",
        "bool(TRUE)",
        "bool(0)",
        "fc_rtt",
        "fc_rtt(us)",
        "meth(FOO)",
        "http_auth(l)",
        "be_conn",
        "be_conn(p)",
        "srv_conn(s)",
        "srv_conn(p/s)",
        "capture.req.hdr(-1)",
        "nbsrv",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}
