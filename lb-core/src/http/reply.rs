//! Replies that the proxy makes by itself: the built-in error pages and those that replace them (configuration.txt,
//! section 1.3 and `errorfile`).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::message::{Head, Version};
use crate::config::model::ErrorReply;

/// Status, reason and sentence of each built-in page.
const PAGES: [(u16, &str, &str); 19] = [
    (200, "OK", "Service ready."),
    (400, "Bad request", "Your browser sent an invalid request."),
    (401, "Unauthorized", "You need a valid user and password to access this content."),
    (403, "Forbidden", "Request forbidden by administrative rules."),
    (404, "Not Found", "The resource could not be found."),
    (
        405,
        "Method Not Allowed",
        "A request was made of a resource using a request method not supported by that resource",
    ),
    // HAProxy says "Unauthorized" here too.
    (407, "Unauthorized", "You need a valid user and password to access this content."),
    (408, "Request Time-out", "Your browser didn't send a complete request in time."),
    (410, "Gone", "The resource is no longer available and will not be available again."),
    (413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
    (421, "Misdirected Request", "Request sent to a non-authoritative server."),
    (422, "Unprocessable Content", "The server cannot process the contained instructions."),
    (425, "Too Early", "Your browser sent early data."),
    (429, "Too Many Requests", "You have sent too many requests in a given amount of time."),
    (500, "Internal Server Error", "An internal server error occurred."),
    // The leading dot is HAProxy's.
    (501, "Not Implemented", ".The server does not support the functionality required to fulfill the request."),
    (502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    (503, "Service Unavailable", "No server is available to handle this request."),
    (504, "Gateway Time-out", "The server didn't respond in time."),
];

/// Status codes that have a built-in page: those which `errorfile` and `deny_status` accept.
pub const ERROR_STATUSES: [u16; PAGES.len()] = {
    let mut statuses = [0; PAGES.len()];
    let mut index = 0;
    while index < PAGES.len() {
        statuses[index] = PAGES[index].0;
        index += 1;
    }
    statuses
};

/// A built-in page in its two forms.
struct Builtin {
    reply: ErrorReply,
    early: Vec<u8>,
}

static BUILTINS: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    PAGES
        .iter()
        .map(|&(status, reason, sentence)| {
            let body = format!("<html><body><h1>{status} {reason}</h1>\n{sentence}\n</body></html>\n");
            // HAProxy's page of 422 does not say so.
            let close = if status == 422 { "" } else { "Connection: close\r\n" };
            let early = format!(
                "HTTP/1.1 {status} {reason}\r\nContent-length: {}\r\nCache-Control: no-cache\r\n{close}\
             Content-Type: text/html\r\n\r\n{body}",
                body.len()
            );
            // As in HAProxy, these end the connection also where a rule answers with them.
            let closing = matches!(status, 400 | 408).then_some(("connection", "close"));
            let length = body.len().to_string();
            let headers =
                [("content-length", length.as_str()), ("cache-control", "no-cache"), ("content-type", "text/html")]
                    .into_iter()
                    .chain(closing)
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let reply = ErrorReply {
                status,
                reason: reason.to_owned(),
                headers: headers.collect(),
                body: body.into_bytes().into(),
                silent: false,
                made: None,
            };
            Builtin { reply, early: early.into_bytes() }
        })
        .collect()
});

static SILENT: LazyLock<ErrorReply> = LazyLock::new(|| ErrorReply { silent: true, ..ErrorReply::default() });

fn builtin(status: u16) -> Option<&'static Builtin> {
    let index = PAGES.iter().position(|page| page.0 == status)?;
    BUILTINS.get(index)
}

/// The reply for an error: the first that one of the sections has of its own (`errorfile`, `http-error`, `errorfiles`),
/// or the built-in one. A status without a page gets the one of 500.
pub fn error_reply<'a>(status: u16, sections: &[&'a BTreeMap<u16, ErrorReply>]) -> &'a ErrorReply {
    if let Some(reply) = sections.iter().find_map(|errors| errors.get(&status)) {
        return reply;
    }
    builtin(status).or_else(|| builtin(500)).map_or(&SILENT, |page| &page.reply)
}

/// The bytes sent when a connection fails before there is a request (400 for one that cannot be parsed, 408): always
/// the built-in page and then a close, as in HAProxy, where only an empty `errorfile` changes it. `None` is that
/// case: close without a word.
pub fn early_error(status: u16, errors: &BTreeMap<u16, ErrorReply>) -> Option<&'static [u8]> {
    if errors.get(&status).is_some_and(|reply| reply.silent) {
        return None;
    }
    builtin(status).or_else(|| builtin(500)).map(|page| page.early.as_slice())
}

