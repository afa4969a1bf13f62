//! The patterns of a reference as one method reads them: what lookups go to.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::entry::Entry;
use super::error::PatternError;
use super::index::Index;
use super::key::{Key, Scratch};
use super::method::Mode;
use super::pattern::Pattern;
use crate::sample::{SampleType, Value};

/// Patterns ready to be looked up. Lookups take no lock; changes come from the reference alone.
#[derive(Debug)]
pub(crate) struct Set {
    /// How patterns are read.
    pub(crate) mode: Mode,
    /// What values of a map are; `None` where only keys matter.
    pub(crate) output: Option<SampleType>,
    index: ArcSwap<Index>,
}

impl Set {
    pub(super) fn new(mode: Mode, output: Option<SampleType>) -> Self {
        Self { mode, output, index: ArcSwap::from_pointee(Index::new(mode)) }
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

    /// Calls `use_entry` with the entry that a sample matches.
    pub(crate) fn find<T>(&self, value: &Value<'_>, use_entry: impl FnOnce(&Arc<Entry>) -> T) -> Option<T> {
        let mut scratch = Scratch::new();
        let key = Key::new(value, self.mode.method, &mut scratch)?;
        self.index.load().find(key).map(use_entry)
    }

    /// Reads what an entry would be in this set.
    pub(super) fn compile(&self, key: &[u8], value: Option<&[u8]>, mode: Mode) -> Result<Pattern, PatternError> {
        if let (Some(output), Some(value)) = (self.output, value) {
            parse_output(output, value)?;
        }
        Pattern::parse(key, mode)
    }

    /// Publishes a changed clone. The caller holds the lock of the reference.
    pub(super) fn change(&self, change: impl FnOnce(&mut Index)) {
        let mut index = Index::clone(&self.index.load());
        change(&mut index);
        self.index.store(Arc::new(index));
    }

    /// Publishes another index.
    pub(super) fn publish(&self, index: Index) {
        self.index.store(Arc::new(index));
    }
}

/// A value of a map as the type that its converter yields.
///
/// # Errors
/// It is not of that type.
pub(crate) fn parse_output<'v>(output: SampleType, value: &'v [u8]) -> Result<Value<'v>, PatternError> {
    let refused = || PatternError::Value(String::from_utf8_lossy(value).into_owned());
    let text = || std::str::from_utf8(value).map_err(|_| refused());
    match output {
        SampleType::Sint => text()?.parse().map(Value::Sint).map_err(|_| refused()),
        SampleType::Addr => text()?.parse().map(Value::ip).map_err(|_| refused()),
        _ => Ok(Value::str(value)),
    }
}
