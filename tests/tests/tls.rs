//! TLS on both sides, seen from outside.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use lb_tests::peers::certificates::Certificates;
use lb_tests::peers::client::{Client, Request, connect};
use lb_tests::peers::patiently;
use lb_tests::peers::server::Server;
use lb_tests::{Instance, LogSink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TIMEOUTS: &str = "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  \
                        timeout server 20s\n  retries 0\n";

fn listener(certificates: &Certificates, options: &str) -> String {
    let crt = certificates.pem("lb.test");
    format!("frontend fe\n  bind 127.0.0.1:0 ssl crt {} {options}\n  default_backend be\n", crt.display())
}

async fn get(address: SocketAddr, tls: Option<(Arc<rustls::ClientConfig>, &str)>, path: &str) -> u16 {
    let (stream, alpn) = connect(address, tls).await.unwrap();
    let mut client = match alpn.as_deref() {
        Some(b"h2") => Client::http2(stream, "https").await.unwrap(),
        _ => Client::http1(stream),
    };
    client.exchange(&Request::get(path)).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_chosen_by_name() {
    let certificates = Certificates::new(&["lb.test", "one.test", "*.wild.test"]);
    let origin = Server::start(None, false).await;
    let more =
        format!("crt {} crt {}", certificates.pem("one.test").display(), certificates.pem("*.wild.test").display());
    let servers = format!("backend be\n  server s1 {}\n", origin.address);
    let lb = Instance::start(&format!("{TIMEOUTS}{}{servers}", listener(&certificates, &more)));
    for name in ["lb.test", "one.test", "a.wild.test"] {
        assert_eq!(get(lb.address(), Some((certificates.client(&[]), name)), "/size/1").await, 200, "{name}");
    }
    // The default certificate, which the client does not take for this name.
    assert!(connect(lb.address(), Some((certificates.client(&[]), "other.test"))).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alpn_chooses_the_protocol() {
    let certificates = Certificates::new(&["lb.test"]);
    let origin = Server::start(None, false).await;
    let servers = format!("backend be\n  server s1 {}\n", origin.address);
    let lb = Instance::start(&format!("{TIMEOUTS}{}{servers}", listener(&certificates, "alpn h2,http/1.1")));
    let cases: [(&[&str], Option<&[u8]>); 5] = [
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
        // Nothing in common: the connection goes on without ALPN.
        (&["acme-tls/1"], None),
        (&["h3", "http/1.0"], None),
    ];
    for (offered, chosen) in cases {
        let tls = Some((certificates.client(offered), "lb.test"));
        let (stream, alpn) = connect(lb.address(), tls).await.unwrap_or_else(|error| panic!("{offered:?}: {error}"));
        assert_eq!(alpn.as_deref(), chosen, "{offered:?}");
        let mut client = match chosen {
            Some(b"h2") => Client::http2(stream, "https").await.unwrap(),
            _ => Client::http1(stream),
        };
        assert_eq!(client.exchange(&Request::get("/size/3")).await.unwrap().status, 200, "{offered:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_verified() {
    let certificates = Certificates::new(&["origin.test"]);
    let others = Certificates::new(&["origin.test"]);
    for alpn in ["", "alpn h2"] {
        let served: &[&str] = if alpn.is_empty() { &[] } else { &["h2"] };
        let origin = Server::start(Some(certificates.server("origin.test", served)), !alpn.is_empty()).await;
        let (good, bad) = (certificates.ca(), others.ca());
        let cases = [
            (format!("verify required ca-file {} verifyhost origin.test", good.display()), 200),
            (format!("verify required ca-file {} sni str(origin.test)", good.display()), 200),
            (format!("verify required ca-file {} verifyhost wrong.test", good.display()), 503),
            (format!("verify required ca-file {} verifyhost origin.test", bad.display()), 503),
            ("verify none".to_owned(), 200),
        ];
        for (options, status) in cases {
            let log = LogSink::new();
            let lb = Instance::start(&format!(
                "{TIMEOUTS}  log {} local0\n  option httplog\nfrontend fe\n  bind 127.0.0.1:0\n  default_backend be\n\
                 backend be\n  server s1 {} ssl {alpn} {options}\n",
                log.address(),
                origin.address
            ));
            assert_eq!(get(lb.address(), None, "/size/1").await, status, "{alpn} {options}");
            let line = log.line();
            assert_eq!((line.status, &*line.flags), (status.to_string(), if status == 200 { "----" } else { "SC--" }));
        }
    }
}

/// A TLS server that is not one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_in_clear_is_no_tls_server() {
    let origin = Server::start(None, false).await;
    let lb = Instance::start(&format!(
        "{TIMEOUTS}frontend fe\n  bind 127.0.0.1:0\n  default_backend be\nbackend be\n  server s1 {} ssl verify none\n",
        origin.address
    ));
    assert_eq!(get(lb.address(), None, "/size/1").await, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_handshakes_are_logged() {
    let certificates = Certificates::new(&["lb.test"]);
    let log = LogSink::new();
    let lb = Instance::start(&format!(
        "{TIMEOUTS}  timeout client 200ms\n  log {} local0\n  option httplog\n{}backend be\n",
        log.address(),
        listener(&certificates, "")
    ));
    let line = |what: &str| {
        let text = log.text();
        assert!(text.ends_with(&format!("fe/1: {what}")), "{text}");
    };
    let mut client = TcpStream::connect(lb.address()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let _ = client.read_to_end(&mut Vec::new()).await;
    line("SSL handshake failure");
    drop(TcpStream::connect(lb.address()).await.unwrap());
    line("Connection closed during SSL handshake");
    let mut silent = TcpStream::connect(lb.address()).await.unwrap();
    assert_eq!(patiently("the end", silent.read_to_end(&mut Vec::new())).await.unwrap(), 0);
    line("Timeout during SSL handshake");
}

/// An HTTP/2 connection ended by a GOAWAY without an error; what the client still wrote may have come too late.
fn sent_away(ended: Result<(), h2::Error>) {
    let late = |error: &h2::Error| {
        error.get_io().is_some_and(|error| matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset))
    };
    assert!(ended.as_ref().err().is_none_or(late), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_are_sent_away() {
    let certificates = Certificates::new(&["lb.test"]);
    let origin = Server::start(None, false).await;
    let log = LogSink::new();
    let lb = Instance::start(&format!(
        "{TIMEOUTS}  timeout http-request 100ms\n  timeout http-keep-alive 100ms\n  log {} local0\n  option httplog\n{}\
         backend be\n  server s1 {}\n",
        log.address(),
        listener(&certificates, "alpn h2,http/1.1"),
        origin.address
    ));
    // HTTP/1: a request that does not come is answered, a further one is not.
    let (mut stream, _) = connect(lb.address(), Some((certificates.client(&["http/1.1"]), "lb.test"))).await.unwrap();
    let mut received = Vec::new();
    patiently("408", stream.read_to_end(&mut received)).await.unwrap();
    assert!(received.starts_with(b"HTTP/1.1 408 "), "{received:?}");
    let line = log.line();
    assert_eq!((&*line.frontend, &*line.status, &*line.flags, &*line.request), ("fe~", "408", "cR--", "\"<BADREQ>\""));
    for alpn in ["http/1.1", "h2"] {
        let (stream, _) = connect(lb.address(), Some((certificates.client(&[alpn]), "lb.test"))).await.unwrap();
        if alpn == "h2" {
            let (send, connection) = h2::client::handshake(stream).await.unwrap();
            sent_away(patiently("the end of an idle connection", connection).await);
            drop(send);
        } else {
            let mut client = lb_tests::peers::http1::Http1::new(stream);
            client.send(b"GET /size/0 HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            assert!(client.head().await.unwrap().unwrap().start.starts_with("HTTP/1.1 200"));
            assert!(patiently("the end", client.head()).await.unwrap().is_none());
            assert_eq!(log.line().status, "200");
        }
    }
    // A stream, then silence.
    let (stream, _) = connect(lb.address(), Some((certificates.client(&["h2"]), "lb.test"))).await.unwrap();
    let (send, connection) = h2::client::handshake(stream).await.unwrap();
    let closed = tokio::spawn(connection);
    let answer = lb_tests::peers::client::http2_exchange(send.clone(), "https", &Request::get("/size/7")).await;
    assert_eq!(answer.unwrap().status, 200);
    sent_away(patiently("the end of an idle connection", closed).await.unwrap());
    let line = log.line();
    assert_eq!((&*line.frontend, &*line.status, &*line.flags), ("fe~", "200", "----"));
    assert_eq!(line.request, "\"GET https://lb.test/size/7 HTTP/2.0\"");
}

/// `proto` comes before what ALPN agreed on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proto_decides_against_alpn() {
    let certificates = Certificates::new(&["lb.test"]);
    let origin = Server::start(None, false).await;
    let servers = format!("backend be\n  server s1 {}\n", origin.address);
    let lb = Instance::start(&format!("{TIMEOUTS}{}{servers}", listener(&certificates, "alpn h2 proto h1")));
    let (stream, alpn) = connect(lb.address(), Some((certificates.client(&["h2"]), "lb.test"))).await.unwrap();
    assert_eq!(alpn.as_deref(), Some(&b"h2"[..]));
    assert_eq!(Client::http1(stream).exchange(&Request::get("/size/3")).await.unwrap().status, 200);
}

/// The server behind `send-proxy-v2-ssl` learns the client's TLS version and cipher.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_header_tells_the_tls_session() {
    let certificates = Certificates::new(&["lb.test"]);
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lb = Instance::start(&format!(
        "{TIMEOUTS}{}backend be\n  server s1 {} send-proxy-v2-ssl proxy-v2-options ssl-cipher\n",
        listener(&certificates, ""),
        server.local_addr().unwrap()
    ));
    let (mut stream, _) = connect(lb.address(), Some((certificates.client(&[]), "lb.test"))).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut got, _) = server.accept().await.unwrap();
    let mut head = [0; 16];
    got.read_exact(&mut head).await.unwrap();
    let mut rest = vec![0; usize::from(u16::from_be_bytes([head[14], head[15]]))];
    got.read_exact(&mut rest).await.unwrap();
    // Behind the addresses: PP2_TYPE_SSL, its length, PP2_CLIENT_SSL, verified without a certificate.
    assert_eq!((rest[12], &rest[15..20]), (0x20, &[1, 0, 0, 0, 0][..]));
    let text = String::from_utf8_lossy(&rest);
    assert!(text.contains("TLSv1.3") && text.contains("TLS_"), "{text}");
}
