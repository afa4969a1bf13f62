//! Fetches: each with its arguments, over requests that differ in form.

use super::{Family, product};

const GET: &str = "GET /a/b/c.html?x=1&y=two%20words&x=3&empty=&flag&n=-12&list=a,b HTTP/1.1\r\n\
                   Host: www.Example.com:8080\r\nUser-Agent: test/1.0\r\nX-A: one, two\r\nX-A: three\r\n\
                   X-Ip: 10.1.2.3, 192.168.0.1\r\nX-Ip: 2001:db8::1\r\nX-Num: 12, -7, 9\r\n\
                   X-Quoted: \"a,b\", c\r\nCookie: k=v; sid=abc; z=\"q\"; n=42\r\nAccept-Language: fr;q=0.8, en\r\n\
                   Authorization: Basic dXNlcjpwYXNz\r\n\r\n";
const FORM: &str = "POST /form?x=query;z=semi HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A:\r\nX-Ip: nothing\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 37\r\nCookie: sid=one\r\n\
                    Cookie: sid=two; n=7\r\n\r\nx=1&y=two+words&name=%41b&empty=&n=15";
const ABSOLUTE: &str = "GET http://Other.Example:81/abs/path?x=%31&x=b HTTP/1.1\r\nHost: Other.Example:81\r\n\
                        X-A: ,\r\nX-Ip: 1.2.3.4:80\r\nX-Num: 99999\r\nAuthorization: Bearer abc.def\r\n\
                        Cookie: sid=; k\r\n\r\n";
const BARE: &str = "GET / HTTP/1.0\r\n\r\n";
const CHUNKED: &str = "PUT /c%41d//e?a=b?c=d HTTP/1.1\r\nHost: [::1]:443\r\nTransfer-Encoding: chunked\r\n\
                       X-A:  spaced out  \r\nX-Num: 10,-5\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
const OPTIONS: &str = "OPTIONS * HTTP/1.1\r\nHost: h:\r\nX-A: a;q=1\r\nX-Ip: 255.255.255.255\r\nX-Num: 007\r\n\r\n";

const REQUESTS: &[&str] = &[GET, FORM, ABSOLUTE, BARE, CHUNKED, OPTIONS];

const PLAIN: &[&str] = &[
    "always_false",
    "always_true",
    "base",
    "base32",
    "base32+src,hex",
    "baseq",
    "url",
    "url32",
    "url32+src,hex",
    "url_ip",
    "url_port",
    "method",
    "path",
    "pathq",
    "query",
    "req.ver",
    "req_ver",
    "http_first_req",
    "req.proto_http",
    "req_proto_http",
    "wait_end",
    "http_auth_user",
    "http_auth_pass",
    "http_auth_type",
    "http_auth_bearer",
    "http_auth_bearer(Authorization)",
    "http_auth(u{case})",
    "http_auth_group(u{case})",
    "http_auth(v{case})",
    "http_auth_group(v{case})",
    "req.body",
    "req.body,hex",
    "req.body_len",
    "req.body_size",
    "req.body_param",
    "req.body_param(x)",
    "req.body_param(y)",
    "req.body_param(name)",
    "req.body_param(empty)",
    "req.body_param(none)",
    "req.body_param(n)",
    "req.body_param(N)",
    "dst",
    "fc_dst",
    "dst_is_local",
    "fc_dst_is_local",
    "src",
    "fc_src",
    "src_is_local",
    "fc_src_is_local",
    "fc_http_major",
    "fc_rcvd_proxy",
    "fc_pp_authority",
    "fc_pp_unique_id",
    "fc_err",
    "fc_err_str",
    "fe_name",
    "fe_id",
    "fe_defbe",
    "fe_client_timeout",
    "fe_conn",
    "fe_req_rate",
    "fe_sess_rate",
    "so_id",
    "so_name",
    "nbproc",
    "proc",
    "thread",
    "stopping",
    "prio_class",
    "cpu_calls",
    "prio_offset",
    "always_true",
    "last_rule_line",
    "capture.req.method",
    "capture.req.uri",
    "capture.req.ver",
    "capture.req.hdr(0)",
    "capture.req.hdr(1)",
    "env(LB_SURELY_NOT_SET)",
    "str(a b)",
    "str()",
    "int(-5)",
    "bool(true)",
    "bool(0)",
    "bin(4142)",
    "bin(00ff),hex",
    "ipv4(10.0.0.1)",
    "ipv6(::1)",
    "ipv6(2001:DB8:0:0:0:0:0:1)",
    "meth(GET)",
    "meth(other)",
    "var(txn.none)",
    "var(txn.none,default)",
    "var(sess.none)",
    "var(req.none,7),add(1)",
    "rdp_cookie(x)",
    "rdp_cookie_cnt",
    "req.rdp_cookie",
    "req.ssl_hello_type",
    "req.ssl_sni",
    "avg_queue(bb{case})",
    "be_conn(bb{case})",
    "be_conn_free(bb{case})",
    "be_sess_rate(bb{case})",
    "connslots(bb{case})",
    "nbsrv(bb{case})",
    "queue(bb{case})",
    "srv_conn(bb{case}/s1)",
    "srv_conn_free(bb{case}/s1)",
    "srv_is_up(bb{case}/s1)",
    "srv_is_up(bb{case}/s2)",
    "srv_iweight(bb{case}/s1)",
    "srv_uweight(bb{case}/s1)",
    "srv_weight(bb{case}/s1)",
    "srv_queue(bb{case}/s1)",
    "srv_sess_rate(bb{case}/s1)",
    "str(bb{case}),nbsrv",
    "str(bb{case}/s1),srv_queue",
    "str(none),nbsrv",
    "dst_conn",
];

