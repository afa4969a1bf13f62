//! Host and the target's authority: their syntax (RFC 3986, section 3.2) and whether they name the same place.

use crate::http::message::Head;
use crate::http::uri::{Authority, Target};

/// What is wrong with a Host value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostFault {
    /// It is no authority.
    Syntax,
    /// The target names another place.
    Mismatch,
}

/// Checks a Host value, also against the target it came with.
///
/// A port that is the scheme's default equals none. For CONNECT the default may be 80 or 443, as nothing says which.
pub(crate) fn check_host(host: &[u8], target: &Target<'_>) -> Result<(), HostFault> {
    if host.is_empty() {
        return match target.authority() {
            None => Ok(()),
            Some(_) => Err(HostFault::Mismatch),
        };
    }
    let host = Authority::parse(host).ok_or(HostFault::Syntax)?;
    let Some(authority) = target.authority() else { return Ok(()) };
    let same_port = match (host.port_number(), authority.port_number()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => true,
        (Some(port), None) | (None, Some(port)) => match target {
            Target::Authority(_) => port == 80 || port == 443,
            _ => target.default_port() == Some(port),
        },
    };
    if same_port && host.host.eq_ignore_ascii_case(authority.host) { Ok(()) } else { Err(HostFault::Mismatch) }
}

/// Drops a port that says nothing: the scheme's default from an absolute target and, with it or with CONNECT, from
/// Host. HAProxy does so when it reads a request; rules and servers see the short form. Origin targets stay as they are.
pub(crate) fn normalize(head: &mut Head) {
    if matches!(head.target().first(), Some(b'/' | b'*') | None) {
        return;
    }
    let Ok(target) = Target::parse(head.method(), head.target()) else { return };
    let Some(authority) = target.authority() else { return };
    let says_nothing = |port: &[u8]| match (port, target) {
        (b"", _) => true,
        (b"80" | b"443", Target::Authority(_)) => true,
        (b"80", _) => target.default_port() == Some(80),
        (b"443", _) => target.default_port() == Some(443),
        _ => false,
    };
    if !authority.port.is_some_and(says_nothing) {
        return;
    }
    let short = match target {
        Target::Absolute { scheme, authority, path_and_query } => {
            Some([scheme, b"://", authority.host, path_and_query].concat())
        }
        _ => None,
    };
    let host = head.value("host").and_then(Authority::parse);
    let host = host.filter(|host| host.port.is_some()).map(|host| host.host.to_vec());
    if let Some(short) = short {
        head.set_target(&short);
    }
    if let Some(host) = host {
        head.replace_value("host", &host);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http::Version;

    /// As HAProxy 2.6.12 forwards them.
    #[test]
    fn default_ports_disappear() {
        for (method, target, host, short, short_host) in [
            ("GET", "http://a:80/x", "a", "http://a/x", "a"),
            ("GET", "http://a:80/", "a:80", "http://a/", "a"),
            ("GET", "https://a:443/x", "a", "https://a/x", "a"),
            ("GET", "http://a/x", "a:80", "http://a/x", "a:80"),
            ("GET", "http://a:81/x", "a:81", "http://a:81/x", "a:81"),
            ("GET", "/", "a:80", "/", "a:80"),
            ("GET", "http://a:/x", "a:", "http://a/x", "a"),
            ("GET", "http://a:080/x", "a:080", "http://a:080/x", "a:080"),
            ("GET", "https://a:80/x", "a:80", "https://a:80/x", "a:80"),
            ("CONNECT", "a:443", "a:443", "a:443", "a"),
            ("CONNECT", "a:80", "a:80", "a:80", "a"),
            ("CONNECT", "a:8443", "a:8443", "a:8443", "a:8443"),
        ] {
            let mut head = Head::request(method.as_bytes(), target.as_bytes(), Version::Http11);
            head.add(b"Host", host.as_bytes());
            head.add(b"X", b"y");
            normalize(&mut head);
            assert_eq!(head.target(), short.as_bytes(), "{method} {target} {host}");
            let fields: Vec<_> = head.fields().collect();
            assert_eq!(fields, [(&b"host"[..], short_host.as_bytes()), (b"x", b"y")]);
        }
    }
}
