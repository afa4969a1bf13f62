//! What a section has that means something in HTTP mode only.

use super::{alert, proto_name, warning};
use crate::config::diagnostic::Diagnostics;
use crate::config::model::{Action, LogFormatChoice};
use crate::config::proxy::draft::Draft;
use crate::config::proxy::options::FLAGS;

/// What has no meaning or is wrong without `mode http`.
pub(super) fn check_mode(draft: &mut Draft, diags: &mut Diagnostics) {
    if draft.is_http() {
        return;
    }
    let label = format!("{} '{}'", draft.section.label(), draft.config.name);
    if let Some(line) = draft.httplog_line.take() {
        let text =
            format!("'option httplog' not usable with {label} (needs 'mode http'). Falling back to 'option tcplog'.");
        diags.warning(&line, 1, text);
        draft.config.log_format = LogFormatChoice::Tcp;
    }
    if let Some(line) = draft.http_format_line.take() {
        let text = format!("HTTP log/header format not usable with {label} (needs 'mode http').");
        diags.warning(&line, 0, text);
    }
    let header = draft.header.clone();
    let mut warn = |text: String| warning(diags, &header, 0, text);
    if draft.config.monitor_uri.is_some() {
        warn(format!("monitor-uri will be ignored for {label} (needs 'mode http')."));
    }
    let switches = switches_mode(draft);
    if !draft.config.rules.http_request.is_empty() && !switches {
        warn(format!("'http-request' rules ignored for {label} as they require HTTP mode."));
    }
    if !draft.config.rules.http_response.is_empty() && !switches {
        warn(format!("'http-response' rules ignored for {label} as they require HTTP mode."));
    }
    let needs_http = |name: &str| format!("'option {name}' ignored for {label} as it requires HTTP mode.");
    if draft.config.options.forwardfor.is_some() && !switches {
        warn(needs_http("forwardfor"));
    }
    if draft.config.options.originalto.is_some() && !switches {
        warn(needs_http("originalto"));
    }
    for flag in FLAGS.iter().filter(|flag| flag.http) {
        let here =
            (flag.side.frontend && draft.section.has_frontend()) || (flag.side.backend && draft.section.has_backend());
        if here && !switches && flag.field.is_some_and(|field| *field(&mut draft.config.options)) {
            warn(needs_http(flag.name));
        }
    }
    if draft.section.has_backend() && draft.config.cookie.take().is_some() {
        warn(format!("cookie will be ignored for {label} (needs 'mode http')."));
    }
    for server in &mut draft.servers {
        if server.config.redir.is_some() {
            let text = format!("{label} : server cannot have cookie or redirect prefix in non-HTTP mode.");
            alert(diags, &server.line, 1, text);
        }
        if server.config.cookie.take().is_some() {
            let text =
                format!("{label} : ignoring cookie for server '{}' as HTTP mode is disabled.", server.config.name);
            warning(diags, &server.line, 1, text);
        }
        if let Some(proto) = server.config.proto {
            let text = format!(
                "proxy '{}' : MUX protocol '{}' is not usable for server '{}' at [{}:{}].",
                draft.config.name,
                proto_name(proto),
                server.config.name,
                server.line.place.file,
                server.line.place.line
            );
            alert(diags, &server.line, 1, text);
        }
    }
}

/// Whether a rule makes HTTP of connections of the section, so that what is said of HTTP there means something.
pub(in crate::config::proxy) fn switches_mode(draft: &Draft) -> bool {
    let rules = &draft.config.rules.tcp_content;
    draft.section.has_frontend() && rules.iter().any(|rule| matches!(rule.action, Action::SwitchMode(_)))
}
