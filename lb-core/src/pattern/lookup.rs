//! What a text matches, told in full (`get acl`, `get map`).

use super::index::Found;
use super::method::Method;
use super::set::{Output, Set};
use crate::sample::{SampleType, Value};

/// What a text matches with one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The method: a word of `-m`, `meth`, or `regm` for `map_regm`.
    pub method: &'static str,
    /// `-i`.
    pub ignore_case: bool,
    /// What it matches.
    pub matched: Option<Matched>,
}

/// The pattern that a text matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Whether the most exact pattern is found in a tree, and not the first one of a list.
    pub tree: bool,
    /// The pattern as it was written; `None` where the method looks at none.
    pub key: Option<Vec<u8>>,
    /// What a map yields.
    pub value: LookupValue,
}

/// The value that a map has for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupValue {
    /// None: only the key matters to who looks there.
    None,
    /// A value and its type.
    Of(Vec<u8>, SampleType),
}

impl Set {
    /// What a text matches.
    pub(crate) fn lookup(&self, text: &[u8]) -> Lookup {
        let method = if self.output == Some(Output::Groups) { "regm" } else { self.mode.method.name() };
        let text = Value::str(text);
        let matched = match self.mode.method {
            Method::Bool | Method::Found => {
                self.matches(&text).then_some(Matched { tree: true, key: None, value: LookupValue::None })
            }
            _ => self.find(&text, |found, _| self.matched(found)),
        };
        Lookup { method, ignore_case: self.mode.ignore_case, matched }
    }

    fn matched(&self, found: Found<'_>) -> Matched {
        let value = self.output.zip(found.entry.value()).map_or(LookupValue::None, |(output, value)| {
            let kind = output.parse(value).map_or(SampleType::Str, |value| value.kind());
            LookupValue::Of(value.to_vec(), kind)
        });
        let key = found.entry.key();
        let tree = match self.mode.method {
            // A mask with holes is no prefix.
            Method::Ip => !key.split(|byte| *byte == b'/').nth(1).is_some_and(has_holes),
            Method::Str | Method::Beg => !self.mode.ignore_case,
            _ => false,
        };
        Matched { tree, key: Some(key.to_vec()), value }
    }
}

fn has_holes(mask: &[u8]) -> bool {
    let mask = std::str::from_utf8(mask).ok().and_then(|mask| mask.parse::<std::net::Ipv4Addr>().ok());
    mask.map(u32::from).is_some_and(|mask| mask.leading_ones() + mask.trailing_zeros() < 32)
}
