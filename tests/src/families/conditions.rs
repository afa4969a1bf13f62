//! Conditions: match methods with flags and patterns over many inputs, ACLs by name and anonymous, files, and operators.

use std::path::Path;

use super::{Family, product};

const REQUESTS: &[&str] = &[
    "GET /Static/img/logo.PNG?x=1&n=5 HTTP/1.1\r\nHost: www.Example.com\r\nX-Ip: 10.1.2.3, 192.168.1.1\r\nX-A: one, Two\r\n\
     X-A: three\r\nX-N: 17\r\nCookie: s=abc\r\n\r\n",
    "POST /static HTTP/1.1\r\nHost: example.com:8080\r\nX-Ip: 2001:db8::1\r\nX-A:\r\nX-N: -3, 1000\r\nContent-Length: 0\r\n\r\n",
    "HEAD / HTTP/1.0\r\nX-N: none\r\nX-Ip: none\r\n\r\n",
    "PURGE /a.b/c-d_e/www.example.com/ HTTP/1.1\r\nHost: a.www.example.com.\r\nX-A: onetwothree\r\nX-N: 0\r\n\r\n",
];

const TEXTS: &[&str] =
    &["path", "hdr(host)", "hdr(x-a)", "url", "query", "req.cook(s)", "req.fhdr(x-a)", "method", "hdr(none)"];
const METHODS: &[&str] = &["str", "beg", "end", "sub", "dir", "dom", "reg", "len", "found", "bin"];
const FLAGS: &[&str] = &["", "-i "];

fn patterns(method: &str) -> &'static [&'static str] {
    match method {
        "reg" => &["^/[a-z]+$ ^www\\.", "o(ne|.t)", "\\.(png|gif)($|\\?)", "^$", "[[:upper:]]"],
        "len" => &["0", "3 5:8", "gt 5", "le 3", "eq 11"],
        "found" => &[""],
        "bin" => &["2f", "474554 2f737461746963"],
        _ => &["/static one GET", "www.example.com", ".png com three", "static abc two", "e", "img/logo www"],
    }
}

/// `-m` with text.
pub fn texts() -> Family {
    let mut all = Vec::new();
    for method in METHODS {
        for flag in FLAGS {
            for pattern in patterns(method) {
                all.extend(TEXTS.iter().map(|fetch| format!("{{ {fetch} -m {method} {flag}{pattern} }}")));
            }
        }
    }
    Family::new("conditions on texts", REQUESTS).each("http-request set-header f-{n} 1 if {}", false, all)
}

