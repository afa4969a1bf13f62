//! Servers once all sections were read: their numbers, and what only the whole configuration can tell.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{alert, based, server_alert, warning};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::files::reason;
use crate::config::model::{Address, CheckProtocol, Config, PortKind, RetryOn, ServerConfig};
use crate::config::proxy::checks::incompatible;
use crate::config::proxy::draft::Draft;
use crate::config::proxy::resolve_options;
use crate::config::tls_words::USE_BOUNDS;
use crate::persistence::dynamic;
use crate::server::Endpoint;
use crate::tls::ParameterError;
use crate::tls::parameters::{Parameters, Side, VersionWarning, versions};

/// The servers of a proxy as the data plane wants them; numbered in order, those with an `id` take a place too.
pub(super) fn finish_servers(
    draft: &mut Draft,
    config: &Config,
    understood: bool,
    diags: &mut Diagnostics,
) -> Vec<ServerConfig> {
    let servers = std::mem::take(&mut draft.servers);
    let mut names: HashMap<String, u32> = HashMap::with_capacity(servers.len());
    let mut own_ids: HashMap<u32, (String, Line)> = HashMap::new();
    for server in &servers {
        let name = &server.config.name;
        if let Some(line) = names.get(name) {
            let text = format!(
                "{} '{}', another server named '{name}' was already defined at line {line}, please use distinct names.",
                draft.section.label(),
                draft.config.name
            );
            diags.alert(&server.line, 1, text);
        } else {
            names.insert(name.clone(), server.line.place.line);
        }
        if server.config.id != 0 {
            if let Some((other, line)) = own_ids.get(&server.config.id) {
                let text = format!(
                    "'server {}/{name}' : 'id' : custom id {} already used at {}:{} ('server {other}').",
                    draft.config.name, server.config.id, line.place.file, line.place.line
                );
                server_alert(diags, &server.line, 1, text);
            } else {
                own_ids.insert(server.config.id, (name.clone(), server.line.clone()));
            }
        }
    }
    let taken: HashSet<u32> = own_ids.into_keys().collect();
    let verify = !config.global.ssl.server_verify_none;
    let checks_use_tls = draft.config.checks.connects().any(|connect| connect.ssl);
    let has_port = draft.config.checks.connects().next().is_some_and(|connect| connect.port.is_some());
    let scripted = !matches!(draft.config.checks.protocol, CheckProtocol::Connect | CheckProtocol::External);
    let section = (draft.config.name.clone(), draft.section.label());
    let mut next = 1;
    let mut finished = Vec::with_capacity(servers.len());
    for mut server in servers {
        let line = server.line.clone();
        if let Some(file) = &mut server.tls.ca_file {
            let path = based(&config.global.ssl.ca_base, file);
            *file = config.names.directories.locate(&server.ca_file_said_in, &path).into_owned();
        }
        server.tls.options = std::mem::take(&mut server.tls.options).or(&config.global.ssl.server_defaults);
        if understood && let Some(file) = &server.tls.ca_file {
            check_ca_file(&draft.config.name, &server.config.name, file, &line, diags);
        }
        let mut server = server.finish(verify, checks_use_tls);
        if let Some(send_proxy) = &mut server.send_proxy {
            send_proxy.never_local = config.global.pp2_never_send_local;
        }
        if understood && !draft.config.disabled {
            resolve_options::find_section(draft, &mut server, &line, config, diags);
        }
        if server.id == 0 {
            while taken.contains(&next) {
                next += 1;
            }
            server.id = next;
        }
        next += 1;
        if understood && !draft.config.disabled {
            warn_of_fast_open(draft, &server, &line, diags);
            check_server((&section.0, section.1), (has_port, scripted), &server, &line, diags);
            check_tls((&section.0, section.1), &server, &line, diags);
        }
        if understood
            && !draft.config.disabled
            && let Some(text) = incompatible(draft.section.label(), &draft.config, &server)
        {
            alert(diags, &line, 1, text);
        }
        finished.push(server);
    }
    if understood && !draft.config.disabled {
        check_dynamic_cookies(draft, &finished, diags);
    }
    finished
}

