//! The rustls configuration of a `server ... ssl` line.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::{Resumption, Tls12Resumption};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::alpn_list;
use super::error::TlsConfigError;
use super::parameters::{Parameters, Side};
use super::verify::{DangerousVerifyNone, VerifyRequired};
use crate::config::model::ServerSsl;

/// What is needed to open TLS to one server.
#[derive(Clone, Debug)]
pub struct TlsClientConfig {
    /// Verification, protocols and the sessions to resume.
    pub config: Arc<ClientConfig>,
    /// The name sent as SNI; an address sends none.
    pub name: ServerName<'static>,
}

impl TlsClientConfig {
    /// Whether the server is told whom it is asked for (SNI).
    pub(crate) fn sends_name(&self) -> bool {
        matches!(self.name, ServerName::DnsName(_))
    }
}

/// Builds the configuration of a `server` line. Each server has its own: sessions never cross servers.
pub fn client_config(ssl: &ServerSsl) -> Result<TlsClientConfig, TlsConfigError> {
    let host = |keyword, name: &Option<String>| match name {
        None => Ok(None),
        Some(name) => ServerName::try_from(name.clone())
            .map(Some)
            .map_err(|_| TlsConfigError::HostName { keyword, name: name.clone() }),
    };
    let sni = host("sni", &ssl.sni)?;
    let Parameters { versions, provider } = Parameters::new(&ssl.options, Side::Server)?;
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions)?.dangerous();
    let builder = if ssl.verify {
        let file = ssl.ca_file.as_ref().ok_or(TlsConfigError::NoCaFile)?;
        let verifyhost = host("verifyhost", &ssl.verifyhost)?;
        let verifier = VerifyRequired { roots: authorities(file)?, host: sni.clone().or(verifyhost), provider };
        builder.with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_custom_certificate_verifier(Arc::new(DangerousVerifyNone { provider }))
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = alpn_list(&ssl.alpn);
    config.resumption = match &ssl.options {
        options if options.no_reuse => Resumption::disabled(),
        options if options.no_tickets => {
            Resumption::in_memory_sessions(64).tls12_resumption(Tls12Resumption::SessionIdOnly)
        }
        _ => Resumption::in_memory_sessions(64),
    };
    config.enable_sni = sni.is_some();
    // Without SNI the name only keys the sessions of this one server.
    let name = sni.unwrap_or_else(|| ServerName::from(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    Ok(TlsClientConfig { config: Arc::new(config), name })
}

/// Certificate authorities of `ca-file`.
fn authorities(path: &Path) -> Result<RootCertStore, TlsConfigError> {
    let bad = |detail: String| TlsConfigError::CaFile { path: path.to_owned(), detail };
    let text = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => bad("No such file or directory".to_owned()),
        _ => bad(error.to_string()),
    })?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| bad(format!("not PEM: {error}")))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("no certificate or crl found".to_owned()));
    }
    Ok(roots)
}
