//! `resolvers` sections (configuration.txt, section 5.3.2), and the one that is made of `/etc/resolv.conf`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::address::{AddressRules, ParsedAddress, Port, parse_address};
use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use super::document::{Line, Place, Section};
use super::model::{HoldTimes, NameserverConfig, ResolversConfig};
use super::proxy::leading_integer;
use super::sections::{NEGATION, bad_name_character};
use crate::units::{TimeUnit, UnitError, parse_time};

/// Keywords of the section.
pub const KEYWORDS: [&str; 6] =
    ["accepted_payload_size", "hold", "nameserver", "parse-resolv-conf", "resolve_retries", "timeout"];

/// The section that is made where the configuration has none of this name.
pub const DEFAULT: &str = "default";

/// Where the system names its nameservers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Where nameservers listen that `/etc/resolv.conf` names.
const DNS_PORT: u16 = 53;

/// Reads one section into `all`.
pub fn parse_section(section: &Section, all: &mut Vec<ResolversConfig>, diags: &mut Diagnostics) {
    let header = &section.header;
    let name = header.arg(1);
    if name.is_empty() {
        diags.alert(header, 1, "missing name for resolvers section.");
    } else if let Some(bad) = bad_name_character(name) {
        diags.alert(header, 1, format!("character '{bad}' is not permitted in 'resolvers' name '{name}'."));
    } else if let Some(known) = all.iter().find(|known| known.name == name) {
        let text = format!(
            "resolvers '{name}' has same name as another resolvers (declared at {}:{}).",
            known.place.file, known.place.line
        );
        diags.push(Diagnostic::about(Severity::Alert, header, 1, text).heading(Heading::Name));
    }
    let mut resolvers = ResolversConfig { place: header.place.clone(), ..ResolversConfig::new(name.to_owned()) };
    for line in &section.lines {
        let read = match line.keyword() {
            "nameserver" => nameserver(line, &mut resolvers),
            "parse-resolv-conf" => system_nameservers(&mut resolvers).map_err(|message| Fault::about(0, message)),
            "hold" => hold(line, &mut resolvers.hold),
            "timeout" => timeout(line, &mut resolvers),
            "resolve_retries" => retries(line, &mut resolvers),
            "accepted_payload_size" => payload_size(line, &mut resolvers),
            "no" | "default" => Err(Fault::line(0, NEGATION)),
            _ => {
                // HAProxy names no near word here.
                let near = super::suggest::nearest(line.keyword(), KEYWORDS);
                let text = format!("unknown keyword '{}' in 'resolvers' section", line.keyword());
                diags.alert_suggest(line, 0, text, near);
                continue;
            }
        };
        if let Err(Fault { word, message, heading, more }) = read {
            diags.push(Diagnostic::about(Severity::Alert, line, word, message).heading(heading));
            if let Some(more) = more {
                diags.alert_global(more);
            }
        }
    }
    all.push(resolvers);
}

/// Once all sections were read: warns of those that can ask nobody, and makes the one of the system.
pub fn finish(all: &mut Vec<ResolversConfig>, diags: &mut Diagnostics) {
    let understood = !diags.has_errors();
    for resolvers in all.iter().filter(|resolvers| understood && resolvers.nameservers.is_empty()) {
        let Place { file, line, .. } = &resolvers.place;
        diags.warning_global(format!("resolvers '{}' [{file}:{line}] has no nameservers configured!", resolvers.name));
    }
    if !all.iter().any(|resolvers| resolvers.name == DEFAULT) {
        let mut resolvers = ResolversConfig::new(DEFAULT.to_owned());
        // Nothing is said where the system names nobody.
        if system_nameservers(&mut resolvers).is_ok() && !resolvers.nameservers.is_empty() {
            all.push(resolvers);
        }
    }
}

/// Whether the system names a nameserver, so that there is a section of it.
pub(super) fn has_system() -> bool {
    std::fs::read(RESOLV_CONF).is_ok_and(|text| !nameservers_of(&String::from_utf8_lossy(&text)).is_empty())
}

/// What is wrong with a line.
struct Fault {
    word: usize,
    message: String,
    heading: Heading,
    more: Option<&'static str>,
}

impl Fault {
    fn about(word: usize, message: impl Into<String>) -> Self {
        Self { word, message: message.into(), heading: Heading::Keyword, more: None }
    }

    fn line(word: usize, message: impl Into<String>) -> Self {
        Self { heading: Heading::Line, ..Self::about(word, message) }
    }
}