const HEADERS: &[&str] = &["x-a", "X-IP", "x-num", "x-quoted", "host", "user-agent", "none", "cookie"];
const OCCURRENCES: &[&str] = &["", ",1", ",2", ",3", ",4", ",-1", ",-2", ",-3", ",-5", ",0"];
const WITH_OCCURRENCE: &[&str] = &["hdr", "req.hdr", "req.fhdr", "hdr_ip", "req.hdr_ip"];
const NUMBERS: &[&str] = &["hdr_val", "req.hdr_val"];
const OF_A_NAME: &[&str] = &["hdr_cnt", "req.hdr_cnt", "req.fhdr_cnt"];
const COOKIES: &[&str] = &["cook", "req.cook", "cookie", "cook_cnt", "req.cook_cnt", "cook_val", "req.cook_val"];
const PARAMETERS: &[&str] = &["url_param", "urlp", "urlp_val"];
const PARAMETER_NAMES: &[&str] =
    &["x", "y", "z", "empty", "flag", "n", "none", "x,&", "z,;", "x,;", "a", "c", "list", "X"];

/// Fetches of requests in the frontend.
pub fn requests() -> Family {
    let names = HEADERS.iter().flat_map(|name| OCCURRENCES.iter().map(move |number| format!("{name}{number}")));
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let call = |fetch: &str, argument: &str| format!("{fetch}({argument})");
    let lists = [
        "req.hdr_names",
        "req.hdr_names(;)",
        "req.hdr_names(',')",
        "req.hdrs,length",
        "req.hdrs_bin,length",
        "req.hdr_cnt",
    ];
    let bare =
        ["hdr", "req.hdr", "req.fhdr", "hdr_cnt", "req.fhdr_cnt", "hdr_ip", "hdr_val", "cook", "cook_cnt", "url_param"];
    let positions = ["req.payload(0,0)", "req.payload(0,4),hex", "req.len", "payload(0,3)", "payload_lv(0,1),hex"];
    let mut family = Family::new("fetches of requests", REQUESTS)
        .before(&[
            "http-request wait-for-body time 5s at-least 100 if { method POST PUT }",
            "capture request header x-a len 8",
            "capture request header host len 64",
        ])
        .request(lists)
        .request(PLAIN)
        .request(bare)
        .request(positions)
        .request(product(WITH_OCCURRENCE, &names, call))
        .request(product(NUMBERS, &["x-num", "x-num,1", "x-num,2", "x-num,-1", "x-num,-2", "x-num,7", "none"], call))
        .request(product(OF_A_NAME, HEADERS, call))
        .request(product(COOKIES, &["sid", "k", "n", "z", "none", "SID", ""], call))
        .request(product(PARAMETERS, PARAMETER_NAMES, call));
    family.base.sections = vec![
        "userlist u{case}\n  group g users user\n  group h users user,other\n  user user insecure-password pass\n  \
         user other insecure-password x\nuserlist v{case}\n  user user insecure-password wrong\n"
            .to_owned(),
        "backend bb{case}\n  server s1 127.0.0.1:1 weight 10 maxconn 7\n  server s2 127.0.0.1:1 disabled\n".to_owned(),
    ];
    family.differ("lb counts the bytes on the wire", &["%[req.len]"]).differ(
        "a text that is no number is read up to its last digit",
        &["%[cook_val(z)]", "%[req.cook_val(z)]", "%[urlp_val(x)]"],
    )
}

