//! Streams that no worker has: those of the stats socket.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::session::{SessionId, SessionInfo};

/// Somebody besides the workers who has streams that `show sess` lists.
pub trait SessionSource: Send + Sync + std::fmt::Debug {
    /// The streams there are now.
    fn sessions(&self) -> Vec<SessionInfo>;

    /// Ends a stream. False where the source has none of that name.
    fn shut(&self, id: SessionId) -> bool;
}

/// The sources of an instance. One that is dropped has no streams any more.
#[derive(Debug, Default)]
pub(crate) struct OtherSessions(Mutex<Vec<Weak<dyn SessionSource>>>);

/// The number of the workers among which these streams are counted in their [`SessionId`]s.
const WORKER: usize = 0xff;

impl OtherSessions {
    /// Adds a source.
    pub(crate) fn add(&self, source: &Arc<dyn SessionSource>) {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|source| source.strong_count() > 0);
        sources.push(Arc::downgrade(source));
    }

    /// Names a stream of a source by a number that the source gives only once.
    pub(crate) fn id(number: u64) -> SessionId {
        SessionId::new(WORKER, number)
    }

    /// The streams of all sources.
    pub(crate) fn sessions(&self) -> Vec<SessionInfo> {
        self.each().iter().flat_map(|source| source.sessions()).collect()
    }

    /// Ends a stream. False where nobody has one of that name.
    pub(crate) fn shut(&self, id: SessionId) -> bool {
        self.each().iter().any(|source| source.shut(id))
    }

    /// Sources are asked without the lock.
    fn each(&self) -> Vec<Arc<dyn SessionSource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
}
