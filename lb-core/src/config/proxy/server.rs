//! `server` and `default-server` lines: addresses, and the merging of options (configuration.txt, section 5.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::server_options::{OPTIONS, ServerCx};
use super::{Cx, push_did_you_mean};
use crate::config::address::{AddressError, AddressRules, ParsedAddress, Port, parse_address};
use crate::config::diagnostic::{Diagnostic, Heading, Severity};
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
    pub(super) ssl: bool,
    pub(super) tls: ServerSsl,
    pub(super) verify: Option<bool>,
    pub(super) proxy_v1: bool,
    pub(super) proxy_v2: bool,
    pub(super) v2: ProxyV2Options,
}

impl Default for ServerDraft {
    fn default() -> Self {
        let config = ServerConfig {
            name: String::new(),
            place: Default::default(),
            address: Address::Inet(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)),
            port: PortKind::Fixed,
            id: 0,
            weight: 1,
            backup: false,
            disabled: false,
            maxconn: 0,
            minconn: 0,
            maxqueue: 0,
            max_reuse: None,
            pool_max_conn: None,
            pool_low_conn: 0,
            pool_purge_delay: None,
            check: false,
            inter: None,
            fastinter: None,
            downinter: None,
            rise: None,
            fall: None,
            check_addr: None,
            check_port: None,
            check_send_proxy: false,
            send_proxy: None,
            source: None,
            tcp_user_timeout: None,
            tfo: false,
            proto: None,
            ssl: None,
            redir: None,
        };
        Self {
            config,
            line: Line::default(),
            ssl: false,
            tls: ServerSsl::default(),
            verify: None,
            proxy_v1: false,
            proxy_v2: false,
            v2: ProxyV2Options::default(),
        }
    }
}

impl ServerDraft {
    /// The server as the data plane wants it.
    pub(super) fn finish(mut self, verify_by_default: bool) -> ServerConfig {
        self.config.send_proxy = match (self.proxy_v2, self.proxy_v1) {
            (true, _) => Some(SendProxy { version: 2, v2: self.v2 }),
            (false, true) => Some(SendProxy { version: 1, v2: ProxyV2Options::default() }),
            (false, false) => None,
        };
        self.tls.verify = self.verify.unwrap_or(verify_by_default);
        self.config.ssl = self.ssl.then_some(self.tls);
        self.config
    }
}

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
    match parse_server_address(&address) {
        Ok((address, port)) => {
            server.config.address = address;
            server.config.port = port;
        }
        Err(message) => return alert(cx, 2, format!("{prefix}{message}")),
    }
    if !read_options(cx, &mut server, cx.first + 3, &prefix) {
        return;
    }
    cx.draft.servers.push(server);
}

pub(super) fn parse_default(cx: &mut Cx<'_>) {
    let mut server = cx.draft.default_server.clone();
    if read_options(cx, &mut server, cx.first + 1, "") {
        cx.draft.default_server = server;
    }
}

fn read_options(cx: &mut Cx<'_>, server: &mut ServerDraft, start: usize, prefix: &str) -> bool {
    let is_default = prefix.is_empty();
    let mut at = start;
    let mut good = true;
    while !cx.line.arg(at).is_empty() {
        let word = cx.line.arg(at);
        let Some(option) = OPTIONS.iter().find(|option| option.name == word) else {
            let near = suggest::nearest(word, OPTIONS.iter().map(|option| option.name));
            let mut text = format!("{prefix}unknown keyword '{word}'");
            if is_default {
                text.push_str(". Hint: no address was expected for this server.");
            } else if near.is_some() {
                push_did_you_mean(&mut text, near);
            } else {
                text.push('.');
            }
            cx.diags.push(Diagnostic::about(Severity::Alert, cx.line, at, text).suggest(near).heading(Heading::Server));
            return false;
        };
        let mut option_cx =
            ServerCx { line: cx.line, at, next: None, draft: &mut *server, prefix, diags: &mut *cx.diags };
        let result = match option.parse {
            _ if is_default && word == "id" => Err("'id' option is not accepted in default-server sections".to_owned()),
            Some(parse) => parse(&mut option_cx),
            None => Err(format!("'{word}' is not supported yet")),
        };
        let next = option_cx.next.unwrap_or(at + 1 + option.arguments);
        if let Err(message) = result {
            let index = if option.parse.is_some() && option.arguments > 0 { at + 1 } else { at };
            // HAProxy ends each with one more dot.
            let dot = if is_default && word == "id" { "" } else { "." };
            alert(cx, index - cx.first, format!("{prefix}{message}{dot}"));
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

fn alert(cx: &mut Cx<'_>, index: usize, text: impl Into<String>) {
    let fault = Diagnostic::about(Severity::Alert, cx.line, cx.first + index, text);
    cx.diags.push(fault.heading(Heading::Server));
}

fn parse_server_address(text: &str) -> Result<(Address, PortKind), String> {
    let rules = AddressRules { port_offset: true, local: true, ..AddressRules::default() };
    match parse_address(text, rules) {
        Ok(ParsedAddress::Inet(ip, port)) => {
            let (port, kind) = match port {
                Port::Fixed(0) | Port::None | Port::Range(..) => (0, PortKind::Client),
                Port::Fixed(port) => (port, PortKind::Fixed),
                Port::Offset(offset) => (0, PortKind::Offset(offset)),
            };
            Ok((Address::Inet(SocketAddr::new(ip, port)), kind))
        }
        Ok(ParsedAddress::Unix(path)) => Ok((Address::Unix(path), PortKind::Fixed)),
        Ok(ParsedAddress::Abstract(name)) => Ok((Address::Abstract(name), PortKind::Fixed)),
        Ok(ParsedAddress::Fd(_)) => Err(format!("a file descriptor is not acceptable here in '{text}'")),
        Err(AddressError::Unresolved { host, .. }) => Err(format!("could not resolve address '{host}'.")),
        Err(error) => Err(error.to_string()),
    }
}
