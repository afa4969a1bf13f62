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
    // Without TLS no bit is set; HAProxy says 0 for the verification too.
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::model::ProxyV2Options;
    use crate::proxy_protocol::{Parsed, parse};

    fn written(config: &SendProxy, context: &SendContext<'_>) -> Vec<u8> {
        let mut out = b"before".to_vec();
        write(&mut out, config, context);
        out.split_off(6)
    }

    fn v1() -> SendProxy {
        SendProxy { version: 1, ..SendProxy::default() }
    }

    fn v2(options: ProxyV2Options) -> SendProxy {
        SendProxy { version: 2, v2: options, ..SendProxy::default() }
    }

    fn between(source: &str, destination: &str) -> SendContext<'static> {
        SendContext {
            source: Some(source.parse().unwrap()),
            destination: Some(destination.parse().unwrap()),
            ..SendContext::default()
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn version_1_as_haproxy_writes_it() {
        let v4 = between("127.0.0.1:44164", "127.0.0.1:37881");
        assert_eq!(written(&v1(), &v4), b"PROXY TCP4 127.0.0.1 127.0.0.1 44164 37881\r\n");
        let v6 = between("[::1]:49510", "[::1]:44877");
        assert_eq!(written(&v1(), &v6), b"PROXY TCP6 ::1 ::1 49510 44877\r\n");
        let mapped = between("[::ffff:1.2.3.4]:1000", "[::ffff:5.6.7.8]:2000");
        assert_eq!(written(&v1(), &mapped), b"PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1000 2000\r\n");
        assert_eq!(written(&v1(), &SendContext::default()), b"PROXY UNKNOWN\r\n");
        let mixed = between("[2001:db8::1]:1", "10.0.0.1:2");
        assert_eq!(written(&v1(), &mixed), b"PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 2\r\n");
    }

    #[test]
    fn version_2_as_haproxy_writes_it() {
        let v4 = between("127.0.0.1:50988", "127.0.0.1:54979");
        let bytes = hex("0d0a0d0a000d0a515549540a2111000c7f0000017f000001c72cd6c3");
        assert_eq!(written(&v2(ProxyV2Options::default()), &v4), bytes);
        let v6 = between("[::1]:36360", "[::1]:34183");
        let bytes =
            hex("0d0a0d0a000d0a515549540a21210024000000000000000000000000000000010000000000000000000000000000000\
             18e088587"
                .replace(char::is_whitespace, "")
                .as_str());
        assert_eq!(written(&v2(ProxyV2Options::default()), &v6), bytes);
        let crc = between("127.0.0.1:42522", "127.0.0.1:57827");
        let bytes = hex("0d0a0d0a000d0a515549540a211100137f0000017f000001a61ae1e303000458bdf59e");
        assert_eq!(written(&v2(ProxyV2Options { crc32c: true, ..Default::default() }), &crc), bytes);
        let local = SendContext { local: true, ..v4 };
        assert_eq!(written(&v2(ProxyV2Options::default()), &local), hex("0d0a0d0a000d0a515549540a20000000"));
        let bytes = hex("0d0a0d0a000d0a515549540a20000007030004a9b87e8f");
        assert_eq!(written(&v2(ProxyV2Options { crc32c: true, ..Default::default() }), &local), bytes);
    }

    #[test]
    fn version_2_fields_as_haproxy_writes_them() {
        let options = ProxyV2Options {
            ssl: true,
            cert_cn: true,
            crc32c: true,
            authority: true,
            unique_id: true,
            ..Default::default()
        };
        let context = SendContext { unique_id: Some(b"abc127.0.0.1"), ..between("127.0.0.1:56614", "127.0.0.1:45931") };
        let bytes = hex(
            "0d0a0d0a000d0a515549540a2111002a7f0000017f000001dd26b36b03000406d86ece05000c6162633132372e302e302e3120000\
             50000000000"
                .replace(char::is_whitespace, "")
                .as_str(),
        );
        assert_eq!(written(&v2(options), &context), bytes);
    }

    #[test]
    fn tls_fields_come_back() {
        let options = ProxyV2Options {
            ssl: true,
            cert_cn: true,
            ssl_cipher: true,
            cert_sig: true,
            cert_key: true,
            authority: true,
            crc32c: true,
            unique_id: true,
        };
        let ssl = SslClient {
            version: b"TLSv1.3",
            certificate: true,
            session_certificate: true,
            verify: 0,
            common_name: Some(b"client"),
            cipher: Some(b"TLS_AES_128_GCM_SHA256"),
            signature: Some(b"RSA-SHA256"),
            key: Some(b"RSA2048"),
        };
        let context = SendContext {
            ssl: Some(ssl),
            alpn: Some(b"h2"),
            authority: Some(b"example.com"),
            unique_id: Some(b"id-1"),
            ..between("192.0.2.1:1", "192.0.2.2:443")
        };
        let out = written(&v2(options), &context);
        let Parsed::Complete { len, header } = parse(&out) else { unreachable!("{:?}", parse(&out)) };
        assert_eq!(len, out.len());
        assert_eq!(header.tlvs.get(tlv::ALPN), Some(&b"h2"[..]));
        assert_eq!(header.tlvs.get(tlv::AUTHORITY), Some(&b"example.com"[..]));
        assert_eq!(header.tlvs.get(tlv::UNIQUE_ID), Some(&b"id-1"[..]));
        let parsed = header.tlvs.ssl().unwrap();
        assert_eq!((parsed.client, parsed.verify), (7, 0));
        assert_eq!(parsed.get(tlv::SSL_VERSION), Some(&b"TLSv1.3"[..]));
        assert_eq!(parsed.get(tlv::SSL_CN), Some(&b"client"[..]));
        assert_eq!(parsed.get(tlv::SSL_CIPHER), Some(&b"TLS_AES_128_GCM_SHA256"[..]));
        assert_eq!(parsed.get(tlv::SSL_SIG_ALG), Some(&b"RSA-SHA256"[..]));
        assert_eq!(parsed.get(tlv::SSL_KEY_ALG), Some(&b"RSA2048"[..]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            source in any::<SocketAddr>(), destination in any::<SocketAddr>(),
            version in 1u8..=2, crc32c in any::<bool>(),
            id in proptest::collection::vec(any::<u8>(), 1..128), cut in any::<prop::sample::Index>(),
        ) {
            // Flow labels and scopes are not part of the protocol.
            let plain = |address: SocketAddr| SocketAddr::new(address.ip(), address.port());
            let (source, destination) = (plain(source), plain(destination));
            let options = ProxyV2Options { crc32c, unique_id: true, ..Default::default() };
            let context = SendContext {
                source: Some(source), destination: Some(destination), unique_id: Some(&id), ..Default::default()
            };
            let mut out = written(&SendProxy { version, v2: options, ..SendProxy::default() }, &context);
            let whole = out.len();
            prop_assert_eq!(parse(&out[..cut.index(whole)]), Parsed::Partial);
            out.extend_from_slice(b"data");
            let Parsed::Complete { len, header } = parse(&out) else { return Err(TestCaseError::fail("not complete")) };
            prop_assert_eq!(len, whole);
            let both = |address: SocketAddr| match (source, destination) {
                (SocketAddr::V4(_), SocketAddr::V4(_)) => address,
                _ => SocketAddr::new(v6(address.ip()).into(), address.port()),
            };
            prop_assert_eq!(header.source, Some(both(source)));
            prop_assert_eq!(header.destination, Some(both(destination)));
            if version == 2 {
                prop_assert_eq!(header.tlvs.get(tlv::UNIQUE_ID), Some(&id[..]));
            }
        }
    }
}
