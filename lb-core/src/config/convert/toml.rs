//! Writes TOML, in the form `config::toml` documents.

use super::quote;
use crate::config::document::{Document, Line, Section, Word};
use crate::config::toml::RESERVED;

/// Keywords whose second word names what is set: written as dotted keys.
const FAMILIES: [&str; 6] = ["compression", "email-alert", "option", "rate-limit", "stats", "timeout"];

/// The document as TOML.
pub(super) fn write(document: &Document) -> String {
    let globals = document.sections.iter().filter(|s| s.header.keyword() == "global").count();
    let mut out = String::new();
    for (index, section) in document.sections.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let kind = key(section.header.keyword());
        let single = globals == 1 && kind == "global";
        out.push_str(&if single { format!("[{kind}]\n") } else { format!("[[{kind}]]\n") });
        write_header(&mut out, section);
        for (index, block) in blocks(&section.lines).iter().enumerate() {
            if index > 0 {
                out.push_str(&format!("\n[[{kind}.then]]\n"));
            }
            for entry in block {
                entry.write(&mut out);
            }
        }
    }
    out
}

/// The header's words after the section's kind: `name` and `from` where they have that form.
fn write_header(out: &mut String, section: &Section) {
    let words: Vec<&str> = section.header.words.iter().skip(1).map(|w| w.text.as_str()).collect();
    let mut write = |key: &str, text: &str| out.push_str(&format!("{key} = {}\n", string(&quote(text))));
    match words.as_slice() {
        [] => {}
        [name] if *name != "from" => write("name", name),
        ["from", base] => write("from", base),
        [name, "from", base] => {
            write("name", name);
            write("from", base);
        }
        _ => out.push_str(&format!("header = {}\n", string(&join(&section.header.words, 1)))),
    }
}

/// One key of a table and the lines it stands for.
struct Entry {
    path: Vec<String>,
    values: Vec<Value>,
}

/// What follows the key on one line.
enum Value {
    /// `true`: nothing; `false`: the line starts with `no`.
    Switch(bool),
    /// A plain decimal number.
    Number(String),
    /// Words in haproxy.cfg's syntax.
    Words(String),
}

/// Cuts a section's lines into tables in which every key stands once.
fn blocks(lines: &[Line]) -> Vec<Vec<Entry>> {
    let mut blocks: Vec<Vec<Entry>> = vec![Vec::new()];
    for line in lines {
        let (path, value) = entry(line);
        let Some(block) = blocks.last_mut() else { continue };
        let again = block.last().is_some_and(|last| last.path == path);
        match block.last_mut() {
            Some(last) if again => last.values.push(value),
            _ => {
                let values = vec![value];
                if block.iter().any(|entry| collides(&entry.path, &path)) {
                    blocks.push(vec![Entry { path, values }]);
                } else {
                    block.push(Entry { path, values });
                }
            }
        }
    }
    blocks
}

/// Whether two keys cannot stand in one table: equal, or one is a table and the other a value.
fn collides(a: &[String], b: &[String]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

fn entry(line: &Line) -> (Vec<String>, Value) {
    let words = &line.words;
    if let Some((no, rest)) = words.split_first()
        && no.text == "no"
    {
        let path = path(rest);
        if !path.is_empty() && path.len() == rest.len() {
            return (path, Value::Switch(false));
        }
    }
    let path = path(words);
    if path.is_empty() {
        // The empty key adds no word: lines whose keyword cannot be a key.
        return (vec![String::new()], Value::Words(join(words, 0)));
    }
    let value = match words.get(path.len()..).unwrap_or_default() {
        [] => Value::Switch(true),
        [only] if is_number(&only.text) => Value::Number(only.text.clone()),
        _ => Value::Words(join(words, path.len())),
    };
    (path, value)
}

/// The words of a line that make its key.
fn path(words: &[Word]) -> Vec<String> {
    let Some(first) = words.first().filter(|word| !RESERVED.contains(&word.text.as_str())) else {
        return Vec::new();
    };
    let mut path = vec![first.text.clone()];
    if FAMILIES.contains(&first.text.as_str())
        && let Some(second) = words.get(1).filter(|word| !word.text.is_empty())
    {
        path.push(second.text.clone());
    }
    path
}

/// A number TOML writes back the same way.
fn is_number(text: &str) -> bool {
    text.len() <= 18
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
        && !text.is_empty()
}

fn join(words: &[Word], from: usize) -> String {
    let words: Vec<String> = words.iter().skip(from).map(|word| quote(&word.text)).collect();
    words.join(" ")
}

impl Entry {
    fn write(&self, out: &mut String) {
        let path: Vec<String> = self.path.iter().map(|word| key(word)).collect();
        out.push_str(&path.join("."));
        match self.values.as_slice() {
            [value] => out.push_str(&format!(" = {}\n", value.text())),
            values => {
                out.push_str(" = [\n");
                for value in values {
                    out.push_str(&format!("    {},\n", value.text()));
                }
                out.push_str("]\n");
            }
        }
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Switch(on) => on.to_string(),
            Self::Number(digits) => digits.clone(),
            Self::Words(words) => string(words),
        }
    }
}

/// A key, quoted unless it is a bare key of TOML.
fn key(word: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !word.is_empty() && word.bytes().all(bare) { word.to_owned() } else { string(word) }
}

/// A TOML string: literal where that saves escapes.
fn string(text: &str) -> String {
    let control = text.chars().any(|c| c.is_control() && c != '\t');
    if !control && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
