//! Header blocks to fields (RFC 7541, section 6).

use super::dynamic::DynamicTable;
use super::{HpackError, OVERHEAD, huffman, integer, static_table};

/// The decoder of one connection.
#[derive(Debug)]
pub struct Decoder {
    table: DynamicTable,
    /// What we announced as SETTINGS_HEADER_TABLE_SIZE.
    announced: usize,
    /// Longest string that is decoded.
    max_string: usize,
    /// Decoded strings of the field being read.
    scratch: Vec<u8>,
}

/// A string of a block: in it, or decoded to the scratch buffer.
#[derive(Clone, Copy)]
enum Text<'a> {
    Plain(&'a [u8]),
    /// Start and end in the scratch buffer.
    Decoded(usize, usize),
}

impl Decoder {
    /// A decoder with a dynamic table of at most `table_size` bytes, for strings up to `max_string` bytes.
    pub fn new(table_size: usize, max_string: usize) -> Self {
        Self { table: DynamicTable::new(table_size), announced: table_size, max_string, scratch: Vec::new() }
    }

    /// Decodes a whole block and gives each field to `field`, in order. `field` tells whether it still wants any.
    ///
    /// # Errors
    /// All of them end the connection: what follows could not be decoded.
    pub fn decode(&mut self, block: &[u8], mut field: impl FnMut(&[u8], &[u8])) -> Result<(), HpackError> {
        let mut input = block;
        let mut updates_allowed = true;
        while let Some((&first, rest)) = input.split_first() {
            input = rest;
            if first & 0xe0 == 0x20 {
                if !updates_allowed {
                    return Err(HpackError::SizeUpdate);
                }
                let size = integer::decode(first, 5, &mut input)?;
                if size > self.announced {
                    return Err(HpackError::SizeUpdate);
                }
                self.table.set_max(size);
                continue;
            }
            updates_allowed = false;
            if first & 0x80 != 0 {
                let index = integer::decode(first, 7, &mut input)?;
                let (name, value) = entry(&self.table, index)?;
                field(name, value);
            } else if first & 0x40 != 0 {
                self.literal(first, 6, &mut input, true, &mut field)?;
            } else {
                // Whether it may be indexed by others concerns the next hop only, where we write anew.
                self.literal(first, 4, &mut input, false, &mut field)?;
            }
        }
        Ok(())
    }

    fn literal(
        &mut self,
        first: u8,
        prefix: u32,
        input: &mut &[u8],
        indexed: bool,
        field: &mut impl FnMut(&[u8], &[u8]),
    ) -> Result<(), HpackError> {
        self.scratch.clear();
        let index = integer::decode(first, prefix, input)?;
        let name = match index {
            0 => self.string(input)?,
            _ => {
                let (name, _) = entry(&self.table, index)?;
                if index <= static_table::LEN || !indexed {
                    let value = string(input, &mut self.scratch, self.max_string)?;
                    let value = text(value, &self.scratch);
                    field(name, value);
                    if indexed && let Some((name, _)) = static_table::get(index) {
                        self.table.add(name, value);
                    }
                    return Ok(());
                }
                // Adding an entry may evict the one whose name it takes (section 4.4).
                let start = self.scratch.len();
                self.scratch.extend_from_slice(name);
                Text::Decoded(start, self.scratch.len())
            }
        };
        let value = self.string(input)?;
        let (name, value) = (text(name, &self.scratch), text(value, &self.scratch));
        field(name, value);
        if indexed {
            self.table.add(name, value);
        }
        Ok(())
    }

    fn string<'a>(&mut self, input: &mut &'a [u8]) -> Result<Text<'a>, HpackError> {
        string(input, &mut self.scratch, self.max_string)
    }

    /// Size of the dynamic table as section 4.1 counts it.
    #[cfg(test)]
    pub(super) fn table_size(&self) -> usize {
        self.table.size()
    }
}

fn text<'a>(text: Text<'a>, scratch: &'a [u8]) -> &'a [u8] {
    match text {
        Text::Plain(bytes) => bytes,
        Text::Decoded(start, end) => scratch.get(start..end).unwrap_or_default(),
    }
}

fn entry(table: &DynamicTable, index: usize) -> Result<(&[u8], &[u8]), HpackError> {
    match static_table::get(index) {
        Some(entry) => Ok(entry),
        None => index.checked_sub(static_table::LEN + 1).and_then(|index| table.get(index)).ok_or(HpackError::Index),
    }
}

/// Reads a string (section 5.2).
fn string<'a>(input: &mut &'a [u8], scratch: &mut Vec<u8>, max: usize) -> Result<Text<'a>, HpackError> {
    let (&first, rest) = input.split_first().ok_or(HpackError::Truncated)?;
    *input = rest;
    let length = integer::decode(first, 7, input)?;
    let (bytes, rest) = input.split_at_checked(length).ok_or(HpackError::Truncated)?;
    *input = rest;
    if first & 0x80 == 0 {
        return if length <= max { Ok(Text::Plain(bytes)) } else { Err(HpackError::TooLarge) };
    }
    let start = scratch.len();
    huffman::decode(bytes, scratch, max)?;
    Ok(Text::Decoded(start, scratch.len()))
}

/// Size of a field in a header list (RFC 9113, section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE).
pub(crate) fn list_size(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + OVERHEAD
}
