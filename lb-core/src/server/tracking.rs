//! `track`: a server that takes the state of another one, perhaps through a chain of them (configuration.txt, `track`).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::{AdminState, Server};
use crate::backend::Backend;

/// Whom a server tracks, and who tracks it.
#[derive(Default)]
pub struct Tracking {
    tracked: OnceLock<Tracked>,
    /// In the order in which they are told.
    trackers: Mutex<Vec<Tracker>>,
}

/// The server that another one tracks.
#[derive(Clone)]
pub struct Tracked {
    /// Its backend and its name: `backend/server`.
    pub name: Arc<str>,
    pub(crate) server: Arc<Server>,
}

/// Neither end of a chain keeps the other backend alive.
type Tracker = (Weak<Backend>, Weak<Server>);

impl fmt::Debug for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking").field("tracked", &self.tracked.get()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracked").field(&self.name).finish()
    }
}

impl Tracking {
    /// The server that is tracked.
    pub fn tracked(&self) -> Option<&Tracked> {
        self.tracked.get()
    }

    /// Whether another server tracks this one.
    pub fn is_tracked(&self) -> bool {
        self.lock().iter().any(|(_, server)| server.upgrade().is_some_and(|server| !server.is_removed()))
    }

    /// Those that track this one, and their backends.
    pub(crate) fn trackers(&self) -> Vec<(Arc<Backend>, Arc<Server>)> {
        let mut trackers = self.lock();
        trackers.retain(|(_, server)| server.strong_count() > 0);
        let alive = trackers.iter().filter_map(|(backend, server)| Some((backend.upgrade()?, server.upgrade()?)));
        alive.filter(|(_, server)| !server.is_removed()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tracker>> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Lets `server` track `target`; that none of them is tracked by itself was checked with the configuration.
    pub(crate) fn track(own: &Arc<Backend>, server: &Arc<Server>, backend: &Backend, target: &Arc<Server>) {
        let name = Arc::from(format!("{}/{}", backend.name, target.name));
        if server.tracking.tracked.set(Tracked { name, server: Arc::clone(target) }).is_ok() {
            // As in HAProxy the last to come is told first.
            target.tracking.lock().insert(0, (Arc::downgrade(own), Arc::downgrade(server)));
        }
    }

    /// The server at the end of the chain, whose checks count; the server itself where it tracks none.
    pub(crate) fn chain_end(&self) -> &Server {
        let mut end = self;
        while let Some(tracked) = end.tracking.tracked.get() {
            end = &tracked.server;
        }
        end
    }

    /// How many servers are before it in its chain.
    pub(crate) fn chain_length(&self) -> usize {
        self.tracking.tracked.get().map_or(0, |tracked| 1 + tracked.server.chain_length())
    }

    /// What of its administrative state those that track it inherit.
    pub(crate) fn inherited_admin(&self) -> AdminState {
        let admin = self.admin_state();
        let part = |all: AdminState, inherited| if admin.intersects(all) { inherited } else { AdminState::default() };
        part(AdminState::MAINT, AdminState::IMAINT).union(part(AdminState::DRAIN, AdminState::IDRAIN))
    }
}
