//! The handshake with a client.

use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::error::TlsError;
use super::info::TlsInfo;
use crate::transport::{Socket, Transport};

/// Does the handshake on an accepted socket. The timeout is the caller's; a dropped future closes the socket.
///
/// Shutting the transport down sends close_notify first.
pub async fn accept(config: &Arc<ServerConfig>, socket: Socket) -> Result<(Transport, TlsInfo), TlsError> {
    let stream = TlsAcceptor::from(Arc::clone(config)).accept(socket).await?;
    let (_, session) = stream.get_ref();
    let info = TlsInfo::new(session, session.server_name());
    Ok((Transport::TlsServer(Box::new(stream)), info))
}