/// `nameserver <name> <address>:<port>`
fn nameserver(line: &Line, resolvers: &mut ResolversConfig) -> Result<(), Fault> {
    let (name, text) = (line.arg(1), line.arg(2));
    if name.is_empty() || text.is_empty() {
        return Err(Fault::about(1, "'nameserver' expects <name> and <addr>[:<port>] as arguments."));
    }
    if let Some(bad) = bad_name_character(name) {
        return Err(Fault::about(1, format!("character '{bad}' is not permitted in server name '{name}'.")));
    }
    let (address, tcp) =
        address(text).map_err(|message| Fault::about(2, format!("'nameserver {name}' : {message}")))?;
    if let Some(known) = resolvers.nameservers.iter().find(|known| known.name == name) {
        let text = format!(
            "nameserver '{name}' has same name as another nameserver (declared at {}:{}).",
            known.place.file, known.place.line
        );
        return Err(Fault { heading: Heading::Name, ..Fault::about(1, text) });
    }
    if tcp {
        server_options(line, &resolvers.name, name)?;
    }
    let place = line.place.clone();
    resolvers.nameservers.push(NameserverConfig { name: name.to_owned(), place, address, tcp });
    Ok(())
}

/// The address of a nameserver, and whether it is asked over TCP.
fn address(text: &str) -> Result<(SocketAddr, bool), String> {
    let tcp = ["tcp@", "tcp4@", "tcp6@", "stream+"].iter().any(|prefix| text.starts_with(prefix));
    let rules = AddressRules { port_mandatory: true, datagram: !tcp, local: true, ..AddressRules::default() };
    match parse_address(text, rules).map_err(|error| error.to_string())? {
        ParsedAddress::Inet(ip, Port::Fixed(port)) => Ok((SocketAddr::new(ip, port), tcp)),
        _ => Err(format!("nameservers on UNIX sockets are not supported yet in '{text}'")),
    }
}

/// What stands behind the address of a nameserver that is asked over TCP; nothing of it is read for the others. One
/// connection is all that is ever opened, so any `maxconn` is kept.
fn server_options(line: &Line, section: &str, name: &str) -> Result<(), Fault> {
    let mut at = 3;
    while !line.arg(at).is_empty() {
        let fault = |text: String| Fault {
            heading: Heading::Server,
            ..Fault::about(at, format!("'server {section}/{name}' : {text}"))
        };
        match line.arg(at) {
            "maxconn" => {
                let value = line.arg(at + 1);
                if leading_integer(value).1.is_some() || value.is_empty() {
                    return Err(fault(format!("'maxconn' : '{value}' is not an integer.")));
                }
                at += 2;
            }
            word if super::proxy::is_server_option(word) => {
                return Err(fault(format!("'{word}' is not supported yet for a nameserver.")));
            }
            word => return Err(fault(format!("unknown keyword '{word}'."))),
        }
    }
    Ok(())
}

/// Adds the nameservers of `/etc/resolv.conf` that are not there yet.
fn system_nameservers(resolvers: &mut ResolversConfig) -> Result<(), String> {
    let path = RESOLV_CONF;
    let text = std::fs::read(path).map_err(|_| format!("failed to open {path}."))?;
    for (index, ip) in nameservers_of(&String::from_utf8_lossy(&text)) {
        let name = ip.to_string();
        if resolvers.nameservers.iter().all(|known| known.name != name) {
            let place = Place { file: path.into(), line: index, column: 1 };
            let address = SocketAddr::new(ip, DNS_PORT);
            resolvers.nameservers.push(NameserverConfig { name, place, address, tcp: false });
        }
    }
    Ok(())
}

/// The `nameserver` lines of a resolv.conf, with their numbers (resolv.conf(5)).
fn nameservers_of(text: &str) -> Vec<(u32, IpAddr)> {
    let address = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let word = (words.next()? == "nameserver").then(|| words.next())??;
        // The zone of a link-local address is no part of what we keep.
        word.split('%').next()?.parse().ok()
    };
    let numbered = text.lines().zip(1..);
    numbered.filter_map(|(line, number)| Some((number, address(line)?))).collect()
}

fn time(text: &str, argument: &str, keyword: &str) -> Result<Duration, Fault> {
    parse_time(text, TimeUnit::Milliseconds).map_err(|error| {
        let message = match error {
            UnitError::Unexpected(c) => format!("unexpected character '{c}' in argument to <{keyword}>."),
            _ => format!(
                "timer overflow in argument <{argument}> to <{keyword}>, maximum value is 2147483647 ms (~24.8 days)."
            ),
        };
        Fault::line(1, message)
    })
}

