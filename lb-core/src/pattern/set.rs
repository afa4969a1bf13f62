//! The patterns of a reference as one method reads them: what lookups go to.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::error::PatternError;
use super::index::{Found, Index};
use super::key::{Key, Scratch};
use super::method::Mode;
use super::pattern::Pattern;
use crate::regex::expand;
use crate::sample::Value;

/// What the values of a map are, and what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Text.
    Str,
    /// Integers.
    Sint,
    /// Addresses.
    Addr,
    /// Text in which `\\1` stands for a group of the regular expression that matched (`map_regm`).
    Groups,
}

/// Patterns ready to be looked up. Lookups take no lock; changes come from the reference alone.
#[derive(Debug)]
pub(crate) struct Set {
    /// How patterns are read.
    pub(crate) mode: Mode,
    /// What values of a map are; `None` where only keys matter.
    pub(crate) output: Option<Output>,
    /// Its place among the sets of its references, by which ACLs and maps find it: see [`References::sets`].
    ///
    /// [`References::sets`]: super::References::sets
    pub(super) number: usize,
    index: ArcSwap<Index>,
}

impl Set {
    pub(super) fn new(mode: Mode, output: Option<Output>) -> Self {
        Self { mode, output, number: 0, index: ArcSwap::from_pointee(Index::new(mode)) }
    }

    /// The same for another instance, which changes it by itself.
    pub(super) fn fork(&self) -> Self {
        Self { mode: self.mode, output: self.output, number: self.number, index: ArcSwap::new(self.index.load_full()) }
    }

    /// Whether a sample matches.
    pub(crate) fn matches(&self, value: &Value<'_>) -> bool {
        let mut scratch = Scratch::new();
        match Key::new(value, self.mode.method, &mut scratch) {
            None => false,
            Some(Key::Known(known)) => known,
            Some(key) => self.index.load().find(key).is_some(),
        }
    }

    /// Calls `use_found` with the entry that a sample matches.
    pub(crate) fn find<T>(&self, value: &Value<'_>, use_found: impl FnOnce(Found<'_>, &[u8]) -> T) -> Option<T> {
        let mut scratch = Scratch::new();
        let key = Key::new(value, self.mode.method, &mut scratch)?;
        let bytes = if let Key::Bytes(bytes) = key { bytes } else { &[] };
        self.index.load().find(key).map(|found| use_found(found, bytes))
    }

    /// What a sample becomes in a map.
    pub(crate) fn map(&self, value: &Value<'_>) -> Option<Value<'static>> {
        self.find(value, |found, bytes| {
            let text = found.entry.value()?;
            match (self.output?, found.regex) {
                (Output::Groups, Some(regex)) => {
                    let captures = regex.captures_at(bytes, 0)?;
                    let mut out = Vec::with_capacity(text.len() + bytes.len());
                    expand(text, &captures, bytes, &mut out);
                    Some(Value::Str(Cow::Owned(out)))
                }
                (output, _) => output.parse(text).ok().map(Value::into_owned),
            }
        })
        .flatten()
    }

    /// Reads what an entry would be in this set.
    pub(super) fn compile(&self, key: &[u8], value: Option<&[u8]>, mode: Mode) -> Result<Pattern, PatternError> {
        if let (Some(output), Some(value)) = (self.output, value) {
            output.parse(value)?;
        }
        Pattern::parse(key, mode)
    }

    /// The index as it is now; a clone of it can be changed and published.
    pub(super) fn index(&self) -> Index {
        Index::clone(&self.index.load())
    }

    /// Publishes another index. The caller holds the lock of the reference.
    pub(super) fn publish(&self, index: Index) {
        self.index.store(Arc::new(index));
    }
}

impl Output {
    /// A value of a map as what its converter yields.
    ///
    /// # Errors
    /// It is not of that type.
    pub(crate) fn parse<'v>(self, value: &'v [u8]) -> Result<Value<'v>, PatternError> {
        let refused = || PatternError::Value(String::from_utf8_lossy(value).into_owned());
        let text = || std::str::from_utf8(value).map_err(|_| refused());
        match self {
            Self::Str | Self::Groups => Ok(Value::str(value)),
            Self::Sint => text()?.parse().map(Value::Sint).map_err(|_| refused()),
            Self::Addr => text()?.parse().map(Value::ip).map_err(|_| refused()),
        }
    }
}
