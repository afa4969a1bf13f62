//! Words about TLS of a listener.

use super::BindCx;
use crate::config::tls_words;

pub(super) fn alpn(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.required("missing the comma-delimited ALPN protocol suite")?;
    cx.tls.alpn = alpn_list(&text)?;
    Ok(())
}

/// A comma-delimited list of ALPN protocols (RFC 7301: 1 to 255 bytes each).
pub(in crate::config::proxy) fn alpn_list(text: &str) -> Result<Vec<String>, String> {
    let list: Vec<String> = text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match list.iter().find(|name| name.len() > 255) {
        Some(long) => Err(format!("'alpn' : ALPN protocol name too long : '{long}'")),
        None => Ok(list),
    }
}

pub(super) fn crt(cx: &mut BindCx<'_>) -> Result<(), String> {
    let path = cx.required("missing certificate location")?;
    cx.tls.crt.push(path.into());
    Ok(())
}

/// What `ssl-default-bind-options` may say, too.
pub(super) fn shared(cx: &mut BindCx<'_>) -> Result<(), String> {
    let (word, value) = (cx.line.arg(cx.at), cx.line.arg(cx.at + 1));
    tls_words::shared(word, value, &mut cx.tls.options).map_or(Ok(()), |read| read.map(|_| ()))
}

pub(super) fn ciphers(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.tls.options.ciphers = Some(list(cx, "missing cipher suite")?);
    Ok(())
}

pub(super) fn ciphersuites(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.tls.options.ciphersuites = Some(list(cx, "missing cipher suite")?);
    Ok(())
}

pub(super) fn curves(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.tls.options.curves = Some(list(cx, "missing curve suite")?);
    Ok(())
}

pub(super) fn ecdhe(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.tls.options.ecdhe = Some(list(cx, "missing named curve")?);
    Ok(())
}

fn list(cx: &mut BindCx<'_>, missing: &str) -> Result<String, String> {
    let list = cx.required(missing)?;
    tls_words::note_missing(cx.line.arg(cx.at), cx.line, cx.at + 1, cx.diags);
    Ok(list)
}
