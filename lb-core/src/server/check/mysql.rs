//! What a MySQL server says at the start of a session.

use super::expect::Judged;
use super::machine::Outcome;
use super::status::CheckStatus;

/// First byte of an error packet.
const ERROR: u8 = 0xff;

/// The payload of the first packet, and what follows it.
fn packet(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = data.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    let (payload, rest) = rest.split_at_checked(length)?;
    (!payload.is_empty()).then_some((payload, rest))
}

/// Code and text of an error.
fn refused(payload: &[u8]) -> Option<Judged> {
    let (ERROR, rest) = payload.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    let mut outcome = Outcome::new(CheckStatus::L7WrongStatus);
    if let Some((code, text)) = rest.split_first_chunk::<2>() {
        outcome.code = i32::from(u16::from_le_bytes(*code));
        outcome.info = Some(String::from_utf8_lossy(text).into_owned());
    }
    Some(Judged::Fail(outcome))
}

fn incomplete(last: bool) -> Judged {
    if last { Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse)) } else { Judged::Wait }
}

/// The version of the server, which HAProxy puts into the log and not into the statistics.
fn good(greeting: &[u8]) -> Judged {
    let version = greeting.get(1..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
    let version = String::from_utf8_lossy(version).into_owned();
    Judged::Pass(Outcome { kept: false, ..Outcome::new(CheckStatus::L7Ok).info(version) })
}

/// The greeting; `ends`: nothing is expected behind it.
pub(super) fn greeting(data: &[u8], last: bool, ends: bool) -> Judged {
    let Some((greeting, _)) = packet(data) else { return incomplete(last) };
    match refused(greeting) {
        Some(judged) => judged,
        None if ends => good(greeting),
        None => Judged::Pass(Outcome::new(CheckStatus::L7Ok)),
    }
}

/// The answer to a user, behind the greeting.
pub(super) fn answer(data: &[u8], last: bool) -> Judged {
    let Some((greeting, rest)) = packet(data) else { return incomplete(last) };
    let Some((answer, _)) = packet(rest) else { return incomplete(last) };
    refused(answer).unwrap_or_else(|| good(greeting))
}
