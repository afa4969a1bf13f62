//! Words about connections to a server: what is spoken on them, and where they come from.

use super::ServerCx;
use crate::config::model::{ProxyV2Options, WebsocketProto};
use crate::config::proxy::bind_options::{known_namespace, protocol};
use crate::config::proxy::source as source_words;
use crate::config::proxy::timeouts::overflow;
use crate::units::{TimeUnit, UnitError, parse_time};

pub(super) fn proto(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let name = cx.required(": missing value")?;
    cx.draft.config.proto = Some(protocol(&name)?);
    Ok(())
}

pub(super) fn ws(cx: &mut ServerCx<'_>) -> Result<(), String> {
    const WORDS: &str = "has to be 'auto', 'h1' or 'h2'";
    cx.draft.config.ws = match &*cx.required(WORDS)? {
        "auto" => WebsocketProto::Auto,
        "h1" => WebsocketProto::H1,
        "h2" => WebsocketProto::H2,
        _ => return Err(format!("'ws' {WORDS}")),
    };
    Ok(())
}

pub(super) fn proxy_v2_options(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let mut options: ProxyV2Options = cx.draft.v2.clone();
    for name in cx.value().split(',') {
        match name {
            "ssl" => options.ssl = true,
            "cert-cn" => options.cert_cn = true,
            "ssl-cipher" => options.ssl_cipher = true,
            "crc32c" => options.crc32c = true,
            "unique-id" | "cert-sig" | "cert-key" | "authority" => {
                return Err(format!("'{name}' : proxy v2 option is not supported yet"));
            }
            _ => return Err(format!("'{name}' : proxy v2 option not implemented")),
        }
    }
    cx.draft.v2 = options;
    Ok(())
}

pub(super) fn namespace(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let name = cx.required(": expects <name> as argument")?;
    if name == "*" {
        return Err("'namespace *', that of the client, is not supported yet".to_owned());
    }
    known_namespace(&name).map_err(|fault| fault.trim_end_matches('.').to_owned())?;
    cx.draft.config.namespace = Some(name);
    Ok(())
}

pub(super) fn source(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required(
        "expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.",
    )?;
    let (source, next) = source_words::read(cx.line, cx.at + 1, true).map_err(|fault| {
        cx.within = fault.within;
        fault.message.trim_end_matches('.').to_owned()
    })?;
    cx.draft.config.source = Some(source);
    cx.next = Some(next);
    Ok(())
}

pub(super) fn usesrc(_: &mut ServerCx<'_>) -> Result<(), String> {
    Err("'usesrc' only allowed after a 'source' statement.".to_owned())
}

pub(super) fn tcp_ut(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required(": missing TCP User Timeout value")?;
    let time = parse_time(&text, TimeUnit::Milliseconds).map_err(|error| match error {
        UnitError::TimeOverflow => overflow(&text, "tcp-ut"),
        _ => "'tcp-ut' : expects a positive delay in milliseconds".to_owned(),
    })?;
    cx.draft.config.tcp_user_timeout = (!time.is_zero()).then_some(time);
    Ok(())
}
