//! What the proxy says itself: rules, redirects, error pages, the monitor address.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;

use lb_tests::{HTTP, Instance, LogSink, Origin};

fn listen(settings: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{settings}\n"))
}

#[test]
fn return_answers_without_a_server() {
    let log = LogSink::new();
    let lb = listen(&format!(
        " log {} local0\n option httplog\n \
         http-request return status 201 content-type text/x-note string \"made here\" hdr X-One 1",
        log.address()
    ));
    let mut client = lb.connect();
    for _ in 0..2 {
        let response = client.get("/");
        assert_eq!((response.status(), response.text().as_str()), (201, "made here"));
        assert_eq!(response.header("content-type"), Some("text/x-note"));
        assert_eq!(response.header("x-one"), Some("1"));
        let line = log.line();
        assert_eq!((line.flags.as_str(), line.backend.as_str()), ("LR--", "fe/<NOSRV>"));
    }
    let response = client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").response_to("HEAD");
    assert_eq!((response.status(), response.content_length()), (201, Some(9)));
    assert_eq!(client.get("/").text(), "made here");
}

#[test]
fn deny_and_its_statuses() {
    for (rule, status) in [
        ("http-request deny", 403),
        ("http-request deny deny_status 429", 429),
        ("http-request deny deny_status 503", 503),
        ("http-request deny status 410", 410),
    ] {
        let log = LogSink::new();
        let lb = listen(&format!(" log {} local0\n option httplog\n {rule}", log.address()));
        assert_eq!(lb.connect().get("/").status(), status, "{rule}");
        assert_eq!(log.line().flags, "PR--", "{rule}");
    }
}

#[test]
fn redirects() {
    for (rule, status, location) in [
        ("location http://b/x", 302, "http://b/x"),
        ("location /x code 301", 301, "/x"),
        ("prefix http://b", 302, "http://b/p?q=1"),
        ("prefix http://b code 308", 308, "http://b/p?q=1"),
        ("prefix http://b drop-query", 302, "http://b/p"),
        ("scheme https", 302, "https://host/p?q=1"),
        ("scheme https code 307", 307, "https://host/p?q=1"),
    ] {
        let lb = listen(&format!(" http-request redirect {rule}"));
        let mut client = lb.connect();
        for _ in 0..2 {
            let response = client.send("GET /p?q=1 HTTP/1.1\r\nHost: host\r\n\r\n").response();
            assert_eq!((response.status(), response.header("location")), (status, Some(location)), "{rule}");
        }
    }
}

#[test]
fn rules_are_judged_in_order_and_before_a_server() {
    let origin = Origin::saying("reached");
    let lb = Instance::start(&format!(
        "{HTTP}frontend fe\n bind 127.0.0.1:0\n default_backend be\nbackend be\n \
         http-request return status 200 content-type text/plain string backend\n http-request deny\n server s {}\n",
        origin.address()
    ));
    assert_eq!(lb.connect().get("/").text(), "backend");
    let lb = Instance::start(&format!(
        "{HTTP}frontend fe\n bind 127.0.0.1:0\n http-request allow\n http-request deny\n default_backend be\n\
         backend be\n server s {}\n",
        origin.address()
    ));
    assert_eq!(lb.connect().get("/").text(), "reached");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_body_that_is_not_wanted_does_not_confuse_the_connection() {
    let lb = listen(" http-request return status 200 content-type text/plain string no");
    // The reply must arrive although the body does not fit anywhere; what follows is never taken for a request.
    let mut client = lb.connect();
    let body = vec![b'G'; 300_000];
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    let mut writer = client.writer();
    let sender = std::thread::spawn(move || {
        let _ = writer.try_send(&body);
        let _ = writer.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    });
    assert_eq!(client.response().text(), "no");
    sender.join().unwrap();
}

#[test]
fn monitor_uri_answers_for_the_proxy() {
    let origin = Origin::saying("reached");
    let lb = listen(&format!(" monitor-uri /alive\n server s {}", origin.address()));
    assert_eq!(lb.connect().get("/alive").status(), 200);
    assert_eq!(origin.connections(), 0);
    assert_eq!(lb.connect().get("/alive/not").text(), "reached");
}

fn page(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn error_pages_of_files_and_sections() {
    let file = page("HTTP/1.0 503 Gone fishing\r\nX-Page: mine\r\nContent-Type: text/plain\r\n\r\nback soon\n");
    let path = file.path().display();
    for (before, settings) in [
        (String::new(), format!(" errorfile 503 {path}")),
        (format!("http-errors pages\n errorfile 503 {path}\n"), " errorfiles pages".to_owned()),
        (format!("http-errors pages\n errorfile 503 {path}\n"), " errorfiles pages 503 404".to_owned()),
        (String::new(), format!(" http-error status 503 errorfile {path}")),
    ] {
        let before = if settings.contains("404") {
            before.replace(" errorfile 503", " errorfile 404 ERR\n errorfile 503").replace("ERR", &path.to_string())
        } else {
            before
        };
        let lb = Instance::start(&format!("{before}{HTTP}listen fe\n bind 127.0.0.1:0\n{settings}\n"));
        let response = lb.connect().get("/");
        assert_eq!((response.status(), response.text().as_str()), (503, "back soon\n"), "{settings}");
        assert_eq!(response.header("x-page"), Some("mine"), "{settings}");
    }
}

#[test]
fn http_error_with_a_string() {
    let lb = listen(" http-error status 503 content-type text/plain string \"later\" hdr Retry-After 5");
    let response = lb.connect().get("/");
    assert_eq!((response.status(), response.text().as_str()), (503, "later"));
    assert_eq!(response.header("retry-after"), Some("5"));
}

/// What is no request is answered with the built-in page whatever the proxy's own pages are, as HAProxy does.
#[test]
fn an_early_error_uses_the_built_in_page() {
    let file = page("HTTP/1.0 400 Nonsense\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nnonsense\n");
    let lb = listen(&format!(" errorfile 400 {}", file.path().display()));
    let mut client = lb.connect();
    let answer = String::from_utf8(client.send("hello\r\n\r\n").read_to_end()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad request\r\n"), "{answer}");
}

/// A page of `/dev/null` is silence (configuration.txt, `errorfile`).
#[test]
fn an_empty_page_is_silence() {
    let lb = listen(" errorfile 400 /dev/null\n errorfile 503 /dev/null");
    lb.connect().send("hello\r\n\r\n").expect_gone();
    lb.connect().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect_gone();
}
