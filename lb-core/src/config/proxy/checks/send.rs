//! `tcp-check send` with its kin, and `http-check send`.

use super::{Fault, Reader, hexadecimal};
use crate::config::model::{CheckData, CheckRequest, CheckSend, CheckStep, CheckText};

/// `send`, `send-lf`, `send-binary`, `send-binary-lf`.
pub(super) fn read(reader: &mut Reader<'_, '_>, name: &str) -> Result<CheckStep, Fault> {
    let kind = if name == "send-binary" { "binary string" } else { "string" };
    let text = reader.value(&format!("'{kind}' expects a {name} as argument."))?;
    let data = match name {
        "send" => CheckData::Bytes(text.as_bytes().to_vec()),
        "send-binary" => CheckData::Bytes(
            hexadecimal(text).map_err(|fault| format!("'{text}' invalid binary string ({fault}).\n."))?,
        ),
        "send-lf" => CheckData::Text(reader.format_shown(text, text)?),
        _ => CheckData::Hex(reader.format_shown(text, text)?),
    };
    let comment = match reader.take() {
        "" => None,
        "comment" => reader.comment_value("..")?,
        other => return Err(format!("expects 'comment' but got '{other}' as argument..")),
    };
    match reader.word() {
        "" => Ok(CheckStep::Send(CheckSend { data, comment })),
        other => Err(format!("expects 'comment' but got '{other}' as argument..")),
    }
}

/// `http-check send`.
pub(super) fn request(reader: &mut Reader<'_, '_>) -> Result<CheckStep, Fault> {
    let mut request = CheckRequest::default();
    let mut host: Option<String> = None;
    loop {
        let word = reader.take();
        let expects = format!("'{word}' expects a string as argument..");
        match word {
            "" => break,
            "meth" => request.method = Some(reader.value(&expects)?.to_owned()),
            "uri" => request.uri = Some(CheckText::Fixed(reader.value(&expects)?.to_owned())),
            "uri-lf" => {
                let text = reader.value(&expects)?;
                request.uri = Some(CheckText::Format(reader.format_shown(text, text)?));
            }
            "ver" => request.version = Some(reader.value(&expects)?.to_owned()),
            "hdr" => {
                let (name, value) = (reader.take(), reader.take());
                if name.is_empty() || value.is_empty() {
                    return Err("'hdr' expects <name> and <value> as arguments.".to_owned());
                }
                let name = name.to_ascii_lowercase();
                if name == "host" {
                    if let Some(previous) = &host {
                        return Err(format!("'host' header already defined (previous value is '{previous}')."));
                    }
                    host = Some(value.to_owned());
                }
                let format = reader.format(value).map_err(|error| error.to_string())?;
                // The framing is ours.
                if !matches!(name.as_str(), "content-length" | "transfer-encoding") {
                    request.headers.push((name, format));
                }
            }
            "body" => request.body = Some(CheckText::Fixed(reader.value(&expects)?.to_owned())),
            "body-lf" => {
                let text = reader.value(&expects)?;
                request.body = Some(CheckText::Format(reader.format_shown(text, text)?));
            }
            "comment" => request.comment = reader.comment_value("..")?,
            other => {
                return Err(format!(
                    "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{other}' \
                     as argument.."
                ));
            }
        }
    }
    Ok(CheckStep::Request(Box::new(request)))
}
