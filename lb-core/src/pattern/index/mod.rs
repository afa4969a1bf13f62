//! The structures in which patterns are looked up.
//!
//! An index is a persistent structure: a clone shares everything with the original, and a change copies what lies between
//! the root and the place of the change. A reader keeps the one it has, a writer publishes a changed clone.
//!
//! | method | structure | of several matches |
//! |---|---|---|
//! | `str`, `bin`, HTTP methods | hash [`table`] | the oldest entry |
//! | `beg` | byte [`trie`] | the longest pattern; with `-i` the oldest entry |
//! | `end` | byte trie over the reverse | the oldest entry |
//! | `dir`, `dom`, `sub` | byte trie, entered at each place where a pattern may begin | the oldest entry |
//! | `int`, `len` | prefix tree of [`bits`] | the oldest entry |
//! | `ip` | prefix trees of bits, one per family; a list for masks with holes | own family first, then the longest prefix |
//! | `reg` | list in [`chunks`] | the oldest entry |

mod bits;
mod chunks;
mod ip;
#[cfg(test)]
mod naive;
mod slots;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod trie;

use std::sync::Arc;

use super::entry::Entry;
use super::key::Key;
use super::method::{Method, Mode};
use super::pattern::{Pattern, is_domain_delimiter, is_path_delimiter};
use crate::regex::Regex;
use bits::Bits;
use chunks::Chunks;
use ip::Networks;
use slots::{Change, older};
use table::Table;
use trie::Trie;

/// What a lookup finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'i> {
    /// The entry.
    pub(crate) entry: &'i Arc<Entry>,
    /// Its regular expression, where it is one.
    pub(crate) regex: Option<&'i Regex>,
}

/// Patterns of one method.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    mode: Mode,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Nothing,
    Exact(Table),
    /// `beg`, `end`, `dir` and `dom`.
    Strings(Trie),
    Inside(Inside),
    Ranges(Ranges),
    Networks(Networks),
    Regexes(Chunks),
}

/// `sub`: as long as patterns are few, each is searched for by itself.
#[derive(Clone, Debug, Default)]
struct Inside {
    few: Chunks,
    all: Trie,
}

/// `int` and `len`: as long as ranges are few, each is compared with.
#[derive(Clone, Debug, Default)]
struct Ranges {
    few: Chunks,
    all: Bits,
}

/// Up to so many patterns are looked at one by one.
const FEW: usize = 8;

impl Index {
    /// One without patterns.
    pub(crate) fn new(mode: Mode) -> Self {
        let kind = match mode.method {
            Method::Found | Method::Bool => Kind::Nothing,
            Method::Str | Method::Bin | Method::Meth => Kind::Exact(Table::new(mode)),
            Method::Beg | Method::End | Method::Dir | Method::Dom => Kind::Strings(Trie::default()),
            Method::Sub => Kind::Inside(Inside::default()),
            Method::Int | Method::Len | Method::Dotted => Kind::Ranges(Ranges::default()),
            Method::Ip => Kind::Networks(Networks::default()),
            Method::Reg => Kind::Regexes(Chunks::default()),
        };
        Self { mode, kind }
    }

    /// One of many patterns, the oldest entry first. They go into trees in the order of their places there, so that a path
    /// is in the cache for all that share it: of a million addresses in any order each would have its own.
    pub(crate) fn build(mode: Mode, patterns: Vec<(Pattern, Arc<Entry>)>) -> Self {
        let mut index = Self::new(mode);
        for (pattern, entry) in &patterns {
            index.change_lists(pattern, Change::Insert(entry));
        }
        if matches!(index.kind, Kind::Strings(_) | Kind::Inside(_) | Kind::Networks(_)) {
            let mut placed: Vec<_> =
                patterns.into_iter().map(|(pattern, entry)| (place(&pattern, mode.method), pattern, entry)).collect();
            placed.sort_by_key(|(place, ..)| *place);
            for (_, pattern, entry) in &placed {
                index.change_trees(pattern, Change::Insert(entry));
            }
        } else {
            for (pattern, entry) in &patterns {
                index.change_trees(pattern, Change::Insert(entry));
            }
        }
        index
    }

