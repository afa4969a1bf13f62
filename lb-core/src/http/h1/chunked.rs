//! The chunked coding (RFC 9112, section 7.1): decoded inside the buffer it was read into.

use std::ops::Range;

use super::parse::offsets;
use crate::http::message::{Head, RawField, RawStart, Version};

/// The end of a chunked body without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Longest chunk-size line.
const MAX_LINE: u32 = 4096;
/// All bytes of extensions and padding that one body may spend: they carry nothing and cost CPU.
const MAX_EXTENSIONS: u32 = 16 * 1024;
/// Bytes of a trailer section.
const MAX_TRAILER: usize = 8 * 1024;
/// Fields of a trailer section.
const MAX_TRAILER_FIELDS: usize = 64;

/// Why a chunked body was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// No hexadecimal digit, or something else than an extension behind them.
    #[error("invalid chunk size")]
    Size,
    /// A size above 2^63 - 1.
    #[error("chunk size too large")]
    Overflow,
    /// A line or a chunk's data that does not end with CRLF.
    #[error("missing CRLF in chunked body")]
    LineEnd,
    /// More chunk extensions than we are willing to skip.
    #[error("chunk extensions too long")]
    Extension,
    /// A trailer section with a malformed field.
    #[error("invalid trailer field")]
    Trailer,
    /// A trailer section above the bounds.
    #[error("trailer section too large")]
    TrailerTooLarge,
}

/// What [`ChunkedDecoder::decode`] did to a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Raw bytes that are used up; what follows them belongs to the next call or, after `done`, to the next message.
    pub consumed: usize,
    /// Where the payload now lies in the window, in one piece.
    pub payload: Range<usize>,
    /// Whether the last chunk and the trailer section are complete.
    pub done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a size; whether one was seen.
    Size {
        value: u64,
        any: bool,
    },
    /// Behind the size, in padding or an extension.
    Extension {
        value: u64,
        padding: bool,
    },
    /// In a quoted string of an extension; whether the byte before was a backslash.
    Quoted {
        value: u64,
        escaped: bool,
    },
    /// Behind the CR of a size line.
    SizeEnd {
        value: u64,
    },
    /// In a chunk's data.
    Data {
        left: u64,
    },
    /// Behind a chunk's data.
    DataEnd {
        cr: bool,
    },
    /// In the trailer section.
    Trailer,
    Done,
}

