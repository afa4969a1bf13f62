//! Loads `crt`: PEM files with chain and key, the key in a file beside it, bundles, and directories
//! (configuration.txt, section 5.1, `crt`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::error::TlsConfigError;
use super::provider;

/// A certificate with its key and the names it stands for.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Where it was read from.
    pub path: PathBuf,
    /// Chain and key.
    pub key: Arc<CertifiedKey>,
    /// Common names and DNS names, in lower case; wildcards keep their star.
    pub names: Vec<String>,
}

/// Loads everything one `crt` argument stands for, in HAProxy's order.
pub fn load(path: &Path) -> Result<Vec<Certificate>, TlsConfigError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => directory(path)?.iter().map(|file| load_file(file)).collect(),
        Ok(_) => Ok(vec![load_file(path)?]),
        Err(source) => {
            let bundle: Vec<PathBuf> =
                BUNDLE.iter().map(|kind| with_suffix(path, kind)).filter(|file| file.is_file()).collect();
            if bundle.is_empty() {
                return Err(TlsConfigError::Stat { path: path.to_owned(), source });
            }
            bundle.iter().map(|file| load_file(file)).collect()
        }
    }
}

/// Suffixes of the files of a bundle.
const BUNDLE: [&str; 3] = [".rsa", ".dsa", ".ecdsa"];
/// Files of a directory that belong to another file.
const RESERVED: [&str; 4] = [".key", ".issuer", ".ocsp", ".sctl"];

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Files of a directory that are certificates, in alphabetic order.
fn directory(path: &Path) -> Result<Vec<PathBuf>, TlsConfigError> {
    let failed = |source| TlsConfigError::Scan { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        let skipped = bytes.starts_with(b".") || RESERVED.iter().any(|suffix| bytes.ends_with(suffix.as_bytes()));
        if !skipped && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Loads one PEM file, and the key beside it where it has none.
fn load_file(path: &Path) -> Result<Certificate, TlsConfigError> {
    let bad = |detail: String| TlsConfigError::Certificate { path: path.to_owned(), detail };
    let text = fs::read(path).map_err(|source| bad(source.to_string()))?;
    let mut chain = Vec::new();
    let mut key = None;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&text) {
        let (kind, der) = section.map_err(|error| bad(format!("not PEM: {error}")))?;
        match kind {
            SectionKind::Certificate => chain.push(CertificateDer::from(der)),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey if key.is_none() => {
                key = PrivateKeyDer::from_pem(kind, der);
            }
            _ => {}
        }
    }
    let Some(leaf) = chain.first() else { return Err(bad("no certificate in it".to_owned())) };
    let names = names(leaf).ok_or_else(|| bad("its certificate cannot be parsed".to_owned()))?;
    let key = match key {
        Some(key) => key,
        None => key_beside(path)?,
    };
    let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsConfigError::Mismatch { path: path.to_owned() },
        other => TlsConfigError::Key { path: path.to_owned(), detail: other.to_string() },
    })?;
    Ok(Certificate { path: path.to_owned(), key: Arc::new(key), names })
}

fn key_beside(path: &Path) -> Result<PrivateKeyDer<'static>, TlsConfigError> {
    let path = with_suffix(path, ".key");
    match fs::read(&path) {
        Ok(text) => PrivateKeyDer::from_pem_slice(&text).map_err(|_| TlsConfigError::NoKey { path }),
        Err(_) => Err(TlsConfigError::NoKey { path }),
    }
}

/// Common names and DNS names of a certificate; `None` when it is not one.
pub(super) fn names(der: &CertificateDer<'_>) -> Option<Vec<String>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let mut names: Vec<String> = Vec::new();
    for name in common.chain(alternative) {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(names)
}
