//! What can be said only when all sections were read: names of other sections, ids, and the checks of a whole proxy.

mod listeners;
mod mode;
mod rules;
mod servers;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::balance::check_balance;
use super::draft::{Draft, SectionKind};
use super::error_pages::{resolve_errors, resolve_references};
use super::resolve_options::{Naming, first_addresses};
use super::stick_table::check_names;
use super::tracking::{self, Tracking};
use super::{ProxyState, server_state, suggest};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::model::{Balance, Config, LogFormatChoice, Mode, Proto, ProxyConfig, ProxyLog, Target};

use listeners::check_bind_options;
use mode::check_mode;
pub(super) use mode::switches_mode;
use servers::finish_servers;
pub(super) use servers::{check_server, check_tls};

/// HAProxy's own first proxy (the runtime socket) has number 1.
const FIRST_PROXY_ID: u32 = 2;

/// Resolves the names, gives out the numbers, warns of what is missing, and adds the proxies to `config`.
/// `config.global` and `config.http_errors` must be complete.
pub fn finish(mut state: ProxyState, config: &mut Config, diags: &mut Diagnostics) {
    let mut drafts = std::mem::take(&mut state.proxies);
    // As HAProxy does: what is missing is told of a configuration whose every line was understood, else half of
    // it would only follow from the other errors.
    let understood = !diags.has_errors();
    assign_ids(&mut drafts, diags);
    check_names(&drafts, diags);
    let names = Names::new(&drafts);
    if understood {
        state.late_defaults.drain(..).for_each(|late| late.tell(diags));
    }
    let mut proxies = Vec::with_capacity(drafts.len());
    let (mut tracking, mut named, mut headers) = (Vec::new(), Vec::new(), Vec::new());
    for mut draft in drafts {
        // A disabled proxy is not checked.
        if understood && !draft.config.disabled {
            check_backends(&draft, &names, diags);
            check_captures(&mut draft, config, diags);
            check_mode(&mut draft, diags);
            rules::check_rules(&draft, diags);
            check_bind_options(&mut draft, config, diags);
            check_balance(&mut draft, &state.names, diags);
            check_timeouts(&draft, diags);
            super::email_alert::finish(&mut draft, &config.mailers, diags);
            super::checks::finish(&draft, &config.global, diags);
            if super::log::check_formats(&mut draft, &state.names, diags) {
                check_logs(&draft, config, diags);
            }
            draft.late.check_groups(&draft.config.name, &config.userlists);
            std::mem::take(&mut draft.late).tell(diags);
        }
        if understood {
            resolve_errors(&mut draft, &config.http_errors, diags);
            resolve_references(&mut draft, &config.http_errors, diags);
        }
        if understood && !draft.config.disabled {
            let servers = draft.servers.iter().map(|server| (&server.config, &server.line));
            tracking.extend(Tracking::of(proxies.len(), servers));
            named.extend(Naming::of(proxies.len(), draft.servers.iter()));
        }
        let servers = finish_servers(&mut draft, config, understood, diags);
        headers.push(draft.header.clone());
        let mut proxy = draft.config;
        proxy.servers = servers;
        if !proxy.kind.is_frontend() {
            // They were warned of where they stand.
            proxy.binds.clear();
            proxy.default_backend = None;
            proxy.use_backend.clear();
        }
        proxies.push(proxy);
    }
    if understood {
        rules::check_keys(&proxies, &headers, diags);
    }
    tracking::resolve(&mut proxies, &tracking, diags);
    if understood {
        server_state::load(&mut proxies, &headers, &config.global, diags);
        first_addresses(&mut proxies, &named, config.unresolved_names, diags);
    }
    store_servers(&mut proxies);
    config.proxies.append(&mut proxies);
}

/// Tables that `stick` rules name store servers.
fn store_servers(proxies: &mut [ProxyConfig]) {
    let named: Vec<usize> = proxies.iter().flat_map(|proxy| proxy.sticks.iter().map(|rule| rule.table)).collect();
    for number in named {
        if let Some(table) = proxies.get_mut(number).and_then(|proxy| proxy.stick_table.as_mut()) {
            table.store_servers();
        }
    }
}

/// Numbers: each proxy takes the next free one, also those that bring their own take a place in the count.
fn assign_ids(drafts: &mut [Draft], diags: &mut Diagnostics) {
    let mut taken: HashMap<u32, usize> = HashMap::new();
    for index in 0..drafts.len() {
        let Some(draft) = drafts.get(index).filter(|draft| draft.id_line.is_some()) else { continue };
        match taken.get(&draft.config.id).and_then(|other| drafts.get(*other)) {
            None => {
                taken.insert(draft.config.id, index);
            }
            Some(other) => {
                let text = format!(
                    "{} {} reuses same custom id as {} {} (declared at {}:{}).",
                    draft.section.label(),
                    draft.config.name,
                    other.section.label(),
                    other.config.name,
                    other.header.place.file,
                    other.header.place.line
                );
                diags.alert_line(draft.id_line.as_ref().unwrap_or(&draft.header), 1, text);
            }
        }
    }
    let mut next = FIRST_PROXY_ID;
    for draft in drafts {
        if draft.id_line.is_none() {
            while taken.contains_key(&next) {
                next += 1;
            }
            draft.config.id = next;
        }
        next += 1;
    }
}

/// Backends by name, with what a reference to them is checked against.
struct Names {
    backends: HashMap<String, (Mode, Line, SectionKind)>,
}

impl Names {
    fn new(drafts: &[Draft]) -> Self {
        let backends = drafts
            .iter()
            .filter(|draft| draft.section.has_backend())
            .map(|draft| (draft.config.name.clone(), (draft.config.mode, draft.header.clone(), draft.section)));
        Self { backends: backends.collect() }
    }

