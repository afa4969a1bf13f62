//! `return`, `deny` and `tarpit`: from a rule's reply to the message that is sent (configuration.txt,
//! `http-request return`, `http-request deny`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::{ErrorReply, Reply, ReplyBody};
use crate::http::message::{Head, Version};
use crate::http::reply::{add_length, error_message, error_reply, is_end_to_end};
use crate::http::status::reason;
use crate::log::LogFormat;

/// What an action answers where its rule leaves something open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyDefaults {
    /// Status code of a rule without one.
    pub status: u16,
    /// Whether a rule that says nothing else is answered with the status' error page (`deny`), or without a body
    /// (`return`).
    pub error_page: bool,
}

impl ReplyDefaults {
    /// `http-request return` and `http-response return`.
    pub const RETURN: Self = Self { status: 200, error_page: false };
    /// `http-request deny`.
    pub const DENY: Self = Self { status: 403, error_page: true };
    /// `http-request tarpit`.
    pub const TARPIT: Self = Self { status: 500, error_page: true };
    /// `http-response deny`.
    pub const DENY_RESPONSE: Self = Self { status: 502, error_page: true };
}

/// What a rule's reply comes to.
#[derive(Clone, Debug)]
pub enum BuiltReply {
    /// This message is sent.
    Message {
        /// What is logged and counted: a page may say something else to the client.
        status: u16,
        /// Says the body's length; connection headers are the encoder's.
        head: Head,
        /// The body.
        body: Arc<[u8]>,
    },
    /// The status' error file is empty: the connection is closed without a word.
    Silent,
}

/// Builds the answer of a `return`, `deny` or `tarpit` rule. `errors` are the error replies of the sections, in the order
/// in which they are asked.
///
/// `render` makes the text of a format.
pub fn build_reply(
    reply: &Reply,
    errors: &[&BTreeMap<u16, ErrorReply>],
    defaults: ReplyDefaults,
    render: &mut dyn FnMut(&LogFormat) -> Vec<u8>,
) -> BuiltReply {
    let status = reply.status.unwrap_or(defaults.status);
    let body = match &reply.body {
        ReplyBody::Error(error) => return build_error(status, error, render),
        ReplyBody::ErrorPage => return build_error(status, error_reply(status, errors), render),
        ReplyBody::Default if defaults.error_page && reply.headers.is_empty() => {
            return build_error(status, error_reply(status, errors), render);
        }
        ReplyBody::Default => Arc::default(),
        ReplyBody::Bytes(body) => body.clone(),
        ReplyBody::Format(format) => render(format).into(),
    };
    let mut head = Head::response(status, reason(status).as_bytes(), Version::Http11);
    for (name, value) in &reply.headers {
        // The type of the body is said by the rule in another place.
        let is_ours = name.eq_ignore_ascii_case("content-type");
        let value = if is_ours { Vec::new() } else { render(value) };
        if !value.is_empty() && is_end_to_end(name, &value) {
            head.add(name.as_bytes(), &value);
        }
    }
    add_length(&mut head, body.len());
    if let (Some(content_type), false) = (&reply.content_type, body.is_empty()) {
        head.add(b"content-type", content_type.as_bytes());
    }
    BuiltReply::Message { status, head, body }
}

/// The message of an error page that stands for this status.
pub fn build_error(status: u16, error: &ErrorReply, render: &mut dyn FnMut(&LogFormat) -> Vec<u8>) -> BuiltReply {
    if error.silent {
        return BuiltReply::Silent;
    }
    if let Some(made) = &error.made {
        return match build_reply(made, &[], ReplyDefaults::RETURN, render) {
            BuiltReply::Message { head, body, .. } => BuiltReply::Message { status, head, body },
            BuiltReply::Silent => BuiltReply::Silent,
        };
    }
    let (head, body) = error_message(error);
    BuiltReply::Message { status, head, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply, errors: &BTreeMap<u16, ErrorReply>, defaults: ReplyDefaults) -> String {
        let render = &mut |format: &LogFormat| format.constant_text().unwrap_or_default().to_vec();
        let BuiltReply::Message { head, body, .. } = build_reply(reply, &[errors], defaults, render) else {
            return "silent".into();
        };
        let mut text = format!("{} {}|", head.status(), String::from_utf8_lossy(head.reason()));
        for (name, value) in head.fields() {
            text += &format!("{}: {}|", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        }
        text + &String::from_utf8_lossy(&body)
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, LogFormat)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), LogFormat::constant(value))).collect()
    }

    /// As HAProxy 2.6.12 answered, header names in lower case on the wire being the encoder's work.
    #[test]
    fn replies_are_haproxys() {
        let none = BTreeMap::new();
        let plain = Reply::default();
        assert_eq!(wire(&plain, &none, ReplyDefaults::RETURN), "200 OK|content-length: 0|");
        let status = |code| Reply { status: Some(code), ..Reply::default() };
        assert_eq!(wire(&status(204), &none, ReplyDefaults::RETURN), "204 No Content|");
        assert_eq!(wire(&status(404), &none, ReplyDefaults::RETURN), "404 Not Found|content-length: 0|");
        let teapot = Reply {
            status: Some(418),
            content_type: Some("a/b".into()),
            body: ReplyBody::Bytes(b"teapot"[..].into()),
            headers: headers(&[("x-a", "1 2"), ("Content-Length", "99"), ("y-b", "z")]),
        };
        assert_eq!(
            wire(&teapot, &none, ReplyDefaults::RETURN),
            "418 I'm a teapot|x-a: 1 2|y-b: z|content-length: 6|content-type: a/b|teapot"
        );
        let with_header =
            Reply { content_type: Some("a/b".into()), headers: headers(&[("z", "5")]), ..Reply::default() };
        assert_eq!(wire(&with_header, &none, ReplyDefaults::DENY), "403 Forbidden|z: 5|content-length: 0|");
        assert_eq!(
            wire(&plain, &none, ReplyDefaults::DENY),
            "403 Forbidden|content-length: 93|cache-control: no-cache|content-type: \
             text/html|<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative \
             rules.\n</body></html>\n"
        );
        assert!(wire(&plain, &none, ReplyDefaults::TARPIT).starts_with("500 Internal Server Error|"));
        assert!(wire(&plain, &none, ReplyDefaults::DENY_RESPONSE).starts_with("502 Bad Gateway|"));
    }

    #[test]
    fn an_empty_error_file_closes_without_a_word() {
        let errors = BTreeMap::from([(403, ErrorReply { status: 403, silent: true, ..ErrorReply::default() })]);
        assert_eq!(wire(&Reply::default(), &errors, ReplyDefaults::DENY), "silent");
        assert_eq!(wire(&Reply::default(), &errors, ReplyDefaults::RETURN), "200 OK|content-length: 0|");
    }
}
