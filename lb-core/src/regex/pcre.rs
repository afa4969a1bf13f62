//! Reads the syntax of PCRE and writes that of the engines.
//!
//! The two differ where a configuration would not expect it: `[a[b]`, `[a&&b]`, `x{,3}`, `\<`, `{`, `\/`. Everything that
//! is literal is written escaped, so that no character means something else there.

use super::class;
use super::escape::{self, Escape};

/// An expression in the syntax of the engines.
#[derive(Debug)]
pub(super) struct Read {
    /// The expression.
    pub(super) text: String,
    /// It needs the engine that goes back.
    pub(super) backtracks: bool,
}

/// Why an expression is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) offset: usize,
}

pub(super) fn fault(message: impl Into<String>, offset: usize) -> Fault {
    Fault { message: message.into(), offset }
}

/// Something that the engines cannot do.
pub(super) fn unsupported(what: &str, offset: usize) -> Fault {
    fault(format!("{what} is not supported"), offset)
}

/// Reads an expression; without `groups` parentheses only group.
pub(super) fn read(pattern: &[u8], groups: bool) -> Result<Read, Fault> {
    let mut reader = Reader {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() + 8),
        backtracks: false,
        groups,
        opened: 0,
        total: count_groups(pattern, groups),
        names: Vec::new(),
        open: Vec::new(),
        extended: false,
        item: Item::None,
    };
    reader.run()?;
    Ok(Read { text: reader.out, backtracks: reader.backtracks })
}

/// What stands before the place that is read: whether a quantifier may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// Nothing that can be repeated.
    None,
    /// Something that can.
    Some,
}

struct Reader<'p> {
    pattern: &'p [u8],
    at: usize,
    out: String,
    backtracks: bool,
    groups: bool,
    /// Groups with a number so far.
    opened: usize,
    /// Groups with a number in all.
    total: usize,
    names: Vec<(Vec<u8>, usize)>,
    /// Whether `x` was set where each open group began.
    open: Vec<bool>,
    /// `(?x)`.
    extended: bool,
    item: Item,
}

