//! What HAProxy warns of once a section's mode and delays are known: rules that have no meaning, or find what they look at
//! by chance.

use super::{alert, switches_mode, warning};
use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::{Action, ProxyConfig, Rule, RuleList};
use crate::config::proxy::draft::Draft;
use crate::sample::{Expression, Place};

/// Warns of a section's rules.
pub(super) fn check_rules(draft: &Draft, diags: &mut Diagnostics) {
    let config = &draft.config;
    let label = format!("{} '{}'", draft.section.label(), config.name);
    if draft.is_http() {
        check_buffers(draft, diags);
    } else if !switches_mode(draft) {
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
        // HAProxy looks no further at a rule whose table is missing.
        if depends_on_contents(expression) && !draft.late.is_about(&rule.place) {
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

/// Keys that are never one of their table.
pub(super) fn check_keys(proxies: &[ProxyConfig], headers: &[Line], diags: &mut Diagnostics) {
    let fits = |key: &Expression, table: usize| {
        let table = proxies.get(table).and_then(|proxy| proxy.stick_table.as_ref());
        table.is_none_or(|table| key.output().casts_to(table.key.sample_type()))
    };
    let named = |table: usize| proxies.get(table).map_or("", |proxy| proxy.name.as_str());
    for (proxy, header) in proxies.iter().zip(headers).filter(|(proxy, _)| !proxy.disabled) {
        for rule in RuleList::ALL.iter().flat_map(|list| proxy.rules.of(*list)) {
            if let Action::Track { slot, key, table } = &rule.action
                && !fits(key, *table)
            {
                let text = format!(
                    "Proxy '{}': stick-table '{}' uses a type incompatible with the 'track-sc{slot}' rule.",
                    proxy.name,
                    named(*table)
                );
                alert(diags, header, 0, text);
            }
        }
        for rule in proxy.sticks.iter().filter(|rule| !fits(&rule.key, rule.table)) {
            let text = format!(
                "Proxy '{}': type of fetch not usable with type of stick-table '{}'.",
                proxy.name,
                named(rule.table)
            );
            alert(diags, header, 0, text);
        }
    }
}

/// Conditions that look at bytes of a buffer, where there are messages.
fn check_buffers(draft: &Draft, diags: &mut Diagnostics) {
    let (config, rules) = (&draft.config, &draft.config.rules);
    let of_rules = [
        &rules.tcp_connection,
        &rules.tcp_session,
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
