//! `http-request auth`: the challenge (configuration.txt, `http-request auth`; RFC 7617).

use crate::http::message::{Head, Version};
use crate::http::status::reason;

/// The head that asks for credentials. A client that knows it talks to a proxy (`Proxy-Connection`) is told so by 407.
pub fn challenge(realm: &str, request: &Head) -> Head {
    let absolute = !request.target().starts_with(b"/") && request.target() != b"*";
    let proxied = absolute && request.value("proxy-connection").is_some();
    let (status, name): (_, &[u8]) = if proxied { (407, b"proxy-authenticate") } else { (401, b"www-authenticate") };
    let mut head = Head::response(status, reason(status).as_bytes(), Version::Http11);
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
