//! The `global` section (configuration.txt, sections 3.1 to 3.3). One file per family of keywords; `table.rs` is the
//! table of all.

mod cpu_map;
mod http1;
mod limits;
mod process;
mod stats;
mod table;
mod tls;
mod tune;
mod unix_bind;
mod variables;

#[cfg(test)]
mod tests;

pub use table::keyword_rows;

use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use super::document::{Line, Section};
use super::model::Global;
use super::sections::{NEGATION, no_more_than};
use crate::sample::names::Names;
use table::ROWS;

/// Reads one `global` section; there may be several, which add up.
pub(crate) fn parse_section(section: &Section, global: &mut Global, names: &Names, diags: &mut Diagnostics) {
    no_more_than(0, &section.header, 0, diags);
    for line in &section.lines {
        parse_line(line, global, names, diags);
    }
}

/// Keywords that `no` and `default` may stand in front of, in any section.
const NEGATABLE: [&str; 7] =
    ["option", "log", "busy-polling", "set-dumpable", "strict-limits", "insecure-fork-wanted", "numa-cpu-mapping"];

fn parse_line(line: &Line, global: &mut Global, names: &Names, diags: &mut Diagnostics) {
    let prefixed = matches!(line.keyword(), "no" | "default");
    let first = usize::from(prefixed);
    let keyword = line.arg(first);
    if prefixed && !NEGATABLE.contains(&keyword) {
        return diags.alert_line(line, 0, NEGATION);
    }
    let Some(row) = table::find(keyword, line.arg(first + 1)) else {
        return diags.unknown_keyword(line, first, "global", ROWS.iter().map(table::Row::first_word));
    };
    match row.parse {
        Some(parse) => parse(&mut Cx { line, first, negated: line.keyword() == "no", global, names, diags }),
        None => diags.alert(line, first, format!("'{}' is not supported yet.", row.words)),
    }
}

/// A line being read: what a keyword's function gets.
struct Cx<'a> {
    line: &'a Line,
    /// Index of the keyword: 1 behind `no` and `default`.
    first: usize,
    /// Whether `no` stands in front.
    negated: bool,
    global: &'a mut Global,
    names: &'a Names,
    diags: &'a mut Diagnostics,
}

impl<'a> Cx<'a> {
    fn keyword(&self) -> &'a str {
        self.line.arg(self.first)
    }

    /// Argument `index`, from 1; empty where there is none.
    fn arg(&self, index: usize) -> &'a str {
        self.line.arg(self.first + index)
    }

    fn alert(&mut self, index: usize, message: impl Into<String>) {
        self.diags.alert(self.line, self.first + index, message);
    }

    fn alert_line(&mut self, index: usize, message: impl Into<String>) {
        self.diags.alert_line(self.line, self.first + index, message);
    }

    fn warning(&mut self, index: usize, message: impl Into<String>) {
        self.diags.warning(self.line, self.first + index, message);
    }

    /// Refuses words behind argument `max`.
    fn no_more_than(&mut self, max: usize) -> bool {
        no_more_than(max, self.line, self.first, self.diags)
    }

    /// The only argument, which must be there. `wanted` ends the message "'keyword' expects ...".
    fn one_argument(&mut self, wanted: &str) -> Option<&'a str> {
        if !self.no_more_than(1) {
            return None;
        }
        let value = self.arg(1);
        if value.is_empty() {
            let text = format!("'{}' expects {wanted}", self.keyword());
            self.alert(1, text);
            return None;
        }
        Some(value)
    }

    /// A setting that counts once: later lines change nothing. HAProxy calls it an alert but goes on.
    fn already(&mut self, what: &str) {
        self.warning(0, format!("{what} already specified. Continuing."));
    }

    /// A message that HAProxy introduces with `parsing [file:line]: `.
    fn push(&mut self, severity: Severity, index: usize, message: impl Into<String>) {
        let diagnostic = Diagnostic::about(severity, self.line, self.first + index, message);
        self.diags.push(diagnostic.heading(Heading::Line));
    }
}
