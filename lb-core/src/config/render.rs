//! Diagnostics as text: HAProxy's one-line form and, for people, the source line with a caret under the word.

use std::fmt::Write;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenderOptions<'a> {
    /// The process id in each line.
    pub pid: u32,
    /// Add the source line, a caret and the nearest known word: for a terminal.
    pub pretty: bool,
    /// Print `.diag` messages and hints too (`-dD`).
    pub diagnostic_mode: bool,
    /// Version and path of the executable, told once before the first warning or alert.
    pub banner: Option<(&'a str, &'a str)>,
}

/// All messages in order, each file's followed by HAProxy's closing line, and the verdict last.
pub fn render(diags: &Diagnostics, options: &RenderOptions<'_>) -> String {
    let mut sorted = diags.clone();
    sorted.sort();
    let mut out = Output { text: String::new(), options, banner: options.banner };
    let mut file = None;
    let mut file_failed = false;
    for diagnostic in &sorted {
        let while_reading = diagnostic.place.as_ref().filter(|_| diagnostic.heading != Heading::Whole);
        let here = while_reading.map(|place| &place.file);
        if here != file {
            out.close_file(file, file_failed);
            (file, file_failed) = (here, false);
        }
        file_failed |= diagnostic.severity == Severity::Alert;
        out.diagnostic(diagnostic);
    }
    out.close_file(file, file_failed);
    if sorted.has_errors() && !sorted.gave_up() {
        out.line(Severity::Alert, "Fatal errors found in configuration.");
    }
    out.text
}

/// One message without severity and process id: what `-c` prints behind `config : `.
pub fn message(diagnostic: &Diagnostic) -> String {
    let Some(place) = &diagnostic.place else { return diagnostic.message.clone() };
    if place.is_call() && diagnostic.heading != Heading::Whole {
        // Without line numbers the line itself says which one it is.
        return match &diagnostic.source {
            Some(source) => format!("{}, '{source}' : {}", place.file, diagnostic.message),
            None => format!("{} : {}", place.file, diagnostic.message),
        };
    }
    let (word, colon) = match diagnostic.heading {
        Heading::Keyword => ("parsing", " :"),
        Heading::Line => ("parsing", ":"),
        Heading::Name => ("Parsing", ":"),
        Heading::Server => return format!("[{}:{}] : {}", place.file, place.line, diagnostic.message),
        Heading::Whole => return diagnostic.message.clone(),
    };
    format!("{word} [{}:{}]{colon} {}", place.file, place.line, diagnostic.message)
}

struct Output<'a> {
    text: String,
    options: &'a RenderOptions<'a>,
    banner: Option<(&'a str, &'a str)>,
}

impl Output<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Diag && !self.options.diagnostic_mode {
            return;
        }
        self.line(diagnostic.severity, &message(diagnostic));
        if self.options.pretty {
            self.excerpt(diagnostic);
        }
    }

    fn close_file(&mut self, file: Option<&Arc<str>>, failed: bool) {
        if let (Some(file), true) = (file, failed) {
            self.line(Severity::Alert, &format!("Error(s) found in configuration file : {file}"));
        }
    }

    fn line(&mut self, severity: Severity, message: &str) {
        let label = match severity {
            Severity::Diag => "[DIAG]",
            Severity::Notice => "[NOTICE]",
            Severity::Warning => "[WARNING]",
            Severity::Alert => "[ALERT]",
        };
        let pid = self.options.pid;
        if severity >= Severity::Warning
            && let Some((version, path)) = self.banner.take()
        {
            let _ = writeln!(self.text, "[NOTICE]   ({pid}) : haproxy version is {version}");
            let _ = writeln!(self.text, "[NOTICE]   ({pid}) : path to executable is {path}");
        }
        let _ = writeln!(self.text, "{label:<10} ({pid}) : config : {message}");
    }

    /// The source line with a caret under the word, and what was probably meant.
    fn excerpt(&mut self, diagnostic: &Diagnostic) {
        if let (Some(place), Some(source)) = (&diagnostic.place, &diagnostic.source)
            && place.line > 0
        {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            // Tabs and control characters would move the caret away from its word.
            let shown: String = source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let length = shown.chars().count();
            let before = (place.column.saturating_sub(1) as usize).min(length);
            let width = diagnostic.word.as_ref().map_or(1, |_| width_at(&shown, before));
            let _ = writeln!(self.text, "  {margin} |");
            let _ = writeln!(self.text, "  {number} | {shown}");
            let _ = writeln!(self.text, "  {margin} | {}{}", " ".repeat(before), "^".repeat(width));
        }
        if let Some(suggestion) = &diagnostic.suggestion
            && !diagnostic.message.contains("did you mean")
        {
            let _ = writeln!(self.text, "  did you mean '{suggestion}'?");
        }
    }
}

