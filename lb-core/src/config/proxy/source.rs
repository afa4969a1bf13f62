//! `source` of a backend or a server (configuration.txt, section 4.2 and 5.2).

use std::net::SocketAddr;

use super::Cx;
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::document::Line;
use crate::config::model::{Source, UseSrc};
use crate::http::uri::is_token_byte;

/// What is wrong, and which word of the line.
pub(super) struct SourceFault {
    pub(super) word: usize,
    pub(super) message: String,
    /// `usesrc` or `interface`, where one of those is wrong.
    pub(super) within: Option<&'static str>,
}

impl SourceFault {
    fn within(self, word: &'static str) -> Self {
        Self { within: Some(word), ..self }
    }
}

pub(super) fn parse(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        return cx
            .alert(1, "'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.");
    }
    match read(cx.line, cx.first + 1, false) {
        Ok((source, end)) => {
            if !cx.line.arg(end).is_empty() {
                let text = "'source' only supports optional keywords 'interface' and 'usesrc'.";
                cx.diags.alert(cx.line, end, text);
                return;
            }
            cx.config().source = Some(source);
        }
        Err(fault) => cx.diags.alert(cx.line, fault.word, fault.message),
    }
}

/// `usesrc` that does not follow a `source`.
pub(super) fn lone_usesrc(cx: &mut Cx<'_>) {
    cx.alert(0, "'usesrc' only allowed after a 'source' statement.");
}

/// Reads the address at word `at` and the words that follow it; returns the index of the first word that is not
/// part of it. Port ranges are for servers only.
pub(super) fn read(line: &Line, at: usize, for_server: bool) -> Result<(Source, usize), SourceFault> {
    let text = line.arg(at);
    let rules = AddressRules { port_range: for_server, ..AddressRules::default() };
    let mut source = Source { address: None, port_high: None, usesrc: None, interface: None };
    match parse_address(text, rules) {
        Ok(ParsedAddress::Inet(ip, port)) => {
            let (low, high) = match port {
                Port::Fixed(port) => (port, None),
                Port::Range(low, high) => (low, Some(high)),
                _ => (0, None),
            };
            // `*` and 0.0.0.0 leave the choice of the address to the system.
            if !ip.is_unspecified() || low != 0 {
                source.address = Some(SocketAddr::new(ip, low));
            }
            source.port_high = high;
        }
        Ok(_) => return fault(at, format!("'source {text}' : an IP address is expected")),
        Err(error) => return fault(at, format!("'source {text}' : {error}")),
    }
    let mut next = at + 1;
    loop {
        match line.arg(next) {
            "usesrc" => {
                source.usesrc = Some(usesrc(line, next + 1, for_server).map_err(|fault| fault.within("usesrc"))?)
            }
            "interface" => {
                let name = line.arg(next + 1);
                if name.is_empty() {
                    let keyword = if for_server { "server" } else { "source" };
                    return fault(next + 1, format!("'{keyword}' : missing interface name."))
                        .map_err(|fault| fault.within("interface"));
                }
                source.interface = Some(name.to_owned());
            }
            _ => return Ok((source, next)),
        }
        next += 2;
    }
}

fn usesrc(line: &Line, at: usize, for_server: bool) -> Result<UseSrc, SourceFault> {
    match line.arg(at) {
        "" if for_server => {
            fault(at, "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.")
        }
        "" => fault(at, "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument."),
        "client" => Ok(UseSrc::Client),
        "clientip" => Ok(UseSrc::ClientIp),
        text if text.starts_with("hdr_ip(") => header(text).or_else(|message| fault(at, message)),
        text => match parse_address(text, AddressRules::default()) {
            Ok(ParsedAddress::Inet(ip, port)) => {
                let port = if let Port::Fixed(port) = port { port } else { 0 };
                Ok(UseSrc::Address(SocketAddr::new(ip, port)))
            }
            Ok(_) => fault(at, format!("'usesrc {text}' : an IP address is expected")),
            Err(error) => fault(at, format!("'usesrc {text}' : {error}")),
        },
    }
}

/// Occurrences are counted back so far from the last.
const FARTHEST: i64 = -10;

fn header(text: &str) -> Result<UseSrc, String> {
    let expected = || format!("'usesrc {text}' : 'hdr_ip(<name>[,<occurrence>])' is expected.");
    let inner = text.strip_prefix("hdr_ip(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(expected)?;
    let (name, occurrence) = inner.split_once(',').unwrap_or((inner, "-1"));
    let occurrence: i64 = occurrence.parse().map_err(|_| expected())?;
    if occurrence < FARTHEST {
        return Err("usesrc hdr_ip(name,num) does not support negative occurrences values smaller than 10.".to_owned());
    }
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(expected());
    }
    Ok(UseSrc::Header { name: name.to_ascii_lowercase(), occurrence })
}

fn fault<T>(word: usize, message: impl Into<String>) -> Result<T, SourceFault> {
    Err(SourceFault { word, message: message.into(), within: None })
}
