//! `jwt_verify`.

use std::sync::Arc;

use aws_lc_rs::hmac;

use super::key::{self, PublicKey, Signature};
use crate::sample::convert::{Arg, Context, SampleType, Scope, Value, argument, base64};
use crate::sample::variable::VariableName;

const FAILURE: i64 = 0;
const SUCCESS: i64 = 1;
const UNKNOWN_ALGORITHM: i64 = -1;
const UNMANAGED_ALGORITHM: i64 = -2;
const INVALID_TOKEN: i64 = -3;
const UNKNOWN_CERTIFICATE: i64 = -5;

/// How a token is signed (RFC 7518, section 3.1).
#[derive(Clone, Copy)]
enum Algorithm {
    None,
    Hmac(hmac::Algorithm),
    Public(Signature),
}

/// Why a name is no algorithm that can be used.
enum Refused {
    Unknown,
    Unmanaged,
}

impl Algorithm {
    fn find(name: &[u8]) -> Result<Self, Refused> {
        Ok(match name {
            b"none" => Self::None,
            b"HS256" => Self::Hmac(hmac::HMAC_SHA256),
            b"HS384" => Self::Hmac(hmac::HMAC_SHA384),
            b"HS512" => Self::Hmac(hmac::HMAC_SHA512),
            b"RS256" => Self::Public(Signature::Rs256),
            b"RS384" => Self::Public(Signature::Rs384),
            b"RS512" => Self::Public(Signature::Rs512),
            b"ES256" => Self::Public(Signature::Es256),
            b"ES384" => Self::Public(Signature::Es384),
            b"ES512" => Self::Public(Signature::Es512),
            b"PS256" | b"PS384" | b"PS512" => return Err(Refused::Unmanaged),
            _ => return Err(Refused::Unknown),
        })
    }
}

/// A key that the configuration says.
struct Key {
    text: Box<[u8]>,
    /// Ready for the algorithm, where the configuration says that, too.
    hmac: Option<hmac::Key>,
    public: Option<Arc<PublicKey>>,
}

pub(super) fn check(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    let name = argument::shown(args, 0).into_owned();
    let algorithm = match VariableName::parse(&name) {
        Ok(variable) => {
            argument::replace(args, 0, Arg::Variable(variable));
            None
        }
        Err(_) => {
            let algorithm = Algorithm::find(name.as_bytes()).map_err(|refused| match refused {
                Refused::Unknown => format!("unknown JWT algorithm: {name}"),
                Refused::Unmanaged => "RSASSA-PSS JWS signing not managed yet".to_owned(),
            })?;
            argument::replace(args, 0, Arg::Own(Arc::new(algorithm)));
            Some(algorithm)
        }
    };
    let text = argument::shown(args, 1).into_owned();
    let key = match VariableName::parse(&text) {
        Ok(variable) => Arg::Variable(variable),
        Err(_) => {
            let hmac = match algorithm {
                Some(Algorithm::Hmac(algorithm)) => Some(hmac::Key::new(algorithm, text.as_bytes())),
                _ => None,
            };
            let public = match algorithm {
                None | Some(Algorithm::Public(_)) => key::load(&text, &scope.locate(&text)),
                _ => None,
            };
            Arg::Own(Arc::new(Key { text: text.into_bytes().into(), hmac, public }))
        }
    };
    argument::replace(args, 1, key);
    Ok(())
}

/// The value of a variable as text.
fn variable(context: &Context<'_>, args: &[Arg], index: usize) -> Option<Vec<u8>> {
    match argument::variable(context, args, index)?.cast(SampleType::Str)? {
        Value::Str(text) => Some(text.into_owned()),
        _ => None,
    }
}

pub(super) fn jwt_verify<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let algorithm = match args.first()? {
        Arg::Variable(_) => match Algorithm::find(&variable(context, args, 0)?) {
            // Whoever sends a token must not choose that it needs no signature.
            Ok(Algorithm::None) => return Some(Value::Sint(FAILURE)),
            Ok(algorithm) => algorithm,
            Err(Refused::Unknown) => return Some(Value::Sint(UNKNOWN_ALGORITHM)),
            Err(Refused::Unmanaged) => return Some(Value::Sint(UNMANAGED_ALGORITHM)),
        },
        fixed => *fixed.own::<Algorithm>()?,
    };
    let named;
    let key = match args.get(1)? {
        Arg::Variable(_) => {
            let text = variable(context, args, 1)?;
            let public = match algorithm {
                Algorithm::Public(_) => std::str::from_utf8(&text).ok().and_then(key::find),
                _ => None,
            };
            named = Key { text: text.into(), hmac: None, public };
            &named
        }
        fixed => fixed.own::<Key>()?,
    };
    Some(Value::Sint(verify(algorithm, key, value.raw()?)))
}

fn verify(algorithm: Algorithm, key: &Key, token: &[u8]) -> i64 {
    let dots = token.iter().filter(|byte| **byte == b'.').count();
    let last = token.iter().rposition(|byte| *byte == b'.').unwrap_or(0);
    let (message, signature) = token.split_at_checked(last).unwrap_or_default();
    let signature = signature.get(1..).unwrap_or_default();
    if let Algorithm::None = algorithm {
        return match (dots, signature) {
            (1, _) | (2, b"") => SUCCESS,
            (2, _) => FAILURE,
            _ => INVALID_TOKEN,
        };
    }
    let Some(signature) = base64::decode_url(signature).filter(|bytes| dots == 2 && !bytes.is_empty()) else {
        return INVALID_TOKEN;
    };
    let right = match algorithm {
        Algorithm::None => false,
        Algorithm::Hmac(algorithm) => match &key.hmac {
            Some(key) => hmac::verify(key, message, &signature).is_ok(),
            None => hmac::verify(&hmac::Key::new(algorithm, &key.text), message, &signature).is_ok(),
        },
        Algorithm::Public(kind) => match &key.public {
            Some(_) if signature.len() < kind.shortest() => return INVALID_TOKEN,
            Some(public) => public.verify(kind, message, &signature),
            None => return UNKNOWN_CERTIFICATE,
        },
    };
    if right { SUCCESS } else { FAILURE }
}
