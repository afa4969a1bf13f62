//! Faults of arguments that are told once all was read: names of other sections, and regular expressions.
//!
//! HAProxy looks at these arguments behind the last line, so whatever else is wrong with a line is told first, and the
//! faults of a section are told together. An expression that has one is kept with the argument left out; nothing runs it.

use std::sync::{Mutex, PoisonError};

/// A fault of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LateFault {
    /// The argument, as it was written.
    pub(crate) word: String,
    /// HAProxy's text, which names the place of the argument.
    pub(crate) message: String,
}

/// An ACL that asks for groups of a userlist (`http_auth_group`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupTest {
    /// Its name; empty where it has none.
    pub(crate) acl: String,
    /// The number of the userlist.
    pub(crate) userlist: usize,
    /// The groups that it names.
    pub(crate) groups: Vec<String>,
}

/// Where the reader of a configuration collects them; elsewhere a fault is told at once.
#[derive(Debug, Default)]
pub(crate) struct LateFaults {
    faults: Mutex<Option<Vec<LateFault>>>,
    groups: Mutex<Vec<GroupTest>>,
}

impl LateFaults {
    /// Of a configuration that is read.
    pub(crate) fn collected() -> Self {
        Self { faults: Mutex::new(Some(Vec::new())), groups: Mutex::default() }
    }

    /// Keeps the faults of an expression.
    ///
    /// # Errors
    /// The first of them, where none are collected.
    pub(super) fn note(&self, faults: Vec<LateFault>) -> Result<(), LateFault> {
        match &mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(collected) => {
                collected.extend(faults);
                Ok(())
            }
            None => faults.into_iter().next().map_or(Ok(()), Err),
        }
    }

    /// What was collected since the last call.
    pub(crate) fn take(&self) -> Vec<LateFault> {
        let mut collected = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        collected.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// All was read: what is wrong from now on is told at once.
    pub(crate) fn close(&self) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps what an ACL asks for: there may be no such groups.
    pub(crate) fn note_groups(&self, test: GroupTest) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).push(test);
    }

    /// The ACLs that were kept since the last call.
    pub(crate) fn take_groups(&self) -> Vec<GroupTest> {
        std::mem::take(&mut *self.groups.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
