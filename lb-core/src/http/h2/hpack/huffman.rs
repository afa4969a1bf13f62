//! The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B).
//!
//! It is canonical: the codes follow from their lengths, so the lengths are all that is written down here.

use super::HpackError;

/// Bits of each symbol's code; the last one is EOS.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

const MAX_LENGTH: usize = 30;
const EOS: u16 = 256;

struct Tables {
    /// Code of each symbol, in its lowest bits.
    codes: [u32; 257],
    /// Symbols in the order of their codes.
    symbols: [u16; 257],
    /// For each length: its first code, and where its symbols begin.
    first: [u32; MAX_LENGTH + 1],
    offset: [u16; MAX_LENGTH + 1],
    count: [u16; MAX_LENGTH + 1],
    /// By the next eight bits: symbol and length of a code that is no longer than they are; length 0 for others.
    short: [(u8, u8); 256],
}

static TABLES: Tables = build();

const fn build() -> Tables {
    let mut tables = Tables {
        codes: [0; 257],
        symbols: [0; 257],
        first: [0; MAX_LENGTH + 1],
        offset: [0; MAX_LENGTH + 1],
        count: [0; MAX_LENGTH + 1],
        short: [(0, 0); 256],
    };
    let (mut length, mut code, mut at) = (1, 0, 0);
    while length <= MAX_LENGTH {
        code <<= 1;
        tables.first[length] = code;
        tables.offset[length] = at as u16;
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                tables.codes[symbol] = code;
                tables.symbols[at] = symbol as u16;
                if length <= 8 {
                    let (mut low, free) = (0, 8 - length);
                    while low < 1 << free {
                        tables.short[((code as usize) << free) + low] = (symbol as u8, length as u8);
                        low += 1;
                    }
                }
                code += 1;
                at += 1;
                tables.count[length] += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    tables
}

/// Appends what `coded` stands for to `out`, at most `limit` bytes.
///
/// # Errors
/// A code that is none, EOS, or padding that is longer than seven bits or not all ones (RFC 7541, section 5.2).
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), HpackError> {
    let mut bits: u64 = 0;
    let mut held = 0;
    let mut input = coded.iter();
    let end = out.len().saturating_add(limit);
    loop {
        while held <= 56 {
            let Some(byte) = input.next() else { break };
            bits |= u64::from(*byte) << (56 - held);
            held += 8;
        }
        let (symbol, length) = match TABLES.short.get((bits >> 56) as usize) {
            Some(&(symbol, length)) if length > 0 => (symbol, u32::from(length)),
            _ if held == 0 => return Ok(()),
            _ => match long(bits) {
                Some((symbol, length)) if length <= held => {
                    (u8::try_from(symbol).map_err(|_| HpackError::Huffman)?, length)
                }
                _ => return padding(bits, held),
            },
        };
        if length > held {
            return padding(bits, held);
        }
        if out.len() >= end {
            return Err(HpackError::TooLarge);
        }
        out.push(symbol);
        bits <<= length;
        held -= length;
    }
}

/// A code of more than eight bits.
fn long(bits: u64) -> Option<(u16, u32)> {
    (9..=MAX_LENGTH).find_map(|length| {
        let code = (bits >> (64 - length)) as u32;
        let place = code.checked_sub(*TABLES.first.get(length)?)?;
        if place >= u32::from(*TABLES.count.get(length)?) {
            return None;
        }
        let at = usize::from(*TABLES.offset.get(length)?) + place as usize;
        Some((*TABLES.symbols.get(at)?, length as u32))
    })
}

/// What is left at the end: the beginning of EOS, shorter than a byte.
fn padding(bits: u64, held: u32) -> Result<(), HpackError> {
    let ones = held == 0 || bits >> (64 - held) == (1 << held) - 1;
    if held < 8 && ones { Ok(()) } else { Err(HpackError::Huffman) }
}

/// Bytes that `plain` takes when coded.
pub(super) fn coded_len(plain: &[u8]) -> usize {
    let bits: usize =
        plain.iter().map(|byte| LENGTHS.get(usize::from(*byte)).map_or(0, |length| usize::from(*length))).sum();
    bits.div_ceil(8)
}

/// Appends the code of `plain`.
pub(super) fn encode(plain: &[u8], out: &mut Vec<u8>) {
    let mut bits: u64 = 0;
    let mut held = 0;
    for byte in plain {
        let symbol = usize::from(*byte);
        let (Some(code), Some(length)) = (TABLES.codes.get(symbol), LENGTHS.get(symbol)) else { return };
        bits = bits << length | u64::from(*code);
        held += u32::from(*length);
        while held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    if held > 0 {
        let eos = TABLES.codes.get(usize::from(EOS)).map_or(u64::MAX, |code| u64::from(*code));
        out.push((bits << (8 - held)) as u8 | (eos >> (30 - (8 - held))) as u8);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, HpackError> {
        let mut out = Vec::new();
        decode(coded, &mut out, 4096).map(|()| out)
    }

    /// RFC 7541, appendix B.
    #[test]
    fn codes_are_those_of_the_appendix() {
        for (symbol, code) in [
            (0, 0x1ff8),
            (b' ', 0x14),
            (b'0', 0x0),
            (b'a', 0x3),
            (b'z', 0x7b),
            (b'~', 0x1ffd),
            (127, 0xffffffc),
            (255, 0x3ffffee),
        ] {
            assert_eq!(TABLES.codes[usize::from(symbol)], code, "{symbol}");
        }
        assert_eq!(TABLES.codes[usize::from(EOS)], 0x3fffffff);
    }

    /// RFC 7541, appendix C.4 and C.6.
    #[test]
    fn strings_of_the_appendix() {
        for (plain, coded) in [
            (&b"www.example.com"[..], &b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..]),
            (b"no-cache", b"\xa8\xeb\x10\x64\x9c\xbf"),
            (b"custom-value", b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"),
            (b"302", b"\x64\x02"),
            (b"private", b"\xae\xc3\x77\x1a\x4b"),
            (b"", b""),
        ] {
            let mut out = Vec::new();
            encode(plain, &mut out);
            assert_eq!(out, coded);
            assert_eq!(coded_len(plain), coded.len());
            assert_eq!(decoded(coded).unwrap(), plain);
        }
    }

    #[test]
    fn padding_is_short_and_all_ones() {
        assert_eq!(decoded(b"\x1f").unwrap(), b"a");
        for bad in [&b"\x1e"[..], b"\x18", b"\x1f\xff", b"\xff\xff\xff\xff", b"\xff", b"\xff\xff\xff\xfc", b"\xfe"] {
            assert_eq!(decoded(bad), Err(HpackError::Huffman), "{bad:x?}");
        }
    }

    #[test]
    fn no_more_than_allowed_is_decoded() {
        assert_eq!(decode(&[0; 8], &mut Vec::new(), 3), Err(HpackError::TooLarge));
    }

    proptest! {
        #[test]
        fn round_trip(plain in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            encode(&plain, &mut out);
            prop_assert_eq!(out.len(), coded_len(&plain));
            prop_assert_eq!(decoded(&out).unwrap(), plain);
        }

        #[test]
        fn anything_is_decoded_or_refused(coded in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(plain) = decoded(&coded) {
                let mut out = Vec::new();
                encode(&plain, &mut out);
                prop_assert_eq!(out, coded);
            }
        }
    }
}