/// An incremental decoder of one chunked body.
#[derive(Clone, Debug)]
pub struct ChunkedDecoder {
    state: State,
    line: u32,
    extensions: u32,
    trailer: Vec<u8>,
    trailers: Option<Box<Head>>,
}

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkedDecoder {
    /// A decoder at the start of a body.
    pub fn new() -> Self {
        Self {
            state: State::Size { value: 0, any: false },
            line: 0,
            extensions: 0,
            trailer: Vec::new(),
            trailers: None,
        }
    }

    /// Decodes as much of `buf` as is there and moves the payload of all its chunks into one piece.
    ///
    /// A window within one chunk is not touched at all. After an error the decoder must not be used again.
    pub fn decode(&mut self, buf: &mut [u8]) -> Result<Decoded, ChunkError> {
        let mut read = 0;
        let mut payload = 0..0;
        while read < buf.len() && self.state != State::Done {
            if let State::Data { left } = self.state {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len() - read);
                if payload.is_empty() {
                    payload = read..read + take;
                } else {
                    buf.copy_within(read..read + take, payload.end);
                    payload.end += take;
                }
                read += take;
                self.advance(take as u64);
            } else if self.state == State::Trailer {
                read += self.read_trailer(buf.get(read..).unwrap_or_default())?;
            } else {
                let Some(byte) = buf.get(read) else { break };
                self.step(*byte)?;
                read += 1;
            }
        }
        Ok(Decoded { consumed: read, payload, done: self.state == State::Done })
    }

    /// Judges `buf` as what comes next without taking it; says whether it completes the body.
    pub fn judge(&self, buf: &[u8]) -> Result<bool, ChunkError> {
        let mut ahead = self.clone();
        let mut read = 0;
        while ahead.state != State::Done {
            let rest = buf.get(read..).unwrap_or_default();
            let Some(byte) = rest.first() else { return Ok(false) };
            if let State::Data { left } = ahead.state {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                ahead.advance(take as u64);
                read += take;
            } else if ahead.state == State::Trailer {
                read += ahead.read_trailer(rest)?;
            } else {
                ahead.step(*byte)?;
                read += 1;
            }
        }
        Ok(true)
    }

    /// Bytes left of the chunk whose data comes next; 0 where framing comes next.
    ///
    /// A forwarder may move that many raw bytes past the decoder (splice), then call [`ChunkedDecoder::advance`].
    pub fn data_left(&self) -> u64 {
        match self.state {
            State::Data { left } => left,
            _ => 0,
        }
    }

    /// Says that `len` bytes of a chunk's data, at most [`ChunkedDecoder::data_left`], went another way.
    pub fn advance(&mut self, len: u64) {
        if let State::Data { left } = self.state {
            let left = left.saturating_sub(len);
            self.state = if left == 0 { State::DataEnd { cr: false } } else { State::Data { left } };
        }
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Trailer fields, once the body is complete; without those that may not stand there.
    pub fn trailers(&self) -> Option<&Head> {
        self.trailers.as_deref().filter(|trailers| !trailers.is_empty())
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) -> Result<(), ChunkError> {
        self.line = self.line.saturating_add(1);
        if self.line > MAX_LINE {
            return Err(ChunkError::Extension);
        }
        self.state = match (self.state, byte) {
            (State::Size { value, .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if value >> 59 != 0 {
                    return Err(ChunkError::Overflow);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                State::Size { value: value << 4 | u64::from(digit), any: true }
            }
            (State::Size { value, any: true }, b'\r') => State::SizeEnd { value },
            (State::Size { value, any: true }, b';') => State::Extension { value, padding: false },
            // Old servers fill the size up with spaces, and white space may precede an extension.
            (State::Size { value, any: true }, b' ' | b'\t') => State::Extension { value, padding: true },
            (State::Size { .. }, b'\n') => return Err(ChunkError::LineEnd),
            (State::Size { .. }, _) => return Err(ChunkError::Size),
            (State::Extension { value, .. }, b'\r') => State::SizeEnd { value },
            (State::Extension { .. } | State::Quoted { .. }, b'\n') => return Err(ChunkError::LineEnd),
            (State::Extension { value, padding }, byte) => {
                self.spend()?;
                match byte {
                    b' ' | b'\t' => State::Extension { value, padding },
                    b';' => State::Extension { value, padding: false },
                    _ if padding || is_control(byte) => return Err(ChunkError::Size),
                    b'"' => State::Quoted { value, escaped: false },
                    _ => State::Extension { value, padding },
                }
            }
            (State::Quoted { value, escaped }, byte) => {
                self.spend()?;
                match byte {
                    byte if is_control(byte) && byte != b'\t' => return Err(ChunkError::Size),
                    b'"' if !escaped => State::Extension { value, padding: false },
                    byte => State::Quoted { value, escaped: byte == b'\\' && !escaped },
                }
            }
            (State::SizeEnd { value }, b'\n') => {
                self.line = 0;
                if value == 0 { State::Trailer } else { State::Data { left: value } }
            }
            (State::DataEnd { cr: false }, b'\r') => State::DataEnd { cr: true },
            (State::DataEnd { cr: true }, b'\n') => {
                self.line = 0;
                State::Size { value: 0, any: false }
            }
            _ => return Err(ChunkError::LineEnd),
        };
        Ok(())
    }

    fn spend(&mut self) -> Result<(), ChunkError> {
        self.extensions += 1;
        if self.extensions > MAX_EXTENSIONS { Err(ChunkError::Extension) } else { Ok(()) }
    }

    /// Takes one line of the trailer section, or what is there of it.
    fn read_trailer(&mut self, bytes: &[u8]) -> Result<usize, ChunkError> {
        if self.trailer.is_empty() && bytes.starts_with(b"\r\n") {
            self.state = State::Done;
            return Ok(2);
        }
        let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
        let len = end.unwrap_or(bytes.len());
        if self.trailer.len() + len > MAX_TRAILER {
            return Err(ChunkError::TrailerTooLarge);
        }
        self.trailer.extend_from_slice(bytes.get(..len).unwrap_or_default());
        if end.is_some() {
            if !self.trailer.ends_with(b"\r\n") {
                return Err(ChunkError::LineEnd);
            }
            if self.trailer == b"\r\n" {
                self.state = State::Done;
            } else if self.trailer.ends_with(b"\r\n\r\n") {
                self.trailers = Some(Box::new(parse_trailers(&self.trailer)?));
                self.state = State::Done;
            }
        }
        Ok(len)
    }
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

fn parse_trailers(raw: &[u8]) -> Result<Head, ChunkError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_TRAILER_FIELDS];
    let fields = match httparse::parse_headers(raw, &mut headers) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        Err(httparse::Error::TooManyHeaders) => return Err(ChunkError::TrailerTooLarge),
        Ok(httparse::Status::Partial) | Err(_) => return Err(ChunkError::Trailer),
    };
    let mut head = Head::default();
    let allowed = fields.iter().filter(|field| !is_forbidden_trailer(field.name.as_bytes()));
    let start = RawStart::Response { status: 0, reason: 0..0, version: Version::Http11 };
    head.fill_iter(
        raw,
        start,
        allowed.map(|f| RawField { name: offsets(raw, f.name.as_bytes()), value: offsets(raw, f.value) }),
    );
    Ok(head)
}

