//! The TOML front end: the same [`Document`] as haproxy.cfg gives, from a TOML text.
//!
//! # The language
//!
//! A section is a table and a keyword line is a key with its value. One rule makes the line:
//!
//! > **The words of the key, then the words of the value.** A dotted key is several words; a string holds words in
//! > haproxy.cfg's own syntax (spaces separate them, quotes and `\` work as there).
//!
//! ```toml
//! [global]                           # global
//! maxconn = 2000                     #     maxconn 2000
//! "tune.bufsize" = 32768             #     tune.bufsize 32768       (one word with a dot is a quoted key)
//!
//! [[defaults]]                       # defaults base
//! name = "base"
//! mode = "http"                      #     mode http
//! timeout.client = "5s"              #     timeout client 5s
//! option.httplog = true              #     option httplog           (true: no further words)
//! option.dontlognull = false         #     no option dontlognull    (false: `no` before the line)
//!
//! [[backend]]                        # backend app from base
//! name = "app"
//! from = "base"
//! http-request = [                   # an array is one line per element
//!     "deny if { path /private }",   #     http-request deny if { path /private }
//!     "set-header X-From 'lb one'",  #     http-request set-header X-From 'lb one'
//! ]
//! server = [                         # a table as an element is one line in structured form
//!     { name = "s1", address = "127.0.0.1:9001", weight = 10, check = true },
//!     "s2 127.0.0.1:9002 weight 20",
//! ]
//! ```
//!
//! - **Sections**: `name` and `from` are the words of the section's header; `header = "..."` gives header words that
//!   fit neither. `[x]` and `[[x]]` are equal.
//! - **A table as a value** (`timeout = { client = "5s", server = "5s" }` or `[backend.timeout]`) is one line per
//!   entry: its keys are further words of the keyword, exactly as dotted keys.
//! - **A table as an element of an array** (also `[[backend.server]]`) is one line: `name` and `address` first where
//!   they are the keyword's positional words ([`structured::positional`]), then each other key with its value. There
//!   `true` is the key alone, `false` is the key with `no-` before it, and an array repeats the key.
//! - **Order** is the order of the text, whatever the keys: `default-server` acts on the `server` lines below it and
//!   rules run from top to bottom, as in haproxy.cfg. A key stands once in a table, so a keyword that comes again after
//!   other keywords goes into a `[[backend.then]]` table, which continues its section.
//! - An **empty key** adds no word: `"" = "any whole line"`.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::diagnostic::{Diagnostic, Severity};
use super::document::{Document, Line, Section};

mod place;
pub mod structured;

use place::{Piece, Text};

/// A word found in a string by the caller's word splitter, and the characters it covers there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitWord {
    /// The word after quotes, escapes and variables were resolved.
    pub text: String,
    /// Index of its first character in the string.
    pub start: usize,
}

/// Why a string cannot be split into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    /// HAProxy's message.
    pub message: String,
    /// Index of the offending character in the string.
    pub at: usize,
}

/// Splits a string in haproxy.cfg's syntax into its words: the lexer of haproxy.cfg, or a test's own.
pub type Splitter<'s> = &'s mut dyn FnMut(&str) -> Result<Vec<SplitWord>, SplitError>;

/// Keys of a section's own table that are not keywords.
pub(super) const RESERVED: [&str; 5] = ["name", "from", "header", "then", ""];

/// Reads a TOML text into a document. Every error of the text is reported; what could be read is returned with them.
pub fn read(text: &str, file: &Arc<str>, split: Splitter<'_>) -> (Document, Vec<Diagnostic>) {
    let mut reader = Reader { text: Text::new(text, Arc::clone(file)), split, diagnostics: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.alert(at, format!("TOML: {}", error.message()));
    }
    let document = reader.document(root.get_ref());
    reader.diagnostics.sort_by_key(|d| d.place.as_ref().map_or((0, 0), |p| (p.line, p.column)));
    (document, reader.diagnostics)
}

/// A line and the offset that decides its order.
struct Placed<T> {
    at: usize,
    item: T,
}

