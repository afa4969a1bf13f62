//! Receiving side: the header in front of a connection's first byte (proxy-protocol.txt, section 2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str;

use super::crc32c::crc32c;
use super::{SIGNATURE_V2, tlv};

/// Longest header that is accepted, as long as HAProxy's default buffer; version 1 has its own limit of 107 bytes.
pub const MAX_HEADER: usize = 16_384;

/// Longest version 1 line with its CRLF (section 2.1).
const MAX_V1: usize = 107;
/// Fixed part of a version 2 header (section 2.2).
const V2_FIXED: usize = 16;
/// Longest `PP2_TYPE_UNIQUE_ID` value (section 2.2.5).
const MAX_UNIQUE_ID: usize = 128;

/// Judges the first bytes of a connection. Call it again with more bytes after [`Parsed::Partial`].
pub fn parse(buf: &[u8]) -> Parsed {
    let result = match buf.first() {
        None => return Parsed::Partial,
        Some(b'P') => parse_v1(buf),
        Some(_) => parse_v2(buf),
    };
    match result {
        Ok(Some((len, header))) => Parsed::Complete { len, header },
        Ok(None) => Parsed::Partial,
        Err(reason) => Parsed::Invalid(reason),
    }
}

/// What [`parse`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole header, which takes the first `len` bytes.
    Complete {
        /// Bytes to skip.
        len: usize,
        /// What it says.
        header: ProxyHeader,
    },
    /// A valid beginning.
    Partial,
    /// Not a header; the connection must be dropped.
    Invalid(InvalidHeader),
}

/// What the sender says about the connection it relays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Source address; `None` (LOCAL, UNKNOWN, UNSPEC, UNIX) means that the real one counts.
    pub source: Option<SocketAddr>,
    /// Destination address, present exactly when `source` is.
    pub destination: Option<SocketAddr>,
    /// Both ends of a relayed UNIX connection.
    pub unix: Option<Box<UnixAddresses>>,
    /// Version 2 LOCAL: the sender's own connection, for example a health check.
    pub local: bool,
    /// The additional fields of version 2; always empty for a LOCAL header, whose contents do not count.
    pub tlvs: Tlvs,
}

/// Both ends of a UNIX connection, without their trailing zeroes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixAddresses {
    /// Source path.
    pub source: Vec<u8>,
    /// Destination path.
    pub destination: Vec<u8>,
}

/// The Type-Length-Value fields of a header, checked when it was parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(Box<[u8]>);

impl Tlvs {
    /// The fields in order, NOOP and CRC32C included.
    pub fn iter(&self) -> impl Iterator<Item = Tlv<'_>> {
        TlvIter(&self.0).map_while(Result::ok)
    }

    /// Value of the first field of this type.
    pub fn get(&self, kind: u8) -> Option<&[u8]> {
        self.iter().find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }

    /// The TLS field, where there is one.
    pub fn ssl(&self) -> Option<SslTlv<'_>> {
        SslTlv::new(self.get(tlv::SSL)?)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One Type-Length-Value field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Type, see [`tlv`](super::tlv).
    pub kind: u8,
    /// Value.
    pub value: &'a [u8],
}

/// A `PP2_TYPE_SSL` value (section 2.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SslTlv<'a> {
    /// `PP2_CLIENT_*` bits.
    pub client: u8,
    /// 0 when the client's certificate was verified.
    pub verify: u32,
    sub: &'a [u8],
}

impl<'a> SslTlv<'a> {
    fn new(value: &'a [u8]) -> Option<Self> {
        let (fixed, sub) = value.split_first_chunk::<5>()?;
        let [client, verify @ ..] = *fixed;
        Some(Self { client, verify: u32::from_be_bytes(verify), sub })
    }

    /// Value of the first sub-field of this type.
    pub fn get(&self, kind: u8) -> Option<&'a [u8]> {
        TlvIter(self.sub).map_while(Result::ok).find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }
}

