//! TLS settings of the process (configuration.txt, sections 3.1 and 3.2).

use std::path::PathBuf;

use crate::config::model::GlobalSsl;
use crate::units::{TimeUnit, UnitError, parse_time};

use super::Cx;
use super::limits::integer;

pub(super) fn ca_base(cx: &mut Cx<'_>) {
    base(cx, |ssl| &mut ssl.ca_base);
}

pub(super) fn crt_base(cx: &mut Cx<'_>) {
    base(cx, |ssl| &mut ssl.crt_base);
}

fn base(cx: &mut Cx<'_>, field: fn(&mut GlobalSsl) -> &mut Option<PathBuf>) {
    if !cx.no_more_than(1) {
        return;
    }
    let keyword = cx.keyword();
    if field(&mut cx.global.ssl).is_some() {
        return cx.alert(0, format!("'{keyword}' already specified."));
    }
    if cx.arg(1).is_empty() {
        return cx.alert(1, format!("global statement '{keyword}' expects a directory path as an argument."));
    }
    *field(&mut cx.global.ssl) = Some(cx.arg(1).into());
}

pub(super) fn ssl_server_verify(cx: &mut Cx<'_>) {
    match cx.one_argument("an integer argument.") {
        Some("none") => cx.global.ssl.server_verify_none = true,
        Some("required") => cx.global.ssl.server_verify_none = false,
        Some(_) => cx.alert(1, "'ssl-server-verify' expects 'none' or 'required' as argument."),
        None => {}
    }
}

pub(super) fn cachesize(cx: &mut Cx<'_>) {
    if cx.arg(1).starts_with('-') {
        return cx.alert(1, "'tune.ssl.cachesize' expects a positive numeric value.");
    }
    cx.global.ssl.cachesize = integer(cx, "an integer argument").or(cx.global.ssl.cachesize);
}

/// The size of finite-field Diffie-Hellman parameters. Checked, and of no effect: our TLS library offers only elliptic
/// curves, so there is no such key exchange that the size could weaken or strengthen.
pub(super) fn default_dh_param(cx: &mut Cx<'_>) {
    if let Some(size) = integer::<u32>(cx, "an integer argument")
        && size < 1024
    {
        cx.alert(1, "'tune.ssl.default-dh-param' expects a value >= 1024.");
    }
}

pub(super) fn lifetime(cx: &mut Cx<'_>) {
    let Some(text) = cx.one_argument("ssl sessions <lifetime> in seconds as argument.") else { return };
    match parse_time(text, TimeUnit::Seconds) {
        Ok(time) => cx.global.ssl.lifetime = Some(time),
        Err(UnitError::Unexpected(c)) => {
            cx.alert(1, format!("unexpected character '{c}' in argument to <tune.ssl.lifetime>."));
        }
        Err(_) => cx.alert(
            1,
            format!(
                "timer overflow in argument '{text}' to <tune.ssl.lifetime> (maximum value is 2147483647 s or ~68 \
                 years)."
            ),
        ),
    }
}
