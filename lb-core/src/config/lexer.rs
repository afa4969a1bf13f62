//! One line of text to words: quotes, escapes, comments and variables (configuration.txt, sections 2.1 to 2.3).

use std::ops::ControlFlow;

use super::document::Word;
use super::environment::Environment;

/// A line has at most this many words, as in HAProxy.
pub const MAX_WORDS: usize = 64;

/// What a line's variables are resolved with: the environment and the pseudo-variables' values.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// Variables by name.
    pub environment: &'a Environment,
    /// `.FILE`.
    pub file: &'a str,
    /// `.LINE`.
    pub line: u32,
    /// `.SECTION`: the name of the section, or its kind where it has none.
    pub section: &'a str,
}

/// Why a line could not be cut into words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LexError {
    /// A quote that is opened but not closed.
    #[error("unmatched quote at position {}", .0 + 1)]
    Quote(usize),
    /// `${` without its `}`.
    #[error("unmatched brace in environment variable name at position {}", .0 + 1)]
    Brace(usize),
    /// `$` followed by what no variable's name starts with.
    #[error("forbidden first char in environment variable name at position {}", .0 + 1)]
    VariableName(usize),
    /// `[` that is not the start of `[*]`.
    #[error("truncated or invalid word expansion sequence at position {}", .0 + 1)]
    WordExpansion(usize),
    /// `\x` without two hexadecimal digits, or one that writes a zero byte.
    #[error("truncated or invalid hexadecimal sequence at position {}", .0 + 1)]
    Hexadecimal(usize),
    /// A word that is not UTF-8.
    #[error("invalid UTF-8 sequence in the word at position {}", .0 + 1)]
    Encoding(usize),
    /// More than [`MAX_WORDS`] words: the position in the line of resolved words, and the last word that fits.
    #[error("too many words, truncating after word {MAX_WORDS}, position {}: <{word}>", .position + 1)]
    TooManyWords {
        /// Offset of the last word in the resolved words joined by one character each.
        position: usize,
        /// That word.
        word: String,
        /// Byte offset of the first word that is too much.
        source_offset: usize,
    },
}

impl LexError {
    /// Byte offset in the source of what is wrong.
    pub fn offset(&self) -> usize {
        match self {
            Self::Quote(at)
            | Self::Brace(at)
            | Self::VariableName(at)
            | Self::WordExpansion(at)
            | Self::Hexadecimal(at)
            | Self::Encoding(at) => *at,
            Self::TooManyWords { source_offset, .. } => *source_offset,
        }
    }

    /// The message with the line and a caret under the fault, as HAProxy prints it.
    pub fn describe(&self, source: &[u8]) -> String {
        if let Self::TooManyWords { .. } = self {
            return format!("{self}.");
        }
        let start = source.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(source.len());
        let shown: String = source.get(start..).unwrap_or(&[]).iter().map(|&b| printable(b)).collect();
        let indent = " ".repeat(self.offset().saturating_sub(start));
        format!("{self}:\n  {}\n  {indent}^", shown.trim_end())
    }
}

/// Cuts one line, without its line feed, into words.
///
/// # Errors
///
/// The first fault of the line. No fault makes the rest of the file unreadable: the next line starts anew.
pub fn tokenize(source: &[u8], variables: &Variables<'_>) -> Result<Vec<Word>, LexError> {
    let mut lexer = Lexer { source, at: 0, variables, words: Vec::new(), word: None };
    while lexer.step()? == ControlFlow::Continue(()) {}
    lexer.end_word()?;
    Ok(lexer.words)
}

fn printable(byte: u8) -> char {
    match byte {
        b' '..=b'~' => byte as char,
        b'\t' | b'\r' => ' ',
        _ => '?',
    }
}

/// Space, tab, vertical tab, form feed, carriage return and line feed separate words.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    variables: &'a Variables<'a>,
    words: Vec<Word>,
    /// The word being read: where it starts and its bytes.
    word: Option<(usize, Vec<u8>)>,
}