/// Why a header was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The first bytes are those of neither version.
    #[error("no PROXY protocol signature")]
    Signature,
    /// No CRLF within 107 bytes, or a lone CR or LF.
    #[error("version 1 line not ended by CRLF within 107 bytes")]
    LineEnd,
    /// A protocol other than TCP4, TCP6 or UNKNOWN.
    #[error("version 1 protocol is none of TCP4, TCP6, UNKNOWN")]
    Protocol,
    /// A malformed address or port, or a wrong number of fields.
    #[error("malformed version 1 addresses")]
    Addresses,
    /// Not version 2, or a command other than LOCAL and PROXY.
    #[error("unsupported version or command")]
    VersionCommand,
    /// An undefined address family, or a transport protocol other than streams.
    #[error("unsupported address family or transport")]
    Family,
    /// The length does not hold the addresses.
    #[error("length too short for the address family")]
    AddressLength,
    /// Longer than [`MAX_HEADER`].
    #[error("header too long")]
    TooLong,
    /// The additional fields do not fit the length, or one has an impossible value.
    #[error("malformed TLV")]
    Tlv,
    /// The checksum is wrong.
    #[error("CRC32c mismatch")]
    Checksum,
}

type Found = Result<Option<(usize, ProxyHeader)>, InvalidHeader>;

fn parse_v1(buf: &[u8]) -> Found {
    const PREFIX: &[u8] = b"PROXY ";
    if !starts_alike(buf, PREFIX) {
        return Err(InvalidHeader::Signature);
    }
    let window = buf.get(..MAX_V1).unwrap_or(buf);
    let Some(end) = memchr::memchr2(b'\r', b'\n', window) else {
        return if buf.len() < MAX_V1 { Ok(None) } else { Err(InvalidHeader::LineEnd) };
    };
    match window.get(end..) {
        Some([b'\r', b'\n', ..]) => {}
        Some([b'\r']) if end + 1 < MAX_V1 => return Ok(None),
        _ => return Err(InvalidHeader::LineEnd),
    }
    let fields = window.get(PREFIX.len()..end).ok_or(InvalidHeader::Protocol)?;
    Ok(Some((end + 2, v1_fields(fields)?)))
}

/// What stands between `PROXY ` and CRLF.
fn v1_fields(fields: &[u8]) -> Result<ProxyHeader, InvalidHeader> {
    if fields == b"UNKNOWN" || fields.starts_with(b"UNKNOWN ") {
        return Ok(ProxyHeader::default());
    }
    let (ipv6, rest) = match fields.split_at_checked(5) {
        Some((b"TCP4 ", rest)) => (false, rest),
        Some((b"TCP6 ", rest)) => (true, rest),
        _ => return Err(InvalidHeader::Protocol),
    };
    let text = str::from_utf8(rest).map_err(|_| InvalidHeader::Addresses)?;
    let mut words = text.split(' ');
    let mut word = || words.next().ok_or(InvalidHeader::Addresses);
    let source_ip = v1_address(word()?, ipv6)?;
    let destination_ip = v1_address(word()?, ipv6)?;
    let source_port = v1_port(word()?)?;
    let destination_port = v1_port(word()?)?;
    if words.next().is_some() {
        return Err(InvalidHeader::Addresses);
    }
    Ok(ProxyHeader {
        source: Some(SocketAddr::new(source_ip, source_port)),
        destination: Some(SocketAddr::new(destination_ip, destination_port)),
        ..ProxyHeader::default()
    })
}

fn v1_address(word: &str, ipv6: bool) -> Result<IpAddr, InvalidHeader> {
    let address = if ipv6 { word.parse().map(IpAddr::V6) } else { word.parse().map(IpAddr::V4) };
    address.map_err(|_| InvalidHeader::Addresses)
}

/// Decimal, 0 to 65535, no sign, no leading zero.
fn v1_port(word: &str) -> Result<u16, InvalidHeader> {
    let canonical = word == "0" || word.starts_with(|first: char| matches!(first, '1'..='9'));
    if !canonical {
        return Err(InvalidHeader::Addresses);
    }
    word.parse().map_err(|_| InvalidHeader::Addresses)
}