/// Fields that change framing, routing, authentication or how content is read. By the time a trailer comes these
/// decisions are made, so a later reader must not be offered another version of them (RFC 9110, section 6.5.1).
pub fn is_forbidden_trailer(name: &[u8]) -> bool {
    const FORBIDDEN: &[&str] = &[
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-forwarded-for",
    ];
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden.as_bytes()))
}

/// Writes the line before a chunk of `len` bytes; `out[..n]` is to be sent. The data is followed by CRLF.
pub fn write_chunk_head(len: u64, out: &mut [u8; 18]) -> usize {
    let digits = (16 - len.leading_zeros() as usize / 4).max(1);
    let mut rest = len;
    for slot in out.iter_mut().take(digits).rev() {
        *slot = char::from_digit((rest & 15) as u32, 16).map_or(b'0', |digit| digit as u8);
        rest >>= 4;
    }
    for (slot, byte) in out.iter_mut().skip(digits).zip(*b"\r\n") {
        *slot = byte;
    }
    digits + 2
}

/// Appends the last chunk with these trailer fields.
pub fn write_trailers(trailers: &Head, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.fields().filter(|(name, _)| !is_forbidden_trailer(name)) {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes with windows of `step` new bytes; returns the payload, the bytes left over and the decoder.
    fn decode(raw: &[u8], step: usize) -> Result<(Vec<u8>, Vec<u8>, ChunkedDecoder), ChunkError> {
        let mut decoder = ChunkedDecoder::new();
        let mut payload = Vec::new();
        let mut at = 0;
        while at < raw.len() && !decoder.is_done() {
            let mut window = raw[at..raw.len().min(at + step)].to_vec();
            let decoded = decoder.decode(&mut window)?;
            payload.extend_from_slice(&window[decoded.payload]);
            assert!(decoded.done || decoded.consumed == window.len());
            at += decoded.consumed;
        }
        Ok((payload, raw[at..].to_vec(), decoder))
    }

    #[test]
    fn chunks_become_one_piece() {
        let mut window = b"5\r\nhello\r\n1;a=b\r\n,\r\n6  \r\n world\r\n000\r\n\r\nnext".to_vec();
        let len = window.len();
        let mut decoder = ChunkedDecoder::new();
        let decoded = decoder.decode(&mut window).unwrap();
        assert_eq!(&window[decoded.payload], b"hello, world");
        assert_eq!((decoded.consumed, decoded.done), (len - 4, true));
        assert!(decoder.trailers().is_none());
        assert_eq!(decoder.decode(b"next".to_vec().as_mut_slice()).unwrap().consumed, 0);
    }

    #[test]
    fn a_window_within_one_chunk_stays_where_it_is() {
        let mut decoder = ChunkedDecoder::new();
        decoder.decode(b"ffffff\r\n".to_vec().as_mut_slice()).unwrap();
        assert_eq!(decoder.data_left(), 0xff_ffff);
        let mut window = vec![b'x'; 1000];
        assert_eq!(decoder.decode(&mut window).unwrap(), Decoded { consumed: 1000, payload: 0..1000, done: false });
        decoder.advance(0xff_ffff - 1001);
        assert_eq!(decoder.data_left(), 1);
        let mut window = b"x\r\n0\r\n\r\n".to_vec();
        assert_eq!(decoder.decode(&mut window).unwrap(), Decoded { consumed: 8, payload: 0..1, done: true });
    }

    #[test]
    fn trailers_lose_what_may_not_stand_there() {
        let raw = b"1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 3\r\nhost: b\r\nTransfer-Encoding: x\r\nEnd:\r\n\r\nGET";
        for step in 1..raw.len() {
            let (payload, rest, decoder) = decode(raw, step).unwrap();
            assert_eq!((&payload[..], &rest[..]), (&b"x"[..], &b"GET"[..]));
            let trailers = decoder.trailers().unwrap();
            assert_eq!(trailers.fields().collect::<Vec<_>>(), [(&b"x-sum"[..], &b"1"[..]), (b"end", b"")]);
            let mut out = Vec::new();
            write_trailers(trailers, &mut out);
            assert_eq!(out, b"0\r\nx-sum: 1\r\nend: \r\n\r\n");
        }
    }

    #[test]
    fn malformed_bodies() {
        use ChunkError as E;
        let long = format!("1;{}\r\nx\r\n", "a".repeat(MAX_LINE as usize));
        let many = format!("1;{}\r\nx\r\n", "a".repeat(4000)).repeat(5);
        let trailer = format!("0\r\nx: {}\r\n\r\n", "a".repeat(MAX_TRAILER));
        let fields = format!("0\r\n{}\r\n", "x: y\r\n".repeat(MAX_TRAILER_FIELDS + 1));
        for (raw, error) in [
            ("\r\n", E::Size),
            (" 1\r\n", E::Size),
            ("0x1\r\n", E::Size),
            ("+1\r\n", E::Size),
            ("-1\r\n", E::Size),
            ("g\r\n", E::Size),
            (";a\r\n", E::Size),
            ("1 1\r\n", E::Size),
            ("1 a\r\n", E::Size),
            ("1;\0\r\n", E::Size),
            ("1;a=\"\0\"\r\n", E::Size),
            ("1;a=\"b\r\n", E::Size),
            ("1;a=\"\nb\"\r\n", E::LineEnd),
            ("1;\n", E::LineEnd),
            ("1\nx\n0\n\n", E::LineEnd),
            ("1\rx", E::LineEnd),
            ("1\r\nxy", E::LineEnd),
            ("1\r\nx\n", E::LineEnd),
            ("1\r\nx\rx", E::LineEnd),
            ("8000000000000000\r\n", E::Overflow),
            ("10000000000000002\r\n", E::Overflow),
            ("ffffffffffffffffffff\r\n", E::Overflow),
            ("0\r\n\n", E::LineEnd),
            ("0\r\nx: y\n\r\n", E::LineEnd),
            ("0\r\nx: y\r\n\n", E::LineEnd),
            ("0\r\nx\r\n\r\n", E::Trailer),
            ("0\r\nx : y\r\n\r\n", E::Trailer),
            ("0\r\nx: y\r\n z\r\n\r\n", E::Trailer),
            ("0\r\nx: \0\r\n\r\n", E::Trailer),
            ("0\r\nx: y\rz\r\n\r\n", E::Trailer),
            (&long, E::Extension),
            (&many, E::Extension),
            (&trailer, E::TrailerTooLarge),
            (&fields, E::TrailerTooLarge),
        ] {
            assert_eq!(ChunkedDecoder::new().judge(raw.as_bytes()), Err(error), "{raw:.40?}");
            for step in [1, 2, 3, usize::MAX - raw.len()] {
                assert_eq!(decode(raw.as_bytes(), step).map(|_| ()), Err(error), "{step} {:.40?}", raw);
            }
        }
    }

    #[test]
    fn extensions_are_dropped() {
        for line in ["1;a", "1;a=b;c=d", "1;a=\"x;y\\\"z\tw\"", "1 ;a = b", "1\t", "0000000000000000000000001", "1;"] {
            let raw = format!("{line}\r\nx\r\n0\r\n\r\n");
            for step in 1..raw.len() + 1 {
                assert_eq!(decode(raw.as_bytes(), step).unwrap().0, b"x", "{line}");
            }
        }
    }

    #[test]
    fn chunk_heads() {
        for (len, text) in [
            (0, "0\r\n"),
            (1, "1\r\n"),
            (15, "f\r\n"),
            (16, "10\r\n"),
            (0x4000, "4000\r\n"),
            (u64::MAX, "ffffffffffffffff\r\n"),
        ] {
            let mut out = [0; 18];
            let n = write_chunk_head(len, &mut out);
            assert_eq!(&out[..n], text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn splits_do_not_matter(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8), step in 1usize..80) {
            let mut raw = Vec::new();
            for chunk in &chunks {
                let mut head = [0; 18];
                let n = write_chunk_head(chunk.len() as u64, &mut head);
                raw.extend_from_slice(&head[..n]);
                raw.extend_from_slice(chunk);
                raw.extend_from_slice(b"\r\n");
            }
            raw.extend_from_slice(LAST_CHUNK);
            raw.extend_from_slice(b"rest");
            let (payload, rest, _) = decode(&raw, step).unwrap();
            prop_assert_eq!(ChunkedDecoder::new().judge(&raw), Ok(true));
            let end = raw.len() - rest.len();
            prop_assert_eq!(ChunkedDecoder::new().judge(&raw[..end - 1 - step % end]), Ok(false));
            prop_assert_eq!(payload, chunks.concat());
            prop_assert_eq!(&rest[..], b"rest");
        }

        #[test]
        fn garbage_never_panics_and_splits_do_not_matter(raw: Vec<u8>, step in 1usize..20) {
            let raw = [b"3\r\nabc\r\n", &raw[..]].concat();
            let whole = decode(&raw, raw.len()).map(|(payload, rest, _)| (payload, rest));
            let split = decode(&raw, step).map(|(payload, rest, _)| (payload, rest));
            prop_assert_eq!(&whole, &split);
            prop_assert_eq!(ChunkedDecoder::new().judge(&raw).err(), whole.err());
        }
    }
}
