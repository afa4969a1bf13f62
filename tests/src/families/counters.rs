//! Tracked counters and stick rules: what fetches and converters say while requests come, and what the tables hold at the
//! end.

use super::{Family, product};

const ONE: &str = "GET /a?k=one HTTP/1.1\r\nHost: h\r\nX-Key: alpha\r\nCookie: s=1\r\n\r\n";
const TWO: &str = "GET /b?k=two HTTP/1.1\r\nHost: h\r\nX-Key: beta\r\nCookie: s=2\r\n\r\n";
const NO_KEY: &str = "GET /none HTTP/1.1\r\nHost: h\r\n\r\n";
const PIPELINED: &str = "GET /a?k=one HTTP/1.1\r\nHost: h\r\nX-Key: alpha\r\nConnection: keep-alive\r\n\r\n\
                         GET /a?k=one HTTP/1.1\r\nHost: h\r\nX-Key: alpha\r\nConnection: close\r\n\r\n";

const REQUESTS: &[&str] = &[ONE, TWO, ONE, NO_KEY, PIPELINED, TWO];

const STORE: &str = "gpc0,gpc0_rate(1h),gpc1,gpc1_rate(1h),gpt0,conn_cnt,conn_cur,conn_rate(1h),sess_cnt,sess_rate(1h),\
                     http_req_cnt,http_req_rate(1h),http_err_cnt,http_err_rate(1h),http_fail_cnt,http_fail_rate(1h)";

const OF_ALL: &[&str] = &[
    "conn_cnt",
    "conn_cur",
    "conn_rate",
    "sess_cnt",
    "sess_rate",
    "http_req_cnt",
    "http_req_rate",
    "http_err_cnt",
    "http_err_rate",
    "http_fail_cnt",
    "http_fail_rate",
    "get_gpc0",
    "get_gpc1",
    "get_gpt0",
    "gpc0_rate",
    "gpc1_rate",
];
const CHANGING: &[&str] = &["inc_gpc0", "inc_gpc1", "clr_gpc1"];
const CONVERTERS: &[&str] = &[
    "table_conn_cnt",
    "table_conn_cur",
    "table_conn_rate",
    "table_sess_cnt",
    "table_sess_rate",
    "table_http_req_cnt",
    "table_http_req_rate",
    "table_http_err_cnt",
    "table_http_err_rate",
    "table_http_fail_cnt",
    "table_http_fail_rate",
    "table_gpc0",
    "table_gpc0_rate",
    "table_gpc1",
    "table_gpc1_rate",
    "table_gpt0",
    "in_table",
    "table_server_id",
    "table_kbytes_in",
];

fn tables() -> Vec<String> {
    let table = |name: &str, kind: &str| {
        format!("backend {name}{{case}}\n  stick-table type {kind} size 100 expire 1h store {STORE}\n")
    };
    let arrays = "backend ta{case}\n  stick-table type string size 100 expire 1h store gpc(3),gpc_rate(3,1h),gpt(2)\n"
        .to_owned();
    vec![table("ti", "ip"), table("ts", "string len 16"), table("tn", "integer"), arrays]
}

