//! Websockets to servers that speak HTTP/2 as well (`ws` of a server): what they are spoken in, through HAProxy and
//! through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use lb_tests::peers::Stream;
use lb_tests::peers::certificates::Certificates;
use lb_tests::process::haproxy;
use lb_tests::{PATIENCE, Side, Wire};
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
    fn start(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = channel();
        runtime.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp, tls.clone(), sender.clone()));
            }
        });
        Self { address, seen, _runtime: runtime }
    }
}

async fn serve(tcp: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, seen: Sender<String>) {
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
    if http2 { serve_http2(stream, &seen).await } else { serve_http1(stream, &seen).await }
}

async fn serve_http2(stream: Stream, seen: &Sender<String>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let _ = seen.send(format!("HTTP/2 {}", request.uri().path()));
        let _ = respond.send_response(http::Response::new(()), true);
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

/// What a request and then a websocket are spoken in, on one client connection and each on its own.
fn spoken(haproxy: Option<&Path>, options: &str, tls: Option<Arc<rustls::ServerConfig>>, own: bool) -> [String; 2] {
    let server = Server::start(tls);
    let side = Side::start(
        haproxy,
        &format!(
            "global\n  nbthread 1\n  stats socket {{dir}}/stats\ndefaults\n  mode http\n  timeout connect 10s\n  timeout client \
             30s\n  timeout server 30s\nfrontend f\n  bind {{listen0}}\n  default_backend b\nbackend b\n  server s {} {options}\n",
            server.address
        ),
        1,
    );
    let mut client = side.connect(0);
    assert_eq!(client.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n").response().status(), 200);
    if own {
        client = side.connect(0);
    }
    websocket(&mut client);
    [(); 2].map(|()| server.seen.recv_timeout(PATIENCE).unwrap())
}

fn websocket(client: &mut Wire) {
    let response = client
        .send(format!(
            "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        ))
        .response();
    assert_eq!((response.status(), response.header("sec-websocket-accept")), (101, Some(ACCEPT)));
    assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
}

#[test]
fn websockets_are_spoken_in_what_ws_says() {
    let certificates = Certificates::new(&["localhost"]);
    let both = Some(certificates.server("localhost", &["h2", "http/1.1"]));
    let haproxy = haproxy();
    for (options, tls, plain) in [
        ("ssl verify none alpn h2,http/1.1", &both, "HTTP/2 /plain"),
        ("ssl verify none alpn h2,http/1.1 ws auto", &both, "HTTP/2 /plain"),
        ("ssl verify none alpn h2,http/1.1 ws h1", &both, "HTTP/2 /plain"),
        ("ssl verify none alpn h2 ws h1", &both, "HTTP/2 /plain"),
        ("ssl verify none alpn http/1.1 ws h1", &both, "HTTP/1 /plain"),
        ("ssl verify none", &both, "HTTP/1 /plain"),
        ("proto h2 ws h1", &None, "HTTP/2 /plain"),
        ("ws h1", &None, "HTTP/1 /plain"),
        ("proto h1", &None, "HTTP/1 /plain"),
    ] {
        let wanted = [plain, "HTTP/1 /ws"];
        assert_eq!(spoken(None, options, tls.clone(), true), wanted, "{options}");
        assert_eq!(spoken(None, options, tls.clone(), false), wanted, "{options}");
        if let Some(binary) = &haproxy {
            assert_eq!(spoken(Some(binary), options, tls.clone(), true), wanted, "HAProxy: {options}");
        }
    }
}
