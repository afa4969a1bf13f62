//! References: the named lists of entries that ACLs and maps look into, and their versions (management.txt, `show acl`,
//! `prepare acl`, `commit acl`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::change::{ChangeError, Target};
use super::entry::Entry;
use super::error::PatternError;
use super::file::Columns;
use super::index::Index;
use super::keys::Keys;
use super::method::Mode;
use super::set::{Output, Set};

/// Where the first entries of a reference come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file, which is its name.
    File(String, Columns),
    /// The words of an ACL: what `show acl` says of it.
    Words(String),
}

/// A list of entries that ACLs and maps look into.
#[derive(Debug)]
pub(crate) struct Reference {
    /// Where its first entries come from.
    pub(crate) origin: Origin,
    /// An ACL looks into it.
    pub(crate) used_by_acl: AtomicBool,
    /// A map looks into it, or values were read for one.
    pub(crate) used_by_map: AtomicBool,
    /// What `show acl` and `show map` say about where it is used.
    uses: Mutex<Vec<String>>,
    numbers: Arc<Numbers>,
    state: Mutex<State>,
}

/// What the references of one configuration number together.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// The next entry's.
    entry: AtomicU64,
    /// The next set's.
    set: AtomicUsize,
}

impl Numbers {
    /// The first entry gets this number.
    pub(super) fn new(first_entry: u64) -> Self {
        Self { entry: AtomicU64::new(first_entry), set: AtomicUsize::new(0) }
    }

    /// The same for another instance.
    pub(super) fn fork(&self) -> Self {
        let set = AtomicUsize::new(self.set.load(Ordering::Relaxed));
        Self { entry: AtomicU64::new(self.entry.load(Ordering::Relaxed)), set }
    }
}

/// Entries by their number.
type Entries = BTreeMap<u64, Arc<Entry>>;

#[derive(Debug, Default)]
struct State {
    current: u32,
    next: u32,
    /// Shared with other instances until one changes them.
    versions: BTreeMap<u32, Arc<Entries>>,
    sets: Vec<Arc<Set>>,
    /// Of the current version; `None` until a change looks for a key.
    keys: Option<Keys>,
}

impl State {
    fn entries(&self) -> Option<&Entries> {
        self.versions.get(&self.current).map(Arc::as_ref)
    }

    /// The entries of the current version with that key, the oldest first.
    fn with_key(&mut self, key: &[u8]) -> Vec<Arc<Entry>> {
        let Some(entries) = self.versions.get(&self.current) else { return Vec::new() };
        let keys = self.keys.get_or_insert_with(|| Keys::new(entries));
        let found = keys.candidates(key).iter().filter_map(|number| entries.get(number));
        found.filter(|entry| entry.key() == key).cloned().collect()
    }

    fn find(&mut self, target: &Target) -> Result<Vec<Arc<Entry>>, ChangeError> {
        let (found, missing) = match target {
            Target::Entry(number) => {
                let entry = self.entries().and_then(|entries| entries.get(number));
                (entry.cloned().into_iter().collect(), ChangeError::NoSuchEntry)
            }
            Target::Key(key) => (self.with_key(key), ChangeError::NoSuchKey),
        };
        if found.is_empty() { Err(missing) } else { Ok(found) }
    }
}

/// Whether version `a` is newer than `b`; numbers wrap.
fn newer(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 > 0
}

impl Reference {
    pub(super) fn new(origin: Origin, numbers: Arc<Numbers>) -> Self {
        Self {
            origin,
            used_by_acl: AtomicBool::new(false),
            used_by_map: AtomicBool::new(false),
            uses: Mutex::default(),
            numbers,
            state: Mutex::default(),
        }
    }

