//! A client connection of any protocol.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;

use super::http1::{Http1, head_text};
use super::{Fields, Stream};

/// A connection over which requests are sent one by one.
pub enum Client {
    Http1(Box<Http1>),
    Http2 { send: h2::client::SendRequest<Bytes>, scheme: &'static str },
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub fields: Fields,
    pub body: Option<Vec<u8>>,
    /// Without a content-length.
    pub chunked: bool,
    pub trailers: Fields,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub interim: Vec<u16>,
    pub status: u16,
    pub fields: Fields,
    pub body: Vec<u8>,
    pub trailers: Fields,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self { method: "GET".to_owned(), path: path.to_owned(), ..Self::default() }
    }

    pub fn post(path: &str, body: Vec<u8>) -> Self {
        Self { method: "POST".to_owned(), body: Some(body), ..Self::get(path) }
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn http2(&self, scheme: &str) -> http::Request<()> {
        let uri = format!("{scheme}://lb.test{}", self.path);
        let mut request = http::Request::builder().method(self.method.as_str()).uri(uri);
        for (name, value) in &self.fields {
            request = request.header(name, value);
        }
        if let (Some(body), false) = (&self.body, self.chunked) {
            request = request.header("content-length", body.len());
        }
        request.body(()).unwrap()
    }
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        super::field(&self.fields, name)
    }
}

/// A TCP connection, under TLS where a configuration is given.
pub async fn connect(
    address: SocketAddr,
    tls: Option<(Arc<rustls::ClientConfig>, &str)>,
) -> io::Result<(Stream, Option<Vec<u8>>)> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let Some((config, name)) = tls else { return Ok((Box::new(tcp), None)) };
    let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let stream = tokio_rustls::TlsConnector::from(config).connect(name, tcp).await?;
    let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    Ok((Box::new(stream), alpn))
}

impl Client {
    pub fn http1(stream: Stream) -> Self {
        Self::Http1(Box::new(Http1::new(stream)))
    }

    pub async fn http2(stream: Stream, scheme: &'static str) -> Result<Self, h2::Error> {
        Self::http2_with(&h2::client::Builder::new(), stream, scheme).await
    }

    pub async fn http2_with(
        builder: &h2::client::Builder,
        stream: Stream,
        scheme: &'static str,
    ) -> Result<Self, h2::Error> {
        let (send, connection) = builder.handshake(stream).await?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self::Http2 { send, scheme })
    }

    /// One whole exchange.
    pub async fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        super::patiently("an answer", async {
            match self {
                Self::Http1(conn) => http1_exchange(conn, request).await,
                Self::Http2 { send, scheme } => http2_exchange(send.clone(), scheme, request).await,
            }
        })
        .await
    }
}

async fn http1_exchange(conn: &mut Http1, request: &Request) -> io::Result<Answer> {
    let mut fields = vec![("host".to_owned(), "lb.test".to_owned())];
    fields.extend(request.fields.iter().cloned());
    match &request.body {
        Some(_) if request.chunked => fields.push(("transfer-encoding".to_owned(), "chunked".to_owned())),
        Some(body) => fields.push(("content-length".to_owned(), body.len().to_string())),
        None => {}
    }
    conn.send(head_text(&format!("{} {} HTTP/1.1", request.method, request.path), &fields).as_bytes()).await?;
    match &request.body {
        Some(body) if request.chunked => conn.send_chunked(body, &request.trailers).await?,
        Some(body) => conn.send(body).await?,
        None => {}
    }
    let mut answer = Answer::default();
    loop {
        let head = conn.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status: u16 = head.start.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap();
        if (100..200).contains(&status) {
            answer.interim.push(status);
            continue;
        }
        (answer.status, answer.fields) = (status, head.fields);
        break;
    }
    if request.method != "HEAD" && !matches!(answer.status, 204 | 304) {
        (answer.body, answer.trailers) = conn.body(&answer.fields, true).await?;
    }
    Ok(answer)
}

/// One exchange on a stream of its own.
pub async fn http2_exchange(
    send: h2::client::SendRequest<Bytes>,
    scheme: &str,
    request: &Request,
) -> io::Result<Answer> {
    let mut send = send.ready().await.map_err(io::Error::other)?;
    let (mut response, mut stream) =
        send.send_request(request.http2(scheme), request.body.is_none()).map_err(io::Error::other)?;
    let upload = async {
        if let Some(body) = &request.body {
            let _ = send_body(&mut stream, body, &request.trailers).await;
        }
    };
    let mut answer = Answer::default();
    let interim = &mut answer.interim;
    let download = async {
        while let Some(Ok(head)) = std::future::poll_fn(|cx| response.poll_informational(cx)).await {
            interim.push(head.status().as_u16());
        }
        let (parts, mut body) = response.await.map_err(io::Error::other)?.into_parts();
        let mut bytes = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece.map_err(io::Error::other)?;
            bytes.extend_from_slice(&piece);
            let _ = body.flow_control().release_capacity(piece.len());
        }
        let trailers = body.trailers().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>((parts, bytes, trailers))
    };
    let ((), result) = tokio::join!(upload, download);
    let (parts, bytes, trailers) = result?;
    answer.status = parts.status.as_u16();
    answer.fields = fields(&parts.headers);
    answer.body = bytes;
    answer.trailers = trailers.as_ref().map(fields).unwrap_or_default();
    Ok(answer)
}

/// Sends a body and the end of the stream, as the peer's window allows.
pub async fn send_body(stream: &mut h2::SendStream<Bytes>, body: &[u8], trailers: &Fields) -> Result<(), h2::Error> {
    let mut rest = Bytes::copy_from_slice(body);
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len());
        let Some(capacity) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else { return Ok(()) };
        let piece = rest.split_to(capacity?.min(rest.len()));
        stream.send_data(piece, false)?;
    }
    if trailers.is_empty() {
        return stream.send_data(Bytes::new(), true);
    }
    let mut map = http::HeaderMap::new();
    for (name, value) in trailers {
        map.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    stream.send_trailers(map)
}

pub fn fields(map: &http::HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
