//! The byte transport under a connection: TCP or UNIX, in clear or under TLS, behind one closed enum.
//!
//! Both sides of the proxy use it. It knows nothing of HTTP. `poll_*` follow tokio's contracts.

use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, SendFlags};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::tls::{ClientTls, ServerTls};

/// A connected stream socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// TCP, not yet known to the event loop: it is registered when it first has to wait. A connection that is
    /// accepted, read, answered and closed without waiting is never registered at all.
    /// `None` once it was closed because it could not be registered.
    Fresh(Option<std::net::TcpStream>),
    /// UNIX or abstract stream socket.
    Unix(UnixStream),
}

/// A connection to a client or a server.
#[derive(Debug)]
pub enum Transport {
    /// In clear.
    Plain(Socket),
    /// TLS accepted from a client.
    TlsServer(Box<ServerTls>),
    /// TLS opened to a server.
    TlsClient(Box<ClientTls>),
}

impl Transport {
    /// The socket at the bottom.
    pub fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::TlsServer(tls) => tls.socket(),
            Self::TlsClient(tls) => tls.socket(),
        }
    }

    /// The socket at the bottom, to be registered or waited for.
    pub fn socket_mut(&mut self) -> &mut Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::TlsServer(tls) => tls.socket_mut(),
            Self::TlsClient(tls) => tls.socket_mut(),
        }
    }

    /// The TCP stream when the connection is in clear: what splice(2) can work on.
    pub fn plain_tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(Socket::Tcp(tcp)) => Some(tcp),
            _ => None,
        }
    }

    /// Whether the connection is TCP in clear, registered or not.
    pub fn is_plain_tcp(&self) -> bool {
        matches!(self, Self::Plain(Socket::Tcp(_) | Socket::Fresh(Some(_))))
    }

    /// Whether bytes were taken from the socket that no reader has got.
    pub fn holds_input(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::TlsServer(tls) => tls.holds_input(),
            Self::TlsClient(tls) => tls.holds_input(),
        }
    }

    /// Whether the connection is under TLS.
    pub fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

macro_rules! each {
    ($self:expr, $inner:ident => $call:expr) => {
        match $self {
            Transport::Plain($inner) => $call,
            Transport::TlsServer($inner) => $call,
            Transport::TlsClient($inner) => $call,
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_read(cx, buf))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_shutdown(cx))
    }
}

impl Socket {
    /// Registers a fresh socket with the event loop of this thread; does nothing to others.
    ///
    /// # Errors
    /// When the event loop refuses it.
    pub fn register(&mut self) -> io::Result<()> {
        if let Self::Fresh(fresh) = self {
            let fresh = fresh.take().ok_or(io::ErrorKind::NotConnected)?;
            *self = Self::Tcp(TcpStream::from_std(fresh)?);
        }
        Ok(())
    }

    /// Ready when a read would not wait: data, end or error. Costs no system call when nothing came.
    pub fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.register()?;
        match self {
            Self::Tcp(tcp) => tcp.poll_read_ready(cx),
            Self::Unix(unix) => unix.poll_read_ready(cx),
            Self::Fresh(_) => Poll::Pending,
        }
    }

    /// Ready once a started connection is established, or has failed.
    pub fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.register()?;
        match self {
            Self::Tcp(tcp) => match tcp.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => Poll::Ready(tcp.take_error().and_then(|error| error.map_or(Ok(()), Err))),
                other => other,
            },
            Self::Unix(_) | Self::Fresh(_) => Poll::Ready(Ok(())),
        }
    }

    /// Its descriptor; -1 where it was closed.
    pub(crate) fn fd(&self) -> i32 {
        match self {
            Self::Tcp(tcp) => tcp.as_raw_fd(),
            Self::Fresh(tcp) => tcp.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            Self::Unix(unix) => unix.as_raw_fd(),
        }
    }

    /// Address of the peer; `None` for UNIX sockets.
    pub fn peer_addr(&self) -> Option<std::net::SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.peer_addr().ok(),
            Self::Fresh(tcp) => tcp.as_ref()?.peer_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// Local address; `None` for UNIX sockets.
    pub fn local_addr(&self) -> Option<std::net::SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().ok(),
            Self::Fresh(tcp) => tcp.as_ref()?.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }
}

