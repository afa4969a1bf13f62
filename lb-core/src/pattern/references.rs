//! All references of an instance, by the names of their files and by their numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::PatternError;
use super::file::{self, Columns};
use super::method::Mode;
use super::reference::{Numbers, Origin, Reference};
use super::set::{Output, Set};

/// The references of a configuration: made while it is read, and what runtime commands find them in.
#[derive(Debug)]
pub(crate) struct References {
    state: Mutex<State>,
    numbers: Arc<Numbers>,
}

impl Default for References {
    fn default() -> Self {
        Self { state: Mutex::default(), numbers: Arc::new(Numbers::new(FIRST_NUMBER)) }
    }
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they were made.
    all: Vec<(Option<u32>, Arc<Reference>)>,
}

impl References {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same lists for another instance of the configuration: what is changed in one is not seen in the other.
    /// Entries are shared until then.
    pub(crate) fn fork(&self) -> Self {
        let numbers = Arc::new(self.numbers.fork());
        let fork = |(number, reference): &(Option<u32>, Arc<Reference>)| {
            (*number, Arc::new(reference.fork(Arc::clone(&numbers))))
        };
        let all = self.lock().all.iter().map(fork).collect();
        Self { state: Mutex::new(State { all }), numbers }
    }

    /// What ACLs and maps look into, by the numbers that these hold.
    pub(crate) fn sets(&self) -> Box<[Arc<Set>]> {
        let mut sets: Vec<_> = self.lock().all.iter().flat_map(|(_, reference)| reference.sets()).collect();
        sets.sort_by_key(|set| set.number);
        sets.into()
    }

    /// The reference of a file, which is read from `path` if it was not yet: it is the name that distinguishes them.
    ///
    /// # Errors
    /// It cannot be read, or is read with another number of columns elsewhere.
    pub(crate) fn file(&self, name: &str, path: &Path, columns: Columns) -> Result<Arc<Reference>, PatternError> {
        if let Some(known) = self.by_file(name) {
            let read = match &known.origin {
                Origin::File(_, columns) => *columns,
                Origin::Words(_) => columns,
            };
            return match (read, columns) {
                (Columns::Key, Columns::KeyAndValue) => Err(PatternError::OneColumn(name.to_owned())),
                (Columns::KeyAndValue, Columns::Key) => Err(PatternError::TwoColumns(name.to_owned())),
                _ => Ok(known),
            };
        }
        let contents = file::read(name, path)?;
        let reference = Reference::new(Origin::File(name.to_owned(), columns), Arc::clone(&self.numbers));
        reference.load(file::lines(&contents, columns).map(|line| (line.key, line.value)));
        let reference = Arc::new(reference);
        self.lock().all.push((None, Arc::clone(&reference)));
        Ok(reference)
    }

    /// The patterns of a file as a method reads them, for an ACL or a map at a place.
    ///
    /// # Errors
    /// As [`References::file`]; and a line that is none of the method.
    pub(crate) fn file_set(
        &self,
        (name, path): (&str, &Path),
        columns: Columns,
        mode: Mode,
        output: Option<Output>,
        place: (&str, u32),
    ) -> Result<(Arc<Reference>, Arc<Set>), PatternError> {
        let reference = self.file(name, path, columns)?;
        // A file of two columns counts as a map, whoever reads it.
        let (used, what) = match columns {
            Columns::Key => (&reference.used_by_acl, "acl"),
            Columns::KeyAndValue => (&reference.used_by_map, "map"),
        };
        used.store(true, Ordering::Relaxed);
        if output.is_none() {
            reference.used_by_acl.store(true, Ordering::Relaxed);
        }
        reference.add_use(format!("{what} at file '{}' line {}", place.0, place.1));
        let set = reference.set(mode, output).map_err(|(order, error)| at_line((name, path), columns, order, error))?;
        Ok((reference, set))
    }

    /// A reference for the words of an ACL.
    ///
    /// # Errors
    /// The number is taken.
    pub(super) fn words(&self, description: String, number: Option<u32>) -> Result<Arc<Reference>, PatternError> {
        let mut state = self.lock();
        if number.is_some() && state.all.iter().any(|(taken, _)| *taken == number) {
            return Err(PatternError::IdTaken);
        }
        let reference = Arc::new(Reference::new(Origin::Words(description), Arc::clone(&self.numbers)));
        reference.used_by_acl.store(true, Ordering::Relaxed);
        state.all.push((number, Arc::clone(&reference)));
        Ok(reference)
    }

    /// The reference of a file that was read.
    pub(crate) fn by_file(&self, name: &str) -> Option<Arc<Reference>> {
        let state = self.lock();
        state.all.iter().map(|(_, reference)| reference).find(|reference| reference.file() == Some(name)).cloned()
    }

    /// All by their numbers: those given by `-u`, the others in the order in which they were made.
    pub(crate) fn numbered(&self) -> BTreeMap<u32, Arc<Reference>> {
        let state = self.lock();
        let given = state.all.iter().filter_map(|(number, reference)| Some(((*number)?, Arc::clone(reference))));
        let mut numbered: BTreeMap<_, _> = given.collect();
        let mut next = 0;
        for (_, reference) in state.all.iter().filter(|(number, _)| number.is_none()) {
            while numbered.contains_key(&next) {
                next += 1;
            }
            numbered.insert(next, Arc::clone(reference));
        }
        numbered
    }

    /// The reference that a runtime command names: `#<id>` or the name of a file.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Reference>> {
        match name.strip_prefix('#') {
            Some(number) => self.numbered().remove(&number.parse().ok()?),
            None => self.by_file(name),
        }
    }
}

/// The number of the first entry: numbers look like HAProxy's addresses, and 0 is none.
const FIRST_NUMBER: u64 = 0x1000;

/// Says in which line the entry of that order is.
fn at_line((name, path): (&str, &Path), columns: Columns, order: usize, error: PatternError) -> PatternError {
    let contents = file::read(name, path).unwrap_or_default();
    let line = file::lines(&contents, columns).nth(order).map_or(0, |line| line.number);
    PatternError::Line { source: Box::new(error), line, file: name.to_owned() }
}
