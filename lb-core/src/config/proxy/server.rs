//! `server` and `default-server` lines: addresses, and the merging of options (configuration.txt, section 5.2).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::server_options::{FIXED, OPTIONS, ServerCx};
use super::{Cx, push_did_you_mean};
use crate::config::address::{AddressRules, HostName, ParsedAddress, Port, parse_address};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::model::{Address, PortKind, ProxyV2Options, SendProxy, ServerConfig, ServerSsl};
use crate::config::sections::bad_name_character;
use crate::config::suggest;

/// A server, or what `default-server` says of all: each option can still be taken back by its `no-` form.
#[derive(Clone, Debug)]
pub(super) struct ServerDraft {
    /// `ssl` and `send_proxy` are put together by [`ServerDraft::finish`].
    pub(super) config: ServerConfig,
    pub(super) line: Line,
    /// The last of `enabled` and `disabled` was `enabled`.
    pub(super) enabled: bool,
    pub(super) ssl: bool,
    pub(super) tls: ServerSsl,
    /// The configuration file that says `ca-file`.
    pub(super) ca_file_said_in: Arc<str>,
    pub(super) verify: Option<bool>,
    pub(super) proxy_v1: bool,
    pub(super) proxy_v2: bool,
    pub(super) v2: ProxyV2Options,
    /// The name in place of its address, which is 0.0.0.0 until that is resolved.
    pub(super) host: Option<HostName>,
}

impl Default for ServerDraft {
    fn default() -> Self {
        let config = ServerConfig::new(String::new());
        Self {
            config,
            line: Line::default(),
            enabled: false,
            ssl: false,
            tls: ServerSsl::default(),
            ca_file_said_in: Arc::default(),
            verify: None,
            proxy_v1: false,
            proxy_v2: false,
            v2: ProxyV2Options::default(),
            host: None,
        }
    }
}

impl ServerDraft {
    /// Reads the address behind the name.
    pub(super) fn read_address(&mut self, text: &str) -> Result<(), String> {
        let rules = AddressRules { port_offset: true, local: true, names: true, ..AddressRules::default() };
        let (ip, port) = match parse_address(text, rules).map_err(|error| error.to_string())? {
            ParsedAddress::Inet(ip, port) => (ip, port),
            ParsedAddress::Name(host, port) => {
                // What begins so names a service: a name and a port come with each of its records.
                match host.name.starts_with('_') {
                    true => self.config.resolve.service = Some(host.name),
                    false => {
                        self.config.hostname = Some(host.name.clone());
                        self.host = Some(host);
                    }
                }
                (IpAddr::from([0, 0, 0, 0]), port)
            }
            ParsedAddress::Unix(path) => {
                self.config.address = Address::Unix(path);
                return Ok(());
            }
            ParsedAddress::Abstract(name) => {
                self.config.address = Address::Abstract(name);
                return Ok(());
            }
            ParsedAddress::Fd(_) => return Err(format!("a file descriptor is not acceptable here in '{text}'")),
        };
        let (port, kind) = match port {
            Port::Fixed(0) | Port::None | Port::Range(..) => (0, PortKind::Client),
            Port::Fixed(port) => (port, PortKind::Fixed),
            Port::Offset(offset) => (0, PortKind::Offset(offset)),
        };
        (self.config.address, self.config.port) = (Address::Inet(SocketAddr::new(ip, port)), kind);
        Ok(())
    }

    /// The server as the data plane wants it; `checks_use_tls`: a line of its section's checks says `ssl`.
    pub(super) fn finish(mut self, verify_by_default: bool, checks_use_tls: bool) -> ServerConfig {
        self.config.send_proxy = match (self.proxy_v2, self.proxy_v1) {
            (true, _) => Some(SendProxy { version: 2, v2: self.v2, ..SendProxy::default() }),
            (false, true) => Some(SendProxy { version: 1, ..SendProxy::default() }),
            (false, false) => None,
        };
        self.tls.verify = self.verify.unwrap_or(verify_by_default);
        if self.ssl || self.config.check_ssl == Some(true) || checks_use_tls {
            self.config.check_tls = Some(self.tls.clone());
        }
        self.config.ssl = self.ssl.then_some(self.tls);
        self.config.forced_id = self.config.id != 0;
        self.config
    }
}

/// HAProxy says nothing and connects where there is no `namespace` as well.
pub(super) const NAMESPACE_OF_UNIX: &str = "'namespace' is ignored for UNIX and inherited sockets.";