    /// The same for another instance: what is changed in one is not seen in the other.
    pub(super) fn fork(&self, numbers: Arc<Numbers>) -> Self {
        let state = self.lock();
        Self {
            origin: self.origin.clone(),
            used_by_acl: AtomicBool::new(self.is_acl()),
            used_by_map: AtomicBool::new(self.is_map()),
            uses: Mutex::new(self.uses.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            numbers,
            state: Mutex::new(State {
                current: state.current,
                next: state.next,
                versions: state.versions.clone(),
                sets: state.sets.iter().map(|set| Arc::new(set.fork())).collect(),
                keys: None,
            }),
        }
    }

    /// Whether an ACL looks into it.
    pub(crate) fn is_acl(&self) -> bool {
        self.used_by_acl.load(Ordering::Relaxed)
    }

    /// Whether a map looks into it, or its file is read as one.
    pub(crate) fn is_map(&self) -> bool {
        self.used_by_map.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of its file.
    pub(crate) fn file(&self) -> Option<&str> {
        match &self.origin {
            Origin::File(name, _) => Some(name),
            Origin::Words(_) => None,
        }
    }

    /// Says that something in the configuration looks into it: `acl at file 'x' line 1`.
    pub(super) fn add_use(&self, place: String) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// The description of `show acl`.
    pub(crate) fn description(&self) -> String {
        match &self.origin {
            Origin::Words(text) => text.clone(),
            Origin::File(name, _) => {
                let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
                let by: Vec<_> = uses.iter().map(|place| format!("by {place}")).collect();
                match by.is_empty() {
                    true => format!("pattern loaded from file '{name}'"),
                    false => format!("pattern loaded from file '{name}' used {}", by.join(", ")),
                }
            }
        }
    }

    /// The version that is matched, the last that was prepared, and how many entries all have together.
    pub(crate) fn versions(&self) -> (u32, u32, usize) {
        let state = self.lock();
        (state.current, state.next, state.versions.values().map(|entries| entries.len()).sum())
    }

    /// The entries of a version, or of the current one.
    pub(crate) fn entries(&self, version: Option<u32>) -> Vec<Arc<Entry>> {
        let state = self.lock();
        let entries = state.versions.get(&version.unwrap_or(state.current));
        entries.map(|entries| entries.values().cloned().collect()).unwrap_or_default()
    }

    /// Whoever looks into it.
    pub(crate) fn sets(&self) -> Vec<Arc<Set>> {
        self.lock().sets.clone()
    }

    /// The set of that mode and output, made if there is none yet.
    ///
    /// # Errors
    /// Which entry, in order, is none of the method, and why.
    pub(super) fn set(&self, mode: Mode, output: Option<Output>) -> Result<Arc<Set>, (usize, PatternError)> {
        let mut state = self.lock();
        if let Some(set) = state.sets.iter().find(|set| set.mode == mode && set.output == output) {
            return Ok(Arc::clone(set));
        }
        let mut set = Set::new(mode, output);
        let compile = |(order, entry): (usize, &Arc<Entry>)| match set.compile(entry.key(), entry.value(), mode) {
            Ok(pattern) => Ok((pattern, Arc::clone(entry))),
            Err(error) => Err((order, error)),
        };
        let entries = state.entries().into_iter().flat_map(BTreeMap::values).enumerate();
        set.publish(Index::build(mode, entries.map(compile).collect::<Result<_, _>>()?));
        // Only sets that there will be have a number.
        set.number = self.numbers.set.fetch_add(1, Ordering::Relaxed);
        let set = Arc::new(set);
        state.sets.push(Arc::clone(&set));
        Ok(set)
    }

    /// A set of a reference that has no entries yet.
    pub(super) fn add_set(&self, mode: Mode, output: Option<Output>) -> Arc<Set> {
        let set = Arc::new(Set::new(mode, output));
        self.lock().sets.push(Arc::clone(&set));
        set
    }

    /// Adds entries while the configuration is read, before sets are made.
    pub(super) fn load<'e>(&self, entries: impl Iterator<Item = (&'e [u8], Option<&'e [u8]>)>) {
        let mut state = self.lock();
        let current = state.current;
        let list = Arc::make_mut(state.versions.entry(current).or_default());
        list.extend(entries.map(|(key, value)| {
            let number = self.numbers.entry.fetch_add(1, Ordering::Relaxed);
            (number, Arc::new(Entry::new(number, key, value)))
        }));
    }

    /// Adds an entry, to the current version or to one that was prepared.
    ///
    /// # Errors
    /// It is none of the methods that look into the reference, or the version was not prepared.
    pub(crate) fn add(&self, key: &[u8], value: Option<&[u8]>, version: Option<u32>) -> Result<(), ChangeError> {
        self.add_all([Ok((key, value))], version)
    }

    /// Adds entries up to the first that is refused; those before it stay. They begin to match together.
    ///
    /// # Errors
    /// As [`Reference::add`]; and what the iterator says.
    pub(crate) fn add_all<'e>(
        &self,
        entries: impl IntoIterator<Item = Result<(&'e [u8], Option<&'e [u8]>), ChangeError>>,
        version: Option<u32>,
    ) -> Result<(), ChangeError> {
        let mut state = self.lock();
        let State { current, next, versions, sets, keys } = &mut *state;
        let version = version.unwrap_or(*current);
        if newer(version, *next) {
            return Err(ChangeError::FutureVersion);
        }
        let list = Arc::make_mut(versions.entry(version).or_default());
        let mut indexes: Vec<_> = match version == *current {
            true => sets.iter().map(|set| set.index()).collect(),
            false => Vec::new(),
        };
        let mut result = Ok(());
        for entry in entries {
            result = entry.and_then(|(key, value)| {
                let compile = |set: &Arc<Set>| set.compile(key, value, set.mode.at_run_time());
                let patterns: Vec<_> = sets.iter().map(compile).collect::<Result<_, _>>()?;
                let number = self.numbers.entry.fetch_add(1, Ordering::Relaxed);
                let entry = Arc::new(Entry::new(number, key, value));
                for (index, pattern) in indexes.iter_mut().zip(patterns) {
                    index.insert(&entry, &pattern);
                }
                if let Some(keys) = keys.as_mut().filter(|_| version == *current) {
                    keys.insert(&entry);
                }
                list.insert(number, entry);
                Ok(())
            });
            if result.is_err() {
                break;
            }
        }
        publish(sets, indexes);
        result
    }

