//! An HTTP/2 client that sends any header fields and tells the frames of the answer as text, for comparisons: libraries
//! refuse to send what is malformed or unusual.

use std::fmt::Write as _;
use std::net::SocketAddr;

use lb_core::http::h2::Reason;
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
        self.open(fields, true);
        let mut told = Vec::new();
        loop {
            let (_, line, ended) = self.tell();
            told.push(line);
            if ended {
                return told;
            }
        }
    }

    /// Sends the head of a request; its stream.
    pub fn open(&mut self, fields: &[(&str, &str)], end: bool) -> u32 {
        let stream = self.stream;
        self.stream += 2;
        let end = if end { flags::END_STREAM } else { 0 };
        self.wire.send(framed(kind::HEADERS, end | flags::END_HEADERS, stream, &block(fields)));
        stream
    }

    /// Sends bytes of a body.
    pub fn data(&mut self, stream: u32, bytes: &[u8], end: bool) {
        self.wire.send(framed(kind::DATA, if end { flags::END_STREAM } else { 0 }, stream, bytes));
    }

    /// Resets a stream.
    pub fn reset(&mut self, stream: u32, code: u32) {
        let mut out = Vec::new();
        frame::write_rst_stream(&mut out, stream, Reason(code));
        self.wire.send(out);
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.wire.send(bytes);
    }

    /// Closes the sending side of the connection.
    pub fn finish(&mut self) {
        self.wire.finish();
    }

    /// The next frame that is about a stream, or the connection's end: the stream, a line as in [`Self::request`], and
    /// whether nothing more will come on that stream.
    pub fn tell(&mut self) -> (u32, String, bool) {
        while let Some((header, payload)) = self.next() {
            let ended = header.has(flags::END_STREAM);
            return match header.kind {
                Kind::Headers => (header.stream, self.head(&payload), ended),
                Kind::Data => (header.stream, String::from_utf8_lossy(&payload).into_owned(), ended),
                Kind::RstStream => (header.stream, format!("reset {}", last_number(&payload)), true),
                Kind::GoAway => (0, format!("goaway {}", payload.get(4..8).map_or(0, last_number)), false),
                _ => continue,
            };
        }
        (0, "closed".to_owned(), true)
    }

    /// What the server announced of a setting, once it did; to be asked first.
    pub fn setting(&mut self, id: u16) -> Option<u32> {
        let (_, payload) = self.next()?;
        let (pairs, _) = payload.as_chunks::<6>();
        let mut values = pairs.iter().filter(|pair| pair.starts_with(&id.to_be_bytes()));
        values.next().map(|pair| last_number(pair))
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
