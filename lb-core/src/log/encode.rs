//! How values are made safe for a log line (configuration.txt, section 8.6).

use super::format::Flags;

/// Which characters are written as `#XX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Control characters, bytes from 127, `"` and `#`.
    Uri,
    /// The same and `{`, `|`, `}`: captured headers.
    Header,
    /// Nothing: names that come from the configuration.
    Plain,
    /// Control characters: expressions in log lines.
    Sample,
    /// Control characters but the tab, as `%XX`: expressions in what rules write into messages.
    Http,
}

const URI: u8 = 1;
const HEADER: u8 = 2;
const ESCAPE: u8 = 4;
const SAMPLE: u8 = 8;
const HTTP: u8 = 16;

/// What each byte needs, as bits.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if byte < 32 || byte > 126 || byte == b'"' as usize || byte == b'#' as usize {
            classes[byte] |= URI | HEADER;
        }
        if matches!(byte as u8, b'{' | b'|' | b'}') {
            classes[byte] |= HEADER;
        }
        if matches!(byte as u8, b'"' | b'\\' | b']') {
            classes[byte] |= ESCAPE;
        }
        if byte < 32 || byte == 127 {
            classes[byte] |= SAMPLE;
            if byte != b'\t' as usize {
                classes[byte] |= HTTP;
            }
        }
        byte += 1;
    }
    classes
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `value` with every unsafe character written as `#XX`, then, with the E flag, `"`, `\` and `]` escaped.
pub(super) fn encode(out: &mut Vec<u8>, value: &[u8], encoding: Encoding, flags: Flags) {
    let encoded = match encoding {
        Encoding::Plain => 0,
        Encoding::Uri => URI,
        Encoding::Header => HEADER,
        Encoding::Sample => SAMPLE,
        Encoding::Http => HTTP,
    };
    if encoded == 0 && !flags.escape {
        return out.extend_from_slice(value);
    }
    let mark = if encoding == Encoding::Http { b'%' } else { b'#' };
    let special = encoded | if flags.escape { ESCAPE } else { 0 };
    let class = |byte: u8| CLASSES.get(byte as usize).copied().unwrap_or(URI);
    let mut rest = value;
    while let Some(at) = rest.iter().position(|&byte| class(byte) & special != 0) {
        let (clean, tail) = rest.split_at(at);
        out.extend_from_slice(clean);
        let Some((&byte, tail)) = tail.split_first() else { return };
        if class(byte) & encoded != 0 {
            out.extend_from_slice(&[mark, hex_digit(byte >> 4), hex_digit(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', byte]);
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
}

fn hex_digit(nibble: u8) -> u8 {
    HEX.get(nibble as usize & 15).copied().unwrap_or(b'0')
}

/// The digits of 00 to 99.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

fn pair(number: u64) -> [u8; 2] {
    PAIRS.get(number as usize).copied().unwrap_or_default()
}

/// Appends a decimal number.
#[inline]
pub(super) fn decimal(out: &mut Vec<u8>, value: u64) {
    // As most numbers of a line are.
    if value < 10 {
        return out.push(b'0' + value as u8);
    }
    several_digits(out, value);
}

fn several_digits(out: &mut Vec<u8>, value: u64) {
    match value {
        0..100 => out.extend_from_slice(&pair(value)),
        100..1000 => {
            let [tens, units] = pair(value % 100);
            out.extend_from_slice(&[b'0' + (value / 100) as u8, tens, units]);
        }
        1000..10_000 => {
            let ([thousands, hundreds], [tens, units]) = (pair(value / 100), pair(value % 100));
            out.extend_from_slice(&[thousands, hundreds, tens, units]);
        }
        _ => long_decimal(out, value),
    }
}

fn long_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut length = 0;
    for two in digits.rchunks_exact_mut(2) {
        two.copy_from_slice(&pair(value % 100));
        length += if value < 10 { 1 } else { 2 };
        value /= 100;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}

/// Appends a decimal number padded with zeros to `width` digits.
pub(super) fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut limit = 10u64;
    for _ in 1..width {
        if value < limit {
            out.push(b'0');
        }
        limit = limit.saturating_mul(10);
    }
    // The zeros were pushed from the widest missing digit on, their order does not matter.
    decimal(out, value);
}

/// Appends upper-case hexadecimal, padded with zeros to `width` digits.
pub(super) fn hexadecimal(out: &mut Vec<u8>, value: u64, width: usize) {
    let needed = (64 - value.leading_zeros() as usize).div_ceil(4).max(1);
    for position in (0..needed.max(width)).rev() {
        let nibble = if position < 16 { (value >> (position * 4)) as u8 & 15 } else { 0 };
        out.push(hex_digit(nibble));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &[u8], encoding: Encoding, escape: bool) -> String {
        let mut out = Vec::new();
        encode(&mut out, value, encoding, Flags { escape, ..Flags::default() });
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn unsafe_characters() {
        assert_eq!(encoded(b"/?a=\"b\"#{|}\\\x01\x7f\xc3", Encoding::Uri, false), "/?a=#22b#22#23{|}\\#01#7F#C3");
        assert_eq!(encoded(b"a{|}\"b", Encoding::Header, false), "a#7B#7C#7D#22b");
        assert_eq!(encoded(b"/\"\\]", Encoding::Uri, true), "/#22\\\\\\]");
        assert_eq!(encoded(b"a\\b]\"", Encoding::Plain, true), "a\\\\b\\]\\\"");
    }

    #[test]
    fn numbers() {
        let mut out = Vec::new();
        decimal(&mut out, 0);
        out.push(b' ');
        decimal(&mut out, u64::MAX);
        out.push(b' ');
        for value in [9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999, 100_000, 1_234_567] {
            decimal(&mut out, value);
            out.push(b' ');
        }
        padded(&mut out, 7, 3);
        out.push(b' ');
        padded(&mut out, 1234, 3);
        out.push(b' ');
        hexadecimal(&mut out, 0x13, 4);
        out.push(b' ');
        hexadecimal(&mut out, 0x20B, 1);
        assert_eq!(
            out,
            b"0 18446744073709551615 9 10 99 100 999 1000 9999 10000 99999 100000 1234567 007 1234 0013 20B"
        );
    }
}
