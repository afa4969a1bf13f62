//! Names of streams, in the form of HAProxy's pointers.

use std::fmt;
use std::str::FromStr;

/// How many of its bits say which worker a stream is on.
const WORKER_BITS: u32 = 8;

/// Names a stream from its start to its end. The number is made of the worker and of a count of its streams, so that it
/// never names another stream of the same instance.
///
/// ```
/// use lb_core::runtime::SessionId;
///
/// let id: SessionId = "0x1203".parse().unwrap();
/// assert_eq!(id.to_string(), "0x1203");
/// assert!("1203".parse::<SessionId>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u64);

/// A text that is no [`SessionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session's id is 0x and a number")]
pub struct SessionIdError;

impl SessionId {
    pub(crate) fn new(worker: usize, number: u64) -> Self {
        Self(number << WORKER_BITS | (worker as u64 & 0xff))
    }

    /// The worker the stream is on.
    pub(crate) fn worker(self) -> usize {
        (self.0 & 0xff) as usize
    }

    /// Its number among the streams of the worker.
    pub(crate) fn number(self) -> u64 {
        self.0 >> WORKER_BITS
    }

    /// As a number.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl From<u64> for SessionId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(SessionIdError)?;
        // A sign would be accepted by the parser.
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SessionIdError);
        }
        u64::from_str_radix(digits, 16).map(Self).map_err(|_| SessionIdError)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_worker_and_number() {
        let id = SessionId::new(3, 0x1234);
        assert_eq!((id.to_string().as_str(), id.worker(), id.number()), ("0x123403", 3, 0x1234));
        assert_eq!("0x123403".parse(), Ok(id));
        for wrong in ["", "0x", "123", "0x+1", "0x12 ", "0x1ffffffffffffffff", "x"] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
    }
}