/// The system call itself: the C library's function is a cancellation point, which costs more than the rest of it.
fn recv(socket: impl AsFd, space: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::net::recv(socket, space, RecvFlags::empty())?.1)
}

fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)
}

/// As [`TcpStream`]'s own `poll_read`.
fn poll_recv(tcp: &TcpStream, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    loop {
        ready!(tcp.poll_read_ready(cx))?;
        let space = buf.initialize_unfilled();
        if let Some(n) = transfer(tcp, Interest::READABLE, space.len(), || recv(tcp, space))? {
            buf.advance(n);
            return Poll::Ready(Ok(()));
        }
    }
}

/// As [`TcpStream`]'s own `poll_write`.
fn poll_send(tcp: &TcpStream, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        if let Some(n) = transfer(tcp, Interest::WRITABLE, bytes.len(), || send(tcp, bytes))? {
            return Poll::Ready(Ok(n));
        }
    }
}

/// Moves up to `wanted` bytes of a socket that is said to be ready; `None` where it is not. Fewer than wanted mean that
/// the next call would have to wait: the event loop is told so, and tells when there is more.
fn transfer(
    tcp: &TcpStream,
    interest: Interest,
    wanted: usize,
    call: impl FnOnce() -> io::Result<usize>,
) -> io::Result<Option<usize>> {
    let mut moved = None;
    let result = tcp.try_io(interest, || {
        let n = call()?;
        moved = Some(n);
        if n > 0 && n < wanted { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match result {
        Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Err(error),
        _ => Ok(moved),
    }
}

/// Runs `call` on a socket the event loop does not know; `None` when it would have to wait.
fn try_now<T>(mut call: impl FnMut() -> io::Result<T>) -> Option<io::Result<T>> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Some(result),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Self::Fresh(Some(fresh)) = this {
            let space = buf.initialize_unfilled();
            if let Some(result) = try_now(|| recv(&*fresh, space)) {
                buf.advance(result?);
                return Poll::Ready(Ok(()));
            }
        }
        this.register()?;
        match this {
            Self::Fresh(_) => Poll::Pending,
            Self::Tcp(inner) => poll_recv(inner, cx, buf),
            Self::Unix(inner) => Pin::new(inner).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Self::Fresh(Some(fresh)) = this
            && let Some(result) = try_now(|| send(&*fresh, buf))
        {
            return Poll::Ready(result);
        }
        this.register()?;
        match this {
            Self::Fresh(_) => Poll::Pending,
            Self::Tcp(inner) => poll_send(inner, cx, buf),
            Self::Unix(inner) => Pin::new(inner).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Self::Fresh(Some(fresh)) = this
            && let Some(result) = try_now(|| fresh.write_vectored(bufs))
        {
            return Poll::Ready(result);
        }
        this.register()?;
        match this {
            Self::Fresh(_) => Poll::Pending,
            Self::Tcp(inner) => Pin::new(inner).poll_write_vectored(cx, bufs),
            Self::Unix(inner) => Pin::new(inner).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Fresh(_) => Poll::Ready(Ok(())),
            Self::Tcp(inner) => Pin::new(inner).poll_flush(cx),
            Self::Unix(inner) => Pin::new(inner).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Fresh(Some(inner)) => Poll::Ready(inner.shutdown(std::net::Shutdown::Write)),
            Self::Fresh(None) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Self::Tcp(inner) => Pin::new(inner).poll_shutdown(cx),
            Self::Unix(inner) => Pin::new(inner).poll_shutdown(cx),
        }
    }
}
