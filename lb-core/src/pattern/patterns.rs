//! Patterns on their own, for programs that want the lookups without a configuration.

use std::sync::Arc;

use super::change::{ChangeError, Target};
use super::entry::Entry;
use super::file::Columns;
use super::method::{Method, Mode};
use super::reference::{Numbers, Origin, Reference};
use super::set::Set;
use crate::sample::Value;

/// Patterns of one method. Lookups take no lock and never wait for a change.
///
/// ```
/// use lb_core::pattern::{Method, Patterns};
/// use lb_core::sample::Value;
///
/// let networks = Patterns::new(Method::Ip, false);
/// networks.add("10.0.0.0/8", Some("private"))?;
/// networks.add("10.1.0.0/16", Some("office"))?;
/// let found = networks.find(&Value::ip([10, 1, 2, 3].into()));
/// assert_eq!(found.as_ref().and_then(|entry| entry.value()), Some(b"office".as_slice()));
/// # Ok::<(), lb_core::pattern::ChangeError>(())
/// ```
#[derive(Debug)]
pub struct Patterns {
    reference: Reference,
    set: Arc<Set>,
}

impl Patterns {
    /// Without patterns. `ignore_case` is `-i`.
    pub fn new(method: Method, ignore_case: bool) -> Self {
        let reference = Reference::new(Origin::Words(String::new()), Arc::new(Numbers::new(1)));
        let mode = Mode { ignore_case: ignore_case && method.has_case(), ..Mode::new(method) };
        let set = reference.add_set(mode, None);
        Self { reference, set }
    }

    /// Adds a pattern.
    ///
    /// # Errors
    /// It is none of the method.
    pub fn add(&self, key: impl AsRef<[u8]>, value: Option<&str>) -> Result<(), ChangeError> {
        self.reference.add(key.as_ref(), value.map(str::as_bytes), None)
    }

    /// Puts the lines of a file in the place of all patterns: the first word of each is the pattern, the rest its value.
    ///
    /// # Errors
    /// A line is no pattern of the method; everything stays as it was then.
    pub fn load(&self, contents: &[u8]) -> Result<(), ChangeError> {
        self.reference
            .replace_all(super::file::lines(contents, Columns::KeyAndValue).map(|line| (line.key, line.value)))
    }

    /// Deletes all that are written like this; says how many there were.
    pub fn remove(&self, key: impl AsRef<[u8]>) -> usize {
        self.reference.delete(&Target::Key(key.as_ref().to_vec())).unwrap_or(0)
    }

    /// Whether a sample matches.
    pub fn matches(&self, value: &Value<'_>) -> bool {
        self.set.matches(value)
    }

    /// The entry that a sample matches: the most exact one for addresses and prefixes, else the first.
    pub fn find(&self, value: &Value<'_>) -> Option<Arc<Entry>> {
        self.set.find(value, |found, _| Arc::clone(found.entry))
    }
}