/// How many characters of a line the word that starts at `start` takes, with its quotes and escapes; at least one.
fn width_at(line: &str, start: usize) -> usize {
    let mut quote = None;
    let mut escaped = false;
    let word = line.chars().skip(start).take_while(|&c| {
        let inside = escaped || quote.is_some() || !(c.is_whitespace() || c == '#');
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            '\'' | '"' if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            _ => {}
        }
        inside
    });
    word.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::{Line, Place, Word};

    fn diags() -> Diagnostics {
        let line = |file: &str, number| Line {
            place: Place { file: file.into(), line: number, column: 2 },
            words: vec![Word { text: "maxcon".into(), column: 2 }],
            source: "\tmaxcon 5".into(),
        };
        let mut diags = Diagnostics::new();
        diags.register_file(&"a.cfg".into());
        diags.register_file(&"b.cfg".into());
        diags.alert_global("userlist 'u': no such group 'g' specified in user 'x'");
        diags.warning_line(&line("b.cfg", 1), 0, "'y'.");
        diags.unknown_keyword(&line("a.cfg", 2), 0, "global", ["maxconn"]);
        diags.diag(&line("a.cfg", 2), 0, "hint");
        diags
    }

    #[test]
    fn one_line_form() {
        let text = render(&diags(), &RenderOptions { pid: 42, ..RenderOptions::default() });
        assert_eq!(
            text,
            "[ALERT]    (42) : config : parsing [a.cfg:2] : unknown keyword 'maxcon' in 'global' section; did you mean \
             'maxconn' maybe ?\n\
             [ALERT]    (42) : config : Error(s) found in configuration file : a.cfg\n\
             [WARNING]  (42) : config : parsing [b.cfg:1]: 'y'.\n\
             [ALERT]    (42) : config : userlist 'u': no such group 'g' specified in user 'x'\n\
             [ALERT]    (42) : config : Fatal errors found in configuration.\n"
        );
    }

    #[test]
    fn what_ends_the_reading_at_once_has_no_verdict() {
        let mut diags = Diagnostics::new();
        diags.give_up("Cannot open configuration file/directory x : No such file or directory");
        let text = render(&diags, &RenderOptions::default());
        assert_eq!(
            text,
            "[ALERT]    (0) : config : Cannot open configuration file/directory x : No such file or directory\n"
        );
    }

    #[test]
    fn the_caret_spans_the_word_as_it_was_written() {
        let widths = [
            ("a \"b c\" d", 2, 5),
            ("a b\\ c#d", 2, 4),
            ("a 'b\"c' d", 2, 5),
            ("a \"b", 2, 2),
            ("a", 1, 1),
            ("é ü x", 2, 1),
        ];
        for (line, start, width) in widths {
            assert_eq!(width_at(line, start), width, "{line}");
        }
    }

    #[test]
    fn terminal_form() {
        let options =
            RenderOptions { pid: 1, pretty: true, diagnostic_mode: true, banner: Some(("2.6.12", "/usr/sbin/lbd")) };
        let text = render(&diags(), &options);
        let head = "[NOTICE]   (1) : haproxy version is 2.6.12\n\
                    [NOTICE]   (1) : path to executable is /usr/sbin/lbd\n\
                    [ALERT]    (1) : config : parsing [a.cfg:2] : unknown keyword 'maxcon' in 'global' section; did \
                    you mean 'maxconn' maybe ?\n";
        let excerpt = concat!("    |\n", "  2 |  maxcon 5\n", "    |  ^^^^^^\n", "[DIAG]     (1) : config : ");
        assert!(text.starts_with(&format!("{head}{excerpt}")), "{text}");
    }
}
