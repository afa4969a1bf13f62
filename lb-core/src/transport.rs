//! The byte transport under a connection: TCP or UNIX, in clear or under TLS, behind one closed enum.
//!
//! Both sides of the proxy use it. It knows nothing of HTTP. `poll_*` follow tokio's contracts.

use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use rustix::net::{RecvFlags, SendFlags, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::stats::tls::OpenTls;
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

    /// Writes the last bytes that this side sends. In clear the connection is shut for writing as soon as all of them
    /// were taken, and over TCP its end leaves in one packet with them: one packet less, and one wake-up of the peer.
    /// Under TLS it is a write like any other.
    pub fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self::Plain(socket) = self else { return Pin::new(self).poll_write(cx, bytes) };
        // What is held back here leaves with the end that follows at once, or when the peer makes room for the rest.
        let n = ready!(socket.poll_send(cx, bytes, SendFlags::MORE))?;
        if n == bytes.len() {
            socket.shut();
        }
        Poll::Ready(Ok(n))
    }

    /// Counts a connection under TLS until it is dropped.
    pub(crate) fn hold(&mut self, open: OpenTls) {
        match self {
            Self::Plain(_) => {}
            Self::TlsServer(tls) => tls.hold(open),
            Self::TlsClient(tls) => tls.hold(open),
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

    /// Whether nothing has come: no data, no end, no error. A system call only where the event loop says otherwise, as
    /// it does when bytes were taken up to the last one without asking for more.
    pub fn is_silent(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        if self.poll_read_ready(&mut cx).is_pending() {
            return true;
        }
        let Self::Tcp(tcp) = self else { return false };
        let peek = || rustix::net::recv(&*tcp, &mut [0u8; 1], RecvFlags::PEEK).map_err(io::Error::from);
        tcp.try_io(Interest::READABLE, peek).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether something has come that the event loop may not have told of: asks the system.
    pub fn has_input(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let peeked = match self {
            Self::Tcp(tcp) => rustix::net::recv(tcp, &mut [0u8; 1], flags),
            Self::Unix(unix) => rustix::net::recv(unix, &mut [0u8; 1], flags),
            Self::Fresh(Some(fresh)) => rustix::net::recv(fresh, &mut [0u8; 1], flags),
            Self::Fresh(None) => return false,
        };
        peeked.is_ok_and(|(bytes, _)| bytes > 0)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8], flags: SendFlags) -> Poll<io::Result<usize>> {
        if let Self::Fresh(Some(fresh)) = self
            && let Some(result) = try_now(|| send(&*fresh, bytes, flags))
        {
            return Poll::Ready(result);
        }
        self.register()?;
        match self {
            Self::Fresh(_) => Poll::Pending,
            Self::Tcp(inner) => poll_send(inner, cx, bytes, flags),
            Self::Unix(inner) => Pin::new(inner).poll_write(cx, bytes),
        }
    }

    /// Closes the sending side. A failure means that the peer is gone.
    fn shut(&self) {
        let _ = match self {
            Self::Tcp(tcp) => rustix::net::shutdown(tcp, Shutdown::Write),
            Self::Fresh(Some(tcp)) => rustix::net::shutdown(tcp, Shutdown::Write),
            Self::Unix(unix) => rustix::net::shutdown(unix, Shutdown::Write),
            Self::Fresh(None) => Ok(()),
        };
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

fn send(socket: impl AsFd, bytes: &[u8], flags: SendFlags) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL | flags)?)
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
fn poll_send(tcp: &TcpStream, cx: &mut Context<'_>, bytes: &[u8], flags: SendFlags) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        if let Some(n) = transfer(tcp, Interest::WRITABLE, bytes.len(), || send(tcp, bytes, flags))? {
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
        self.get_mut().poll_send(cx, buf, SendFlags::empty())
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read;
    use std::net::{Shutdown as End, TcpListener};

    use super::*;

    fn pair() -> (std::net::TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    #[tokio::test]
    async fn the_end_follows_the_last_bytes() {
        for registered in [false, true] {
            let (ours, mut peer) = pair();
            let mut socket = Socket::Fresh(Some(ours));
            if registered {
                socket.register().unwrap();
            }
            let mut transport = Transport::Plain(socket);
            let sent = poll_fn(|cx| transport.poll_write_last(cx, b"bytes")).await.unwrap();
            assert_eq!(sent, 5);
            // The connection is still open on our side.
            let mut read = Vec::new();
            peer.read_to_end(&mut read).unwrap();
            assert_eq!(read, b"bytes");
        }
    }

    #[tokio::test]
    async fn the_end_waits_for_room() {
        let (ours, mut peer) = pair();
        let mut transport = Transport::Plain(Socket::Fresh(Some(ours)));
        let bytes = vec![7; 32 << 20];
        let reader = std::thread::spawn(move || {
            let mut read = Vec::new();
            peer.read_to_end(&mut read).map(|_| read.len())
        });
        let mut sent = 0;
        while sent < bytes.len() {
            let rest = bytes.get(sent..).unwrap_or_default();
            sent += poll_fn(|cx| transport.poll_write_last(cx, rest)).await.unwrap();
        }
        assert_eq!(reader.join().unwrap().unwrap(), bytes.len());
    }

    #[tokio::test]
    async fn silence_is_looked_for_where_the_event_loop_does_not_know() {
        let (ours, mut peer) = pair();
        let mut socket = Socket::Tcp(TcpStream::from_std(ours).unwrap());
        std::io::Write::write_all(&mut peer, b"xy").unwrap();
        poll_fn(|cx| socket.poll_read_ready(cx)).await.unwrap();
        assert!(!socket.is_silent());
        // As much as there is and no more: the event loop is not told that nothing is left.
        let mut all = [0; 2];
        let mut all = ReadBuf::new(&mut all);
        poll_fn(|cx| Pin::new(&mut socket).poll_read(cx, &mut all)).await.unwrap();
        assert_eq!(all.filled(), b"xy");
        assert!(socket.is_silent());
        peer.shutdown(End::Write).unwrap();
        poll_fn(|cx| socket.poll_read_ready(cx)).await.unwrap();
        assert!(!socket.is_silent());
    }
}
