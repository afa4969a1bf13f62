#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::config::convert::{Language, convert};

fn parse(text: &str) -> (Document, Diagnostics) {
    let mut environment = Environment::empty();
    let (mut document, mut diagnostics) = (Document::default(), Diagnostics::new());
    read(text, &"lb.toml".into(), &mut environment, &mut document, &mut diagnostics);
    (document, diagnostics)
}

fn cfg(text: &str) -> String {
    let (document, diagnostics) = parse(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    convert(&document, Language::Cfg)
}

#[test]
fn the_documented_forms() {
    let text = r#"
[global]
maxconn = 2_000
"tune.bufsize" = 32768

[[defaults]]
name = "base"
mode = "http"
timeout.client = "5s"
option.httplog = true
option.dontlognull = false

[[backend]]
name = "app"
from = "base"
http-request = [
    "deny if { path /private }",
    "set-header X-From lb",
]
server = [
    { name = "s1", address = "127.0.0.1:9001", weight = 10, check = true, backup = false },
    "s2 127.0.0.1:9002 weight 20",
]

[[frontend]]
header = "web from base extra"
bind = { ":80" = "name x" }
no.option.forwardfor = "header X"
"" = "name odd"
"#;
    assert_eq!(
        cfg(text),
        "global\n    maxconn 2000\n    tune.bufsize 32768\n\n\
         defaults base\n    mode http\n    timeout client 5s\n    option httplog\n    no option dontlognull\n\n\
         backend app from base\n    http-request deny if { path /private }\n    http-request set-header X-From lb\n    \
         server s1 127.0.0.1:9001 weight 10 check no-backup\n    server s2 127.0.0.1:9002 weight 20\n\n\
         frontend web from base extra\n    bind :80 name x\n    no option forwardfor header X\n    name odd\n"
    );
}

#[test]
fn order_is_the_order_of_the_text() {
    let text = r#"
[[listen]]
name = "a"
option.httplog = true
mode = "http"
option.httpclose = true
[[listen.server]]
name = "s1"
address = "127.0.0.1:1"
[[listen.default-server]]
inter = "1s"
[[listen.server]]
name = "s2"
address = "127.0.0.1:2"
crt = ["x", "y"]
[[listen.then]]
mode = "tcp"
[[defaults]]
[[listen]]
name = "b"
"#;
    assert_eq!(
        cfg(text),
        "listen a\n    option httplog\n    mode http\n    option httpclose\n    server s1 127.0.0.1:1\n    \
         default-server inter 1s\n    server s2 127.0.0.1:2 crt x crt y\n    mode tcp\n\ndefaults\n\nlisten b\n"
    );
}

#[test]
fn places_are_those_of_the_words() {
    let text = "[[listen]]\nname = \"a\"\n  timeout.client = \"5s\"\nlog = [\n  \"a\\u0062c  local0\",\n  '''x y''' ]\n\
                option = { \"httplog\" = \"clf\" }\n";
    let (document, _) = parse(text);
    let section = &document.sections[0];
    assert_eq!((section.header.place.line, section.header.place.column), (1, 3));
    let places: Vec<(u32, Vec<(&str, u32)>)> = section
        .lines
        .iter()
        .map(|l| (l.place.line, l.words.iter().map(|w| (w.text.as_str(), w.column)).collect()))
        .collect();
    assert_eq!(
        places,
        [
            (3, vec![("timeout", 3), ("client", 11), ("5s", 21)]),
            (5, vec![("log", 3), ("abc", 4), ("local0", 14)]),
            (6, vec![("log", 3), ("x", 6), ("y", 8)]),
            (7, vec![("option", 1), ("httplog", 13), ("clf", 25)]),
        ]
    );
    assert_eq!(&*section.lines[1].source, "  \"a\\u0062c  local0\",");
    assert_eq!(section.lines[1].place.column, 3);
}

#[test]
fn multi_line_strings_keep_their_columns() {
    let text = "[global]\nx = \"\"\"\none \\\n   two\"\"\"\n";
    let (document, diagnostics) = parse(text);
    assert!(diagnostics.is_empty());
    // Words on other lines than the keyword are given the keyword's column.
    let line = &document.sections[0].lines[0];
    assert_eq!(
        line.words.iter().map(|w| (w.text.as_str(), w.column)).collect::<Vec<_>>(),
        [("x", 1), ("one", 1), ("two", 1)]
    );
}

#[test]
fn every_error_is_reported_with_its_place() {
    let text = "loose = 1\n[global]\nx = 1979-05-27\ny = \"a \\\"b\"\ntune.bufsize = 3\nz = [[1]]\nx = 2\n[[listen]]\nname = \"a b\"\nthen = 3\n";
    let (_, diagnostics) = parse(text);
    let found: Vec<(u32, u32, &str)> = diagnostics
        .iter()
        .map(|d| {
            let place = d.place.as_ref().unwrap();
            (place.line, place.column, d.message.split(['.', ':']).next().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            (1, 1, "unknown keyword 'loose' out of section"),
            (3, 5, "a datetime is not accepted here"),
            (4, 8, "unmatched quote at position 3"),
            (5, 1, "'tune' is no keyword"),
            (6, 6, "an array in an array has no meaning here"),
            (7, 1, "TOML"),
            (9, 8, "a section's name is one word"),
            (10, 8, "'then' is a table of keywords"),
        ]
    );
}

#[test]
fn variables_are_read_in_the_order_of_the_text() {
    let text = "[global]\nnode = '\"$NAME\"'\nsetenv = \"NAME one\"\ndescription = '\"$NAME in ${.SECTION}\" $NAME'\n";
    assert_eq!(cfg(text), "global\n    node \"\"\n    setenv NAME one\n    description \"one in global\" '$NAME'\n");
}

#[test]
fn a_comment_in_a_string_is_refused() {
    let (_, diagnostics) = parse("[global]\nnode = \"a # b\"\nlocalpeer = 'a\\# \"#\"'\n");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics.iter().next().unwrap().place.as_ref().unwrap().line, 2);
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(\\[\\[?[a-c.]{1,3}\\]\\]?\n|[a-c.]{1,3} = (\"[a-c \\\\\"]{0,4}\"|true|\\{a=1\\}|\\[1,\"b\"\\])\n|\\PC{0,6}){0,12}") {
        let _ = parse(&text);
    }
}
