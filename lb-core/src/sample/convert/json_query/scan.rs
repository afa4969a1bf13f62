//! Reading a document up to a value, without a tree and without recursion.

use super::path::{Path, Step};

/// What stands at the end of a path; places are those of the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number { start: usize, end: usize },
    /// A string without its quotes.
    Plain { start: usize, end: usize },
    /// A string with escapes.
    Escaped { start: usize, end: usize },
}

/// How deep objects and arrays that are passed over may be.
const DEPTH: u32 = 128;

/// Goes along a path; objects, arrays and null have no value, and of members of one name the first counts.
pub(super) fn find(document: &[u8], path: &Path) -> Option<Found> {
    let mut scanner = Scanner { document, at: 0 };
    for step in path.0.as_ref()? {
        match step {
            Step::Member(name) => scanner.enter_object(name)?,
            Step::Element(index) => scanner.enter_array(*index)?,
        }
    }
    scanner.blanks();
    match scanner.peek()? {
        b'"' => scanner.string(),
        b't' => scanner.word(b"true").map(|()| Found::Bool(true)),
        b'f' => scanner.word(b"false").map(|()| Found::Bool(false)),
        b'-' | b'0'..=b'9' => Some(scanner.number()),
        _ => None,
    }
}

struct Scanner<'d> {
    document: &'d [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.document.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.document.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    /// Goes over blanks and one byte, which it returns.
    fn next(&mut self) -> Option<u8> {
        self.blanks();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    fn string(&mut self) -> Option<Found> {
        self.expect(b'"')?;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.rest())?;
            if self.peek()? == b'"' {
                break;
            }
            escaped = true;
            self.at += 2;
        }
        let end = self.at;
        self.at += 1;
        Some(if escaped { Found::Escaped { start, end } } else { Found::Plain { start, end } })
    }

    fn number(&mut self) -> Found {
        let start = self.at;
        let more = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += self.rest().iter().take_while(more).count();
        Found::Number { start, end: self.at }
    }

    /// Goes to the value of a member.
    fn enter_object(&mut self, name: &[u8]) -> Option<()> {
        self.expect(b'{')?;
        loop {
            self.blanks();
            let same = match self.string()? {
                Found::Escaped { start, end } => {
                    unescape(self.document.get(start..end)?).is_some_and(|key| key == name)
                }
                Found::Plain { start, end } => self.document.get(start..end)? == name,
                Found::Bool(_) | Found::Number { .. } => false,
            };
            self.expect(b':')?;
            if same {
                return Some(());
            }
            self.skip()?;
            self.expect(b',')?;
        }
    }

    /// Goes to an element.
    fn enter_array(&mut self, index: usize) -> Option<()> {
        self.expect(b'[')?;
        for _ in 0..index {
            self.skip()?;
            self.expect(b',')?;
        }
        Some(())
    }

    /// Goes over a value.
    fn skip(&mut self) -> Option<()> {
        // Which of the open brackets are those of objects, one bit each.
        let (mut depth, mut objects) = (0u32, 0u128);
        loop {
            self.blanks();
            match self.peek()? {
                b'"' => self.string().map(|_| ())?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                b'-' | b'0'..=b'9' => {
                    self.number();
                }
                open @ (b'{' | b'[') if depth < DEPTH => {
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u128::from(open == b'{');
                }
                close @ (b'}' | b']') if depth > 0 && (objects & 1 == 1) == (close == b'}') => {
                    self.at += 1;
                    depth -= 1;
                    objects >>= 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                _ => return None,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// A string without its escapes; `None` where one is wrong.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at)?);
        let (escape, behind) = rest.get(at + 1..)?.split_first()?;
        rest = behind;
        out.push(match escape {
            b'"' | b'\\' | b'/' => *escape,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = digits(rest.get(..4)?)?;
                rest = rest.get(4..)?;
                if (0xd800..0xdc00).contains(&code) {
                    let low =
                        digits(rest.strip_prefix(b"\\u")?.get(..4)?).filter(|low| (0xdc00..0xe000).contains(low))?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    rest = rest.get(6..)?;
                }
                let character = char::from_u32(code)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |code, byte| Some(code << 4 | char::from(*byte).to_digit(16)?))
}