fn parse_v2(buf: &[u8]) -> Found {
    if !starts_alike(buf, &SIGNATURE_V2) {
        return Err(InvalidHeader::Signature);
    }
    let local = match buf.get(12) {
        None => return Ok(None),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return Err(InvalidHeader::VersionCommand),
    };
    let (family, transport) = match buf.get(13) {
        None => return Ok(None),
        Some(byte) => (byte >> 4, byte & 0x0f),
    };
    // Only streams come over TCP: HAProxy refuses datagrams.
    if !local && (family > 3 || transport > 1) {
        return Err(InvalidHeader::Family);
    }
    let Some(&[high, low]) = buf.get(14..V2_FIXED).and_then(<[u8]>::first_chunk::<2>) else { return Ok(None) };
    let len = V2_FIXED + usize::from(u16::from_be_bytes([high, low]));
    if len > MAX_HEADER {
        return Err(InvalidHeader::TooLong);
    }
    let Some(header) = buf.get(..len) else { return Ok(None) };
    if local {
        return Ok(Some((len, ProxyHeader { local, ..ProxyHeader::default() })));
    }
    let body = header.get(V2_FIXED..).unwrap_or_default();
    // Without a transport the address block's layout is still that of the family, but its contents do not count.
    let mut parsed = ProxyHeader::default();
    let tlvs = match family {
        1 => {
            let (block, tlvs) = body.split_first_chunk::<12>().ok_or(InvalidHeader::AddressLength)?;
            let [s0, s1, s2, s3, d0, d1, d2, d3, sp0, sp1, dp0, dp1] = *block;
            parsed.source = Some(SocketAddr::from((Ipv4Addr::new(s0, s1, s2, s3), u16::from_be_bytes([sp0, sp1]))));
            parsed.destination =
                Some(SocketAddr::from((Ipv4Addr::new(d0, d1, d2, d3), u16::from_be_bytes([dp0, dp1]))));
            tlvs
        }
        2 => {
            let (source, rest) = body.split_first_chunk::<16>().ok_or(InvalidHeader::AddressLength)?;
            let (destination, rest) = rest.split_first_chunk::<16>().ok_or(InvalidHeader::AddressLength)?;
            let (ports, tlvs) = rest.split_first_chunk::<4>().ok_or(InvalidHeader::AddressLength)?;
            let [sp0, sp1, dp0, dp1] = *ports;
            parsed.source = Some(SocketAddr::from((Ipv6Addr::from(*source), u16::from_be_bytes([sp0, sp1]))));
            parsed.destination = Some(SocketAddr::from((Ipv6Addr::from(*destination), u16::from_be_bytes([dp0, dp1]))));
            tlvs
        }
        3 => {
            let (source, rest) = body.split_at_checked(108).ok_or(InvalidHeader::AddressLength)?;
            let (destination, tlvs) = rest.split_at_checked(108).ok_or(InvalidHeader::AddressLength)?;
            parsed.unix = Some(Box::new(UnixAddresses { source: path(source), destination: path(destination) }));
            tlvs
        }
        // AF_UNSPEC: where its addresses end and fields begin is not defined, all of it is skipped.
        _ => &[],
    };
    // An unspecified transport leaves the connection's own addresses (section 2.2).
    if transport != 1 {
        parsed = ProxyHeader::default();
    }
    check_tlvs(header, tlvs)?;
    parsed.tlvs = Tlvs(tlvs.into());
    Ok(Some((len, parsed)))
}

/// A UNIX path without its trailing zeroes; a leading zero (abstract) stays.
fn path(block: &[u8]) -> Vec<u8> {
    let end = block.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    block.get(..end).unwrap_or_default().to_vec()
}

