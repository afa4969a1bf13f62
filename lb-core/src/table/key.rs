//! Keys: what a table calls its entries by.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::sample::{SampleType, Value};

/// The type of a table's keys (`stick-table type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `ip`: IPv4 addresses.
    Ip,
    /// `ipv6`: IPv6 addresses; IPv4 ones are mapped into them.
    Ipv6,
    /// `integer`: numbers of 32 bits.
    Integer,
    /// `string len <n>`: texts of which the first bytes count.
    String {
        /// How many bytes.
        len: u32,
    },
    /// `binary len <n>`: blocks of bytes, cut or padded with zeros.
    Binary {
        /// How many bytes.
        len: u32,
    },
}

impl KeyType {
    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ipv6 => "ipv6",
            Self::Integer => "integer",
            Self::String { .. } => "string",
            Self::Binary { .. } => "binary",
        }
    }

    /// The type of samples that become keys.
    pub fn sample_type(self) -> SampleType {
        match self {
            Self::Ip => SampleType::Ipv4,
            Self::Ipv6 => SampleType::Ipv6,
            Self::Integer => SampleType::Sint,
            Self::String { .. } => SampleType::Str,
            Self::Binary { .. } => SampleType::Bin,
        }
    }

    /// The key that a sample is, if it can be one.
    pub(crate) fn key(self, value: Value<'_>) -> Option<Key> {
        match (self, value.cast(self.sample_type())?) {
            (Self::Ip, Value::Ipv4(ip)) => Some(Key::words(&[u64::from(ip.to_bits())])),
            (Self::Ipv6, Value::Ipv6(ip)) => Some(Key::v6(ip)),
            (Self::Integer, Value::Sint(number)) => Some(Key::words(&[u64::from(number as u32)])),
            (Self::String { len }, Value::Str(text)) => Some(Key::bytes(cut(&text, len))),
            (Self::Binary { len }, Value::Bin(bytes)) => Some(Key::bytes(trim(cut(&bytes, len)))),
            _ => None,
        }
    }

    /// The key of a table of this type; `None` where it is of another type.
    pub(crate) fn key_of(self, key: &TableKey) -> Option<Key> {
        match (self, key) {
            (Self::Ip, TableKey::Ip(ip)) => self.key(Value::Ipv4(*ip)),
            (Self::Ipv6, TableKey::Ipv6(ip)) => self.key(Value::Ipv6(*ip)),
            (Self::Integer, TableKey::Integer(number)) => self.key(Value::Sint(i64::from(*number))),
            (Self::String { .. }, TableKey::String(text)) => self.key(Value::Str(Cow::Borrowed(text))),
            (Self::Binary { .. }, TableKey::Binary(bytes)) => self.key(Value::Bin(Cow::Borrowed(bytes))),
            _ => None,
        }
    }

    /// Reads a key as runtime commands write it; `None` for what is none, and for binary tables, whose keys cannot be
    /// written there.
    pub(crate) fn parse(self, text: &str) -> Option<TableKey> {
        match self {
            Self::Ip => text.parse().ok().map(TableKey::Ip),
            Self::Ipv6 => text.parse().ok().map(TableKey::Ipv6),
            Self::Integer => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| text.parse().ok().map(TableKey::Integer)).flatten()
            }
            Self::String { len } => Some(TableKey::String(cut(text.as_bytes(), len).into())),
            Self::Binary { .. } => None,
        }
    }

    /// The key that these words are.
    pub(crate) fn read(self, words: impl Iterator<Item = u64>) -> TableKey {
        let words: Vec<u64> = words.collect();
        let word = |index: usize| words.get(index).copied().unwrap_or_default();
        match self {
            Self::Ip => TableKey::Ip(Ipv4Addr::from_bits(word(0) as u32)),
            Self::Ipv6 => TableKey::Ipv6(Ipv6Addr::from_bits(u128::from(word(0)) << 64 | u128::from(word(1)))),
            Self::Integer => TableKey::Integer(word(0) as u32),
            Self::String { .. } => TableKey::String(bytes_of(&words).into()),
            Self::Binary { len } => {
                let mut bytes = bytes_of(&words);
                bytes.resize(len as usize, 0);
                TableKey::Binary(bytes.into())
            }
        }
    }
}

