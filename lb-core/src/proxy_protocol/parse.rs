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
    /// An undefined address family or transport protocol.
    #[error("undefined address family or transport")]
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
    if !local && (family > 3 || transport > 2) {
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
    if transport == 0 {
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