    /// Adds a pattern. Its entry is younger than all there are.
    pub(crate) fn insert(&mut self, entry: &Arc<Entry>, pattern: &Pattern) {
        self.change(pattern, Change::Insert(entry));
    }

    /// Takes a pattern out.
    pub(crate) fn remove(&mut self, entry: &Entry, pattern: &Pattern) {
        self.change(pattern, Change::Remove(entry.number()));
    }

    /// Puts an entry in the place of the one with its number, which has the same pattern.
    pub(crate) fn replace(&mut self, entry: &Arc<Entry>, pattern: &Pattern) {
        self.change(pattern, Change::Replace(entry));
    }

    fn change(&mut self, pattern: &Pattern, change: Change<'_>) {
        self.change_trees(pattern, change);
        self.change_lists(pattern, change);
    }

    /// Where the order of changes does not matter, save those of equal patterns.
    fn change_trees(&mut self, pattern: &Pattern, change: Change<'_>) {
        match (&mut self.kind, pattern) {
            (Kind::Exact(table), Pattern::Text(text)) => table.change(text, change),
            (Kind::Strings(trie), Pattern::Text(text)) => match self.mode.method {
                Method::End => trie.change(&text.iter().rev().copied().collect::<Vec<_>>(), change),
                // Nothing is between delimiters that have nothing between them.
                Method::Dir | Method::Dom if text.is_empty() => {}
                _ => trie.change(text, change),
            },
            (Kind::Inside(inside), Pattern::Text(text)) => inside.all.change(text, change),
            (Kind::Ranges(ranges), Pattern::Range(low, high)) => {
                bits::prefixes(*low, *high, |key, length| ranges.all.change(key, length, change));
            }
            (Kind::Networks(networks), pattern) => networks.change_prefixes(pattern, change),
            _ => {}
        }
    }

    /// Lists, which are in the order of changes.
    fn change_lists(&mut self, pattern: &Pattern, change: Change<'_>) {
        match (&mut self.kind, pattern) {
            (Kind::Inside(inside), Pattern::Text(_)) => change_list(&mut inside.few, pattern, change),
            (Kind::Ranges(ranges), Pattern::Range(..)) => change_list(&mut ranges.few, pattern, change),
            (Kind::Networks(networks), pattern) => networks.change_holes(pattern, change),
            (Kind::Regexes(list), pattern) => change_list(list, pattern, change),
            _ => {}
        }
    }

