//! Changes of servers' states: what operators and checks decide, what the balancer and the queues make of it, and the
//! events to report.

use std::sync::Arc;

use super::{Backend, slot};
use crate::server::event::{Counts, EventKind};
use crate::server::health::{CheckResult, Transition};
use crate::server::{AdminState, OperationalState, Server, ServerEvent};

impl Backend {
    /// Changes the administrative state of a server; maintenance stops it, and leaving maintenance starts it again.
    pub fn set_admin(&self, server: &Arc<Server>, set: AdminState, clear: AdminState) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        let before = server.set_admin(set, clear);
        let after = server.admin_state();
        let was_in = |flags: AdminState| before.intersects(flags);
        let is_in = |flags: AdminState| after.intersects(flags);
        let change = match (was_in(AdminState::MAINT), is_in(AdminState::MAINT)) {
            (false, true) => {
                server.set_operational(OperationalState::Stopped);
                server.with_health(|health| health.reset_down());
                Some(Change::Maintenance)
            }
            (true, false) => {
                server.set_operational(OperationalState::Running);
                server.with_health(|health| health.reset_up());
                Some(Change::Ready)
            }
            (false, false) if was_in(AdminState::DRAIN) != is_in(AdminState::DRAIN) => {
                Some(if is_in(AdminState::DRAIN) { Change::Drain } else { Change::Undrain })
            }
            _ => None,
        };
        self.rebuild(&mut guard);
        drop(guard);
        let Some(change) = change else { return Vec::new() };
        let kind = match change {
            Change::Maintenance => EventKind::EntersMaintenance { counts: self.counts_of_leaving(server) },
            Change::Ready => EventKind::LeavesMaintenance,
            Change::Drain => EventKind::EntersDrain { counts: self.counts(server) },
            Change::Undrain => EventKind::LeavesDrain,
        };
        self.with_last_gone(usable_before, vec![self.event(server, kind)])
    }

    /// Changes the operational state of a server, without a check having said so.
    ///
    /// Returns how many waiters of the server's own queue were sent to choose again.
    pub fn set_operational(&self, server: &Arc<Server>, state: OperationalState) -> u32 {
        let mut guard = self.lock_state();
        server.set_operational(state);
        self.rebuild(&mut guard);
        drop(guard);
        if state.is_up() { 0 } else { server.queue.redistribute() }
    }

    /// Changes the weight of a server. Static algorithms only take 0 and the initial weight: the runtime command that
    /// leads here refuses the rest ([`crate::balance::Balancer::is_dynamic`]).
    pub fn set_weight(&self, server: &Server, weight: u32) {
        let mut guard = self.lock_state();
        server.set_weight(weight);
        self.rebuild(&mut guard);
    }

    /// Takes the result of a check into account, and says what is to be reported.
    pub fn apply_check(&self, server: &Arc<Server>, result: CheckResult) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        // The operator may have been faster.
        if server.admin_state().intersects(AdminState::MAINT) {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let Some((observed, health)) = server.record_check(&result) else { return Vec::new() };
        let queued_before = self.hub.queue.pending();
        match observed.transition {
            Some(Transition::Down) => server.set_operational(OperationalState::Stopped),
            Some(Transition::Up) => server.set_operational(OperationalState::Running),
            None => {}
        }
        if observed.transition.is_some() {
            self.rebuild(&mut guard);
        }
        drop(guard);
        let mut events = Vec::new();
        let reason = if self.check_settings.log_health_checks { None } else { Some(result.clone()) };
        if observed.moved && self.check_settings.log_health_checks {
            events.push(self.event(server, EventKind::Check { result, health }));
        }
        match observed.transition {
            Some(Transition::Down) => {
                let counts = self.counts_of_leaving(server);
                events.push(self.event(server, EventKind::Down { reason, counts }));
            }
            Some(Transition::Up) => {
                let counts = self.counts(server);
                let requeued = queued_before.saturating_sub(counts.queued);
                events.push(self.event(server, EventKind::Up { reason, counts: Counts { requeued, ..counts } }));
            }
            None => {}
        }
        self.with_last_gone(usable_before, events)
    }

    /// Usable active and backup servers, as state-change lines count them.
    pub fn usable_servers(&self) -> (usize, usize) {
        let servers = self.servers.load();
        let usable =
            |backup: bool| servers.iter().filter(|server| server.is_backup() == backup && server.takes_new()).count();
        (usable(false), usable(true))
    }

    fn usable_count(&self) -> usize {
        let (active, backup) = self.usable_servers();
        active + backup
    }

    /// Sends the waiters of a server that leaves to choose again, and counts.
    fn counts_of_leaving(&self, server: &Arc<Server>) -> Counts {
        let requeued = server.queue.redistribute();
        Counts { requeued, queued: server.queued(), ..self.counts(server) }
    }

    fn counts(&self, server: &Server) -> Counts {
        let (active, backup) = self.usable_servers();
        Counts { active, backup, sessions: server.current(), requeued: 0, queued: self.hub.queue.pending() }
    }

    fn event(&self, server: &Server, kind: EventKind) -> ServerEvent {
        ServerEvent {
            backend: Arc::clone(&self.name),
            backend_only: self.backend_only,
            server: Arc::clone(&server.name),
            backup: server.is_backup(),
            kind,
        }
    }

    fn with_last_gone(&self, usable_before: usize, mut events: Vec<ServerEvent>) -> Vec<ServerEvent> {
        if usable_before > 0
            && self.usable_count() == 0
            && let Some(event) = events.last().cloned()
        {
            events.push(ServerEvent { kind: EventKind::NoServerLeft, ..event });
        }
        events
    }

    /// Lets every server take from the queues: after a change, any of them may have room for whom it could not take.
    pub(super) fn serve_all(&self) {
        for server in self.servers.load().iter() {
            slot::serve_waiters(server);
        }
    }
}

enum Change {
    Maintenance,
    Ready,
    Drain,
    Undrain,
}