fn check_tlvs(header: &[u8], tlvs: &[u8]) -> Result<(), InvalidHeader> {
    let mut fields = TlvIter(tlvs);
    while let Some(field) = fields.next() {
        let field = field?;
        match field.kind {
            // The fields are the end of the header, so that what is left tells where this one ends.
            tlv::CRC32C => check_crc(header, header.len() - fields.0.len(), field.value)?,
            tlv::UNIQUE_ID if field.value.len() > MAX_UNIQUE_ID => return Err(InvalidHeader::Tlv),
            tlv::SSL => {
                let ssl = SslTlv::new(field.value).ok_or(InvalidHeader::Tlv)?;
                TlvIter(ssl.sub).try_for_each(|sub| sub.map(drop))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The checksum is that of the whole header with zeroes in its own place (section 2.2.3).
fn check_crc(header: &[u8], end: usize, value: &[u8]) -> Result<(), InvalidHeader> {
    let received: [u8; 4] = value.try_into().map_err(|_| InvalidHeader::Tlv)?;
    let (before, after) = header.split_at_checked(end).ok_or(InvalidHeader::Tlv)?;
    let before = before.get(..end.saturating_sub(4)).unwrap_or_default();
    if crc32c([before, &[0; 4], after]) == u32::from_be_bytes(received) { Ok(()) } else { Err(InvalidHeader::Checksum) }
}

struct TlvIter<'a>(&'a [u8]);

impl<'a> Iterator for TlvIter<'a> {
    type Item = Result<Tlv<'a>, InvalidHeader>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.0.split_first_chunk::<3>().and_then(|(head, rest)| {
            let [kind, high, low] = *head;
            let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
            self.0 = rest;
            Some(Tlv { kind, value })
        });
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(InvalidHeader::Tlv))
    }
}

