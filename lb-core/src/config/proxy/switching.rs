//! `use_backend` and `use-server`.

use super::Cx;
use super::rules::{condition, format};
use crate::acl::Condition;
use crate::config::diagnostic::{Diagnostic, Heading, Severity};
use crate::config::model::{Target, UseBackend, UseServer};
use crate::log::FormatUse;
use crate::sample::{Place, Places};

pub(super) fn use_backend(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "'use_backend' expects a backend name.");
    }
    let places = Places::one(Place::UseBackend);
    let what = |message: &str| format!("error detected while parsing switching rule : {message}.");
    let Ok(condition) = optional_condition(cx, places, &what) else { return };
    let Some(backend) = target(cx, &name, "use_backend", places) else { return };
    let place = cx.line.place.clone();
    cx.config().use_backend.push(UseBackend { backend, condition, place });
    cx.draft.use_backend_lines.push(cx.line.clone());
}

pub(super) fn use_server(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert(1, "'use-server' expects a server name.");
    }
    if !matches!(cx.arg(2), "if" | "unless") {
        return cx.alert(2, "'use-server' requires either 'if' or 'unless' followed by a condition.");
    }
    let places = Places::one(Place::UseServer);
    let what = |message: &str| format!("error detected while parsing switching rule : {message}.");
    let Ok(condition) = optional_condition(cx, places, &what) else { return };
    let Some(server) = target(cx, &name, "use-server", places) else { return };
    let header = cx.draft.number.and_then(|number| cx.names.proxies.get(number));
    if let (Target::Name(name), Some(header)) = (&server, header)
        && !header.servers.contains(name)
    {
        let (label, own) = (cx.draft.section.label(), &cx.draft.config.name);
        let text = format!("{label} '{own}' : unable to find server '{name}' referenced in a 'use-server' rule.");
        let told = Diagnostic::about(Severity::Alert, cx.line, cx.first + 1, text).heading(Heading::Whole);
        return cx.diags.push(told);
    }
    let place = cx.line.place.clone();
    cx.config().use_server.push(UseServer { server, condition, place });
}

/// A condition from the second argument on. `Err` where it is refused, which is said.
fn optional_condition(cx: &mut Cx<'_>, places: Places, what: &dyn Fn(&str) -> String) -> Result<Option<Condition>, ()> {
    match cx.arg(2) {
        "" => Ok(None),
        "if" | "unless" => condition(cx, cx.first + 2, places, None, what).map(Some).ok_or(()),
        other => {
            let text =
                format!("unexpected keyword '{other}' after switching rule, only 'if' and 'unless' are allowed.");
            cx.alert(2, text);
            Err(())
        }
    }
}

/// A name, or a format that makes one.
fn target(cx: &mut Cx<'_>, text: &str, keyword: &str, places: Places) -> Option<Target> {
    if !text.contains('%') {
        return Some(Target::Name(text.to_owned()));
    }
    let line = cx.line;
    let scope = cx.scope(match keyword {
        "use-server" => "use-server or balance expression",
        _ => "use_backend expression",
    });
    let usage = FormatUse { http: cx.draft.is_http(), messages: false, rule: true, places, scope };
    match format(text, &usage) {
        Ok(format) => Some(match format.constant_text() {
            Some(_) => Target::Name(text.to_owned()),
            None => Target::Format(format),
        }),
        Err(fault) => {
            let told = if keyword == "use-server" {
                let text = format!(
                    "Parsing [{}:{}]; use-server rule failed to parse log-format '{text}' : {}.",
                    line.place.file, line.place.line, fault.message
                );
                Diagnostic::about(Severity::Alert, line, cx.first + 1, text).heading(Heading::Whole)
            } else {
                let text = format!("failed to parse {keyword} rule '{text}' : {}.", fault.message);
                Diagnostic::about(Severity::Alert, line, cx.first + 1, text).heading(Heading::Name)
            };
            cx.diags.push(told);
            None
        }
    }
}
