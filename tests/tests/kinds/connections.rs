//! Connections that are no plain HTTP/1: PROXY headers, TLS, HTTP/2.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use lb_tests::script::Peers;

use super::*;

const PROXY: &str = "accept-proxy";
const SSL: &str = "ssl crt {pem}";

pub(super) const KINDS: &[Entry] = &[
    bound(PROXY, kind("proxy header", "", &[Send("PROXY TCP4 1.2.3.4 5.6.7.8 11 22\r\n"), GET, GOT], GOOD)),
    bound(PROXY, kind("proxy header, unknown", "", &[Send("PROXY UNKNOWN\r\n"), GET, GOT], GOOD)),
    bound(PROXY, kind("no proxy header", "", &[GET, End], NONE)),
    bound(PROXY, kind("bad proxy header", "", &[Send("PROXY TCP4 1.2.3.4\r\n"), End], NONE)),
    bound(PROXY, kind("closes before the proxy header", "", &[Close], NONE)),
    bound(PROXY, logs(0, kind("closes before the proxy header, not wanted", "option dontlognull", &[Close], NONE))),
    bound(
        PROXY,
        kind("closes behind the proxy header", "", &[Send("PROXY TCP4 1.2.3.4 5.6.7.8 11 22\r\n"), Pause, Close], NONE),
    ),
    bound(PROXY, kind("the proxy header does not come", "timeout client 400", &[End], NONE)),
    bound(
        PROXY,
        kind("no proxy header, own format", "error-log-format 'e=%ts~ST=%ST~lc=%lc~ft=%ft'", &[GET, End], NONE),
    ),
    bound(PROXY, kind("tcp: no proxy header", "mode tcp", &[GET, End], NONE)),
    bound(
        PROXY,
        kind(
            "tcp: proxy header",
            "mode tcp",
            &[Send("PROXY TCP4 1.2.3.4 5.6.7.8 11 22\r\nhello"), Finish, End],
            &[&[End, Send("bye"), Close]],
        ),
    ),
    bound(SSL, kind("garbage instead of TLS", "", &[Send("hello, this is no TLS at all\r\n\r\n"), End], NONE)),
    bound(SSL, kind("closes before TLS", "", &[Close], NONE)),
    bound(SSL, logs(0, kind("closes before TLS, not wanted", "option dontlognull", &[Close], NONE))),
    bound(SSL, kind("closes within TLS", "", &[Send("\x16\x03\x01\x02\x00"), Close], NONE)),
    bound(SSL, kind("TLS does not come", "timeout client 400", &[End], NONE)),
    bound(
        SSL,
        kind(
            "garbage instead of TLS, own format",
            "error-log-format 'e=%ts~ST=%ST~lc=%lc~ft=%ft~v=%sslv~c=%sslc'",
            &[Send("hello, this is no TLS at all\r\n\r\n"), End],
            NONE,
        ),
    ),
    bound(SSL, logs(2, runs("TLS, two requests", "", over_tls, GOOD))),
    bound("proto h2", logs(2, runs("HTTP/2, two requests", "", over_http2, GOOD))),
    bound("proto h2", runs("HTTP/2, the client resets", "", http2_reset, &[&[Head, Tell, End]])),
    bound("proto h2", runs("HTTP/2, a post", "", http2_post, GOOD)),
    bound("proto h2", runs("HTTP/2, denied", "http-request deny", http2_get, NONE)),
    bound("proto h2", runs("HTTP/2, refused", "server s {closed}", http2_get, NONE)),
    bound("proto h2", runs("HTTP/2, no response", "timeout server 400", http2_get, MUTE)),
    bound(
        "proto h2",
        runs("HTTP/2, the server closes within its response", "", http2_get, &[&[Head, PARTIAL, Pause, Close]]),
    ),
];

const fn runs(
    name: &'static str,
    lines: &'static str,
    client: fn(SocketAddr, &Peers),
    server: &'static [&'static [Step]],
) -> Entry {
    (Kind { name, bind: "", lines, client: Client::Runs(client), server, logged: 1 }, None)
}

/// Two requests over TLS, on one connection.
fn over_tls(address: SocketAddr, peers: &Peers) {
    let name = "lb.test".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(Arc::clone(&peers.tls), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut tls = rustls::Stream::new(&mut session, &mut socket);
    for _ in 0..2 {
        tls.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let _ = tls.read(&mut [0; 1000]);
    }
    peers.logged(2);
}

/// Requests over HTTP/2, one after the other; what comes of them is for the log to say.
fn http2(address: SocketAddr, requests: usize, body: Option<&'static str>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut send, connection) = h2::client::handshake(socket).await.unwrap();
        let driver = tokio::spawn(connection);
        for _ in 0..requests {
            let method = if body.is_some() { "POST" } else { "GET" };
            let request = http::Request::builder().method(method).uri("http://a/").body(()).unwrap();
            send = send.ready().await.unwrap();
            let (response, mut stream) = send.send_request(request, body.is_none()).unwrap();
            if let Some(body) = body {
                let _ = stream.send_data(body.into(), true);
            }
            if let Ok(response) = response.await {
                let mut body = response.into_body();
                while let Some(Ok(_)) = body.data().await {}
            }
        }
        drop(send);
        let _ = driver.await;
    });
}

fn over_http2(address: SocketAddr, _: &Peers) {
    http2(address, 2, None);
}

fn http2_get(address: SocketAddr, _: &Peers) {
    http2(address, 1, None);
}

fn http2_post(address: SocketAddr, _: &Peers) {
    http2(address, 1, Some("abc"));
}

/// A stream that is given up while its response is waited for.
fn http2_reset(address: SocketAddr, peers: &Peers) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (send, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let mut send = send.ready().await.unwrap();
        let request = http::Request::builder().uri("http://a/").body(()).unwrap();
        let (response, mut body) = send.send_request(request, true).unwrap();
        tokio::task::block_in_place(|| peers.wait_for_server());
        body.send_reset(h2::Reason::CANCEL);
        drop(response);
        tokio::task::block_in_place(|| peers.logged(1));
    });
}
