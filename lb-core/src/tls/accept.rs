//! The handshake with a client.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;

use super::client_hello;
use super::error::TlsError;
use super::info::TlsInfo;
use super::sni;
use super::stream::{Session, TlsStream};
use crate::transport::{Socket, Transport};

/// Does the handshake on an accepted socket. The timeout is the caller's; a dropped future closes the socket.
///
/// Shutting the transport down sends close_notify first.
pub async fn accept(config: &Arc<ServerConfig>, socket: Socket) -> Result<(Transport, TlsInfo), TlsError> {
    let session = UnbufferedServerConnection::new(Arc::clone(config)).map_err(TlsError::Handshake)?;
    let mut stream = Box::new(TlsStream::new(socket, session));
    if !config.alpn_protocols.is_empty() {
        let other = Cell::new(false);
        let judge = |records: &[u8]| match client_hello::nothing_in_common(records, &config.alpn_protocols) {
            Some(nothing) => {
                other.set(nothing);
                true
            }
            None => false,
        };
        poll_fn(|cx| stream.poll_peek(cx, judge)).await?;
        if other.get() {
            let mut config = ServerConfig::clone(config);
            config.alpn_protocols.clear();
            let session = UnbufferedServerConnection::new(Arc::new(config)).map_err(TlsError::Handshake)?;
            stream.replace_session(session);
        }
    }
    let mut name = None;
    poll_fn(|cx| {
        let outcome = stream.poll_handshake(cx);
        // The certificate is chosen within one poll: the name is this client's.
        name = sni::take_asked().or_else(|| name.take());
        outcome
    })
    .await?;
    let info = TlsInfo::new(stream.session().state(), name.as_deref());
    Ok((Transport::TlsServer(stream), info))
}
