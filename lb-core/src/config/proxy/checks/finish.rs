//! What only the whole section can tell of its checks, and `external-check`.

use crate::config::diagnostic::Diagnostics;
use crate::config::model::{CheckProtocol, Global};
use crate::config::proxy::Cx;
use crate::config::proxy::draft::Draft;
use crate::config::proxy::finish::{alert, warning};

/// `external-check command` and `external-check path`.
pub(in crate::config::proxy) fn external_check(cx: &mut Cx<'_>) {
    let (name, value) = (cx.arg(1).to_owned(), cx.arg(2).to_owned());
    match (name.as_str(), value.as_str()) {
        ("", _) => cx.alert(0, "missing argument after 'external-check'.\n"),
        ("command" | "path", "") => cx.alert(1, format!("missing argument after '{name}'.")),
        ("command", _) if !cx.too_many(2, "external-check") => cx.config().checks.command = Some(value),
        ("path", _) if !cx.too_many(2, "external-check") => cx.config().checks.path = Some(value),
        ("command" | "path", _) => {}
        _ => cx.alert(1, format!("'external-check' only supports 'command' and 'path'. but got '{name}'.")),
    }
}

/// Says what is missing, and what has no meaning.
pub(in crate::config::proxy) fn finish(draft: &Draft, global: &Global, diags: &mut Diagnostics) {
    let (checks, name, label) = (&draft.config.checks, &draft.config.name, draft.section.label());
    let mut warn = |text: String| warning(diags, &draft.header, 0, text);
    for (keyword, option, unused) in
        [("tcp-check", "tcp-check", draft.tcp_check_unused), ("http-check", "httpchk", draft.http_check_unused)]
    {
        if unused {
            warn(format!("{label} '{name}' uses {keyword} rules without 'option {option}', so the rules are ignored."));
        }
    }
    if checks.protocol != CheckProtocol::External {
        for (word, value) in [("command", &checks.command), ("path", &checks.path)] {
            if value.is_some() {
                warn(format!(
                    "'external-check {word}' will be ignored for {label} '{name}' (requires 'option external-check')."
                ));
            }
        }
        return;
    }
    if !global.insecure_fork_wanted {
        warn(format!(
            "Proxy '{name}' : 'insecure-fork-wanted' not enabled in the global section, 'option external-check' will \
             likely fail."
        ));
    }
    let mut missing = |what: &str| {
        let text = format!("Proxy '{name}' : 'option external-check' unable to find required '{what}'.");
        alert(diags, &draft.header, 0, text);
    };
    if !global.external_check {
        missing("global.external-check");
    }
    if checks.command.is_none() {
        missing("external-check command");
    }
}
