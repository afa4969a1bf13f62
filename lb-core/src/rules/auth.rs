//! `http-request auth`: the challenge (configuration.txt, `http-request auth`; RFC 7617).

use crate::http::message::{Head, Version};
use crate::http::status::reason;

/// Whether a request is one to a proxy (configuration.txt, `option http-use-proxy-header`).
pub fn is_proxied(request: &Head) -> bool {
    !matches!(request.target().first(), Some(b'/' | b'*'))
}

/// The head that asks for credentials: those for a proxy with 407.
pub fn challenge(realm: &str, status: u16) -> Head {
    let mut head = Head::response(status, reason(status).as_bytes(), Version::Http11);
    let name: &[u8] = if status == 407 { b"proxy-authenticate" } else { b"www-authenticate" };
    head.add(name, format!("Basic realm=\"{}\"", realm.replace('"', "\\\"")).as_bytes());
    head
}

/// The challenge with the fields of the error page whose body goes with it.
pub fn with_page(challenge: Head, page: &Head) -> Head {
    let mut head = Head::response(page.status(), page.reason(), page.version());
    for (name, value) in page.fields() {
        head.add(name, value);
    }
    for (name, value) in challenge.fields() {
        head.add(name, value);
    }
    head
}
