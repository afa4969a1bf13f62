//! Chooses the certificate for a client by the name it asks for (configuration.txt, section 5.1, `crt`).

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::certificate::Certificate;

/// Certificates of a `bind` line: exact names, then wildcards, then the first one loaded.
#[derive(Debug)]
pub(super) struct CertificatesBySni {
    /// By name in lower case; a wildcard is under what follows its star.
    exact: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    wildcard: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    default: Option<Arc<CertifiedKey>>,
}

impl CertificatesBySni {
    /// With `strict`, a client without a matching name gets none (`strict-sni`).
    pub(super) fn new(certificates: &[Certificate], strict: bool) -> Self {
        let mut exact: HashMap<Box<str>, Vec<_>> = HashMap::new();
        let mut wildcard: HashMap<Box<str>, Vec<_>> = HashMap::new();
        for certificate in certificates {
            for name in &certificate.names {
                let (table, name) = match name.strip_prefix('*') {
                    Some(rest) => (&mut wildcard, rest),
                    None => (&mut exact, name.as_str()),
                };
                table.entry(name.into()).or_default().push(Arc::clone(&certificate.key));
            }
        }
        let default = certificates.first().filter(|_| !strict).map(|first| Arc::clone(&first.key));
        Self { exact, wildcard, default }
    }

    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let found = name.and_then(|name| {
            let name = name.trim_end_matches('.');
            let lower;
            let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                lower = name.to_ascii_lowercase();
                lower.as_str()
            } else {
                name
            };
            let wild = || self.wildcard.get(name.get(name.find('.')?..)?);
            self.exact.get(name).or_else(wild)
        });
        match found {
            Some(keys) => best(keys, schemes),
            None => self.default.clone(),
        }
    }
}

thread_local! {
    /// The name of the last client hello: the unbuffered API of rustls does not tell it.
    static ASKED: Cell<Option<Box<str>>> = const { Cell::new(None) };
}

/// The name asked for by the client whose hello was just read on this thread.
pub(super) fn take_asked() -> Option<Box<str>> {
    ASKED.take()
}

/// Of the certificates for one name the one whose key this client can verify, ECDSA first.
fn best(keys: &[Arc<CertifiedKey>], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
    let usable = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
    keys.iter()
        .filter(|key| key.key.algorithm() == SignatureAlgorithm::ECDSA)
        .find(usable)
        .or_else(|| keys.iter().find(usable))
        .or_else(|| keys.first())
        .map(Arc::clone)
}

impl ResolvesServerCert for CertificatesBySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        ASKED.set(hello.server_name().map(Into::into));
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}
