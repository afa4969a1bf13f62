//! `balance first`: the server with the lowest id that has room.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Candidate, Key, Pick, take_any};
use crate::server::Server;

/// State of the algorithm: members by id.
#[derive(Debug, Default)]
pub struct First {
    members: ArcSwap<Vec<Arc<Server>>>,
}

impl First {
    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let mut members: Vec<_> = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        members.sort_by_key(|server| server.id);
        self.members.store(Arc::new(members));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        take_any(self.members.load().iter(), key)
    }
}
