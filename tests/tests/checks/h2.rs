//! What a check says over HTTP/2, as text.

use std::fmt::Write as _;

use lb_core::http::h2::frame::{FrameHeader, HEADER, Kind, PREFACE, flags};
use lb_core::http::h2::hpack::Decoder;

/// The requests in what a client sent, and whether the last of them is whole. Fields are sorted and the authority is the
/// host, which HAProxy sends as it is written; the scheme, which it always calls https, is left out.
pub(crate) fn requests(bytes: &[u8]) -> (String, bool) {
    let (mut text, mut whole) = (String::new(), false);
    let mut decoder = Decoder::new(4096, 65536);
    let mut rest = bytes.strip_prefix(PREFACE).unwrap_or_default();
    while let Some(header) = FrameHeader::read(rest) {
        let Some(payload) = rest.get(HEADER..HEADER + header.length) else { break };
        rest = &rest[HEADER + header.length..];
        match header.kind {
            Kind::Headers => {
                let mut fields = Vec::new();
                let decoded = decoder.decode(payload, |name, value| {
                    let field = format!("{}: {}", name.escape_ascii(), value.escape_ascii());
                    match field.strip_prefix(":authority: ") {
                        Some("localhost") => {}
                        Some(authority) => fields.push(format!("host: {authority}")),
                        None if name == b":scheme" => {}
                        None => fields.push(field),
                    }
                });
                assert!(decoded.is_ok());
                fields.sort();
                let _ = writeln!(text, "{}", fields.join("; "));
            }
            Kind::Data => {
                let _ = writeln!(text, "{}", payload.escape_ascii());
            }
            _ => continue,
        }
        whole = header.has(flags::END_STREAM);
    }
    (text, whole)
}
