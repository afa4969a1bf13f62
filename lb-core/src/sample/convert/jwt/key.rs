//! Public keys of `jwt_verify`. They are read while the configuration is, and found by their path later, so that a path
//! in a variable costs no access to the disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, VerificationAlgorithm,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

/// A signature with a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

impl Signature {
    const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];

    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Rs256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }

    /// The bytes that a signature has at least: those of both numbers of a curve.
    pub(super) fn shortest(self) -> usize {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => 0,
            Self::Es256 => 64,
            Self::Es384 => 96,
            Self::Es512 => 132,
        }
    }
}

/// A public key, ready for each signature that it can be used with.
#[derive(Debug)]
pub(super) struct PublicKey([Option<ParsedPublicKey>; 6]);

/// No key is longer than this, in bytes of its file.
const LONGEST: u64 = 1 << 20;

impl PublicKey {
    /// From a file in PEM: a public key or a certificate.
    fn read(path: &Path) -> Option<Self> {
        // A pipe might never end.
        let metadata = std::fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return None;
        }
        Self::parse(&std::fs::read(path).ok()?)
    }

    pub(super) fn parse(pem: &[u8]) -> Option<Self> {
        let der = match SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            Ok(key) => key.as_ref().to_vec(),
            Err(_) => {
                let certificate = CertificateDer::from_pem_slice(pem).ok()?;
                x509_parser::parse_x509_certificate(&certificate).ok()?.1.public_key().raw.to_vec()
            }
        };
        let keys = Signature::ALL.map(|signature| ParsedPublicKey::new(signature.algorithm(), &*der).ok());
        keys.iter().any(Option::is_some).then_some(Self(keys))
    }

    /// Whether a signature is that of a message; not where it is for keys of another kind.
    pub(super) fn verify(&self, signature: Signature, message: &[u8], bytes: &[u8]) -> bool {
        let key = self.0.get(signature as usize).and_then(Option::as_ref);
        key.is_some_and(|key| key.verify_sig(message, bytes).is_ok())
    }
}

type Keys = HashMap<Box<str>, Arc<PublicKey>>;

static KEYS: LazyLock<ArcSwap<Keys>> = LazyLock::new(ArcSwap::default);

/// Reads the key of a path that a configuration mentions; none where the file has none.
pub(super) fn load(name: &str, path: &Path) -> Option<Arc<PublicKey>> {
    let key = Arc::new(PublicKey::read(path)?);
    KEYS.rcu(|keys| {
        let mut keys = Keys::clone(keys);
        keys.insert(name.into(), Arc::clone(&key));
        keys
    });
    Some(key)
}

/// The key of a path that some configuration has mentioned.
pub(super) fn find(path: &str) -> Option<Arc<PublicKey>> {
    KEYS.load().get(path).cloned()
}
