//! The client's side of SOCKS4 (configuration.txt, section 5.2, `socks4`): one request, one answer of fixed length.

use std::io;
use std::net::SocketAddrV4;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of an answer.
const ANSWER: usize = 8;
/// How HAProxy calls an answer that is no grant.
pub(crate) const REFUSED: &str = "SOCKS4 Proxy deny the request";
/// How HAProxy calls a connection that ended before its answer.
pub(crate) const ENDED: &str = "SOCKS4 Proxy read error during handshake";
/// How HAProxy calls a connection that broke before its answer; why is said behind it.
pub(crate) const ABORTED: &str = "SOCKS4 Proxy handshake aborted by server";

/// Has the proxy at the other end connect to an address. Not cancel safe: what is dropped leaves the connection in the
/// middle of it.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] where it refuses; else what befell the connection.
pub(crate) async fn pass(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), to: SocketAddrV4) -> io::Result<()> {
    stream.write_all(&request(to)).await?;
    let mut answer = [0; ANSWER];
    stream.read_exact(&mut answer).await?;
    if is_granted(&answer) { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Asks for a connection to an address.
fn request(to: SocketAddrV4) -> Vec<u8> {
    let mut bytes = vec![4, 1];
    bytes.extend(to.port().to_be_bytes());
    bytes.extend(to.ip().octets());
    // The user, as HAProxy calls itself.
    bytes.extend(b"HAProxy\0");
    bytes
}

/// Whether the answer grants the connection. Its first byte, the version of the answer, is not looked at: there are
/// proxies that repeat that of the request.
fn is_granted(answer: &[u8; ANSWER]) -> bool {
    matches!(answer, [_, 90, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers() {
        let to = SocketAddrV4::new([127, 0, 0, 1].into(), 0x84cb);
        assert_eq!(request(to), b"\x04\x01\x84\xcb\x7f\0\0\x01HAProxy\0");
        assert!(is_granted(b"\0\x5a\0\0\0\0\0\0"));
        assert!(!is_granted(b"\0\x5b\0\0\0\0\0\0") && is_granted(b"\x04\x5a\0\0\0\0\0\0"));
    }
}
