//! The rustls configuration of a `bind ... ssl` line.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::ticketer::TicketRotator;

use super::alpn_list;
use super::certificate::{self, Certificate};
use super::error::TlsConfigError;
use super::parameters::{Parameters, Side};
use super::session_cache::SessionCache;
use super::sni::CertificatesBySni;
use crate::config::model::{BindSsl, GlobalSsl};

/// Builds the configuration of a `bind` line. Shared by all workers: tickets of one resume on any other.
pub fn server_config(ssl: &BindSsl, global: &GlobalSsl) -> Result<Arc<ServerConfig>, TlsConfigError> {
    let mut certificates: Vec<Certificate> = Vec::new();
    for path in &ssl.crt {
        certificates.extend(certificate::load(path)?);
    }
    if certificates.is_empty() {
        return Err(TlsConfigError::NoCertificate);
    }
    let resolver = CertificatesBySni::new(&certificates, ssl.strict_sni);
    let parameters = Parameters::new(&ssl.options, Side::Listener)?;
    let mut config = ServerConfig::builder_with_provider(parameters.provider)
        .with_protocol_versions(&parameters.versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = alpn_list(&ssl.alpn);
    config.ignore_client_order = !ssl.options.prefer_client_ciphers;
    if !ssl.options.no_tickets {
        config.ticketer = ticketer(global.lifetime.unwrap_or(LIFETIME))?;
    }
    config.session_storage = match global.cachesize.unwrap_or(CACHE_SIZE) {
        0 => Arc::new(NoServerSessionStorage {}),
        size => Arc::new(SessionCache::new(size as usize)),
    };
    config.max_fragment_size = None;
    Ok(Arc::new(config))
}

/// Default of `tune.ssl.cachesize`.
const CACHE_SIZE: u32 = 20000;
/// Default of `tune.ssl.lifetime`.
const LIFETIME: Duration = Duration::from_secs(300);

/// Tickets under keys that are replaced every `lifetime` and accepted once more as long.
fn ticketer(lifetime: Duration) -> Result<Arc<dyn ProducesTickets>, TlsConfigError> {
    let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX).clamp(1, MAX_TICKET_LIFETIME);
    let rotator = TicketRotator::new(seconds, || {
        let keys = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|_| rustls::crypto::GetRandomFailed)?;
        Ok(Box::new(Keys(keys)))
    })?;
    Ok(Arc::new(rotator))
}

/// RFC 8446, section 4.6.1: seven days.
const MAX_TICKET_LIFETIME: u32 = 604_800;

/// One generation of ticket keys.
#[derive(Debug)]
struct Keys(Arc<dyn ProducesTickets>);

impl ProducesTickets for Keys {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.0.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(cipher)
    }
}
