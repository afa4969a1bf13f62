//! Error pages of other sections: put together once all sections were read (configuration.txt, `errorfiles`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::{Draft, ErrorSource};
use super::finish::{alert_suggest, warning};
use super::suggest;
use crate::config::diagnostic::Diagnostics;
use crate::config::model::{Action, HttpErrors, Reply, ReplyBody};

/// Applies `errorfile` and its kin in order: the last one for a status wins.
pub(super) fn resolve_errors(draft: &mut Draft, sections: &[HttpErrors], diags: &mut Diagnostics) {
    let mut errors = BTreeMap::new();
    for directive in &draft.errors {
        match &directive.source {
            ErrorSource::Reply(reply) => {
                for status in &directive.status {
                    errors.insert(*status, reply.clone());
                }
            }
            ErrorSource::Reset => {
                for status in &directive.status {
                    errors.remove(status);
                }
            }
            ErrorSource::Section(name) => {
                let place = &directive.line.place;
                let Some(section) = sections.iter().find(|section| section.name == *name) else {
                    let near = suggest::nearest(name, sections.iter().map(|section| section.name.as_str()));
                    let text = format!(
                        "proxy '{}': unknown http-errors section '{name}' (at {}:{}).",
                        draft.config.name, place.file, place.line
                    );
                    alert_suggest(diags, &directive.line, 1, text, near);
                    continue;
                };
                if directive.status.is_empty() {
                    errors.extend(section.errors.iter().map(|(status, reply)| (*status, reply.clone())));
                }
                for status in &directive.status {
                    match section.errors.get(status) {
                        Some(reply) => {
                            errors.insert(*status, reply.clone());
                        }
                        None => {
                            let text = format!(
                                "config: proxy '{}' : status '{status}' not declared in http-errors section '{name}' (at {}:{}).",
                                draft.config.name, place.file, place.line
                            );
                            warning(diags, &directive.line, 1, text);
                        }
                    }
                }
            }
        }
    }
    draft.config.errors = errors;
}

/// Puts the error pages into the rules that name them.
pub(super) fn resolve_references(draft: &mut Draft, sections: &[HttpErrors], diags: &mut Diagnostics) {
    for reference in &draft.references {
        let status = reference.status;
        let name = &reference.section;
        let Some(section) = sections.iter().find(|section| section.name == *name) else {
            let near = suggest::nearest(name, sections.iter().map(|section| section.name.as_str()));
            let text = format!(
                "Proxy '{}': unknown http-errors section '{name}' referenced by an http reply .",
                draft.config.name
            );
            alert_suggest(diags, &reference.line, 0, text, near);
            continue;
        };
        let found = section.errors.get(&status).cloned();
        if found.is_none() {
            let text = format!(
                "Proxy '{}': status '{status}' referenced by an http reply not declared in http-errors section '{name}'.",
                draft.config.name
            );
            warning(diags, &reference.line, 0, text);
        }
        let rules = draft.config.rules.of_mut(reference.set.list());
        let reply = rules.get_mut(reference.rule).and_then(|rule| reply_of(&mut rule.action));
        if let Some(reply) = reply {
            reply.headers.clear();
            reply.body = found.map_or_else(|| ReplyBody::Bytes(Arc::default()), ReplyBody::Error);
        }
    }
}

fn reply_of(action: &mut Action) -> Option<&mut Reply> {
    match action {
        Action::Return(reply) | Action::Deny(reply) | Action::Tarpit(reply) => Some(reply),
        _ => None,
    }
}
