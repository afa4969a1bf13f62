//! `stick-table` (configuration.txt, section 4.2).

use super::Cx;
use super::draft::Draft;
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::table::config::{Remark, Style, parse as parse_table};

pub(super) fn parse(cx: &mut Cx<'_>) {
    if let Some(other) = &cx.draft.config.stick_table {
        let (label, name) = (cx.draft.section.label(), &cx.draft.config.name);
        let text = format!(
            "stick-table name '{name}' conflicts with table declared in {label} '{name}' at {}:{}.",
            other.place.file, other.place.line
        );
        return cx.alert(0, text);
    }
    let words: Vec<&str> = cx.line.words.iter().skip(cx.first + 1).map(|word| word.text.as_str()).collect();
    match parse_table(&words, cx.line.place.clone()) {
        Ok((table, remarks)) => {
            remarks.into_iter().for_each(|remark| say(cx, Severity::Warning, remark));
            cx.config().stick_table = Some(table);
            cx.draft.stick_table_line = Some(cx.line.clone());
        }
        Err(remark) => say(cx, Severity::Alert, remark),
    }
}

fn say(cx: &mut Cx<'_>, severity: Severity, remark: Remark) {
    let heading = match remark.style {
        Style::Keyword => Heading::Keyword,
        Style::Line => Heading::Line,
        Style::Bare => Heading::Whole,
    };
    let word = cx.first + 1 + remark.word;
    cx.diags.push(Diagnostic::about(severity, cx.line, word, remark.text).heading(heading));
}

/// A frontend and a backend may share a name, but not both have a table.
pub(super) fn check_names(drafts: &[Draft], diags: &mut Diagnostics) {
    let tables = || drafts.iter().filter_map(|draft| Some((draft, draft.stick_table_line.as_ref()?)));
    for (index, (draft, line)) in tables().enumerate() {
        let before = tables().take(index).find(|(other, _)| other.config.name == draft.config.name);
        let Some((other, place)) = before.map(|(other, line)| (other, &line.place)) else { continue };
        let (name, label) = (&draft.config.name, other.section.label());
        let text = format!(
            "stick-table name '{name}' conflicts with table declared in {label} '{name}' at {}:{}.",
            place.file, place.line
        );
        diags.alert(line, 0, text);
    }
}