    fn check(&self, draft: &Draft, line: Option<&Line>, name: &str, keyword: &str, diags: &mut Diagnostics) {
        let line = line.unwrap_or(&draft.header);
        let word = line.words.iter().position(|word| word.text == name).unwrap_or(0);
        let own = &draft.config;
        let Some((mode, header, section)) = self.backends.get(name) else {
            let near = suggest::nearest(name, self.backends.keys().map(String::as_str));
            let text = format!("Proxy '{}': unable to find required {keyword}: '{name}'.", own.name);
            alert_suggest(diags, line, word, text, near);
            return;
        };
        if draft.section.has_backend() && own.name == name {
            alert(diags, line, word, format!("Proxy '{name}': loop detected for {keyword}: '{name}'."));
        } else if own.mode == Mode::Http && *mode == Mode::Tcp {
            let how = if keyword == "default_backend" { "as its default backend" } else { "in a 'use_backend' rule" };
            let text = format!(
                "http {} '{}' ({}:{}) tries to use incompatible tcp {} '{name}' ({}:{}) {how} (see 'mode').",
                draft.section.label(),
                own.name,
                own.place.file,
                own.place.line,
                section.label(),
                header.place.file,
                header.place.line
            );
            alert(diags, line, word, text);
        }
    }
}

fn check_backends(draft: &Draft, names: &Names, diags: &mut Diagnostics) {
    for (rule, line) in draft.config.use_backend.iter().zip(&draft.use_backend_lines) {
        if let Target::Name(name) = &rule.backend {
            names.check(draft, Some(line), name, "use_backend", diags);
        }
    }
    // A default backend that a backend inherits has no meaning there.
    if let (Some(name), true) = (&draft.config.default_backend, draft.section.has_frontend()) {
        names.check(draft, draft.default_backend_line.as_ref(), name, "default_backend", diags);
    }
}

/// Most bytes of a cookie that are captured, where `tune.http.cookielen` does not say it.
const COOKIE_LENGTH: u32 = 63;

fn check_captures(draft: &mut Draft, config: &Config, diags: &mut Diagnostics) {
    let limit = config.global.tune.http_cookielen.unwrap_or(COOKIE_LENGTH);
    let text =
        format!("truncating capture length to {limit} bytes for {} '{}'.", draft.section.label(), draft.config.name);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if let Some((_, length)) = &mut draft.config.captures.cookie
        && *length > limit
    {
        *length = limit;
        warning(diags, &draft.header, 0, text);
    }
}

fn proto_name(proto: Proto) -> &'static str {
    match proto {
        Proto::H1 => "h1",
        Proto::H2 => "h2",
    }
}

/// A relative path stands below `crt-base` or `ca-base`.
pub(super) fn based(base: &Option<PathBuf>, path: &Path) -> PathBuf {
    base.as_ref().map_or_else(|| path.to_owned(), |base| base.join(path))
}

fn check_timeouts(draft: &Draft, diags: &mut Diagnostics) {
    let ProxyConfig { timeouts, name, dispatch, .. } = &draft.config;
    let lacks_client = draft.section.has_frontend() && timeouts.client.is_none();
    // A backend without servers never connects to one.
    let has_servers = draft.section.has_backend() && !draft.servers.is_empty();
    let lacks_server = has_servers && (timeouts.connect.is_none() || timeouts.server.is_none());
    if lacks_client || lacks_server {
        let text = format!(
            "missing timeouts for {} '{name}'.\n   | While not properly invalid, you will certainly encounter various \
             problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts \
             are set to a non-zero value: 'client', 'connect', 'server'.",
            draft.section.label()
        );
        warning(diags, &draft.header, 0, text);
    }
    if dispatch.is_some() && draft.config.balance != Balance::Unset && draft.section.has_backend() {
        let text = format!("dispatch address of {} '{name}' will be ignored in balance mode.", draft.section.label());
        warning(diags, &draft.header, 0, text);
    }
}

fn check_logs(draft: &Draft, config: &Config, diags: &mut Diagnostics) {
    let reaches = |log: &ProxyLog| match log {
        ProxyLog::Global => !config.global.logs.is_empty(),
        ProxyLog::Target(_) => true,
    };
    let said = draft.config.log_format != LogFormatChoice::Default || draft.config.log_format_sd.is_some();
    if said && draft.section.has_frontend() && !draft.config.logs.iter().any(reaches) {
        let text = format!(
            "log format ignored for {} '{}' since it has no log address.",
            draft.section.label(),
            draft.config.name
        );
        warning(diags, &draft.header, 0, text);
    }
}

/// These messages name their proxy; HAProxy prints them without a place, which is kept for the excerpt.
pub(super) fn alert(diags: &mut Diagnostics, line: &Line, word: usize, text: String) {
    alert_suggest(diags, line, word, text, None);
}

pub(super) fn alert_suggest(diags: &mut Diagnostics, line: &Line, word: usize, text: String, near: Option<&str>) {
    diags.push(Diagnostic::about(Severity::Alert, line, word, text).suggest(near).heading(Heading::Whole));
}

pub(super) fn warning(diags: &mut Diagnostics, line: &Line, word: usize, text: String) {
    diags.push(Diagnostic::about(Severity::Warning, line, word, text).heading(Heading::Whole));
}

pub(super) fn server_alert(diags: &mut Diagnostics, line: &Line, word: usize, text: String) {
    diags.push(Diagnostic::about(Severity::Alert, line, word, text).heading(Heading::Server));
}
