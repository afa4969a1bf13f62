//! The arguments that describe a reply: `http-request return`, `deny`, `tarpit` and `http-error`
//! (configuration.txt, section 4.2, `http-request return`).

use std::path::Path;
use std::sync::Arc;

use super::options::is_token;
use super::rules::{Fault, format};
use crate::config::document::Line;
use crate::config::error_reply::{HANDLED_STATUS, parse_error_file};
use crate::config::model::ErrorReply;
use crate::log::{FormatUse, LogFormat};

/// Which keyword the arguments belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// `return`.
    Return,
    /// `deny`, `tarpit`: `deny_status` is another name of `status`, and the error pages are the default.
    Deny,
    /// `http-error`: the status is for error pages.
    HttpError,
}

/// Where the body comes from.
#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    DefaultErrorFiles,
    Error(ErrorReply),
    /// An `http-errors` section by name.
    Section(String),
    Bytes(Arc<[u8]>),
    Format(LogFormat),
}

/// What was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) status: Option<u16>,
    pub(super) content_type: Option<String>,
    pub(super) body: Body,
    pub(super) headers: Vec<(String, LogFormat)>,
    /// Word index and text of each warning.
    pub(super) warnings: Vec<(usize, String)>,
    /// The first word that is not an argument.
    pub(super) next: usize,
}

/// Reads the words from `at` up to the first that is none of the arguments.
pub(super) fn parse(line: &Line, at: usize, usage: Usage, formats: &FormatUse<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed {
        status: None,
        content_type: None,
        body: Body::None,
        headers: Vec::new(),
        warnings: Vec::new(),
        next: at,
    };
    let mut body_word: Option<(&str, usize)> = None;
    let mut content_type_at = at;
    let mut own_status = false;
    loop {
        let (word, value, value_at) = (line.arg(parsed.next), line.arg(parsed.next + 1), parsed.next + 1);
        match word {
            "status" => {
                parsed.status = Some(status(value, value_at)?);
                own_status = true;
            }
            "deny_status" if usage == Usage::Deny => parsed.status = Some(status(value, value_at)?),
            "content-type" => {
                if value.is_empty() {
                    return Err(Fault::new(value_at, "'content-type' expects <ctype> as argument"));
                }
                content_type_at = parsed.next;
                parsed.content_type = Some(value.to_owned());
            }
            "default-errorfiles" | "errorfile" | "errorfiles" | "file" | "lf-file" | "string" | "lf-string" => {
                if let Some((before, _)) = body_word {
                    let text = format!("unexpected '{word}' argument, '{before}' already defined");
                    return Err(Fault::new(parsed.next, text));
                }
                body_word = Some((word, parsed.next));
                parsed.body = read_body(word, value, value_at, formats)?;
                if word == "default-errorfiles" {
                    parsed.next += 1;
                    continue;
                }
            }
            "hdr" => {
                let text = line.arg(value_at + 1);
                if value.is_empty() || text.is_empty() {
                    return Err(Fault::new(parsed.next, "'hdr' expects <name> and <value> as arguments"));
                }
                if !is_token(value) {
                    return Err(Fault::new(value_at, format!("'hdr' : '{value}' is not a header name")));
                }
                let text = format(text, formats).map_err(|fault| fault.at(value_at + 1))?;
                if OF_BODY.iter().any(|name| value.eq_ignore_ascii_case(name)) {
                    let text = format!("header '{value}' always ignored by the http reply.");
                    parsed.warnings.push((value_at, text));
                } else {
                    parsed.headers.push((value.to_owned(), text));
                }
                parsed.next += 1;
            }
            _ => break,
        }
        parsed.next += 2;
    }
    // `deny status` is a reply of its own, without a page; `deny_status` is the page of that status.
    if usage == Usage::Deny && own_status && matches!(parsed.body, Body::None) {
        parsed.body = Body::Bytes(Arc::from([]));
    }
    check(&mut parsed, usage, body_word, content_type_at)?;
    Ok(parsed)
}

/// What a reply says of its body by itself.
const OF_BODY: [&str; 3] = ["content-length", "content-type", "transfer-encoding"];

fn status(text: &str, at: usize) -> Result<u16, Fault> {
    if text.is_empty() {
        return Err(Fault::new(at, "'status' expects <status_code> as argument"));
    }
    match text.parse::<u16>() {
        Ok(status @ 200..=599) => Ok(status),
        Ok(status) => Err(Fault::new(at, format!("Unexpected status code '{status}'"))),
        Err(_) => Err(Fault::new(at, "Unexpected status code '0'")),
    }
}

