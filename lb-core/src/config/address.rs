//! Addresses as configuration.txt section 11 writes them: family prefixes, hosts, ports, ranges and offsets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// What the keyword permits in an address.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressRules {
    /// A port must be there, and not be 0 (`bind`, `dispatch`).
    pub port_mandatory: bool,
    /// A mandatory port may be 0, written so.
    pub port_zero: bool,
    /// Ranges `low-high` (`bind`, `source` of a server).
    pub port_range: bool,
    /// Offsets `+n` and `-n` (`server`).
    pub port_offset: bool,
    /// `fd@n`.
    pub fd: bool,
    /// `unix@`, `abns@` and paths.
    pub local: bool,
    /// Datagram sockets instead of streams (`log`).
    pub datagram: bool,
    /// Names are given back as they are ([`ParsedAddress::Name`]) rather than resolved.
    pub names: bool,
    /// A path that is bound gets a temporary name first, so it has to be 10 characters shorter.
    pub bound: bool,
    /// How long what will stand in front of a path is.
    pub prefix: usize,
}

/// How the port was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// No port.
    None,
    /// One port.
    Fixed(u16),
    /// `low-high`, inclusive.
    Range(u16, u16),
    /// `+n` or `-n`.
    Offset(i32),
}

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedAddress {
    /// IPv4 or IPv6.
    Inet(IpAddr, Port),
    /// A name that nobody has resolved yet, where [`AddressRules::names`] asks for it.
    Name(HostName, Port),
    /// UNIX socket.
    Unix(PathBuf),
    /// Abstract UNIX socket (without the leading NUL).
    Abstract(Vec<u8>),
    /// Inherited file descriptor.
    Fd(i32),
}

/// The name of a host, and which of its addresses will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// The name.
    pub name: String,
    family: Family,
}

impl HostName {
    /// Its address as the system knows it; this waits for the system.
    pub fn resolve(&self) -> Option<IpAddr> {
        resolve_host(&self.name, self.family)
    }
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text is wrong; HAProxy's message.
    #[error("{0}")]
    Syntax(String),
    /// The host is neither an address nor a name the system resolves.
    #[error("invalid address: '{host}' in '{text}'")]
    Unresolved {
        /// The host part.
        host: String,
        /// The whole address.
        text: String,
    },
}

/// `sun_path` holds 108 bytes, one of them the final NUL.
const UNIX_PATH_MAX: usize = 107;
/// What HAProxy appends to a path while it binds it.
const UNIX_TEMPORARY_SUFFIX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Any,
    V4,
    V6,
    Unix,
    Abstract,
    Fd,
}

/// Reads an address, resolving host names as the system does.
///
/// # Errors
///
/// [`AddressError`] with HAProxy's text.
pub fn parse_address(text: &str, rules: AddressRules) -> Result<ParsedAddress, AddressError> {
    // A variable that is still there has no value.
    if text.is_empty() || text.starts_with('$') {
        return Err(syntax(format!("'{text}' resolves to an empty address (environment variable missing?)")));
    }
    let (family, rest) = family_prefix(text, rules)?;
    match family {
        Family::Unix | Family::Abstract if !rules.local => {
            Err(syntax(format!("a UNIX socket address is not acceptable here in '{text}'")))
        }
        Family::Unix => {
            let suffix = if rules.bound { UNIX_TEMPORARY_SUFFIX } else { 0 };
            check_path(text, rest, UNIX_PATH_MAX - suffix, rules.prefix)?;
            Ok(ParsedAddress::Unix(PathBuf::from(rest)))
        }
        Family::Abstract => {
            check_path(text, rest, UNIX_PATH_MAX, 0)?;
            Ok(ParsedAddress::Abstract(rest.as_bytes().to_vec()))
        }
        Family::Fd if !rules.fd => Err(syntax(format!("a file descriptor is not acceptable here in '{text}'"))),
        Family::Fd => match rest.parse::<i32>() {
            Ok(fd) if rest.bytes().all(|b| b.is_ascii_digit()) => Ok(ParsedAddress::Fd(fd)),
            _ => Err(syntax(format!("file descriptor '{rest}' is not a valid integer in '{text}'"))),
        },
        Family::Any | Family::V4 | Family::V6 => inet(text, rest, family, rules),
    }
}

