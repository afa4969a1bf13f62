//! The few texts that entries hold: names and addresses of servers, each kept once and known by a number.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Texts by number, and numbers by text. 0 is no text.
#[derive(Debug, Default)]
pub(super) struct Names {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u64>,
}

impl Names {
    /// The text of a number.
    pub(super) fn get(&self, number: u64) -> Option<Arc<str>> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.inner.read().unwrap_or_else(PoisonError::into_inner).texts.get(index).cloned()
    }

    /// The number of a text, given out where it has none.
    pub(super) fn number(&self, text: &str) -> u64 {
        if let Some(number) = self.inner.read().unwrap_or_else(PoisonError::into_inner).numbers.get(text) {
            return *number;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let next = inner.texts.len() as u64 + 1;
        let text: Arc<str> = text.into();
        match inner.numbers.entry(Arc::clone(&text)) {
            std::collections::hash_map::Entry::Occupied(known) => *known.get(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(next);
                inner.texts.push(text);
                next
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once() {
        let names = Names::default();
        assert_eq!((names.number("s1"), names.number("s2"), names.number("s1")), (1, 2, 1));
        assert_eq!(names.get(2).as_deref(), Some("s2"));
        assert_eq!((names.get(0), names.get(3)), (None, None));
    }
}
