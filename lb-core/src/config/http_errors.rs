//! `http-errors` sections: sets of error replies (configuration.txt, section 3.8).

use std::path::Path;

use super::diagnostic::Diagnostics;
use super::document::{Line, Section};
use super::error_reply::{HANDLED_STATUS, parse_error_file};
use super::model::{ErrorReply, HttpErrors};
use super::sections::{NEGATION, bad_name_character};
use crate::sample::names::Names;

/// Keywords of the section.
pub const KEYWORDS: [&str; 1] = ["errorfile"];

/// Reads one section into `all`.
pub(crate) fn parse_section(section: &Section, names: &Names, all: &mut Vec<HttpErrors>, diags: &mut Diagnostics) {
    let header = &section.header;
    let name = header.arg(1);
    let mut errors = HttpErrors { name: name.to_owned(), place: header.place.clone(), ..HttpErrors::default() };
    if name.is_empty() {
        diags.alert(header, 1, "missing name for http-errors section.");
    } else if let Some(bad) = bad_name_character(name) {
        diags.alert(header, 1, format!("character '{bad}' is not permitted in 'http-errors' name '{name}'."));
    } else if let Some(known) = all.iter().find(|known| known.name == name) {
        let text = format!(
            "http-errors section '{name}' already exists (declared at {}:{}).",
            known.place.file, known.place.line
        );
        diags.alert_line(header, 1, text);
    }
    for line in &section.lines {
        match line.keyword() {
            "errorfile" => {
                if let Some(reply) = errorfile(line, names, diags) {
                    errors.errors.insert(reply.0, reply.1);
                }
            }
            "no" | "default" => diags.alert_line(line, 0, NEGATION),
            _ => diags.unknown_keyword(line, 0, "http-errors", KEYWORDS),
        }
    }
    all.push(errors);
}

/// `errorfile <code> <file>`
fn errorfile(line: &Line, names: &Names, diags: &mut Diagnostics) -> Option<(u16, ErrorReply)> {
    let (code, path) = (line.arg(1), line.arg(2));
    if code.is_empty() || path.is_empty() {
        diags.alert(line, 0, "errorfile: expects <status_code> and <file> as arguments.");
        return None;
    }
    let Some(status) = code.parse().ok().filter(|status| HANDLED_STATUS.contains(status)) else {
        diags.alert(line, 1, format!("errorfile : status code '{code}' not handled."));
        return None;
    };
    let bytes = match std::fs::read(names.directories.locate(&line.place.file, Path::new(path))) {
        Ok(bytes) => bytes,
        Err(_) => {
            diags.alert(line, 2, format!("errorfile : error opening file '{path}'."));
            return None;
        }
    };
    match parse_error_file(&bytes) {
        Ok(reply) => Some((status, reply)),
        Err(error) => {
            diags.alert(line, 2, format!("errorfile : '{path}': {error}"));
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use crate::config::model::{Config, HttpErrors};
    use crate::config::{LoadOptions, render};

    fn read(text: &str) -> (Vec<HttpErrors>, Vec<String>) {
        let (errors, diags) = match Config::parse_with(text, "t.cfg", &LoadOptions::default()) {
            Ok(loaded) => (loaded.config.http_errors, loaded.diagnostics),
            Err(error) => (Vec::new(), error.diagnostics),
        };
        (errors, diags.iter().map(render::message).collect())
    }

    #[test]
    fn files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("503.http");
        std::fs::write(&path, "HTTP/1.0 503 Sorry\r\ncontent-type: text/plain\r\n\r\nlater").unwrap();
        let text = format!("http-errors site\n  errorfile 503 {}\n  errorfile 400 /dev/null\n", path.display());
        let (errors, messages) = read(&text);
        assert_eq!(messages, Vec::<String>::new());
        assert_eq!((errors[0].name.as_str(), errors[0].errors.len()), ("site", 2));
        assert_eq!(&*errors[0].errors[&503].body, b"later");
        assert!(errors[0].errors[&400].silent);
    }

    #[test]
    fn messages_are_those_of_haproxy() {
        let text = "http-errors a\n errorfile\n errorfile 999 x\n errorfile abc x\n errorfile 400 nope.http\n errorloc \
                    400 /x\nhttp-errors\nhttp-errors a,b\nhttp-errors a\n";
        assert_eq!(
            read(text).1,
            [
                "parsing [t.cfg:2] : errorfile: expects <status_code> and <file> as arguments.",
                "parsing [t.cfg:3] : errorfile : status code '999' not handled.",
                "parsing [t.cfg:4] : errorfile : status code 'abc' not handled.",
                "parsing [t.cfg:5] : errorfile : error opening file 'nope.http'.",
                "parsing [t.cfg:6] : unknown keyword 'errorloc' in 'http-errors' section",
                "parsing [t.cfg:7] : missing name for http-errors section.",
                "parsing [t.cfg:8] : character ',' is not permitted in 'http-errors' name 'a,b'.",
                "parsing [t.cfg:9]: http-errors section 'a' already exists (declared at t.cfg:1).",
            ]
        );
    }
}
