//! An HTTP/2 client that sends any header fields and tells the frames of the answer as text, for comparisons: libraries
//! refuse to send what is malformed or unusual.

use std::fmt::Write as _;
use std::net::SocketAddr;

use lb_core::http::h2::frame::{self, FrameHeader, HEADER, Kind, PREFACE, flags, kind};
use lb_core::http::h2::hpack::Decoder;

use crate::Wire;

/// The type of SETTINGS frames (RFC 9113, section 6.5).
const SETTINGS: u8 = 4;

/// A connection that speaks frames.
pub struct Frames {
    wire: Wire,
    decoder: Decoder,
    stream: u32,
}

impl Frames {
    /// Connects and says the preface.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let mut wire = Wire::connect(address);
        wire.send(PREFACE).send(framed(SETTINGS, 0, 0, &[]));
        Self { wire, decoder: Decoder::new(4096, 65536), stream: 1 }
    }

    /// Sends a request without body and tells what came for it, one line for each frame: `:status: 200; name: value`, the
    /// bytes of the body, `reset 1`, `goaway 1` or `closed`.
    pub fn request(&mut self, fields: &[(&str, &str)]) -> Vec<String> {
        let stream = self.stream;
        self.stream += 2;
        self.wire.send(framed(kind::HEADERS, flags::END_STREAM | flags::END_HEADERS, stream, &block(fields)));
        let mut told = Vec::new();
        while let Some((header, payload)) = self.next() {
            match header.kind {
                Kind::Headers => told.push(self.head(&payload)),
                Kind::Data => told.push(String::from_utf8_lossy(&payload).into_owned()),
                Kind::RstStream => {
                    told.push(format!("reset {}", last_number(&payload)));
                    return told;
                }
                Kind::GoAway => {
                    told.push(format!("goaway {}", payload.get(4..8).map_or(0, last_number)));
                    continue;
                }
                _ => continue,
            }
            if header.has(flags::END_STREAM) {
                return told;
            }
        }
        told.push("closed".to_owned());
        told
    }

    fn next(&mut self) -> Option<(FrameHeader, Vec<u8>)> {
        let header = FrameHeader::read(&self.wire.read_exactly(HEADER).ok()?)?;
        let payload = self.wire.read_exactly(header.length).ok()?;
        if header.kind == Kind::Settings && !header.has(flags::ACK) {
            let _ = self.wire.try_send(framed(SETTINGS, flags::ACK, 0, &[]));
        }
        Some((header, payload))
    }

    fn head(&mut self, payload: &[u8]) -> String {
        let mut text = String::new();
        let decoded = self.decoder.decode(payload, |name, value| {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            let _ = write!(text, "{}{name}: {value}", if text.is_empty() { "" } else { "; " });
        });
        match decoded {
            Ok(()) => text,
            Err(error) => format!("{error:?}"),
        }
    }
}

/// The number at the end of a payload.
fn last_number(payload: &[u8]) -> u32 {
    payload.last_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// A frame with its header.
pub fn framed(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_header(&mut out, payload.len(), kind, flags, stream);
    out.extend_from_slice(payload);
    out
}

/// A header block of literal fields, without the help of any table.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "{text} is too long");
            out.push(u8::try_from(text.len()).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}
