//! Message digests and codes by the names that OpenSSL gives them.

use std::sync::Arc;

use aws_lc_rs::{constant_time, digest as fast, hmac as fast_hmac};
use hmac::digest::{Digest, block_api::BlockSizeUser};
use hmac::{KeyInit as _, Mac as _, SimpleHmac};

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("digest", SampleType::Bin, SampleType::Bin, digest)
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(|args, _| check_algorithm(args).map(drop)),
    Converter::new("hmac", SampleType::Bin, SampleType::Bin, hmac)
        .args(ArgSpec::all(&[ArgKind::Str, ArgKind::Str]))
        .check(check_hmac),
    Converter::new("sha1", SampleType::Bin, SampleType::Bin, |_, value, _| bytes(Algorithm::SHA1.digest(value.raw()?))),
    Converter::new("sha2", SampleType::Bin, SampleType::Bin, digest)
        .args(ArgSpec::of(0, &[ArgKind::Sint]))
        .check(check_sha2),
    Converter::new("secure_memcmp", SampleType::Bin, SampleType::Bool, secure_memcmp)
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(|args, _| argument::name_variable(args, 0)),
];

fn bytes<'a>(bytes: Vec<u8>) -> Option<Value<'a>> {
    Some(Value::Bin(bytes.into()))
}

/// How an algorithm is computed.
#[derive(Clone, Copy)]
enum Algorithm {
    /// By the library that does TLS.
    Fast(&'static fast::Algorithm, fast_hmac::Algorithm),
    /// Portably: the digest, and the code with a key.
    Portable(fn(&[u8]) -> Vec<u8>, fn(&[u8], &[u8]) -> Vec<u8>),
}

impl Algorithm {
    const SHA1: Self = Self::Fast(&fast::SHA1_FOR_LEGACY_USE_ONLY, fast_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
    const SHA224: Self = Self::Fast(&fast::SHA224, fast_hmac::HMAC_SHA224);
    const SHA256: Self = Self::Fast(&fast::SHA256, fast_hmac::HMAC_SHA256);
    const SHA384: Self = Self::Fast(&fast::SHA384, fast_hmac::HMAC_SHA384);
    const SHA512: Self = Self::Fast(&fast::SHA512, fast_hmac::HMAC_SHA512);

    const fn portable<D: Digest + BlockSizeUser>() -> Self {
        Self::Portable(
            |input| D::digest(input).to_vec(),
            |key, input| match SimpleHmac::<D>::new_from_slice(key) {
                Ok(mac) => mac.chain_update(input).finalize().into_bytes().to_vec(),
                Err(_) => Vec::new(),
            },
        )
    }

    fn digest(self, input: &[u8]) -> Vec<u8> {
        match self {
            Self::Fast(algorithm, _) => fast::digest(algorithm, input).as_ref().to_vec(),
            Self::Portable(digest, _) => digest(input),
        }
    }

    /// By its name in OpenSSL, in any case; those of signatures with a hash are names of the hash.
    fn find(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let signature = name.strip_prefix("rsa-").or_else(|| name.strip_prefix("id-rsassa-pkcs1-v1_5-with-"));
        let name = signature.or_else(|| name.strip_suffix("withrsaencryption")).unwrap_or(&name);
        Some(match name {
            "md5" | "ssl3-md5" => Self::portable::<md5::Md5>(),
            "sha1" | "sha-1" | "sha1-2" | "ssl3-sha1" => Self::SHA1,
            "sha224" | "sha-224" | "sha2-224" => Self::SHA224,
            "sha256" | "sha-256" | "sha2-256" => Self::SHA256,
            "sha384" | "sha-384" | "sha2-384" => Self::SHA384,
            "sha512" | "sha-512" | "sha2-512" => Self::SHA512,
            "sha512-224" | "sha-512/224" | "sha2-512/224" | "sha512/224" => Self::portable::<sha2::Sha512_224>(),
            "sha512-256" | "sha-512/256" | "sha2-512/256" | "sha512/256" => Self::portable::<sha2::Sha512_256>(),
            "sha3-224" => Self::portable::<sha3::Sha3_224>(),
            "sha3-256" => Self::portable::<sha3::Sha3_256>(),
            "sha3-384" => Self::portable::<sha3::Sha3_384>(),
            "sha3-512" => Self::portable::<sha3::Sha3_512>(),
            "blake2b512" | "blake2b-512" => Self::portable::<blake2::Blake2b512>(),
            "blake2s256" | "blake2s-256" => Self::portable::<blake2::Blake2s256>(),
            "ripemd160" | "ripemd-160" | "ripemd" | "rmd160" | "ripemd160withrsa" => {
                Self::portable::<ripemd::Ripemd160>()
            }
            "sm3" => Self::portable::<sm3::Sm3>(),
            _ => return None,
        })
    }
}

/// Makes the first argument the algorithm it names.
fn check_algorithm(args: &mut [Arg]) -> Result<Algorithm, String> {
    let algorithm = Algorithm::find(&argument::shown(args, 0))
        .ok_or_else(|| "algorithm must be a valid OpenSSL message digest name.".to_owned())?;
    argument::replace(args, 0, Arg::Own(Arc::new(algorithm)));
    Ok(algorithm)
}

fn check_sha2(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let algorithm = match argument::number(args, 0) {
        Some(224) => Algorithm::SHA224,
        None | Some(256) => Algorithm::SHA256,
        Some(384) => Algorithm::SHA384,
        Some(512) => Algorithm::SHA512,
        Some(other) => return Err(format!("Unsupported number of bits: '{other}'")),
    };
    argument::replace(args, 0, Arg::Own(Arc::new(algorithm)));
    Ok(())
}

fn digest<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    bytes(args.first()?.own::<Algorithm>()?.digest(value.raw()?))
}

fn check_hmac(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let algorithm = check_algorithm(args)?;
    argument::check_base64_or_variable(args, 1, "key")?;
    // A key that does not change is made ready once.
    if let (Algorithm::Fast(_, algorithm), Some(key)) = (algorithm, args.get(1).and_then(Arg::text)) {
        let key = fast_hmac::Key::new(algorithm, key);
        argument::replace(args, 1, Arg::Own(Arc::new(key)));
    }
    Ok(())
}

fn hmac<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let input = value.raw()?;
    if let Some(key) = args.get(1)?.own::<fast_hmac::Key>() {
        return bytes(fast_hmac::sign(key, input).as_ref().to_vec());
    }
    let key = argument::base64_or_variable(context, args, 1)?;
    match args.first()?.own::<Algorithm>()? {
        Algorithm::Fast(_, algorithm) => {
            bytes(fast_hmac::sign(&fast_hmac::Key::new(*algorithm, &key), input).as_ref().to_vec())
        }
        Algorithm::Portable(_, code) => bytes(code(&key, input)),
    }
}

fn secure_memcmp<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let other = argument::variable(context, args, 0)?.cast(SampleType::Bin)?;
    let same = constant_time::verify_slices_are_equal(value.raw()?, other.raw()?).is_ok();
    Some(Value::Bool(same))
}
