//! Password hashes of crypt(3): `$1$` (MD5), `$5$` (SHA-256), `$6$` (SHA-512), `$2a$`, `$2b$` and `$2y$` (bcrypt).

use md5::{Digest, Md5};
use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use thiserror::Error;

use super::memory::same;

/// Why a hash is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Another kind of hash.
    #[error("hashes of kind '{0}' are not supported: use $1$, $5$, $6$ or $2y$")]
    Kind(String),
    /// The work on one password would take so long that a few wrong ones keep everybody else from being let in.
    #[error("a cost of {cost} would take too long: at most {max} is supported")]
    Cost {
        /// Rounds, or the cost of bcrypt.
        cost: u32,
        /// The most that is taken.
        max: u32,
    },
}

/// A hash, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hash {
    /// `$1$salt$digest`
    Md5 { salt: Box<str>, digest: Box<str> },
    /// `$5$[rounds=n$]salt$digest`
    Sha256 { rounds: u32, salt: Box<str>, digest: Box<str> },
    /// The same with `$6$`.
    Sha512 { rounds: u32, salt: Box<str>, digest: Box<str> },
    /// `$2y$cost$salt-and-digest`
    Bcrypt(Box<str>),
}

/// About a third of a second.
const MAX_ROUNDS: u32 = 600_000;
/// Likewise.
const MAX_COST: u32 = 12;

impl Hash {
    /// Takes the text apart. One that is no result of its method is taken: no password fits, as in HAProxy.
    pub(super) fn parse(text: &str) -> Result<Self, PasswordError> {
        let kind = |name: &str| Err(PasswordError::Kind(name.to_owned()));
        let Some((method, rest)) = text.strip_prefix('$').and_then(|rest| rest.split_once('$')) else {
            return kind("DES");
        };
        match method {
            "1" => {
                let (salt, digest) = rest.split_once('$').unwrap_or((rest, ""));
                Ok(Self::Md5 { salt: salt.chars().take(8).collect(), digest: digest.into() })
            }
            "5" | "6" => {
                let (rounds, rest) = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
                    Some((number, rest)) => (number.parse().unwrap_or(u32::MAX).max(1000), rest),
                    None => (Params::RECOMMENDED_ROUNDS, rest),
                };
                if rounds > MAX_ROUNDS {
                    return Err(PasswordError::Cost { cost: rounds, max: MAX_ROUNDS });
                }
                let (salt, digest) = rest.split_once('$').unwrap_or((rest, ""));
                let (salt, digest) = (salt.chars().take(16).collect(), digest.into());
                Ok(match method {
                    "5" => Self::Sha256 { rounds, salt, digest },
                    _ => Self::Sha512 { rounds, salt, digest },
                })
            }
            "2a" | "2b" | "2y" => {
                let cost = rest.split('$').next().and_then(|cost| cost.parse().ok()).unwrap_or_default();
                match cost > MAX_COST {
                    true => Err(PasswordError::Cost { cost, max: MAX_COST }),
                    false => Ok(Self::Bcrypt(text.into())),
                }
            }
            other => kind(&format!("${other}$")),
        }
    }

    /// Whether this is the hash of the password.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match self {
            // crypt(3) takes the password up to its first NUL, which would let in who knows only its beginning.
            _ if password.contains(&0) => false,
            Self::Md5 { salt, digest } => same(md5_crypt(password, salt.as_bytes()).as_bytes(), digest.as_bytes()),
            Self::Sha256 { rounds, salt, digest } => Params::new(*rounds).is_ok_and(|params| {
                let bytes = sha256_crypt(password, salt.as_bytes(), params);
                same(encode(&bytes, SHA256_ORDER.iter().map(|group| &group[..])).as_bytes(), digest.as_bytes())
            }),
            Self::Sha512 { rounds, salt, digest } => Params::new(*rounds).is_ok_and(|params| {
                let bytes = sha512_crypt(password, salt.as_bytes(), params);
                let order: Vec<[usize; 3]> = (0..21).map(sha512_group).collect();
                let groups = order.iter().map(|group| &group[..]).chain([&[63][..]]);
                same(encode(&bytes, groups).as_bytes(), digest.as_bytes())
            }),
            Self::Bcrypt(text) => bcrypt::verify(password, text).unwrap_or(false),
        }
    }
}

/// Which bytes of a SHA-256 digest go together, the highest first.
const SHA256_ORDER: [&[usize]; 11] = [
    &[0, 10, 20],
    &[21, 1, 11],
    &[12, 22, 2],
    &[3, 13, 23],
    &[24, 4, 14],
    &[15, 25, 5],
    &[6, 16, 26],
    &[27, 7, 17],
    &[18, 28, 8],
    &[9, 19, 29],
    &[31, 30],
];

/// The same of SHA-512, by group: 0 21 42, 22 43 1, 44 2 23, 3 24 45 and so on.
fn sha512_group(group: usize) -> [usize; 3] {
    let three = [group, group + 21, group + 42];
    let at = |index: usize| three.get((index + group) % 3).copied().unwrap_or_default();
    [at(0), at(1), at(2)]
}

