//! What a handshake agreed on.

use rustls::{CipherSuite, CommonState, HandshakeKind, ProtocolVersion};

/// The application protocol that was negotiated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Alpn {
    /// None was.
    #[default]
    None,
    /// `h2`.
    H2,
    /// `http/1.1`.
    Http11,
    /// Something else of the `alpn` list.
    Other(Box<[u8]>),
}

/// What a handshake agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// The application protocol.
    pub alpn: Alpn,
    /// Version as `%sslv` logs it, `TLSv1.3`.
    pub version: &'static str,
    /// Cipher as `%sslc` logs it, in OpenSSL's words.
    pub cipher: &'static str,
    /// The name the client asked for; on the side of the server, the one sent.
    pub sni: Option<Box<str>>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
}

impl TlsInfo {
    pub(super) fn new(state: &CommonState, sni: Option<&str>) -> Self {
        Self {
            alpn: match state.alpn_protocol() {
                None => Alpn::None,
                Some(b"h2") => Alpn::H2,
                Some(b"http/1.1") => Alpn::Http11,
                Some(other) => Alpn::Other(other.into()),
            },
            version: match state.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "-",
            },
            cipher: state.negotiated_cipher_suite().map_or("-", |suite| cipher_name(suite.suite())),
            sni: sni.map(Into::into),
            resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}

/// OpenSSL's name of a cipher suite.
fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        other => other.as_str().unwrap_or("-"),
    }
}
