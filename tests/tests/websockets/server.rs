//! A server for tunnels, in HTTP/1 and HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;
use lb_tests::peers::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::ACCEPT;

/// A server that tells of each request what it came in, and echoes behind an upgrade.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Receiver<String>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// `knows`: it takes websockets over HTTP/2.
    pub(crate) fn start(tls: Option<Arc<rustls::ServerConfig>>, knows: bool) -> Self {
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
                if &piece[..] == b"bye" {
                    break;
                }
                let _ = send.send_data(piece, false);
            }
            let _ = send.send_data(Bytes::new(), true);
            // Dropped, it would reset the stream.
            while let Some(Ok(_)) = receive.data().await {}
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
