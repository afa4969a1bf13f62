//! Errors and warnings of a configuration: each names its file, line, column, word and the nearest known word.

use super::document::{Line, Place};
use super::suggest;
use std::sync::Arc;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `.diag` messages and `-dD` hints: shown only when asked for.
    Diag,
    /// `[NOTICE]`.
    Notice,
    /// `[WARNING]`: the configuration is accepted.
    Warning,
    /// `[ALERT]`: the configuration is refused.
    Alert,
}

/// How HAProxy introduces the place of a message: it has three ways to write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heading {
    /// `parsing [file:line] : `, of most keywords.
    #[default]
    Keyword,
    /// `parsing [file:line]: `, of the lexer, the directives and some keywords.
    Line,
    /// `Parsing [file:line]: `, of duplicate proxy names.
    Name,
    /// `[file:line] : `, of `server` lines.
    Server,
    /// Nothing: what is found when all was read and names its proxy itself. The place is for the excerpt.
    Whole,
}

/// One message about a configuration.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where; `None` for messages about the whole configuration.
    pub place: Option<Place>,
    /// HAProxy's text, without the `parsing [file:line] : ` prefix.
    pub message: String,
    /// The offending word, when one word is to blame.
    pub word: Option<String>,
    /// The nearest known word.
    pub suggestion: Option<String>,
    /// The source line, for the excerpt with the caret.
    pub source: Option<Arc<str>>,
    /// How the place is written.
    pub heading: Heading,
}

impl Diagnostic {
    /// A message about word `word_index` of `line` (0 is the keyword).
    pub fn about(severity: Severity, line: &Line, word_index: usize, message: impl Into<String>) -> Self {
        Self {
            severity,
            place: Some(line.place_of(word_index)),
            message: message.into(),
            word: line.words.get(word_index).map(|w| w.text.clone()),
            suggestion: None,
            source: Some(Arc::clone(&line.source)),
            heading: Heading::Keyword,
        }
    }

    /// A message about the whole configuration.
    pub fn global(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            place: None,
            message: message.into(),
            word: None,
            suggestion: None,
            source: None,
            heading: Heading::Keyword,
        }
    }

    /// The same message with another heading.
    #[must_use]
    pub fn heading(self, heading: Heading) -> Self {
        Self { heading, ..self }
    }

    /// The same message with the nearest known word, if there is one.
    #[must_use]
    pub fn suggest(self, suggestion: Option<&str>) -> Self {
        Self { suggestion: suggestion.map(str::to_owned), ..self }
    }
}

/// Everything that was found while reading a configuration, so that one run reports all errors of all files.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    files: Vec<Arc<str>>,
}

