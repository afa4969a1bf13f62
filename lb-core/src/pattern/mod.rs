//! Patterns: what ACLs and maps compare samples with (configuration.txt, sections 7.1 and 7.3.1, `map`).
//!
//! ```text
//!   acl words, files ─▶ Reference: entries with versions ─▶ Set: compiled for a method ◀── Matcher, Map
//!   runtime commands, rules ─▶ │ (one lock for changes)       │ (published snapshots, no lock)
//! ```
//!
//! A `Reference` is a list of entries, of a file or of the words of an ACL. Each method that looks into it
//! has a `Set`, an index that is published as a whole: lookups of the data path load it and never wait for a change.
//! `References` holds all of an instance. A configuration has its own, of which each instance makes a copy: ACLs and maps
//! know their sets by number.

pub(crate) mod acl;
mod change;
mod entry;
mod error;
pub(crate) mod file;
mod index;
mod key;
mod keys;
mod lookup;
mod map;
mod method;
mod operator;
#[allow(clippy::module_inception)]
mod pattern;
mod patterns;
pub(crate) mod reference;
pub(crate) mod references;
pub(crate) mod set;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use acl::{AclScope, Matcher};
pub use change::{ChangeError, Target};
pub use entry::Entry;
pub use error::PatternError;
pub use lookup::{Lookup, LookupValue, Matched};
pub(crate) use map::Map;
pub use method::Method;
pub use patterns::Patterns;
pub(crate) use reference::Reference;
pub(crate) use references::References;
pub(crate) use set::Output;
