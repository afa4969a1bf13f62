//! HTTP/1 through a proxy: methods, interim responses, versions, tunnels, connection modes and fields that are added.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::mpsc;

use lb_tests::{HTTP, Instance, Origin, PATIENCE, Wire};

fn listen(origin: &Origin, options: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{options}\n server s {}\n", origin.address()))
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn fields_keep_their_order_and_values() {
    let origin = Origin::answering("HTTP/1.1 200 Fine by me\r\nB: 2\r\nA: 1\r\nB:  x y \r\nContent-Length: 0\r\n\r\n");
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET /p?q HTTP/1.1\r\nHost: h\r\nZ: 1\r\nA: 2\r\nZ:  three  \r\n\r\n");
    let response = client.response();
    assert_eq!(response.start, "HTTP/1.1 200 Fine by me");
    let fields = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    assert_eq!(response.headers, fields(&[("b", "2"), ("a", "1"), ("b", "x y"), ("content-length", "0")]));
    let request = origin.request();
    assert_eq!(request.start, "GET /p?q HTTP/1.1");
    assert_eq!(request.headers, fields(&[("host", "h"), ("z", "1"), ("a", "2"), ("z", "three")]));
}

#[test]
fn bodyless_responses_end_with_their_head() {
    let origin = Origin::start(|visit| {
        while let Some(request) = visit.request() {
            let response = match request.target() {
                "/204" => "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",
                "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\nETag: \"a\"\r\n\r\n",
                "/head-length" => "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n",
                "/head-chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "/empty" => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                _ => OK,
            };
            visit.wire.send(response);
        }
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    for (method, target, length) in [
        ("GET", "/204", None),
        ("GET", "/304", Some(999)),
        ("HEAD", "/head-length", Some(12345)),
        ("HEAD", "/empty", Some(0)),
        ("GET", "/empty", Some(0)),
        ("GET", "/", Some(2)),
    ] {
        let response = client.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n")).response_to(method);
        assert_eq!(response.content_length(), length, "{method} {target}");
    }
    let response = client.send("HEAD /head-chunked HTTP/1.1\r\nHost: a\r\n\r\n").response_to("HEAD");
    assert!(response.is_chunked() && response.body.is_empty());
    // The connection is still in step.
    assert_eq!(client.get("/").text(), "ok");
}

#[test]
fn interim_responses_are_passed_on() {
    let origin = Origin::start(|visit| {
        while visit.request_head().is_some() {
            visit.wire.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            visit.wire.send(OK);
        }
    });
    let lb = listen(&origin, "");
    let response = lb.connect().get("/");
    assert_eq!(response.interim.iter().map(|m| m.status()).collect::<Vec<_>>(), [100, 103]);
    assert_eq!(response.interim[1].header("link"), Some("</a>"));
    // HTTP/1.0 knows none (RFC 9110, section 15.2).
    let response = lb.connect().send("GET / HTTP/1.0\r\n\r\n").response();
    assert!(response.interim.is_empty() && response.status() == 200);
}

#[test]
fn expect_continue_is_the_origins_to_answer() {
    let origin = Origin::start(|visit| {
        let head = visit.request_head().unwrap();
        assert_eq!(head.header("expect"), Some("100-continue"));
        visit.wire.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = visit.wire.read_exactly(5).unwrap();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").send(body);
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    let response = client.send("hello").response();
    assert_eq!((response.status(), response.text().as_str()), (200, "hello"));
}

#[test]
fn an_origin_may_refuse_a_body() {
    let origin = Origin::start(|visit| {
        visit.request_head().unwrap();
        visit.wire.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.response().status(), 417);
}

fn tunnel_both_ways(client: &mut Wire, ends: bool) {
    client.send("from the client");
    assert_eq!(client.read_exactly(15).unwrap(), b"from the server");
    if ends {
        client.finish();
        assert_eq!(client.read_to_end(), b"bye");
    }
}

fn tunnel_origin(head: &'static str) -> Origin {
    Origin::start(move |visit| {
        if visit.request_head().is_some() {
            visit.wire.send(head);
            assert_eq!(visit.wire.read_exactly(15).unwrap(), b"from the client");
            visit.wire.send("from the server");
            assert!(visit.wire.read_to_end().is_empty());
            visit.wire.send("bye");
        }
    })
}

#[test]
fn connect_becomes_a_tunnel() {
    let origin = tunnel_origin("HTTP/1.1 200 Connection established\r\n\r\n");
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
    assert_eq!(client.response_to("CONNECT").status(), 200);
    tunnel_both_ways(&mut client, true);
    assert_eq!(origin.request().start, "CONNECT a:443 HTTP/1.1");
}

#[test]
fn websocket_becomes_a_tunnel() {
    let origin = tunnel_origin(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: 1\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send(
        "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let response = client.response();
    assert_eq!(response.status(), 101);
    assert!(response.has_token("connection", "upgrade") && response.has_token("upgrade", "websocket"));
    tunnel_both_ways(&mut client, true);
    let request = origin.request();
    assert!(request.has_token("connection", "upgrade") && request.has_token("upgrade", "websocket"));
}

/// Bytes that follow the request at once are the tunnel's first.
#[test]
fn a_tunnels_first_bytes_may_come_with_the_heads() {
    let origin = Origin::start(|visit| {
        visit.request_head().unwrap();
        visit.wire.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nfirst");
        assert_eq!(visit.wire.read_exactly(5).unwrap(), b"early");
        visit.wire.send("second");
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nearly");
    assert_eq!(client.response().status(), 101);
    assert_eq!(client.read_to_end(), b"firstsecond");
}

#[test]
fn an_upgrade_may_be_declined() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    assert_eq!(client.response().text(), "ok");
    assert_eq!(client.get("/").text(), "ok");
}

#[test]
fn http_1_0_closes_unless_asked() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    let response = client.send("GET / HTTP/1.0\r\n\r\n").response();
    assert!(response.has_token("connection", "close"), "{response:?}");
    client.expect_end();
    let mut client = lb.connect();
    for _ in 0..2 {
        let response = client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").response();
        assert!(response.has_token("connection", "keep-alive"), "{response:?}");
    }
}

#[test]
fn http_1_0_gets_chunks_as_plain_bytes() {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nT: 1\r\n\r\n",
    );
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let response = client.response();
    assert!(!response.is_chunked());
    assert_eq!(response.text(), "abcdefg");
    // The same for a client that knows them, trailers included.
    let response = lb.connect().get("/");
    assert!(response.is_chunked());
    assert_eq!(response.trailers, [("t".to_owned(), "1".to_owned())]);
}

#[test]
fn connection_close_is_honoured_on_both_sides() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    let response = client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").response();
    assert!(response.has_token("connection", "close"));
    client.expect_end();
    // The server's wish ends the server's connection only.
    let origin = Origin::answering_once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    for _ in 0..3 {
        let response = client.get("/");
        assert_eq!((response.text().as_str(), response.header("connection")), ("ok", None));
    }
    assert_eq!(origin.connections(), 3);
}

/// Fields that `Connection` names concern one hop (RFC 9110, section 7.6.1).
#[test]
fn connection_field_is_not_forwarded() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    lb.connect().send("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: 300\r\n\r\n").response();
    assert_eq!(origin.request().header("connection"), None);
}

#[test]
fn modes_decide_which_connections_stay() {
    // Mode; connections that 3 requests of one client make; whether the client's connection stays.
    for (mode, connections, stays) in [
        ("option http-keep-alive", 1, true),
        ("option http-server-close", 3, true),
        ("option httpclose", 1, false),
        ("", 1, true),
    ] {
        let origin = Origin::answering(OK);
        let lb = listen(&origin, mode);
        let mut client = lb.connect();
        let response = client.get("/");
        assert_eq!(response.has_token("connection", "close"), !stays, "{mode}");
        let told_to_close = origin.request().has_token("connection", "close");
        assert_eq!(told_to_close, connections == 3 || !stays, "{mode}");
        if !stays {
            client.expect_end();
            continue;
        }
        client.get("/");
        client.get("/");
        assert_eq!(origin.connections(), connections, "{mode}");
    }
}

#[test]
fn pretend_keepalive_does_not_tell_the_server() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, " option httpclose\n option http-pretend-keepalive");
    let mut client = lb.connect();
    client.get("/");
    client.expect_end();
    assert_eq!(origin.request().header("connection"), None);
}

#[test]
fn forwardfor_and_originalto() {
    // Options; the client's own fields; what the server sees in the named field.
    for (options, own, name, expected) in [
        ("option forwardfor", "", "x-forwarded-for", &["127.0.0.1"][..]),
        ("option forwardfor", "X-Forwarded-For: 10.1.1.1\r\n", "x-forwarded-for", &["10.1.1.1", "127.0.0.1"]),
        ("option forwardfor if-none", "X-Forwarded-For: 10.1.1.1\r\n", "x-forwarded-for", &["10.1.1.1"]),
        ("option forwardfor if-none", "", "x-forwarded-for", &["127.0.0.1"]),
        ("option forwardfor header X-Client", "", "x-client", &["127.0.0.1"]),
        ("option forwardfor except 127.0.0.0/8", "", "x-forwarded-for", &[]),
        ("option forwardfor except 10.0.0.0/8", "", "x-forwarded-for", &["127.0.0.1"]),
        ("option originalto", "", "x-original-to", &["127.0.0.1"]),
        ("option originalto header X-To", "", "x-to", &["127.0.0.1"]),
        ("option originalto except 127.0.0.1", "", "x-original-to", &[]),
        ("", "", "x-forwarded-for", &[]),
    ] {
        let origin = Origin::answering(OK);
        let lb = listen(&origin, options);
        lb.connect().send(format!("GET / HTTP/1.1\r\nHost: a\r\n{own}\r\n")).response();
        assert_eq!(origin.request().all(name), expected, "{options} {own}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::echoing();
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    let mut requests = String::new();
    for i in 0..50 {
        let body = format!("request {i}");
        requests += &format!("POST /{i} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }
    client.send(requests);
    for i in 0..50 {
        assert_eq!(client.response().text(), format!("request {i}"));
    }
    assert_eq!(origin.connections(), 1);
}

/// A request may come byte by byte.
#[test]
fn a_head_may_come_in_any_pieces() {
    let origin = Origin::echoing();
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    for _ in 0..2 {
        for byte in
            b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        {
            client.send([*byte]);
        }
        assert_eq!(client.response().text(), "abc");
    }
}

/// A response that begins while the request's body is still on its way.
#[test]
fn a_response_may_overtake_its_request() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |visit| {
        visit.request_head().unwrap();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nearly");
        wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        assert_eq!(visit.wire.read_exactly(4).unwrap(), b"body");
        visit.wire.send("later");
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.read_exactly(5).unwrap(), b"early");
    go.send(()).unwrap();
    client.send("body");
    assert_eq!(client.read_exactly(5).unwrap(), b"later");
}

#[test]
fn an_early_close_truncates_visibly() {
    // Content-Length and chunked bodies that end too soon: the client must be able to tell.
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ] {
        let origin = Origin::answering_once(response);
        let lb = listen(&origin, "");
        let mut client = lb.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(client.try_response_to("GET").is_err(), "{response:?}");
    }
}

/// lb, and HAProxy where it is installed, with a frontend that answers itself.
fn answering(global: &str, frontend: &str) -> Vec<lb_tests::Side> {
    let text = format!(
        "global\n stats socket {{dir}}/stats\n{global}{HTTP}frontend fe\n bind {{listen0}}\n{frontend} http-request \
         return status 200 content-type text/plain string ok\n"
    );
    let programs = std::iter::once(None).chain(lb_tests::process::haproxy().map(Some));
    programs.map(|program| lb_tests::Side::start(program.as_deref(), &text, 1)).collect()
}

/// An old server may take such a body for the next request (configuration.txt, section 3.1,
/// `h1-accept-payload-with-any-method`).
#[test]
fn bodies_that_old_servers_do_not_expect_are_refused() {
    for (global, refusal) in [("", 413), (" h1-accept-payload-with-any-method\n", 200)] {
        for side in answering(global, "") {
            for (method, doubtful) in
                [("GET", true), ("HEAD", true), ("DELETE", true), ("POST", false), ("PUT", false), ("FOO", false)]
            {
                for (version, length, body) in [("1.0", 3, "abc"), ("1.0", 0, ""), ("1.1", 3, "abc")] {
                    let wanted = if doubtful && version == "1.0" && length > 0 { refusal } else { 200 };
                    let request =
                        format!("{method} / HTTP/{version}\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
                    let status = Wire::connect(side.address(0)).send(&request).response_to(method).status();
                    assert_eq!(status, wanted, "{} {global}{request}", side.name());
                }
            }
        }
    }
}

/// The client learns that the response is complete before its connection is reset.
#[test]
fn nolinger_tells_the_end_first() {
    for side in answering("", " option nolinger\n") {
        for request in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
            let mut client = Wire::connect(side.address(0));
            assert_eq!(client.send(request).response().body, b"ok", "{}", side.name());
            client.expect_end();
        }
    }
}

/// Replies that are no server's end a connection as those of servers do.
#[test]
fn replies_of_our_own_follow_the_connection_mode() {
    let origin = Origin::start(|visit| {
        while let Some(request) = visit.request() {
            visit.wire.send(match request.target() {
                "/malformed" => "HTTP/1.1 200 OK\r\nBad Name: 1\r\nContent-Length: 0\r\n\r\n",
                "/refused" => "HTTP/1.1 200 OK\r\nRefuse: 1\r\nContent-Length: 0\r\n\r\n",
                _ => OK,
            });
        }
    });
    let rules = "http-request deny if { path /deny }\n http-request return status 200 if { path /return }
 http-request redirect location /x if { path /redirect }\n http-request auth if { path /auth }
 http-request tarpit if { path /tarpit }\n monitor-uri /monitor\n use_backend none if { path /none }\n default_backend be\n";
    let paths = [
        "/deny",
        "/return",
        "/redirect",
        "/auth",
        "/tarpit",
        "/monitor",
        "/none",
        "/malformed",
        "/be",
        "/refused",
        "/",
    ];
    for (front, back) in
        [("", ""), ("option httpclose", ""), ("", "option httpclose"), ("option http-server-close", "")]
    {
        let text = format!(
            "global\n stats socket {{dir}}/stats\n{HTTP} timeout tarpit 10ms\nfrontend fe\n bind {{listen0}}\n {front}\n {rules}backend none\n \
             {back}\nbackend be\n {back}\n http-request deny if {{ path /be }}\n \
             http-response deny if {{ res.hdr(refuse) 1 }}\n server s {}\n",
            origin.address()
        );
        let ask = |program: Option<std::path::PathBuf>| -> Vec<String> {
            let side = lb_tests::Side::start(program.as_deref(), &text, 1);
            let answer = |path: &&str| {
                let mut client = Wire::connect(side.address(0));
                let response = client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).response();
                let told = response.header("connection").unwrap_or("").to_owned();
                // An open connection takes another request.
                let again =
                    client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").and_then(|()| client.try_response_to("GET"));
                format!("{path}: {} '{told}' {}", response.status(), if again.is_ok() { "open" } else { "closed" })
            };
            paths.iter().map(answer).collect()
        };
        let own = ask(None);
        let closes = front == "option httpclose";
        assert!(own.iter().all(|told| told.ends_with("'close' closed") == closes), "{front}: {own:?}");
        if let Some(haproxy) = lb_tests::process::haproxy() {
            assert_eq!(own, ask(Some(haproxy)), "{front} {back}");
        }
    }
}