/// Reads an address without port, host names included: `addr` of a server, `except` without mask.
///
/// # Errors
///
/// As [`parse_address`].
pub fn parse_ip(text: &str) -> Result<IpAddr, AddressError> {
    if let Ok(ip) = text.parse() {
        return Ok(ip);
    }
    match parse_address(text, AddressRules::default())? {
        ParsedAddress::Inet(ip, _) => Ok(ip),
        _ => Err(AddressError::Unresolved { host: text.to_owned(), text: text.to_owned() }),
    }
}

/// The host of an address, where it is a name that has to be resolved.
pub fn host_name(text: &str) -> Option<&str> {
    let (Family::Any | Family::V4 | Family::V6, rest) = family_prefix(text, AddressRules::default()).ok()? else {
        return None;
    };
    let host = match rest.rfind([':', ']']) {
        Some(at) if rest.as_bytes().get(at) == Some(&b':') => rest.get(..at)?,
        _ => rest,
    };
    unresolved(host)
}

/// A host that is no address.
fn unresolved(host: &str) -> Option<&str> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_name = !matches!(bare, "" | "*") && bare.parse::<IpAddr>().is_err();
    is_name.then_some(bare)
}

fn family_prefix(text: &str, rules: AddressRules) -> Result<(Family, &str), AddressError> {
    let (datagram, untyped) = if let Some(rest) = text.strip_prefix("stream+") {
        (Some(false), rest)
    } else if let Some(rest) = text.strip_prefix("dgram+") {
        (Some(true), rest)
    } else {
        (None, text)
    };
    const PREFIXES: [(&str, Family, Option<bool>); 14] = [
        ("unix@", Family::Unix, None),
        ("uxst@", Family::Unix, Some(false)),
        ("uxdg@", Family::Unix, Some(true)),
        ("abns@", Family::Abstract, None),
        ("fd@", Family::Fd, None),
        ("ip@", Family::Any, None),
        ("ipv4@", Family::V4, None),
        ("ipv6@", Family::V6, None),
        ("tcp@", Family::Any, Some(false)),
        ("tcp4@", Family::V4, Some(false)),
        ("tcp6@", Family::V6, Some(false)),
        ("udp@", Family::Any, Some(true)),
        ("udp4@", Family::V4, Some(true)),
        ("udp6@", Family::V6, Some(true)),
    ];
    for unsupported in ["quic4@", "quic6@", "sockpair@", "ring@"] {
        if untyped.starts_with(unsupported) {
            return Err(syntax(format!("'{unsupported}' addresses are not supported yet in '{text}'")));
        }
    }
    let (family, rest, prefix_datagram) = PREFIXES
        .iter()
        .find_map(|(prefix, family, kind)| untyped.strip_prefix(prefix).map(|rest| (*family, rest, *kind)))
        .unwrap_or_else(|| (if untyped.starts_with('/') { Family::Unix } else { Family::Any }, untyped, None));
    match datagram.or(prefix_datagram) {
        Some(true) if !rules.datagram => Err(syntax(format!("dgram-type address not acceptable in '{text}'"))),
        Some(false) if rules.datagram => {
            Err(syntax(format!("stream-type log targets are not supported yet in '{text}'")))
        }
        _ => Ok((family, rest)),
    }
}

fn check_path(text: &str, path: &str, limit: usize, prefix: usize) -> Result<(), AddressError> {
    if path.is_empty() {
        return Err(syntax(format!("missing socket path in '{text}'")));
    }
    if path.len() + prefix > limit {
        let room = limit.cast_signed() - prefix.cast_signed();
        return Err(syntax(format!("socket path '{text}' too long (max {room})")));
    }
    Ok(())
}

