//! Which host a request is for: the target, `:authority` and Host say it together (RFC 9112, section 3.2), also behind rules
//! that change one of them. What servers get is compared with HAProxy.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::frames::Frames;
use lb_tests::process::haproxy;
use lb_tests::{HTTP, Origin, Side, Wire};

/// Rules by the path of the request.
const RULES: &[(&str, &str)] = &[
    ("none", "http-request set-header X-None 1"),
    ("set", "http-request set-header Host new.example"),
    ("port", "http-request set-header Host new.example:8080"),
    ("value", "http-request replace-value Host (.*) new.\\1"),
    ("header", "http-request replace-header Host ^(.*)$ new.\\1"),
    ("uri", "http-request set-uri http://uri.example/u"),
    ("replace", "http-request replace-uri (.*) http://uri.example/r"),
    (
        "twice",
        "http-request set-uri http://uri.example/t if { path /twice }\n http-request set-header Host last.example",
    ),
    ("other", "http-request set-header X-Host new.example"),
];

/// A request of HTTP/1 as text, or of HTTP/2: scheme, authority and path.
#[derive(Debug)]
enum Asked {
    Http1(String),
    Http2(&'static str, String, String),
}

impl Asked {
    fn http1(target: &str, host: &str) -> Self {
        Self::Http1(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }

    /// The status, or whatever else comes.
    fn ask(&self, side: &Side) -> String {
        match self {
            Self::Http1(request) => Wire::connect(side.address(0)).send(request).response().status().to_string(),
            Self::Http2(scheme, authority, path) => {
                let fields = [(":method", "GET"), (":scheme", scheme), (":authority", authority), (":path", path)];
                Frames::connect(side.address(1)).request(&fields).swap_remove(0)
            }
        }
    }
}

/// The request line and the Host field that the server gets, and what a rule behind sees, for each request.
fn forwarded(side: &Side, origin: &Origin, requests: &[Asked]) -> Vec<String> {
    let one = |request: &Asked| {
        let answer = request.ask(side);
        if !answer.contains("200") {
            return format!("{request:?}: {answer}");
        }
        let got = origin.requests().pop().expect("a request");
        let field = |name: &str| got.header(name).unwrap_or("none").to_owned();
        format!("{request:?}: {} {} | {} {}", got.start, field("host"), field("x-url"), field("x-base"))
    };
    requests.iter().map(one).collect()
}

fn compare(rules: &str, requests: &[Asked]) -> Vec<String> {
    let ask = |program: Option<std::path::PathBuf>| {
        let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let text = format!(
            "global\n stats socket {{dir}}/stats\n{HTTP}frontend fe\n bind {{listen0}}\n bind {{listen1}} proto h2\n{rules} http-request set-header X-Url %[url]\n \
             http-request set-header X-Base %[base]\n default_backend be\nbackend be\n server s {}\n",
            origin.address()
        );
        forwarded(&Side::start(program.as_deref(), &text, 2), &origin, requests)
    };
    let own = ask(None);
    if let Some(haproxy) = haproxy() {
        for (own, theirs) in own.iter().zip(ask(Some(haproxy))) {
            assert_eq!(*own, theirs);
        }
    }
    own
}

#[test]
fn rules_that_change_the_host_change_the_target() {
    let mut rules = String::new();
    let mut requests = Vec::new();
    for (path, rule) in RULES {
        rules += &format!(" {rule} if {{ path /{path} }}\n");
        requests.push(Asked::http1(&format!("http://abs.example/{path}?q"), "abs.example"));
        requests.push(Asked::http1(&format!("/{path}?q"), "abs.example"));
        // HAProxy hands a whole URI on that a rule has set, this program its path.
        if !matches!(*path, "uri" | "replace" | "twice") {
            requests.push(Asked::Http2("http", "abs.example".to_owned(), format!("/{path}?q")));
        }
    }
    // The condition of a rule behind another looks at the path that this left.
    let rules = rules.replace("last.example if { path /twice }", "last.example if { path /t }");
    let own = compare(&rules, &requests);
    let set = own.iter().find(|told| told.contains("http://abs.example/set")).unwrap();
    assert!(
        set.ends_with("GET http://new.example/set?q HTTP/1.1 new.example | http://new.example/set?q new.example/set")
    );
}

#[test]
fn ports_that_say_nothing_disappear() {
    let hosts = ["a.example:80", "a.example:443", "a.example:", "a.example:8080", "a.example:080", "[::1]:80", "[::1]"];
    let mut requests: Vec<_> = hosts.iter().map(|host| Asked::http1("/p", host)).collect();
    for (scheme, host) in ["http", "https"].into_iter().flat_map(|scheme| hosts.map(|host| (scheme, host))) {
        requests.push(Asked::http1(&format!("{scheme}://{host}/p"), host));
        requests.push(Asked::Http2(scheme, host.to_owned(), "/p".to_owned()));
    }
    compare("", &requests);
}
