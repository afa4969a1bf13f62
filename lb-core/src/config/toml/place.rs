//! From byte offsets of a TOML text to lines, columns and document lines.

use std::ops::Range;
use std::sync::Arc;

use crate::config::document::{Line, Place, Word};

/// A word and the byte offset in the text where it starts.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: usize,
}

impl Piece {
    pub(super) fn new(text: &str, at: usize) -> Self {
        Self { text: text.to_owned(), at }
    }
}

/// The text with the offsets of its lines.
pub(super) struct Text<'t> {
    text: &'t str,
    file: Arc<str>,
    starts: Vec<usize>,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str, file: Arc<str>) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, file, starts }
    }

    /// The text of a span, empty when it does not fit.
    pub(super) fn slice(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or("")
    }

    /// Where the word of a key starts: behind the quote of a quoted key.
    pub(super) fn inside(&self, key: Range<usize>) -> usize {
        key.start + usize::from(self.slice(&key).starts_with(['"', '\'']))
    }

    /// The first `word` at or behind `at`, on the same line.
    pub(super) fn find_from(&self, at: usize, word: &str) -> Option<usize> {
        let line = self.text.get(at..)?.lines().next()?;
        line.find(word).map(|found| at + found)
    }

    /// `first` when both stand on one line, `second` otherwise: where a line starts whose keyword is spread over a
    /// table's header and its keys.
    pub(super) fn same_line(&self, first: usize, second: usize) -> usize {
        if self.index(first) == self.index(second) { first } else { second }
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, at: usize) -> Place {
        Place { file: Arc::clone(&self.file), line: self.index(at) as u32 + 1, column: self.column(at) }
    }

    /// The line of text around a byte offset.
    pub(super) fn source(&self, at: usize) -> Arc<str> {
        let start = self.starts.get(self.index(at)).copied().unwrap_or(0);
        self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("").into()
    }

    /// A document line at `at`. Words that stand on other lines of the text are given the column of `at`.
    pub(super) fn line(&self, at: usize, pieces: Vec<Piece>) -> Line {
        let line = self.index(at);
        let words = pieces.into_iter().map(|piece| {
            let column = self.column(if self.index(piece.at) == line { piece.at } else { at });
            Word { text: piece.text, column }
        });
        let mut result = Line { words: words.collect(), place: self.place(at), source: self.source(at) };
        if let Some(first) = result.words.first() {
            result.place.column = first.column;
        }
        result
    }

    /// For each character of a string value, and its end, the byte offset where it is written.
    pub(super) fn string_offsets(&self, span: &Range<usize>, value: &str) -> Vec<usize> {
        let raw = self.slice(span);
        let (quote, basic) = match raw {
            _ if raw.starts_with("\"\"\"") => (3, true),
            _ if raw.starts_with("'''") => (3, false),
            _ => (1, raw.starts_with('"')),
        };
        let mut offsets = Vec::with_capacity(value.len() + 1);
        let mut at = span.start + quote;
        let mut rest = raw.get(quote..).unwrap_or("");
        if quote == 3 {
            // A newline right behind the opening quotes is not part of the value.
            let trimmed = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
            at += rest.len() - trimmed.len();
            rest = trimmed;
        }
        for _ in value.chars() {
            if basic && quote == 3 {
                at += skip_continuation(&mut rest);
            }
            offsets.push(at);
            let written = if basic { escape_len(rest) } else { None };
            let length = written.unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8));
            at += length;
            rest = rest.get(length..).unwrap_or("");
        }
        offsets.push(at);
        offsets
    }

    fn index(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    fn column(&self, at: usize) -> u32 {
        let start = self.starts.get(self.index(at)).copied().unwrap_or(0);
        self.text.get(start..at).map_or(0, |before| before.chars().count()) as u32 + 1
    }
}

/// Length of the escape sequence at the start of `rest`, if there is one.
fn escape_len(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\\')?;
    let length = match after.chars().next()? {
        'x' => 4,
        'u' => 6,
        'U' => 10,
        _ => 2,
    };
    Some(length.min(rest.len()))
}

/// Skips `\` at the end of a line and the white space behind it; returns how many bytes.
fn skip_continuation(rest: &mut &str) -> usize {
    let before = rest.len();
    while let Some(after) = rest.strip_prefix('\\') {
        let trimmed = after.trim_start_matches([' ', '\t', '\r', '\n']);
        let blank = after.get(..after.len() - trimmed.len()).unwrap_or("");
        if !blank.contains('\n') {
            break;
        }
        *rest = trimmed;
    }
    before - rest.len()
}
