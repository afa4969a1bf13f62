//! The PROXY protocol, versions 1 and 2: parse and write, sans-IO (proxy-protocol.txt).
//!
//! A listener with `accept-proxy` feeds the first bytes of a connection to [`parse`]; a server connection with
//! `send-proxy` or `send-proxy-v2` starts with what [`write()`] appends.

mod crc32c;
mod parse;
mod write;

pub use parse::{InvalidHeader, MAX_HEADER, Parsed, ProxyHeader, SslTlv, Tlv, Tlvs, UnixAddresses, parse};
pub use write::{SendContext, SslClient, write};

/// Signature of version 2 (section 2.2).
pub const SIGNATURE_V2: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Types of the TLV fields (section 2.2 and following).
pub mod tlv {
    /// `PP2_TYPE_ALPN`.
    pub const ALPN: u8 = 0x01;
    /// `PP2_TYPE_AUTHORITY`.
    pub const AUTHORITY: u8 = 0x02;
    /// `PP2_TYPE_CRC32C`.
    pub const CRC32C: u8 = 0x03;
    /// `PP2_TYPE_NOOP`.
    pub const NOOP: u8 = 0x04;
    /// `PP2_TYPE_UNIQUE_ID`.
    pub const UNIQUE_ID: u8 = 0x05;
    /// `PP2_TYPE_SSL`.
    pub const SSL: u8 = 0x20;
    /// `PP2_SUBTYPE_SSL_VERSION`.
    pub const SSL_VERSION: u8 = 0x21;
    /// `PP2_SUBTYPE_SSL_CN`.
    pub const SSL_CN: u8 = 0x22;
    /// `PP2_SUBTYPE_SSL_CIPHER`.
    pub const SSL_CIPHER: u8 = 0x23;
    /// `PP2_SUBTYPE_SSL_SIG_ALG`.
    pub const SSL_SIG_ALG: u8 = 0x24;
    /// `PP2_SUBTYPE_SSL_KEY_ALG`.
    pub const SSL_KEY_ALG: u8 = 0x25;
    /// `PP2_TYPE_NETNS`.
    pub const NETNS: u8 = 0x30;
}
