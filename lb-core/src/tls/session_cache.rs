//! Sessions that clients may resume without a ticket (configuration.txt, `tune.ssl.cachesize`).

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rustls::server::StoresServerSessions;

/// A bounded store of sessions, oldest out first; it grows as sessions come.
pub(super) struct SessionCache {
    sessions: Mutex<Sessions>,
    size: usize,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<Vec<u8>, Vec<u8>>,
    /// Ids in the order of their coming; ids taken out meanwhile stay until their turn.
    order: VecDeque<Vec<u8>>,
}

impl SessionCache {
    /// Holds at most `size` sessions; none with 0.
    pub(super) fn new(size: usize) -> Self {
        Self { sessions: Mutex::default(), size }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoresServerSessions for SessionCache {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        if self.size == 0 {
            return false;
        }
        let mut sessions = self.sessions();
        while sessions.order.len() >= self.size {
            let Some(oldest) = sessions.order.pop_front() else { break };
            sessions.by_id.remove(&oldest);
        }
        if sessions.by_id.insert(id.clone(), session).is_none() {
            sessions.order.push_back(id);
        }
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.sessions().by_id.get(id).cloned()
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.sessions().by_id.remove(id)
    }

    fn can_cache(&self) -> bool {
        self.size > 0
    }
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCache").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let cache = SessionCache::new(2);
        for id in 1..=3_u8 {
            assert!(cache.put(vec![id], vec![id]));
        }
        assert_eq!(cache.get(&[1]), None);
        assert_eq!(cache.take(&[2]), Some(vec![2]));
        assert_eq!(cache.get(&[2]), None);
        assert_eq!(cache.get(&[3]), Some(vec![3]));
    }

    #[test]
    fn size_zero_disables_it() {
        let cache = SessionCache::new(0);
        assert!(!cache.can_cache());
        assert!(!cache.put(vec![1], vec![1]));
        assert_eq!(cache.get(&[1]), None);
    }
}