/// Versions and ciphers of a server that TLS is spoken to; `label` is what its section is called in messages.
pub(in crate::config::proxy) fn check_tls(
    (proxy, label): (&str, &str),
    server: &ServerConfig,
    line: &Line,
    diags: &mut Diagnostics,
) {
    let Some(ssl) = server.ssl.as_ref().or(server.check_tls.as_ref()) else { return };
    let prefix = format!("'server {proxy}/{}' : ", server.name);
    for told in versions(&ssl.options, Side::Server).1 {
        let text = match told {
            VersionWarning::Ignored => format!("no-sslv3/no-tlsv1x are ignored for this server. {USE_BOUNDS}"),
            VersionWarning::Hole(version) => format!(
                "{label} '{proxy}': SSL/TLS versions range not contiguous for server '{}'. Hole find for {version}. \
                 {USE_BOUNDS}",
                server.name
            ),
            VersionWarning::Old => "versions before TLSv1.2 are not supported and not offered.".to_owned(),
            VersionWarning::Ambiguous(_) => continue,
        };
        diags.push(Diagnostic::about(Severity::Warning, line, 1, format!("{prefix}{text}")).heading(Heading::Server));
    }
    let text = match Parameters::new(&ssl.options, Side::Server) {
        Ok(_) => return,
        Err(error @ (ParameterError::NoVersion | ParameterError::OldVersions)) => {
            format!("{label} '{proxy}': {error} for server '{}'.", server.name)
        }
        Err(error) => format!("{error}."),
    };
    server_alert(diags, line, 1, format!("{prefix}{text}"));
}

/// The file must be there also where nothing uses TLS.
fn check_ca_file(proxy: &str, server: &str, path: &Path, line: &Line, diags: &mut Diagnostics) {
    if let Err(error) = std::fs::metadata(path) {
        let (path, reason) = (path.display(), reason(&error));
        let text = format!("'server {proxy}/{server}' : Couldn't open the ca-file '{path}' ({reason}).");
        server_alert(diags, line, 0, text);
        alert(diags, line, 0, format!("'ca-file' : unable to load {path}."));
    }
}

/// Data in a first packet may be lost with it: then the request must be sent again.
fn warn_of_fast_open(draft: &Draft, server: &ServerConfig, line: &Line, diags: &mut Diagnostics) {
    let needed = [RetryOn::CONN_FAILURE, RetryOn::EMPTY_RESPONSE, RetryOn::RESPONSE_TIMEOUT];
    let retried = draft.config.retry_on.unwrap_or_default();
    if server.tfo && !needed.into_iter().all(|events| retried.has(events)) {
        let text = format!(
            "'server {}/{}' : server has tfo activated, the backend should be configured with at least 'conn-failure', \
             'empty-response' and 'response-timeout' or we wouldn't be able to retry the connection on failure.",
            draft.config.name, server.name
        );
        diags.push(Diagnostic::about(Severity::Warning, line, 0, text).heading(Heading::Server));
    }
}

/// Two servers of one address get the same dynamic cookie.
fn check_dynamic_cookies(draft: &Draft, servers: &[ServerConfig], diags: &mut Diagnostics) {
    let (Some(cookie), Some(key)) = (&draft.config.cookie, &draft.config.dynamic_cookie_key) else { return };
    if !cookie.dynamic {
        return;
    }
    let mut seen: HashMap<String, u32> = HashMap::new();
    for server in servers.iter().filter(|server| server.cookie.is_none() && !server.disabled) {
        let endpoint = Endpoint::new(server.address.clone(), server.port);
        let Some(value) = dynamic::value(key, &endpoint) else { continue };
        let others = seen.entry(value).or_default();
        for _ in 0..*others {
            let text = format!(
                "We generated two equal cookies for two different servers.\nPlease change the secret key for '{}'.",
                draft.config.name
            );
            warning(diags, &draft.header, 0, text);
        }
        *others += 1;
    }
}

/// What is wrong with a server although each of its words is right; `section`: its name and what it is called;
/// `has_port`: its checks say where they go; `scripted`: they have a script.
pub(in crate::config::proxy) fn check_server(
    section: (&str, &str),
    (has_port, scripted): (bool, bool),
    server: &ServerConfig,
    line: &Line,
    diags: &mut Diagnostics,
) {
    let (proxy, kind) = section;
    // HAProxy does not look where the address is one of a name; records of a service bring the port.
    let no_port = matches!(server.address, Address::Inet(_))
        && server.port != PortKind::Fixed
        && server.hostname.is_none()
        && server.resolve.service.is_none();
    if server.check && no_port && server.check_port.is_none() && !has_port {
        let name = &server.name;
        let script = if scripted { " nor tcp_check rule 'connect' with port information" } else { "" };
        let text =
            format!("config: {kind} '{proxy}': server '{name}' has neither service port nor check port{script}.");
        alert(diags, line, 2, text);
    }
    if server.agent_check && server.agent_port.or(server.check_port).is_none() {
        let name = &server.name;
        let text =
            format!("'server {proxy}/{name}' : server {name} does not have agent port. Agent check has been disabled.");
        server_alert(diags, line, 0, text);
    }
    if let Some(ssl) = server.ssl.as_ref().or(server.check_tls.as_ref())
        && ssl.verify
        && ssl.ca_file.is_none()
    {
        let text = format!(
            "'server {proxy}/{}' : verify is enabled by default but no CA file specified. If you're running on a LAN \
             where you're certain to trust the server's certificate, please set an explicit 'verify none' statement \
             on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side \
             verifications by default.",
            server.name
        );
        server_alert(diags, line, 0, text);
    }
}
