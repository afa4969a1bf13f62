//! Websockets to servers over HTTP/2 (RFC 8441): what a handshake of HTTP/1 is there, and its answer on the way back.

use std::future::poll_fn;
use std::rc::Rc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Stream;
use super::error::{End, Kind, StreamError};
use crate::connect::{Connector, Link, ServerConn, within};
use crate::http::message::{Head, Version};
use crate::log::Stage;
use crate::worker::timer::Timer;

/// What the key of a handshake is hashed with (RFC 6455, section 4.2.2).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

impl Stream<'_> {
    /// Whether the client asks for a websocket, as HTTP/1 does.
    pub(super) fn is_websocket(&self) -> bool {
        self.framing.websocket && self.framing.upgrade
    }

    /// Waits for the settings of a server that speaks HTTP/2, which say whether it knows websockets.
    ///
    /// # Errors
    /// It does not, which is an answer that is none; or they do not come.
    pub(super) async fn settle(
        &self,
        connector: &Connector<'_>,
        link: &Link,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let ServerConn::H2 { client, .. } = &link.conn else { return Ok(()) };
        let client = Rc::clone(client);
        let settled = poll_fn(|cx| client.borrow_mut().poll_settled(cx));
        match within(timer, connector.connect_deadline(), settled).await {
            Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(StreamError::new(End::Server, Stage::Headers, Kind::Malformed)),
            Some(Err(_)) => Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed)),
            None => Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)),
        }
    }

    /// Makes of a server's 2xx what HTTP/1 says in its place.
    pub(super) fn accept_websocket(&mut self) {
        let key = self.request.value("sec-websocket-key").unwrap_or_default();
        let mut head = Head::response(101, b"Switching Protocols", Version::Http2);
        for (name, value) in self.response.fields() {
            if !matches!(name, b"content-length" | b"sec-websocket-accept") {
                head.add(name, value);
            }
        }
        head.add(b"connection", b"upgrade");
        head.add(b"upgrade", b"websocket");
        head.add(b"sec-websocket-accept", accept_of(key).as_bytes());
        self.response = head;
    }
}

/// The proof that a handshake was read (RFC 6455, section 4.2.2).
fn accept_of(key: &[u8]) -> String {
    let text = [key.trim_ascii(), GUID].concat();
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
