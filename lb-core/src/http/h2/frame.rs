//! Frames on the wire (RFC 9113, sections 4 and 6): reading their headers and fixed payloads, writing all of them.

use super::error::Reason;

/// Bytes before a frame's payload.
pub const HEADER: usize = 9;

/// What a client's connection begins with (section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Largest window (section 6.9.1).
pub const MAX_WINDOW: u32 = (1 << 31) - 1;

/// Frame types (section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Body bytes.
    Data,
    /// A head, or trailers.
    Headers,
    /// Priority, which is not used any more.
    Priority,
    /// The end of a stream before its time.
    RstStream,
    /// Parameters of the connection.
    Settings,
    /// A promise to answer what was not asked.
    PushPromise,
    /// A sign of life.
    Ping,
    /// The end of the connection.
    GoAway,
    /// More room.
    WindowUpdate,
    /// More of a header block.
    Continuation,
    /// Anything else; has to be ignored.
    Unknown,
}

impl Kind {
    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Data,
            1 => Self::Headers,
            2 => Self::Priority,
            3 => Self::RstStream,
            4 => Self::Settings,
            5 => Self::PushPromise,
            6 => Self::Ping,
            7 => Self::GoAway,
            8 => Self::WindowUpdate,
            9 => Self::Continuation,
            _ => Self::Unknown,
        }
    }
}

/// Flags (section 6), where they have a meaning.
pub mod flags {
    /// Of SETTINGS and PING.
    pub const ACK: u8 = 0x1;
    /// Of DATA and HEADERS.
    pub const END_STREAM: u8 = 0x1;
    /// Of HEADERS and CONTINUATION.
    pub const END_HEADERS: u8 = 0x4;
    /// Of DATA and HEADERS.
    pub const PADDED: u8 = 0x8;
    /// Of HEADERS.
    pub const PRIORITY: u8 = 0x20;
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of payload.
    pub length: usize,
    /// Type.
    pub kind: Kind,
    /// Flags as they came.
    pub flags: u8,
    /// Stream, 0 for the connection; the reserved bit is ignored.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads a header from the start of `input`; `None` where it is not complete.
    pub fn read(input: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, s0, s1, s2, s3] = input.first_chunk()?;
        Some(Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind: Kind::from_byte(kind),
            flags,
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & MAX_WINDOW,
        })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A big-endian number at the start of a payload, without its reserved bit.
pub fn read_u31(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) & MAX_WINDOW)
}

/// A payload without its padding (sections 6.1 and 6.2); `None` where the padding is longer than the payload.
pub fn strip_padding(padded: bool, payload: &[u8]) -> Option<&[u8]> {
    if !padded {
        return Some(payload);
    }
    let (&padding, rest) = payload.split_first()?;
    rest.len().checked_sub(usize::from(padding)).and_then(|length| rest.get(..length))
}

/// Identifiers and values of a SETTINGS payload whose length is a multiple of six.
pub fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> {
    payload.chunks_exact(6).filter_map(|entry| {
        let &[a, b, v0, v1, v2, v3] = entry.first_chunk()?;
        Some((u16::from_be_bytes([a, b]), u32::from_be_bytes([v0, v1, v2, v3])))
    })
}

