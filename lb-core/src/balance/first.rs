//! `balance first`: the server with the lowest id that has room.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Candidate, Key, Pick, take_any};
use crate::server::Server;

/// State of the algorithm: members by id.
#[derive(Debug, Default)]
pub struct First {
    members: ArcSwap<Vec<u32>>,
}

impl First {
    pub(super) fn rebuild(&self, servers: &[Arc<Server>], candidates: &[Candidate]) {
        let mut members: Vec<u32> = candidates.iter().map(|candidate| candidate.index).collect();
        members.sort_by_key(|index| servers.get(*index as usize).map(|server| server.id));
        self.members.store(Arc::new(members));
    }

    pub(super) fn pick(&self, servers: &[Arc<Server>], key: &Key) -> Pick {
        take_any(servers, self.members.load().iter().copied(), key.exclude)
    }
}
