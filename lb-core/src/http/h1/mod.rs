//! HTTP/1: parse, framing, encode, sans-IO (RFC 9112).
//!
//! A message is parsed strictly into a [`Head`](crate::http::Head), its framing is judged once, and it is written anew
//! with framing of our own; no byte of a head is copied through.

pub mod chunked;
pub mod connection;
pub mod encode;
pub mod framing;
pub(crate) mod io;
pub mod parse;
mod relaxed;

pub use chunked::{ChunkError, ChunkedDecoder, Decoded, LAST_CHUNK, write_chunk_head, write_trailers};
pub use connection::{
    ConnectionHeader, ConnectionOptions, Outcome, client_body, forwards_interim, outcome, to_client, to_server,
};
pub use encode::{CaseAdjust, EncodeOptions, OutFraming, encode_request, encode_response};
pub use framing::{FramingError, RequestFraming, ResponseFraming, request_framing, response_framing};
pub use parse::{Limits, ParseError, Parsed, Preface, http2_preface, parse_request, parse_response};
