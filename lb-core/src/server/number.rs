//! Numbers of servers: small, distinct among the servers of an instance, and free again when a server is gone.
//!
//! Workers keep what they have of a server (its idle connections) in a list by number. A number goes back only when
//! nobody holds its server any more, so two servers never share an entry.

use std::sync::{Arc, Mutex, PoisonError};

/// The numbers of an instance.
#[derive(Debug, Default)]
pub struct Numbers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u32,
    free: Vec<u32>,
}

impl Numbers {
    pub(crate) fn take(self: &Arc<Self>) -> Number {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let value = state.free.pop().unwrap_or_else(|| {
            state.next += 1;
            state.next - 1
        });
        Number { value, numbers: Arc::clone(self) }
    }
}

/// A number, until it is dropped.
#[derive(Debug)]
pub(crate) struct Number {
    value: u32,
    numbers: Arc<Numbers>,
}

impl Number {
    pub(crate) fn get(&self) -> usize {
        self.value as usize
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.numbers.state.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_once_they_are_free() {
        let numbers = Arc::<Numbers>::default();
        let (first, second) = (numbers.take(), numbers.take());
        assert_eq!((first.get(), second.get()), (0, 1));
        drop(first);
        let (first, third) = (numbers.take(), numbers.take());
        assert_eq!((first.get(), second.get(), third.get()), (0, 1, 2));
    }
}