/// Head and body of an error reply. The head says the body's length; connection headers are the encoder's.
pub fn error_message(reply: &ErrorReply) -> (Head, Arc<[u8]>) {
    let mut head = Head::response(reply.status, reply.reason.as_bytes(), Version::Http11);
    let mut has_length = false;
    for (name, value) in &reply.headers {
        if name.eq_ignore_ascii_case("content-length") {
            has_length = true;
            add_length(&mut head, reply.body.len());
        } else if is_end_to_end(name, value.as_bytes()) {
            head.add(name.as_bytes(), value.as_bytes());
        }
    }
    if !has_length {
        add_length(&mut head, reply.body.len());
    }
    (head, reply.body.clone())
}

/// Whether a field of a configured reply is taken from there. `Connection: close` is: it ends the client's connection.
pub(crate) fn is_end_to_end(name: &str, value: &[u8]) -> bool {
    !is_hop_by_hop(name) || (name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case(b"close"))
}

/// Headers that say how a message is framed or how the connection goes on.
pub(crate) fn is_hop_by_hop(name: &str) -> bool {
    ["connection", "content-length", "keep-alive", "proxy-connection", "transfer-encoding"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Adds `content-length`, except where RFC 9110 (section 8.6) forbids it.
pub(crate) fn add_length(head: &mut Head, length: usize) {
    if head.status() >= 200 && head.status() != 204 {
        head.add(b"content-length", length.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wire(reply: &ErrorReply) -> String {
        let (head, body) = error_message(reply);
        let mut text = format!("HTTP/1.1 {} {}\r\n", head.status(), String::from_utf8_lossy(head.reason()));
        for (name, value) in head.fields() {
            text += &format!("{}: {}\r\n", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        }
        text + "\r\n" + &String::from_utf8_lossy(&body)
    }

    /// What HAProxy 2.6.12 answered to `http-request deny deny_status N`, and to what it could not parse.
    #[test]
    fn builtin_pages_are_haproxys() {
        let none = BTreeMap::new();
        for (status, expected) in [
            (
                400,
                "HTTP/1.1 400 Bad request\r\ncontent-length: 90\r\ncache-control: no-cache\r\ncontent-type: \
                 text/html\r\nconnection: close\r\n\r\n<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid \
                 request.\n</body></html>\n",
            ),
            (
                407,
                "HTTP/1.1 407 Unauthorized\r\ncontent-length: 112\r\ncache-control: no-cache\r\ncontent-type: \
                 text/html\r\n\r\n<html><body><h1>407 Unauthorized</h1>\nYou need a valid user and password to access \
                 this content.\n</body></html>\n",
            ),
            (
                501,
                "HTTP/1.1 501 Not Implemented\r\ncontent-length: 136\r\ncache-control: no-cache\r\ncontent-type: \
                 text/html\r\n\r\n<html><body><h1>501 Not Implemented</h1>\n.The server does not support the \
                 functionality required to fulfill the request.\n</body></html>\n",
            ),
        ] {
            assert_eq!(wire(error_reply(status, &[&none])), expected);
        }
        let lengths = [58, 90, 112, 93, 83, 146, 112, 110, 114, 106, 104, 116, 80, 117, 97, 136, 107, 107, 92];
        for (status, length) in ERROR_STATUSES.into_iter().zip(lengths) {
            assert_eq!(error_reply(status, &[&none]).body.len(), length, "{status}");
        }
        assert_eq!(
            early_error(408, &none),
            Some(
                &b"HTTP/1.1 408 Request Time-out\r\nContent-length: 110\r\nCache-Control: no-cache\r\nConnection: \
                   close\r\nContent-Type: text/html\r\n\r\n<html><body><h1>408 Request Time-out</h1>\nYour browser \
                   didn't send a complete request in time.\n</body></html>\n"[..]
            )
        );
    }

    #[test]
    fn configured_replies_come_first() {
        let (mut errors, none) = (BTreeMap::new(), BTreeMap::new());
        let headers = [("X-Foo", "Bar"), ("Connection", "close"), ("Content-Type", "text/plain")];
        let reply = ErrorReply {
            status: 503,
            reason: "My Reason".into(),
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            body: b"my body\n"[..].into(),
            silent: false,
            made: None,
        };
        errors.insert(429, reply);
        errors.insert(400, ErrorReply { status: 400, silent: true, ..ErrorReply::default() });
        assert_eq!(
            wire(error_reply(429, &[&none, &errors])),
            "HTTP/1.1 503 My Reason\r\nx-foo: Bar\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 8\r\n\r\nmy body\n"
        );
        assert!(error_reply(400, &[&errors, &none]).silent);
        assert_eq!(early_error(400, &errors), None);
        assert!(early_error(429, &errors).unwrap().starts_with(b"HTTP/1.1 429 Too Many Requests\r\n"));
        assert_eq!(error_reply(418, &[&errors]).status, 500);
    }
}
