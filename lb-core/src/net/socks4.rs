//! The client's side of SOCKS4 (configuration.txt, section 5.2, `socks4`): one request, one answer of fixed length.

use std::net::SocketAddrV4;

/// Bytes of an answer.
pub(crate) const ANSWER: usize = 8;
/// How HAProxy calls an answer that is no grant.
pub(crate) const REFUSED: &str = "SOCKS4 Proxy deny the request";
/// How HAProxy calls a connection that ended before its answer.
pub(crate) const ENDED: &str = "SOCKS4 Proxy read error during handshake";

/// Asks for a connection to an address.
pub(crate) fn request(to: SocketAddrV4) -> Vec<u8> {
    let mut bytes = vec![4, 1];
    bytes.extend(to.port().to_be_bytes());
    bytes.extend(to.ip().octets());
    // The user, as HAProxy calls itself.
    bytes.extend(b"HAProxy\0");
    bytes
}

/// Whether the answer grants the connection.
pub(crate) fn is_granted(answer: &[u8; ANSWER]) -> bool {
    matches!(answer, [0, 90, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers() {
        let to = SocketAddrV4::new([127, 0, 0, 1].into(), 0x84cb);
        assert_eq!(request(to), b"\x04\x01\x84\xcb\x7f\0\0\x01HAProxy\0");
        assert!(is_granted(b"\0\x5a\0\0\0\0\0\0"));
        assert!(!is_granted(b"\0\x5b\0\0\0\0\0\0") && !is_granted(b"\x04\x5a\0\0\0\0\0\0"));
    }
}
