//! The handshake with a server.

use std::future::poll_fn;
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;

use super::client_config::TlsClientConfig;
use super::error::TlsError;
use super::info::TlsInfo;
use super::stream::{Session, TlsStream};
use crate::transport::{Socket, Transport};

/// Does the handshake on a connected socket. The timeout is the caller's; a dropped future closes the socket.
///
/// Shutting the transport down sends close_notify first.
pub async fn connect(server: &TlsClientConfig, socket: Socket) -> Result<(Transport, TlsInfo), TlsError> {
    let session = UnbufferedClientConnection::new(Arc::clone(&server.config), server.name.clone())
        .map_err(TlsError::Handshake)?;
    let mut stream = Box::new(TlsStream::new(socket, session));
    poll_fn(|cx| stream.poll_handshake(cx)).await?;
    let sni = match &server.name {
        ServerName::DnsName(name) => Some(name.as_ref()),
        _ => None,
    };
    let info = TlsInfo::new(stream.session().state(), sni);
    Ok((Transport::TlsClient(stream), info))
}
