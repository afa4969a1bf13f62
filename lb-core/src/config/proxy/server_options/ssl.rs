//! Words about TLS to a server.

use std::sync::Arc;

use super::ServerCx;
use crate::config::proxy::bind_options::alpn_list;
use crate::config::tls_words;

pub(super) fn verify(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let method = cx.required(": missing verify method")?;
    match method.as_str() {
        "none" => cx.draft.verify = Some(false),
        "required" => cx.draft.verify = Some(true),
        _ => {
            return Err(format!(
                "'verify' : unknown verify method '{method}', only 'none' and 'required' are supported"
            ));
        }
    }
    Ok(())
}

pub(super) fn verifyhost(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.tls.verifyhost = Some(cx.required(": missing hostname to verify against")?);
    Ok(())
}

pub(super) fn ca_file(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let path = cx.required(": missing CAfile path")?;
    if path.starts_with('@') {
        return Err(format!("'ca-file {path}' is not supported yet"));
    }
    cx.draft.tls.ca_file = Some(path.into());
    cx.draft.ca_file_said_in = Arc::clone(&cx.line.place.file);
    Ok(())
}

pub(super) fn alpn(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required(": missing the comma-delimited ALPN protocol suite")?;
    cx.draft.tls.alpn = alpn_list(&text)?;
    Ok(())
}

/// Only a constant name, until the rule language evaluates expressions.
pub(super) fn sni(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required(": missing sni expression")?;
    match text.strip_prefix("str(").and_then(|rest| rest.strip_suffix(')')) {
        Some(name) if !name.contains([')', ',']) => cx.draft.tls.sni = Some(name.to_owned()),
        _ => return Err(format!("'sni {text}' is not supported yet: only str(<name>)")),
    }
    Ok(())
}

/// What `ssl-default-server-options` may say, too.
pub(super) fn shared(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let (word, value) = (cx.line.arg(cx.at), cx.line.arg(cx.at + 1));
    tls_words::shared(word, value, &mut cx.draft.tls.options).map_or(Ok(()), |read| read.map(|_| ()))
}

pub(super) fn ciphers(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.tls.options.ciphers = Some(list(cx)?);
    Ok(())
}

pub(super) fn ciphersuites(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.tls.options.ciphersuites = Some(list(cx)?);
    Ok(())
}

fn list(cx: &mut ServerCx<'_>) -> Result<String, String> {
    let list = cx.required(": missing cipher suite")?;
    tls_words::note_missing(cx.line.arg(cx.at), cx.line, cx.at + 1, cx.diags);
    Ok(list)
}
