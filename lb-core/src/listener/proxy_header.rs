//! `bind ... accept-proxy` and `accept-netscaler-cip`: reads the header that comes before anything else
//! (proxy-protocol.txt, netscaler-client-ip-insertion-protocol.txt).
//!
//! Bytes are looked at before they are taken, so that what follows the header stays in the socket, be it HTTP or TLS.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;

use crate::instant::Instant;
use crate::netscaler;
use crate::proxy_protocol::{self, InvalidHeader, Tlvs};
use crate::transport::Socket;
use crate::worker::timer::Timer;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// The real source; `None` where the connection's own address counts.
    pub(crate) source: Option<SocketAddr>,
    /// The address the real source connected to.
    pub(crate) destination: Option<SocketAddr>,
    /// The additional fields.
    pub(crate) fields: Tlvs,
}

/// What a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preface {
    /// The PROXY protocol.
    Proxy,
    /// The header of NetScaler's Client IP insertion, with its magic number.
    NetscalerCip(u32),
}

/// What the bytes that have come are.
enum Judged {
    Partial,
    Complete(usize, Received),
    Invalid(&'static str),
}

impl Preface {
    fn judge(self, input: &[u8]) -> Judged {
        match self {
            Self::Proxy => match proxy_protocol::parse(input) {
                proxy_protocol::Parsed::Complete { len, header } => {
                    let (source, destination) = (header.source, header.destination);
                    Judged::Complete(len, Received { source, destination, fields: header.tlvs })
                }
                proxy_protocol::Parsed::Partial => Judged::Partial,
                proxy_protocol::Parsed::Invalid(error) => Judged::Invalid(explain(error)),
            },
            Self::NetscalerCip(magic) => match netscaler::parse(magic, input) {
                netscaler::Parsed::Complete { len, source, destination } => Judged::Complete(
                    len,
                    Received { source: Some(source), destination: Some(destination), ..Received::default() },
                ),
                netscaler::Parsed::Partial => Judged::Partial,
                netscaler::Parsed::Invalid(error) => Judged::Invalid(explain_cip(error)),
            },
        }
    }

    fn closed(self) -> &'static str {
        match self {
            Self::Proxy => "Connection closed while waiting for PROXY protocol header",
            Self::NetscalerCip(_) => "Connection closed while waiting for NetScaler Client IP header",
        }
    }

    fn truncated(self) -> &'static str {
        match self {
            Self::Proxy => "Truncated PROXY protocol header received",
            Self::NetscalerCip(_) => "Truncated NetScaler Client IP header received",
        }
    }

    fn timeout(self) -> &'static str {
        match self {
            Self::Proxy => "Timeout while waiting for PROXY protocol header",
            Self::NetscalerCip(_) => "Timeout while waiting for NetScaler Client IP header",
        }
    }
}

/// Reads until the header is complete or `deadline` passes. The header may come in any number of pieces.
///
/// # Errors
/// HAProxy's words for what is wrong, and whether the client had sent anything.
pub(crate) async fn read_preface(
    preface: Preface,
    socket: &mut Socket,
    timer: &mut Timer,
    deadline: Option<Instant>,
) -> Result<Received, Refused> {
    let mut input = Vec::new();
    poll_fn(|cx| {
        loop {
            let taken = input.len();
            match poll_look(socket, cx, &mut input) {
                Poll::Ready(Ok(n)) if n > 0 => {
                    let judged = preface.judge(&input);
                    let header_end = match &judged {
                        Judged::Complete(len, _) => *len,
                        _ => input.len(),
                    };
                    // What was looked at is there: this does not wait.
                    let _ = receive(socket, &mut vec![0; header_end.saturating_sub(taken)], RecvFlags::empty());
                    match judged {
                        Judged::Complete(_, received) => return Poll::Ready(Ok(received)),
                        Judged::Invalid(text) => return Poll::Ready(Err(Refused::new(text, &input))),
                        Judged::Partial => {}
                    }
                }
                Poll::Ready(_) if input.is_empty() => {
                    return Poll::Ready(Err(Refused::new(preface.closed(), &input)));
                }
                Poll::Ready(_) => return Poll::Ready(Err(Refused::new(preface.truncated(), &input))),
                Poll::Pending => {
                    return timer.poll(cx, deadline).map(|()| Err(Refused::new(preface.timeout(), &input)));
                }
            }
        }
    })
    .await
}

/// Why a connection is closed before its stream began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// HAProxy's words.
    pub(crate) message: &'static str,
    /// Bytes the client had sent.
    pub(crate) received: u64,
}

impl Refused {
    fn new(message: &'static str, input: &[u8]) -> Self {
        Self { message, received: input.len() as u64 }
    }
}

