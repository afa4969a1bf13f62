//! The README's tables of keywords and of runtime commands are what the program's own tables say. `just readme` writes it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use lb_core::config::{global, http_errors, keyword, proxy, sections, userlist};
use lb_core::runtime::registry;

/// Keywords that HAProxy itself only names to say why they are gone.
const GONE: [&str; 20] = [
    "appsession",
    "block",
    "clitimeout",
    "contimeout",
    "grace",
    "monitor-net",
    "redisp",
    "redispatch",
    "reqadd",
    "reqdel",
    "reqrep",
    "rspadd",
    "rspdel",
    "rsprep",
    "srvtimeout",
    "transparent",
    "usesrc",
    "bind-process",
    "forceclose",
    "user-agent",
];

/// Families of keywords as the manual groups them, by the beginning of the row in `-dK`.
const FAMILIES: [(&str, &str); 9] = [
    ("bind <addr> ", "`bind` options"),
    ("server <name> <addr> ", "`server` options"),
    ("option ", "`option`"),
    ("tcp-request ", "`tcp-request`"),
    ("tcp-response ", "`tcp-response`"),
    ("http-request ", "`http-request`"),
    ("http-response ", "`http-response`"),
    ("http-after-response ", "`http-after-response`"),
    ("", "proxy keywords"),
];

#[derive(Default)]
struct Words {
    supported: Vec<String>,
    refused: Vec<String>,
}

impl Words {
    fn add(&mut self, word: &str, supported: bool) {
        let list = if supported { &mut self.supported } else { &mut self.refused };
        let word = format!("`{word}`");
        if !list.contains(&word) {
            list.push(word);
        }
    }
}

/// `+1` (takes a value), `*` (takes arguments in parentheses) and `[ FE ]` (where) say more than the table needs.
fn bare(words: &str) -> &str {
    words.split(" [").next().and_then(|words| words.split(" +").next()).unwrap_or(words).trim_end_matches('*')
}

fn table() -> String {
    let mut families: BTreeMap<usize, (&str, Words)> = BTreeMap::new();
    let mut add = |place: usize, family: &'static str, word: &str, supported: bool| {
        families.entry(place).or_insert_with(|| (family, Words::default())).1.add(word, supported);
    };
    for kind in &sections::KINDS {
        add(0, "sections", kind.keyword, kind.supported);
    }
    for (words, supported) in global::keyword_rows() {
        add(1, "`global`", bare(words), supported);
    }
    for (words, _, supported) in proxy::keyword_rows() {
        let (index, (prefix, family)) =
            FAMILIES.iter().enumerate().find(|(_, (prefix, _))| words.starts_with(prefix)).unwrap();
        let word = bare(words.strip_prefix(prefix).unwrap());
        let place = if prefix.is_empty() { 2 } else { 3 + index };
        if !(prefix.is_empty() && GONE.contains(&word)) {
            add(place, family, word, supported);
        }
    }
    for (name, supported) in proxy::other_options() {
        add(5, "`option`", name, supported);
    }
    for word in userlist::KEYWORDS {
        add(20, "`userlist`", word, true);
    }
    for word in http_errors::KEYWORDS {
        add(21, "`http-errors`", word, true);
    }
    let mut text = String::from("| | supported | refused by name |\n|---|---|---|\n");
    for (family, words) in families.into_values() {
        let cell = |mut words: Vec<String>| {
            words.sort();
            if words.is_empty() { "-".to_owned() } else { words.join(" ") }
        };
        let _ = writeln!(text, "| {family} | {} | {} |", cell(words.supported), cell(words.refused));
    }
    text
}

/// Runtime commands with the level they need, as the registry has them.
fn commands() -> String {
    let mut text = String::from("| command | level | |\n|---|---|---|\n");
    for entry in registry::ENTRIES {
        let usage = if entry.usage.is_empty() { entry.words.join(" ") } else { entry.usage.replace('|', "\\|") };
        let _ = writeln!(text, "| `{usage}` | {} | {} |", entry.level.word(), entry.about.replace('|', "\\|"));
    }
    text
}

/// Sample fetches and converters of HAProxy 2.6 (`haproxy -dKsmp,cnv`), and which of them there are.
fn samples() -> String {
    let row = |what: &str, known: &str, ours: Vec<&'static str>| {
        let mut words = Words::default();
        known.lines().chain(ours.iter().copied()).for_each(|name| words.add(name, ours.contains(&name)));
        let cell = |words: Vec<String>| if words.is_empty() { "-".to_owned() } else { words.join(" ") };
        format!("| {what} | {} | {} |\n", cell(words.supported), cell(words.refused))
    };
    let fetches = row("fetches", include_str!("readme/fetches.txt"), keyword::fetch_names());
    let converters = row("converters", include_str!("readme/converters.txt"), keyword::converter_names());
    format!("| | supported | refused |\n|---|---|---|\n{fetches}{converters}")
}

#[test]
fn the_tables_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let mut new = old.clone();
    for (name, table) in [("keywords", table()), ("samples", samples()), ("commands", commands())] {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
        let (before, rest) = new.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        new = [before, &begin, &table, &end, after].concat();
    }
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, new).unwrap();
    } else {
        assert!(old == new, "the README's tables are old: run `just readme`");
    }
}
