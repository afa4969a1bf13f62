//! Maps: a value for a sample (configuration.txt, section 7.3.1, `map`).

use std::path::Path;
use std::sync::Arc;

use super::error::PatternError;
use super::file::Columns;
use super::method::{Method, Mode};
use super::references::References;
use super::set::{Output, Set};
use crate::sample::Value;

/// A map as one converter looks into it.
#[derive(Debug)]
pub(crate) struct Map {
    /// Its number among the sets of an instance.
    set: usize,
    default: Option<Value<'static>>,
}

impl Map {
    /// The map in a file, for a converter at a place. `default` is what it yields for samples that nothing matches.
    ///
    /// # Errors
    /// The file cannot be read, one of its lines is wrong, or the default is no value of the map.
    pub(crate) fn open(
        references: &References,
        file: (&str, &Path),
        (method, output): (Method, Output),
        default: Option<Value<'static>>,
        place: (&str, u32),
    ) -> Result<Self, PatternError> {
        let mode = Mode { groups: output == Output::Groups, ..Mode::new(method) };
        let (_, set) = references.file_set(file, Columns::KeyAndValue, mode, Some(output), place)?;
        let default = match (output, default) {
            (Output::Addr, Some(Value::Str(text))) => {
                let refused = |_| PatternError::DefaultAddress(String::from_utf8_lossy(&text).into_owned());
                Some(output.parse(&text).map_err(refused)?.into_owned())
            }
            (_, default) => default,
        };
        Ok(Self { set: set.number, default })
    }

    /// What a sample becomes in an instance with these sets.
    pub(crate) fn get(&self, value: &Value<'_>, sets: &[Arc<Set>]) -> Option<Value<'static>> {
        sets.get(self.set)?.map(value).or_else(|| self.default.clone())
    }
}
