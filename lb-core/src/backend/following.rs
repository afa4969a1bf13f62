//! Servers that track others: when the state of one changes, those that track it follow, in whatever backend they are.

use std::sync::Arc;

use super::Backend;
use crate::server::event::Cause;
use crate::server::{AdminState, Server, ServerEvent};

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
        // Whether it comes back slowly is for each to say.
        let state = tracked.operational_state().settled();
        let Some(via) = server.tracking.tracked().map(|tracked| Arc::clone(&tracked.name)) else { return Vec::new() };
        if server.admin_state().intersects(AdminState::MAINT) || server.operational_state().settled() == state {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let kinds = self.change_operational(&mut guard, server, state, Cause::Tracked(via));
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
            server.set_operational(tracked.server.operational_state().settled());
        }
        self.rebuild(&mut guard);
    }
}
