//! What HAProxy warns of once a section's mode and delays are known: rules that have no meaning, or find what they look at
//! by chance.

use super::draft::Draft;
use super::finish::warning;
use crate::config::diagnostic::Diagnostics;
use crate::config::model::{Action, Rule};
use crate::sample::{Expression, Place};

/// Warns of a section's rules.
pub(super) fn check_rules(draft: &Draft, diags: &mut Diagnostics) {
    let config = &draft.config;
    let label = format!("{} '{}'", draft.section.label(), config.name);
    if draft.is_http() {
        check_buffers(draft, diags);
    } else {
        let lists = [("http-after-response", &config.rules.http_after_response), ("redirect", &config.rules.redirect)];
        for (name, _) in lists.iter().filter(|(_, rules)| !rules.is_empty()) {
            let text = format!("'{name}' rules ignored for {label} as they require HTTP mode.");
            warning(diags, &draft.header, 0, text);
        }
    }
    if config.rules.inspect_delay.is_some() {
        return;
    }
    for rule in &config.rules.tcp_content {
        let (name, expression) = match &rule.action {
            Action::Capture { expression, .. } => ("tcp-request capture", expression),
            Action::Track { key, .. } => ("tcp-request content track-sc*", key),
            _ => continue,
        };
        if depends_on_contents(expression) {
            let text = format!(
                "{label} : a '{name}' rule explicitly depending on request contents without any 'tcp-request inspect-delay' \
                 setting. This means that this rule will randomly find its contents. This can be fixed by setting the \
                 tcp-request inspect-delay."
            );
            warning(diags, &draft.header, 0, text);
        }
    }
}

fn depends_on_contents(expression: &Expression) -> bool {
    !expression.places().contains(Place::FrontendSession)
}

/// Conditions that look at bytes of a buffer, where there are messages.
fn check_buffers(draft: &Draft, diags: &mut Diagnostics) {
    let (config, rules) = (&draft.config, &draft.config.rules);
    let of_rules = [
        &rules.tcp_content,
        &rules.tcp_response,
        &rules.http_request,
        &rules.http_response,
        &rules.http_after_response,
    ];
    let of_rules = of_rules.into_iter().flatten().map(|Rule { condition, place, .. }| (condition, place));
    let switching = config.use_backend.iter().map(|rule| (&rule.condition, &rule.place));
    let servers = config.use_server.iter().map(|rule| (&rule.condition, &rule.place));
    for (condition, place) in of_rules.chain(switching).chain(servers) {
        if condition.as_ref().is_some_and(|condition| condition.looks_at_buffers(&config.acls)) {
            let text = format!(
                "Proxy '{}': L6 sample fetches ignored on HTTP proxies (declared at {}:{}).",
                config.name, place.file, place.line
            );
            warning(diags, &draft.header, 0, text);
        }
    }
}