    /// Adds an entry unless there is one with that key (`http-request add-acl`).
    ///
    /// # Errors
    /// As [`Reference::add`].
    pub(crate) fn add_once(&self, key: &[u8]) -> Result<(), ChangeError> {
        match self.first(key).is_some() {
            true => Ok(()),
            false => self.add(key, None, None),
        }
    }

    /// Gives entries of the current version another value; the first with that key where there is none
    /// (`http-request set-map`).
    ///
    /// # Errors
    /// As [`Reference::add`].
    pub(crate) fn set_or_add(&self, key: &[u8], value: &[u8]) -> Result<(), ChangeError> {
        match self.set_value(&Target::Key(key.to_vec()), value) {
            Err(ChangeError::NoSuchKey) => self.add(key, Some(value), None),
            other => other.map(drop),
        }
    }

    /// The oldest entry of the current version with that key.
    pub(crate) fn first(&self, key: &[u8]) -> Option<Arc<Entry>> {
        self.lock().with_key(key).into_iter().next()
    }

    /// Puts other entries in the place of those of the current version, at once.
    ///
    /// # Errors
    /// One is none of the methods that look into the reference; everything stays as it was then.
    pub(crate) fn replace_all<'e>(
        &self,
        entries: impl IntoIterator<Item = (&'e [u8], Option<&'e [u8]>)>,
    ) -> Result<(), ChangeError> {
        let version = self.prepare();
        let replaced = self.add_all(entries.into_iter().map(Ok), Some(version)).and_then(|()| self.commit(version));
        if replaced.is_err() {
            self.clear(Some(version));
        }
        replaced
    }

    /// Gives entries of the current version another value. Returns how many.
    ///
    /// # Errors
    /// There are none; the value is not of the type that a map yields.
    pub(crate) fn set_value(&self, target: &Target, value: &[u8]) -> Result<usize, ChangeError> {
        let mut state = self.lock();
        let found = state.find(target)?;
        let current = state.current;
        let mut changes = Vec::with_capacity(found.len());
        for old in &found {
            let entry = Arc::new(Entry::new(old.number(), old.key(), Some(value)));
            let patterns: Vec<_> =
                state.sets.iter().map(|set| set.compile(old.key(), Some(value), set.mode)).collect::<Result<_, _>>()?;
            changes.push((entry, patterns));
        }
        let mut indexes: Vec<_> = state.sets.iter().map(|set| set.index()).collect();
        for (entry, patterns) in changes {
            for (index, pattern) in indexes.iter_mut().zip(patterns) {
                index.replace(&entry, &pattern);
            }
            Arc::make_mut(state.versions.entry(current).or_default()).insert(entry.number(), entry);
        }
        publish(&state.sets, indexes);
        Ok(found.len())
    }

    /// Deletes entries of the current version. Returns how many.
    ///
    /// # Errors
    /// There are none.
    pub(crate) fn delete(&self, target: &Target) -> Result<usize, ChangeError> {
        let mut state = self.lock();
        let found = state.find(target)?;
        let current = state.current;
        let mut indexes: Vec<_> = state.sets.iter().map(|set| set.index()).collect();
        for entry in &found {
            for (set, index) in state.sets.iter().zip(&mut indexes) {
                // What was read once is read again; a name that is no longer known is no address to look for either.
                if let Ok(pattern) = set.compile(entry.key(), None, set.mode) {
                    index.remove(entry, &pattern);
                }
            }
            if let Some(keys) = &mut state.keys {
                keys.remove(entry);
            }
            if let Some(entries) = state.versions.get_mut(&current) {
                Arc::make_mut(entries).remove(&entry.number());
            }
        }
        publish(&state.sets, indexes);
        Ok(found.len())
    }

    /// Deletes all entries of a version, or of the current one.
    pub(crate) fn clear(&self, version: Option<u32>) {
        let mut state = self.lock();
        let version = version.unwrap_or(state.current);
        state.versions.remove(&version);
        if version == state.current {
            state.keys = None;
            for set in &state.sets {
                set.publish(Index::new(set.mode));
            }
        }
    }

    /// Makes a version that entries can be added to without being matched.
    pub(crate) fn prepare(&self) -> u32 {
        let mut state = self.lock();
        state.next = state.next.wrapping_add(1);
        state.next
    }

    /// Makes a version the current one, and forgets those before it.
    ///
    /// # Errors
    /// It was not prepared, or is older than the current one.
    pub(crate) fn commit(&self, version: u32) -> Result<(), ChangeError> {
        let mut state = self.lock();
        if !newer(version, state.current) || newer(version, state.next) {
            return Err(ChangeError::VersionRange);
        }
        let mut indexes = Vec::with_capacity(state.sets.len());
        for set in &state.sets {
            let entries = state.versions.get(&version).into_iter().flat_map(|entries| entries.values());
            let compile = |entry: &Arc<Entry>| {
                let pattern = set.compile(entry.key(), entry.value(), set.mode.at_run_time());
                pattern.map(|pattern| (pattern, Arc::clone(entry)))
            };
            indexes.push(Index::build(set.mode, entries.map(compile).collect::<Result<_, _>>()?));
        }
        publish(&state.sets, indexes);
        state.versions.retain(|other, _| !newer(version, *other));
        state.current = version;
        state.keys = None;
        Ok(())
    }
}

/// Lets lookups see changed indexes.
fn publish(sets: &[Arc<Set>], indexes: Vec<Index>) {
    for (set, index) in sets.iter().zip(indexes) {
        set.publish(index);
    }
}
