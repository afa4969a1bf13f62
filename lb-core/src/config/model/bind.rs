//! `bind` lines, and the addresses that `bind` and `server` share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::tls::TlsOptions;
use crate::config::document::Place;
use crate::runtime::{Level, SeverityOutput};

/// Where a socket is bound or connected to: HAProxy's address forms (configuration.txt, section 11 and `bind`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// IPv4 or IPv6 with a port.
    Inet(SocketAddr),
    /// `unix@path`.
    Unix(PathBuf),
    /// `abns@name`.
    Abstract(Vec<u8>),
    /// `fd@n`, `sockpair@n` excluded.
    Fd(i32),
}

impl Address {
    /// Whether it is an IP address, which may be in a network namespace.
    pub(crate) fn is_inet(&self) -> bool {
        matches!(self, Self::Inet(_))
    }
}

/// A `bind` line. One line may name several addresses and port ranges; each is one listener.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Where the line stands.
    pub place: Place,
    /// Every address of the line, port ranges expanded, in order.
    pub addresses: Vec<Address>,
    /// The words after the address.
    pub options: BindOptions,
}

/// Options of `bind` (configuration.txt, section 5.1).
#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `maxconn`.
    pub maxconn: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `accept-netscaler-cip`: the magic number.
    pub accept_netscaler_cip: Option<u32>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `namespace`: the network namespace of the sockets.
    pub namespace: Option<String>,
    /// `transparent`.
    pub transparent: bool,
    /// `mss`, negative values as the manual says.
    pub mss: Option<i32>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<Duration>,
    /// `tfo`.
    pub tfo: bool,
    /// `v4v6`.
    pub v4v6: bool,
    /// `v6only`.
    pub v6only: bool,
    /// `mode` of a UNIX socket.
    pub mode: Option<u32>,
    /// `user`, `uid`.
    pub uid: Option<u32>,
    /// `group`, `gid`.
    pub gid: Option<u32>,
    /// `nice`, from -1024 to 1024.
    pub nice: i16,
    /// `thread` or `process`: threads (from 1) that accept; empty means all.
    pub threads: Vec<u16>,
    /// `level` of a `stats socket`; other sockets ignore it.
    pub level: Option<Level>,
    /// `severity-output` of a `stats socket`; other sockets ignore it.
    pub severity_output: Option<SeverityOutput>,
    /// `shards`: number of sockets; `None` is ours: one per thread.
    pub shards: Option<Shards>,
    /// `proto h2`, `proto h1`.
    pub proto: Option<Proto>,
    /// `ssl` and its words.
    pub ssl: Option<BindSsl>,
}

/// `unix-bind`: what UNIX sockets of `bind` lines have where their line says nothing (configuration.txt, section 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixBind {
    /// `prefix`: stands in front of every path.
    pub prefix: Option<String>,
    /// `mode`.
    pub mode: Option<u32>,
    /// `user`, `uid`.
    pub uid: Option<u32>,
    /// `group`, `gid`.
    pub gid: Option<u32>,
}

/// `shards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// This many sockets.
    Count(u16),
    /// `by-thread`.
    ByThread,
}

/// `proto` on `bind` and `server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proto {
    /// HTTP/1.
    H1,
    /// HTTP/2, in clear with prior knowledge or over TLS without negotiation.
    H2,
}

/// `ws` of a server: what websocket streams are spoken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebsocketProto {
    /// `auto`: as other streams, but over HTTP/1 where `alpn` lists that beside HTTP/2.
    #[default]
    Auto,
    /// `h1`: over HTTP/1.
    H1,
    /// `h2`: over HTTP/2 (RFC 8441).
    H2,
}

/// TLS of a `bind` line.
#[derive(Clone, Debug, Default)]
pub struct BindSsl {
    /// `crt` files or directories, in order; the first certificate is the default one.
    pub crt: Vec<PathBuf>,
    /// `alpn`, in order of preference; empty when not set.
    pub alpn: Vec<String>,
    /// `strict-sni`.
    pub strict_sni: bool,
    /// Versions, ciphers and tickets, with the defaults of the `global` section.
    pub options: TlsOptions,
}