/// Setting identifiers (section 6.5.2).
pub mod setting {
    /// Of the decoder's dynamic table.
    pub const HEADER_TABLE_SIZE: u16 = 1;
    /// Whether a server may push.
    pub const ENABLE_PUSH: u16 = 2;
    /// Streams that may be open at once.
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    /// Window of new streams.
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    /// Largest payload accepted.
    pub const MAX_FRAME_SIZE: u16 = 5;
    /// Largest header list accepted.
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
    /// Whether a server takes CONNECT with `:protocol` (RFC 8441, section 3).
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

/// Writes a frame's header.
pub fn write_header(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    let [_, a, b, c] = (length as u32).to_be_bytes();
    let [s0, s1, s2, s3] = stream.to_be_bytes();
    out.extend_from_slice(&[a, b, c, kind, flags, s0, s1, s2, s3]);
}

/// Type bytes that [`write_header`] takes.
pub mod kind {
    /// DATA.
    pub const DATA: u8 = 0;
    /// HEADERS.
    pub const HEADERS: u8 = 1;
    /// CONTINUATION.
    pub const CONTINUATION: u8 = 9;
}

/// Writes RST_STREAM.
pub fn write_rst_stream(out: &mut Vec<u8>, stream: u32, reason: Reason) {
    write_header(out, 4, 3, 0, stream);
    out.extend_from_slice(&reason.0.to_be_bytes());
}

/// Writes SETTINGS.
pub fn write_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    write_header(out, settings.len() * 6, 4, 0, 0);
    for (identifier, value) in settings {
        out.extend_from_slice(&identifier.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Writes the acknowledgement of a SETTINGS.
pub fn write_settings_ack(out: &mut Vec<u8>) {
    write_header(out, 0, 4, flags::ACK, 0);
}

/// Writes PING.
pub fn write_ping(out: &mut Vec<u8>, ack: bool, payload: [u8; 8]) {
    write_header(out, 8, 6, if ack { flags::ACK } else { 0 }, 0);
    out.extend_from_slice(&payload);
}

/// Writes GOAWAY.
pub fn write_goaway(out: &mut Vec<u8>, last_stream: u32, reason: Reason) {
    write_header(out, 8, 7, 0, 0);
    out.extend_from_slice(&last_stream.to_be_bytes());
    out.extend_from_slice(&reason.0.to_be_bytes());
}

/// Writes WINDOW_UPDATE.
pub fn write_window_update(out: &mut Vec<u8>, stream: u32, increment: u32) {
    write_header(out, 4, 8, 0, stream);
    out.extend_from_slice(&increment.to_be_bytes());
}

/// Frames the header block that begins behind `start`, where room for one frame header was left: further frames are
/// put in between where it is longer than `max` (section 6.10).
pub fn frame_block(out: &mut Vec<u8>, start: usize, max: usize, stream: u32, end_stream: bool) {
    let block = out.len().saturating_sub(start + HEADER);
    let end = if end_stream { flags::END_STREAM } else { 0 };
    let patch = |out: &mut Vec<u8>, at: usize, length: usize, kind: u8, flags: u8| {
        let mut header = Vec::with_capacity(HEADER);
        write_header(&mut header, length, kind, flags, stream);
        if let Some(place) = out.get_mut(at..at + HEADER) {
            place.copy_from_slice(&header);
        }
    };
    if block <= max {
        return patch(out, start, block, kind::HEADERS, end | flags::END_HEADERS);
    }
    let rest = out.split_off(start + HEADER + max);
    patch(out, start, max, kind::HEADERS, end);
    let mut pieces = rest.chunks(max).peekable();
    while let Some(piece) = pieces.next() {
        let last = if pieces.peek().is_none() { flags::END_HEADERS } else { 0 };
        write_header(out, piece.len(), kind::CONTINUATION, last, stream);
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        write_rst_stream(&mut out, 5, Reason::CANCEL);
        write_settings(&mut out, &[(setting::INITIAL_WINDOW_SIZE, 7), (setting::MAX_FRAME_SIZE, 16384)]);
        write_settings_ack(&mut out);
        write_ping(&mut out, true, [9; 8]);
        write_goaway(&mut out, 3, Reason::NO_ERROR);
        write_window_update(&mut out, 0, 1000);
        let mut input = &out[..];
        let mut next = || {
            let header = FrameHeader::read(input).unwrap();
            let payload = &input[HEADER..HEADER + header.length];
            input = &input[HEADER + header.length..];
            (header, payload)
        };
        let (header, payload) = next();
        assert_eq!((header.kind, header.stream, read_u31(payload)), (Kind::RstStream, 5, Some(8)));
        let (header, payload) = next();
        assert_eq!((header.kind, settings(payload).collect::<Vec<_>>()), (Kind::Settings, vec![(4, 7), (5, 16384)]));
        assert!(next().0.has(flags::ACK));
        assert_eq!(next().1, [9; 8]);
        assert_eq!(read_u31(next().1), Some(3));
        assert_eq!(read_u31(next().1), Some(1000));
        assert_eq!(FrameHeader::read(&out[..8]), None);
        assert_eq!(
            FrameHeader::read(&[0, 0, 0, 77, 0, 0x80, 0, 0, 1]).map(|header| (header.kind, header.stream)),
            Some((Kind::Unknown, 1))
        );
    }

    #[test]
    fn padding_is_cut_off() {
        assert_eq!(strip_padding(true, b"\x02ab\0\0"), Some(&b"ab"[..]));
        assert_eq!(strip_padding(true, b"\x02\0\0"), Some(&b""[..]));
        assert_eq!(strip_padding(true, b"\x03\0\0"), None);
        assert_eq!(strip_padding(true, b""), None);
        assert_eq!(strip_padding(false, b"ab"), Some(&b"ab"[..]));
    }

    #[test]
    fn long_blocks_are_continued() {
        let mut out = b"before".to_vec();
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        out.extend((0..25).map(|at| at as u8));
        frame_block(&mut out, start, 10, 7, true);
        let mut input = &out[start..];
        let mut block = Vec::new();
        for (kind, flags, length) in [
            (Kind::Headers, flags::END_STREAM, 10),
            (Kind::Continuation, 0, 10),
            (Kind::Continuation, flags::END_HEADERS, 5),
        ] {
            let header = FrameHeader::read(input).unwrap();
            assert_eq!(header, FrameHeader { length, kind, flags, stream: 7 });
            block.extend_from_slice(&input[HEADER..HEADER + length]);
            input = &input[HEADER + length..];
        }
        assert!(input.is_empty());
        assert_eq!(block, (0..25).collect::<Vec<u8>>());
    }
}
