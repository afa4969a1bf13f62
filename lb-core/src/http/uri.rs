//! Taking a request target apart: its form (RFC 9112, section 3.2), authority, path and query.

use std::ops::Range;

/// A request target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/path?query`.
    Origin(&'a [u8]),
    /// `scheme://authority/path?query`.
    Absolute {
        /// The scheme as written.
        scheme: &'a [u8],
        /// What stands between `//` and the path.
        authority: Authority<'a>,
        /// Path and query; empty where the URI ends after the authority.
        path_and_query: &'a [u8],
    },
    /// `host:port`, for CONNECT.
    Authority(Authority<'a>),
    /// `*`, for OPTIONS.
    Asterisk,
}

/// Why a target is none of the four forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The form is unknown or does not go with the method.
    #[error("the request target has no form that goes with its method")]
    Form,
    /// The authority is malformed.
    #[error("malformed authority in the request target")]
    Authority,
}

impl<'a> Target<'a> {
    /// Tells the form of `target`, which depends on `method`.
    pub fn parse(method: &[u8], target: &'a [u8]) -> Result<Self, TargetError> {
        if method == b"CONNECT" {
            let authority = Authority::parse(target).ok_or(TargetError::Authority)?;
            return match authority.port_number() {
                Some(_) if !authority.host.is_empty() => Ok(Self::Authority(authority)),
                _ => Err(TargetError::Authority),
            };
        }
        if target.first() == Some(&b'/') {
            return Ok(Self::Origin(target));
        }
        if target == b"*" {
            return if method == b"OPTIONS" { Ok(Self::Asterisk) } else { Err(TargetError::Form) };
        }
        let (scheme, rest) = split_scheme(target).ok_or(TargetError::Form)?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path_and_query) = rest.split_at(end);
        match Authority::parse(authority) {
            Some(authority) if !authority.host.is_empty() => Ok(Self::Absolute { scheme, authority, path_and_query }),
            _ => Err(TargetError::Authority),
        }
    }

    /// The authority that the target names.
    pub fn authority(&self) -> Option<Authority<'a>> {
        match self {
            Self::Absolute { authority, .. } | Self::Authority(authority) => Some(*authority),
            Self::Origin(_) | Self::Asterisk => None,
        }
    }

    /// The port that the scheme implies.
    pub fn default_port(&self) -> Option<u16> {
        match self {
            Self::Absolute { scheme, .. } => match scheme.len() {
                4 if scheme.eq_ignore_ascii_case(b"http") => Some(80),
                5 if scheme.eq_ignore_ascii_case(b"https") => Some(443),
                2 if scheme.eq_ignore_ascii_case(b"ws") => Some(80),
                3 if scheme.eq_ignore_ascii_case(b"wss") => Some(443),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether a byte may stand in a method or a field's name (RFC 9110, section 5.6.2).
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `scheme "://"` and what follows.
pub(crate) fn split_scheme(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at(colon);
    let rest = rest.strip_prefix(b"://")?;
    let (first, others) = scheme.split_first()?;
    let valid = first.is_ascii_alphabetic()
        && others.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    valid.then_some((scheme, rest))
}

/// `host [ ":" port ]`. User information is refused, as RFC 9110, section 4.2.4 recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host, an IP literal with its brackets.
    pub host: &'a [u8],
    /// The port as written, without the colon; may be empty.
    pub port: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    /// Splits and checks an authority (RFC 3986, section 3.2). The host may be empty.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (host, rest) = if text.first() == Some(&b'[') {
            let end = memchr::memchr(b']', text)? + 1;
            let (host, rest) = text.split_at(end);
            let inner = host.get(1..end - 1).unwrap_or_default();
            if !is_ip_literal(inner) {
                return None;
            }
            (host, rest)
        } else {
            let end = memchr::memchr(b':', text).unwrap_or(text.len());
            let (host, rest) = text.split_at(end);
            if !is_reg_name(host) {
                return None;
            }
            (host, rest)
        };
        let port = match rest.split_first() {
            None => None,
            Some((b':', port)) => Some(port),
            Some(_) => return None,
        };
        let valid = port.is_none_or(|port| port.is_empty() || parse_port(port).is_some());
        valid.then_some(Self { host, port })
    }

    /// The port, where one is written.
    pub fn port_number(&self) -> Option<u16> {
        self.port.and_then(parse_port)
    }
}

