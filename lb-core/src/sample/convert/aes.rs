//! Decryption with AES in Galois/Counter Mode (NIST SP 800-38D).

use std::sync::Arc;

use aws_lc_rs::aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[Converter::new("aes_gcm_dec", SampleType::Bin, SampleType::Bin, decrypt)
    .args(ArgSpec::all(&[ArgKind::Sint, ArgKind::Str, ArgKind::Str, ArgKind::Str]))
    .check(check)];

const NONCE: usize = 12;
const TAG: usize = 16;

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let algorithm = argument::number(args, 0)
        .and_then(algorithm)
        .ok_or_else(|| "key size must be 128, 192 or 256 (bits).".to_owned())?;
    for (index, what) in [(1, "nonce"), (2, "key"), (3, "aead_tag")] {
        argument::check_base64_or_variable(args, index, what)?;
    }
    for (index, what, length) in [(1, "nonce", NONCE), (3, "aead_tag", TAG)] {
        if args.get(index).and_then(Arg::text).is_some_and(|bytes| bytes.len() != length) {
            return Err(format!("{what} must have {length} bytes"));
        }
    }
    // A key that does not change is made ready once.
    if let Some(key) = args.get(2).and_then(Arg::text).and_then(|key| make(algorithm, key)) {
        argument::replace(args, 2, Arg::Own(Arc::new(key)));
    }
    Ok(())
}

fn algorithm(bits: i64) -> Option<&'static aead::Algorithm> {
    match bits {
        128 => Some(&AES_128_GCM),
        192 => Some(&AES_192_GCM),
        256 => Some(&AES_256_GCM),
        _ => None,
    }
}

/// Of a longer key the beginning is used.
fn make(algorithm: &'static aead::Algorithm, key: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(algorithm, key.get(..algorithm.key_len())?).ok().map(LessSafeKey::new)
}

/// Nonces have the 12 bytes that the mode is meant for, tags all of their 16: a shorter one could be guessed.
fn decrypt<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let nonce = argument::base64_or_variable(context, args, 1)?;
    let tag = argument::base64_or_variable(context, args, 3).filter(|tag| tag.len() == TAG)?;
    let made;
    let key = match args.get(2)?.own::<LessSafeKey>() {
        Some(key) => key,
        None => {
            made = make(algorithm(argument::number(args, 0)?)?, &argument::base64_or_variable(context, args, 2)?)?;
            &made
        }
    };
    let mut sealed = value.raw()?.to_vec();
    sealed.extend_from_slice(&tag);
    let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
    let length = key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(Value::Bin(sealed.into()))
}
