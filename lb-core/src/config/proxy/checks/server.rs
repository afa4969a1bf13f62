//! The words of `server` that are about checks over TLS, protocols and SOCKS4 (configuration.txt, section 5.2).

use std::net::SocketAddr;

use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::{CheckConfig, CheckProtocol, Proto, ServerConfig};
use crate::config::proxy::bind_options::{alpn_list, protocol};
use crate::config::proxy::server_options::ServerCx;

pub(in crate::config::proxy) fn alpn(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required(": missing the comma-delimited ALPN protocol suite")?;
    let list = alpn_list(&text)?;
    if list.iter().any(|name| name == "h2") {
        return Err("'check-alpn' : checks over HTTP/2 are not supported yet".to_owned());
    }
    cx.draft.config.check_alpn = list;
    Ok(())
}

pub(in crate::config::proxy) fn proto(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let name = cx.required(": missing value")?;
    let proto = protocol(&name).map_err(|text| text.replacen("'proto'", "'check-proto'", 1))?;
    if proto == Proto::H2 {
        return Err("'check-proto' : checks over HTTP/2 are not supported yet".to_owned());
    }
    cx.draft.config.check_proto = Some(proto);
    Ok(())
}

/// Says that a server's check would go over HTTP/2, as its traffic does, where nothing says that it goes over HTTP/1. A
/// check over HTTP/1 would take a server down that is well.
pub(in crate::config::proxy) fn over_h2(checks: &CheckConfig, server: &ServerConfig) -> Option<&'static str> {
    let http = server.check && checks.protocol == CheckProtocol::Http;
    (http && server.proto == Some(Proto::H2) && server.check_proto.is_none())
        .then_some("checks over HTTP/2 are not supported yet; with 'check-proto h1' they go over HTTP/1")
}

pub(in crate::config::proxy) fn sni(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.check_sni = Some(cx.required(": missing SNI")?);
    Ok(())
}

fn missing(text: &str) -> String {
    format!("'socks4 {text}' : missing port specification in '{text}'")
}

pub(in crate::config::proxy) fn socks4(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects <addr>:<port> as argument.")?;
    match parse_address(&text, AddressRules::default()) {
        Ok(ParsedAddress::Inet(ip, Port::Fixed(port))) if port != 0 => {
            cx.draft.config.socks4 = Some(SocketAddr::new(ip, port));
            Ok(())
        }
        Ok(ParsedAddress::Inet(_, Port::Fixed(_))) => Err(format!("'socks4 {text}' : invalid port '0'")),
        Ok(ParsedAddress::Inet(_, Port::Range(..))) => {
            Err(format!("'socks4 {text}' : port range not permitted here in '{text}'"))
        }
        Ok(ParsedAddress::Inet(..)) => Err(missing(&text)),
        Ok(_) => Err(format!("'socks4 {text}' : only an IP address and a port are supported")),
        Err(_) if !text.contains(':') => Err(missing(&text)),
        Err(error) => Err(format!("'socks4 {text}' : {error}")),
    }
}