fn parse_port(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u16, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// `reg-name`: unreserved, sub-delims and percent-encoded octets.
fn is_reg_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| PLAIN.get(usize::from(*byte)).copied().unwrap_or_default();
    let mut rest = name;
    while let Some(at) = rest.iter().position(|byte| !plain(byte)) {
        rest = match rest.get(at..) {
            Some([b'%', a, b, tail @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => tail,
            _ => return false,
        };
    }
    true
}

/// What stands for itself in a `reg-name`: unreserved characters and sub-delims.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < plain.len() {
        plain[byte] = matches!(
            byte as u8,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
                | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        );
        byte += 1;
    }
    plain
};

/// What may stand between brackets: an IPv6 address or `IPvFuture`.
fn is_ip_literal(inner: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(inner) else { return false };
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return true;
    }
    let Some((version, address)) = text.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:".contains(c);
    !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !address.is_empty()
        && address.chars().all(allowed)
}

/// Where the path and the query of a target lie, in any form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetParts {
    /// The scheme of an absolute target.
    pub scheme: Option<Range<usize>>,
    /// The authority of an absolute target, or the whole of an authority-form one.
    pub authority: Option<Range<usize>>,
    /// The path, without the query; empty where there is none (`*` counts as none).
    pub path: Range<usize>,
    /// The query, without the question mark.
    pub query: Option<Range<usize>>,
}

/// Finds the parts of a target without judging it; a fragment (relaxed parsing) belongs to no part.
pub fn split_target(target: &[u8]) -> TargetParts {
    let mut parts = TargetParts::default();
    let mut at = 0;
    if target.first() != Some(&b'/') {
        match split_scheme(target) {
            Some((scheme, rest)) => {
                let start = scheme.len() + 3;
                let len = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
                parts.scheme = Some(0..scheme.len());
                parts.authority = Some(start..start + len);
                at = start + len;
            }
            None => {
                // `*`, an authority, or what a rule put there: without a slash in front it has no path.
                let end = memchr::memchr(b'#', target).unwrap_or(target.len());
                let mark = memchr::memchr(b'?', target.get(..end).unwrap_or_default());
                let front = mark.unwrap_or(end);
                if target.first() != Some(&b'*') {
                    let slash = memchr::memchr(b'/', target.get(..front).unwrap_or_default());
                    parts.authority = Some(0..slash.unwrap_or(front));
                }
                parts.path = front..front;
                parts.query = mark.map(|mark| mark + 1..end);
                return parts;
            }
        }
    }
    let end = memchr::memchr(b'#', target).unwrap_or(target.len()).max(at);
    match memchr::memchr(b'?', target.get(at..end).unwrap_or_default()) {
        Some(mark) => {
            parts.path = at..at + mark;
            parts.query = Some(at + mark + 1..end);
        }
        None => parts.path = at..end,
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_every_form() {
        for (target, scheme, authority, path, query) in [
            ("/", None, None, "/", None),
            ("/a/b?c?d", None, None, "/a/b", Some("c?d")),
            ("/?", None, None, "/", Some("")),
            ("/a#b?c", None, None, "/a", None),
            ("/a?b#c", None, None, "/a", Some("b")),
            ("//a/b", None, None, "//a/b", None),
            ("http://a:8/b?c", Some("http"), Some("a:8"), "/b", Some("c")),
            ("http://a", Some("http"), Some("a"), "", None),
            ("http://a?b", Some("http"), Some("a"), "", Some("b")),
            ("http://[::1]:8/b", Some("http"), Some("[::1]:8"), "/b", None),
            ("a:443", None, Some("a:443"), "", None),
            ("*", None, None, "", None),
            ("", None, Some(""), "", None),
        ] {
            let parts = split_target(target.as_bytes());
            let text = |range: Range<usize>| &target[range];
            assert_eq!(parts.scheme.map(text), scheme, "{target}");
            assert_eq!(parts.authority.map(text), authority, "{target}");
            assert_eq!(text(parts.path), path, "{target}");
            assert_eq!(parts.query.map(text), query, "{target}");
        }
    }

    #[test]
    fn authorities() {
        for (text, host, port) in
            [("a", "a", None), ("a:80", "a", Some(80)), ("[::1]:8", "[::1]", Some(8)), ("a:", "a", None)]
        {
            let authority = Authority::parse(text.as_bytes()).unwrap();
            assert_eq!((authority.host, authority.port_number()), (host.as_bytes(), port));
        }
        for text in ["a:b", "a:99999", "u@a", "a b", "[::1", "[]", "[::1]8", "a/b", "%4", "[v.a]", "[v1.]", "[vx.a]"] {
            assert_eq!(Authority::parse(text.as_bytes()), None, "{text}");
        }
    }
}
