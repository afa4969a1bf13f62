//! The tables as a whole.

use std::collections::BTreeSet;

use crate::sample::fetch::{all, find};

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = all().map(|fetch| fetch.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(all().all(|fetch| std::ptr::eq(find(fetch.name).unwrap(), fetch)));
}

/// What `set-var` in `global` says of each in haproxy 2.6.12.
#[test]
fn sources_are_named_as_in_haproxy() {
    for (name, source) in [
        ("be_conn", "internal state"),
        ("path", "HTTP request headers"),
        ("bc_src", "server address"),
        ("be_name", "backend"),
        ("capture.req.hdr", "HTTP request"),
        ("capture.res.hdr", "HTTP response"),
        ("status", "HTTP response"),
        ("res.comp", "HTTP response"),
        ("res.cache_hit", "HTTP response"),
        ("hdr", "HTTP request headers,HTTP response headers"),
        ("src", "client address"),
        ("fc_rtt", "client address"),
        ("so_id", "frontend"),
        ("payload", "request buffer,response buffer"),
        ("req.len", "request buffer"),
        ("req.payload", "request buffer"),
        ("req.rdp_cookie", "request buffer"),
        ("req.ssl_sni", "request buffer"),
        ("req.proto_http", "HTTP request"),
        ("res.len", "response buffer"),
        ("res.ssl_hello_type", "response buffer"),
        ("res.hdr", "HTTP response headers"),
        ("srv_name", "server"),
    ] {
        assert_eq!(find(name).unwrap().needs(), source, "{name}");
    }
}