fn cut(bytes: &[u8], len: u32) -> &[u8] {
    bytes.get(..len as usize).unwrap_or(bytes)
}

/// Padding is not kept: a block ends with its last byte that is not 0.
fn trim(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or(bytes)
}

fn bytes_of(words: &[u64]) -> Vec<u8> {
    let Some((len, words)) = words.split_last() else { return Vec::new() };
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
    bytes
}

/// Words of a key that need no allocation: texts of 32 bytes and their length.
const INLINE: usize = 5;

/// A key as tables compare it: words in which numbers, addresses and bytes stand with the most significant first, so
/// that their order is that of the keys; behind bytes their number.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    inline: [u64; INLINE],
    len: u8,
    heap: Option<Box<[u64]>>,
}

impl Key {
    fn words(words: &[u64]) -> Self {
        let mut key = Self { inline: [0; INLINE], len: words.len() as u8, heap: None };
        match key.inline.get_mut(..words.len()) {
            Some(inline) => inline.copy_from_slice(words),
            None => key.heap = Some(words.into()),
        }
        key
    }

    fn v6(ip: Ipv6Addr) -> Self {
        let bits = ip.to_bits();
        Self::words(&[(bits >> 64) as u64, bits as u64])
    }

    fn bytes(bytes: &[u8]) -> Self {
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(word)
        });
        let words = words.chain([bytes.len() as u64]);
        if bytes.len() > (INLINE - 1) * 8 {
            return Self { inline: [0; INLINE], len: 0, heap: Some(words.collect()) };
        }
        let mut key = Self { inline: [0; INLINE], len: 0, heap: None };
        for (to, word) in key.inline.iter_mut().zip(words) {
            *to = word;
            key.len += 1;
        }
        key
    }

    /// The words.
    pub(crate) fn as_words(&self) -> &[u64] {
        match &self.heap {
            Some(words) => words,
            None => self.inline.get(..usize::from(self.len)).unwrap_or_default(),
        }
    }
}

/// The key of an entry, with the table's type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableKey {
    /// Of a table of type `ip`.
    Ip(Ipv4Addr),
    /// Of type `ipv6`.
    Ipv6(Ipv6Addr),
    /// Of type `integer`.
    Integer(u32),
    /// Of type `string`.
    String(Box<[u8]>),
    /// Of type `binary`.
    Binary(Box<[u8]>),
}

impl From<Ipv4Addr> for TableKey {
    fn from(ip: Ipv4Addr) -> Self {
        Self::Ip(ip)
    }
}

impl From<Ipv6Addr> for TableKey {
    fn from(ip: Ipv6Addr) -> Self {
        Self::Ipv6(ip)
    }
}