    /// The pattern that matches; see the table of the module for which of several.
    pub(crate) fn find(&self, key: Key<'_>) -> Option<Found<'_>> {
        let entry = match (&self.kind, key) {
            (Kind::Exact(table), Key::Bytes(bytes)) => table.find(bytes),
            (Kind::Strings(trie), Key::Bytes(bytes)) => self.strings(trie, bytes),
            (Kind::Inside(inside), Key::Bytes(bytes)) => self.inside(inside, bytes),
            (Kind::Ranges(ranges), Key::Int(number)) => ranges.find(number),
            (Kind::Networks(networks), key) => networks.find(key),
            (Kind::Regexes(list), Key::Bytes(bytes)) => return first_regex(list, bytes),
            _ => None,
        };
        entry.map(|entry| Found { entry, regex: None })
    }

    fn strings<'t>(&self, trie: &'t Trie, bytes: &[u8]) -> Option<&'t Arc<Entry>> {
        match self.mode.method {
            Method::Beg if !self.mode.ignore_case => trie.longest(bytes.iter().copied()),
            Method::Beg => trie.oldest(bytes.iter().map(u8::to_ascii_lowercase)),
            Method::End if !self.mode.ignore_case => trie.oldest(bytes.iter().rev().copied()),
            Method::End => trie.oldest(bytes.iter().rev().map(u8::to_ascii_lowercase)),
            Method::Dir => self.between(trie, bytes, is_path_delimiter),
            _ => self.between(trie, bytes, is_domain_delimiter),
        }
    }

    /// The oldest pattern between delimiters or ends.
    fn between<'t>(&self, trie: &'t Trie, bytes: &[u8], delimiter: fn(u8) -> bool) -> Option<&'t Arc<Entry>> {
        let mut found = None;
        let mut start = 0;
        while let Some(rest) = bytes.get(start..) {
            trie.walk(rest.iter().map(self.fold()), |length, entry| {
                if rest.get(length).copied().is_none_or(delimiter) {
                    found = older(found, Some(entry));
                }
            });
            let Some(next) = rest.iter().position(|byte| delimiter(*byte)) else { break };
            start += next + 1;
        }
        found
    }

    /// The oldest pattern that is somewhere in the bytes.
    fn inside<'t>(&self, inside: &'t Inside, bytes: &[u8]) -> Option<&'t Arc<Entry>> {
        if inside.few.len() <= FEW {
            let found = |(entry, _): &&(Arc<Entry>, Pattern)| match self.mode.ignore_case {
                true => holds_in_any_case(bytes, entry.key()),
                false => memchr::memmem::find(bytes, entry.key()).is_some(),
            };
            return inside.few.iter().find(found).map(|(entry, _)| entry);
        }
        let starts = (0..=bytes.len()).filter_map(|start| bytes.get(start..));
        starts.fold(None, |found, rest| older(found, inside.all.oldest(rest.iter().map(self.fold()))))
    }

    fn fold(&self) -> fn(&u8) -> u8 {
        if self.mode.ignore_case { u8::to_ascii_lowercase } else { |byte| *byte }
    }
}

/// Where about a pattern is in its tree; equal patterns are at one place.
fn place(pattern: &Pattern, method: Method) -> u128 {
    match pattern {
        Pattern::V4(network, mask) => u128::from(u32::from(*network) & mask) << 96,
        Pattern::V6(network, length) => u128::from(*network) & bits::mask(*length),
        Pattern::Text(text) => {
            let first = |place: u128, byte: &u8| place << 8 | u128::from(*byte);
            let (bytes, length) = match method {
                Method::End => (text.iter().rev().take(16).fold(0, first), text.len()),
                _ => (text.iter().take(16).fold(0, first), text.len()),
            };
            bytes << (8 * 16_usize.saturating_sub(length.max(1)))
        }
        // Ranges share prefixes, whose entries are in the order of their age.
        Pattern::Range(..) | Pattern::Nothing | Pattern::Regex(_) => 0,
    }
}

impl Ranges {
    /// The oldest range that the number is in.
    fn find(&self, number: i64) -> Option<&Arc<Entry>> {
        if self.few.len() > FEW {
            return self.all.oldest(bits::integer(number));
        }
        let holds =
            |pattern: &Pattern| matches!(pattern, Pattern::Range(low, high) if (*low..=*high).contains(&number));
        self.few.iter().find(|(_, pattern)| holds(pattern)).map(|(entry, _)| entry)
    }
}

/// Whether a text is somewhere in the bytes, however its letters are written.
fn holds_in_any_case(bytes: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, bytes)
        .any(|at| bytes.get(at..at + text.len()).is_some_and(|part| part.eq_ignore_ascii_case(text)))
}

fn first_regex<'i>(list: &'i Chunks, bytes: &[u8]) -> Option<Found<'i>> {
    list.iter().find_map(|(entry, pattern)| match pattern {
        Pattern::Regex(regex) if regex.is_match(bytes) => Some(Found { entry, regex: Some(regex) }),
        _ => None,
    })
}

fn change_list(list: &mut Chunks, pattern: &Pattern, change: Change<'_>) {
    match change {
        Change::Insert(entry) => list.push(entry, pattern.clone()),
        Change::Remove(number) => list.remove(number),
        Change::Replace(entry) => list.replace(entry),
    }
}