const MD5_ORDER: [&[usize]; 6] = [&[0, 6, 12], &[1, 7, 13], &[2, 8, 14], &[3, 9, 15], &[4, 10, 5], &[11]];

/// crypt(3)'s own base 64: groups of bytes, the lowest six bits first.
fn encode<'a>(bytes: &[u8], groups: impl Iterator<Item = &'a [usize]>) -> String {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(86);
    for group in groups {
        let byte = |index: &usize| u32::from(bytes.get(*index).copied().unwrap_or_default());
        let mut bits = group.iter().fold(0, |bits, index| bits << 8 | byte(index));
        for _ in 0..=group.len() {
            out.push(ALPHABET.get((bits & 63) as usize).copied().map_or('.', char::from));
            bits >>= 6;
        }
    }
    out
}

/// Poul-Henning Kamp's MD5 hash of 1994: a thousand rounds that mix password, salt and the last digest.
fn md5_crypt(password: &[u8], salt: &[u8]) -> String {
    let first = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut context = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for at in (0..password.len()).step_by(16) {
        context.update(first.get(..(password.len() - at).min(16)).unwrap_or_default());
    }
    let mut length = password.len();
    while length > 0 {
        context.update(if length & 1 == 1 { &[0] } else { password.get(..1).unwrap_or_default() });
        length >>= 1;
    }
    let mut digest = context.finalize();
    for round in 0..1000 {
        let mut context = Md5::new();
        let odd = round & 1 == 1;
        context.update(if odd { password } else { digest.as_slice() });
        if round % 3 != 0 {
            context.update(salt);
        }
        if round % 7 != 0 {
            context.update(password);
        }
        context.update(if odd { digest.as_slice() } else { password });
        digest = context.finalize();
    }
    encode(&digest, MD5_ORDER.into_iter())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Made by crypt(3) of Debian 12.
    #[test]
    fn hashes_of_every_kind() {
        for (hash, password) in [
            ("$1$abcdefgh$IQtUouv7y7Q9dRWkQEPCc.", "pw"),
            ("$1$ab$rn6aQS/o7141mj179E/zA.", ""),
            ("$1$abcdefgh$G2V.hRho1ektIkZ1CD3DX0", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("$1$x$mnYUYwrkGqCd0vRWyy/GA1", "ü"),
            ("$5$saltsalt$0rl.MZtoLLPP3X0Rdl8riRnphIcAXJY27/aOAyK2hB5", "pw"),
            ("$5$rounds=1000$x$ZGwGZ4tYalKWObwyVo/fk0AuoN.VOrWh7YVuk8PnO9C", "pw"),
            (
                "$6$k6y3o.eP$BwJA8U.5GUwTa.ZFugoycGBvxfaM2lT8q4ePH.nq8T8pcRYDx2peTnGVfI7unh.DH0So8YGHwItjT4x8pkizG/",
                "pw",
            ),
            (
                "$6$rounds=6000$ab/.cd$1Hu4MGifCcmxe2WkFtEr4LfUuPw3zY2Fys3hQzyo9BOfxP6i5p6Qt4Zh4p9MX3JcbXKbQZ21Du7hw4\
                 snSpZdm.",
                "pw",
            ),
            ("$6$$Z7WSO9A8tKGD2oGB9t2ViKdYTIHgnjMZIbdOJElGnO.QoZE5zDsfnF1WHM.IL2KPxhNG4/v/zU9LBcGhxg5Uy.", "pw"),
            ("$2y$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q", "pw"),
            ("$2a$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q", "pw"),
            ("$2b$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q", "pw"),
        ] {
            let parsed = Hash::parse(hash).unwrap();
            assert!(parsed.verify(password.as_bytes()), "{hash}");
            assert!(!parsed.verify(b"px"), "{hash}");
            assert!(!parsed.verify(&[password.as_bytes(), b"\0"].concat()), "{hash}");
        }
    }

    #[test]
    fn what_is_refused() {
        let refused = |text: &str| Hash::parse(text).unwrap_err().to_string();
        assert_eq!(refused("foo"), "hashes of kind 'DES' are not supported: use $1$, $5$, $6$ or $2y$");
        assert_eq!(refused("$y$j9T$a$b"), "hashes of kind '$y$' are not supported: use $1$, $5$, $6$ or $2y$");
        assert_eq!(
            refused("$6$rounds=999999999$a$b"),
            "a cost of 999999999 would take too long: at most 600000 is supported"
        );
        assert_eq!(refused("$2y$13$a"), "a cost of 13 would take too long: at most 12 is supported");
    }

    #[test]
    fn what_is_no_hash_fits_no_password() {
        for text in ["$6$", "$6$a", "$6$a$", "$1$a", "$2y$", "$2y$05$abc", "$5$rounds=x"] {
            assert!(!Hash::parse(text).is_ok_and(|hash| hash.verify(b"") || hash.verify(b"a")), "{text}");
        }
    }
}
