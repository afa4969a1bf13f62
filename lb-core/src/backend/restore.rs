//! States of servers from an earlier run (configuration.txt, `load-server-state-from-file`).

use std::sync::Arc;
use std::time::Instant;

use super::Backend;
use crate::config::model::{Address, PortKind, SavedServerState};
use crate::server::check::{CheckResult, CheckStatus};
use crate::server::event::{Cause, EventKind};
use crate::server::health::Health;
use crate::server::{AdminState, CheckTarget, Endpoint, OperationalState, Server, ServerEvent};

impl Backend {
    /// Gives the servers the states they had; says what is to be reported, which no log gets.
    pub(crate) fn restore_servers(&self) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        for server in self.servers().iter() {
            if let Some(saved) = server.config.saved.clone() {
                events.extend(self.restore(server, &saved));
            }
        }
        events.into_iter().map(|event| ServerEvent { at_start: true, ..event }).collect()
    }

    fn restore(&self, server: &Arc<Server>, saved: &SavedServerState) -> Vec<ServerEvent> {
        restore_addresses(server, saved);
        let mut events = self.restore_operational(server, saved);
        events.extend(self.restore_admin(server, AdminState(saved.admin)));
        // A weight that was changed at run time lives on, unless the configuration has another one now.
        if saved.initial_weight == server.config.weight && saved.weight != server.weight() {
            // That it drains was said already.
            let told = self.set_weight(server, saved.weight).into_iter();
            events.extend(told.filter(|event| !matches!(event.kind, EventKind::RemainsDraining)));
        }
        if let Some(at) = Instant::now().checked_sub(saved.since_change) {
            server.history.began(at);
        }
        events
    }

    fn restore_operational(&self, server: &Arc<Server>, saved: &SavedServerState) -> Vec<ServerEvent> {
        let checks = &server.checks;
        if let Some(status) = CheckStatus::from_number(saved.check_status) {
            checks.restore(CheckResult { status, code: 0, info: None, kept: true, duration: None });
        }
        if saved.check_state & 6 == 2 {
            checks.enable(false);
        }
        if saved.agent_state & 6 == 2 {
            server.agent.enable(false);
        }
        let mut guard = self.lock_state();
        let (state, health): (_, fn(&mut Health)) = match saved.operational {
            0 => (OperationalState::Stopped, Health::reset_down),
            3 => (OperationalState::Stopping, Health::reset_up),
            _ => (OperationalState::Running, Health::reset_top),
        };
        // One that has no address is down, whatever it was.
        checks.change_health(if server.endpoint().unknown { Health::reset_down } else { health });
        let maintenance = server.admin_state().intersects(AdminState::MAINT);
        if maintenance || state == server.operational_state() || state == OperationalState::Running {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let kinds = self.change_operational(&mut guard, server, state, Cause::StateFile);
        self.events(server, kinds, usable_before)
    }

    /// What the configuration says now goes before what it said then: `disabled` is kept or ended as the run before it
    /// had it only where both say it.
    fn restore_admin(&self, server: &Arc<Server>, saved: AdminState) -> Vec<ServerEvent> {
        let (forced, none) = (AdminState::FMAINT, AdminState::default());
        let was_disabled = saved.intersects(AdminState::CMAINT);
        let mut events = Vec::new();
        if server.config.disabled {
            if !was_disabled || saved.intersects(forced) {
                return events;
            }
            events = self.set_admin_alone(server, none, forced);
        }
        let mut guard = self.lock_state();
        if saved.intersects(forced) && !was_disabled {
            server.set_admin(forced, none);
            server.set_maintenance(true);
            self.rebuild(&mut guard);
        }
        if saved.intersects(AdminState::FDRAIN) {
            let usable_before = self.usable_count();
            server.set_admin(AdminState::FDRAIN, none);
            self.rebuild(&mut guard);
            events.extend(self.events(server, vec![EventKind::RemainsDraining], usable_before));
        }
        events
    }
}

/// Ports, and the addresses of checks, that were changed at run time. Whether a server with a name begins with the
/// address that it had is for `init-addr` to say, and settled.
fn restore_addresses(server: &Arc<Server>, saved: &SavedServerState) {
    let now = server.endpoint();
    if let Address::Inet(mut address) = now.address.clone() {
        if let Some(port) = saved.port.filter(|_| now.port == PortKind::Fixed) {
            address.set_port(port);
        }
        let endpoint = Endpoint { address: Address::Inet(address), port: now.port, unknown: now.unknown };
        if endpoint != *now {
            server.set_endpoint(endpoint);
        }
    }
    if let (Some(tls), true) = (saved.tls, server.dial.tls.is_some()) {
        server.set_tls(tls);
    }
    let (old, (addr, port)) = (server.checks.target(), saved.check_target);
    server.checks.set_target(CheckTarget { addr: addr.or(old.addr), port: port.or(old.port) });
    let (addr, port) = saved.agent_target;
    server.agent.change_target(|target| {
        target.addr = addr.or(target.addr);
        target.port = port.or(target.port);
    });
}
