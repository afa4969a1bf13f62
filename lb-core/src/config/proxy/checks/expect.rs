//! `tcp-check expect` and `http-check expect`.

use super::{Fault, Reader, hexadecimal};
use crate::config::model::{CheckExpect, CheckPattern, CheckStep, CheckText, HeaderMatch, HeaderMethod, HeaderPattern};
use crate::config::proxy::settings::leading_integer;
use crate::regex::Regex;
use crate::server::check::CheckStatus;

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Result<CheckStep, Fault> {
    if reader.word().is_empty() {
        return Err("expects at least a matching pattern as arguments.".to_owned());
    }
    // A pattern takes the place of this one.
    let mut expect = CheckExpect::new(CheckPattern::Text(Vec::new()));
    let mut found = false;
    loop {
        let word = reader.take();
        let named = |status: &str| format!("'{word}' expects {status} as argument.");
        match word {
            "" => break,
            "min-recv" => {
                let (number, _) = leading_integer(reader.value(&named("a integer"))?);
                expect.min_recv = match number {
                    -1 => None,
                    number => Some(
                        u32::try_from(number)
                            .ok()
                            .filter(|number| *number <= i32::MAX as u32)
                            .ok_or("'min-recv' expects -1 or an integer from 0 to INT_MAX.")?,
                    ),
                };
            }
            "comment" => expect.comment = reader.comment_value(".")?,
            "ok-status" => {
                let known = [CheckStatus::L4Ok, CheckStatus::L6Ok, CheckStatus::L7Ok, CheckStatus::L7OkConditional];
                let list = "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'";
                expect.ok_status = Some(status(word, reader.value(&named("a string"))?, &known, list)?);
            }
            "error-status" => {
                let known = [
                    CheckStatus::L4ConnectionError,
                    CheckStatus::L6InvalidResponse,
                    CheckStatus::L7InvalidResponse,
                    CheckStatus::L7WrongStatus,
                    CheckStatus::L7OkConditional,
                ];
                let list = "'L4CON', 'L6RSP', 'L7RSP' or 'L7STS'";
                expect.error_status = Some(status(word, reader.value(&named("a string"))?, &known, list)?);
            }
            "tout-status" => {
                let known = [CheckStatus::L4Timeout, CheckStatus::L6Timeout, CheckStatus::L7Timeout];
                let list = "'L4TOUT', 'L6TOUT' or 'L7TOUT'";
                expect.timeout_status = Some(status(word, reader.value(&named("a string"))?, &known, list)?);
            }
            "on-success" | "on-error" => {
                let text = reader.value(&named("a string"))?;
                let format = Some(reader.format_shown(text, text)?);
                if word == "on-error" { expect.on_error = format } else { expect.on_success = format }
            }
            "status-code" => {
                if reader.word().is_empty() {
                    return Err(named("an expression"));
                }
                expect.status_code = Some(reader.expression("status-code")?);
            }
            word => {
                let mut name = word;
                while let Some(rest) = name.strip_prefix('!') {
                    expect.negated = !expect.negated;
                    name = rest;
                    if name.is_empty() {
                        name = reader.take();
                    }
                }
                match pattern(reader, name)? {
                    Some(pattern) if !found => {
                        expect.pattern = pattern;
                        found = true;
                    }
                    _ => return Err(unknown(reader.http, name)),
                }
            }
        }
    }
    if !found {
        return Err("pattern not found.".to_owned());
    }
    Ok(CheckStep::Expect(Box::new(expect)))
}

fn unknown(http: bool, name: &str) -> Fault {
    let list = if http {
        "[!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr"
    } else {
        "'[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf'"
    };
    format!("'only supports min-recv, {list} or comment but got '{name}' as argument..")
}

fn status(word: &str, text: &str, known: &[CheckStatus], list: &str) -> Result<CheckStatus, Fault> {
    let found = known.iter().find(|status| status.word().eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("'{word}' only supports {list} status (got '{text}').."))
}