/// `hold <status> <period>`
fn hold(line: &Line, hold: &mut HoldTimes) -> Result<(), Fault> {
    let (event, period) = (line.arg(1), line.arg(2));
    if event.is_empty() || period.is_empty() {
        let more = "<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'";
        let fault = Fault::about(1, "'hold' expects an <event> and a <time> as arguments.");
        return Err(Fault { more: Some(more), ..fault });
    }
    // As HAProxy: the time is looked at first, and an overflow names the event.
    let period = time(period, event, "hold")?;
    let field = match event {
        "nx" => &mut hold.nx,
        "refused" => &mut hold.refused,
        "timeout" => &mut hold.timeout,
        "other" => &mut hold.other,
        "valid" => &mut hold.valid,
        "obsolete" => &mut hold.obsolete,
        _ => {
            let text = format!(
                "'hold' unknown <event>: '{event}', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'."
            );
            return Err(Fault::about(1, text));
        }
    };
    *field = period;
    Ok(())
}

/// `timeout resolve|retry <time>`
fn timeout(line: &Line, resolvers: &mut ResolversConfig) -> Result<(), Fault> {
    let (event, text) = (line.arg(1), line.arg(2));
    let (field, keyword) = match event {
        "" => return Err(Fault::about(1, "'timeout' expects 'retry' or 'resolve' and <time> as arguments.")),
        "resolve" => (&mut resolvers.timeout_resolve, "timeout resolve"),
        "retry" => (&mut resolvers.timeout_retry, "timeout retry"),
        _ => {
            let text = format!("'timeout' expects 'retry' or 'resolve' and <time> as arguments got '{event}'.");
            return Err(Fault::about(1, text));
        }
    };
    if text.is_empty() {
        return Err(Fault::about(2, format!("'timeout {event}' expects <time> as argument.")));
    }
    *field = time(text, text, keyword)?;
    Ok(())
}

/// `resolve_retries <nb>`
fn retries(line: &Line, resolvers: &mut ResolversConfig) -> Result<(), Fault> {
    let text = line.arg(1);
    if text.is_empty() {
        return Err(Fault::about(1, "'resolve_retries' expects <nb> as argument."));
    }
    // HAProxy takes what is no number for 0 and says nothing; we do say it.
    let (value, trailing) = leading_integer(text);
    match u32::try_from(value) {
        Ok(value) if trailing.is_none() => resolvers.resolve_retries = value,
        _ => return Err(Fault::about(1, format!("'resolve_retries' : '{text}' is not a number of retries."))),
    }
    Ok(())
}

/// `accepted_payload_size <nb>`
fn payload_size(line: &Line, resolvers: &mut ResolversConfig) -> Result<(), Fault> {
    const MIN: i64 = 12;
    let text = line.arg(1);
    if text.is_empty() {
        return Err(Fault::about(1, "'accepted_payload_size' expects <nb> as argument."));
    }
    let (value, _) = leading_integer(text);
    match u16::try_from(value) {
        Ok(size) if value >= MIN => resolvers.accepted_payload_size = size,
        _ => {
            let text = format!("'accepted_payload_size' must be between {MIN} and 65535 inclusive (was {text}).");
            return Err(Fault::about(1, text));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_resolv_conf_says() {
        let text = "# comment\nnameserver 10.0.0.1\nsearch a b\n nameserver\t::1 # x\nnameserver fe80::1%eth0\n\
                    nameserver\nnameserverx 1.2.3.4\nnameserver nonsense\n";
        let found: Vec<(u32, String)> =
            nameservers_of(text).into_iter().map(|(line, ip)| (line, ip.to_string())).collect();
        assert_eq!(found, [(2, "10.0.0.1".into()), (4, "::1".into()), (5, "fe80::1".into())]);
    }

    #[test]
    fn addresses_of_nameservers() {
        let read = |text: &str| address(text).map(|(address, tcp)| (address.to_string(), tcp));
        assert_eq!(read("127.0.0.1:53"), Ok(("127.0.0.1:53".into(), false)));
        assert_eq!(read("udp6@[::1]:53"), Ok(("[::1]:53".into(), false)));
        assert_eq!(read("tcp@127.0.0.1:53"), Ok(("127.0.0.1:53".into(), true)));
        assert_eq!(read("127.0.0.1"), Err("missing port specification in '127.0.0.1'".into()));
        assert!(read("/tmp/x").unwrap_err().contains("not supported yet"));
    }
}
