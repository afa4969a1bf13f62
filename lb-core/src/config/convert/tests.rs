#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::config::address_variables;
use crate::config::diagnostic::Diagnostics;
use crate::config::document::{Document, Line, Section, Word};
use crate::config::environment::Environment;
use crate::config::lexer::{Variables, tokenize};
use crate::config::toml::read;

fn line(words: &[&str]) -> Line {
    let words = words.iter().map(|w| Word { text: (*w).to_owned(), column: 0 }).collect();
    Line { words, ..Line::default() }
}

fn plain(document: &Document) -> Vec<Vec<Vec<String>>> {
    let words = |line: &Line| line.words.iter().map(|w| w.text.clone()).collect();
    document.sections.iter().map(|s| std::iter::once(&s.header).chain(&s.lines).map(words).collect()).collect()
}

fn from_toml(text: &str) -> Document {
    let (mut document, mut diagnostics) = (Document::default(), Diagnostics::new());
    read(text, &"t".into(), &mut Environment::empty(), &mut document, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
    document
}

fn tokens(text: &str) -> Vec<String> {
    let variables = Variables { environment: &Environment::empty(), file: "t", line: 1, section: "" };
    tokenize(text.as_bytes(), &variables).unwrap().into_iter().map(|w| w.text).collect()
}

#[test]
fn both_languages() {
    let document = Document {
        sections: vec![
            Section { header: line(&["global"]), lines: vec![line(&["maxconn", "100"]), line(&["tune.bufsize", "1"])] },
            Section {
                header: line(&["listen", "web", "from", "base"]),
                lines: vec![
                    line(&["option", "httplog"]),
                    line(&["no", "option", "httplog"]),
                    line(&["log-format", "%ci \"%r\""]),
                    line(&["server", "s1", "127.0.0.1:1"]),
                    line(&["server", "s2", "127.0.0.1:2"]),
                    line(&["http-request", "return", "string", "it's $5"]),
                    line(&["name", ""]),
                    line(&["server", "s3", "127.0.0.1:3"]),
                ],
            },
        ],
    };
    assert_eq!(
        convert(&document, Language::Cfg),
        "global\n    maxconn 100\n    tune.bufsize 1\n\nlisten web from base\n    option httplog\n    \
         no option httplog\n    log-format '%ci \"%r\"'\n    server s1 127.0.0.1:1\n    server s2 127.0.0.1:2\n    \
         http-request return string \"it's \\$5\"\n    name \"\"\n    server s3 127.0.0.1:3\n"
    );
    let toml = convert(&document, Language::Toml);
    assert_eq!(
        toml,
        "[global]\nmaxconn = 100\n\"tune.bufsize\" = 1\n\n[[listen]]\nname = \"web\"\nfrom = \"base\"\n\
         option.httplog = [\n    true,\n    false,\n]\nlog-format = \"'%ci \\\"%r\\\"'\"\nserver = [\n    \
         \"s1 127.0.0.1:1\",\n    \"s2 127.0.0.1:2\",\n]\nhttp-request = \"return string \\\"it's \\\\$5\\\"\"\n\
         \"\" = 'name \"\"'\n\n[[listen.then]]\nserver = \"s3 127.0.0.1:3\"\n"
    );
    assert_eq!(plain(&from_toml(&toml)), plain(&document));
}

fn read_file(path: &std::path::Path) -> Document {
    let read = Document::read_files(&[path.to_owned()], &crate::config::LoadOptions::default());
    read.unwrap_or_else(|error| panic!("{error}")).0
}

/// haproxy.cfg to TOML and back, through the files' own readers.
fn round_trip(document: &Document) {
    let directory = tempfile::tempdir().unwrap();
    for (language, name) in [(Language::Toml, "lb.toml"), (Language::Cfg, "lb.cfg")] {
        let path = directory.path().join(name);
        std::fs::write(&path, convert(document, language)).unwrap();
        assert_eq!(plain(&read_file(&path)), plain(document), "{}", convert(document, language));
    }
}

fn configurations(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "cfg")).collect()
}

#[test]
fn the_examples_say_the_same_in_both_languages() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs");
    let files = configurations(&examples);
    assert!(files.len() >= 6);
    for file in files {
        let document = read_file(&file);
        assert_eq!(plain(&read_file(&file.with_extension("toml"))), plain(&document), "{}", file.display());
        round_trip(&document);
    }
}

#[test]
fn haproxys_own_examples_convert_where_they_are_installed() {
    for file in configurations("/usr/share/doc/haproxy/examples".as_ref()) {
        if let Ok((document, _)) = Document::read_files(&[file], &crate::config::LoadOptions::default()) {
            round_trip(&document);
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,6}",
        1 => "[0-9]{0,20}",
        2 => prop::sample::select(vec!["no", "option", "timeout", "name", "from", "then", "header", "server", "true", ""])
            .prop_map(str::to_owned),
        2 => "[ -~\t\n\r\x01é]{0,8}",
    ]
}

fn words(least: usize) -> impl Strategy<Value = Line> {
    prop::collection::vec(word(), least..6).prop_map(|words| {
        let mut line = line(&words.iter().map(String::as_str).collect::<Vec<_>>());
        // What was read has none in addresses.
        address_variables::expand(&mut line, &Environment::empty());
        line
    })
}

prop_compose! {
    fn section()(
        kind in prop::sample::select(vec!["global", "defaults", "listen", "frontend"]),
        header in words(0),
        lines in prop::collection::vec(words(1), 0..12),
    ) -> Section {
        let mut words = line(&[kind]).words;
        words.extend(header.words);
        Section { header: Line { words, ..Line::default() }, lines }
    }
}

proptest! {
    #[test]
    fn toml_and_back(sections in prop::collection::vec(section(), 0..5)) {
        let document = Document { sections };
        let toml = convert(&document, Language::Toml);
        prop_assert_eq!(plain(&from_toml(&toml)), plain(&document), "{}", toml);
    }

    #[test]
    fn cfg_and_back(lines in prop::collection::vec(words(1), 0..12)) {
        // Such lines start a section, or are directives: they would not be lines of this one.
        let section = |word: &str| crate::config::sections::kind(word).is_some();
        let ordinary = |line: &Line| {
            let keyword = line.keyword();
            !keyword.is_empty() && !keyword.starts_with('.') && !section(keyword) && !section(line.arg(1))
        };
        let lines = lines.into_iter().filter(ordinary);
        let document = Document {
            sections: vec![Section { header: line(&["listen", "a"]), lines: lines.collect() }],
        };
        let text = convert(&document, Language::Cfg);
        let (mut back, mut diagnostics) = (Document::default(), Diagnostics::new());
        crate::config::reader::read(
            text.as_bytes(), &"t".into(), &mut Environment::empty(), &mut back, &mut diagnostics,
        );
        prop_assert!(diagnostics.is_empty(), "{:?} {}", diagnostics, text);
        prop_assert_eq!(plain(&back), plain(&document), "{}", text);
    }

    #[test]
    fn quoted_words_read_back(words in prop::collection::vec(word(), 0..6)) {
        let text: Vec<String> = words.iter().map(|w| quote(w)).collect();
        prop_assert_eq!(tokens(&text.join(" ")), words);
    }
}
