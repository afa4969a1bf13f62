//! The answer to an anonymous bind of LDAPv3 (RFC 4511, section 4.2.2).

use super::expect::Judged;
use super::machine::Outcome;
use super::status::CheckStatus;

/// A bind response, after the length of the message: message 1, and which operation it is.
const MESSAGE: &[u8] = b"\x02\x01\x01\x61";
/// `resultCode`, an ENUMERATED of one byte.
const RESULT: &[u8] = b"\x0a\x01";
/// The shortest message.
const SHORTEST: usize = 14;

pub(super) fn response(data: &[u8], last: bool) -> Judged {
    let incomplete = || if last { Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse)) } else { Judged::Wait };
    if data.len() < SHORTEST {
        return incomplete();
    }
    let code = read(data);
    match code {
        Err(Short) => incomplete(),
        Ok(None) => Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse).info("Not LDAPv3 protocol")),
        // HAProxy tells the log of it, not the statistics.
        Ok(Some(0)) => Judged::Pass(Outcome { kept: false, ..Outcome::new(CheckStatus::L7Ok).info("Success") }),
        Ok(Some(code)) => Judged::Fail(Outcome {
            code: i32::from(code),
            ..Outcome::new(CheckStatus::L7WrongStatus).info("See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9")
        }),
    }
}

/// More bytes are announced than are there.
struct Short;

/// The result code; `None` where it is something else.
fn read(data: &[u8]) -> Result<Option<u8>, Short> {
    let Some(rest) = data.strip_prefix(b"\x30") else { return Ok(None) };
    let Some((length, rest)) = length(rest) else { return Ok(None) };
    if rest.len() < length {
        return Err(Short);
    }
    let inner = |rest: &[u8]| {
        let rest = rest.strip_prefix(MESSAGE)?;
        // The short form, or the long one of four bytes.
        let rest = match rest.first()? {
            0x84 => rest.get(5..)?,
            length if *length < 0x80 => rest.get(1..)?,
            _ => return None,
        };
        rest.strip_prefix(RESULT)?.first().copied()
    };
    Ok(inner(rest))
}

/// A length, and what follows it.
fn length(data: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = data.split_first()?;
    if first & 0x80 == 0 {
        return Some((usize::from(*first), rest));
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
    Some((bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest))
}
