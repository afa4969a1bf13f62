//! `server-template` lines: several servers that differ in nothing but their names (configuration.txt, section 4.2).

use super::Cx;
use super::server::{Kind, Reading, alert};
use crate::config::document::Line;
use crate::config::sections::bad_name_character;

/// As many servers one line may make: HAProxy has no limit but memory.
const MOST_SERVERS: u64 = 100_000;

pub(super) fn parse(cx: &mut Cx<'_>) {
    let (prefix, range, address) = (cx.arg(1).to_owned(), cx.arg(2).to_owned(), cx.arg(3).to_owned());
    if prefix.is_empty() || range.is_empty() || address.is_empty() {
        return alert(cx, 1, "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.");
    }
    if let Some(bad) = bad_name_character(&prefix) {
        return alert(cx, 1, format!("character '{bad}' is not permitted in server-template prefix '{prefix}'."));
    }
    let Some((low, high)) = numbers(&range) else {
        return alert(cx, 2, format!("Wrong server-template number or range arg '{range}'."));
    };
    if high - low >= MOST_SERVERS {
        return alert(cx, 2, format!("server-template '{range}' makes more than {MOST_SERVERS} servers."));
    }
    // As HAProxy says it: no server has a name yet.
    let said = format!("'server {}/(null)' : ", cx.draft.config.name);
    let mut server = cx.draft.default_server.clone();
    server.line = cx.line.clone();
    server.config.name = "(null)".to_owned();
    server.config.place = cx.line.place.clone();
    if let Err(message) = server.read_address(&address) {
        return alert(cx, 3, format!("{said}{message}"));
    }
    let reading =
        Reading { line: cx.line, start: cx.first + 4, prefix: &said, kind: Kind::Server, http: cx.draft.is_http() };
    if !reading.options(&mut server, cx.diags) {
        return;
    }
    // An `id` is that of the first one.
    for number in low..=high {
        let mut server = server.clone();
        server.config.name = format!("{prefix}{number}");
        if number > low {
            server.config.id = 0;
        }
        cx.draft.servers.push(server);
    }
}

/// The numbers of the servers: `<num>` is from 1 to it, `<low>-<high>` both of them included. As HAProxy, only the digits
/// in front of each are looked at.
fn numbers(text: &str) -> Option<(u64, u64)> {
    let number = |text: &str| -> Option<u64> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    };
    let (low, high) = match text.split_once('-') {
        Some((low, high)) => (number(low)?, number(high)?),
        None => (1, number(text)?),
    };
    (high >= low && high > 0).then_some((low, high))
}

/// The names of the servers that a line makes.
pub(in crate::config) fn names_of_line(line: &Line) -> Vec<String> {
    match (line.keyword(), numbers(line.arg(2))) {
        ("server", _) => vec![line.arg(1).to_owned()],
        ("server-template", Some((low, high))) if high - low < MOST_SERVERS => {
            (low..=high).map(|number| format!("{}{number}", line.arg(1))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let table = [
            ("3", Some((1, 3))),
            ("5-5", Some((5, 5))),
            ("0-2", Some((0, 2))),
            ("3x", Some((1, 3))),
            ("0", None),
            ("x", None),
            ("1-x", None),
            ("3-1", None),
            ("3-", None),
            ("-3", None),
            ("1--3", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in table {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