/// Suffixes of fetches, numbers, addresses, booleans, negation, `or`, `unless`, names and files.
pub fn others(files: &Path) -> Family {
    let write = |name: &str, text: &str| {
        let path = files.join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let words = write("words", "# words\n\n/static\n  www.example.com\none\nGET\n");
    let nets = write("nets", "10.0.0.0/8\n2001:db8::/32\n127.0.0.1\n");
    let numbers = write("numbers", "17\n1000\n");
    let integers = ["5", "17", "1:20", "gt 10", "ge 17", "lt 0", "le 0", "eq 17", ":3", "1000:", "0 1000"];
    let fetches = ["hdr_val(x-n)", "req.hdr_cnt(x-a)", "urlp_val(n)", "path,length", "hdr(x-n) -m int", "int(3)"];
    let nets_given = [
        "10.0.0.0/8",
        "192.168.1.1",
        "10.1.2.3/255.255.255.0",
        "::/0",
        "2001:db8::/32",
        "0.0.0.0/0",
        "127.0.0.1 10.1.2.3",
    ];
    let addresses =
        ["src", "hdr_ip(x-ip)", "hdr_ip(x-ip,1)", "hdr(x-ip) -m ip", "dst", "ipv6(2001:db8::5)", "ipv4(10.255.0.1)"];
    let suffixed = [
        "path_beg /static",
        "path_end -i .png",
        "path_sub img",
        "path_dir img",
        "path_dom www.example.com",
        "path_len 1",
        "path_reg ^/$",
        "path /static",
        "hdr_beg(host) www",
        "hdr_end(host) com",
        "hdr_dom(host) example.com",
        "hdr_sub(x-a) t",
        "hdr_reg(x-a) ^o",
        "hdr_len(host) 15",
        "hdr_dir(x-a) one",
        "hdr_cnt(x-a) gt 1",
        "hdr_val(x-n) 17",
        "url_beg /",
        "url_end /",
        "url_sub logo",
        "url_dir static",
        "url_dom example.com",
        "url_len gt 5",
        "url_reg png",
        "cook_beg(s) a",
        "cook(s) abc",
        "cook_cnt(s) 1",
        "cook_sub(s) b",
        "base_beg www",
        "base_end PNG",
        "base_sub -i EXAMPLE",
        "base_dir static",
        "base_dom com",
        "base_len gt 10",
        "base_reg ^www",
        "urlp(x) 1",
        "urlp_beg(x) 1",
        "urlp_len(x) 1",
        "urlp_val(n) 5",
        "req_ver 1.0",
        "req.ver 1.1",
        "method GET HEAD",
        "method PURGE",
        "method POST",
        "req_proto_http",
        "always_true",
        "always_false",
        "src_is_local",
        "hdr(x-a) -m found",
        "hdr(none) -m found",
        "hdr(x-a),lower -m str two",
        "path,upper -m beg /STATIC",
        "query -m str x=1&n=5",
        "url_param(x) -m found",
        "bool(1)",
        "int(0) -m bool",
        "int(1) -m bool",
        "str(a) a",
        "nbsrv(b{case}) ge 1",
        "hdr_ip(x-ip) 10.1.2.3",
        "TRUE",
        "HTTP",
        "HTTP_1.0",
        "HTTP_1.1",
        "METH_GET",
        "METH_HEAD",
        "METH_POST",
        "HTTP_CONTENT",
        "HTTP_URL_SLASH",
        "HTTP_URL_ABS",
        "LOCALHOST",
        "FALSE",
        "WAIT_END",
    ];
    let braces = |text: &&str| {
        if text.chars().all(|c| !c.is_lowercase()) { (*text).to_owned() } else { format!("{{ {text} }}") }
    };
    let logic = [
        "a b",
        "a or b",
        "a || b",
        "!a",
        "! a",
        "!a !b",
        "a b or c",
        "a or b c",
        "!a or !b !c",
        "a !b || !a b",
        "d",
        "!d",
        "d or e",
        "e f",
        "a or b or c or d",
        "{ path /static } or a",
        "a { path_beg / } !{ path_end x }",
        "g",
        "!g h",
        "i",
        "j k",
    ];
    let files_used = [
        format!("path -f {words}"),
        format!("path -m beg -f {words}"),
        format!("path -i -m sub -f {words}"),
        format!("hdr(host) -i -f {words}"),
        format!("hdr(x-a) -m str -f {words} two"),
        format!("src -f {nets}"),
        format!("hdr_ip(x-ip) -f {nets}"),
        format!("hdr_val(x-n) -f {numbers}"),
        format!("hdr(x-n) -m int -f {numbers} 0"),
        format!("method -f {words}"),
        format!("hdr(host) -m end -i -f {words} -f {numbers}"),
        format!("path -m dom -f {words}"),
    ];
    let mut all = product(&fetches, &integers, |fetch, pattern| format!("if {{ {fetch} {pattern} }}"));
    all.extend(product(&addresses, &nets_given, |fetch, pattern| format!("if {{ {fetch} {pattern} }}")));
    all.extend(suffixed.iter().map(|text| format!("if {}", braces(text))));
    all.extend(suffixed.iter().map(|text| format!("unless {}", braces(text))));
    all.extend(product(&["if", "unless"], &logic, |word, text| format!("{word} {text}")));
    all.extend(files_used.iter().map(|text| format!("if {{ {text} }}")));
    all.extend(files_used.iter().map(|text| format!("unless {{ {text} }}")));
    Family::new("conditions", REQUESTS)
        .before(&[
            "acl a path_beg -i /static",
            "acl b hdr(x-a) -i one two",
            "acl c method GET",
            "acl d hdr_cnt(x-a) 0",
            "acl d hdr_cnt(x-a) 2:3",
            "acl e hdr(none) -m found",
            "acl f src 127.0.0.0/8",
            "acl g path -m len 1",
            "acl h hdr_val(x-n) lt 0",
            "acl i req.ver 1.0",
            "acl j url_sub -i PNG",
            "acl k hdr(host),lower,field(1,.) -m str www",
        ])
        .each("http-request set-header f-{n} 1 {}", false, all)
}