/// The pattern behind `name`; `None` where there is no such kind.
fn pattern(reader: &mut Reader<'_, '_>, name: &str) -> Result<Option<CheckPattern>, Fault> {
    let known = match name {
        "string" | "rstring" | "string-lf" => true,
        "status" | "rstatus" | "hdr" | "fhdr" => reader.http,
        "binary" | "rbinary" | "binary-lf" => !reader.http,
        _ => false,
    };
    if !known {
        return Ok(None);
    }
    if matches!(name, "hdr" | "fhdr") {
        return header(reader, name).map(Some);
    }
    let text = reader.value(&format!("'{name}' expects a <pattern> as argument."))?;
    Ok(Some(match name {
        "string" => CheckPattern::Text(text.as_bytes().to_vec()),
        "rstring" => CheckPattern::Regex(regex(text)?),
        "string-lf" => CheckPattern::TextFormat(reader.format_shown(text, text)?),
        "binary" => {
            let bytes = hexadecimal(text).map_err(|fault| format!("invalid binary string ({fault})."))?;
            CheckPattern::Binary(bytes)
        }
        "rbinary" => CheckPattern::BinaryRegex(regex(text)?),
        "binary-lf" => CheckPattern::BinaryFormat(reader.format_shown(text, text)?),
        "status" => CheckPattern::Status(ranges(text)?),
        _ => CheckPattern::StatusRegex(regex(text)?),
    }))
}

fn regex(text: &str) -> Result<Regex, Fault> {
    Regex::new(text, false).map_err(|error| format!("{error}."))
}

/// `200,201,300-310`.
fn ranges(text: &str) -> Result<Vec<(u32, u32)>, Fault> {
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let mut ranges = Vec::new();
    for part in text.split(',') {
        if let Some(bad) = part.chars().find(|c| !c.is_ascii_digit() && *c != '-') {
            return Err(format!("invalid character '{bad}' in the list of status codes."));
        }
        match part.split_once('-') {
            None if part.is_empty() => {}
            None => ranges.push((number(part), number(part))),
            Some((low, high)) => {
                let low = if low.is_empty() { 0 } else { number(low) };
                if high.is_empty() || number(high) < low {
                    return Err(format!("invalid range of status codes '{part}'."));
                }
                ranges.push((low, number(high)));
            }
        }
    }
    Ok(ranges)
}

/// `hdr` and `fhdr`.
fn header(reader: &mut Reader<'_, '_>, kind: &str) -> Result<CheckPattern, Fault> {
    let expects = format!("'{kind}' expects at the name keyword as first argument followed by a pattern.");
    let word = reader.word();
    let formatted = match word {
        "name" => false,
        "name-lf" => true,
        _ => return Err(expects),
    };
    if reader.cx.line.arg(reader.next + 1).is_empty() {
        return Err(expects);
    }
    reader.next += 1;
    let (name, shown) = compared(reader, kind, formatted, None)?;
    let value = match reader.word() {
        "value" | "value-lf" => {
            let formatted = reader.take() == "value-lf";
            if reader.word().is_empty() {
                return Err(format!("'{kind}' expect a pattern with the value keyword."));
            }
            Some(compared(reader, kind, formatted, Some(&shown))?.0)
        }
        _ => None,
    };
    Ok(CheckPattern::Header(Box::new(HeaderPattern { full: kind == "fhdr", name, value })))
}

/// `[-m <method>] <text>`, and the text. HAProxy's message about a value's format shows the name.
fn compared(
    reader: &mut Reader<'_, '_>,
    kind: &str,
    formatted: bool,
    shown: Option<&str>,
) -> Result<(HeaderMatch, String), Fault> {
    let (mut method, mut is_regex) = (HeaderMethod::Exact, false);
    if reader.word() == "-m" {
        reader.next += 1;
        match reader.take() {
            "str" => {}
            "beg" => method = HeaderMethod::Prefix,
            "end" => method = HeaderMethod::Suffix,
            "sub" => method = HeaderMethod::Contains,
            "reg" => is_regex = true,
            "" => {
                return Err(format!(
                    "'{kind}' : '-m' expects at a matching pattern ('str', 'beg', 'end', 'sub' or 'reg')."
                ));
            }
            other => {
                return Err(format!(
                    "'{kind}' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '{other}')."
                ));
            }
        }
    }
    if is_regex && formatted {
        return Err(format!("'{kind}': log-format string is not supported with a regex matching method."));
    }
    let text = reader.take();
    let matched = if is_regex {
        // Names have no case.
        HeaderMatch::Regex(Regex::new(text, shown.is_none()).map_err(|error| format!("{error}."))?)
    } else if formatted {
        HeaderMatch::Text(method, CheckText::Format(reader.format_shown(text, shown.unwrap_or(text))?))
    } else {
        HeaderMatch::Text(method, CheckText::Fixed(text.to_owned()))
    };
    Ok((matched, text.to_owned()))
}
