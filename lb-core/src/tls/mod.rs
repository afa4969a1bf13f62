//! Stage 1: TLS by rustls. Certificates by SNI for clients, verification of servers.
//!
//! [`server_config`] and [`client_config`] build rustls configurations once, at load time; [`accept`] and
//! [`connect`] turn a [`Socket`](crate::transport::Socket) into a [`Transport`](crate::transport::Transport). The
//! aws-lc-rs provider is always passed explicitly: nothing here touches the process-wide default, because several
//! instances live in one process.

mod accept;
pub mod certificate;
pub(crate) mod cipher_string;
mod client_config;
mod client_hello;
mod connect;
mod error;
mod info;
pub(crate) mod parameters;
mod server_config;
mod session_cache;
mod sni;
mod stream;
pub(crate) mod structure;
mod verify;

pub use accept::accept;
pub use client_config::{TlsClientConfig, client_config};
pub use connect::connect;
pub use error::{TlsConfigError, TlsError};
pub use info::{Alpn, TlsInfo};
pub use parameters::ParameterError;
pub use server_config::server_config;
pub use stream::{ClientTls, ServerTls, Session, TlsStream};

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;

/// The provider of every configuration of this library.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}

/// `alpn` as rustls wants it; empty names between commas are dropped, as HAProxy does.
fn alpn_list(names: &[String]) -> Vec<Vec<u8>> {
    names.iter().filter(|name| !name.is_empty()).map(|name| name.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests;
