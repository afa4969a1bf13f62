//! Taking connections from a listening socket without registering them anywhere yet.
//!
//! The worker accepts, tries a first read, and only then hands the socket to the reactor: a short connection whose
//! request has already come costs one registration instead of two wake-ups.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, acceptfrom_with};
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpStream, UnixStream};

use super::listen::{BoundAddress, ListenSocket};
use crate::transport::Socket;

/// A connection that was just accepted.
#[derive(Debug)]
pub struct Accepted {
    /// Its socket, non-blocking, not registered.
    pub socket: AcceptedSocket,
    /// The client; `None` on UNIX sockets.
    pub peer: Option<SocketAddr>,
}

/// An accepted socket before it is registered with a reactor.
#[derive(Debug)]
pub enum AcceptedSocket {
    /// TCP.
    Tcp(std::net::TcpStream),
    /// UNIX or abstract.
    Unix(StdUnixStream),
}

impl AcceptedSocket {
    /// Reads what has already come; `None` when nothing has. `Some(0)` is the client's end of data.
    pub fn try_read(&mut self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let result = match self {
            Self::Tcp(tcp) => tcp.read(buf),
            Self::Unix(unix) => unix.read(buf),
        };
        match result {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it is a TCP socket.
    pub fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// The address the client connected to; `None` on UNIX sockets.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// Registers it with the reactor of the calling thread.
    ///
    /// # Errors
    /// When the reactor cannot take it, for example without a free descriptor slot.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn register(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Tcp(tcp) => Socket::Tcp(TcpStream::from_std(tcp)?),
            Self::Unix(unix) => Socket::Unix(UnixStream::from_std(unix)?),
        })
    }
}

impl AsFd for AcceptedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(tcp) => tcp.as_fd(),
            Self::Unix(unix) => unix.as_fd(),
        }
    }
}

/// Accepts one connection with accept4(2); `None` when none is waiting.
///
/// Connections that died in the queue are skipped. Their number is bounded by the backlog.
///
/// # Errors
/// What accept4 says otherwise: EMFILE and ENFILE ask the caller to pause.
pub fn accept_nonblocking(listener: &ListenSocket) -> io::Result<Option<Accepted>> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    loop {
        let result = match listener.bound() {
            BoundAddress::Inet(_) => acceptfrom_with(listener, flags).map(|(fd, peer)| Accepted {
                socket: AcceptedSocket::Tcp(fd.into()),
                peer: peer.and_then(|peer| SocketAddr::try_from(peer).ok()),
            }),
            BoundAddress::Unix(_) => {
                accept_with(listener, flags).map(|fd| Accepted { socket: AcceptedSocket::Unix(fd.into()), peer: None })
            }
        };
        match result {
            Ok(accepted) => return Ok(Some(accepted)),
            Err(Errno::AGAIN) => return Ok(None),
            Err(
                Errno::INTR
                | Errno::CONNABORTED
                | Errno::PROTO
                | Errno::NETDOWN
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NETUNREACH,
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A listening socket registered with the reactor of one worker.
#[derive(Debug)]
pub struct AsyncListener(AsyncFd<ListenSocket>);

impl AsyncListener {
    /// Registers the socket.
    ///
    /// # Errors
    /// When the reactor refuses it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(socket: ListenSocket) -> io::Result<Self> {
        // Deprecated for types whose AsRawFd lies or changes; ListenSocket owns its descriptor for as long as it lives.
        #[allow(deprecated)]
        AsyncFd::with_interest(socket, tokio::io::Interest::READABLE).map(Self)
    }

    /// The socket.
    pub fn get_ref(&self) -> &ListenSocket {
        self.0.get_ref()
    }

    /// Takes the socket back.
    pub fn into_inner(self) -> ListenSocket {
        self.0.into_inner()
    }

    /// Accepts one connection, waiting for it. Never loses one: cancel safe.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        loop {
            let mut guard = std::task::ready!(self.0.poll_read_ready(cx))?;
            match accept_nonblocking(self.0.get_ref()) {
                Ok(Some(accepted)) => return Poll::Ready(Ok(accepted)),
                Ok(None) => guard.clear_ready(),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Registers the socket anew after it was paused: the reactor never forgets that it was shut down, and would call it
    /// readable for ever.
    ///
    /// # Errors
    /// When the reactor cannot take it.
    pub fn register_again(self) -> io::Result<Self> {
        Self::new(self.into_inner())
    }

    /// [`AsyncListener::poll_accept`] as a future. Cancel safe.
    pub async fn accept(&self) -> io::Result<Accepted> {
        std::future::poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Waits until a connection may be waiting. Cancel safe.
    ///
    /// # Errors
    /// When the reactor is gone.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await.map(|mut guard| guard.retain_ready())
    }

    /// Accepts one connection that is waiting. `None`: there is none, and [`AsyncListener::readable`] waits for one.
    ///
    /// # Errors
    /// As [`accept_nonblocking`].
    pub fn accept_ready(&self) -> io::Result<Option<Accepted>> {
        let accept = |socket: &ListenSocket| accept_nonblocking(socket)?.ok_or(io::ErrorKind::WouldBlock.into());
        match self.0.try_io(tokio::io::Interest::READABLE, accept) {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same where the event loop may not have heard of it yet: asks the system.
    ///
    /// # Errors
    /// As [`accept_nonblocking`].
    pub fn accept_last(&self) -> io::Result<Option<Accepted>> {
        accept_nonblocking(self.0.get_ref())
    }
}
