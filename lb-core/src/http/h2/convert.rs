//! Heads from decoded header lists and to header blocks (RFC 9113, section 8).
//!
//! Order is kept. What arrives is judged strictly: names and values, pseudo-header fields, connection-specific fields,
//! authority against Host, lengths and counts.

mod read;
mod write;

pub(super) use read::{HeadReader, MessageKind};
pub(super) use write::{write_request, write_response, write_trailers, write_upgrade};

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
    let allowed = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..);
    // Eight bytes at a time are looked at for what is below a blank, or DEL: nearly no value has any.
    let (eights, rest) = value.as_chunks::<8>();
    let suspicious = |eight: &[u8; 8]| {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGH: u64 = ONES << 7;
        let bytes = u64::from_ne_bytes(*eight);
        let del = bytes ^ (ONES * 0x7f);
        let below_blank = bytes.wrapping_sub(ONES * 0x20) & !bytes;
        (below_blank | (del.wrapping_sub(ONES) & !del)) & HIGH != 0
    };
    eights.iter().all(|eight| !suspicious(eight) || eight.iter().all(allowed)) && rest.iter().all(allowed)
}

/// Whether a request target may hold a byte: as for HTTP/1, and what is not ASCII, as HAProxy.
fn is_target_byte(byte: &u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0x80..) && *byte != b'#'
}

#[cfg(test)]
mod tests {
    use super::is_value;

    #[test]
    fn what_values_may_hold() {
        for length in 1..=17 {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut value = vec![if at % 2 == 0 { b'a' } else { 0xff }; length];
                    value[at] = byte;
                    let allowed = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
                    assert_eq!(is_value(&value), allowed, "{byte} at {at} of {length}");
                }
            }
        }
    }
}