/// How many groups get numbers.
fn count_groups(pattern: &[u8], groups: bool) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at = class::end(pattern, at),
            b'(' => {
                let rest = pattern.get(at + 1..).unwrap_or_default();
                let named = match rest {
                    [b'?', b'<', next, ..] => !matches!(next, b'=' | b'!'),
                    [b'?', b'P', b'<', ..] | [b'?', b'\'', ..] => true,
                    _ => false,
                };
                count += usize::from(named || groups && !matches!(rest, [b'?' | b'*', ..]));
            }
            _ => {}
        }
        at += 1;
    }
    count
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.pattern.get(self.at + ahead).copied()
    }

    fn run(&mut self) -> Result<(), Fault> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.escape()?,
                b'[' => {
                    class::read(self.pattern, &mut self.at, &mut self.out)?;
                    self.item = Item::Some;
                }
                b'(' => self.open()?,
                b')' => {
                    self.extended = self.open.pop().ok_or_else(|| fault("unmatched closing parenthesis", self.at))?;
                    self.put(")", 1, Item::Some);
                }
                b'|' => self.put("|", 1, Item::None),
                b'^' => self.put("^", 1, Item::None),
                b'$' => self.put("$", 1, Item::None),
                b'.' => self.put(".", 1, Item::Some),
                b'*' | b'+' | b'?' => self.quantifier(1)?,
                b'{' => match repetition(self.pattern, self.at)? {
                    Some(length) => self.quantifier(length)?,
                    None => self.literal(b'{', 1),
                },
                b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r' if self.extended => self.at += 1,
                b'#' if self.extended => {
                    let rest = self.pattern.get(self.at..).unwrap_or_default();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                byte => self.literal(byte, 1),
            }
        }
        match self.open.is_empty() {
            true => Ok(()),
            false => Err(fault("missing closing parenthesis", self.pattern.len())),
        }
    }

    fn put(&mut self, text: &str, length: usize, item: Item) {
        self.out.push_str(text);
        self.at += length;
        self.item = item;
    }

    fn literal(&mut self, byte: u8, length: usize) {
        escape::literal(byte, &mut self.out);
        self.at += length;
        self.item = Item::Some;
    }

    /// `*`, `+`, `?` or `{…}` of that length, with what follows it.
    fn quantifier(&mut self, length: usize) -> Result<(), Fault> {
        if self.item == Item::None {
            return Err(fault("quantifier does not follow a repeatable item", self.at + length - 1));
        }
        let text = self.pattern.get(self.at..self.at + length).unwrap_or_default();
        self.out.extend(text.iter().copied().map(char::from));
        self.at += length;
        match self.peek(0) {
            Some(b'?') => self.put("?", 1, Item::None),
            Some(b'+') => {
                self.backtracks = true;
                self.put("+", 1, Item::None);
            }
            _ => self.item = Item::None,
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match escape::read(self.pattern, &mut self.at, self.total)? {
            Escape::Byte(byte) => self.literal(byte, 0),
            Escape::Class(text) => self.put(text, 0, Item::Some),
            Escape::Assertion(text) => self.put(text, 0, Item::None),
            Escape::Fancy(text) => {
                self.backtracks = true;
                self.put(text, 0, Item::None);
            }
            Escape::Quoted(start, end) => {
                for byte in self.pattern.get(start..end).unwrap_or_default() {
                    self.literal(*byte, 0);
                }
            }
            Escape::Group(number, offset) => self.back_reference(number, offset)?,
            Escape::Before(back, offset) => {
                let number = (self.opened + 1).checked_sub(back).filter(|number| *number > 0);
                self.back_reference(number.unwrap_or(usize::MAX), offset)?;
            }
            Escape::Name(name, offset) => self.named_reference(&name, offset)?,
        }
        Ok(())
    }

    fn back_reference(&mut self, number: usize, offset: usize) -> Result<(), Fault> {
        if number == 0 || number > self.total {
            return Err(fault("reference to non-existent subpattern", offset));
        }
        self.backtracks = true;
        // In a group of its own, so that no digit behind it belongs to it.
        self.out.push_str(&format!("(?:\\{number})"));
        self.item = Item::Some;
        Ok(())
    }

    fn named_reference(&mut self, name: &[u8], offset: usize) -> Result<(), Fault> {
        let known = self.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
        self.back_reference(known.unwrap_or(usize::MAX), offset)
    }

    /// `(` and what makes it another group than one that is captured.
    fn open(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let (one, two, three) = (self.peek(1), self.peek(2), self.peek(3));
        match (one, two, three) {
            (Some(b'*'), ..) => {
                let end = self.pattern.iter().skip(start).position(|byte| *byte == b')').map_or(0, |length| length + 1);
                let verb = self.pattern.get(start..start + end).unwrap_or_default();
                return Err(unsupported(&String::from_utf8_lossy(verb), start + 2));
            }
            (Some(b'?'), Some(b'#'), _) => {
                let rest = self.pattern.get(start..).unwrap_or_default();
                let end = memchr::memchr(b')', rest);
                self.at += 1 + end.ok_or_else(|| fault("missing ) after (?# comment", self.pattern.len()))?;
                return Ok(());
            }
            (Some(b'?'), Some(b':'), _) => self.group("(?:", 3),
            (Some(b'?'), Some(b'='), _) => self.fancy_group("(?=", 3),
            (Some(b'?'), Some(b'!'), _) => self.fancy_group("(?!", 3),
            (Some(b'?'), Some(b'>'), _) => self.fancy_group("(?>", 3),
            (Some(b'?'), Some(b'<'), Some(b'=')) => self.fancy_group("(?<=", 4),
            (Some(b'?'), Some(b'<'), Some(b'!')) => self.fancy_group("(?<!", 4),
            (Some(b'?'), Some(b'<'), _) => self.named_group(3, b'>')?,
            (Some(b'?'), Some(b'\''), _) => self.named_group(3, b'\'')?,
            (Some(b'?'), Some(b'P'), Some(b'<')) => self.named_group(4, b'>')?,
            (Some(b'?'), Some(b'P'), Some(b'=')) => {
                let (name, end) = escape::name(self.pattern, start + 4, b')')?;
                self.at = end;
                return self.named_reference(&name, end - 1);
            }
            (Some(b'?'), Some(b'P'), Some(b'>')) => return Err(unsupported("recursion", start + 3)),
            (Some(b'?'), Some(b'P'), other) => {
                let offset = start + if other.is_some() { 3 } else { 2 };
                return Err(fault("unrecognized character after (?P", offset));
            }
            (Some(b'?'), Some(b'R' | b'&' | b'0'..=b'9' | b'+'), _) | (Some(b'?'), Some(b'-'), Some(b'0'..=b'9')) => {
                return Err(unsupported("recursion", start + 2));
            }
            (Some(b'?'), Some(b'|'), _) => return Err(unsupported("(?|", start + 2)),
            (Some(b'?'), Some(b'('), _) => return Err(unsupported("(?(condition)", start + 2)),
            (Some(b'?'), Some(b'C'), _) => return Err(unsupported("(?C", start + 2)),
            (Some(b'?'), ..) => return self.flags(),
            _ if self.groups => {
                self.opened += 1;
                self.group("(", 1);
            }
            _ => self.group("(?:", 1),
        }
        Ok(())
    }

    fn group(&mut self, text: &str, length: usize) {
        self.open.push(self.extended);
        self.put(text, length, Item::None);
    }

    fn fancy_group(&mut self, text: &str, length: usize) {
        self.backtracks = true;
        self.group(text, length);
    }

    fn named_group(&mut self, length: usize, end: u8) -> Result<(), Fault> {
        let (name, behind) = escape::name(self.pattern, self.at + length, end)?;
        if self.names.iter().any(|(known, _)| *known == name) {
            let message = "two named subpatterns have the same name (PCRE2_DUPNAMES not set)";
            return Err(fault(message, behind));
        }
        self.opened += 1;
        self.names.push((name, self.opened));
        // Names are resolved here; the engines see numbers.
        self.group("(", behind - self.at);
        Ok(())
    }

    /// `(?i)`, `(?s-m:`.
    fn flags(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let (mut at, mut on) = (start + 2, true);
        let before = self.extended;
        loop {
            match self.pattern.get(at) {
                None => return Err(fault("missing closing parenthesis", self.pattern.len())),
                Some(b'-') if on => on = false,
                Some(b'i' | b'm' | b's' | b'U') => {}
                Some(b'x') => self.extended = on,
                Some(flag @ (b'J' | b'n' | b'^')) => {
                    return Err(unsupported(&format!("the option {}", char::from(*flag)), at));
                }
                Some(b')' | b':') => break,
                Some(_) => return Err(fault("unrecognized character after (? or (?-", at)),
            }
            at += 1;
        }
        let text = self.pattern.get(start..=at).unwrap_or_default();
        // Blanks and comments are left out here already.
        let text: String = text.iter().filter(|byte| **byte != b'x').copied().map(char::from).collect();
        let text = text.replace("-)", ")").replace("-:", ":");
        if self.pattern.get(at) == Some(&b':') {
            self.open.push(before);
        }
        let text = if text == "(?)" { "" } else { &text };
        self.put(text, at + 1 - start, Item::None);
        Ok(())
    }
}

/// The length of `{n}`, `{n,}` or `{n,m}`; `None` for anything else, which stands for itself.
fn repetition(pattern: &[u8], at: usize) -> Result<Option<usize>, Fault> {
    let rest = pattern.get(at + 1..).unwrap_or_default();
    let Some(end) = memchr::memchr(b'}', rest) else { return Ok(None) };
    let inside = rest.get(..end).unwrap_or_default();
    let mut parts = inside.splitn(2, |byte| *byte == b',');
    let (low, high) = (parts.next().unwrap_or_default(), parts.next());
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if low.is_empty() || !digits(low) || !high.is_none_or(digits) {
        return Ok(None);
    }
    let number = |part: &[u8], end: usize| {
        let number = part.iter().fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        if number <= 65535 { Ok(number) } else { Err(fault("number too big in {} quantifier", end)) }
    };
    let first = number(low, at + 1 + low.len())?;
    if let Some(high) = high.filter(|high| !high.is_empty())
        && number(high, at + 1 + end)? < first
    {
        return Err(fault("numbers out of order in {} quantifier", at + 1 + end));
    }
    Ok(Some(end + 2))
}