impl From<u32> for TableKey {
    fn from(number: u32) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for TableKey {
    fn from(text: &str) -> Self {
        Self::String(text.as_bytes().into())
    }
}

/// As `show table` writes it: texts with escapes, blocks in hexadecimal.
impl fmt::Display for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Ipv6(ip) => ip.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Binary(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
            Self::String(text) => text.iter().try_for_each(|byte| match byte {
                b' ' | b'\\' | b'=' => write!(f, "\\{}", char::from(*byte)),
                b'\t' => f.write_str("\\t"),
                b'\n' => f.write_str("\\n"),
                b'\r' => f.write_str("\\r"),
                0x1b => f.write_str("\\e"),
                b'!'..=b'~' => f.write_char(char::from(*byte)),
                byte => write!(f, "\\x{byte:02X}"),
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(kind: KeyType, value: Value<'_>) -> Option<String> {
        kind.key(value).map(|key| kind.read(key.as_words().iter().copied()).to_string())
    }

    /// What HAProxy's tables hold after these samples were tracked.
    #[test]
    fn samples_become_keys() {
        let (s, b) = (KeyType::String { len: 8 }, KeyType::Binary { len: 8 });
        let ip = |text: &str| Value::ip(text.parse().unwrap());
        let text = |text: &'static str| Value::str(text.as_bytes());
        for (kind, value, wanted) in [
            (s, text("abc"), Some("abc")),
            (s, text("abcdefghijkl"), Some("abcdefgh")),
            (s, text("a b"), Some("a\\ b")),
            (s, text(""), Some("")),
            (s, text("q\u{1}\u{7f}\u{1b}[0m"), Some("q\\x01\\x7F\\e[0m")),
            (s, text("=\\\t\r"), Some("\\=\\\\\\t\\r")),
            (s, text("=é"), Some("\\=\\xC3\\xA9")),
            (s, Value::Sint(5), Some("5")),
            (s, ip("127.0.0.1"), Some("127.0.0.")),
            (b, text("abc"), Some("6162630000000000")),
            (b, text("abcdefghijkl"), Some("6162636465666768")),
            (b, text(""), Some("0000000000000000")),
            (b, Value::Sint(5), Some("0000000000000005")),
            (b, ip("127.0.0.1"), Some("7F00000100000000")),
            (KeyType::Integer, Value::Sint(-1), Some("4294967295")),
            (KeyType::Integer, Value::Sint(99_999_999_999), Some("1215752191")),
            (KeyType::Integer, Value::Bool(true), Some("1")),
            (KeyType::Integer, ip("127.0.0.1"), Some("2130706433")),
            (KeyType::Ipv6, ip("127.0.0.1"), Some("::ffff:127.0.0.1")),
            (KeyType::Ipv6, ip("2002:102:304::1"), Some("2002:102:304::1")),
            (KeyType::Ip, ip("::ffff:5.6.7.8"), Some("5.6.7.8")),
            (KeyType::Ip, ip("::1"), None),
            (KeyType::Ip, text("x"), None),
            (KeyType::Ip, Value::Bool(true), None),
            (KeyType::Ip, Value::Sint(2_130_706_433), Some("127.0.0.1")),
        ] {
            assert_eq!(shown(kind, value.clone()).as_deref(), wanted, "{kind:?} {value:?}");
        }
    }

    #[test]
    fn commands_write_keys() {
        let read = |kind: KeyType, text: &str| kind.parse(text).map(|key| key.to_string());
        for (kind, good) in [
            (KeyType::Ip, "1.2.3.4"),
            (KeyType::Ipv6, "::1"),
            (KeyType::Ipv6, "::ffff:1.2.3.4"),
            (KeyType::Integer, "4294967295"),
            (KeyType::Integer, "0"),
            (KeyType::String { len: 8 }, "abcdefgh"),
        ] {
            assert_eq!(read(kind, good).as_deref(), Some(good));
        }
        for (kind, bad) in [
            (KeyType::Ip, "x"),
            (KeyType::Ip, "1.2.3"),
            (KeyType::Ip, "::1"),
            (KeyType::Ipv6, "1.2.3.4"),
            (KeyType::Integer, "-5"),
            (KeyType::Integer, "+5"),
            (KeyType::Integer, "7x"),
            (KeyType::Integer, ""),
            (KeyType::Integer, "4294967296"),
            (KeyType::Binary { len: 4 }, "abcd"),
        ] {
            assert_eq!(read(kind, bad), None, "{bad}");
        }
        assert_eq!(read(KeyType::String { len: 3 }, "abcdef").as_deref(), Some("abc"));
    }

    proptest::proptest! {
        #[test]
        fn bytes_are_read_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let kind = KeyType::String { len: 200 };
            let key = kind.key(Value::str(&*bytes)).unwrap();
            let back = kind.read(key.as_words().iter().copied());
            proptest::prop_assert_eq!(back, TableKey::String(bytes.into()));
        }
    }
}
