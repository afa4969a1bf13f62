//! What is told of a session, by which HAProxy's runtime commands mean a stream (management.txt, `show sess`).

mod flags;
mod id;
mod render;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use id::{SessionId, SessionIdError};

use crate::config::Mode;
use crate::http::message::BodyLength;

/// A stream as it was when its worker was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionInfo {
    /// Names the stream for as long as it lives, and no other one.
    pub id: SessionId,
    /// Number of the stream in its instance.
    pub number: u64,
    /// Thread that runs it, from 1.
    pub thread: u32,
    /// Where the client's connection comes from.
    pub client: ClientEnd,
    /// Frontend.
    pub frontend: ProxyRef,
    /// Backend, once it is chosen.
    pub backend: Option<ProxyRef>,
    /// Server, once it is chosen.
    pub server: Option<ServerRef>,
    /// Connection to the server, once there is one.
    pub server_end: Option<ServerEnd>,
    /// What it is doing.
    pub stage: SessionStage,
    /// Its request; `None` in TCP mode.
    pub http: Option<HttpExchange>,
    /// From the client to the server.
    pub request: Channel,
    /// From the server to the client.
    pub response: Channel,
    /// When it started, since the epoch.
    pub started: Duration,
    /// How long ago that was.
    pub age: Duration,
    /// How many times sessions had been listed when it started.
    pub epoch: u32,
    /// How often it was woken, in all and in the last second.
    pub calls: (u32, u32),
    /// Failed attempts to connect to a server.
    pub retries: u32,
    /// Whether one of them led to another server.
    pub redispatched: bool,
    /// Time left in the stage it is in, where that is limited: a queue, a connection attempt, a tarpit.
    pub stage_expires: Option<Duration>,
    /// Time left until something happens by itself.
    pub expires: Option<Duration>,
    /// Size of a buffer (`tune.bufsize`).
    pub buffer_size: usize,
    /// Whether something is wrong with it: see [`ShowSess`](super::ShowSess).
    pub suspicious: bool,
}

/// A client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEnd {
    /// Its address; `None` for UNIX clients.
    pub source: Option<SocketAddr>,
    /// The address it connected to; `None` for UNIX clients.
    pub destination: Option<SocketAddr>,
    /// Number of the listener in its frontend.
    pub listener: u32,
    /// `name` of the listener.
    pub listener_name: Option<String>,
    /// Descriptor; -1 where it is not known.
    pub fd: i32,
    /// Whether it is under TLS.
    pub tls: bool,
    /// What is spoken on it.
    pub protocol: SessionProtocol,
}

/// A connection to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEnd {
    /// Our address on it; `None` where it is not known.
    pub local: Option<SocketAddr>,
    /// Descriptor; -1 where it is not known.
    pub fd: i32,
    /// Whether it is under TLS.
    pub tls: bool,
    /// What is spoken on it.
    pub protocol: SessionProtocol,
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionProtocol {
    /// Bytes that are not looked at.
    Tcp,
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
    /// Runtime commands.
    Cli,
}

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRef {
    /// Name.
    pub name: Arc<str>,
    /// `id`.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRef {
    /// Name.
    pub name: Arc<str>,
    /// `id`.
    pub id: u32,
    /// Where it is.
    pub address: Option<SocketAddr>,
}

/// What a stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionStage {
    /// Its rules are judged.
    Rules,
    /// It waits for the body of its request (`option http-buffer-request`).
    Buffering,
    /// It is held by `tarpit`.
    Tarpit,
    /// It waits in a queue.
    Queue,
    /// It waits before it tries its server again.
    TurnAround,
    /// It connects to its server.
    Connect,
    /// It waits for the head of the response; the request's body may still be on its way.
    Response,
    /// It passes the response on.
    Data,
    /// It passes bytes both ways.
    Tunnel,
    /// It sends an answer of our own.
    Reply,
    /// It is a connection of the stats socket.
    Cli {
        /// A command is run, or its answer sent.
        running: bool,
        /// It is interactive.
        prompt: bool,
        /// The payload of a command is waited for.
        payload: bool,
    },
}

/// An HTTP request and what is known of its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpExchange {
    /// Method.
    pub method: HttpMethod,
    /// Status of the response, once there is one.
    pub status: Option<u16>,
    /// Whether the client's connection served a request before, or serves several at the same time.
    pub later: bool,
    /// How the request's body ends; [`BodyLength::None`] where it has none.
    pub body: BodyLength,
    /// Whether the response comes in chunks.
    pub chunked: bool,
}

impl HttpExchange {
    /// Whether the request has a body.
    pub fn has_body(&self) -> bool {
        !matches!(self.body, BodyLength::None | BodyLength::Known(0))
    }
}

/// A method, as far as HAProxy tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum HttpMethod {
    /// OPTIONS.
    Options = 0,
    /// GET.
    Get = 1,
    /// HEAD.
    Head = 2,
    /// POST.
    Post = 3,
    /// PUT.
    Put = 4,
    /// DELETE.
    Delete = 5,
    /// TRACE.
    Trace = 6,
    /// CONNECT.
    Connect = 7,
    /// Any other.
    Other = 8,
}

impl HttpMethod {
    pub(crate) fn of(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }

    /// Whether it only reads (RFC 9110, section 9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Options | Self::Get | Self::Head | Self::Trace)
    }
}

/// One direction of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Payload bytes moved so far.
    pub total: u64,
    /// Bytes that were received and wait to be sent.
    pub pending: u64,
    /// Everything was received, or the sender has closed.
    pub finished: bool,
    /// Something moved since the stream last changed its state.
    pub active: bool,
    /// It waits for its receiver to take more.
    pub blocked: bool,
    /// Time left for the sender to send.
    pub read_expires: Option<Duration>,
    /// Time left for the receiver to take.
    pub write_expires: Option<Duration>,
    /// Time left for what holds the direction back.
    pub analyse_expires: Option<Duration>,
}
