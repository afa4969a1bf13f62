//! `http-request auth`: the challenge (configuration.txt, `http-request auth`; RFC 7617).

use crate::http::message::{Head, Version};
use crate::http::status::reason;

/// The head that asks for credentials. HAProxy answers 401 also to requests whose target is absolute.
pub fn challenge(realm: &str) -> Head {
    let mut head = Head::response(401, reason(401).as_bytes(), Version::Http11);
    head.add(b"www-authenticate", format!("Basic realm=\"{}\"", realm.replace('"', "\\\"")).as_bytes());
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
