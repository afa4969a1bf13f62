//! The Client IP insertion protocol of NetScaler: a header in front of a connection's first byte, which holds the IP and
//! TCP headers of the client's own connection; sans-IO (netscaler-client-ip-insertion-protocol.txt).
//!
//! A listener with `accept-netscaler-cip` feeds the first bytes of a connection to [`parse`]. Both versions are read, that
//! of NetScaler 10.5 and the one before it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest header that is accepted, as long as HAProxy's default buffer.
pub const MAX_HEADER: usize = 16_384;

/// The magic number and the length behind it.
const FIXED: usize = 8;
/// The same with what the version of NetScaler 10.5 adds: a type and the length of what follows.
const FIXED_STANDARD: usize = 12;
/// The number of TCP in the IP headers.
const TCP: u8 = 6;
/// The smallest IPv4 header, and so the smallest length that a header of IPv4 may state.
const IPV4_HEADER: usize = 20;
/// The IPv6 header.
const IPV6_HEADER: usize = 40;

/// What [`parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole header.
    Complete {
        /// Bytes to skip.
        len: usize,
        /// Where the client's connection comes from.
        source: SocketAddr,
        /// Where it went to.
        destination: SocketAddr,
    },
    /// A valid beginning.
    Partial,
    /// Not a header; the connection must be dropped.
    Invalid(InvalidHeader),
}

/// Why a header was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The first four bytes are not the number that was agreed on.
    #[error("wrong magic number")]
    Magic,
    /// Neither IPv4 nor IPv6, or something other than TCP in it.
    #[error("neither TCP over IPv4 nor TCP over IPv6")]
    Protocol,
    /// The stated length has no room for the IP header and the ports, or is above [`MAX_HEADER`].
    #[error("stated length out of range")]
    Length,
}

/// Judges the first bytes of a connection. Call it again with more bytes after [`Parsed::Partial`].
///
/// # Examples
/// ```
/// use lb_core::netscaler::{InvalidHeader, Parsed, parse};
/// assert_eq!(parse(7, &[0, 0, 0]), Parsed::Partial);
/// assert_eq!(parse(7, &[0, 0, 0, 8]), Parsed::Invalid(InvalidHeader::Magic));
/// ```
pub fn parse(magic: u32, buf: &[u8]) -> Parsed {
    match read(magic, buf) {
        Ok(Some((len, source, destination))) => Parsed::Complete { len, source, destination },
        Ok(None) => Parsed::Partial,
        Err(reason) => Parsed::Invalid(reason),
    }
}

type Found = (usize, SocketAddr, SocketAddr);

fn read(magic: u32, buf: &[u8]) -> Result<Option<Found>, InvalidHeader> {
    if !buf.iter().zip(magic.to_be_bytes()).all(|(byte, expected)| *byte == expected) {
        return Err(InvalidHeader::Magic);
    }
    let Some(first) = buf.get(FIXED) else { return Ok(None) };
    // The older version goes on with the IP header, whose first four bits are its version; the other with its type, 1.
    let (fixed, length) =
        if matches!(first >> 4, 4 | 6) { (FIXED, number::<4>(buf, 4)) } else { (FIXED_STANDARD, number::<2>(buf, 10)) };
    let Some(length) = length else { return Ok(None) };
    let len = fixed.saturating_add(length);
    let minimum = fixed + IPV4_HEADER + 4;
    if len > MAX_HEADER || len < minimum {
        return Err(InvalidHeader::Length);
    }
    let packet = buf.get(fixed..).unwrap_or_default();
    let packet = packet.get(..length).unwrap_or(packet);
    let Some(first) = packet.first() else { return Ok(None) };
    let (header, family) = match first >> 4 {
        4 => (usize::from(first & 15) * 4, 4),
        6 => (IPV6_HEADER, 6),
        _ => return Err(InvalidHeader::Protocol),
    };
    if header < IPV4_HEADER || header + 4 > length {
        return Err(InvalidHeader::Length);
    }
    let protocol = packet.get(if family == 4 { 9 } else { 6 });
    match protocol {
        None => return Ok(None),
        Some(&TCP) => {}
        Some(_) => return Err(InvalidHeader::Protocol),
    }
    if packet.len() < length {
        return Ok(None);
    }
    let ports = (number::<2>(packet, header), number::<2>(packet, header + 2));
    let ends = if family == 4 {
        let address = |at| bytes::<4>(packet, at).map(|bytes| Ipv4Addr::from(bytes).into());
        (address(12), address(16))
    } else {
        let address = |at| bytes::<16>(packet, at).map(|bytes| Ipv6Addr::from(bytes).into());
        (address(8), address(24))
    };
    let ((Some(source), Some(destination)), (Some(from), Some(to))) = (ends, ports) else {
        return Err(InvalidHeader::Length);
    };
    let port = |port: usize| u16::try_from(port).unwrap_or_default();
    Ok(Some((len, SocketAddr::new(source, port(from)), SocketAddr::new(destination, port(to)))))
}