fn read_body(word: &str, value: &str, at: usize, formats: &FormatUse<'_>) -> Result<Body, Fault> {
    let required = |what: &str| match value {
        "" => Err(Fault::new(at, format!("'{word}' expects <{what}> as argument"))),
        value => Ok(value.to_owned()),
    };
    match word {
        "default-errorfiles" => Ok(Body::DefaultErrorFiles),
        // The name of the argument is HAProxy's.
        "errorfile" => {
            let name = required("fmt")?;
            load_error_file(&name, &formats.scope.locate(&name)).map(Body::Error).map_err(|fault| Fault::new(at, fault))
        }
        "errorfiles" => required("name").map(Body::Section),
        "file" => {
            let name = required("file")?;
            let bytes = std::fs::read(formats.scope.locate(&name));
            let bytes = bytes.map_err(|_| Fault::new(at, format!("error opening file '{name}'")))?;
            Ok(Body::Bytes(bytes.into()))
        }
        "string" => required("str").map(|text| Body::Bytes(text.into_bytes().into())),
        _ => {
            let mut text = required(if word == "lf-file" { "file" } else { "fmt" })?;
            if word == "lf-file" {
                let read =
                    std::fs::read(formats.scope.locate(&text)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                text = read.ok_or_else(|| Fault::new(at, format!("error opening file '{text}'")))?;
            }
            let format = format(&text, formats).map_err(|fault| fault.at(at))?;
            Ok(match format.constant_text() {
                Some(constant) => Body::Bytes(constant.into()),
                None => Body::Format(format),
            })
        }
    }
}

/// Reads a file that holds a complete response.
pub(super) fn load_error_file(name: &str, path: &Path) -> Result<ErrorReply, String> {
    let bytes = match std::fs::File::open(path) {
        Err(_) => return Err(format!("error opening file '{name}'.")),
        Ok(mut file) => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).map_err(|_| format!("error reading file '{name}'."))?;
            bytes
        }
    };
    parse_error_file(&bytes).map_err(|message| format!("'{name}': {message}"))
}

fn check(
    parsed: &mut Parsed,
    usage: Usage,
    body_word: Option<(&str, usize)>,
    content_type_at: usize,
) -> Result<(), Fault> {
    let content_type = parsed.content_type.clone().unwrap_or_default();
    let body_at = body_word.map_or(content_type_at, |(_, at)| at);
    let has_body = match &parsed.body {
        Body::Bytes(bytes) => !bytes.is_empty(),
        Body::Format(_) => true,
        _ => false,
    };
    if let (Some(status @ (204 | 304)), true) = (parsed.status, has_body) {
        return Err(Fault::new(body_at, format!("No body expected for {status} responses")));
    }
    match &parsed.body {
        Body::Bytes(bytes) if bytes.is_empty() && parsed.content_type.is_some() => {
            let text =
                format!("content-type '{content_type}' ignored by the http reply when used with an empty payload.");
            parsed.warnings.push((content_type_at, text));
            parsed.content_type = None;
        }
        Body::Format(_) if parsed.content_type.is_none() => {
            return Err(Fault::new(body_at, "a content type must be defined when non-empty payload is configured"));
        }
        Body::Bytes(bytes) if !bytes.is_empty() && parsed.content_type.is_none() => {
            let text = "a content type must be defined when non-empty payload is configured".to_owned();
            return Err(Fault::new(body_at, text));
        }
        Body::None if parsed.content_type.is_some() => {
            parsed.content_type = None;
            let text = format!(
                "content-type '{content_type}' ignored by the http reply because neither errorfile nor payload \
                 defined."
            );
            parsed.warnings.push((content_type_at, text));
        }
        Body::DefaultErrorFiles | Body::Error(_) | Body::Section(_) => {
            if parsed.content_type.take().is_some() {
                let text =
                    format!("content-type '{content_type}' ignored by the http reply when used with an erorrfile.");
                parsed.warnings.push((content_type_at, text));
            }
            if !parsed.headers.is_empty() {
                parsed.headers.clear();
                let text = "hdr parameters ignored by the http reply when used with an erorrfile.".to_owned();
                parsed.warnings.push((body_at, text));
            }
        }
        _ => {}
    }
    // A page must exist for the status where one is needed.
    let page = match &parsed.body {
        Body::None => usage == Usage::Deny && parsed.headers.is_empty(),
        Body::DefaultErrorFiles | Body::Section(_) => true,
        Body::Error(_) | Body::Bytes(_) | Body::Format(_) => false,
    };
    match parsed.status {
        Some(status) if page && !HANDLED_STATUS.contains(&status) => {
            let what = if matches!(parsed.body, Body::Section(_)) { "errorfiles" } else { "default-errorfiles" };
            let text = format!("status code '{status}' not handled by default with '{what}' argument.");
            Err(Fault::new(body_at, text))
        }
        _ => Ok(()),
    }
}
