//! Errors of TLS: what is wrong with a certificate file, and why a handshake failed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::ParameterError;
use crate::config::files::reason;

/// Why a `bind` or `server` line cannot have its TLS; the texts are HAProxy's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// The file of `crt` is not there.
    #[error("unable to stat SSL certificate from file '{}' : {}", .path.display(), reason(.source))]
    Stat {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory of `crt` cannot be listed.
    #[error("unable to scan directory '{}' : {}", .path.display(), reason(.source))]
    Scan {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds no certificate that can be read.
    #[error("unable to load certificate from file '{}' : {detail}.", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Neither the file nor the one beside it holds a private key.
    #[error("No Private Key found in '{}'.", .path.display())]
    NoKey {
        /// The `.key` file, which was looked at last.
        path: PathBuf,
    },
    /// The private key cannot be used.
    #[error("unable to load private key from file '{}' : {detail}.", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Key and certificate do not belong together.
    #[error("inconsistencies between private key and certificate loaded '{}'.", .path.display())]
    Mismatch {
        /// The file of the certificate.
        path: PathBuf,
    },
    /// `ssl` without any certificate.
    #[error("no SSL certificate specified (use 'crt').")]
    NoCertificate,
    /// The file of `ca-file` cannot be used.
    #[error("Couldn't open the ca-file '{}' ({detail}).", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// `verify required` without `ca-file`.
    #[error(
        "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to \
         trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use \
         'ssl-server-verify none' in the global section to disable server-side verifications by default."
    )]
    NoCaFile,
    /// `sni` or `verifyhost` is not a host name.
    #[error("'{keyword}' : invalid host name '{name}'")]
    HostName {
        /// The keyword.
        keyword: &'static str,
        /// Its argument.
        name: String,
    },
    /// Versions, ciphers or curves leave nothing to offer.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The library refuses the whole.
    #[error("TLS configuration: {0}")]
    Library(#[from] rustls::Error),
}

/// Why a handshake failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer closed or the network broke before the handshake was over.
    #[error("connection closed during the TLS handshake: {0}")]
    Closed(#[source] io::Error),
    /// Both sides did not agree, or the certificate was refused.
    #[error("TLS handshake failure: {0}")]
    Handshake(#[source] rustls::Error),
    /// The server's certificate was refused by `verify required`.
    #[error("server certificate refused: {0}")]
    Certificate(#[source] rustls::Error),
}

impl TlsError {
    /// Whether the server's certificate is for another name than the one that was asked for.
    pub fn is_other_name(&self) -> bool {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        let Self::Certificate(rustls::Error::InvalidCertificate(why)) = self else { return false };
        matches!(why, NotValidForName | NotValidForNameContext { .. })
    }
}

impl From<io::Error> for TlsError {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(refused @ rustls::Error::InvalidCertificate(_)) => Self::Certificate(refused.clone()),
            Some(other) => Self::Handshake(other.clone()),
            None => Self::Closed(error),
        }
    }
}