fn explain(error: InvalidHeader) -> &'static str {
    match error {
        InvalidHeader::Signature | InvalidHeader::VersionCommand => {
            "Received something which does not look like a PROXY protocol header"
        }
        InvalidHeader::Protocol => "Received an unhandled protocol in the PROXY protocol header",
        _ => "Received an invalid PROXY protocol header",
    }
}

fn explain_cip(error: netscaler::InvalidHeader) -> &'static str {
    match error {
        netscaler::InvalidHeader::Magic => "Received an invalid NetScaler Client IP magic number",
        netscaler::InvalidHeader::Protocol => "Received an unhandled protocol in the NetScaler Client IP header",
        netscaler::InvalidHeader::Length => "Truncated NetScaler Client IP header received",
    }
}

/// Appends what has come to `input`, without taking it from the socket.
fn poll_look(socket: &mut Socket, cx: &mut Context<'_>, input: &mut Vec<u8>) -> Poll<io::Result<usize>> {
    let mut piece = [0; 512];
    loop {
        ready!(socket.poll_read_ready(cx))?;
        match receive(socket, &mut piece, RecvFlags::PEEK) {
            Ok(n) => {
                input.extend_from_slice(piece.get(..n).unwrap_or_default());
                return Poll::Ready(Ok(n));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// recv(2) with flags, which tells the event loop when there was nothing.
fn receive(socket: &Socket, into: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
    match socket {
        Socket::Tcp(tcp) => {
            tcp.try_io(Interest::READABLE, || recv(tcp, &mut *into, flags).map(|(n, _)| n).map_err(Into::into))
        }
        Socket::Unix(unix) => {
            unix.try_io(Interest::READABLE, || recv(unix, &mut *into, flags).map(|(n, _)| n).map_err(Into::into))
        }
        Socket::Fresh(_) => Err(io::ErrorKind::NotConnected.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    /// Sends the pieces one after another, then closes where `close` says so.
    async fn after(pieces: &'static [&'static [u8]], close: bool) -> (Result<Received, Refused>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        accepted.set_nonblocking(true).unwrap();
        let mut socket = Socket::Fresh(Some(accepted));
        let sender = std::thread::spawn(move || {
            for piece in pieces {
                client.write_all(piece).unwrap();
                client.flush().unwrap();
            }
            if close { None } else { Some(client) }
        });
        let deadline = Instant::now() + Duration::from_millis(200);
        let result = read_preface(Preface::Proxy, &mut socket, &mut Timer::default(), Some(deadline)).await;
        let client = sender.join().unwrap();
        let mut rest = String::new();
        if client.is_none()
            && let Socket::Tcp(tcp) = socket
        {
            let mut tcp = tcp.into_std().unwrap();
            tcp.set_nonblocking(false).unwrap();
            tcp.read_to_string(&mut rest).unwrap();
        }
        (result, rest)
    }

    #[tokio::test]
    async fn addresses_and_the_bytes_behind_them() {
        let (found, rest) = after(&[b"PROXY TCP4 1.2.3.4 5.6.", b"7.8 111 222\r", b"\nGET /"], true).await;
        let found = found.unwrap();
        assert_eq!(found.source, Some("1.2.3.4:111".parse().unwrap()));
        assert_eq!(found.destination, Some("5.6.7.8:222".parse().unwrap()));
        assert_eq!(rest, "GET /");
        let (found, rest) = after(&[b"PROXY UNKNOWN\r\nx"], true).await;
        assert_eq!((found.unwrap(), rest.as_str()), (Received::default(), "x"));
    }

    /// Texts as HAProxy 2.6.12 logged them.
    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let message = |(result, _): (Result<Received, Refused>, String)| result.unwrap_err().message;
        assert_eq!(
            message(after(&[b"GET / HTTP/1.0\r\n\r\n"], true).await),
            "Received something which does not look like a PROXY protocol header"
        );
        assert_eq!(
            message(after(&[b"PROXY TCP4 1.2.3.4 x 111 222\r\n"], true).await),
            "Received an invalid PROXY protocol header"
        );
        assert_eq!(
            message(after(&[b"PROXY UDP4 1.2.3.4 1.2.3.4 111 222\r\n"], true).await),
            "Received an unhandled protocol in the PROXY protocol header"
        );
        assert_eq!(message(after(&[b"PRO"], true).await), "Truncated PROXY protocol header received");
        assert_eq!(message(after(&[], true).await), "Connection closed while waiting for PROXY protocol header");
        assert_eq!(message(after(&[], false).await), "Timeout while waiting for PROXY protocol header");
    }
}