fn bytes<const N: usize>(buf: &[u8], at: usize) -> Option<[u8; N]> {
    buf.get(at..)?.first_chunk::<N>().copied()
}

/// A number of N bytes, the highest first.
fn number<const N: usize>(buf: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes::<N>(buf, at)?;
    Some(bytes.iter().fold(0, |number: usize, byte| (number << 8) | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const MAGIC: u32 = 0xabcd;

    fn ipv4(words: u8, protocol: u8) -> Vec<u8> {
        let mut packet = vec![0x40 | words, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        packet.resize(20.max(usize::from(words) * 4), 0);
        packet.extend([4, 87, 8, 174]);
        packet.extend([0; 16]);
        packet
    }

    fn ipv6() -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 20, TCP, 64];
        packet.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend([4, 87, 8, 174]);
        packet.extend([0; 16]);
        packet
    }

    fn older(packet: &[u8], length: u32) -> Vec<u8> {
        [&MAGIC.to_be_bytes(), &length.to_be_bytes(), packet].concat()
    }

    fn standard(packet: &[u8], length: u16) -> Vec<u8> {
        let total = u32::from(length) + 12;
        [&MAGIC.to_be_bytes()[..], &total.to_be_bytes(), &[0, 1], &length.to_be_bytes(), packet].concat()
    }

    #[test]
    fn both_versions_with_both_families() {
        for (packet, source, destination) in [
            (ipv4(5, TCP), "1.2.3.4:1111", "5.6.7.8:2222"),
            (ipv4(15, TCP), "1.2.3.4:1111", "5.6.7.8:2222"),
            (ipv6(), "[2001:db8::1]:1111", "[2001:db8::2]:2222"),
        ] {
            let length = packet.len();
            for header in [older(&packet, length as u32), standard(&packet, length as u16)] {
                let len = header.len();
                let whole = Parsed::Complete {
                    len,
                    source: source.parse().unwrap(),
                    destination: destination.parse().unwrap(),
                };
                assert_eq!(parse(MAGIC, &header), whole);
                assert_eq!(parse(MAGIC, &[&header[..], b"GET /"].concat()), whole);
                for end in 0..len {
                    assert_eq!(parse(MAGIC, &header[..end]), Parsed::Partial, "{end} of {len}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let refused = |header: &[u8]| match parse(MAGIC, header) {
            Parsed::Invalid(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(b"GET / HTTP/1.0\r\n\r\n"), InvalidHeader::Magic);
        assert_eq!(refused(&older(&ipv4(5, 17), 40)), InvalidHeader::Protocol);
        assert_eq!(refused(&standard(&[0x55; 40], 40)), InvalidHeader::Protocol);
        assert_eq!(refused(&older(&ipv4(4, TCP), 40)), InvalidHeader::Length);
        assert_eq!(refused(&older(&ipv4(15, TCP), 40)), InvalidHeader::Length);
        assert_eq!(refused(&older(&ipv4(5, TCP), 23)), InvalidHeader::Length);
        assert_eq!(refused(&older(&ipv6(), 43)), InvalidHeader::Length);
        assert_eq!(refused(&standard(&ipv4(5, TCP), 0)), InvalidHeader::Length);
        assert_eq!(refused(&older(&ipv4(5, TCP), u32::MAX)), InvalidHeader::Length);
    }
}
