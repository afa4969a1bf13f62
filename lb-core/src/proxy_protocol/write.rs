//! Sending side: the header in front of a server connection's first byte (`send-proxy`, `send-proxy-v2`).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::crc32c::crc32c;
use super::{SIGNATURE_V2, tlv};
use crate::config::model::SendProxy;

/// What is known about the client connection a header speaks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendContext<'a> {
    /// The client's address; without both addresses the header says UNKNOWN (version 1) or AF_UNSPEC (version 2).
    pub source: Option<SocketAddr>,
    /// The address the client connected to.
    pub destination: Option<SocketAddr>,
    /// The connection is our own (a check): version 2 says LOCAL.
    pub local: bool,
    /// ALPN negotiated with the client; sent by version 2 whenever there is one.
    pub alpn: Option<&'a [u8]>,
    /// SNI of the client, for `authority`.
    pub authority: Option<&'a [u8]>,
    /// Unique ID, for `unique-id`.
    pub unique_id: Option<&'a [u8]>,
    /// The client's TLS session, for the `ssl` options.
    pub ssl: Option<SslClient<'a>>,
}

/// What the `ssl` options of `proxy-v2-options` may tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct SslClient<'a> {
    /// TLS version, for example `TLSv1.3`.
    pub version: &'a [u8],
    /// Whether the client gave a certificate on this connection.
    pub certificate: bool,
    /// Whether it gave one during the TLS session, on this connection or before.
    pub session_certificate: bool,
    /// Result of the certificate's verification, 0 when good.
    pub verify: u32,
    /// Common name of the client's certificate.
    pub common_name: Option<&'a [u8]>,
    /// Cipher.
    pub cipher: Option<&'a [u8]>,
    /// Signature algorithm of the frontend's certificate.
    pub signature: Option<&'a [u8]>,
    /// Key algorithm of the frontend's certificate.
    pub key: Option<&'a [u8]>,
}

/// Appends the header `config` asks for.
pub fn write(out: &mut Vec<u8>, config: &SendProxy, context: &SendContext<'_>) {
    if config.version >= 2 { write_v2(out, config, context) } else { write_v1(out, context) }
}

fn write_v1(out: &mut Vec<u8>, context: &SendContext<'_>) {
    let mut line = String::with_capacity(107);
    // Writing to a String cannot fail.
    let _ = match (context.source, context.destination) {
        (Some(SocketAddr::V4(from)), Some(SocketAddr::V4(to))) => {
            write!(line, "PROXY TCP4 {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port())
        }
        (Some(from), Some(to)) => {
            let (from_ip, to_ip) = (v6(from.ip()), v6(to.ip()));
            write!(line, "PROXY TCP6 {from_ip} {to_ip} {} {}\r\n", from.port(), to.port())
        }
        _ => write!(line, "PROXY UNKNOWN\r\n"),
    };
    out.extend_from_slice(line.as_bytes());
}

fn write_v2(out: &mut Vec<u8>, config: &SendProxy, context: &SendContext<'_>) {
    let start = out.len();
    out.extend_from_slice(&SIGNATURE_V2);
    out.push(if context.local { 0x20 } else { 0x21 });
    match (context.source, context.destination) {
        _ if context.local => out.extend_from_slice(&[0, 0, 0]),
        (Some(SocketAddr::V4(from)), Some(SocketAddr::V4(to))) => {
            out.extend_from_slice(&[0x11, 0, 0]);
            out.extend_from_slice(&from.ip().octets());
            out.extend_from_slice(&to.ip().octets());
            out.extend_from_slice(&from.port().to_be_bytes());
            out.extend_from_slice(&to.port().to_be_bytes());
        }
        (Some(from), Some(to)) => {
            out.extend_from_slice(&[0x21, 0, 0]);
            out.extend_from_slice(&v6(from.ip()).octets());
            out.extend_from_slice(&v6(to.ip()).octets());
            out.extend_from_slice(&from.port().to_be_bytes());
            out.extend_from_slice(&to.port().to_be_bytes());
        }
        _ => out.extend_from_slice(&[0, 0, 0]),
    }
    let checksum_at = write_tlvs(out, config, context);
    let Some(header) = out.get_mut(start..) else { return };
    let len = u16::try_from(header.len() - 16).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(field) = header.get_mut(14..16) {
        field.copy_from_slice(&len);
    }
    if let Some(at) = checksum_at {
        let checksum = crc32c([&*header]).to_be_bytes();
        if let Some(field) = header.get_mut(at - start..at - start + 4) {
            field.copy_from_slice(&checksum);
        }
    }
}

/// Appends the fields; where the checksum stands is returned.
fn write_tlvs(out: &mut Vec<u8>, config: &SendProxy, context: &SendContext<'_>) -> Option<usize> {
    let options = &config.v2;
    let checksum_at = options.crc32c.then(|| {
        push(out, tlv::CRC32C, &[0; 4]);
        out.len() - 4
    });
    if let Some(alpn) = context.alpn.filter(|alpn| !alpn.is_empty()) {
        push(out, tlv::ALPN, alpn);
    }
    if options.authority
        && let Some(authority) = context.authority.filter(|name| !name.is_empty())
    {
        push(out, tlv::AUTHORITY, authority);
    }
    if options.unique_id
        && let Some(id) = context.unique_id.filter(|id| !id.is_empty())
    {
        push(out, tlv::UNIQUE_ID, id.get(..128).unwrap_or(id));
    }
    if options.ssl || options.cert_cn || options.ssl_cipher || options.cert_sig || options.cert_key {
        write_ssl(out, config, context.ssl.as_ref());
    }
    checksum_at
}

fn write_ssl(out: &mut Vec<u8>, config: &SendProxy, ssl: Option<&SslClient<'_>>) {
    let mut value = vec![0u8; 5];
    if let Some(ssl) = ssl {
        let client = 0x01 | if ssl.certificate { 0x02 } else { 0 } | if ssl.session_certificate { 0x04 } else { 0 };
        value.clear();
        value.push(client);
        value.extend_from_slice(&ssl.verify.to_be_bytes());
        push(&mut value, tlv::SSL_VERSION, ssl.version);
        let options = &config.v2;
        let fields = [
            (options.cert_cn && ssl.session_certificate, tlv::SSL_CN, ssl.common_name),
            (options.cert_key, tlv::SSL_KEY_ALG, ssl.key),
            (options.cert_sig, tlv::SSL_SIG_ALG, ssl.signature),
            (options.ssl_cipher, tlv::SSL_CIPHER, ssl.cipher),
        ];
        for (_, kind, field) in fields.into_iter().filter(|(wanted, ..)| *wanted) {
            if let Some(field) = field {
                push(&mut value, kind, field);
            }
        }
    } else {
        // No TLS: no bit is set and the verification did not succeed.
        value = vec![0, 0xff, 0xff, 0xff, 0xff];
    }
    push(out, tlv::SSL, &value);
}

fn push(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    // Longer values cannot stand in a field at all; names and identifiers never are.
    let Ok(len) = u16::try_from(value.len()) else { return };
    out.push(kind);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(value);
}

/// The address, IPv4 in its mapped form.
fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
