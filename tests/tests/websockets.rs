//! Tunnels to servers that speak HTTP/2: websockets (`ws` of a server), in what they are spoken, and CONNECT; through HAProxy
//! and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;
use lb_tests::peers::Stream;
use lb_tests::peers::certificates::Certificates;
use lb_tests::process::haproxy;
use lb_tests::{PATIENCE, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A server that tells of each request what it came in, and echoes behind an upgrade.
struct Server {
    address: SocketAddr,
    seen: Receiver<String>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// `knows`: it takes websockets over HTTP/2.
    fn start(tls: Option<Arc<rustls::ServerConfig>>, knows: bool) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = channel();
        runtime.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp, tls.clone(), sender.clone(), knows));
            }
        });
        Self { address, seen, _runtime: runtime }
    }
}

async fn serve(tcp: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, seen: Sender<String>, knows: bool) {
    let mut first = [0; 3];
    let (stream, http2): (Stream, bool) = match tls {
        None => {
            let _ = tcp.peek(&mut first).await;
            (Box::new(tcp), &first == b"PRI")
        }
        Some(config) => {
            let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await else { return };
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            (Box::new(stream), http2)
        }
    };
    if http2 { serve_http2(stream, &seen, knows).await } else { serve_http1(stream, &seen).await }
}

async fn serve_http2(stream: Stream, seen: &Sender<String>, knows: bool) {
    let mut builder = h2::server::Builder::new();
    if knows {
        builder.enable_connect_protocol();
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let websocket = request.extensions().get::<h2::ext::Protocol>().is_some_and(|it| it.as_str() == "websocket");
        let path = request.uri().path().to_owned();
        let connect = request.method() == http::Method::CONNECT;
        let _ = seen.send(match request.uri().authority().filter(|_| connect && !websocket) {
            Some(authority) => format!("HTTP/2 CONNECT {authority}"),
            None => format!("HTTP/2 {path}"),
        });
        if !connect || path == "/refused" {
            let status = if connect { 403 } else { 200 };
            let _ = respond.send_response(http::Response::builder().status(status).body(()).unwrap(), true);
            continue;
        }
        let Ok(mut send) = respond.send_response(http::Response::new(()), false) else { continue };
        let mut receive = request.into_body();
        let seen = seen.clone();
        tokio::spawn(async move {
            while let Some(Ok(piece)) = receive.data().await {
                let _ = receive.flow_control().release_capacity(piece.len());
                let _ = send.send_data(piece, false);
            }
            let _ = send.send_data(Bytes::new(), true);
            let _ = seen.send("end".to_owned());
        });
    }
}

async fn serve_http1(mut stream: Stream, seen: &Sender<String>) {
    let mut bytes = Vec::new();
    let mut tunnel = false;
    loop {
        let mut space = [0; 4096];
        let Ok(length @ 1..) = stream.read(&mut space).await else { return };
        if tunnel {
            let _ = stream.write_all(&space[..length]).await;
            continue;
        }
        bytes.extend_from_slice(&space[..length]);
        if !bytes.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8(std::mem::take(&mut bytes)).unwrap();
        let _ = seen.send(format!("HTTP/1 {}", head.split(' ').nth(1).unwrap()));
        tunnel = head.to_ascii_lowercase().contains("upgrade: websocket");
        let answer = match tunnel {
            true => format!(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                 sec-websocket-accept: {ACCEPT}\r\n\r\n"
            ),
            false => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

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
