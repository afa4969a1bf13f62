//! One pattern: what a word of an ACL or the key of a line stands for (configuration.txt, sections 7.1.2 to 7.1.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::error::PatternError;
use super::method::{Method, Mode};
use crate::regex::Regex;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Of methods that look at no pattern.
    Nothing,
    /// Both ends are included.
    Range(i64, i64),
    /// A network of IPv4; the mask may have holes.
    V4(Ipv4Addr, u32),
    /// A network of IPv6 and the length of its prefix.
    V6(Ipv6Addr, u8),
    /// What the sample is compared with, in lower case where case is ignored.
    Text(Box<[u8]>),
    /// A regular expression.
    Regex(Regex),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is none of that method.
    pub(crate) fn parse(text: &[u8], mode: Mode) -> Result<Self, PatternError> {
        let fold = |text: &[u8]| match mode.ignore_case {
            true => text.to_ascii_lowercase(),
            false => text.to_vec(),
        };
        match mode.method {
            Method::Found | Method::Bool => Ok(Self::Nothing),
            Method::Int | Method::Len => range(text),
            Method::Dotted => dotted_range(text),
            Method::Ip => address(text, mode.resolve),
            Method::Bin => hexadecimal(text).map(Self::Text),
            Method::Reg => Ok(Self::Regex(Regex::compile(text, mode.ignore_case, mode.groups)?)),
            Method::Dom => Ok(Self::Text(trim(&fold(text), is_domain_delimiter).into())),
            Method::Dir => Ok(Self::Text(trim(&fold(text), is_path_delimiter).into())),
            Method::Str | Method::Beg | Method::Sub | Method::End | Method::Meth => Ok(Self::Text(fold(text).into())),
        }
    }
}

/// The delimiters of `dir`.
pub(super) fn is_path_delimiter(byte: u8) -> bool {
    matches!(byte, b'/' | b'?')
}

/// The delimiters of `dom`.
pub(super) fn is_domain_delimiter(byte: u8) -> bool {
    matches!(byte, b'.' | b':' | b'/' | b'?')
}

/// Without delimiters around it.
pub(super) fn trim(text: &[u8], delimiter: fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|byte| !delimiter(*byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !delimiter(*byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Digits with a sign, nothing else.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `5`, `1:5`, `:5`, `1:`; also `1-5`.
fn range(text: &[u8]) -> Result<Pattern, PatternError> {
    bounds(text, integer).ok_or_else(|| match text.iter().any(|byte| matches!(byte, b':' | b'-')) {
        true => PatternError::NotARange(lossy(text)),
        false => PatternError::NotANumber(lossy(text)),
    })
}

/// The same with numbers such as `3.1`.
fn dotted_range(text: &[u8]) -> Result<Pattern, PatternError> {
    bounds(text, dotted).ok_or_else(|| match separator(text) {
        Some(_) => PatternError::NotADottedRange(lossy(text)),
        None => PatternError::NotDotted(lossy(text)),
    })
}

fn bounds(text: &[u8], number: fn(&[u8]) -> Option<i64>) -> Option<Pattern> {
    let Some(at) = separator(text) else { return number(text).map(|number| Pattern::Range(number, number)) };
    let (low, high) = (text.get(..at)?, text.get(at + 1..)?);
    if low.is_empty() && high.is_empty() {
        return None;
    }
    let low = if low.is_empty() { i64::MIN } else { number(low)? };
    let high = if high.is_empty() { i64::MAX } else { number(high)? };
    (low <= high).then_some(Pattern::Range(low, high))
}

/// Where a range is divided: at a colon, or at a minus behind a digit.
pub(super) fn separator(text: &[u8]) -> Option<usize> {
    memchr::memchr(b':', text)
        .or_else(|| text.windows(2).position(|pair| pair[0].is_ascii_digit() && pair[1] == b'-').map(|at| at + 1))
}

/// `3.1` as 65536 times the first number and the second; a single number has 0 behind it.
pub(super) fn dotted(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some(i64::from(major.parse::<u16>().ok()?) << 16 | i64::from(minor.parse::<u16>().ok()?))
}

fn hexadecimal(text: &[u8]) -> Result<Box<[u8]>, PatternError> {
    if !text.len().is_multiple_of(2) {
        return Err(PatternError::OddHex);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(PatternError::NotHex(char::from(byte)));
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks_exact(2) {
        let [high, low] = pair else { continue };
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    Ok(bytes.into())
}

/// An address, a network, or where names are looked up the name of a host or an address in a shorter form.
fn address(text: &[u8], resolve: bool) -> Result<Pattern, PatternError> {
    let refused = || PatternError::NotAnAddress(lossy(text));
    let text = std::str::from_utf8(text).map_err(|_| refused())?;
    network(text, resolve).ok_or_else(refused)
}

fn network(text: &str, resolve: bool) -> Option<Pattern> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    match host.parse().ok().or_else(|| resolve.then(|| look_up(host)).flatten())? {
        IpAddr::V4(v4) => Some(Pattern::V4(v4, mask.map_or(Some(u32::MAX), v4_mask)?)),
        IpAddr::V6(v6) => {
            let length = mask.map_or(Some(128), |mask| mask.parse().ok()).filter(|length| *length <= 128)?;
            Some(Pattern::V6(v6, length))
        }
    }
}

/// A mask as the length of a prefix or as an address.
fn v4_mask(text: &str) -> Option<u32> {
    if let Ok(length) = text.parse::<u32>() {
        return (length <= 32).then(|| prefix_mask(length as u8));
    }
    text.parse::<Ipv4Addr>().ok().map(u32::from)
}

/// The mask of a prefix of IPv4.
pub(super) fn prefix_mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0)
}

/// `10` and `127.1`, then names. HAProxy asks the system, which knows these forms.
fn look_up(host: &str) -> Option<IpAddr> {
    let short: Option<Vec<u32>> = host.split('.').map(|part| part.parse().ok()).collect();
    if let Some(parts) = short {
        let (last, front) = parts.split_last()?;
        let rest = 8 * u32::try_from(4usize.checked_sub(front.len())?).ok()?;
        if front.iter().any(|part| *part > 255) || front.len() > 3 || u64::from(*last) >= 1u64 << rest {
            return None;
        }
        let front = front.iter().fold(0u64, |number, part| number << 8 | u64::from(*part));
        return u32::try_from(front << rest | u64::from(*last)).ok().map(|number| IpAddr::V4(number.into()));
    }
    // Other ways to write numbers, which the system would take.
    let hexadecimal = |part: &str| part.starts_with("0x") || part.starts_with("0X");
    if host.split('.').all(|part| part.parse::<u32>().is_ok() || hexadecimal(part)) {
        return None;
    }
    // Names stand for addresses of IPv4 only (configuration.txt, section 7.1.6).
    let found = (host, 0).to_socket_addrs().ok()?;
    found.map(|address| address.ip()).find(IpAddr::is_ipv4)
}
