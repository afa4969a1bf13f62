//! HPACK: the compression of header fields (RFC 7541), bytes in and bytes out.

mod decode;
mod dynamic;
mod encode;
mod huffman;
mod integer;
mod static_table;

pub use decode::Decoder;
pub(crate) use decode::list_size;
pub use encode::Encoder;

/// Why a header block cannot be decoded. The state of the whole connection is lost with it (RFC 9113, section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HpackError {
    /// The block ends in the middle of a field.
    #[error("truncated header block")]
    Truncated,
    /// An integer of more than 28 bits.
    #[error("integer too large in a header block")]
    Integer,
    /// Neither table has an entry at this index.
    #[error("index without an entry in a header block")]
    Index,
    /// Not a sequence of codes.
    #[error("invalid Huffman code in a header block")]
    Huffman,
    /// A table size above what was announced, or where none may stand.
    #[error("invalid dynamic table size update")]
    SizeUpdate,
    /// A single string above the limit of the whole list.
    #[error("header field too large")]
    TooLarge,
}

/// What an entry costs besides its bytes (RFC 7541, section 4.1).
pub const OVERHEAD: usize = 32;

#[cfg(test)]
mod tests;
