//! Messages of HTTP/1 of old clients and servers (configuration.txt, section 3.1).

use super::Cx;

/// `h1-accept-payload-with-any-method`
pub(super) fn accept_payload(cx: &mut Cx<'_>) {
    cx.global.h1_accept_payload |= cx.no_more_than(0);
}

/// `h1-case-adjust <from> <to>`
pub(super) fn h1_case_adjust(cx: &mut Cx<'_>) {
    let (from, to) = (cx.arg(1), cx.arg(2));
    if from.is_empty() || to.is_empty() {
        return cx.alert(1, "'h1-case-adjust' expects <from> and <to> as argument.");
    }
    if !cx.no_more_than(2) {
        return;
    }
    match add(&mut cx.global.h1_case_adjust, from, to) {
        Ok(()) => {}
        Err(fault) => cx.alert(1, fault),
    }
}

/// `h1-case-adjust-file <file>`: a pair per line, empty lines and lines that start with `#` ignored.
pub(super) fn h1_case_adjust_file(cx: &mut Cx<'_>) {
    let Some(path) = cx.one_argument("<file> as argument.") else { return };
    let Ok(text) = std::fs::read_to_string(path) else {
        return cx.alert(1, format!("h1-headers-case-adjust-file '{path}': failed to open file."));
    };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let result = match line.split_once([' ', '\t']) {
            None => Err("expect <to>".to_owned()),
            Some((from, to)) => add(&mut cx.global.h1_case_adjust, from, to.trim_start_matches([' ', '\t'])),
        };
        if let Err(fault) = result {
            return cx.alert(1, format!("h1-headers-case-adjust-file '{path}' : {fault} at line {}.", index + 1));
        }
    }
}

fn add(pairs: &mut Vec<(String, String)>, from: &str, to: &str) -> Result<(), String> {
    if !from.eq_ignore_ascii_case(to) {
        return Err("<from> and <to> must not differ execpt the case".to_owned());
    }
    if pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(from)) {
        return Err(format!("duplicate entry '{from}'"));
    }
    pairs.push((from.to_ascii_lowercase(), to.to_owned()));
    Ok(())
}