pub(super) fn parse(cx: &mut Cx<'_>) {
    let (name, address) = (cx.arg(1).to_owned(), cx.arg(2).to_owned());
    if name.is_empty() || address.is_empty() {
        return alert(cx, 1, "'server' expects <name> and <addr>[:<port>] as arguments.");
    }
    if let Some(bad) = bad_name_character(&name) {
        return alert(cx, 1, format!("character '{bad}' is not permitted in server name '{name}'."));
    }
    let prefix = format!("'server {}/{name}' : ", cx.draft.config.name);
    let mut server = cx.draft.default_server.clone();
    server.line = cx.line.clone();
    server.config.name = name;
    server.config.place = cx.line.place.clone();
    if let Err(message) = server.read_address(&address) {
        return alert(cx, 2, format!("{prefix}{message}"));
    }
    let reading =
        Reading { line: cx.line, start: cx.first + 3, prefix: &prefix, kind: Kind::Server, http: cx.draft.is_http() };
    if reading.options(&mut server, cx.diags) {
        if server.config.namespace.is_some() && !server.config.address.is_inet() {
            cx.warning(2, format!("{prefix}{NAMESPACE_OF_UNIX}"));
        }
        cx.draft.servers.push(server);
    }
}

pub(super) fn parse_default(cx: &mut Cx<'_>) {
    let mut server = cx.draft.default_server.clone();
    // What messages call it; servers have names of their own.
    server.config.name = "default-server".to_owned();
    let reading =
        Reading { line: cx.line, start: cx.first + 1, prefix: "", kind: Kind::Default, http: cx.draft.is_http() };
    if reading.options(&mut server, cx.diags) {
        cx.draft.default_server = server;
    }
}

/// Which kind of line options stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `server`.
    Server,
    /// `default-server`.
    Default,
    /// A server that is made at run time.
    Dynamic,
}

/// The options of a line.
pub(super) struct Reading<'a> {
    pub(super) line: &'a Line,
    /// Index of the first option.
    pub(super) start: usize,
    /// Stands in front of messages.
    pub(super) prefix: &'a str,
    pub(super) kind: Kind,
    /// Whether the section is in HTTP mode.
    pub(super) http: bool,
}

impl Reading<'_> {
    /// Reads them into a server; says whether all are good.
    pub(super) fn options(&self, server: &mut ServerDraft, diags: &mut Diagnostics) -> bool {
        let (line, prefix, is_default) = (self.line, self.prefix, self.kind == Kind::Default);
        let mut at = self.start;
        let mut good = true;
        while !line.arg(at).is_empty() {
            let word = line.arg(at);
            let Some(option) = OPTIONS.iter().find(|option| option.name == word) else {
                self.unknown(at, diags);
                return false;
            };
            if self.kind == Kind::Dynamic && FIXED.contains(&word) {
                let text = format!("'{word}' option is not accepted for dynamic server");
                diags.push(Diagnostic::about(Severity::Alert, line, at, text).heading(Heading::Server));
                return false;
            }
            let mut cx = ServerCx {
                line,
                at,
                next: None,
                within: None,
                draft: &mut *server,
                prefix,
                http: self.http,
                dynamic: self.kind == Kind::Dynamic,
                diags: &mut *diags,
            };
            let result = match option.parse {
                _ if is_default && word == "id" => {
                    Err("'id' option is not accepted in default-server sections".to_owned())
                }
                Some(parse) => parse(&mut cx),
                None => Err(format!("'{word}' is not supported yet")),
            };
            let (next, within) = (cx.next.unwrap_or(at + 1 + option.arguments), cx.within);
            if let Err(message) = result {
                let index = if option.parse.is_some() && option.arguments > 0 { at + 1 } else { at };
                // HAProxy ends each with one more dot.
                let dot = if is_default && word == "id" { "" } else { "." };
                let text = format!("{prefix}{message}{dot}");
                diags.push(Diagnostic::about(Severity::Alert, line, index, text).heading(Heading::Server));
                if let Some(word) = within {
                    diags.alert_global(format!("error encountered while processing '{word}'."));
                }
                if matches!(option.name, "source" | "usesrc") {
                    // Where the next option starts is not known.
                    return false;
                }
                good = false;
            }
            at = next;
        }
        good
    }

    fn unknown(&self, at: usize, diags: &mut Diagnostics) {
        let word = self.line.arg(at);
        let near = suggest::nearest(word, OPTIONS.iter().map(|option| option.name));
        let mut text = format!("{}unknown keyword '{word}'", self.prefix);
        push_did_you_mean(&mut text, near);
        if near.is_none() {
            text.push('.');
        }
        if self.kind == Kind::Default {
            text.push_str(" Hint: no address was expected for this server.");
        }
        diags.push(Diagnostic::about(Severity::Alert, self.line, at, text).suggest(near).heading(Heading::Server));
    }
}

pub(super) fn alert(cx: &mut Cx<'_>, index: usize, text: impl Into<String>) {
    let fault = Diagnostic::about(Severity::Alert, cx.line, cx.first + index, text);
    cx.diags.push(fault.heading(Heading::Server));
}
