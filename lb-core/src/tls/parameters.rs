//! What a `bind` or `server` line says of versions, ciphers and curves, as rustls wants it (configuration.txt, sections
//! 5.1 and 5.2).

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use thiserror::Error;

use super::{cipher_string, provider};
use crate::config::{TlsOptions, TlsVersion};

/// Which side of a connection this program is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `bind`: clients connect.
    Listener,
    /// `server`: it connects itself.
    Server,
}

impl Side {
    /// The oldest version where nothing is said.
    fn oldest(self) -> TlsVersion {
        match self {
            Self::Listener => TlsVersion::Tls12,
            Self::Server => TlsVersion::Tls10,
        }
    }
}

/// Versions and algorithms of a line.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) provider: Arc<CryptoProvider>,
}

/// Why there are none; the texts are HAProxy's but for [`ParameterError::OldVersions`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// No version is left.
    #[error("all SSL/TLS versions are disabled")]
    NoVersion,
    /// Only versions are left that are not there.
    #[error("TLSv1.2 and TLSv1.3 are disabled, and older versions are not supported")]
    OldVersions,
    /// `ciphers`.
    #[error("unable to set SSL cipher list to '{0}'")]
    Ciphers(String),
    /// `ciphersuites`.
    #[error("unable to set TLS 1.3 cipher suites to '{0}'")]
    Ciphersuites(String),
    /// `curves`.
    #[error("unable to set SSL curves list to '{0}'")]
    Curves(String),
    /// `ecdhe`.
    #[error("unable to set elliptic named curve to '{0}'")]
    Ecdhe(String),
}

/// What is said of versions that cannot be meant so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionWarning {
    /// `no-*` beside `ssl-min-ver`, `ssl-max-ver` or `force-*`.
    Ignored,
    /// `ssl-max-ver` below what `ssl-min-ver` is by default.
    Ambiguous(TlsVersion),
    /// A version between others is left out.
    Hole(TlsVersion),
    /// Versions before TLS 1.2 are asked for.
    Old,
}

/// The versions that a line enables, those that are not there included.
pub(crate) fn versions(options: &TlsOptions, side: Side) -> (Vec<TlsVersion>, Vec<VersionWarning>) {
    let mut warnings = Vec::new();
    let TlsOptions { min_version: min, max_version: max, without, .. } = options;
    let mut enabled: Vec<_> = TlsVersion::ALL.into_iter().filter(|version| *version > TlsVersion::Ssl30).collect();
    if min.is_some() || max.is_some() {
        if !without.is_empty() {
            warnings.push(VersionWarning::Ignored);
        }
        let oldest = match (min, max) {
            (Some(min), _) => *min,
            (None, Some(max)) if side == Side::Listener && *max < side.oldest() => {
                warnings.push(VersionWarning::Ambiguous(*max));
                *max
            }
            (None, _) => side.oldest(),
        };
        enabled.retain(|version| *version >= oldest && max.is_none_or(|max| *version <= max));
    } else {
        enabled.retain(|version| *version >= side.oldest());
        let outside = |version: &TlsVersion| without.contains(version);
        let first = enabled.iter().position(|version| !outside(version));
        let last = enabled.iter().rposition(|version| !outside(version));
        let inside = first.zip(last).and_then(|(first, last)| enabled.get(first..last)).unwrap_or_default();
        if let Some(hole) = inside.iter().rev().find(|version| outside(version)).copied() {
            warnings.push(VersionWarning::Hole(hole));
            enabled.retain(|version| *version > hole);
        }
        enabled.retain(|version| !outside(version));
    }
    if (side == Side::Listener || min.is_some()) && enabled.iter().any(|version| *version < TlsVersion::Tls12) {
        warnings.push(VersionWarning::Old);
    }
    (enabled, warnings)
}

impl Parameters {
    /// Of a line, whose options have their defaults in place.
    ///
    /// # Errors
    /// No version, suite or curve that is there is left.
    pub(crate) fn new(options: &TlsOptions, side: Side) -> Result<Self, ParameterError> {
        let (enabled, _) = versions(options, side);
        let mut versions = Vec::new();
        if enabled.contains(&TlsVersion::Tls13) {
            versions.push(&rustls::version::TLS13);
        }
        if enabled.contains(&TlsVersion::Tls12) {
            versions.push(&rustls::version::TLS12);
        }
        match (enabled.is_empty(), versions.is_empty()) {
            (true, _) => return Err(ParameterError::NoVersion),
            (_, true) => return Err(ParameterError::OldVersions),
            _ => {}
        }
        let mut suites = match &options.ciphersuites {
            None => cipher_string::tls13_default(),
            Some(list) => cipher_string::tls13(list).ok_or_else(|| ParameterError::Ciphersuites(list.clone()))?.suites,
        };
        suites.extend(match &options.ciphers {
            None => cipher_string::tls12_default(),
            Some(list) => cipher_string::tls12(list).ok_or_else(|| ParameterError::Ciphers(list.clone()))?.suites,
        });
        let mut provider = CryptoProvider::clone(&provider());
        provider.cipher_suites = suites;
        match (&options.curves, &options.ecdhe) {
            (Some(list), _) => {
                provider.kx_groups = curves(list).ok_or_else(|| ParameterError::Curves(list.clone()))?.groups;
            }
            (None, Some(name)) => {
                provider.kx_groups = curves(name)
                    .filter(|_| !name.contains(':'))
                    .ok_or_else(|| ParameterError::Ecdhe(name.clone()))?
                    .groups;
            }
            (None, None) => {}
        }
        Ok(Self { versions, provider: Arc::new(provider) })
    }
}