impl Diagnostics {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error about word `word_index` of `line` (0 is the keyword): the configuration is refused.
    pub fn alert(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Alert, line, word_index, message));
    }

    /// Adds an error about an unknown word, with the nearest known one (see [`super::suggest::nearest`]).
    pub fn alert_suggest(
        &mut self,
        line: &Line,
        word_index: usize,
        message: impl Into<String>,
        suggestion: Option<&str>,
    ) {
        self.push(Diagnostic::about(Severity::Alert, line, word_index, message).suggest(suggestion));
    }

    /// Adds a warning about word `word_index` of `line`.
    pub fn warning(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Warning, line, word_index, message));
    }

    /// Adds a notice about word `word_index` of `line`.
    pub fn notice(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Notice, line, word_index, message));
    }

    /// Adds a hint about word `word_index` of `line`, shown only when diagnostics were asked for (`-dD`).
    pub fn diag(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Diag, line, word_index, message));
    }

    /// Adds an error about the whole configuration, such as a file that cannot be read.
    pub fn alert_global(&mut self, message: impl Into<String>) {
        self.push(Diagnostic::global(Severity::Alert, message));
    }

    /// Adds a warning about the whole configuration, such as a proxy without a timeout.
    pub fn warning_global(&mut self, message: impl Into<String>) {
        self.push(Diagnostic::global(Severity::Warning, message));
    }

    /// Adds the error for a keyword that `section` does not know, with the nearest of those it knows.
    pub fn unknown_keyword<'a>(
        &mut self,
        line: &Line,
        word_index: usize,
        section: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let word = line.arg(word_index);
        let mut message = format!("unknown keyword '{word}' in '{section}' section");
        let nearest = suggest::nearest(word, known);
        if let Some(nearest) = nearest {
            message.push_str(&format!("; did you mean '{nearest}' maybe ?"));
        }
        self.push(Diagnostic::about(Severity::Alert, line, word_index, message).suggest(nearest));
    }

    /// Adds an error that HAProxy introduces with `parsing [file:line]: `.
    pub fn alert_line(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Alert, line, word_index, message).heading(Heading::Line));
    }

    /// Adds a warning that HAProxy introduces with `parsing [file:line]: `.
    pub fn warning_line(&mut self, line: &Line, word_index: usize, message: impl Into<String>) {
        self.push(Diagnostic::about(Severity::Warning, line, word_index, message).heading(Heading::Line));
    }

    /// Adds a diagnostic that was made elsewhere.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Changes how the places of the messages from `index` on are written.
    pub(super) fn set_heading(&mut self, index: usize, heading: Heading) {
        self.list.iter_mut().skip(index).for_each(|diagnostic| diagnostic.heading = heading);
    }

    /// Removes the messages from `index` on that are no errors.
    pub(super) fn drop_warnings(&mut self, index: usize) {
        let later = self.list.split_off(index.min(self.list.len()));
        self.list.extend(later.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Alert));
    }

    /// The files in the order they were read.
    pub fn files(&self) -> &[Arc<str>] {
        &self.files
    }

    /// Tells the order of the files, so that [`Self::sort`] keeps it. A file is registered once.
    pub fn register_file(&mut self, file: &Arc<str>) {
        if !self.files.contains(file) {
            self.files.push(Arc::clone(file));
        }
    }

    /// Whether any message refuses the configuration.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Alert)
    }

    /// Whether any message is a warning.
    pub fn has_warnings(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Warning)
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Puts the messages into the order of the files and lines they are about; those about the whole
    /// configuration, and those that were found once all files were read, come last. Messages of one line keep the order they were found in.
    pub fn sort(&mut self) {
        let files = &self.files;
        self.list.sort_by_key(|d| match &d.place {
            None => (usize::MAX, u32::MAX),
            Some(_) if d.heading == Heading::Whole => (usize::MAX, u32::MAX),
            Some(place) => {
                let file = files.iter().position(|f| *f == place.file).unwrap_or(usize::MAX - 1);
                (file, place.line)
            }
        });
    }

    /// The messages in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::Word;

    fn line(file: &str, number: u32) -> Line {
        Line {
            place: Place { file: file.into(), line: number, column: 3 },
            words: vec![Word { text: "maxcon".into(), column: 3 }, Word { text: "10".into(), column: 10 }],
            source: "  maxcon 10".into(),
        }
    }

    #[test]
    fn sorted_by_file_then_line_then_discovery() {
        let mut diags = Diagnostics::new();
        diags.register_file(&"b.cfg".into());
        diags.register_file(&"a.cfg".into());
        diags.warning_global("about everything");
        diags.alert(&line("a.cfg", 1), 0, "third");
        diags.warning(&line("b.cfg", 9), 0, "second");
        diags.alert(&line("b.cfg", 2), 1, "first");
        diags.sort();
        let order: Vec<&str> = diags.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(order, ["first", "second", "third", "about everything"]);
        assert!(diags.has_errors() && diags.has_warnings());
    }

    #[test]
    fn the_word_to_blame_and_its_column_are_kept() {
        let mut diags = Diagnostics::new();
        diags.alert_suggest(&line("f", 1), 0, "unknown keyword", Some("maxconn"));
        diags.alert(&line("f", 1), 7, "missing argument");
        let list: Vec<&Diagnostic> = diags.iter().collect();
        assert_eq!(list[0].word.as_deref(), Some("maxcon"));
        assert_eq!(list[0].suggestion.as_deref(), Some("maxconn"));
        assert_eq!(list[0].place.as_ref().map(|p| p.column), Some(3));
        assert_eq!(list[1].word, None);
        assert_eq!(list[1].place.as_ref().map(|p| p.column), Some(12));
    }
}
