//! Heads to header blocks.

use super::{Malformed, is_target_byte, is_value, lower, split_target};
use crate::http::Head;
use crate::http::h2::hpack::Encoder;
use crate::http::uri::Authority;

/// Writes the block of a request. `tls` tells the scheme when the target is not in absolute form.
///
/// # Errors
/// When HTTP/2 cannot carry it; nothing was written then.
pub(crate) fn write_request(head: &Head, tls: bool, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<(), Malformed> {
    write_as(head, head.method(), None, tls, encoder, out)
}

/// Writes the block of a request for a tunnel that speaks `protocol`: extended CONNECT (RFC 8441, section 4).
///
/// # Errors
/// When HTTP/2 cannot carry it; nothing was written then.
pub(crate) fn write_upgrade(
    head: &Head,
    protocol: &[u8],
    tls: bool,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    write_as(head, b"CONNECT", Some(protocol), tls, encoder, out)
}

fn write_as(
    head: &Head,
    method: &[u8],
    protocol: Option<&[u8]>,
    tls: bool,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let target = head.target();
    if method.is_empty() || !method.iter().all(|byte| lower(*byte) != 0) {
        return Err("method that HTTP/2 cannot carry");
    }
    check_fields(head)?;
    if method == b"CONNECT" && protocol.is_none() {
        check_authority(target, "invalid CONNECT authority")?;
        encoder.begin(out);
        encoder.method(method, out);
        encoder.authority(target, out);
    } else {
        let (scheme, authority, path) = split_target(target);
        let scheme = scheme.unwrap_or(if tls { b"https" } else { b"http" });
        let valid = scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        if !valid || !scheme.first().is_some_and(u8::is_ascii_alphabetic) {
            return Err("invalid scheme");
        }
        // A rewritten Host wins: it names what the server shall see.
        let host = head.value("host").unwrap_or_default();
        let authority = if host.is_empty() { authority.unwrap_or_default() } else { host };
        // RFC 9113, section 8.3.1: never empty, so a request without any host carries a place holder.
        let authority = if authority.is_empty() { b"localhost" } else { authority };
        check_authority(authority, "invalid authority")?;
        let asterisk = path == b"*" && method == b"OPTIONS";
        if !path.iter().all(is_target_byte) || !(asterisk || matches!(path.first(), None | Some(b'/' | b'?'))) {
            return Err("target that HTTP/2 cannot carry");
        }
        encoder.begin(out);
        encoder.method(method, out);
        encoder.scheme(scheme, out);
        encoder.authority(authority, out);
        match path.first() {
            Some(b'?') => encoder.path(&[b"/", path].concat(), out),
            None => encoder.path(b"/", out),
            Some(_) => encoder.path(path, out),
        }
        if let Some(protocol) = protocol {
            encoder.field(b":protocol", protocol, out);
        }
    }
    write_fields(head, true, encoder, out);
    Ok(())
}

/// Writes the block of a response.
///
/// # Errors
/// When HTTP/2 cannot carry it; nothing was written then.
pub(crate) fn write_response(head: &Head, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<(), Malformed> {
    if !(100..=999).contains(&head.status()) {
        return Err("invalid status");
    }
    check_fields(head)?;
    encoder.begin(out);
    encoder.status(head.status(), out);
    write_fields(head, false, encoder, out);
    Ok(())
}

/// Writes the block of trailers and says whether there was any field.
///
/// # Errors
/// When HTTP/2 cannot carry them; nothing was written then.
pub(crate) fn write_trailers(head: &Head, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<bool, Malformed> {
    check_fields(head)?;
    let nominated = head.value("connection").is_some();
    let any = head.fields().any(|(name, value)| !is_dropped(head, name, value, false, nominated));
    if any {
        encoder.begin(out);
        write_fields(head, false, encoder, out);
    }
    Ok(any)
}

fn check_authority(text: &[u8], fault: Malformed) -> Result<(), Malformed> {
    Authority::parse(text).filter(|authority| !authority.host.is_empty()).map(drop).ok_or(fault)
}

/// Everything is checked before anything is written: what the encoder has indexed cannot be taken back.
fn check_fields(head: &Head) -> Result<(), Malformed> {
    for (name, value) in head.fields() {
        if name.is_empty() || !name.iter().all(|byte| lower(*byte) != 0) {
            return Err("field name that HTTP/2 cannot carry");
        }
        if !is_value(value) {
            return Err("field value that HTTP/2 cannot carry");
        }
    }
    Ok(())
}

/// Every field that may travel over HTTP/2.
fn write_fields(head: &Head, request: bool, encoder: &mut Encoder, out: &mut Vec<u8>) {
    let nominated = head.value("connection").is_some();
    for (name, value) in head.fields() {
        if !is_dropped(head, name, value, request, nominated) {
            encoder.field(name, value, out);
        }
    }
}

/// RFC 9113, section 8.2.2. `nominated`: the head has a Connection field, which may name others.
fn is_dropped(head: &Head, name: &[u8], value: &[u8], request: bool, nominated: bool) -> bool {
    match name {
        b"connection" | b"transfer-encoding" | b"upgrade" | b"keep-alive" | b"proxy-connection" | b"http2-settings" => {
            true
        }
        b"te" => !value.eq_ignore_ascii_case(b"trailers"),
        b"host" if request => true,
        _ => nominated && is_nominated(head, name),
    }
}

/// Whether a Connection field names this one. What a message needs to be understood cannot be named away.
fn is_nominated(head: &Head, name: &[u8]) -> bool {
    let essential = matches!(name, b"content-length" | b"host" | b"te" | b"cookie" | b"set-cookie" | b"authorization");
    !essential
        && head
            .values("connection")
            .flat_map(|list| list.split(|byte| *byte == b','))
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http::Version;
    use crate::http::h2::hpack::Decoder;

    fn decode(block: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut fields = Vec::new();
        Decoder::new(4096, 16384).decode(block, |name, value| fields.push((text(name), text(value)))).unwrap();
        fields
    }

    fn request(head: &Head, tls: bool) -> Result<Vec<(String, String)>, Malformed> {
        let mut out = Vec::new();
        write_request(head, tls, &mut Encoder::default(), &mut out)?;
        Ok(decode(&out))
    }

    fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn requests() {
        let mut head = Head::request(b"GET", b"/a?b", Version::Http11);
        head.add(b"Host", b"a.test");
        head.add(b"Connection", b"close, X-Hop, host");
        head.add(b"X-Hop", b"1");
        head.add(b"TE", b"gzip");
        head.add(b"X-Other", b"2");
        let base =
            [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/a?b"), ("x-other", "2")];
        assert_eq!(request(&head, true).unwrap(), pairs(&base));
        head.set_target(b"http://b.test?c");
        let base =
            [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/?c"), ("x-other", "2")];
        assert_eq!(request(&head, true).unwrap(), pairs(&base));
        let head = Head::request(b"OPTIONS", b"*", Version::Http10);
        let base = [(":method", "OPTIONS"), (":scheme", "http"), (":authority", "localhost"), (":path", "*")];
        assert_eq!(request(&head, false).unwrap(), pairs(&base));
        let head = Head::request(b"CONNECT", b"a.test:443", Version::Http11);
        assert_eq!(request(&head, false).unwrap(), pairs(&[(":method", "CONNECT"), (":authority", "a.test:443")]));
    }

    #[test]
    fn what_cannot_be_carried_is_refused_before_anything_is_written() {
        let mut bad_value = Head::request(b"GET", b"/", Version::Http11);
        bad_value.add(b"user-agent", b"indexed");
        bad_value.add(b"x", b"a\0b");
        let mut bad_name = Head::request(b"GET", b"/", Version::Http11);
        bad_name.add(b"a b", b"c");
        let mut bad_host = Head::request(b"GET", b"/", Version::Http11);
        bad_host.add(b"Host", b"u@a.test");
        for head in [
            bad_value,
            bad_name,
            bad_host,
            Head::request(b"G T", b"/", Version::Http11),
            Head::request(b"GET", b"*", Version::Http11),
            Head::request(b"GET", b"foo", Version::Http11),
            Head::request(b"GET", b"/\x7f", Version::Http11),
            Head::request(b"CONNECT", b"u@a", Version::Http11),
        ] {
            let mut out = Vec::new();
            assert!(write_request(&head, false, &mut Encoder::default(), &mut out).is_err(), "{head:?}");
            assert!(out.is_empty());
        }
        assert!(
            write_response(&Head::response(0, b"", Version::Http11), &mut Encoder::default(), &mut Vec::new()).is_err()
        );
    }

    #[test]
    fn long_names_are_brought_to_lower_case_too() {
        let mut head = Head::response(200, b"OK", Version::Http11);
        head.add(&[b'X'; 65], b"1");
        head.add(b"Short", b"2");
        let mut out = Vec::new();
        write_response(&head, &mut Encoder::default(), &mut out).unwrap();
        assert_eq!(decode(&out), pairs(&[(":status", "200"), (&"x".repeat(65), "1"), ("short", "2")]));
    }

    #[test]
    fn trailers_without_a_field_are_none() {
        let mut head = Head::default();
        head.add(b"Connection", b"x");
        let mut out = Vec::new();
        assert_eq!(write_trailers(&head, &mut Encoder::default(), &mut out), Ok(false));
        assert!(out.is_empty());
        head.add(b"X-Sum", b"1");
        assert_eq!(write_trailers(&head, &mut Encoder::default(), &mut out), Ok(true));
        assert_eq!(decode(&out), pairs(&[("x-sum", "1")]));
    }
}
