//! Websockets and other upgrades where one side speaks HTTP/2 (RFC 8441): what the handshake of one version is in the
//! other, and its answer on the way back. Inside a stream they are what HTTP/1 says: a GET with `Upgrade`, and 101.

use std::future::poll_fn;
use std::rc::Rc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Stream;
use super::error::{End, Kind, StreamError};
use crate::balance::random;
use crate::connect::{Connector, Link, ServerConn, within};
use crate::http::h1::framing::list;
use crate::http::message::{Head, Version};
use crate::log::Stage;
use crate::worker::timer::Timer;

/// What the key of a handshake is hashed with (RFC 6455, section 4.2.2).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

impl Stream<'_> {
    /// Whether the client asks for a websocket.
    pub(super) fn is_websocket(&self) -> bool {
        self.framing.websocket && self.framing.upgrade
    }

    /// What the client wants the connection to be for, the first of it where there are several.
    pub(super) fn upgrades_to(&self) -> Option<&[u8]> {
        if self.framing.upgrade { self.request.values("upgrade").flat_map(list).next() } else { None }
    }

    /// Waits for the settings of a server that speaks HTTP/2, which say whether it knows upgrades. Where it does not, a
    /// client of HTTP/1 that asks for anything but a websocket gets what it would get without asking.
    ///
    /// # Errors
    /// It does not, which is an answer that is none; or they do not come.
    pub(super) async fn settle(
        &mut self,
        connector: &Connector<'_>,
        link: &Link,
        timer: &mut Timer,
    ) -> Result<(), StreamError> {
        let ServerConn::H2 { client, .. } = &link.conn else { return Ok(()) };
        let client = Rc::clone(client);
        let settled = poll_fn(|cx| client.borrow_mut().poll_settled(cx));
        match within(timer, connector.connect_deadline(), settled).await {
            Some(Ok(true)) => Ok(()),
            Some(Ok(false)) if !self.framing.websocket && self.request.version() != Version::Http2 => {
                self.framing.upgrade = false;
                Ok(())
            }
            Some(Ok(false)) => Err(StreamError::new(End::Server, Stage::Headers, Kind::Malformed)),
            Some(Err(_)) => Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed)),
            None => Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)),
        }
    }

    /// Gives a websocket's handshake that came over HTTP/2, where it has none, the key that one of HTTP/1 must have.
    pub(super) fn add_websocket_key(&mut self) {
        if !self.is_websocket() || self.request.value("sec-websocket-key").is_some() {
            return;
        }
        // It is no secret, and proves no more than that a handshake was read (RFC 6455, section 10.3).
        let key = [random(), random()].map(u64::to_ne_bytes);
        self.request.add(b"sec-websocket-key", STANDARD.encode(key.as_flattened()).as_bytes());
    }

    /// Whether a server of HTTP/1 has read the handshake of a client that does not look at it, as its 101 proves.
    pub(super) fn proves_handshake(&self) -> bool {
        if self.request.version() != Version::Http2 || !self.is_websocket() || self.response.status() != 101 {
            return true;
        }
        let key = self.request.value("sec-websocket-key").unwrap_or_default();
        self.response.value("sec-websocket-accept") == Some(accept_of(key).as_bytes())
    }

    /// Makes of a server's 2xx what HTTP/1 says in its place.
    pub(super) fn accept_upgrade(&mut self) {
        let protocol = self.upgrades_to().unwrap_or_default();
        let mut head = Head::response(101, b"Switching Protocols", Version::Http2);
        for (name, value) in self.response.fields() {
            if !matches!(name, b"content-length" | b"sec-websocket-accept") {
                head.add(name, value);
            }
        }
        head.add(b"connection", b"upgrade");
        head.add(b"upgrade", protocol);
        if let (true, Some(key)) =
            (protocol.eq_ignore_ascii_case(b"websocket"), self.request.value("sec-websocket-key"))
        {
            head.add(b"sec-websocket-accept", accept_of(key).as_bytes());
        }
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
