//! What the resolution of names does to servers (configuration.txt, section 5.3): addresses that change, and maintenance
//! while there is none.

use std::net::IpAddr;
use std::sync::Arc;

use super::Backend;
use crate::server::event::EventKind;
use crate::server::{AdminState, Server, ServerEvent};

impl Backend {
    /// A server is found at another address, which `by` told.
    pub(crate) fn move_server(&self, server: &Arc<Server>, ip: IpAddr, by: &str) -> Vec<ServerEvent> {
        let from = server.endpoint().ip();
        server.set_ip(Some(ip));
        self.refresh_cookies();
        vec![self.event(server, EventKind::AddressChanged { from, to: ip, by: by.into() })]
    }

    /// The record of a service gives a server another name.
    pub(crate) fn rename_server(&self, server: &Arc<Server>, name: &str) -> Vec<ServerEvent> {
        let from = server.hostname();
        server.rename(name);
        let from = from.map(|name| name.as_str().into());
        vec![self.event(server, EventKind::NameChanged { from, to: name.into(), by: "SRV record".into() })]
    }

    /// A server has an address again: it leaves the maintenance that the lack of one was. `told` says so twice, as
    /// HAProxy does for answers to questions for its name.
    pub(crate) fn find_server(&self, server: &Arc<Server>, told: bool) -> Vec<ServerEvent> {
        if !server.admin_state().intersects(AdminState::RMAINT) {
            return Vec::new();
        }
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        server.set_admin(AdminState::default(), AdminState::RMAINT);
        let admin = server.admin_state();
        let name = server.hostname().map(|name| name.as_str().into());
        let kind = match admin.intersects(AdminState::MAINT) {
            true => EventKind::ResolvesInMaintenance { name },
            false => {
                server.set_maintenance(false);
                self.rebuild(&mut guard);
                EventKind::Resolves { name, draining: admin.intersects(AdminState::DRAIN) }
            }
        };
        let kinds = std::iter::once(kind).chain(told.then_some(EventKind::ReadyByAnswer)).collect();
        let mut events = self.events(server, kinds, usable_before);
        drop(guard);
        Self::tell_trackers(server, &mut events);
        events
    }

    /// A server has no address any more: maintenance until it has one.
    pub(crate) fn lose_server(&self, server: &Arc<Server>, cause: &'static str) -> Vec<ServerEvent> {
        let before = server.admin_state();
        if before.intersects(AdminState::RMAINT) {
            return Vec::new();
        }
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        let (served, was_up) = (server.takes_new(), server.operational_state().is_up());
        server.set_admin(AdminState::RMAINT, AdminState::default());
        server.set_ip(None);
        let mut kinds = Vec::new();
        // In maintenance already, nothing is said.
        if !before.intersects(AdminState::MAINT) {
            server.set_maintenance(true);
            if was_up {
                server.history.count_down();
            }
            self.rebuild(&mut guard);
            let counts = was_up.then(|| self.counts_of_leaving(server));
            kinds.push(EventKind::LosesAddress { cause, counts, served });
        }
        let mut events = self.events(server, kinds, usable_before);
        drop(guard);
        self.refresh_cookies();
        Self::tell_trackers(server, &mut events);
        events
    }
}