/// What is tracked, for each kind of key.
pub fn tracked() -> Vec<Family> {
    let tracks: &[(&str, &[&str])] = &[
        ("source", &["http-request track-sc0 src table ti{case}", "http-request sc-inc-gpc0(0)"]),
        (
            "field",
            &["http-request track-sc0 hdr(x-key) table ts{case}", "http-request sc-set-gpt0(0) 7 if { path /a }"],
        ),
        ("path", &["http-request track-sc0 path table ts{case}", "http-request sc-inc-gpc1(0) unless { path /b }"]),
        ("number", &["http-request track-sc0 path,length table tn{case}", "http-request sc-set-gpt0(0) path,length"]),
        ("parameter", &["http-request track-sc0 url_param(k) table ts{case} if { url_param(k) -m found }"]),
        (
            "two",
            &[
                "http-request track-sc0 src table ti{case}",
                "http-request track-sc1 hdr(x-key) table ts{case}",
                "http-request sc-inc-gpc0(1)",
                "http-request deny deny_status 403 if { path /b } { sc1_http_req_cnt gt 1 }",
            ],
        ),
        (
            "three",
            &[
                "http-request track-sc0 src table ti{case}",
                "http-request track-sc1 hdr(x-key) table ts{case}",
                "http-request track-sc2 path,length table tn{case}",
                "http-request sc-inc-gpc1(2) if { sc0_http_req_cnt gt 2 }",
            ],
        ),
        ("connection", &["tcp-request connection track-sc0 src table ti{case}", "http-request sc-inc-gpc0(0)"]),
        (
            "session",
            &["tcp-request session track-sc1 src table ti{case}", "http-request sc-inc-gpc0(1) if { path /a }"],
        ),
        (
            "content",
            &["tcp-request content track-sc0 src table ti{case}", "http-request sc-inc-gpc0(0) if { path /a }"],
        ),
    ];
    let build = |(name, lines): &(&str, &[&str])| {
        let mut family = Family::new(&format!("tracked by {name}"), REQUESTS).before(lines);
        family.base.sections = tables();
        family.base.tables = ["ti", "ts", "tn"].map(|table| format!("{table}{{case}}")).to_vec();
        family
            .request(product(&["sc0_", "sc1_", "sc2_"], OF_ALL, |prefix, name| format!("{prefix}{name}")))
            .request([
                "sc_http_req_cnt(0)",
                "sc_http_req_cnt(1)",
                "sc0_tracked",
                "sc1_tracked",
                "sc_tracked(2)",
                "sc0_trackers",
            ])
            .request([
                "sc_get_gpc0(0)",
                "sc_inc_gpc0(0)",
                "sc_gpc0_rate(0)",
                "sc_get_gpc0(1)",
                "sc_inc_gpc1(1)",
                "sc_clr_gpc0(2)",
            ])
            .request(product(&["sc0_"], CHANGING, |prefix, name| format!("{prefix}{name}")))
            .request(product(OF_ALL, &["ti{case}"], |name, table| format!("src_{name}({table})")))
            .request(product(&["hdr(x-key)", "path"], CONVERTERS, |key, name| format!("{key},{name}(ts{{case}})")))
            .request(product(&["src"], CONVERTERS, |key, name| format!("{key},{name}(ti{{case}})")))
            .request([
                "table_cnt(ti{case})",
                "table_avl(ts{case})",
                "src_updt_conn_cnt(ti{case})",
                "src_inc_gpc0(ti{case})",
            ])
    };
    tracks.iter().map(build).collect()
}

/// Arrays of counters and tags.
pub fn arrays() -> Family {
    let mut family = Family::new("arrays", REQUESTS)
        .before(&[
            "http-request track-sc0 path table ta{case}",
            "http-request sc-inc-gpc(1,0)",
            "http-request sc-set-gpt(1,0) 5",
        ])
        .request(product(
            &["0", "1", "2", "3"],
            &["sc_get_gpc", "sc_gpc_rate", "sc_get_gpt", "sc_inc_gpc"],
            |index, name| format!("{name}({index},0)"),
        ))
        .request(product(&["0", "1", "2", "9"], &["table_gpc", "table_gpc_rate", "table_gpt"], |index, name| {
            format!("path,{name}({index},ta{{case}})")
        }));
    family.base.sections = tables();
    family.base.tables = vec!["ta{case}".to_owned()];
    family
}

/// `stick` rules in front of two servers.
pub fn stick_rules() -> Vec<Family> {
    let rules: &[&[&str]] = &[
        &["stick-table type ip size 100 expire 1h", "stick on src"],
        &["stick-table type string len 8 size 100 expire 1h", "stick on hdr(x-key)"],
        &["stick-table type string len 3 size 100 expire 1h store gpc0", "stick on hdr(x-key)"],
        &["stick-table type string size 100 expire 1h", "stick match path", "stick store-request path if { path /a }"],
        &["stick-table type string size 100 expire 1h", "stick on url_param(k) if { path_beg /a }"],
        &["stick-table type integer size 100 expire 1h", "stick on path,length"],
        &["stick-table type string size 100 expire 1h", "stick store-response res.cook(rc)", "stick match req.cook(s)"],
        &["stick-table type string size 100 expire 1h", "stick store-request req.cook(s)", "stick match req.cook(s)"],
    ];
    let build = |lines: &&[&str]| {
        let mut family = Family::new(&format!("stick rules {lines:?}"), REQUESTS);
        family.base.backend = lines.iter().map(|line| (*line).to_owned()).collect();
        family.base.backend.extend(
            ["server s1 {origin}", "server s2 {origin}", "http-response set-header x-server %s"].map(str::to_owned),
        );
        family.base.tables = vec!["b{case}".to_owned()];
        family
    };
    rules.iter().map(build).collect()
}
