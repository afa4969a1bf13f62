//! `http-request normalize-uri`: every normalizer on many targets, over HTTP/1 and HTTP/2, the same through HAProxy and
//! through lb. What the server gets is compared, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::frames::Frames;
use lb_tests::process::haproxy;
use lb_tests::{Origin, Side};

const NORMALIZERS: &[&str] = &[
    "fragment-encode",
    "fragment-strip",
    "path-merge-slashes",
    "path-strip-dot",
    "path-strip-dotdot",
    "path-strip-dotdot full",
    "percent-decode-unreserved",
    "percent-decode-unreserved strict",
    "percent-to-uppercase",
    "percent-to-uppercase strict",
    "query-sort-by-name",
];

/// Targets in origin form; HTTP/1 has more, below.
const TARGETS: &[&str] = &[
    "/",
    "/a",
    "/a/b/c.html",
    "/#foo",
    "/a#b#c",
    "/a?b#c",
    "/a#b?c=d",
    "/?#",
    "/#",
    "/##",
    "/a%23b",
    "/%23",
    "//",
    "///",
    "/a//b",
    "//a",
    "/a//",
    "//a//b///c?x=//y",
    "/a?b//c",
    "/a/?//",
    "/.",
    "/..",
    "/./",
    "/../",
    "/./bar/",
    "/a/./a",
    "/.well-known/",
    "/a/.",
    "/a/./",
    "/a/././b",
    "/././.",
    "/a.",
    "/a./b",
    "/.a",
    "/a/.b",
    "/a?/./",
    "/./?/./",
    "/a/..",
    "/a/../",
    "/foo/../bar/",
    "/foo/bar/../",
    "/../bar/",
    "/bar/../../",
    "/foo//../",
    "/foo/%2E%2E/",
    "/foo/%2e",
    "/a/b/../../c",
    "/a/b/../../../c",
    "/a/../../b/../..",
    "/../..",
    "/../../",
    "/..a",
    "/a../b",
    "/a/..b",
    "/a/...",
    "/a/.../..",
    "/..?x",
    "/a/..?x",
    "/a/../?x=../y",
    "/a?x/../y",
    "/../a/..",
    "/a/b/..",
    "/a//..",
    "//..",
    "//../",
    "/..//",
    "/../..//..",
    "/a/./..",
    "/a/./../b",
    "/%61dmin",
    "/foo%3Fbar=baz",
    "/%%36%36",
    "/%ZZ",
    "/%zz",
    "/%6f",
    "/%6F",
    "/%2f",
    "/%2F",
    "/%41%5a%61%7a%30%39%2d%2e%5f%7e",
    "/%2D%2E%5F%7E",
    "/%",
    "/a%",
    "/a%6",
    "/%6/",
    "/%6g",
    "/%g6",
    "/%00",
    "/%7f",
    "/%80",
    "/%ff%fE",
    "/a?b=%61&c=%zz",
    "/a?%",
    "/a?%6",
    "/%61?%",
    "/a?%3d%26",
    "/%25%36%36",
    "/%2561",
    "/a?b=%2f#%2f",
    "/?c=3&a=1&b=2",
    "/?aaa=3&a=1&aa=2",
    "/?a=3&b=4&a=1&b=5&a=2",
    "/?",
    "/a?",
    "/?&",
    "/?&&",
    "/?b&a",
    "/?b&a&",
    "/?&b&a",
    "/?=b&=a",
    "/?b=&a=",
    "/?b=1=2&a",
    "/?a&a=1&a",
    "/?a=2&a&a=1",
    "/?B=1&a=2&A=3",
    "/?a[]=2&a=1",
    "/?b=1&a=2#frag",
    "/?b=1&a=2?c=3",
    "/x?z&y?x&w",
    "/?a%3d=1&a=2",
    "/?~=1&-=2&.=3",
    "/?a;b&a,b",
    "/\"'<>|^`{}\\",
];

const HTTP1_TARGETS: &[&str] = &[
    "http://lb.test",
    "http://lb.test/",
    "http://lb.test/a/../b?c#d",
    "http://lb.test//a/./b/%61?b&a",
    "http://lb.test?b&a",
];

