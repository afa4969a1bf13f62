//! Error files: complete HTTP/1 responses kept ready (configuration.txt, `errorfile`), and the codes they exist for.

use std::sync::Arc;

use super::model::ErrorReply;

/// The status codes an error page can be configured for (configuration.txt, `errorfile`).
pub const HANDLED_STATUS: [u16; 19] =
    [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504];

/// An error file has at most this many header fields.
const MAX_HEADERS: usize = 101;

/// Reads a complete HTTP/1 response as `errorfile` wants it; an empty one closes the connection silently.
///
/// Lines may end in CRLF or LF alone. Framing fields are checked and dropped: framing is computed when the
/// reply is sent.
///
/// # Errors
///
/// HAProxy's text: a head that cannot be parsed, a `Content-Length` that disagrees with the payload, or a
/// chunked payload.
pub fn parse_error_file(bytes: &[u8]) -> Result<ErrorReply, String> {
    if bytes.is_empty() {
        return Ok(ErrorReply { silent: true, ..ErrorReply::default() });
    }
    let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut storage);
    let unparsable = || "unable to parse headers (error offset: 0)".to_owned();
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) | Err(_) => return Err(unparsable()),
    };
    let status = response.code.ok_or_else(unparsable)?;
    let payload = bytes.get(head..).unwrap_or_default();
    let mut headers = Vec::with_capacity(response.headers.len());
    for field in response.headers.iter() {
        let value = std::str::from_utf8(field.value)
            .map_err(|_| format!("header '{}' is not valid UTF-8 text", field.name))?
            .trim();
        if field.name.eq_ignore_ascii_case("content-length") {
            if value.parse::<u64>().ok() != Some(payload.len() as u64) {
                return Err(format!(
                    "payload size does not match the announced content-length ({} != {value})",
                    payload.len()
                ));
            }
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("chunk-encoded payload not supported".to_owned());
        } else {
            headers.push((field.name.to_owned(), value.to_owned()));
        }
    }
    Ok(ErrorReply {
        status,
        reason: response.reason.unwrap_or("").to_owned(),
        headers,
        body: Arc::from(payload),
        silent: false,
        made: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_whole_response() {
        let text = b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nhey";
        let reply = parse_error_file(text).unwrap();
        assert_eq!((reply.status, reply.reason.as_str()), (503, "Service Unavailable"));
        assert_eq!(reply.headers, [("Content-Type".to_owned(), "text/html".to_owned())]);
        assert_eq!(&*reply.body, b"hey");
        assert!(!reply.silent);
        assert_eq!(&*parse_error_file(b"HTTP/1.0 503 Busy\nA: b\n\nhey").unwrap().body, b"hey");
        assert_eq!(parse_error_file(b"HTTP/1.1 200\r\n\r\n").unwrap().reason, "");
    }

    #[test]
    fn silent_and_wrong_ones() {
        assert!(parse_error_file(b"").unwrap().silent);
        for (text, message) in [
            ("hello", "unable to parse headers (error offset: 0)"),
            (
                "HTTP/1.0 503 B\r\nContent-Length: 30\r\n\r\nhey",
                "payload size does not match the announced content-length (3 != 30)",
            ),
            ("HTTP/1.0 503 B\r\nTransfer-Encoding: chunked\r\n\r\n", "chunk-encoded payload not supported"),
        ] {
            assert_eq!(parse_error_file(text.as_bytes()).unwrap_err(), message);
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse_error_file(&bytes);
        }
    }
}
