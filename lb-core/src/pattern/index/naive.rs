//! Every pattern looked at, one after the other: what the indexes are compared with in tests.

use std::sync::Arc;

use super::super::entry::Entry;
use super::super::key::Key;
use super::super::method::{Method, Mode};
use super::super::pattern::Pattern;

/// Patterns in order of their entries.
#[derive(Clone, Debug)]
pub(super) struct List {
    mode: Mode,
    patterns: Vec<(Arc<Entry>, Pattern)>,
}

impl List {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, patterns: Vec::new() }
    }

    pub(super) fn insert(&mut self, entry: &Arc<Entry>, pattern: Pattern) {
        self.patterns.push((Arc::clone(entry), pattern));
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        self.patterns.retain(|(known, _)| known.number() != entry.number());
    }

    pub(super) fn replace(&mut self, entry: &Arc<Entry>, pattern: Pattern) {
        if let Some(place) = self.patterns.iter_mut().find(|(known, _)| known.number() == entry.number()) {
            *place = (Arc::clone(entry), pattern);
        }
    }

    pub(super) fn find(&self, key: Key<'_>) -> Option<&Arc<Entry>> {
        let matching = self.patterns.iter().filter(|(_, pattern)| matches(self.mode, pattern, key));
        let best = match self.mode.method {
            Method::Ip | Method::Beg if !self.mode.ignore_case => {
                matching.rev().max_by_key(|(_, pattern)| exactness(pattern, key))
            }
            _ => matching.into_iter().next(),
        };
        best.map(|(entry, _)| entry)
    }
}

/// How exact a match is: addresses of the sample's own family before others, longer prefixes before shorter ones, masks
/// with holes last.
fn exactness(pattern: &Pattern, key: Key<'_>) -> (u8, usize) {
    match (pattern, key) {
        (Pattern::Text(text), _) => (0, text.len()),
        (Pattern::V4(_, mask), _) if mask.leading_ones() + mask.trailing_zeros() < 32 => (0, 0),
        (Pattern::V4(_, mask), Key::V4(_)) => (2, mask.leading_ones() as usize),
        (Pattern::V4(_, mask), _) => (1, mask.leading_ones() as usize),
        (Pattern::V6(_, length), Key::V6(_)) => (2, usize::from(*length)),
        (Pattern::V6(_, length), _) => (1, usize::from(*length)),
        _ => (0, 0),
    }
}

/// Whether a pattern matches.
pub(super) fn matches(mode: Mode, pattern: &Pattern, key: Key<'_>) -> bool {
    match (pattern, key) {
        (_, Key::Known(matches)) => matches,
        (Pattern::Range(low, high), Key::Int(number)) => (*low..=*high).contains(&number),
        (Pattern::V4(network, mask), Key::V4(address)) => in_v4(*network, *mask, address),
        (Pattern::V4(network, mask), Key::V6(address)) => {
            super::ip::embedded_v4(address).is_some_and(|address| in_v4(*network, *mask, address))
        }
        (Pattern::V6(network, length), Key::V6(address)) => in_v6(*network, *length, address),
        (Pattern::V6(network, length), Key::V4(address)) => in_v6(*network, *length, address.to_ipv6_mapped()),
        (Pattern::Regex(regex), Key::Bytes(bytes)) => regex.is_match(bytes),
        (Pattern::Text(text), Key::Bytes(bytes)) => compare(mode, text, bytes),
        _ => false,
    }
}

fn in_v4(network: std::net::Ipv4Addr, mask: u32, address: std::net::Ipv4Addr) -> bool {
    (u32::from(network) ^ u32::from(address)) & mask == 0
}

fn in_v6(network: std::net::Ipv6Addr, length: u8, address: std::net::Ipv6Addr) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    (u128::from(network) ^ u128::from(address)) & mask == 0
}

fn compare(mode: Mode, text: &[u8], bytes: &[u8]) -> bool {
    let same = |part: &[u8]| match mode.ignore_case {
        true => part.eq_ignore_ascii_case(text),
        false => part == text,
    };
    match mode.method {
        Method::Beg => bytes.get(..text.len()).is_some_and(same),
        Method::End => bytes.len().checked_sub(text.len()).and_then(|at| bytes.get(at..)).is_some_and(same),
        Method::Sub => text.is_empty() || bytes.windows(text.len()).any(same),
        Method::Dir => between(text, bytes, super::super::pattern::is_path_delimiter, same),
        Method::Dom => between(text, bytes, super::super::pattern::is_domain_delimiter, same),
        Method::Bin => bytes == text,
        _ => same(bytes),
    }
}

/// Whether the text is in the sample between delimiters or ends.
fn between(text: &[u8], bytes: &[u8], delimiter: fn(u8) -> bool, same: impl Fn(&[u8]) -> bool) -> bool {
    if text.is_empty() {
        return false;
    }
    (0..bytes.len()).any(|at| {
        let starts = at == 0 || bytes.get(at - 1).copied().is_some_and(delimiter);
        let end = at + text.len();
        starts && bytes.get(at..end).is_some_and(&same) && bytes.get(end).copied().is_none_or(delimiter)
    })
}
