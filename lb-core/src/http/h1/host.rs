//! Host and the target's authority: their syntax (RFC 3986, section 3.2) and whether they name the same place.

use super::parse::ParseError;
use crate::http::uri::{Authority, Target};

/// Checks a Host value, also against the target it came with.
///
/// A port that is the scheme's default equals none. For CONNECT the default may be 80 or 443, as nothing says which.
pub(super) fn check_host(host: &[u8], target: &Target<'_>) -> Result<(), ParseError> {
    if host.is_empty() {
        return match target.authority() {
            None => Ok(()),
            Some(_) => Err(ParseError::HostMismatch),
        };
    }
    let host = Authority::parse(host).ok_or(ParseError::Host)?;
    let Some(authority) = target.authority() else { return Ok(()) };
    let same_port = match (host.port_number(), authority.port_number()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => true,
        (Some(port), None) | (None, Some(port)) => match target {
            Target::Authority(_) => port == 80 || port == 443,
            _ => target.default_port() == Some(port),
        },
    };
    if same_port && host.host.eq_ignore_ascii_case(authority.host) { Ok(()) } else { Err(ParseError::HostMismatch) }
}