fn inet(text: &str, rest: &str, family: Family, rules: AddressRules) -> Result<ParsedAddress, AddressError> {
    // The port follows the last colon, unless that one stands inside brackets.
    let (host, port_text) = match rest.rfind([':', ']']) {
        Some(at) if rest.as_bytes().get(at) == Some(&b':') => (&rest[..at], &rest[at + 1..]),
        _ => (rest, ""),
    };
    let port = parse_port(text, port_text, rules)?;
    if let Some(name) = unresolved(host).filter(|_| rules.names) {
        return Ok(ParsedAddress::Name(HostName { name: name.to_owned(), family }, port));
    }
    let ip = resolve_host(host, family)
        .ok_or_else(|| AddressError::Unresolved { host: host.to_owned(), text: text.to_owned() })?;
    Ok(ParsedAddress::Inet(ip, port))
}

fn parse_port(text: &str, port: &str, rules: AddressRules) -> Result<Port, AddressError> {
    let number = |digits: &str| -> Result<u16, AddressError> {
        if let Some(bad) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(syntax(format!("invalid character '{bad}' in port number '{port}' in '{text}'")));
        }
        match digits.parse::<u16>() {
            Ok(0) if rules.port_mandatory && !rules.port_zero => Err(syntax("invalid port '0'")),
            Ok(value) => Ok(value),
            Err(_) => Err(syntax(format!("invalid port '{digits}'"))),
        }
    };
    let Some(first) = port.chars().next() else {
        if rules.port_mandatory {
            return Err(syntax(format!("missing port specification in '{text}'")));
        }
        return Ok(Port::None);
    };
    if first == '+' || first == '-' {
        if !rules.port_offset {
            return Err(syntax(format!("port offset not permitted here in '{text}'")));
        }
        let magnitude = if port.len() == 1 { 0 } else { i32::from(number(&port[1..])?) };
        return Ok(Port::Offset(if first == '-' { -magnitude } else { magnitude }));
    }
    let Some((low_text, high_text)) = port.split_once('-') else {
        return number(port).map(Port::Fixed);
    };
    if !rules.port_range {
        return Err(syntax(format!("port range not permitted here in '{text}'")));
    }
    let (low, high) = (number(low_text)?, number(high_text)?);
    if low == 0 || high == 0 {
        return Err(syntax("invalid port '0'"));
    }
    if low > high {
        return Err(syntax(format!("invalid port range '{port}'")));
    }
    Ok(Port::Range(low, high))
}

fn resolve_host(host: &str, family: Family) -> Option<IpAddr> {
    let fits = |ip: &IpAddr| match family {
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
        _ => true,
    };
    if host.is_empty() || host == "*" {
        let any_v6 = family == Family::V6;
        return Some(if any_v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() });
    }
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return fits(&ip).then_some(ip);
    }
    // Only what can be a name or an old numeric form is given to the resolver.
    if !bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
        return None;
    }
    let mut found = (bare, 0u16).to_socket_addrs().ok()?.map(|address: SocketAddr| address.ip());
    found.find(fits)
}

