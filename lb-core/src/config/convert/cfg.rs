//! Writes haproxy.cfg.

use super::quote;
use crate::config::document::{Document, Line};

/// The document as haproxy.cfg: a section's lines are indented, an empty line stands between sections.
pub(super) fn write(document: &Document) -> String {
    let mut out = String::new();
    for (index, section) in document.sections.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        write_line(&mut out, "", &section.header);
        for line in &section.lines {
            write_line(&mut out, "    ", line);
        }
    }
    out
}

fn write_line(out: &mut String, indent: &str, line: &Line) {
    let words: Vec<String> = line.words.iter().map(|word| quote(&word.text)).collect();
    out.push_str(indent);
    out.push_str(&words.join(" "));
    out.push('\n');
}
