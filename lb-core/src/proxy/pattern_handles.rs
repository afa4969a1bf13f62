//! ACLs and maps of a running instance as objects: what a program asks them, and how it changes them.

use std::fmt;
use std::sync::Arc;

use crate::pattern::{ChangeError, Entry, Lookup, Reference, Target};
use crate::runtime::{CommandError, Instance, PatternKind};

/// A map of a running instance; see [`Proxy::map`](super::Proxy::map). Clones are cheap. What changes is seen by the
/// next lookup, and lookups never wait for a change.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let proxy: lb_core::proxy::Proxy = lb_core::proxy::Proxy::builder().start()?;
/// let hosts = proxy.map("/etc/haproxy/hosts.map")?;
/// hosts.set("www.example.com", "app")?;
/// assert_eq!(hosts.get("www.example.com").as_deref(), Some(b"app".as_slice()));
/// hosts.replace_all([("a.example.com", "a"), ("b.example.com", "b")])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MapHandle {
    reference: Arc<Reference>,
}

/// An ACL of a running instance; see [`Proxy::acl`](super::Proxy::acl). Clones are cheap. What changes is seen by the
/// next lookup, and lookups never wait for a change.
#[derive(Clone)]
pub struct AclHandle {
    reference: Arc<Reference>,
}

impl fmt::Debug for MapHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapHandle").field(&self.reference.description()).finish()
    }
}

impl fmt::Debug for AclHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AclHandle").field(&self.reference.description()).finish()
    }
}

/// What a text matches with every method that looks into a reference.
fn lookups(reference: &Reference, text: &[u8]) -> Vec<Lookup> {
    reference.sets().iter().map(|set| set.lookup(text)).collect()
}

impl MapHandle {
    pub(super) fn new(instance: &Instance, name: &str) -> Result<Self, CommandError> {
        Ok(Self { reference: PatternKind::Map.used(instance, name)? })
    }

    /// Its file.
    pub fn file(&self) -> Option<&str> {
        self.reference.file()
    }

    /// The value of the first entry with exactly this key, whatever the converters that use the map match by; see
    /// [`MapHandle::lookup`] for those.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.reference.first(key.as_ref())?.value().map(<[u8]>::to_vec)
    }

    /// What a text matches, for every converter and ACL that looks into the map (`get map`).
    pub fn lookup(&self, text: impl AsRef<[u8]>) -> Vec<Lookup> {
        lookups(&self.reference, text.as_ref())
    }

    /// Gives all entries with this key another value, or adds one where there is none.
    ///
    /// # Errors
    /// The key is no pattern, or the value none, of a converter that uses the map.
    pub fn set(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), ChangeError> {
        self.reference.set_or_add(key.as_ref(), value.as_ref())
    }

    /// Adds an entry, whether there is one with this key or not (`add map`).
    ///
    /// # Errors
    /// As [`MapHandle::set`].
    pub fn add(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), ChangeError> {
        self.reference.add(key.as_ref(), Some(value.as_ref()), None)
    }

    /// Deletes all entries with this key; says how many there were (`del map`).
    pub fn remove(&self, key: impl AsRef<[u8]>) -> usize {
        self.reference.delete(&Target::Key(key.as_ref().to_vec())).unwrap_or(0)
    }

    /// The entries in order (`show map`).
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.reference.entries(None)
    }

    /// Puts other entries in the place of all there are, at once: a lookup sees the old ones or the new ones
    /// (`prepare map`, `add map`, `commit map`).
    ///
    /// # Errors
    /// As [`MapHandle::set`]; everything stays as it was then.
    pub fn replace_all<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), ChangeError> {
        let entries: Vec<_> = entries.into_iter().collect();
        let entries = entries.iter().map(|(key, value)| (key.as_ref(), Some(value.as_ref())));
        self.reference.replace_all(entries)
    }

    /// Deletes all entries (`clear map`).
    pub fn clear(&self) {
        self.reference.clear(None);
    }
}

impl AclHandle {
    pub(super) fn new(instance: &Instance, name: &str) -> Result<Self, CommandError> {
        Ok(Self { reference: PatternKind::Acl.used(instance, name)? })
    }

    /// Its file; `None` where its patterns are in the configuration.
    pub fn file(&self) -> Option<&str> {
        self.reference.file()
    }

    /// Whether it has an entry that is written exactly like this.
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        self.reference.first(key.as_ref()).is_some()
    }

    /// What a text matches, for every condition that uses the ACL (`get acl`).
    pub fn lookup(&self, text: impl AsRef<[u8]>) -> Vec<Lookup> {
        lookups(&self.reference, text.as_ref())
    }

    /// Adds a pattern unless it is there.
    ///
    /// # Errors
    /// It is no pattern of a method that looks into the ACL; its file is one of a map.
    pub fn add(&self, key: impl AsRef<[u8]>) -> Result<(), ChangeError> {
        match self.reference.is_map() {
            true => Err(ChangeError::SharedWithMap),
            false => self.reference.add_once(key.as_ref()),
        }
    }

    /// Deletes all entries that are written like this; says how many there were (`del acl`).
    pub fn remove(&self, key: impl AsRef<[u8]>) -> usize {
        self.reference.delete(&Target::Key(key.as_ref().to_vec())).unwrap_or(0)
    }

    /// The entries in order (`show acl`).
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.reference.entries(None)
    }

    /// Puts other patterns in the place of all there are, at once: a lookup sees the old ones or the new ones.
    ///
    /// # Errors
    /// As [`AclHandle::add`]; everything stays as it was then.
    pub fn replace_all<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), ChangeError> {
        if self.reference.is_map() {
            return Err(ChangeError::SharedWithMap);
        }
        let keys: Vec<_> = keys.into_iter().collect();
        self.reference.replace_all(keys.iter().map(|key| (key.as_ref(), None)))
    }

    /// Deletes all entries (`clear acl`).
    pub fn clear(&self) {
        self.reference.clear(None);
    }
}
