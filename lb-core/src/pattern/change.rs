//! Which entries of a reference a change is about, and why it was not made.

use super::error::PatternError;

/// Why a change of a reference was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The key or value is none of the methods that look into the reference.
    #[error("{0}.")]
    Pattern(#[from] PatternError),
    /// No entry has that key.
    #[error("entry not found.")]
    NoSuchKey,
    /// No entry has that number.
    #[error("entry not found.")]
    NoSuchEntry,
    /// The version was not prepared.
    #[error("Version number in the future")]
    FutureVersion,
    /// A line of a payload has no value.
    #[error("Missing value for key '{0}'.")]
    NoValue(String),
    /// The file of the ACL is one of a map, whose entries have values.
    #[error("This ACL is shared with a map containing samples. You must use the command 'add map' to add values.")]
    SharedWithMap,
    /// The version is not between the current one and the last that was prepared.
    #[error("Version number out of range.")]
    VersionRange,
}

/// Which entries a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All with that key.
    Key(Vec<u8>),
    /// The one with that number.
    Entry(u64),
}
