//! The text of a `haproxy.cfg` file to sections of lines: directives are obeyed here, keywords are left to the tables.

use std::sync::Arc;

use super::address_variables;
use super::conditional::{ConditionalError, Conditionals};
use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use super::document::{Document, Line, Place, Section, Word};
use super::environment::Environment;
use super::lexer::{self, LexError, Variables};
use super::sections;
use super::suggest;

/// Reads one file into `document`, whose sections may go on to be read from further files. Each file starts outside
/// any section. Every fault is reported, and the reading goes on behind it.
pub fn read(
    text: &[u8],
    file: &Arc<str>,
    environment: &mut Environment,
    document: &mut Document,
    diags: &mut Diagnostics,
) {
    diags.register_file(file);
    let mut reader = Reader {
        file,
        environment,
        document,
        diags,
        conditionals: Conditionals::default(),
        inside: None,
        section_name: String::new(),
    };
    let mut last = Line { place: Place { file: Arc::clone(file), line: 0, column: 1 }, ..Line::default() };
    for (index, source) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        last = reader.line(source, index as u32 + 1);
    }
    if reader.conditionals.is_open() {
        diags.alert_line(&last, 0, "non-terminated '.if' block.");
    }
}

const DIRECTIVES: [&str; 8] = [".if", ".elif", ".else", ".endif", ".diag", ".notice", ".warning", ".alert"];

struct Reader<'a> {
    file: &'a Arc<str>,
    environment: &'a mut Environment,
    document: &'a mut Document,
    diags: &'a mut Diagnostics,
    conditionals: Conditionals,
    /// The section that lines go to: its index in the document.
    inside: Option<usize>,
    /// `.SECTION`.
    section_name: String,
}

