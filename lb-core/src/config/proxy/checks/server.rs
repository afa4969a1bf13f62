//! The words of `server` that are about checks over TLS, protocols and SOCKS4 (configuration.txt, section 5.2).

use std::net::SocketAddr;

use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::Proto;
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
    let proto = protocol(&name)?;
    if proto == Proto::H2 {
        return Err("'check-proto' : checks over HTTP/2 are not supported yet".to_owned());
    }
    cx.draft.config.check_proto = Some(proto);
    Ok(())
}

pub(in crate::config::proxy) fn sni(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.check_sni = Some(cx.required(": missing SNI")?);
    Ok(())
}

pub(in crate::config::proxy) fn socks4(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects <addr>:<port> as argument.")?;
    match parse_address(&text, AddressRules::default()) {
        Ok(ParsedAddress::Inet(ip, Port::Fixed(port))) if port != 0 => {
            cx.draft.config.socks4 = Some(SocketAddr::new(ip, port));
            Ok(())
        }
        Ok(_) => Err(format!("'socks4' : missing port number in '{text}'")),
        Err(error) => Err(format!("'socks4' : {error}")),
    }
}
