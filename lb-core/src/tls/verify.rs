//! How a server's certificate is judged (configuration.txt, section 5.2, `verify`, `verifyhost`).

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate;

/// `verify required`: the chain must end at `ca-file`, and the name must match where one is known.
#[derive(Debug)]
pub(super) struct VerifyRequired {
    pub(super) roots: RootCertStore,
    /// The name to look for: `sni`, else `verifyhost`; without both any name will do.
    pub(super) host: Option<ServerName<'static>>,
    pub(super) provider: Arc<CryptoProvider>,
}

/// `verify none`: DANGEROUS, anyone between here and the server can read and change everything.
#[derive(Debug)]
pub(super) struct DangerousVerifyNone {
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for VerifyRequired {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)?;
        if let Some(host) = &self.host {
            match rustls::client::verify_server_name(&parsed, host) {
                Ok(()) => {}
                Err(_) if common_name_matches(end_entity, host) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// HAProxy looks at the common name too; private authorities still issue certificates with nothing else.
fn common_name_matches(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> bool {
    let ServerName::DnsName(host) = host else { return false };
    let host = host.as_ref().to_ascii_lowercase();
    certificate::names(certificate).unwrap_or_default().iter().any(|name| match name.strip_prefix('*') {
        Some(rest) => host.find('.').and_then(|dot| host.get(dot..)).is_some_and(|tail| tail == rest),
        None => *name == host,
    })
}

impl ServerCertVerifier for DangerousVerifyNone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // The peer must at least own the certificate that it shows.
        match verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms) {
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                Err(CertificateError::BadSignature.into())
            }
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms) {
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                Err(CertificateError::BadSignature.into())
            }
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