impl Reader<'_> {
    /// Reads a line with its line feed and returns it, for what is said about the end of the file.
    fn line(&mut self, raw: &[u8], number: u32) -> Line {
        let (bytes, complete) = match raw.strip_suffix(b"\n") {
            Some(bytes) => (bytes, true),
            None => (raw, false),
        };
        let shown = String::from_utf8_lossy(bytes);
        let mut line = Line {
            place: Place { file: Arc::clone(self.file), line: number, column: 1 },
            words: Vec::new(),
            source: shown.trim_end_matches('\r').into(),
        };
        let bytes = self.check_end(bytes, complete, &line);
        let variables =
            Variables { environment: self.environment, file: self.file, line: number, section: &self.section_name };
        match lexer::tokenize(bytes, &variables) {
            Ok(words) => line.words = words,
            Err(error) => {
                refuse(&mut line, bytes, &error, self.diags);
                return line;
            }
        }
        line.place.column = line.words.first().map_or(1, |word| word.column);
        let keyword = line.keyword();
        if keyword.starts_with('.') {
            self.directive(&line);
        } else if !keyword.is_empty() && self.conditionals.active() {
            self.keyword(line.clone());
        }
        line
    }

    /// A last line without line feed, or a zero byte, may mean that the file was cut.
    fn check_end<'b>(&mut self, bytes: &'b [u8], complete: bool, line: &Line) -> &'b [u8] {
        let zero = bytes.iter().position(|&byte| byte == 0);
        let end = zero.unwrap_or(bytes.len());
        let bytes = bytes.get(..end).unwrap_or(bytes);
        if zero.is_some() || !complete {
            let text = format!("Missing LF on last line, file might have been truncated at position {}.", end + 1);
            self.diags.alert_line(line, usize::MAX, text);
        }
        bytes
    }

    fn keyword(&mut self, mut line: Line) {
        let first = usize::from(matches!(line.keyword(), "no" | "default"));
        if let Some(kind) = sections::kind(line.arg(first)) {
            if first == 1 {
                self.diags.alert_line(&line, 0, sections::NEGATION);
            }
            return self.section(kind, line, first);
        }
        let Some(section) = self.inside.and_then(|index| self.document.sections.get_mut(index)) else {
            let keyword = line.keyword();
            let nearest = suggest::nearest(keyword, sections::KINDS.iter().map(|kind| kind.keyword));
            let message = format!("unknown keyword '{keyword}' out of section.");
            let diagnostic = Diagnostic::about(Severity::Alert, &line, 0, message).suggest(nearest);
            return self.diags.push(diagnostic.heading(Heading::Line));
        };
        if section.header.keyword() == "global" {
            self.environment.apply(&line);
        }
        address_variables::expand(&mut line, self.environment);
        section.lines.push(line);
    }

    fn section(&mut self, kind: &'static sections::Kind, mut line: Line, first: usize) {
        line.words.drain(..first);
        line.place.column = line.words.first().map_or(1, |word| word.column);
        let name = line.arg(1);
        self.section_name = if name.is_empty() { kind.keyword } else { name }.to_owned();
        self.inside = Some(self.document.sections.len());
        self.document.sections.push(Section { header: line, lines: Vec::new() });
    }

    fn directive(&mut self, line: &Line) {
        let expression = || line.words.iter().skip(1).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let result = match line.keyword() {
            ".if" => self.conditionals.begin(&expression(), self.environment),
            ".elif" => self.conditionals.alternative(&expression(), self.environment),
            ".else" | ".endif" => {
                if let Some(extra) = line.words.get(1) {
                    let text = format!("Unexpected argument '{}' for '{}'.", extra.text, line.keyword());
                    self.diags.alert_line(line, 1, text);
                }
                if line.keyword() == ".else" { self.conditionals.otherwise() } else { self.conditionals.end() }
            }
            _ if !self.conditionals.active() => Ok(()),
            ".diag" => return self.message(Severity::Diag, line),
            ".notice" => return self.message(Severity::Notice, line),
            ".warning" => return self.message(Severity::Warning, line),
            ".alert" => return self.message(Severity::Alert, line),
            unknown => {
                let nearest = suggest::nearest(unknown, DIRECTIVES);
                let text = format!("unknown directive '{unknown}'.");
                let diagnostic = Diagnostic::about(Severity::Alert, line, 0, text).suggest(nearest);
                return self.diags.push(diagnostic.heading(Heading::Line));
            }
        };
        if let Err(error) = result {
            self.conditional_error(line, &error, &expression());
        }
    }

    /// `.notice "text"` and its likes.
    fn message(&mut self, severity: Severity, line: &Line) {
        let diagnostic = match line.words.get(2) {
            None => Diagnostic::about(severity, line, 0, format!("'{}'.", line.arg(1))),
            Some(extra) => {
                let text = format!(
                    "Unexpected argument '{}' for '{}'. Use quotes if the message should contain spaces.",
                    extra.text,
                    line.keyword()
                );
                Diagnostic::about(Severity::Alert, line, 2, text)
            }
        };
        self.diags.push(diagnostic.heading(Heading::Line));
    }

    fn conditional_error(&mut self, line: &Line, error: &ConditionalError, expression: &str) {
        let ConditionalError::Expression { directive, error: inner } = error else {
            return self.diags.alert_line(line, 0, error.to_string());
        };
        let indent = " ".repeat(directive.len() + 1 + inner.position);
        let message = format!("{error}:\n  {directive} {expression}\n  {indent}^");
        let word = word_at(&line.words, inner.position);
        let diagnostic = Diagnostic::about(Severity::Alert, line, word, message).suggest(inner.suggestion);
        // The message shows the line itself.
        self.diags.push(Diagnostic { source: None, ..diagnostic.heading(Heading::Line) });
    }
}

