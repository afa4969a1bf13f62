//! Heads from decoded header lists and to header blocks (RFC 9113, section 8).
//!
//! Order is kept. What arrives is judged strictly: names and values, pseudo-header fields, connection-specific fields,
//! authority against Host, lengths and counts.

mod read;
mod write;

pub(super) use read::{HeadReader, MessageKind};
pub(super) use write::{write_request, write_response, write_trailers, write_websocket};

/// Why a head is malformed (RFC 9113, section 8.1.1), or why HTTP/2 cannot carry it.
pub type Malformed = &'static str;

/// Cuts a request target into scheme, authority and path with query.
///
/// Servers over HTTP/1 are sent the third part: HTTP/2 requests carry all three.
pub fn split_target(target: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    if target.first().is_none_or(|first| matches!(first, b'/' | b'*')) {
        return (None, None, target);
    }
    let Some(colon) = memchr::memmem::find(target, b"://") else { return (None, None, target) };
    let (scheme, rest) = target.split_at(colon);
    let rest = rest.get(3..).unwrap_or_default();
    let path = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    (Some(scheme), Some(authority), path)
}

/// For each byte: what it is in lower case where it may stand in a name (RFC 9110, section 5.6.2), else 0.
static NAME: [u8; 256] = {
    let mut table = [0; 256];
    let allowed = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    let mut at = 0;
    while at < allowed.len() {
        table[allowed[at] as usize] = allowed[at];
        table[allowed[at].to_ascii_uppercase() as usize] = allowed[at];
        at += 1;
    }
    table
};

/// A name byte in lower case; 0 where it is none.
fn lower(byte: u8) -> u8 {
    NAME.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a value may be carried (RFC 9110, section 5.5): no control character but the tab.
fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..))
}

/// Whether a request target may hold a byte: as for HTTP/1, and what is not ASCII, as HAProxy.
fn is_target_byte(byte: &u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0x80..) && *byte != b'#'
}
