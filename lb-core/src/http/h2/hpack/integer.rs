//! Integers with a prefix (RFC 7541, section 5.1).

use super::HpackError;

/// Reads an integer whose first byte, already read, has `prefix` bits of it.
pub(super) fn decode(first: u8, prefix: u32, input: &mut &[u8]) -> Result<usize, HpackError> {
    let mask = (1_usize << prefix) - 1;
    let low = usize::from(first) & mask;
    if low < mask {
        return Ok(low);
    }
    let mut value = low;
    for shift in [0, 7, 14, 21] {
        let (byte, rest) = input.split_first().ok_or(HpackError::Truncated)?;
        *input = rest;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(HpackError::Integer)
}

/// Writes an integer behind the bits of `first` that are not its prefix.
pub(super) fn encode(value: usize, prefix: u32, first: u8, out: &mut Vec<u8>) {
    let mask = (1 << prefix) - 1;
    if value < mask {
        out.push(first | value as u8);
        return;
    }
    out.push(first | mask as u8);
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// RFC 7541, appendix C.1.
    #[test]
    fn integers_of_the_appendix() {
        for (value, prefix, bytes) in [(10, 5, &[0x0a][..]), (1337, 5, &[0x1f, 0x9a, 0x0a]), (42, 8, &[0x2a])] {
            let mut out = Vec::new();
            encode(value, prefix, 0, &mut out);
            assert_eq!(out, bytes);
            let (first, mut rest) = bytes.split_first().unwrap();
            assert_eq!(decode(*first, prefix, &mut rest), Ok(value));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn every_prefix_and_its_edges() {
        for prefix in 1..=8 {
            for value in [0, 1, 2, 30, 31, 32, 126, 127, 128, 254, 255, 256, 16_383, 16_384, 1 << 20, (1 << 28) - 1] {
                let mut out = Vec::new();
                encode(value, prefix, 0, &mut out);
                let (first, mut rest) = out.split_first().unwrap();
                assert_eq!(decode(*first, prefix, &mut rest), Ok(value), "{value} {prefix}");
            }
        }
    }

    #[test]
    fn endless_and_cut_integers_are_refused() {
        assert_eq!(decode(0x1f, 5, &mut &[0x80, 0x80, 0x80, 0x80, 0][..]), Err(HpackError::Integer));
        assert_eq!(decode(0x1f, 5, &mut &[0x80][..]), Err(HpackError::Truncated));
    }
}