const IN_BACKEND: &[&str] = &[
    "be_id",
    "be_name",
    "be_server_timeout",
    "be_tunnel_timeout",
    "cur_server_timeout",
    "cur_tunnel_timeout",
    "be_conn",
    "nbsrv",
    "connslots",
    "queue",
    "avg_queue",
    "be_sess_rate",
    "path",
    "hdr(x-a)",
    "fe_name",
    "src",
    "method",
    "url",
    "var(txn.a)",
    "var(req.b)",
    "var(sess.c)",
    "req.hdr_names",
    "always_true",
];

/// Fetches of requests in the backend.
pub fn backend_requests() -> Family {
    let mut family = Family::new("fetches in the backend", REQUESTS).before(&[
        "http-request set-var(txn.a) path,upper",
        "http-request set-var(req.b) int(5)",
        "http-request set-var(sess.c) src",
        "unique-id-format u-%ci-%HM",
        "unique-id-header x-unique",
    ]);
    family.base.backend = vec!["timeout tunnel 7s".to_owned(), "http-request set-timeout server 3s".to_owned()];
    family
        .backend_request(IN_BACKEND)
        .differ("HAProxy knows the timeout only once it has connected, against the manual", &["%[cur_tunnel_timeout]"])
}

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Res: one, two\r\nX-Res: three\r\nX-Ip: ::1, 10.0.0.1\r\nX-Num: 5, -3\r\n\
     Set-Cookie: sid=abc; path=/\r\nSet-Cookie: n=42\r\nContent-Type: text/plain\r\n\r\nhello",
    "HTTP/1.0 404 Not at all\r\nX-Res:\r\nX-Num: 15\r\nSet-Cookie: sid=8\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nX-Ip: 1.2.3.4\r\n\r\n",
    "HTTP/1.1 503 \r\nX-Res: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
];

const OF_RESPONSES: &[&str] = &[
    "res.hdr_names",
    "res.hdr_names(;)",
    "res.hdrs,length",
    "res.hdrs_bin,length",
    "res.hdr_cnt",
    "res.fhdr_cnt",
    "res.hdr",
    "res.fhdr",
    "res.cook",
    "status",
    "res.ver",
    "resp_ver",
    "method",
    "capture.req.method",
    "capture.req.uri",
    "capture.req.ver",
    "capture.res.ver",
    "capture.req.hdr(0)",
    "capture.res.hdr(0)",
    "capture.res.hdr(1)",
    "res.comp",
    "res.comp_algo",
    "res.cache_hit",
    "res.cache_name",
    "srv_id",
    "srv_name",
    "be_name",
    "be_id",
    "fe_name",
    "bc_err",
    "bc_err_str",
    "bc_http_major",
    "cur_server_timeout",
    "var(txn.a)",
    "var(req.b)",
    "var(sess.c)",
    "var(res.d)",
    "http_first_req",
    "src",
    "dst",
    "rep_ssl_hello_type",
    "status,add(1)",
    "res.hdr(x-num),add(1)",
    "hdr(x-res)",
    "hdr(x-res,1)",
];

/// Fetches of responses, one family for each.
pub fn responses() -> Vec<Family> {
    let headers = ["x-res", "X-IP", "x-num", "set-cookie", "none", "content-length"];
    let names =
        headers.iter().flat_map(|name| ["", ",1", ",2", ",-1", ",-2", ",9"].map(|number| format!("{name}{number}")));
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let call = |fetch: &str, argument: &str| format!("{fetch}({argument})");
    let build = |(number, response): (usize, &&str)| {
        let mut family = Family::new(&format!("fetches of response {number}"), &[GET]).before(&[
            "http-request set-var(txn.a) path,upper",
            "http-request set-var(req.b) int(5)",
            "http-request set-var(sess.c) src",
            "http-response set-var(res.d) status",
            "capture request header x-a len 8",
            "capture response header x-res len 8",
            "capture response header content-type len 3",
        ]);
        family.base.response = Some((*response).to_owned());
        family
            .response(OF_RESPONSES)
            .response(product(&["res.hdr", "res.fhdr", "res.hdr_ip"], &names, call))
            .response(product(&["res.hdr_val"], &["x-num", "x-num,1", "x-num,2", "x-num,-1", "none"], call))
            .response(product(&["res.hdr_cnt", "res.fhdr_cnt"], &headers, call))
            .response(product(
                &["res.cook", "res.cook_cnt", "res.cook_val", "cookie"],
                &["sid", "n", "none", "path"],
                call,
            ))
    };
    RESPONSES.iter().enumerate().map(build).collect()
}
