//! An origin that answers by path, over HTTP/1 or HTTP/2, in clear or under TLS.
//!
//! | path | answer |
//! |---|---|
//! | `/size/N` | N bytes with a length |
//! | `/stream/N` | N bytes without a length, trailer `x-digest` |
//! | `/echo` | the request's body, its digest, its trailers in `x-trailer-*`, its fields in `x-seen-*` |
//! | `/status/N` | that status without a body |
//! | `/hints` | 103, then 200 |
//! | `/cut` | a length of 100000, 1000 bytes, then the end of the connection or stream |
//! | `/reset` | the end of the connection or stream at once |
//! | `/silent` | nothing until the client gives up |

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::body::{bytes, digest};
use super::client::{fields, send_body};
use super::http1::{Http1, head_text};
use super::{Fields, Stream, field};

/// What an origin saw.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A request to `/silent` came.
    Waiting,
    /// The client of `/silent` gave up.
    GivenUp,
}

pub struct Server {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    pub events: mpsc::UnboundedReceiver<Event>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts one; `http2`: in clear with prior knowledge, under TLS what ALPN chose.
    pub async fn start(tls: Option<Arc<rustls::ServerConfig>>, http2: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, events) = mpsc::unbounded_channel();
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(connection(tcp, tls.clone(), http2, sender.clone()));
            }
        });
        Self { address, connections, events, task }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn connection(
    tcp: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    mut http2: bool,
    events: mpsc::UnboundedSender<Event>,
) {
    let _ = tcp.set_nodelay(true);
    let stream: Stream = match tls {
        None => Box::new(tcp),
        Some(config) => {
            let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await else { return };
            http2 = http2 && stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Box::new(stream)
        }
    };
    match http2 {
        true => serve_http2(stream, events).await,
        false => drop(serve_http1(Http1::new(stream), events).await),
    }
}

/// A reply by path.
struct Reply {
    status: u16,
    fields: Fields,
    body: Vec<u8>,
    length: bool,
    trailers: Fields,
}

fn reply(path: &str, request_fields: &Fields, body: &[u8], trailers: &Fields) -> Reply {
    let mut reply =
        Reply { status: 200, fields: Fields::new(), body: Vec::new(), length: true, trailers: Fields::new() };
    let number = || path.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    if path.starts_with("/size/") {
        reply.body = bytes(number());
    } else if path.starts_with("/stream/") {
        reply.body = bytes(number());
        reply.length = false;
        reply.trailers.push(("x-digest".to_owned(), digest(&reply.body)));
    } else if path.starts_with("/status/") {
        reply.status = u16::try_from(number()).unwrap();
        reply.length = false;
    } else if path == "/echo" {
        reply.body = body.to_vec();
        reply.fields.push(("x-digest".to_owned(), digest(body)));
        for (name, value) in trailers {
            reply.fields.push((format!("x-trailer-{name}"), value.clone()));
        }
        for (name, value) in request_fields {
            reply.fields.push((format!("x-seen-{name}"), value.clone()));
        }
    }
    reply
}

async fn serve_http1(mut conn: Http1, events: mpsc::UnboundedSender<Event>) -> io::Result<()> {
    while let Some(head) = conn.head().await? {
        let mut words = head.start.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if field(&head.fields, "expect").is_some() {
            conn.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let (body, trailers) = conn.body(&head.fields, false).await?;
        match path {
            "/hints" => conn.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await?,
            "/cut" => {
                conn.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await?;
                return conn.send(&bytes(1000)).await;
            }
            "/reset" => return Ok(()),
            "/silent" => {
                let _ = events.send(Event::Waiting);
                let _ = conn.head().await;
                let _ = events.send(Event::GivenUp);
                return Ok(());
            }
            _ => {}
        }
        let mut reply = reply(path, &head.fields, &body, &trailers);
        let bodiless = method == "HEAD" || matches!(reply.status, 204 | 304);
        if reply.length {
            reply.fields.push(("content-length".to_owned(), reply.body.len().to_string()));
        } else if !bodiless {
            reply.fields.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
        }
        let head = head_text(&format!("HTTP/1.1 {} Reason", reply.status), &reply.fields);
        conn.send(head.as_bytes()).await?;
        match (bodiless, reply.length) {
            (true, _) => {}
            (false, true) => conn.send(&reply.body).await?,
            (false, false) => conn.send_chunked(&reply.body, &reply.trailers).await?,
        }
    }
    Ok(())
}

async fn serve_http2(stream: Stream, events: mpsc::UnboundedSender<Event>) {
    let mut builder = h2::server::Builder::new();
    let Ok(mut connection) = builder.max_concurrent_streams(100).handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let events = events.clone();
        tokio::spawn(async move {
            let _ = http2_stream(request, respond, events).await;
        });
    }
}

async fn http2_stream(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    events: mpsc::UnboundedSender<Event>,
) -> Result<(), h2::Error> {
    let (parts, mut incoming) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if parts.headers.contains_key("expect") {
        respond.send_informational(http::Response::builder().status(100).body(()).unwrap())?;
    }
    let mut body = Vec::new();
    while let Some(piece) = incoming.data().await {
        let piece = piece?;
        body.extend_from_slice(&piece);
        incoming.flow_control().release_capacity(piece.len())?;
    }
    let trailers = incoming.trailers().await?.as_ref().map(fields).unwrap_or_default();
    match path.as_str() {
        "/hints" => {
            respond
                .send_informational(http::Response::builder().status(103).header("link", "</a>").body(()).unwrap())?;
        }
        "/cut" => {
            let head = http::Response::builder().header("content-length", 100_000).body(()).unwrap();
            let mut stream = respond.send_response(head, false)?;
            stream.send_data(Bytes::from(bytes(1000)), false)?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            stream.send_reset(h2::Reason::INTERNAL_ERROR);
            return Ok(());
        }
        "/reset" => {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
            return Ok(());
        }
        "/silent" => {
            let _ = events.send(Event::Waiting);
            let _ = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            let _ = events.send(Event::GivenUp);
            return Ok(());
        }
        _ => {}
    }
    let mut seen = fields(&parts.headers);
    if let Some(authority) = parts.uri.authority() {
        seen.push(("host".to_owned(), authority.to_string()));
    }
    let reply = reply(&path, &seen, &body, &trailers);
    let mut head = http::Response::builder().status(reply.status);
    for (name, value) in &reply.fields {
        head = head.header(name, value);
    }
    if reply.length {
        head = head.header("content-length", reply.body.len());
    }
    let bodiless =
        parts.method == "HEAD" || matches!(reply.status, 204 | 304) || (reply.length && reply.body.is_empty());
    let mut stream = respond.send_response(head.body(()).unwrap(), bodiless)?;
    if !bodiless {
        send_body(&mut stream, &reply.body, &reply.trailers).await?;
    }
    Ok(())
}