fn configuration(origin: &Origin) -> String {
    let address = origin.address();
    // Without conditions: one behind a normalizer without its option makes another normalizer of it in HAProxy.
    let backends: String = NORMALIZERS
        .iter()
        .enumerate()
        .map(|(number, name)| format!("backend n{number}\n  http-request normalize-uri {name}\n  server s {address}\n"))
        .collect();
    format!(
        "global\n  nbthread 1\n  expose-experimental-directives\n  stats socket {{dir}}/stats level admin\ndefaults\n  mode \
         http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\nfrontend web\n  bind {{listen0}}\n  bind \
         {{listen1}} proto h2\n  option accept-invalid-http-request\nuse_backend \
         n%[req.hdr(x-n)]\n{backends}"
    )
}

/// What comes back for a target and a normalizer: the request line that the server got, or a status.
fn seen(haproxy: Option<&Path>, http2: bool, targets: &[&str]) -> Vec<String> {
    let origin = Origin::start(|visit| {
        while let Some(request) = visit.request() {
            let text = request.start;
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            if visit.wire.try_send(answer).is_err() {
                return;
            }
        }
    });
    let side = Side::start(haproxy, &configuration(&origin), 2);
    let (mut told, mut kept) = (Vec::new(), None);
    let mut frames = http2.then(|| Frames::connect(side.address(1)));
    for target in targets {
        for (number, normalizer) in NORMALIZERS.iter().enumerate() {
            let number = number.to_string();
            let answer = match &mut frames {
                Some(frames) => frames
                    .request(&[
                        (":method", "GET"),
                        (":scheme", "http"),
                        (":authority", "lb.test"),
                        (":path", target),
                        ("x-n", &number),
                    ])
                    .join("|")
                    .replace("; content-length: ", " "),
                None => {
                    let mut wire = kept.take().unwrap_or_else(|| side.connect(0));
                    wire.send(format!("GET {target} HTTP/1.1\r\nHost: lb.test\r\nX-N: {number}\r\n\r\n"));
                    let answer = wire.response();
                    if !answer.has_token("connection", "close") {
                        kept = Some(wire);
                    }
                    format!("{} {}", answer.status(), answer.text())
                }
            };
            let page = answer.find("<html>").unwrap_or(answer.len());
            told.push(format!("{target} {normalizer}: {}", &answer[..page]));
        }
    }
    told
}

fn same(http2: bool, targets: &[&str]) {
    let Some(binary) = haproxy() else { return };
    let (theirs, ours) = (seen(Some(&binary), http2, targets), seen(None, http2, targets));
    let differing: Vec<String> = theirs
        .iter()
        .zip(&ours)
        .filter(|(theirs, ours)| theirs != ours)
        .map(|(theirs, ours)| format!("HAProxy {theirs}\n     lb {ours}"))
        .collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), ours.len(), differing.join("\n"));
}

/// HAProxy 2.6.12 reads the condition behind a normalizer without its option as another normalizer.
#[test]
fn conditions_stand_behind_any_normalizer() {
    let side = Side::start(
        None,
        "global\n  nbthread 1\n  expose-experimental-directives\n  stats socket {dir}/stats\ndefaults\n  mode http\n  timeout \
         client 20s\nfrontend web\n  bind {listen0}\n  http-request normalize-uri path-strip-dotdot if { query a }\n  \
         http-request normalize-uri percent-to-uppercase strict if { query b }\n  http-request return status 200 \
         content-type text/plain lf-string %[url]\n",
        1,
    );
    let mut wire = side.connect(0);
    assert_eq!(wire.get("/x/../y//z?a").text(), "/y//z?a");
    assert_eq!(wire.get("/x/../y//z?c").text(), "/x/../y//z?c");
    assert_eq!(wire.get("/%6f?b").text(), "/%6F?b");
    assert_eq!(wire.get("/%zz?b").status(), 400);
}

#[test]
fn over_http1() {
    same(false, TARGETS);
    same(false, HTTP1_TARGETS);
}

#[test]
fn over_http2() {
    // A path with a fragment is malformed there.
    let targets: Vec<&str> = TARGETS.iter().copied().filter(|target| !target.contains('#')).collect();
    same(true, &targets);
}
