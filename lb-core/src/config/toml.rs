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
//! - Variables are read in double quotes inside a string, as in haproxy.cfg (`bind = '"$ADDRESS:80"'`), and `setenv`
//!   acts on the text below it. A comment inside a string is an error: comments are TOML's.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::address_variables;
use super::diagnostic::Diagnostics;
use super::document::{Document, Line, Section};
use super::environment::Environment;
use super::lexer::{self, Variables};

mod place;
pub mod structured;

use place::{Piece, Text};

/// Keys of a section's own table that are not keywords.
pub(super) const RESERVED: [&str; 5] = ["name", "from", "header", "then", ""];

/// Reads a TOML text and appends its sections to the document.
///
/// Every error of the text goes into `diagnostics`; what could be read is in the document all the same. `environment`
/// is what variables are taken from and what `setenv` and its likes change.
pub fn read(
    text: &str,
    file: &Arc<str>,
    environment: &mut Environment,
    document: &mut Document,
    diagnostics: &mut Diagnostics,
) {
    diagnostics.register_file(file);
    let mut found = Diagnostics::new();
    let mut reader = Reader {
        text: Text::new(text, Arc::clone(file)),
        environment,
        section: String::new(),
        diagnostics: &mut found,
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.alert(at, format!("TOML: {}", error.message()));
    }
    for section in sections(&mut reader, root.get_ref()) {
        document.sections.push(reader.section(&section));
    }
    found.sort();
    found.iter().cloned().for_each(|diagnostic| diagnostics.push(diagnostic));
}

/// A section's table, before its strings are cut into words.
struct Table<'v> {
    at: usize,
    kind: Piece,
    table: &'v DeTable<'v>,
}

/// A line whose value is not cut into words yet, and the offset that decides its order.
struct Pending<'v> {
    at: usize,
    words: Vec<Piece>,
    value: &'v Spanned<DeValue<'v>>,
}

/// The tables of the text in order.
fn sections<'v>(reader: &mut Reader<'_>, root: &'v DeTable<'v>) -> Vec<Table<'v>> {
    let mut sections = Vec::new();
    for (key, value) in root {
        let kind = Piece::new(key.get_ref().as_ref(), reader.text.inside(key.span()));
        match value.get_ref() {
            DeValue::Table(table) => {
                sections.push(Table { at: value.span().start.min(key.span().start), kind, table });
            }
            DeValue::Array(array) if array.iter().all(|v| v.get_ref().is_table()) => {
                for element in array {
                    let DeValue::Table(table) = element.get_ref() else { continue };
                    let at = element.span().start;
                    // Each `[[kind]]` header carries its own copy of the word.
                    let kind = Piece::new(&kind.text, reader.text.find_from(at, &kind.text).unwrap_or(at));
                    sections.push(Table { at, kind, table });
                }
            }
            _ => reader.alert(key.span().start, format!("unknown keyword '{}' out of section.", key.get_ref())),
        }
    }
    sections.sort_by_key(|section| section.at);
    sections
}

struct Reader<'r> {
    text: Text<'r>,
    environment: &'r mut Environment,
    /// Name of the section that is read, for `.SECTION`.
    section: String,
    diagnostics: &'r mut Diagnostics,
}

