//! The handshake with a server.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::client_config::TlsClientConfig;
use super::error::TlsError;
use super::info::TlsInfo;
use crate::transport::{Socket, Transport};

/// Does the handshake on a connected socket. The timeout is the caller's; a dropped future closes the socket.
///
/// Shutting the transport down sends close_notify first.
pub async fn connect(server: &TlsClientConfig, socket: Socket) -> Result<(Transport, TlsInfo), TlsError> {
    let stream = TlsConnector::from(Arc::clone(&server.config)).connect(server.name.clone(), socket).await?;
    let (_, session) = stream.get_ref();
    let sni = match &server.name {
        ServerName::DnsName(name) => Some(name.as_ref()),
        _ => None,
    };
    let info = TlsInfo::new(session, sni);
    Ok((Transport::TlsClient(Box::new(stream)), info))
}
