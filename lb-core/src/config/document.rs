//! The untyped form both configuration languages are read into: sections of keyword lines.
//!
//! `haproxy.cfg` and TOML are two front ends of this one document; the keyword tables turn it into the
//! typed [`Config`](super::Config). Every word remembers where it stood, so that each error can name its place.

use std::fmt;
use std::sync::Arc;

/// A place in a configuration file: what an error message points at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// File name as given by the user (`-f` argument), shared by all places of that file; kind and name of the section
    /// for what calls of a builder said.
    pub file: Arc<str>,
    /// Line, from 1. 0 when the place is not in a file (builder API).
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// Whether this is no place in a file but a call of a builder.
    pub fn is_call(&self) -> bool {
        self.line == 0
    }
}

/// `file:line`; for a call of a builder only the section.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One word of a line after quotes, escapes and variables were resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The word's text.
    pub text: String,
    /// Column of its first character in the source line, from 1.
    pub column: u32,
}

/// A keyword line: `words[0]` is the keyword (never empty), the rest its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Where the line's first word stands.
    pub place: Place,
    /// The keyword and its arguments.
    pub words: Vec<Word>,
    /// The line as it stands in the file, for the diagnostic's excerpt.
    pub source: Arc<str>,
}

impl Line {
    /// The keyword, or the empty string for an empty line.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", |w| w.text.as_str())
    }

    /// Argument `index` (from 1, like the words of the line), or the empty string where there is none.
    pub fn arg(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |w| w.text.as_str())
    }

    /// The place of word `index`; of the line's end where there is no such word.
    pub fn place_of(&self, index: usize) -> Place {
        let column = match self.words.get(index) {
            Some(word) => word.column,
            None => self.source.chars().count() as u32 + 1,
        };
        Place { column, ..self.place.clone() }
    }
}

/// A section: its header line (`frontend web`) and the keyword lines that follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The header line: `words[0]` is the section's kind, the rest its name and arguments.
    pub header: Line,
    /// The lines of the section, in order.
    pub lines: Vec<Line>,
}

/// Everything that was read, from all files, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The sections in order of appearance.
    pub sections: Vec<Section>,
}