/// What a list of curves says.
#[derive(Debug)]
pub(crate) struct Curves {
    groups: Vec<&'static dyn SupportedKxGroup>,
    /// Groups that OpenSSL knows and that are not there.
    pub(crate) missing: Vec<String>,
}

/// Groups that OpenSSL 3.0 has and aws-lc-rs has not, in small letters; besides all that begin with [`MISSING_FAMILIES`].
const MISSING_GROUPS: [&str; 8] =
    ["x448", "p-192", "p-224", "p-521", "secp521r1", "prime192v1", "secp224r1", "secp256k1"];
const MISSING_FAMILIES: [&str; 4] = ["brainpoolp", "ffdhe", "sect", "secp1"];

/// The groups that a list separated by colons names; `None` where it names none that is there, one that nobody knows, or
/// one twice.
pub(crate) fn curves(list: &str) -> Option<Curves> {
    let mut curves = Curves { groups: Vec::new(), missing: Vec::new() };
    for name in list.split(':') {
        let group = match &*name.to_ascii_lowercase() {
            "x25519" => kx_group::X25519,
            "p-256" | "prime256v1" | "secp256r1" => kx_group::SECP256R1,
            "p-384" | "secp384r1" => kx_group::SECP384R1,
            "x25519mlkem768" => kx_group::X25519MLKEM768,
            other
                if MISSING_GROUPS.contains(&other)
                    || MISSING_FAMILIES.iter().any(|family| other.starts_with(family)) =>
            {
                curves.missing.push(name.to_owned());
                continue;
            }
            _ => return None,
        };
        if curves.groups.iter().any(|known| known.name() == group.name()) {
            return None;
        }
        curves.groups.push(group);
    }
    (!curves.groups.is_empty()).then_some(curves)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use TlsVersion::*;

    fn options(min: Option<TlsVersion>, max: Option<TlsVersion>, without: &[TlsVersion]) -> TlsOptions {
        TlsOptions { min_version: min, max_version: max, without: without.to_vec(), ..TlsOptions::default() }
    }

    #[test]
    fn versions_are_those_of_haproxy() {
        use VersionWarning::*;
        let front = Side::Listener;
        for (side, min, max, without, enabled, warnings) in [
            (front, None, None, &[][..], &[Tls12, Tls13][..], &[][..]),
            (front, Some(Tls13), None, &[], &[Tls13], &[]),
            (front, Some(Tls10), None, &[], &[Tls10, Tls11, Tls12, Tls13], &[Old]),
            (front, None, Some(Tls11), &[], &[Tls11], &[Ambiguous(Tls11), Old]),
            (front, None, Some(Tls12), &[Tls11], &[Tls12], &[Ignored]),
            (front, Some(Tls13), Some(Tls12), &[], &[], &[]),
            (front, None, None, &[Tls12], &[Tls13], &[]),
            (front, None, None, &[Tls12, Tls13], &[], &[]),
            (front, None, None, &[Tls10, Tls11], &[Tls12, Tls13], &[]),
            (front, Some(Ssl30), Some(Ssl30), &[], &[], &[]),
            (Side::Server, None, None, &[], &[Tls10, Tls11, Tls12, Tls13], &[]),
            (Side::Server, None, None, &[Tls12], &[Tls13], &[Hole(Tls12)]),
            (Side::Server, None, None, &[Tls10, Tls12], &[Tls13], &[Hole(Tls12)]),
            (Side::Server, None, None, &[Tls10, Tls13], &[Tls11, Tls12], &[]),
            (Side::Server, None, Some(Tls11), &[], &[Tls10, Tls11], &[]),
            (Side::Server, Some(Tls10), Some(Tls12), &[], &[Tls10, Tls11, Tls12], &[Old]),
        ] {
            let said = options(min, max, without);
            assert_eq!(versions(&said, side), (enabled.to_vec(), warnings.to_vec()), "{said:?}");
        }
    }

    #[test]
    fn what_leaves_nothing_is_refused() {
        let parameters = |options: &TlsOptions| Parameters::new(options, Side::Listener).map(|_| ());
        assert_eq!(parameters(&TlsOptions::default()), Ok(()));
        assert_eq!(parameters(&options(Some(Tls13), Some(Tls12), &[])), Err(ParameterError::NoVersion));
        assert_eq!(parameters(&options(Some(Tls10), Some(Tls11), &[])), Err(ParameterError::OldVersions));
        let curves = |list: &str| parameters(&TlsOptions { curves: Some(list.to_owned()), ..TlsOptions::default() });
        for good in ["X25519", "x25519:prime256v1:P-384", "P-521:P-256", "X25519MLKEM768:X25519"] {
            assert_eq!(curves(good), Ok(()), "{good}");
        }
        for bad in ["", "bogus", "X25519:bogus", "X25519,P-256", "P-256:secp256r1", "P-521", "X25519:"] {
            assert_eq!(curves(bad), Err(ParameterError::Curves(bad.to_owned())), "{bad}");
        }
        let ecdhe = |name: &str| parameters(&TlsOptions { ecdhe: Some(name.to_owned()), ..TlsOptions::default() });
        assert_eq!(ecdhe("secp384r1"), Ok(()));
        assert_eq!(ecdhe("X25519:P-256"), Err(ParameterError::Ecdhe("X25519:P-256".to_owned())));
    }
}
