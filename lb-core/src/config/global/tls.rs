//! TLS settings of the process (configuration.txt, sections 3.1 and 3.2).

use std::path::{Path, PathBuf};

use crate::config::model::{GlobalSsl, TlsOptions};
use crate::config::tls_words;
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

/// Parameters of finite-field Diffie-Hellman: looked at, and of no effect for the same reason.
pub(super) fn dh_param_file(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    let name = cx.arg(1);
    if name.is_empty() {
        return cx.alert(1, "'ssl-dh-param-file' expects a file path as an argument.");
    }
    let path = cx.names.directories.locate(&cx.line.place.file, Path::new(name));
    let text = std::fs::read(path).unwrap_or_default();
    match memchr::memmem::find(&text, b"-----BEGIN DH PARAMETERS-----") {
        Some(_) => {
            let text = "'ssl-dh-param-file' has no effect: suites with finite-field Diffie-Hellman are not supported.";
            cx.diags.notice(cx.line, cx.first, text);
        }
        None => {
            cx.alert(1, format!("'ssl-dh-param-file': unable to load DH parameters from file <{name}>."));
        }
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

/// `ssl-default-bind-ciphers`, `-ciphersuites` and `-curves`.
pub(super) fn default_bind_list(cx: &mut Cx<'_>) {
    default_list(cx, |ssl| &mut ssl.bind_defaults);
}

/// `ssl-default-server-ciphers` and `-ciphersuites`.
pub(super) fn default_server_list(cx: &mut Cx<'_>) {
    default_list(cx, |ssl| &mut ssl.server_defaults);
}

fn default_list(cx: &mut Cx<'_>, defaults: fn(&mut GlobalSsl) -> &mut TlsOptions) {
    if !cx.no_more_than(1) {
        return;
    }
    let (keyword, list) = (cx.keyword().to_owned(), cx.arg(1).to_owned());
    let curves = keyword.ends_with("-curves");
    if list.is_empty() {
        let what = if curves { "a curves suite as an arguments." } else { "a cipher suite as an argument." };
        return cx.alert(1, format!("global statement '{keyword}' expects {what}"));
    }
    tls_words::note_missing(&keyword, cx.line, cx.first + 1, cx.diags);
    let defaults = defaults(&mut cx.global.ssl);
    let field = match keyword.ends_with("-ciphers") {
        true => &mut defaults.ciphers,
        false if curves => &mut defaults.curves,
        false => &mut defaults.ciphersuites,
    };
    *field = Some(list);
}

/// `ssl-default-bind-options`.
pub(super) fn default_bind_options(cx: &mut Cx<'_>) {
    default_options(
        cx,
        |ssl| &mut ssl.bind_defaults,
        |word, defaults| {
            let known = word == "prefer-client-ciphers";
            defaults.prefer_client_ciphers |= known;
            known
        },
    );
}

/// `ssl-default-server-options`.
pub(super) fn default_server_options(cx: &mut Cx<'_>) {
    default_options(cx, |ssl| &mut ssl.server_defaults, |_, _| false);
}

/// `own` reads the words that one side alone has.
fn default_options(
    cx: &mut Cx<'_>,
    defaults: fn(&mut GlobalSsl) -> &mut TlsOptions,
    own: fn(&str, &mut TlsOptions) -> bool,
) {
    let keyword = cx.keyword().to_owned();
    if cx.arg(1).is_empty() {
        return cx.alert(1, format!("global statement '{keyword}' expects an option as an argument."));
    }
    let mut at = 1;
    while !cx.arg(at).is_empty() {
        let (word, value) = (cx.arg(at).to_owned(), cx.arg(at + 1).to_owned());
        let options = defaults(&mut cx.global.ssl);
        match tls_words::shared(&word, &value, options) {
            Some(Ok(words)) => at += words,
            Some(Err(fault)) => return cx.alert(at + 1, format!("{fault} on global statement '{keyword}'.")),
            None if own(&word, options) => at += 1,
            None => return cx.alert(at, format!("unknown option '{word}' on global statement '{keyword}'.")),
        }
    }
}