fn syntax(message: impl Into<String>) -> AddressError {
    AddressError::Syntax(message.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BIND: AddressRules = AddressRules {
        port_mandatory: true,
        port_zero: false,
        port_range: true,
        port_offset: false,
        fd: true,
        local: true,
        datagram: false,
        names: false,
        bound: true,
        prefix: 0,
    };
    const SERVER: AddressRules = AddressRules {
        port_offset: true,
        local: true,
        port_mandatory: false,
        port_zero: false,
        port_range: false,
        fd: false,
        datagram: false,
        names: false,
        bound: false,
        prefix: 0,
    };

    fn v4(text: &str, port: Port) -> ParsedAddress {
        ParsedAddress::Inet(text.parse().unwrap(), port)
    }

    #[test]
    fn bind_forms() {
        for (text, wanted) in [
            (":80", v4("0.0.0.0", Port::Fixed(80))),
            ("*:80", v4("0.0.0.0", Port::Fixed(80))),
            (":::80", v4("::", Port::Fixed(80))),
            ("[::1]:80", v4("::1", Port::Fixed(80))),
            ("::1:80", v4("::1", Port::Fixed(80))),
            ("[127.0.0.1]:80", v4("127.0.0.1", Port::Fixed(80))),
            ("ipv4@:80", v4("0.0.0.0", Port::Fixed(80))),
            ("ipv6@:80", v4("::", Port::Fixed(80))),
            ("ipv6@[::1]:80", v4("::1", Port::Fixed(80))),
            ("tcp4@127.0.0.1:80", v4("127.0.0.1", Port::Fixed(80))),
            ("stream+ipv4@127.0.0.1:80", v4("127.0.0.1", Port::Fixed(80))),
            ("127.0.0.1:8000-8010", v4("127.0.0.1", Port::Range(8000, 8010))),
            ("1.2.3:80", v4("1.2.0.3", Port::Fixed(80))),
            ("/tmp/s", ParsedAddress::Unix("/tmp/s".into())),
            ("unix@s", ParsedAddress::Unix("s".into())),
            ("abns@x", ParsedAddress::Abstract(b"x".to_vec())),
            ("fd@3", ParsedAddress::Fd(3)),
        ] {
            assert_eq!(parse_address(text, BIND).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn bind_errors() {
        for (text, message) in [
            ("", "'' resolves to an empty address (environment variable missing?)"),
            ("127.0.0.1", "missing port specification in '127.0.0.1'"),
            ("[::1]", "missing port specification in '[::1]'"),
            (":", "missing port specification in ':'"),
            ("127.0.0.1:0", "invalid port '0'"),
            ("127.0.0.1:99999", "invalid port '99999'"),
            ("127.0.0.1:65530-65540", "invalid port '65540'"),
            ("127.0.0.1:80-", "invalid port ''"),
            ("127.0.0.1:8010-8000", "invalid port range '8010-8000'"),
            ("127.0.0.1:+80", "port offset not permitted here in '127.0.0.1:+80'"),
            ("127.0.0.1:abc", "invalid character 'a' in port number 'abc' in '127.0.0.1:abc'"),
            ("::1", "invalid address: ':' in '::1'"),
            ("ipv4@::1:80", "invalid address: '::1' in 'ipv4@::1:80'"),
            ("ipv6@127.0.0.1:80", "invalid address: '127.0.0.1' in 'ipv6@127.0.0.1:80'"),
            ("foo@bar:80", "invalid address: 'foo@bar' in 'foo@bar:80'"),
            ("udp@127.0.0.1:80", "dgram-type address not acceptable in 'udp@127.0.0.1:80'"),
            ("dgram+ipv4@127.0.0.1:80", "dgram-type address not acceptable in 'dgram+ipv4@127.0.0.1:80'"),
            ("fd@x", "file descriptor 'x' is not a valid integer in 'fd@x'"),
        ] {
            assert_eq!(parse_address(text, BIND).unwrap_err().to_string(), message, "{text}");
        }
        let long = format!("unix@/{}", "a".repeat(97));
        assert_eq!(
            parse_address(&long, BIND).unwrap_err().to_string(),
            format!("socket path '{long}' too long (max 97)")
        );
    }

    #[test]
    fn server_forms() {
        for (text, port) in [
            ("127.0.0.1", Port::None),
            ("127.0.0.1:0", Port::Fixed(0)),
            ("127.0.0.1:+10", Port::Offset(10)),
            ("127.0.0.1:-10", Port::Offset(-10)),
        ] {
            assert_eq!(parse_address(text, SERVER).unwrap(), v4("127.0.0.1", port), "{text}");
        }
        assert!(parse_address("127.0.0.1:80-90", SERVER).is_err());
        assert!(parse_address("fd@3", SERVER).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a-z0-9@:/.*+\\[\\]-]{0,20}") {
            // A leading character no host name has keeps the resolver out of it.
            let _ = parse_address(&format!("!{text}"), BIND);
            let _ = parse_port(&text, &text, SERVER);
        }
    }
}