impl Lexer<'_> {
    /// Reads one piece outside quotes.
    fn step(&mut self) -> Result<ControlFlow<()>, LexError> {
        let Some(byte) = self.peek(0) else { return Ok(ControlFlow::Break(())) };
        match byte {
            b'#' => return Ok(ControlFlow::Break(())),
            b'\'' => self.strong_quotes()?,
            b'"' => self.weak_quotes()?,
            b'\\' => self.escape()?,
            _ if is_space(byte) => {
                self.end_word()?;
                self.at += 1;
            }
            _ => self.take(),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn strong_quotes(&mut self) -> Result<(), LexError> {
        let open = self.at;
        self.begin_word();
        self.at += 1;
        loop {
            match self.peek(0) {
                None => return Err(LexError::Quote(open)),
                Some(b'\'') => break self.at += 1,
                Some(_) => self.take(),
            }
        }
        Ok(())
    }

    fn weak_quotes(&mut self) -> Result<(), LexError> {
        let open = self.at;
        self.begin_word();
        self.at += 1;
        loop {
            match self.peek(0) {
                None => return Err(LexError::Quote(open)),
                Some(b'"') => break self.at += 1,
                Some(b'\\') => self.escape()?,
                Some(b'$') => self.variable()?,
                Some(_) => self.take(),
            }
        }
        Ok(())
    }

    /// A backslash: what it stands for, or itself before a character that has no escape.
    fn escape(&mut self) -> Result<(), LexError> {
        let meant = match self.peek(1) {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => return self.hexadecimal(),
            Some(other @ (b'\\' | b'"' | b'\'' | b'#' | b'$' | b' ' | b'\t')) => other,
            _ => {
                self.take();
                return Ok(());
            }
        };
        self.push(meant);
        self.at += 2;
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<(), LexError> {
        let digit = |byte: Option<u8>| byte.and_then(|b| (b as char).to_digit(16));
        match (digit(self.peek(2)), digit(self.peek(3))) {
            (Some(high), Some(low)) if high + low > 0 => {
                self.push((high * 16 + low) as u8);
                self.at += 4;
                Ok(())
            }
            _ => Err(LexError::Hexadecimal(self.at)),
        }
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}` or `${NAME[*]}`; only met inside double quotes.
    fn variable(&mut self) -> Result<(), LexError> {
        self.at += 1;
        let brace = (self.peek(0) == Some(b'{')).then_some(self.at);
        self.at += usize::from(brace.is_some());
        let start = self.at;
        let name = self.variable_name()?;
        let value = self.resolve(&name).ok_or(LexError::VariableName(start))?;
        let Some(brace) = brace else {
            self.push_all(value.as_deref().unwrap_or(""));
            return Ok(());
        };
        match self.peek(0) {
            Some(b'}') => self.push_all(value.as_deref().unwrap_or("")),
            Some(b'[') => {
                if !self.rest().starts_with(b"[*]") {
                    return Err(LexError::WordExpansion(self.at));
                }
                self.at += 3;
                if self.peek(0) != Some(b'}') {
                    return Err(LexError::Brace(brace));
                }
                self.expand_words(value.as_deref().unwrap_or(""))?;
            }
            Some(b'-') => {
                let length = self.rest().iter().position(|&b| b == b'}').ok_or(LexError::Brace(brace))?;
                match value {
                    Some(value) => self.push_all(&value),
                    // HAProxy takes it for a misplaced word expansion.
                    None if self.rest().get(..length).is_some_and(|text| text.ends_with(b"[*]")) => {
                        return Err(LexError::Brace(brace));
                    }
                    None => (1..length).for_each(|ahead| self.push_at(ahead)),
                }
                self.at += length;
            }
            _ => return Err(LexError::Brace(brace)),
        }
        self.at += 1;
        Ok(())
    }

    fn variable_name(&mut self) -> Result<String, LexError> {
        let first = self.peek(0);
        if !first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'.') {
            return Err(LexError::VariableName(self.at));
        }
        let length = 1 + self.rest().iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let name = String::from_utf8_lossy(self.rest().get(..length).unwrap_or(&[])).into_owned();
        self.at += length;
        Ok(name)
    }

    /// The variable's value, `Some(None)` when it is not set, `None` for an unknown pseudo-variable.
    fn resolve(&self, name: &str) -> Option<Option<String>> {
        let from = self.variables;
        match name {
            ".FILE" => Some(Some(from.file.to_owned())),
            ".LINE" => Some(Some(from.line.to_string())),
            ".SECTION" => Some(Some(from.section.to_owned())),
            _ if name.starts_with('.') => None,
            _ => Some(from.environment.get(name).map(str::to_owned)),
        }
    }

    /// Every run of white space in the value ends a word and starts the next, which may be empty.
    fn expand_words(&mut self, value: &str) -> Result<(), LexError> {
        let mut in_space = false;
        for byte in value.bytes() {
            if !is_space(byte) {
                self.push(byte);
            } else if !in_space {
                self.end_word()?;
                self.begin_word();
            }
            in_space = is_space(byte);
        }
        Ok(())
    }

    fn begin_word(&mut self) {
        self.word.get_or_insert_with(|| (self.at, Vec::new()));
    }

    fn end_word(&mut self) -> Result<(), LexError> {
        let Some((start, bytes)) = self.word.take() else { return Ok(()) };
        if self.words.len() == MAX_WORDS {
            let position = self.words.iter().rev().skip(1).map(|word| word.text.len() + 1).sum();
            let word = self.words.last().map_or(String::new(), |word| word.text.clone());
            return Err(LexError::TooManyWords { position, word, source_offset: start });
        }
        let text = String::from_utf8(bytes).map_err(|_| LexError::Encoding(start))?;
        self.words.push(Word { text, column: column_of(self.source, start) });
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.source.get(self.at..).unwrap_or(&[])
    }

    /// Takes the byte as it stands.
    fn take(&mut self) {
        self.push_at(0);
        self.at += 1;
    }

    fn push_at(&mut self, ahead: usize) {
        if let Some(byte) = self.peek(ahead) {
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        let at = self.at;
        self.word.get_or_insert_with(|| (at, Vec::new())).1.push(byte);
    }

    fn push_all(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push(byte));
    }
}

/// Column in characters, from 1, of a byte offset.
pub(super) fn column_of(source: &[u8], offset: usize) -> u32 {
    let before = source.get(..offset).unwrap_or(source);
    before.iter().filter(|&&b| b & 0xc0 != 0x80).count() as u32 + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn environment() -> Environment {
        let pairs = [("A", "x y"), ("LIST", "one two  three"), ("LEAD", "  b c"), ("TRAIL", "one "), ("EMPTY", "")];
        pairs.into_iter().chain([("QUOTED", "a'\" #b\\")]).collect()
    }

    fn lex(source: &str) -> Result<Vec<Word>, LexError> {
        let environment = environment();
        let variables = Variables { environment: &environment, file: "t.cfg", line: 7, section: "web" };
        tokenize(source.as_bytes(), &variables)
    }

    fn words(source: &str) -> Vec<String> {
        lex(source).unwrap().into_iter().map(|word| word.text).collect()
    }

    fn message(source: &str) -> String {
        lex(source).unwrap_err().describe(source.as_bytes())
    }

    #[test]
    fn words_and_their_columns() {
        let line = lex("\t frontend  é\u{b}web\r").unwrap();
        let seen: Vec<(&str, u32)> = line.iter().map(|w| (w.text.as_str(), w.column)).collect();
        assert_eq!(seen, [("frontend", 3), ("é", 13), ("web", 15)]);
        assert_eq!(words("  # nothing"), Vec::<String>::new());
    }

    /// The manual's table of section 2.2 and what HAProxy does beside it.
    #[test]
    fn quotes_and_escapes() {
        let table: [(&str, &[&str]); 19] = [
            ("a#b", &["a"]),
            ("a\\#b'#'\"#\" #x", &["a#b##"]),
            ("'a'\"b\"c\\ d", &["abc d"]),
            ("\"a'b\"'c\"d'", &["a'bc\"d"]),
            ("'\\\\'\\\\\"\\\\\"", &["\\\\\\\\"]),
            ("'a\\n b'c", &["a\\n bc"]),
            ("a\\nb\\rc\\td\\x41", &["a\nb\rc\tdA"]),
            ("\"a\\nb\\x20\\\"\\$x\"", &["a\nb \"$x"]),
            ("a\\zb \"a\\zb\"", &["a\\zb", "a\\zb"]),
            ("a\\", &["a\\"]),
            ("a\\ ", &["a "]),
            ("a\\'b \"\\'\"", &["a'b", "'"]),
            ("a$A \\$A '$A'", &["a$A", "$A", "$A"]),
            ("\"\" ''", &["", ""]),
            ("%{+Q}o\\ %t\\ %s\\ %{-Q}r", &["%{+Q}o %t %s %{-Q}r"]),
            ("\"%{+Q}o %t %s %{-Q}r\"", &["%{+Q}o %t %s %{-Q}r"]),
            ("'%{+Q}o %t %s %{-Q}r'", &["%{+Q}o %t %s %{-Q}r"]),
            ("\"%{+Q}o %t\"' %s %{-Q}r'", &["%{+Q}o %t %s %{-Q}r"]),
            ("\"%{+Q}o %t\"' %s'\\ %{-Q}r", &["%{+Q}o %t %s %{-Q}r"]),
        ];
        for (source, expected) in table {
            assert_eq!(words(source), expected, "{source}");
        }
    }

    #[test]
    fn variables() {
        let table: [(&str, &[&str]); 18] = [
            ("\"<$A>\"", &["<x y>"]),
            ("\"${A}b\"", &["x yb"]),
            ("\"$A-b\"", &["x y-b"]),
            ("\"${NONE}\" x", &["", "x"]),
            ("\"${NONE-a b}\"", &["a b"]),
            ("\"${NONE-}b\"", &["b"]),
            ("\"${NONE-$A\"'\\#[*]b}\"", &["$A\"'\\#[*]b"]),
            ("\"${EMPTY-a}\"", &[""]),
            ("\"${LIST-a}\"", &["one two  three"]),
            ("\"${LIST[*]}\"", &["one", "two", "three"]),
            ("x\"p ${LIST[*]} q\"y", &["xp one", "two", "three qy"]),
            ("\"${LEAD[*]}\"", &["", "b", "c"]),
            ("\"${TRAIL[*]}x\"", &["one", "x"]),
            ("\"${EMPTY[*]}\" a", &["", "a"]),
            ("\"${NONE[*]}\" a", &["", "a"]),
            ("\"${QUOTED}\"", &["a'\" #b\\"]),
            ("\"$.FILE:${.LINE}:$.SECTION\"", &["t.cfg:7:web"]),
            ("\"$NONE\\ME\"", &["\\ME"]),
        ];
        for (source, expected) in table {
            assert_eq!(words(source), expected, "{source}");
        }
    }

    #[test]
    fn faults_are_told_as_haproxy_does() {
        assert_eq!(message("  .notice \"hello"), "unmatched quote at position 11:\n  .notice \"hello\n          ^");
        assert_eq!(message("\t foo \"bar"), "unmatched quote at position 7:\n  foo \"bar\n      ^");
        let table = [
            (" .notice 'hello", "unmatched quote at position 10"),
            (" .notice a\\x1", "truncated or invalid hexadecimal sequence at position 11"),
            (" .notice \"a\\x4\"", "truncated or invalid hexadecimal sequence at position 12"),
            (" .notice a\\x00b", "truncated or invalid hexadecimal sequence at position 11"),
            (" .notice \"a ${FOO\"", "unmatched brace in environment variable name at position 14"),
            (" .notice \"${LIST b}\"", "unmatched brace in environment variable name at position 12"),
            (" .notice \"${LIST[*]b}\"", "unmatched brace in environment variable name at position 12"),
            (" .notice \"${LIST[*]-b}\"", "unmatched brace in environment variable name at position 12"),
            (" .notice \"${FOO-abc\"", "unmatched brace in environment variable name at position 12"),
            (" .notice \"${LIST[*\"", "truncated or invalid word expansion sequence at position 17"),
            (" .notice \"a $\"", "forbidden first char in environment variable name at position 14"),
            (" .notice \"a ${}\"", "forbidden first char in environment variable name at position 15"),
            (" .notice \"a $1\"", "forbidden first char in environment variable name at position 14"),
            (" .notice \"${.FOO}\"", "forbidden first char in environment variable name at position 13"),
            (" .notice \"$.\"", "forbidden first char in environment variable name at position 12"),
        ];
        for (source, expected) in table {
            assert_eq!(lex(source).unwrap_err().to_string(), expected, "{source}");
        }
    }

    #[test]
    fn a_line_has_64_words() {
        let many = |n: usize| format!("description {}", (0..n).map(|i| format!("a{i} ")).collect::<String>());
        assert_eq!(words(&many(63)).len(), 64);
        let error = lex(&many(70)).unwrap_err();
        assert_eq!(error.to_string(), "too many words, truncating after word 64, position 251: <a62>");
    }

    #[test]
    fn words_are_utf8() {
        assert_eq!(words("\\xc3\\xa9"), ["é"]);
        assert_eq!(lex("a \\xe9").unwrap_err(), LexError::Encoding(2));
    }

    proptest! {
        #[test]
        fn no_line_panics(source in proptest::collection::vec(any::<u8>(), 0..200)) {
            let environment = environment();
            let variables = Variables { environment: &environment, file: "", line: 1, section: "" };
            if let Err(error) = tokenize(&source, &variables) {
                error.describe(&source);
            }
        }

        #[test]
        fn strongly_quoted_text_comes_back(text in "[^'\\n]{0,80}") {
            prop_assert_eq!(words(&format!("'{text}'")), [text]);
        }
    }
}
