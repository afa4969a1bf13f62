//! Tunnels to servers that speak HTTP/2: websockets (`ws` of a server), in what they are spoken, and CONNECT; through HAProxy
//! and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "websockets/from_http2.rs"]
mod from_http2;
#[path = "websockets/server.rs"]
mod server;

use std::path::Path;
use std::sync::Arc;

use lb_tests::peers::certificates::Certificates;
use lb_tests::process::haproxy;
use lb_tests::{HTTP, Origin, PATIENCE, Side};

use server::Server;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// HAProxy or lb in front of a server.
fn before(haproxy: Option<&Path>, server: &Server, options: &str) -> Side {
    let text = format!(
        "global
  nbthread 1
  stats socket {{dir}}/stats
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend f
  bind {{listen0}}
  default_backend b
backend b
  server s {} {options}
",
        server.address
    );
    Side::start(haproxy, &text, 1)
}

/// What a request and then a websocket are spoken in, on one client connection and each on its own.
fn spoken(haproxy: Option<&Path>, options: &str, tls: Option<Arc<rustls::ServerConfig>>, own: bool) -> [String; 2] {
    let server = Server::start(tls, true);
    let side = before(haproxy, &server, options);
    let mut client = side.connect(0);
    assert_eq!(client.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n").response().status(), 200);
    if own {
        client = side.connect(0);
    }
    let response = client.send(handshake("/ws")).response();
    assert_eq!((response.status(), response.header("sec-websocket-accept")), (101, Some(ACCEPT)), "{options}");
    assert_eq!(response.header("upgrade"), Some("websocket"));
    assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
    assert_eq!(client.send("pong").read_exactly(4).unwrap(), b"pong");
    let spoken = [(); 2].map(|()| server.seen.recv_timeout(PATIENCE).unwrap());
    drop(client);
    if spoken[1].starts_with("HTTP/2") {
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "end");
    }
    spoken
}

fn handshake(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
}

#[test]
fn websockets_are_spoken_in_what_ws_says() {
    let certificates = Certificates::new(&["localhost"]);
    let both = Some(certificates.server("localhost", &["h2", "http/1.1"]));
    let haproxy = haproxy();
    for (options, tls, plain, websocket) in [
        ("ssl verify none alpn h2,http/1.1", &both, 2, 1),
        ("ssl verify none alpn h2,http/1.1 ws auto", &both, 2, 1),
        ("ssl verify none alpn h2,http/1.1 ws h1", &both, 2, 1),
        ("ssl verify none alpn h2 ws h1", &both, 2, 1),
        ("ssl verify none alpn http/1.1 ws h1", &both, 1, 1),
        ("ssl verify none", &both, 1, 1),
        ("proto h2 ws h1", &None, 2, 1),
        ("ws h1", &None, 1, 1),
        ("proto h1", &None, 1, 1),
        ("ssl verify none alpn h2", &both, 2, 2),
        ("ssl verify none alpn h2,http/1.1 ws h2", &both, 2, 2),
        ("ssl verify none alpn http/1.1 ws h2", &both, 1, 2),
        ("proto h2", &None, 2, 2),
        ("proto h2 ws h2", &None, 2, 2),
        ("ws h2", &None, 1, 2),
    ] {
        let wanted = [format!("HTTP/{plain} /plain"), format!("HTTP/{websocket} /ws")];
        assert_eq!(spoken(None, options, tls.clone(), true), wanted, "{options}");
        assert_eq!(spoken(None, options, tls.clone(), false), wanted, "{options}");
        if let Some(binary) = &haproxy {
            assert_eq!(spoken(Some(binary), options, tls.clone(), true), wanted, "HAProxy: {options}");
        }
    }
}

#[test]
fn websockets_over_http2_are_refused() {
    let haproxy = haproxy();
    let sides = [None, haproxy.as_deref()];
    for side in sides.iter().take(1 + usize::from(haproxy.is_some())) {
        // By the server.
        let server = Server::start(None, true);
        let proxy = before(*side, &server, "proto h2");
        let mut client = proxy.connect(0);
        assert_eq!(client.send(handshake("/refused")).response().status(), 403);
        // By a server that knows none.
        let server = Server::start(None, false);
        let proxy = before(*side, &server, "proto h2");
        assert_eq!(proxy.connect(0).send(handshake("/ws")).response().status(), 502);
        assert_eq!(proxy.connect(0).send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n").response().status(), 200);
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "HTTP/2 /plain");
    }
}

/// The end of the request is not the end of the stream.
#[test]
fn connect_opens_a_tunnel_to_an_http2_server() {
    let haproxy = haproxy();
    let sides = [None, haproxy.as_deref()];
    for side in sides.iter().take(1 + usize::from(haproxy.is_some())) {
        let server = Server::start(None, true);
        let proxy = before(*side, &server, "proto h2");
        let mut client = proxy.connect(0);
        client.send("CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n");
        assert_eq!(client.response_to("CONNECT").status(), 200);
        assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
        assert_eq!(client.send("pong").read_exactly(4).unwrap(), b"pong");
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "HTTP/2 CONNECT far.test:443");
        drop(client);
        assert_eq!(server.seen.recv_timeout(PATIENCE).unwrap(), "end");
    }
}

/// A websocket is over when its server has ended it; what CONNECT opened when both sides have.
#[test]
fn the_server_ends_a_websocket() {
    let handshake = handshake("/");
    let connect = "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n".to_owned();
    let haproxy = haproxy();
    let sides = [None, haproxy.as_deref()];
    for side in sides.iter().take(1 + usize::from(haproxy.is_some())) {
        for (request, answer, rest) in [
            (
                &handshake,
                format!("101 OK\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}"),
                "",
            ),
            (&connect, "200 OK".to_owned(), "more"),
        ] {
            let (sender, seen) = std::sync::mpsc::channel();
            let origin = Origin::start(move |visit| {
                visit.request_head();
                visit.wire.send(format!("HTTP/1.1 {answer}\r\n\r\nlast")).finish();
                let _ = sender.send(visit.wire.read_to_end());
            });
            let text = format!("{HTTP}listen l\n  bind {{listen0}}\n  server s {}\n", origin.address());
            let text = text.replacen("global", "global\n  stats socket {dir}/stats", 1);
            let proxy = Side::start(*side, &text, 1);
            let mut client = proxy.connect(0);
            client.send(request);
            client.head();
            assert_eq!(client.read_to_end(), b"last", "{side:?}");
            let _ = client.try_send("more");
            drop(client);
            assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), rest.as_bytes(), "{side:?}: {request}");
        }
    }
}