struct Reader<'t, 's> {
    text: Text<'t>,
    split: Splitter<'s>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_, '_> {
    fn document(&mut self, root: &DeTable<'_>) -> Document {
        let mut sections = Vec::new();
        for (key, value) in root {
            let kind = Piece::new(key.get_ref().as_ref(), self.text.inside(key.span()));
            match value.get_ref() {
                DeValue::Table(table) => {
                    let at = value.span().start.min(key.span().start);
                    sections.push(Placed { at, item: self.section(&kind, at, table) });
                }
                DeValue::Array(array) if array.iter().all(|v| v.get_ref().is_table()) => {
                    for element in array {
                        let DeValue::Table(table) = element.get_ref() else { continue };
                        let at = element.span().start;
                        // Each `[[kind]]` header carries its own copy of the word.
                        let kind = Piece::new(&kind.text, self.text.find_from(at, &kind.text).unwrap_or(kind.at));
                        sections.push(Placed { at, item: self.section(&kind, at, table) });
                    }
                }
                _ => self.alert(key.span().start, format!("unknown keyword '{}' out of section.", key.get_ref())),
            }
        }
        sections.sort_by_key(|s| s.at);
        Document { sections: sections.into_iter().map(|s| s.item).collect() }
    }

    fn section(&mut self, kind: &Piece, at: usize, table: &DeTable<'_>) -> Section {
        let mut header = vec![kind.clone()];
        if let Some(name) = table.get("name") {
            header.extend(self.one_word(name));
        }
        if let Some(from) = table.get("from") {
            header.push(Piece::new("from", from.span().start));
            header.extend(self.one_word(from));
        }
        if let Some(rest) = table.get("header") {
            header.extend(self.scalar(rest));
        }
        let mut lines = Vec::new();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" | "from" | "header" => {}
                "then" => self.continuation(value, &mut lines),
                _ => self.keyword(&[], key.get_ref(), key.span(), value, &mut lines),
            }
        }
        lines.sort_by_key(|l| l.at);
        Section { header: self.text.line(at, header), lines: lines.into_iter().map(|l| l.item).collect() }
    }

    /// `[[section.then]]`: more lines of the same section.
    fn continuation(&mut self, value: &Spanned<DeValue<'_>>, lines: &mut Vec<Placed<Line>>) {
        let mut table = |reader: &mut Self, value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    reader.keyword(&[], key.get_ref(), key.span(), value, lines);
                }
            }
            _ => reader.alert(value.span().start, "'then' is a table of keywords.".to_owned()),
        };
        match value.get_ref() {
            DeValue::Array(array) => array.iter().for_each(|element| table(self, element)),
            _ => table(self, value),
        }
    }

    /// The line or lines of one key, whose words follow those of `path`.
    fn keyword(
        &mut self,
        path: &[Piece],
        key: &str,
        key_span: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        lines: &mut Vec<Placed<Line>>,
    ) {
        let mut words = path.to_vec();
        if !key.is_empty() {
            words.push(Piece::new(key, self.text.inside(key_span.clone())));
        }
        let at = path.first().map_or(key_span.start, |first| self.text.same_line(first.at, key_span.start));
        match value.get_ref() {
            DeValue::Table(_) if path.is_empty() && key == "tune" => self.alert(
                key_span.start,
                "'tune' is no keyword: its keywords are single words with dots, written as quoted keys \
                 such as \"tune.bufsize\"."
                    .to_owned(),
            ),
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.keyword(&words, key.get_ref(), key.span(), value, lines);
                }
            }
            DeValue::Array(array) => self.repeated(&words, array, lines),
            DeValue::Boolean(false) => {
                let no = Piece::new("no", at);
                self.push(at, std::iter::once(no).chain(words).collect(), lines);
            }
            _ => {
                words.extend(self.scalar(value));
                self.push(at, words, lines);
            }
        }
    }

    /// An array: one line per element.
    fn repeated(&mut self, words: &[Piece], array: &DeArray<'_>, lines: &mut Vec<Placed<Line>>) {
        for element in array {
            let at = element.span().start;
            let mut words = words.to_vec();
            match element.get_ref() {
                DeValue::Table(table) => words.extend(self.structured(&words, table)),
                DeValue::Array(_) => self.alert(at, "an array in an array has no meaning here.".to_owned()),
                DeValue::Boolean(false) => words.insert(0, Piece::new("no", at)),
                _ => words.extend(self.scalar(element)),
            }
            self.push(at, words, lines);
        }
    }

    /// A table as an element of an array: the words of one line after its keyword.
    fn structured(&mut self, keyword: &[Piece], table: &DeTable<'_>) -> Vec<Piece> {
        let positional = structured::positional(keyword.first().map_or("", |word| word.text.as_str()));
        let mut words = Vec::new();
        for key in positional {
            if let Some(value) = table.get(*key) {
                words.extend(self.scalar(value));
            }
        }
        let mut options: Vec<_> =
            table.iter().filter(|(key, _)| !positional.contains(&key.get_ref().as_ref())).collect();
        options.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in options {
            let at = self.text.inside(key.span());
            match value.get_ref() {
                DeValue::Boolean(false) => words.push(Piece::new(&format!("no-{}", key.get_ref()), at)),
                DeValue::Array(array) => {
                    for element in array {
                        words.push(Piece::new(key.get_ref(), at));
                        words.extend(self.scalar(element));
                    }
                }
                _ => {
                    words.push(Piece::new(key.get_ref(), at));
                    words.extend(self.scalar(value));
                }
            }
        }
        words
    }

    /// The words of a value that is neither a table nor an array.
    fn scalar(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<Piece> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(string) => self.words_of(string, span),
            DeValue::Boolean(true) => Vec::new(),
            // As written: `010` of a mode, `1_000` without its underscores.
            DeValue::Integer(_) | DeValue::Float(_) => {
                vec![Piece::new(&self.text.slice(&span).replace('_', ""), span.start)]
            }
            other => {
                let kind = other.type_str();
                self.alert(span.start, format!("a {kind} is not accepted here: write it as a string."));
                Vec::new()
            }
        }
    }

    fn words_of(&mut self, string: &str, span: Range<usize>) -> Vec<Piece> {
        match (self.split)(string) {
            Ok(words) => {
                let offsets = self.text.string_offsets(&span, string);
                let offset = |index: usize| offsets.get(index).copied().unwrap_or(span.start);
                words.into_iter().map(|w| Piece { at: offset(w.start), text: w.text }).collect()
            }
            Err(error) => {
                let offsets = self.text.string_offsets(&span, string);
                self.alert(offsets.get(error.at).copied().unwrap_or(span.start), error.message);
                Vec::new()
            }
        }
    }

    /// A value that must be one word: a section's name.
    fn one_word(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Piece> {
        let before = self.diagnostics.len();
        let mut words = self.scalar(value);
        if words.len() != 1 && self.diagnostics.len() == before {
            self.alert(value.span().start, "a section's name is one word.".to_owned());
        }
        words.pop()
    }

    fn push(&mut self, at: usize, words: Vec<Piece>, lines: &mut Vec<Placed<Line>>) {
        if !words.is_empty() {
            lines.push(Placed { at, item: self.text.line(at, words) });
        }
    }

    fn alert(&mut self, at: usize, message: String) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Alert,
            place: Some(self.text.place(at)),
            message,
            word: None,
            suggestion: None,
            source: Some(self.text.source(at)),
        });
    }
}

#[cfg(test)]
mod tests;