impl Reader<'_> {
    fn section(&mut self, section: &Table<'_>) -> Section {
        let mut header = vec![section.kind.clone()];
        if let Some(name) = section.table.get("name") {
            header.extend(self.one_word(name));
        }
        if let Some(from) = section.table.get("from") {
            header.push(Piece::new("from", from.span().start));
            header.extend(self.one_word(from));
        }
        if let Some(rest) = section.table.get("header") {
            header.extend(self.scalar(rest));
        }
        self.section = header.get(1).unwrap_or(&section.kind).text.clone();

        let mut pending = Vec::new();
        for (key, value) in section.table {
            match key.get_ref().as_ref() {
                "name" | "from" | "header" => {}
                "then" => self.continuation(value, &mut pending),
                _ => self.keyword(&[], key, value, &mut pending),
            }
        }
        pending.sort_by_key(|line| line.at);
        let mut lines = Vec::new();
        for line in pending {
            let mut line = self.resolve(line);
            if line.words.is_empty() {
                continue;
            }
            if section.kind.text == "global" {
                self.environment.apply(&line);
            }
            address_variables::expand(&mut line, self.environment);
            lines.push(line);
        }
        Section { header: self.text.line(section.at, header), lines }
    }

    /// `[[section.then]]`: more lines of the same section.
    fn continuation<'v>(&mut self, value: &'v Spanned<DeValue<'v>>, pending: &mut Vec<Pending<'v>>) {
        match value.get_ref() {
            DeValue::Array(array) => array.iter().for_each(|element| self.continuation(element, pending)),
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.keyword(&[], key, value, pending);
                }
            }
            _ => self.alert(value.span().start, "'then' is a table of keywords."),
        }
    }

    /// The lines of one key, whose words follow those of `path`.
    fn keyword<'v>(
        &mut self,
        path: &[Piece],
        key: &'v Spanned<std::borrow::Cow<'v, str>>,
        value: &'v Spanned<DeValue<'v>>,
        pending: &mut Vec<Pending<'v>>,
    ) {
        let start = key.span().start;
        let mut words = path.to_vec();
        if !key.get_ref().is_empty() {
            words.push(Piece::new(key.get_ref(), self.text.inside(key.span())));
        }
        match value.get_ref() {
            DeValue::Table(_) if path.is_empty() && key.get_ref() == "tune" => self.alert(
                start,
                "'tune' is no keyword: its keywords are single words with dots, written as quoted keys such as \
                 \"tune.bufsize\".",
            ),
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.keyword(&words, key, value, pending);
                }
            }
            DeValue::Array(array) => {
                for value in array {
                    pending.push(Pending { at: value.span().start, words: words.clone(), value });
                }
            }
            _ => {
                let at = path.first().map_or(start, |first| self.text.same_line(first.at, start));
                pending.push(Pending { at, words, value });
            }
        }
    }

    /// Cuts a line's value into words. The line has no words when it is in error.
    fn resolve(&mut self, line: Pending<'_>) -> Line {
        let Pending { at, mut words, value } = line;
        match value.get_ref() {
            DeValue::Table(table) => words.extend(self.structured(&words, table)),
            DeValue::Array(_) => {
                self.alert(value.span().start, "an array in an array has no meaning here.");
                words.clear();
            }
            DeValue::Boolean(false) => words.insert(0, Piece::new("no", at)),
            _ => words.extend(self.scalar(value)),
        }
        self.text.line(at, words)
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
                DeValue::Array(array) => self.repeated(&Piece::new(key.get_ref(), at), array, &mut words),
                _ => {
                    words.push(Piece::new(key.get_ref(), at));
                    words.extend(self.scalar(value));
                }
            }
        }
        words
    }

    /// An option that is repeated with each of its values.
    fn repeated(&mut self, option: &Piece, values: &DeArray<'_>, words: &mut Vec<Piece>) {
        for value in values {
            words.push(option.clone());
            words.extend(self.scalar(value));
        }
    }

    /// The words of a value that is neither a table nor an array.
    fn scalar(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<Piece> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(string) => self.words_of(string, span),
            DeValue::Boolean(true) => Vec::new(),
            // As written, but for the underscores of `1_000`.
            DeValue::Integer(_) | DeValue::Float(_) => {
                vec![Piece::new(&self.text.slice(&span).replace('_', ""), span.start)]
            }
            other => {
                self.alert(span.start, format!("a {} is not accepted here: write it as a string.", other.type_str()));
                Vec::new()
            }
        }
    }

    fn words_of(&mut self, string: &str, span: Range<usize>) -> Vec<Piece> {
        let place = self.text.place(span.start);
        let variables =
            Variables { environment: self.environment, file: &place.file, line: place.line, section: &self.section };
        let offsets = self.text.string_offsets(&span, string);
        let offset = |character: usize| offsets.get(character).copied().unwrap_or(span.start);
        match lexer::tokenize(string.as_bytes(), &variables) {
            Ok(words) if ends_in_comment(string, words.len(), &variables) => {
                self.alert(span.start, "a comment in a string: put '#' in haproxy.cfg's quotes, or behind the string.");
                words_at(words, offset)
            }
            Ok(words) => words_at(words, offset),
            Err(error) => {
                let before = string.get(..error.offset()).map_or(0, |before| before.chars().count());
                self.alert(offset(before), format!("{error}."));
                Vec::new()
            }
        }
    }

    /// A value that must be one word: a section's name.
    fn one_word(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Piece> {
        let before = self.diagnostics.len();
        let mut words = self.scalar(value);
        if words.len() != 1 && self.diagnostics.len() == before {
            self.alert(value.span().start, "a section's name is one word.");
        }
        words.pop()
    }

    fn alert(&mut self, at: usize, message: impl Into<String>) {
        let line = self.text.line(at, vec![Piece::new("", at)]);
        self.diagnostics.alert(&line, 0, message);
    }
}

fn words_at(words: Vec<super::Word>, offset: impl Fn(usize) -> usize) -> Vec<Piece> {
    words.into_iter().map(|w| Piece { at: offset((w.column as usize).saturating_sub(1)), text: w.text }).collect()
}

/// Whether a further word at the end of the string would not be read: `#` outside quotes hides it.
fn ends_in_comment(string: &str, words: usize, variables: &Variables<'_>) -> bool {
    string.contains('#')
        && lexer::tokenize(format!("{string} word").as_bytes(), variables).is_ok_and(|more| more.len() == words)
}

#[cfg(test)]
mod tests;
