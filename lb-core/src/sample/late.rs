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

/// Where the reader of a configuration collects them; elsewhere a fault is told at once.
#[derive(Debug, Default)]
pub(crate) struct LateFaults(Mutex<Option<Vec<LateFault>>>);

impl LateFaults {
    /// Of a configuration that is read.
    pub(crate) fn collected() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Keeps the faults of an expression.
    ///
    /// # Errors
    /// The first of them, where none are collected.
    pub(super) fn note(&self, faults: Vec<LateFault>) -> Result<(), LateFault> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(collected) => {
                collected.extend(faults);
                Ok(())
            }
            None => faults.into_iter().next().map_or(Ok(()), Err),
        }
    }

    /// What was collected since the last call.
    pub(crate) fn take(&self) -> Vec<LateFault> {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        collected.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// All was read: what is wrong from now on is told at once.
    pub(crate) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