/// Whether one is the beginning of the other.
fn starts_alike(buf: &[u8], signature: &[u8]) -> bool {
    buf.iter().zip(signature).all(|(left, right)| left == right)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complete(buf: &[u8]) -> (usize, ProxyHeader) {
        match parse(buf) {
            Parsed::Complete { len, header } => (len, header),
            other => unreachable!("{other:?} for {buf:?}"),
        }
    }

    fn invalid(buf: &[u8]) -> InvalidHeader {
        match parse(buf) {
            Parsed::Invalid(reason) => reason,
            other => unreachable!("{other:?} for {buf:?}"),
        }
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut out = SIGNATURE_V2.to_vec();
        out.extend_from_slice(&[command, family]);
        out.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    const TCP4: [u8; 12] = [192, 168, 0, 1, 192, 168, 0, 11, 0xdc, 0x04, 0x01, 0xbb];

    fn tcp4_with(tlvs: &[u8]) -> Vec<u8> {
        v2(0x21, 0x11, &[&TCP4[..], tlvs].concat())
    }

    #[test]
    fn the_example_of_the_specification() {
        let line = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n";
        let (len, header) = complete(line);
        assert!(line[len..].starts_with(b"GET / "));
        assert_eq!(header.source, Some("192.168.0.1:56324".parse().unwrap()));
        assert_eq!(header.destination, Some("192.168.0.11:443".parse().unwrap()));
        assert!(!header.local && header.tlvs.is_empty());
    }

    #[test]
    fn the_longest_lines_of_the_specification() {
        for (line, len) in [
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".to_owned(), 56),
            (format!("PROXY TCP6 {0} {0} 65535 65535\r\n", ["ffff"; 8].join(":")), 104),
            ("PROXY UNKNOWN\r\n".to_owned(), 15),
            (format!("PROXY UNKNOWN {0} {0} 65535 65535\r\n", ["ffff"; 8].join(":")), 107),
        ] {
            assert_eq!(complete(line.as_bytes()).0, len);
            for cut in 0..len {
                assert_eq!(parse(&line.as_bytes()[..cut]), Parsed::Partial, "{cut} bytes of {line:?}");
            }
        }
    }

    #[test]
    fn unknown_ignores_the_rest_of_the_line() {
        let (len, header) = complete(b"PROXY UNKNOWN what ever\r\nrest");
        assert_eq!((len, header), (25, ProxyHeader::default()));
        assert_eq!(invalid(b"PROXY UNKNOWNS\r\n"), InvalidHeader::Protocol);
    }

    #[test]
    fn malformed_lines() {
        let addresses = [
            "01.2.3.4 5.6.7.8 1 2",
            "1.2.3.4 5.6.7.8 01 2",
            "1.2.3.4 5.6.7.8 1 65536",
            "1.2.3.4 5.6.7.8 +1 2",
            "1.2.3.4 5.6.7.8 -1 2",
            "1.2.3.4 5.6.7.8 1 2 ",
            "1.2.3.4 5.6.7.8 1 2 3",
            "1.2.3.4  5.6.7.8 1 2",
            "1.2.3 5.6.7.8 1 2",
            "1.2.3.4 5.6.7.8 1",
            "::1 ::2 1 2",
            "1.2.3.4 \u{663}.6.7.8 1 2",
            "",
        ];
        for text in addresses {
            assert_eq!(invalid(format!("PROXY TCP4 {text}\r\n").as_bytes()), InvalidHeader::Addresses, "{text:?}");
        }
        for text in ["1.2.3.4 5.6.7.8 1 2", ":::1 ::2 1 2", "::1%lo ::2 1 2", "[::1] ::2 1 2", "::12345 ::2 1 2"] {
            assert_eq!(invalid(format!("PROXY TCP6 {text}\r\n").as_bytes()), InvalidHeader::Addresses, "{text:?}");
        }
        assert_eq!(invalid(b"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n"), InvalidHeader::Protocol);
        assert_eq!(invalid(b"PROXY TCP4\r\n"), InvalidHeader::Protocol);
        assert_eq!(invalid(b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"), InvalidHeader::Protocol);
        assert_eq!(invalid(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"), InvalidHeader::LineEnd);
        assert_eq!(invalid(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX"), InvalidHeader::LineEnd);
        assert_eq!(invalid(&[&b"PROXY UNKNOWN "[..], &[b'x'; 93]].concat()), InvalidHeader::LineEnd);
        assert_eq!(invalid(&[&b"PROXY UNKNOWN "[..], &[b'x'; 92], b"\r\n"].concat()), InvalidHeader::LineEnd);
        for junk in [&b"GET / HTTP/1.1\r\n"[..], b"PROXI", b"PRI * HTTP/2.0", b"\r\n\r\n\r", b"\x16\x03\x01", b"\0"] {
            assert_eq!(invalid(junk), InvalidHeader::Signature, "{junk:?}");
        }
        assert_eq!(parse(b""), Parsed::Partial);
    }

    #[test]
    fn version_2_addresses() {
        let (len, header) = complete(&[&tcp4_with(&[])[..], b"data"].concat());
        assert_eq!(len, 28);
        assert_eq!(header.source, Some("192.168.0.1:56324".parse().unwrap()));
        assert_eq!(header.destination, Some("192.168.0.11:443".parse().unwrap()));

        let mut body = [0u8; 36];
        body[15] = 1;
        body[31] = 2;
        body[33] = 80;
        body[35] = 90;
        let (_, header) = complete(&v2(0x21, 0x21, &body));
        assert_eq!(header.source, Some("[::1]:80".parse().unwrap()));
        assert_eq!(header.destination, Some("[::2]:90".parse().unwrap()));

        let mut body = [0u8; 216];
        body[..4].copy_from_slice(b"/one");
        body[108..112].copy_from_slice(b"/two");
        let (_, header) = complete(&v2(0x21, 0x31, &body));
        let unix = header.unix.unwrap();
        assert_eq!((&unix.source[..], &unix.destination[..]), (&b"/one"[..], &b"/two"[..]));
        assert_eq!(header.source, None);
    }

    #[test]
    fn version_2_without_addresses() {
        for body in [&[][..], &TCP4, b"anything at all"] {
            let (len, header) = complete(&v2(0x20, 0x11, body));
            assert_eq!(len, 16 + body.len());
            assert_eq!(header, ProxyHeader { local: true, ..ProxyHeader::default() });
            assert_eq!(complete(&v2(0x21, 0x00, body)), (len, ProxyHeader::default()));
        }
        // LOCAL ignores the family, even an undefined one.
        assert!(complete(&v2(0x20, 0xff, b"")).1.local);
        // Without a transport the addresses mean nothing.
        assert_eq!(complete(&v2(0x21, 0x10, &TCP4)).1, ProxyHeader::default());
    }

    #[test]
    fn malformed_version_2() {
        assert_eq!(invalid(&v2(0x11, 0x11, &TCP4)), InvalidHeader::VersionCommand);
        assert_eq!(invalid(&v2(0x22, 0x11, &TCP4)), InvalidHeader::VersionCommand);
        assert_eq!(invalid(&v2(0x21, 0x41, &TCP4)), InvalidHeader::Family);
        assert_eq!(invalid(&v2(0x21, 0x13, &TCP4)), InvalidHeader::Family);
        assert_eq!(invalid(&v2(0x21, 0x12, &TCP4)), InvalidHeader::Family);
        assert_eq!(invalid(&v2(0x21, 0x11, &TCP4[..11])), InvalidHeader::AddressLength);
        assert_eq!(invalid(&v2(0x21, 0x21, &[0; 35])), InvalidHeader::AddressLength);
        assert_eq!(invalid(&v2(0x21, 0x31, &[0; 215])), InvalidHeader::AddressLength);
        // Judged before the rest has come.
        assert_eq!(invalid(&v2(0x21, 0x11, &[0; 20_000])[..16]), InvalidHeader::TooLong);
        assert_eq!(invalid(&[&SIGNATURE_V2[..], &[0x31]].concat()), InvalidHeader::VersionCommand);
    }

    #[test]
    fn fields_are_checked() {
        let (_, header) = complete(&tcp4_with(&[0x04, 0, 0, 0x02, 0, 3, b'a', b'.', b'b']));
        let kinds: Vec<_> = header.tlvs.iter().map(|field| (field.kind, field.value.len())).collect();
        assert_eq!(kinds, [(0x04, 0), (0x02, 3)]);
        assert_eq!(header.tlvs.get(tlv::AUTHORITY), Some(&b"a.b"[..]));

        assert_eq!(invalid(&tcp4_with(&[0x04])), InvalidHeader::Tlv);
        assert_eq!(invalid(&tcp4_with(&[0x04, 0, 1])), InvalidHeader::Tlv);
        assert_eq!(invalid(&tcp4_with(&[0x03, 0, 3, 0, 0, 0])), InvalidHeader::Tlv);
        assert_eq!(invalid(&tcp4_with(&[0x03, 0, 4, 1, 2, 3, 4])), InvalidHeader::Checksum);
        assert_eq!(invalid(&tcp4_with(&[0x20, 0, 4, 0, 0, 0, 0])), InvalidHeader::Tlv);
        assert_eq!(invalid(&tcp4_with(&[0x20, 0, 6, 0, 0, 0, 0, 0, 9])), InvalidHeader::Tlv);
        let long_id = [&[0x05, 0, 129][..], &[b'x'; 129]].concat();
        assert_eq!(invalid(&tcp4_with(&long_id)), InvalidHeader::Tlv);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let _ = parse(&[b"PROXY TCP6 ", &bytes[..]].concat());
            let _ = parse(&[&SIGNATURE_V2, &bytes[..]].concat());
            let _ = parse(&tcp4_with(&bytes));
        }

        #[test]
        fn a_changed_bit_breaks_the_checksum(bit in 0usize..(28 * 8)) {
            let good = [
                0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 0x13, 0x7f, 0, 0, 1,
                0x7f, 0, 0, 1, 0xa6, 0x1a, 0xe1, 0xe3, 3, 0, 4, 0x58, 0xbd, 0xf5, 0x9e,
            ];
            prop_assert_eq!(complete(&good).0, good.len());
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            // The command LOCAL and the family UNSPEC discard the contents, checksum included.
            let discards = bad[12] == 0x20 || bad[13] >> 4 == 0;
            let refused = matches!(parse(&bad), Parsed::Invalid(_) | Parsed::Partial);
            prop_assert!(discards || refused);
        }
    }
}
