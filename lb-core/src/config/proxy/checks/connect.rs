//! `tcp-check connect` and `http-check connect`.

use super::{Fault, Reader};
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::{Address, CheckConnect, CheckPort, CheckProto, CheckStep, Proto};
use crate::config::proxy::bind_options::alpn_list;

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Result<CheckStep, Fault> {
    let mut connect = CheckConnect::default();
    loop {
        match reader.take() {
            "" => break,
            "default" => connect.default = true,
            "port" => connect.port = Some(port(reader)?),
            "addr" => {
                let text = reader.value("'addr' expects <ipv4|ipv6> as argument..")?;
                connect.addr = Some(address(text)?);
            }
            "send-proxy" => connect.send_proxy = true,
            "via-socks4" => connect.via_socks4 = true,
            "linger" => connect.linger = true,
            "ssl" => connect.ssl = true,
            "sni" => connect.sni = Some(reader.value("'sni' expects a string as argument..")?.to_owned()),
            "alpn" => {
                let text = reader.value("'alpn' : missing the comma-delimited ALPN protocol suite.")?;
                connect.alpn = alpn_list(text).map_err(|fault| format!("{fault}."))?;
            }
            "proto" => connect.proto = Some(proto(reader)?),
            "comment" => connect.comment = reader.comment_value("..")?,
            other => {
                return Err(format!(
                    "expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', \
                     'linger', 'default' but got '{other}' as argument.."
                ));
            }
        }
    }
    Ok(CheckStep::Connect(Box::new(connect)))
}

fn port(reader: &mut Reader<'_, '_>) -> Result<CheckPort, Fault> {
    let word = reader.word();
    if word.is_empty() {
        return Err("'port' expects a port number or a sample expression as argument..".to_owned());
    }
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return reader.expression("port").map(CheckPort::Expression);
    }
    reader.next += 1;
    word.parse()
        .ok()
        .filter(|port| *port != 0)
        .map(CheckPort::Fixed)
        .ok_or_else(|| format!("expects a valid TCP port (from range 1 to 65535) or a sample expression, got {word}.."))
}

fn address(text: &str) -> Result<Address, Fault> {
    let rules = AddressRules { local: true, ..AddressRules::default() };
    match parse_address(text, rules) {
        Ok(ParsedAddress::Inet(ip, Port::None)) => Ok(Address::Inet((ip, 0).into())),
        Ok(ParsedAddress::Inet(ip, Port::Fixed(port))) => Ok(Address::Inet((ip, port).into())),
        Ok(ParsedAddress::Unix(path)) => Ok(Address::Unix(path)),
        Ok(ParsedAddress::Abstract(name)) => Ok(Address::Abstract(name)),
        Ok(_) => Err(format!("'addr' : a port range or a file descriptor is not permitted in '{text}'\n..")),
        Err(error) => Err(format!("'addr' : {error}\n..")),
    }
}

fn proto(reader: &mut Reader<'_, '_>) -> Result<CheckProto, Fault> {
    let name = reader.value("'proto' expects a MUX protocol as argument..")?;
    let proto = match name {
        "none" => CheckProto::Tcp,
        "h1" => CheckProto::Http(Proto::H1),
        "h2" => CheckProto::Http(Proto::H2),
        "fcgi" => return Err("'proto' : MUX protocol 'fcgi' is not supported yet.".to_owned()),
        other => return Err(format!("'proto' : unknown MUX protocol '{other}'..")),
    };
    if matches!(proto, CheckProto::Http(_)) != reader.http {
        let keyword = if reader.http { "http-check" } else { "tcp-check" };
        return Err(format!("'proto' : invalid MUX protocol '{name}' for {keyword}."));
    }
    Ok(proto)
}