/// Cuts a line that stands in no file into words. `None` where it cannot be: that is told.
pub(super) fn single_line(
    text: &str,
    file: &Arc<str>,
    section: &str,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Option<Line> {
    let place = Place { file: Arc::clone(file), line: 0, column: 1 };
    let mut line = Line { place, words: Vec::new(), source: text.trim().into() };
    match lexer::tokenize(text.trim().as_bytes(), &Variables { environment, file, line: 0, section }) {
        Ok(words) => line.words = words,
        Err(error) => {
            refuse(&mut line, text.trim().as_bytes(), &error, diags);
            return None;
        }
    }
    Some(line)
}

/// Tells that a line cannot be cut into words.
fn refuse(line: &mut Line, bytes: &[u8], error: &LexError, diags: &mut Diagnostics) {
    line.place.column = lexer::column_of(bytes, error.offset());
    diags.push(Diagnostic {
        severity: Severity::Alert,
        place: Some(line.place.clone()),
        message: error.describe(bytes),
        word: None,
        suggestion: None,
        // The message shows the line itself.
        source: None,
        heading: Heading::Line,
    });
}

/// The word of a directive in which byte `position` of its joined arguments lies.
fn word_at(words: &[Word], position: usize) -> usize {
    let mut end = 0;
    for (index, word) in words.iter().enumerate().skip(1) {
        end += word.text.len() + 1;
        if position < end {
            return index;
        }
    }
    words.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Document, Vec<String>, Environment) {
        let mut environment = [("N", "1"), ("LIST", "a b")].into_iter().collect();
        let (mut document, mut diags) = (Document::default(), Diagnostics::new());
        read(text.as_bytes(), &"t.cfg".into(), &mut environment, &mut document, &mut diags);
        let told = diags.iter().map(|d| {
            let line = d.place.as_ref().map_or(0, |place| place.line);
            format!("{line} {}", d.message)
        });
        (document, told.collect(), environment)
    }

    fn errors(text: &str) -> Vec<String> {
        read_text(text).1
    }

    #[test]
    fn lines_belong_to_the_section_before_them() {
        let (document, errors, _) = read_text("global\n daemon\n\nfrontend web # x\n\tbind :80\n  mode http\r\n");
        assert_eq!(errors, Vec::<String>::new());
        let seen: Vec<_> =
            document.sections.iter().map(|s| (s.header.keyword(), s.header.arg(1), s.lines.len())).collect();
        assert_eq!(seen, [("global", "", 1), ("frontend", "web", 2)]);
        let mode = &document.sections[1].lines[1];
        assert_eq!((mode.place.line, mode.place.column, &*mode.source), (6, 3, "  mode http"));
    }

    #[test]
    fn outside_any_section() {
        assert_eq!(errors("fronted a\n"), ["1 unknown keyword 'fronted' out of section."]);
        assert_eq!(errors("\"\" foo\n"), Vec::<String>::new());
        assert_eq!(errors("global"), ["1 Missing LF on last line, file might have been truncated at position 7."]);
        assert_eq!(
            errors("global\n maxconn 5\0 6\n"),
            ["2 Missing LF on last line, file might have been truncated at position 11."]
        );
    }

    #[test]
    fn the_environment_changes_while_reading() {
        let text = "global\n setenv A b\n .notice \"$A\"\n unsetenv A\n .notice \"$A-\"\n presetenv A c\n presetenv A d\n \
                    .notice \"$A\"\n resetenv A\n .notice \"[$N]\"\n";
        let (_, messages, environment) = read_text(text);
        assert_eq!(messages, ["3 'b'.", "5 '-'.", "8 'c'.", "10 '[]'."]);
        assert_eq!(environment.iter().collect::<Vec<_>>(), [("A", "c")]);
    }

    #[test]
    fn pseudo_variables_tell_the_place() {
        let text = ".notice \"<$.SECTION>\"\nfrontend a\n.notice \"$.SECTION ${.LINE} $.FILE\"\nglobal\n.notice \"$.SECTION\"\n";
        assert_eq!(errors(text), ["1 '<>'.", "3 'a 3 t.cfg'.", "5 'global'."]);
    }

    #[test]
    fn conditional_blocks() {
        let text = ".if 0\n.alert x\n.foo\n foo \"bar\n.elif \"$N\"\nglobal\n.else\nbad\n.endif\n";
        let (document, errors, _) = read_text(text);
        assert_eq!(errors, ["4 unmatched quote at position 6:\n  foo \"bar\n      ^"]);
        assert_eq!(document.sections.len(), 1);
        assert_eq!(read_text(".if 1\n\n").1, ["2 non-terminated '.if' block."]);
        assert_eq!(read_text(".if 1\n.else x\n.endif\n").1, ["2 Unexpected argument 'x' for '.else'."]);
        assert_eq!(
            read_text(".if 1  &&   1 x\n.endif\n").1,
            ["1 unexpected character 'x' at the end of conditional expression '1 && 1 x' in '.if' at position 8:\n  \
             .if 1 && 1 x\n             ^"]
        );
    }

    #[test]
    fn messages_are_one_word() {
        assert_eq!(errors(".warning \"a b\"\n.iff\n"), ["1 'a b'.", "2 unknown directive '.iff'."]);
        assert_eq!(
            errors(".notice \"${LIST[*]}\"\n"),
            ["1 Unexpected argument 'b' for '.notice'. Use quotes if the message should contain spaces."]
        );
    }
}
