//! The words of `server` that are about checks over TLS, protocols and SOCKS4 (configuration.txt, section 5.2).

use std::net::SocketAddr;

use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::{CheckProtocol, ProxyConfig, ServerConfig};
use crate::config::proxy::bind_options::{alpn_list, protocol};
use crate::config::proxy::server_options::ServerCx;

pub(in crate::config::proxy) fn alpn(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required(": missing the comma-delimited ALPN protocol suite")?;
    cx.draft.config.check_alpn = alpn_list(&text)?;
    Ok(())
}

pub(in crate::config::proxy) fn proto(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let name = cx.required(": missing value")?;
    let proto = protocol(&name).map_err(|text| text.replacen("'proto'", "'check-proto'", 1))?;
    cx.draft.config.check_proto = Some(proto);
    Ok(())
}

/// Says that checks of the section, which `label` introduces, are not of the kind that `check-proto` is for.
pub(in crate::config::proxy) fn incompatible(
    label: &str,
    section: &ProxyConfig,
    server: &ServerConfig,
) -> Option<String> {
    let wrong = server.check && server.check_proto.is_some() && section.checks.protocol != CheckProtocol::Http;
    wrong.then(|| {
        let (section, server) = (&section.name, &server.name);
        format!("config: {label} '{section}': server '{server}' uses an incompatible MUX protocol for the selected check type")
    })
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
