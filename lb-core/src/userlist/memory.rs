//! What a worker remembers of passwords it was shown.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use super::hash::Hash;

/// How many results are remembered: more than a flood of wrong passwords brings between two looks at a right one.
const SIZE: usize = 512;

struct Memory {
    keys: [RandomState; 2],
    results: Vec<([u64; 2], bool)>,
    next: usize,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory {
        keys: [RandomState::new(), RandomState::new()],
        results: Vec::new(),
        next: 0,
    });
}

impl Memory {
    fn digest(&self, hash: &Hash, password: &[u8]) -> [u64; 2] {
        [0, 1].map(|index: usize| self.keys.get(index).map_or(0, |key| key.hash_one((hash, password))))
    }

    fn find(&self, digest: [u64; 2]) -> Option<bool> {
        self.results.iter().find(|(known, _)| *known == digest).map(|(_, right)| *right)
    }

    fn keep(&mut self, digest: [u64; 2], right: bool) {
        match self.results.get_mut(self.next) {
            Some(oldest) => *oldest = (digest, right),
            None => self.results.push((digest, right)),
        }
        self.next = (self.next + 1) % SIZE;
    }
}

/// What `verify` says of this password, or said when it was shown last. Neither password nor hash is kept: only a digest
/// of 128 bits under keys of this thread.
pub(super) fn recall(hash: &Hash, password: &[u8], verify: impl FnOnce() -> bool) -> bool {
    MEMORY.with_borrow_mut(|memory| {
        let digest = memory.digest(hash, password);
        memory.find(digest).unwrap_or_else(|| {
            let right = verify();
            memory.keep(digest, right);
            right
        })
    })
}

/// Whether this worker knows what to say of the password.
pub(super) fn knows(hash: &Hash, password: &[u8]) -> bool {
    MEMORY.with_borrow(|memory| memory.find(memory.digest(hash, password)).is_some())
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_password_is_verified_once() {
        let hash = Hash::parse("$6$a$b").unwrap();
        let mut asked = 0;
        let mut ask = |password: &str, answer| {
            recall(&hash, password.as_bytes(), || {
                asked += 1;
                answer
            })
        };
        assert!(ask("right", true) && ask("right", false));
        assert!(!ask("wrong", false) && !ask("wrong", true));
        for other in 0..SIZE {
            ask(&other.to_string(), false);
        }
        assert!(ask("right", true));
        assert_eq!(asked, 3 + SIZE);
    }
}
