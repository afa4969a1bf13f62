//! Servers that track others: when the state of one changes, those that track it follow, in whatever backend they are.

use std::sync::Arc;

use super::Backend;
use crate::server::event::{Cause, EventKind};
use crate::server::{AdminState, OperationalState, Server, ServerEvent};

impl Backend {
    /// Has the servers that track `server`, and those that track them, follow its state.
    ///
    /// No lock of a backend may be held: theirs are taken. Changes are made one at a time (`events/report`).
    pub(super) fn tell_trackers(server: &Arc<Server>, events: &mut Vec<ServerEvent>) {
        for (backend, tracker) in server.tracking.trackers() {
            let before = (tracker.admin_state(), tracker.operational_state());
            let inherited = server.inherited_admin();
            let lost = AdminState::IMAINT.union(AdminState::IDRAIN).without(inherited);
            events.extend(backend.set_admin_alone(&tracker, inherited, lost));
            events.extend(backend.follow(&tracker, server));
            if before != (tracker.admin_state(), tracker.operational_state()) {
                Self::tell_trackers(&tracker, events);
            }
        }
    }

    /// Takes over whether the tracked server is up. In maintenance that does not count.
    fn follow(&self, server: &Arc<Server>, tracked: &Server) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let state = tracked.operational_state();
        let Some(via) = server.tracking.tracked().map(|tracked| Arc::clone(&tracked.name)) else { return Vec::new() };
        if server.admin_state().intersects(AdminState::MAINT) || server.operational_state() == state {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let (served, waiting) = (server.was_serving(), self.hub.queue.pending());
        if state == OperationalState::Stopped {
            server.history.count_down();
        }
        server.set_operational(state);
        self.rebuild(&mut guard);
        let cause = Cause::Tracked(via);
        let kind = match state {
            OperationalState::Stopped => EventKind::Down { cause, counts: self.counts_of_leaving(server), served },
            OperationalState::Stopping => EventKind::Stopping { cause, counts: self.counts_of_leaving(server) },
            _ => EventKind::Up { cause, counts: self.counts_of_coming(server, waiting) },
        };
        let mut kinds = vec![kind];
        kinds.extend(super::changes::remains_draining(server));
        self.events(server, kinds, usable_before)
    }

    /// Gives a server that has just begun to track another one the state of that, without a word.
    pub(crate) fn begin_following(&self, server: &Arc<Server>) {
        let mut guard = self.lock_state();
        let Some(tracked) = server.tracking.tracked() else { return };
        let was_in_maintenance = server.admin_state().intersects(AdminState::MAINT);
        server.set_admin(tracked.server.inherited_admin(), AdminState::default());
        let maintenance = server.admin_state().intersects(AdminState::MAINT);
        if maintenance && !was_in_maintenance {
            server.set_maintenance(true);
        } else if !maintenance {
            server.set_operational(tracked.server.operational_state());
        }
        self.rebuild(&mut guard);
    }
}
